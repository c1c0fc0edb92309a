// plot.ts - a uPlot that draws the numbers of a connection: follows the newest, or stands where the person wants it.
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { daemon, Link } from "./daemon";
import { fieldsOf, SampleReader } from "./numbers";
import { Samples } from "./samples";
import { clock } from "./text";
import { theme } from "./theme";

const COLOURS = { // each at least 3:1 against its background
  light: ["#0b62b8", "#b3261e", "#1a7f37", "#8a2ba8", "#8a5300", "#006a72", "#a3195b", "#4b5563"],
  dark: ["#7cc4ff", "#ff9a90", "#6cd58a", "#d5a6ff", "#f0b860", "#6fd6d6", "#ff9ac6", "#b4c0cf"],
};
const STEPS = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5].map((e) => n * 10 ** e)).sort((a, b) => a - b); // of the samples' axis: whole ones

// A value on an axis whose lines are this far apart: with the decimals that tell them apart.
function rounded(value: number, step: number): string {
  const digits = Math.min(12, Math.max(0, Math.ceil(-Math.log10(step) - 1e-6)));
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const roomFor = (labels: string[] | null) => Math.max(64, 20 + 7 * Math.max(0, ...(labels ?? []).map((text) => text.length))); // px

const LEGEND_FEW = 48, LEGEND_MANY = 84, FEW = 4; // px, and series

// Where the numbers come from: lines of text, or what the connection's profile makes of frames.
export type Source = "lines" | "fields";

interface Range { min: number; max: number }

export class Plot {
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

  // What is shown of it elsewhere too.
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
      axes: [{ ...axis, incrs: STEPS, values: (_, at) => at.map((n) => n.toLocaleString("en")) }, { ...axis, size: (_, labels) => roomFor(labels), values: (_, at, _i, _space, step) => at.map((n) => rounded(n, step)) }],
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
