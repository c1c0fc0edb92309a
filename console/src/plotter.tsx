// plotter.tsx - the view that draws the numbers that a connection sends.
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { daemon, Link } from "./daemon";
import { download, fileName } from "./history";
import { useLibrary } from "./libraries";
import { fieldsOf, SampleReader } from "./numbers";
import { useProfiles } from "./profiles";
import { KEPT_MAX, Samples } from "./samples";
import { clock } from "./text";
import { theme } from "./theme";
import { usePersistent, useStore } from "./store";
import { Choice, Menu, Toggle } from "./ui";

const COLOURS = { // each at least 3:1 against its background
  light: ["#0b62b8", "#b3261e", "#1a7f37", "#8a2ba8", "#8a5300", "#006a72", "#a3195b", "#4b5563"],
  dark: ["#7cc4ff", "#ff9a90", "#6cd58a", "#d5a6ff", "#f0b860", "#6fd6d6", "#ff9ac6", "#b4c0cf"],
};
const WINDOWS = Object.fromEntries([200, 1000, 5000, 20000, 100000, KEPT_MAX].map((n) => [String(n), `Last ${n.toLocaleString("en")}`]));
const STEPS = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5].map((e) => n * 10 ** e)).sort((a, b) => a - b); // of the samples' axis: whole ones

const LEGEND_FEW = 48, LEGEND_MANY = 84, FEW = 4; // px, and series

// Where the numbers come from: lines of text, or what the connection's profile makes of frames.
type Source = "lines" | "fields";
const SOURCES: Record<Source, string> = { fields: "Fields of the profile", lines: "Lines of text" };

interface Range { min: number; max: number }

// A uPlot that follows the newest samples, or stays where the person zoomed to.
class Plot {
  samples = new Samples();
  paused = false;
  window = 1000;
  fixed: Range | null = null; // of the value axis
  private zoom: Range | null = null; // of the samples
  private plot: uPlot | null = null;
  private frame = 0;
  private drawn = -1; // samples when it was last drawn
  private frozen = 0; // samples when it was paused
  private resized: ResizeObserver;
  private hidden = new Set<string>();
  private reader = new SampleReader();
  private unlisten: () => void;

  constructor(private library: typeof uPlot, private element: HTMLElement, link: Link, source: Source, private changed: () => void) {
    this.unlisten = source === "lines" ? this.readLines(link) : this.readFields(link);
    this.resized = new ResizeObserver(() => this.plot?.setSize(this.size()));
    this.resized.observe(element);
    this.draw();
  }

  dispose(): void {
    this.unlisten();
    cancelAnimationFrame(this.frame);
    this.resized.disconnect();
    this.plot?.destroy();
  }

  // What a change of must be shown elsewhere than in the plot.
  get state(): string {
    return JSON.stringify([this.samples.names, this.samples.count, this.paused, this.window, this.zoom]);
  }

  pause(on: boolean): void {
    this.paused = on;
    this.frozen = this.samples.count;
    this.redraw();
    this.changed();
  }

  // The newest so many samples.
  show(samples: number): void {
    this.window = samples;
    this.scale(null);
  }

  redraw(): void {
    this.drawn = -1;
  }

  rebuild(): void {
    this.plot?.destroy();
    this.plot = null;
    this.redraw();
  }

  clear(): void {
    this.samples.clear();
    this.zoom = null;
    this.frozen = 0;
    this.rebuild();
    this.changed();
  }

  // Twice as near, or half as near, around the middle; null shows the newest again.
  scale(factor: number | null): void {
    const { min, max } = this.range(), middle = (min + max) / 2, half = ((max - min) / 2) * (factor ?? 1);
    this.zoom = factor === null ? null : { min: middle - half, max: middle + half };
    this.redraw();
    this.changed();
  }

  get zoomed(): boolean {
    return this.zoom !== null;
  }

  picture(): Promise<Blob | null> {
    const from = this.plot?.ctx.canvas;
    if (!from) return Promise.resolve(null);
    const canvas = document.createElement("canvas"), ctx = canvas.getContext("2d")!;
    Object.assign(canvas, { width: from.width, height: from.height });
    ctx.fillStyle = getComputedStyle(this.element).backgroundColor;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(from, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve));
  }

  // What came already, and what comes; returns how to stop.
  private readLines({ stream }: Link): () => void {
    const cursor = stream.back(256 * 1024);
    for (let piece; (piece = stream.read(cursor, 65536)); ) if (piece.block.kind === "rx") this.take(piece.bytes, piece.block.time);
    return stream.onData((block, bytes) => block.kind === "rx" && this.take(bytes, Date.now()));
  }

  private readFields(link: Link): () => void {
    const take = (event: string, values: unknown, time: number) => {
      const sample = fieldsOf(event, values);
      if (sample.length) this.samples.add(sample, time);
    };
    link.told.forEach((t) => take(t.event, t.values, t.time));
    return daemon.on("device-event", ({ name, event, values }) => name === link.name && take(event, values, Date.now()));
  }

  private take(bytes: Uint8Array, time: number): void {
    this.reader.feed(bytes, (sample) => this.samples.add(sample, time));
  }

  private range(): Range {
    const end = this.paused ? this.frozen : this.samples.count;
    return this.zoom ?? { min: Math.max(this.samples.first, end - this.window), max: end };
  }

  private get legend(): number {
    return this.samples.names.length < FEW ? LEGEND_FEW : LEGEND_MANY;
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(200, this.element.clientWidth), height: Math.max(100, this.element.clientHeight - this.legend - 4) };
  }

  private draw = (): void => {
    this.frame = requestAnimationFrame(this.draw);
    const { samples } = this;
    if (samples.count === this.drawn || samples.names.length === 0) return;
    if (this.paused && this.drawn >= 0 && !this.zoom) return;
    if (this.zoom && this.drawn >= 0 && this.plot && this.plot.series.length === samples.names.length + 1) return;
    this.drawn = samples.count;
    if (!this.plot || this.plot.series.length !== samples.names.length + 1) this.build();
    const { min, max } = this.range();
    const { x, series } = samples.picture(min, max, Math.max(100, this.plot!.bbox.width / devicePixelRatio));
    this.plot!.setData([x, ...series] as unknown as uPlot.AlignedData, false);
    this.plot!.setScale("x", { min, max: Math.max(max, min + 1) });
    this.newestValues();
  };

  private build(): void {
    const colours = COLOURS[theme.name], style = getComputedStyle(this.element);
    const axis = { stroke: style.color, grid: { stroke: style.borderColor, width: 1 }, ticks: { stroke: style.borderColor, width: 1 } };
    this.plot?.destroy();
    this.element.style.setProperty("--legend", `${this.legend}px`);
    this.plot = new this.library({
      ...this.size(),
      scales: { x: { time: false }, y: { range: (_, low, high) => this.valueRange(low, high) } },
      axes: [{ ...axis, incrs: STEPS, values: (_, at) => at.map((n) => n.toLocaleString("en")) }, { ...axis, size: 64 }],
      series: [
        { label: "sample", value: (_, i) => (i == null ? "" : `${i} ${this.samples.timeOf(i) ? clock(this.samples.timeOf(i)) : ""}`) },
        ...this.samples.names.map((name, i) => ({
          label: name, stroke: colours[i % colours.length], width: 1.5, pxAlign: 0, show: !this.hidden.has(name), spanGaps: true,
          value: (_: uPlot, v: number | null) => (v == null || Number.isNaN(v) ? "" : String(Number(v.toPrecision(8)))),
        })),
      ],
      hooks: {
        setSeries: [(u, i) => {
          const { label, show } = u.series[i ?? 0];
          this.hidden[show ? "delete" : "add"](String(label));
        }],
        setCursor: [() => this.newestValues()],
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          this.zoom = { min: u.posToVal(u.select.left, "x"), max: u.posToVal(u.select.left + u.select.width, "x") };
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          this.redraw();
          this.changed();
        }],
      },
      cursor: { drag: { setScale: false, x: true, y: false } },
    }, [new Float64Array(0)] as unknown as uPlot.AlignedData, this.element);
  }

  // While the pointer is elsewhere, the legend shows the newest sample.
  private newestValues(): void {
    const { plot } = this;
    if (plot && plot.cursor.idx == null && plot.data[0].length > 0) plot.setLegend({ idx: plot.data[0].length - 1 });
  }

  private valueRange(low: number | null, high: number | null): [number, number] {
    if (this.fixed) return [this.fixed.min, this.fixed.max];
    if (low === null || high === null) return [0, 1];
    const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
    return [low - room, high + room];
  }
}

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
