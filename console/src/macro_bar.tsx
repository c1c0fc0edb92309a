// macro_bar.tsx - the buttons that run macros, and where they are written.
import { useRef, useState } from "preact/hooks";
import { Link } from "./daemon";
import { HELP, Macro, parseMacro, runMacro } from "./macros";
import { recall, remember, Store, useStore } from "./store";
import { InputError } from "./text";
import { Problem, useProblem } from "./ui";

const MACROS_MAX = 40;

class MacroList extends Store {
  list = recall<Macro[]>("macros", []);

  // Another one, in the place of the old one if there is one; null deletes that.
  put(old: Macro | null, macro: Macro | null): void {
    const rest = this.list.filter((m) => m !== old && m.name !== macro?.name);
    const at = old ? this.list.indexOf(old) : rest.length;
    if (macro && rest.length < MACROS_MAX) rest.splice(at, 0, macro);
    this.list = rest;
    remember("macros", rest);
    this.changed();
  }
}

const macros = new MacroList();

function Editor(p: { macro: Macro | null; ending: string; onClose: () => void }) {
  const [name, setName] = useState(p.macro?.name ?? "");
  const [script, setScript] = useState(p.macro?.script ?? "");
  const [problem, setProblem] = useState<string | null>(null);
  const save = () => {
    try {
      parseMacro(script, p.ending);
      macros.put(p.macro, { name: name.trim() || "Macro", script });
      p.onClose();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <form class="editor" onSubmit={(e) => { e.preventDefault(); save(); }} onKeyDown={(e) => e.key === "Escape" && p.onClose()}>
      <label class="macro-name">Name <input value={name} maxLength={32} ref={(e) => { if (e && !e.dataset.seen) { e.dataset.seen = "1"; e.focus(); } }}
        onInput={(e) => setName(e.currentTarget.value)} /></label>
      <label>Lines <textarea rows={6} spellcheck={false} value={script} onInput={(e) => setScript(e.currentTarget.value)} /></label>
      <pre class="hint">{HELP}</pre>
      <Problem text={problem} />
      <span class="actions">
        <button class="primary" type="submit">Save macro</button>
        <button type="button" onClick={p.onClose}>Cancel</button>
        {p.macro && <button type="button" class="quiet" onClick={() => { macros.put(p.macro, null); p.onClose(); }}>Delete macro</button>}
      </span>
    </form>
  );
}

export function Macros(p: { link: Link; ending: string }) {
  const { list } = useStore(macros);
  const [edited, setEdited] = useState<Macro | null | "new">(null);
  const [running, setRunning] = useState<Macro | null>(null);
  const [problem, setProblem] = useProblem(p.link);
  const stop = useRef<AbortController | null>(null);
  const run = async (macro: Macro) => {
    stop.current = new AbortController();
    setRunning(macro);
    setProblem(null);
    await runMacro(p.link, macro, p.ending, stop.current.signal).catch((e) => setProblem({ code: (e as InputError).code, message: `${macro.name}: ${e.message}` }));
    setRunning(null);
  };
  return (
    <div class="macros" role="group" aria-label="Macros">
      {list.map((macro) => (
        <span class="macro" key={macro.name}>
          {running === macro ? <button type="button" class="recording" onClick={() => stop.current?.abort()}>Stop {macro.name}</button>
            : <button type="button" disabled={running !== null} onClick={() => run(macro)}>{macro.name}</button>}
          <button type="button" class="quiet" aria-label={`Edit ${macro.name}`} onClick={() => setEdited(macro)}>✎</button>
        </span>
      ))}
      <button type="button" class="quiet" onClick={() => setEdited("new")}>+ Macro</button>
      <Problem text={problem} onClose={() => setProblem(null)} />
      {edited && <Editor macro={edited === "new" ? null : edited} ending={p.ending} onClose={() => setEdited(null)} />}
    </div>
  );
}
