// consent.tsx - where the person lets pages in, and takes it back. Nothing is chosen beforehand but "once".
import { useEffect, useState } from "preact/hooks";
import { access, Entry, Grant, Question } from "./access";
import { daemon } from "./daemon";
import { useStore } from "./store";
import { Problem, useProblem } from "./ui";

const INERT_MS = 700; // after the page is shown, gets the focus, or what is asked changes: nobody clicks by accident then

const DURATIONS = {
  once: "Once: until its last connection closes", session: "Until the daemon ends", day: "For a day", always: "Always, until revoked",
};
const CAPABILITIES: Record<string, string> = {
  serial: "read and write", control: "switch their lines and restart them", firmware: "put them into their boot loader",
  usb: "use them over USB", hid: "use them as HID devices", "list-all": "see every other device",
};

let shownSince = Date.now();
const onShown = () => (shownSince = Date.now());
addEventListener("focus", onShown);
document.addEventListener("visibilitychange", onShown);

// Are the buttons alive? Draws again when they become so.
function useArmed(changed: number): boolean {
  const [, redraw] = useState(0);
  const due = Math.max(shownSince, changed) + INERT_MS - Date.now();
  useEffect(() => {
    const again = () => redraw((n) => n + 1);
    const timer = due > 0 ? setTimeout(again, due + 5) : undefined;
    addEventListener("focus", again);
    document.addEventListener("visibilitychange", again);
    return () => {
      clearTimeout(timer);
      removeEventListener("focus", again);
      document.removeEventListener("visibilitychange", again);
    };
  });
  return due <= 0;
}

// Only a person's own, single click or key press counts.
const byPerson = (act: () => void) => (e: MouseEvent) => {
  if (e.isTrusted) act();
};
const noRepeat = (e: KeyboardEvent) => {
  if (e.repeat) e.preventDefault();
};

function QuestionCard(p: { question: Question }) {
  const { question: q } = p;
  useStore(daemon);
  const [chosen, setChosen] = useState<string[]>([]);
  const [duration, setDuration] = useState("once");
  const [shared, setShared] = useState(false);
  const [problem, setProblem] = useProblem();
  const armed = useArmed(Math.max(q.changed, access.moved));
  const name = `question-${q.id}`;
  useEffect(() => setChosen([]), [q.changed]);
  const toggle = (id: string, on: boolean) => setChosen(id === "*" ? (on ? ["*"] : []) : [...chosen.filter((c) => c !== id && c !== "*"), ...(on ? [id] : [])]);
  const answer = async (request: string, data: Record<string, unknown>) => {
    const result = await daemon.ask(request, { id: q.id, ...data });
    setProblem(result.error ?? null);
  };
  const approve = () => answer("consent-approve", { devices: chosen[0] === "*" ? "*" : chosen, duration, shared });
  const choices = [...q.devices.map((d) => ({ id: d.id, label: daemon.called(d.id, d.description), more: [d.address, d.serialnumber].filter(Boolean).join(" · ") })),
    { id: "*", label: "All devices, also later ones", more: "" }];
  return (
    <section class="question" aria-labelledby={name} onKeyDown={noRepeat}>
      <h2 id={name}>A page asks to use devices</h2>
      <p class="origin">{q.origin}</p>
      {q.reason && <p class="reason">The page says: <q>{q.reason}</q></p>}
      <p>With the devices that you choose it could {q.capabilities.map((c) => CAPABILITIES[c] ?? c).join(", ")}.</p>
      <div class="choices">
      <fieldset>
        <legend>Devices that it may use</legend>
        {choices.map((d) => (
          <label key={d.id}><input type="checkbox" checked={chosen.includes(d.id)} onChange={(e) => toggle(d.id, e.currentTarget.checked)} />
            <span>{d.label}{d.more && <small> {d.more}</small>}</span></label>
        ))}
      </fieldset>
      <fieldset>
        <legend>For how long</legend>
        {Object.entries(DURATIONS).map(([value, label]) => (
          <label key={value}><input type="radio" name={name} checked={duration === value} onChange={() => setDuration(value)} /><span>{label}</span></label>
        ))}
        <label><input type="checkbox" checked={shared} onChange={(e) => setShared(e.currentTarget.checked)} />
          <span>Other applications may use them at the same time</span></label>
      </fieldset>
      </div>
      <Problem text={problem} onClose={() => setProblem(null)} />
      <span class="actions">
        <button type="button" class="primary" disabled={!armed || chosen.length === 0} onClick={byPerson(() => void approve())}>Allow</button>
        <button type="button" disabled={!armed} onClick={byPerson(() => void answer("consent-deny", {}))}>Deny</button>
      </span>
    </section>
  );
}

export function Questions() {
  const { questions } = useStore(access);
  return (
    <div class="questions" role="region" aria-label="Questions of pages" aria-live="polite">
      {questions.map((q) => <QuestionCard key={q.id} question={q} />)}
    </div>
  );
}

const BY: Record<string, string> = {
  console: "here", terminal: "in the terminal", cli: "on the command line", option: "by --allow-origin", foreground: "as a page of this machine",
};

function GrantRow(p: { grant: Grant }) {
  const { grant: g } = p;
  const [problem, setProblem] = useProblem();
  const device = g.device === "*" ? "all devices" : daemon.called(g.device.id, g.device.description);
  const revoke = async () => {
    const answer = await access.revoke({ id: g.id });
    setProblem(answer.error ?? null);
  };
  return (
    <li class="device beside">
      <div class="what">
        <strong>{g.origin}</strong>
        <small>{device} · {g.capabilities.join(", ")} · {g.duration}{g.shared && " · shared"}</small>
        <small>Allowed {BY[g.by] ?? g.by}{g["last-used"] && `, last used ${new Date(g["last-used"]).toLocaleString()}`}</small>
      </div>
      <button type="button" class="quiet" aria-label={`Revoke ${g.origin} for ${device}`} onClick={revoke}>Revoke</button>
      <Problem text={problem} onClose={() => setProblem(null)} />
    </li>
  );
}

// Read when it is opened, and again whenever that is asked or grants change.
function AuditList() {
  const { grants } = useStore(access);
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState(0);
  const [entries, setEntries] = useState<Entry[]>([]);
  useEffect(() => {
    if (open) void access.entries().then((list) => list && setEntries(list));
  }, [open, asked, grants]);
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>What happened</summary>
      <ol class="audit" tabIndex={0} aria-label="What happened at the door, the newest first">
        {entries.map((e) => (
          <li key={e.sequence}>
            <time dateTime={e.time}>{new Date(e.time).toLocaleString()}</time>
            {" "}<b>{e.kind.replace(/_/g, " ")}</b> {[e.origin, e.device, e.result].filter(Boolean).join(" · ")}
          </li>
        ))}
      </ol>
      <button type="button" class="quiet" onClick={() => setAsked(asked + 1)}>Look again</button>
    </details>
  );
}

export function AccessPane(p: { sessionProblem: string | null }) {
  const { allowed, grants, banner } = useStore(access);
  if (allowed === null) return null;
  return (
    <section aria-labelledby="access-title">
      <h2 id="access-title">Pages</h2>
      <Problem text={p.sessionProblem} />
      {banner.map((text) => <p class="problem" role="alert" key={text}>{text}</p>)}
      {!allowed && daemon.sessionOver && <p class="status" role="status">The session of this console is over.</p>}
      {!allowed && <p class="hint">To see and answer what other pages ask, run <code>peripheral-manager console</code>.</p>}
      {allowed && grants.length === 0 && <p class="hint">No page of another address was let in.</p>}
      <ul class="devices">{grants.map((g) => <GrantRow key={g.id} grant={g} />)}</ul>
      {grants.length > 1 && <button type="button" onClick={() => access.revoke({ all: true })}>Revoke all</button>}
      {allowed && <AuditList />}
    </section>
  );
}
