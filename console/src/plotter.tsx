// plotter.tsx - the view that draws the numbers that a connection sends.
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "./daemon";
import { download, fileName } from "./history";
import { useLibrary } from "./libraries";
import { Plot, Source } from "./plot";
import { useProfiles } from "./profiles";
import { KEPT_MAX } from "./samples";
import { theme } from "./theme";
import { usePersistent, useStore } from "./store";
import { Choice, Menu, Toggle } from "./ui";

const WINDOWS = Object.fromEntries([200, 1000, 5000, 20000, 100000, KEPT_MAX].map((n) => [String(n), `Last ${n.toLocaleString("en")}`]));
const SOURCES: Record<Source, string> = { fields: "Fields of the profile", lines: "Lines of text" };

export function PlotterView(p: { link: Link }) {
  const place = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<Plot | null>(null);
  const [, setState] = useState(""); // what this part of the page shows of the plot
  const [fixed, setFixed] = useState({ min: "", max: "" });
  const library = useLibrary("uplot"), { link } = p;
  const hasFields = useProfiles().some((q) => q.id === link.options.profile && (q.events?.length ?? 0) > 0);
  const [chosen, choose] = usePersistent<Source>(`plot:${link.device}`, "fields");
  const source = hasFields ? chosen : "lines";
  useStore(theme);
  useEffect(() => {
    if (!library) return;
    const made: Plot = new Plot(library.uPlot, place.current!, link, source, () => setState(made.state));
    setPlot(made);
    const timer = setInterval(() => setState(made.state), 500);
    return () => {
      clearInterval(timer);
      made.dispose();
    };
  }, [link.stream, library, source]);
  useEffect(() => plot?.rebuild(), [theme.name]);
  const fix = (change: Partial<typeof fixed>) => {
    const next = { ...fixed, ...change }, min = parseFloat(next.min), max = parseFloat(next.max);
    setFixed(next);
    if (!plot) return;
    plot.fixed = min < max ? { min, max } : null;
    plot.rebuild();
  };
  const names = plot?.samples.names.join(", ") ?? "", count = plot?.samples.count ?? 0;
  return (
    <div class="plotter">
      <div class="tools" role="toolbar" aria-label={`Plot of ${link.name}`}>
        <Toggle on={plot?.paused ?? false} onChange={(on) => { plot?.pause(on); }} title="Stand still; what comes is kept">Pause</Toggle>
        {hasFields && <Choice<Source> label="Numbers from" value={source} options={SOURCES} onChange={choose} />}
        <Choice label="Samples shown" value={String(plot?.window ?? 1000)} options={WINDOWS}
          onChange={(n) => plot?.show(Number(n))} />
        <button type="button" aria-label="Zoom in" title="Zoom in; or drag over the plot" onClick={() => plot?.scale(0.5)}>+</button>
        <button type="button" aria-label="Zoom out" onClick={() => plot?.scale(2)}>−</button>
        <button type="button" disabled={!plot?.zoomed} onClick={() => plot?.scale(null)}>Newest</button>
        <span class="pair" role="group" aria-label="Fixed value axis" title="Fixed value axis; empty: as the numbers are">
          <input type="number" aria-label="Lowest value" placeholder="from" value={fixed.min} onInput={(e) => fix({ min: e.currentTarget.value })} />
          <input type="number" aria-label="Highest value" placeholder="to" value={fixed.max} onInput={(e) => fix({ max: e.currentTarget.value })} />
        </span>
        <span class="spread" />
        <Menu label="Export" items={[
          { text: "Numbers as CSV", act: () => plot && download(new Blob([plot.samples.csv()], { type: "text/csv" }), fileName(link, "csv")) },
          { text: "Picture as PNG", act: () => void plot?.picture().then((blob) => blob && download(blob, fileName(link, "png"))) },
        ]} />
        <button type="button" class="quiet" onClick={() => plot?.clear()}>Clear</button>
      </div>
      {names === "" && (source === "fields" ? <p class="hint">Numbers in what the device tells are drawn here, as its profile names them.</p>
        : <p class="hint">Numbers in lines are drawn here: <code>1.5, 2.5</code>, <code>temp:21.3</code>, <code>x=1 y=2</code> or JSON.</p>)}
      <div class="plot" ref={place} role="img" aria-label={names ? `Plot of ${names}, ${count} samples` : "Plot, no numbers yet"} />
    </div>
  );
}
