// lines.tsx - the line of a connection: signals and lamps, break, reset, settings on the fly, error counters.
import { useState } from "preact/hooks";
import { daemon, Errors, Link, Options } from "./daemon";
import { Choice, Lamp, Problem, Toggle, useProblem } from "./ui";
import { remember } from "./store";

const RATES = [300, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1000000, 2000000, 3000000];
const PARITIES = ["none", "even", "odd", "mark", "space"];
const FLOWS = ["none", "rts-cts", "xon-xoff"];
const RESET_US = 100000;

const LAMPS = { cts: "clear to send", dsr: "data set ready", dcd: "carrier detect", ri: "ring indicator" } as const;

export function Lamps(p: { link: Link }) {
  const { signals } = p.link;
  return (
    <span class="lamps" role="group" aria-label="Signals of the device">
      {Object.entries(LAMPS).map(([name, meaning]) => (
        <Lamp key={name} name={name.toUpperCase()} on={signals ? signals[name as keyof typeof LAMPS] : null} title={meaning} />
      ))}
    </span>
  );
}

const FAULTS: Record<keyof Errors, string> = {
  framing: "Framing errors", parity: "Parity errors", break: "Breaks received", overrun: "Overruns in hardware", "buffer-overrun": "Overruns in the driver",
};

export function LinesView(p: { link: Link; id: number }) {
  const { link } = p, { options, signals, errors } = link;
  const [problem, setProblem] = useProblem(link);
  const [busy, setBusy] = useState(false); // a sequence or break runs, and nothing else can meanwhile
  const ask = async (request: string, data: Record<string, unknown>) => {
    setBusy(true);
    const answer = await daemon.ask(request, { name: link.name, ...data });
    setBusy(false);
    setProblem(answer.error ?? null);
    return answer;
  };
  const configure = async (change: Partial<Options>) => {
    const answer = await ask("configure-connection", change);
    if (!answer.ok) return;
    daemon.update(link, answer.connection);
    const { "baud-rate": rate, "data-bits": bits, parity, "stop-bits": stop, "flow-control": flow } = link.options;
    remember(`options:${link.device}`, { "baud-rate": rate, "data-bits": bits, parity, "stop-bits": stop, "flow-control": flow });
  };
  return (
    <div class="lines">
      <div class="row" role="group" aria-label="Signals of this side">
        <Toggle on={signals?.dtr ?? false} onChange={(dtr) => ask("set-signals", { dtr })} title="data terminal ready">DTR</Toggle>
        <Toggle on={signals?.rts ?? false} onChange={(rts) => ask("set-signals", { rts })} title="request to send">RTS</Toggle>
        <button type="button" disabled={busy} onClick={() => ask("send-break", { milliseconds: 250 })}>Break</button>
        <button type="button" disabled={busy} title="DTR off and on again: boards such as the Arduino restart"
          onClick={() => ask("set-signals", { sequence: [{ dtr: false, "wait-us": RESET_US }, { dtr: true }] })}>Reset the board</button>
      </div>
      <div class="fields">
        <label>Baud <input type="number" min={1} max={100000000} list="rates" value={options["baud-rate"]} aria-label="Baud rate"
          onChange={(e) => configure({ "baud-rate": Number(e.currentTarget.value) })} /></label>
        <datalist id="rates">{RATES.map((r) => <option key={r} value={r} />)}</datalist>
        <label>Data bits <Choice label="Data bits" value={String(options["data-bits"])} options={["5", "6", "7", "8"]}
          onChange={(v) => configure({ "data-bits": Number(v) })} /></label>
        <label>Parity <Choice label="Parity" value={options.parity} options={PARITIES} onChange={(parity) => configure({ parity })} /></label>
        <label>Stop bits <Choice label="Stop bits" value={String(options["stop-bits"])} options={["1", "1.5", "2"]}
          onChange={(v) => configure({ "stop-bits": Number(v) })} /></label>
        <label>Flow control <Choice label="Flow control" value={options["flow-control"]} options={FLOWS}
          onChange={(v) => configure({ "flow-control": v })} /></label>
      </div>
      <Problem text={problem} onClose={() => setProblem(null)} />
      <section aria-labelledby={`errors-${p.id}`}>
        <h3 id={`errors-${p.id}`}>Faults on the line since it was opened</h3>
        <dl class="counters">
          {Object.entries(FAULTS).map(([name, text]) => (
            <div key={name}><dt>{text}</dt><dd>{errors[name as keyof Errors]}</dd></div>
          ))}
        </dl>
      </section>
    </div>
  );
}
