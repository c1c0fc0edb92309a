// main.tsx - the page: devices at the side, views of connections beside each other.
import "./console.css";
import { render } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { CommandsView } from "./commands";
import { AccessPane, Questions } from "./consent";
import { CodeView } from "./code";
import { daemon, Link } from "./daemon";
import { DevicesPane, lostText } from "./devices";
import { keepFocus } from "./focus";
import { loadBehind } from "./libraries";
import { Inspector } from "./inspector";
import { Lamps, LinesView } from "./lines";
import { PlotterView } from "./plotter";
import { RecordingsPane } from "./recordings";
import * as session from "./session";
import { useStore } from "./store";
import { TerminalView } from "./terminal";
import { Choice as ThemeChoice, theme } from "./theme";
import { Choice, Duplicate, Problem, Toggle, useProblem } from "./ui";
import { KINDS, View, ViewKind, workspace } from "./workspace";

const STATES = {
  connecting: "Connecting…", online: "Connected", offline: "The daemon does not answer. Trying again…", refused: "Not allowed",
};

function Top(p: { events: boolean; onEvents: (on: boolean) => void }) {
  const { state, refusal } = useStore(daemon);
  useStore(theme);
  return (
    <header class="top">
      <h1><img src="/icon.svg" alt="" width="28" height="28" />Peripheral Manager</h1>
      <p role="status" class={`daemon ${state}`}><i aria-hidden="true" />{refusal ? refusal.message : STATES[state]}</p>
      <Toggle on={p.events} onChange={p.onEvents} title="What clients say and get, live">Events</Toggle>
      <Choice<ThemeChoice> label="Colours" value={theme.choice} options={{ auto: "System colours", light: "Light", dark: "Dark" }}
        onChange={(choice) => theme.choose(choice)} />
    </header>
  );
}

const CONTENTS: Record<ViewKind, (p: { link: Link; id: number }) => preact.ComponentChild> = {
  terminal: (p) => <TerminalView {...p} />,
  plotter: (p) => <PlotterView {...p} />,
  commands: (p) => <CommandsView {...p} />,
  lines: (p) => <LinesView {...p} />,
  code: (p) => <CodeView {...p} />,
};

const WHOLE = new Set<ViewKind>(["terminal", "plotter", "code"]); // scroll inside themselves: on a narrow page they fill it

// Open the device of a closed connection again, as it was.
function Reopen(p: { link: Link }) {
  const { link } = p;
  const [problem, setProblem] = useProblem();
  const click = async () => {
    const answer = await daemon.ask("activate-connection", { ...link.options, name: link.name, address: link.address });
    setProblem(answer.error ?? null);
  };
  return (
    <div class="closed" role="group" aria-label={`${link.name} is disconnected`}>
      <span>Disconnected. What was received stays here until you close this view.</span>
      <button type="button" aria-label={`Connect ${link.name} again`} onClick={click}>Connect again</button>
      <Problem text={problem} onClose={() => setProblem(null)} />
    </div>
  );
}

function ViewBox(p: { view: View }) {
  const { view } = p, link = daemon.links.get(view.name), closed = link !== undefined && link.closed !== null;
  useLayoutEffect(() => workspace.shown(view.id), []); // at once: later, it would take the focus from what the person does next
  return (
    <article class={`view${closed ? " over" : ""}${link && WHOLE.has(view.kind) ? " whole" : ""}`} id={`view-${view.id}`} tabIndex={-1} aria-label={`${view.name}: ${KINDS[view.kind]}`}>
      <header>
        <h2 title={view.name}>{view.name}</h2>
        {link && link.state === "lost" && <span class="state lost">{lostText(link)}</span>}
        {link && !closed && link.state !== "lost" && <Lamps link={link} />}
        <span class="handles">
          <Choice<ViewKind> label={`Kind of this view of ${view.name}`} value={view.kind} options={KINDS} onChange={(kind) => workspace.change(view.id, { kind })} />
          <button type="button" class="quiet" title="Another view of this device" aria-label={`Another view of ${view.name}`}
            onClick={() => workspace.open(view.name, view.kind)}><Duplicate /></button>
          <button type="button" class="quiet" title="Close this view" aria-label={`Close this view of ${view.name}`}
            onClick={() => workspace.close(view.id)}>✕</button>
        </span>
      </header>
      {closed && <Reopen link={link} />}
      {link ? CONTENTS[view.kind]({ link, id: view.id })
        : <p class="hint">{view.name} is not open. Connect its device, and it is shown here again.</p>}
    </article>
  );
}

function Welcome() {
  const { open } = useStore(daemon);
  return (
    <div class="welcome">
      <h2>{open.length ? "Show a device to begin" : "Connect a device to begin"}</h2>
      <p>{open.length ? `${open.length === 1 ? `${open[0].name} is` : `${open.length} are`} connected: press Show beside the name.`
        : "What it sends is shown here, and web applications can use it at the same time."}</p>
    </div>
  );
}

function App() {
  const { views } = useStore(workspace);
  useStore(daemon);
  const [problem, setProblem] = useProblem();
  const [events, setEvents] = useState(false);
  useEffect(() => void session.begin().then((failure) => {
    setProblem(failure);
    daemon.start(session.current());
  }), []);
  return (
    <>
      <Top events={events} onEvents={setEvents} />
      <Questions />
      <div class="body">
        <aside aria-label="Devices and access" tabIndex={0}>
          <DevicesPane />
          <AccessPane sessionProblem={problem} />
          <RecordingsPane />
        </aside>
        <main aria-label="Views" tabIndex={0}>
          {views.map((view) => <ViewBox key={view.id} view={view} />)}
          {events && <Inspector onClose={() => setEvents(false)} />}
          {views.length === 0 && !events && <Welcome />}
        </main>
      </div>
    </>
  );
}

render(<App />, document.getElementById("app")!);
keepFocus();
loadBehind();
