// ui.tsx - the small parts that all panes are made of.
import { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { daemon, Link } from "./daemon";
import { controlName, escaped } from "./text";
import { Failure, OFFLINE } from "./wire";

export function Choice<T extends string>(p: {
  label: string; value: T; options: Record<T, string> | readonly T[]; onChange: (value: T) => void; disabled?: boolean;
}) {
  const rows: [string, string][] = Array.isArray(p.options) ? p.options.map((o) => [o, o]) : Object.entries<string>(p.options as Record<T, string>);
  return (
    <select aria-label={p.label} title={p.label} value={p.value} disabled={p.disabled}
      onChange={(e) => p.onChange(e.currentTarget.value as T)}>
      {rows.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
    </select>
  );
}

export function Toggle(p: { on: boolean; onChange: (on: boolean) => void; title?: string; children: ComponentChildren }) {
  return (
    <button type="button" class="toggle" aria-pressed={p.on} title={p.title} onClick={() => p.onChange(!p.on)}>{p.children}</button>
  );
}

export function Lamp(p: { name: string; on: boolean | null; title: string }) {
  return (
    <span class="lamp" title={p.title}>
      <i class={p.on ? "on" : ""} aria-hidden="true" />{p.name}
      <span class="unseen">{p.on === null ? " unknown" : p.on ? " on" : " off"}</span>
    </span>
  );
}

const EDGE = 8;  // px between a menu and the edge of the page

// A button with a list of things to do below it; Escape and a click elsewhere close it.
export function Menu(p: { label: string; items: { text: string; act: () => void; disabled?: boolean }[]; hint?: string }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (e: Event) => !root.current?.contains(e.target as Node) && setOpen(false);
    document.addEventListener("pointerdown", away);
    const menu = root.current!.querySelector<HTMLElement>("[role=menu]")!, out = menu.getBoundingClientRect().left - EDGE;
    if (out < 0) menu.style.right = `${out}px`;  // a narrow page, and a button near its left edge
    menu.querySelector<HTMLButtonElement>("[role=menuitem]")?.focus({ preventScroll: true });
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const onKeyDown = (e: JSX.TargetedKeyboardEvent<HTMLDivElement>) => {
    const items = [...root.current!.querySelectorAll<HTMLButtonElement>("[role=menuitem]")];
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step && open) {
      e.preventDefault();
      items[(items.indexOf(document.activeElement as HTMLButtonElement) + step + items.length) % items.length].focus();
    } else if (e.key === "Escape" && open) {
      setOpen(false);
      root.current!.querySelector("button")!.focus();
    }
  };
  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <button type="button" aria-haspopup="menu" aria-expanded={open} title={p.hint} onClick={() => setOpen(!open)}>{p.label}</button>
      {open && (
        <div role="menu" aria-label={p.label}>
          {p.items.map((item) => (
            <button type="button" role="menuitem" key={item.text} disabled={item.disabled}
              onClick={() => { setOpen(false); item.act(); }}>{item.text}</button>
          ))}
        </div>
      )}
    </div>
  );
}

// What went wrong last in a part of the page, for a Problem. That the daemon does not answer is over once it does, and what went wrong
// with this connection once its device is back.
export function useProblem(link?: Link): [string | null, (problem: Failure | string | null) => void] {
  const [problem, set] = useState<Failure | string | null>(null);
  useEffect(() => daemon.on("online", () => set((p) => (typeof p !== "string" && p?.code === OFFLINE.error.code ? null : p))), []);
  useEffect(() => {
    if (link?.state === "open") set(null);
  }, [link?.state]);
  return [typeof problem === "string" ? problem : problem?.message ?? null, set];
}

// Text that a device sent, or got: control characters as escapes that stand out, with their names for the pointer and when it is read aloud.
export function DeviceText(p: { text: string }) {
  return (
    <>
      {p.text.split(/([\x00-\x1f\x7f-\x9f])/).map((part, i) => (i % 2 === 0 ? part
        : <span class="control" role="img" aria-label={controlName(part)} title={controlName(part)}>{escaped(part)}</span>))}
    </>
  );
}

// A short message that is read aloud and can be dismissed.
export function Problem(p: { text: string | null; onClose?: () => void }) {
  if (!p.text) return null;
  return (
    <p class="problem" role="alert">
      <span>{p.text}</span>
      {p.onClose && <button type="button" class="quiet" aria-label="Dismiss" onClick={p.onClose}>✕</button>}
    </p>
  );
}

export const Duplicate = () => (
  <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.4">
    <rect x="2" y="4.5" width="8.5" height="8.5" rx="1.5" /><path d="M5.5 2h7A1.5 1.5 0 0 1 14 3.5v7" />
  </svg>
);
