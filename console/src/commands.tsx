// commands.tsx - forms for the commands of a device's profile: what they take, what the device answered, and the bytes of it.
import { useState } from "preact/hooks";
import { daemon, Link, used } from "./daemon";
import { Argument, Command, useProfiles } from "./profiles";
import { remember } from "./store";
import { concat, hexByte } from "./text";
import { Choice, DeviceText, Problem, useProblem } from "./ui";
import { Answer } from "./wire";

const STANDARD: Command = {
  name: "frame", purpose: "A standard command frame, answered in the same way",
  arguments: [
    { name: "command-id", type: "integer", required: true, min: 0, max: 65535 },
    { name: "args", type: "text", unit: "whole numbers with spaces between" },
  ],
};
const BYTES_MAX = 4096;
const LATER_MS = 50; // the answer comes first, then the bytes that it was made of

const BOOLEAN = ["true", "false"];
const isTyped = (a: Argument) => a.type === "text" || a.list !== undefined; // in a field that takes any text

function Field(p: { argument: Argument }) {
  const { argument: a } = p, words = a.list ? undefined : a.type === "boolean" ? BOOLEAN : a.words;
  const range = !isTyped(a) && a.min !== undefined && a.max !== undefined ? `${a.min} to ${a.max}` : "";
  const hint = [a.list && "with commas between", range, a.unit].filter(Boolean).join(" ");
  const common = { name: a.name, "aria-label": a.name, required: a.required, defaultValue: a.default === undefined ? undefined : String(a.default) };
  return (
    <label class={isTyped(a) ? "wide" : ""} title={[a.purpose, a.expected].filter(Boolean).join(": ")}><span>{a.name}{hint && <small> {hint}</small>}</span>
      {words ? (
        <select name={a.name} aria-label={a.name} defaultValue={common.defaultValue}>
          {!a.required && <option value="" />}
          {words.map((w) => <option key={w} value={w}>{w}</option>)}
        </select>
      ) : isTyped(a) ? <input {...common} autocomplete="off" spellcheck={false} />
        : <input {...common} type="number" step={a.type === "integer" ? 1 : "any"} min={a.min} max={a.max} />}
    </label>
  );
}

function value(a: Argument, text: string): unknown {
  if (a.type === "boolean") return text.trim() === "true" || text.trim() === "1";
  return a.type === "integer" || a.type === "number" ? Number(text) : text;
}

// What the form says, as the request takes it.
function values(form: HTMLFormElement, command: Command): Record<string, unknown> {
  const data = new FormData(form), out: Record<string, unknown> = {};
  for (const a of command.arguments) {
    const text = String(data.get(a.name) ?? "");
    if (text !== "") out[a.name] = a.list ? text.split(",").map((part) => value(a, part)) : value(a, text);
  }
  return out;
}

function standard(form: Record<string, unknown>): Record<string, unknown> {
  const args = String(form.args ?? "").split(/[\s,]+/).filter((w) => w !== "").map(Number);
  return { "command-id": form["command-id"], args };
}

interface Result { answer: Extract<Answer, { ok: true }>; bytes: Uint8Array }

function Outcome(p: { command: Command; result: Result }) {
  const { answer, bytes } = p.result;
  const { command: _, ...response } = { command: "", ...(answer.response ?? {}) } as Record<string, unknown>;
  return (
    <div class="outcome" role="status" aria-label={`Answer to ${p.command.name}`}>
      <dl>
        {Object.entries(response).map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd><DeviceText text={typeof value === "object" ? JSON.stringify(value) : String(value)} /></dd></div>
        ))}
      </dl>
      <small>{answer.bytes} bytes sent{bytes.length > 0 && <>; received <code>{[...bytes].map(hexByte).join(" ")}</code> <code><DeviceText text={new TextDecoder().decode(bytes)} /></code></>}</small>
    </div>
  );
}

function CommandForm(p: { link: Link; command: Command; profile: string }) {
  const { link, command } = p;
  const [result, setResult] = useState<Result | null>(null);
  const [problem, setProblem] = useProblem(link);
  const [busy, setBusy] = useState(false);
  const run = async (form: HTMLFormElement) => {
    if (busy) return;
    const args = values(form, command), parts: Uint8Array[] = [];
    const unlisten = link.stream.onData((block, bytes) => void (block.kind === "rx" && parts.push(bytes.slice())));
    setBusy(true);
    const answer = await daemon.ask("send-command", { name: link.name, ...(p.profile ? { command: command.name, args } : standard(args)) });
    await new Promise((resolve) => setTimeout(resolve, LATER_MS));
    unlisten();
    setBusy(false);
    setProblem(answer.error ?? null);
    if (answer.ok && p.profile) used(link, { command: command.name, args });
    setResult(answer.ok ? { answer, bytes: concat(parts).subarray(0, BYTES_MAX) } : null);
  };
  return (
    <form class="command" aria-label={command.name} onSubmit={(e) => { e.preventDefault(); void run(e.currentTarget); }}>
      <div class="what"><strong>{command.name}</strong>{command.purpose && <small>{command.purpose}</small>}</div>
      <div class="fields">{command.arguments.map((a) => <Field key={a.name} argument={a} />)}</div>
      <button type="submit" aria-disabled={busy} aria-label={`Send ${command.name}`}>Send</button>
      <Problem text={problem} />
      {result && <Outcome command={command} result={result} />}
    </form>
  );
}

export function CommandsView(p: { link: Link }) {
  const { link } = p, profile = String(link.options.profile ?? "");
  const profiles = useProfiles();
  const [problem, setProblem] = useProblem(link);
  const choose = async (id: string) => {
    const answer = await daemon.ask("configure-connection", { name: link.name, profile: id });
    setProblem(answer.error ?? null);
    if (!answer.ok) return;
    daemon.update(link, answer.connection);
    remember(`options:${link.device}`, { profile: id });
  };
  const known = profiles.find((q) => q.id === profile);
  const names = Object.fromEntries([["", "None: standard command frames"], ...profiles.map((q) => [q.id, q.name])]);
  return (
    <div class="commands">
      <label class="row"><span>Profile</span> <Choice label="Profile" value={profile} options={names} onChange={choose} /></label>
      {known?.purpose && <p class="hint">{known.purpose}</p>}
      <Problem text={problem} onClose={() => setProblem(null)} />
      {(profile ? known?.commands ?? [] : [STANDARD]).map((c) => <CommandForm key={`${profile} ${c.name}`} link={link} command={c} profile={profile} />)}
    </div>
  );
}
