// terminal.tsx - the view that shows a connection's bytes and sends to it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { daemon, Link } from "./daemon";
import { Look, Sent } from "./format";
import { download, fileName, Format, FORMATS, render } from "./history";
import { useLibrary } from "./libraries";
import { Log } from "./log";
import { Macros } from "./macro_bar";
import { recordings } from "./recordings";
import { Screen } from "./screen";
import { recall, remember, usePersistent, useStore } from "./store";
import { ENDINGS, encoder, parseInput, size } from "./text";
import { theme } from "./theme";
import { Choice, Menu, Problem, Toggle, useProblem } from "./ui";
import { Failure } from "./wire";

const DISPLAYS = { terminal: "Text in colours", plain: "Plain text", hex: "Hex and text" };
const MODES = { text: "Text", escapes: "Escapes", hex: "Hex" };
const SENT: Record<Sent, string> = { lines: "Sent lines too", all: "Sent lines and keys", none: "Received only" };
const SENT_MAX = 200; // lines of history
const LOOK: Look = { display: "terminal", stamps: false, sent: "lines", filter: "", columns: 0, colours: true };

const notKept = (lost: number) => (lost ? ` ${size(lost)} from before are not kept any more: a log or a recording keeps everything.` : "");

// What was sent before, through the arrow keys.
function useSentLines(key: string) {
  const lines = useMemo(() => recall<string[]>(key, []), [key]);
  const at = useRef(lines.length);
  return {
    add(line: string) {
      if (line && lines[lines.length - 1] !== line) lines.push(line);
      if (lines.length > SENT_MAX) lines.shift();
      at.current = lines.length;
      remember(key, lines);
    },
    step(by: number): string | null {
      const next = at.current + by;
      if (next < 0 || next > lines.length) return null;
      at.current = next;
      return lines[next] ?? "";
    },
  };
}

function SendBar(p: { link: Link; ending: string; onEnding: (ending: string) => void }) {
  const { link } = p;
  const [mode, setMode] = usePersistent<keyof typeof MODES>("mode", "text");
  const [text, setText] = useState("");
  const [problem, setProblem] = useProblem(link);
  const sent = useSentLines(`sent:${link.device}`);
  const send = async () => {
    try {
      const bytes = parseInput(mode, text, p.ending);
      sent.add(text);
      setText("");
      const answer = await daemon.send(link, bytes);
      setProblem(answer.error ?? null);
      if (!answer.ok) setText((typed) => typed || text);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <form class="send" onSubmit={(e) => { e.preventDefault(); void send(); }}>
      <input aria-label={`Send to ${link.name}`} placeholder={mode === "hex" ? "48 65 6c 6c 6f" : "Type and press Enter"} value={text}
        autocomplete="off" spellcheck={false} onInput={(e) => setText(e.currentTarget.value)}
        onKeyDown={(e) => {
          const line = e.key === "ArrowUp" ? sent.step(-1) : e.key === "ArrowDown" ? sent.step(1) : null;
          if (line === null) return;
          e.preventDefault();
          setText(line);
        }} />
      <Choice label="Send as" value={mode} options={MODES} onChange={setMode} />
      <Choice label="Line ending" value={p.ending} options={Object.keys(ENDINGS)} onChange={p.onEnding} disabled={mode === "hex"} />
      <button class="primary" type="submit" aria-label={`Send to ${link.name} now`}>Send</button>
      <Problem text={problem} onClose={() => setProblem(null)} />
    </form>
  );
}

function SearchBox(p: { screen: () => Screen | null }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState(true);
  const find = (wanted: string, back: boolean) => setFound(wanted === "" || (p.screen()?.find(wanted, back) ?? false));
  return (
    <input type="search" class={found ? "" : "missing"} aria-label="Search in what was received" placeholder="Search" value={text}
      aria-invalid={!found} title="Enter: the one before; Shift and Enter: the next"
      onInput={(e) => {
        setText(e.currentTarget.value);
        if (e.currentTarget.value) find(e.currentTarget.value, true);
        else { setFound(true); p.screen()?.unfind(); }
      }}
      onKeyDown={(e) => { if (e.key === "Enter") find(text, !e.shiftKey); }} />
  );
}

const FORMAT_NAMES = Object.entries(FORMATS) as [Format, { label: string; extension: string }][];

function LogButton(p: { link: Link; log: Log; onProblem: (problem: Failure | string) => void }) {
  const log = useStore(p.log), recording = useStore(recordings).of(p.link.name);
  useEffect(() => () => void log.stop(), [log]);
  if (log.running)
    return <button type="button" class="recording" onClick={() => log.stop()} title="End the log">● Logging {size(log.bytes)}: stop</button>;
  const record = async (request: string) => {
    const answer = await daemon.ask(request, { name: p.link.name });
    if (!answer.ok) p.onProblem(answer.error);
  };
  if (recording)
    return <button type="button" class="recording" title="End the recording" onClick={() => record("record-stop")}>● Recording: stop</button>;
  const start = (format: Format) => log.start(p.link, format).catch((error) => error.name !== "AbortError" && p.onProblem(error.message));
  const files = FORMAT_NAMES.map(([format, { label }]) => ({ text: label, act: () => void start(format) }));
  return <Menu label="Log…" hint="Write everything from now on to a file"
    items={[...files, { text: "Record in the daemon, also without this page", act: () => void record("record-start") }]} />;
}

export function TerminalView(p: { link: Link; id: number }) {
  const { link } = p;
  const place = useRef<HTMLDivElement>(null), screen = useRef<Screen | null>(null);
  const [kept, setKept] = usePersistent<Look>(`look:${p.id}`, LOOK);
  const [filter, setFilter] = useState(""); // not for the next visit: lines would be missing without a visible reason
  const look = useMemo(() => ({ ...kept, filter }), [kept, filter]);
  const [ending, setEnding] = usePersistent(`ending:${link.device}`, "CR LF");
  const [reader, setReader] = usePersistent("reader", false);
  const [tab, setTab] = usePersistent(`tab:${link.device}`, false);
  const [status, setStatus] = useProblem();
  const log = useMemo(() => new Log(), []);
  const library = useLibrary("xterm");
  useStore(theme);

  useEffect(() => {
    if (!library) return;
    const s = new Screen(library, place.current!, link.stream, look, (text) => void daemon.send(link, encoder.encode(text), "keys"));
    screen.current = s;
    return () => s.dispose();
  }, [link.stream, library]);
  useEffect(() => screen.current?.show(look), [look]);
  useEffect(() => screen.current?.theme(theme.name), [theme.name, link.stream, library]);
  useEffect(() => screen.current?.reader(reader), [reader, link.stream, library]);
  useEffect(() => screen.current?.takeTab(tab), [tab, link.stream, library]);

  const change = (part: Partial<Look>) => setKept({ ...kept, ...part });
  const act = async (what: () => Promise<string>) => setStatus(await what().catch((error) => (error as Error).message));
  const save = (format: Format) => act(async () => {
    const { content, lost } = await render(link, format);
    download(content, fileName(link, FORMATS[format].extension));
    return `Saved ${size(content.size)}.${notKept(lost)}`;
  });
  const copy = (format: Format) => act(async () => {
    const { content, lost } = await render(link, format);
    await navigator.clipboard.writeText(await content.text());
    return `Copied ${size(content.size)}.${notKept(lost)}`;
  });

  return (
    <div class="terminal">
      <div class="tools" role="toolbar" aria-label={`View of ${link.name}`}>
        <Choice label="Show as" value={look.display} options={DISPLAYS} onChange={(display) => change({ display })} />
        <Toggle on={look.stamps} onChange={(stamps) => change({ stamps })} title="Show when each line came">Times</Toggle>
        <Choice<Sent> label="What is shown of what this page sends" value={look.sent} options={SENT} onChange={(sent) => change({ sent })} />
        <SearchBox screen={() => screen.current} />
        <input type="search" aria-label="Show only lines with" placeholder="Filter" title="Show only lines with this text, or with a /pattern/i"
          value={look.filter} onInput={(e) => setFilter(e.currentTarget.value)} />
        <span class="spread" />
        <Menu label="Copy" hint="Copy everything that was received" items={FORMAT_NAMES.slice(1).map(([format, { label }]) => ({ text: label, act: () => copy(format) }))} />
        <Menu label="Save" hint="Save everything that was received" items={FORMAT_NAMES.map(([format, { label }]) => ({ text: label, act: () => save(format) }))} />
        <LogButton link={link} log={log} onProblem={setStatus} />
        <Menu label="More" items={[
          { text: "Clear the view", act: () => screen.current?.clear() },
          { text: tab ? "Tab moves on, as elsewhere" : "Send the Tab key to the device", act: () => setTab(!tab) },
          { text: reader ? "Stop reading aloud what comes" : "Read aloud what comes", act: () => setReader(!reader) },
        ]} />
      </div>
      {(status ?? log.problem) && <p class="status" role="status">{status ?? log.problem} <button type="button" class="quiet" aria-label="Dismiss" onClick={() => { setStatus(null); log.problem = null; }}>✕</button></p>}
      <div class="screen" ref={place} role="group" aria-label={`Received from ${link.name}`} />
      {link.closed === null && <Macros link={link} ending={ending} />}
      {link.closed === null && <SendBar link={link} ending={ending} onEnding={setEnding} />}
    </div>
  );
}
