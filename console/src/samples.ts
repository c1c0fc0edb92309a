// samples.ts - the numbers of a plot, bounded: the newest of every series, and what of them one picture needs.
import { Sample, SERIES_MAX } from "./numbers";

export const KEPT_MAX = 200000; // samples of each series

export interface Picture { x: Float64Array; series: Float64Array[] }

export class Samples {
  names: string[] = [];
  count = 0; // samples since the beginning
  private time = new Float64Array(KEPT_MAX);
  private values: Float64Array[] = [];

  add(sample: Sample, time: number): void {
    const at = this.count % KEPT_MAX;
    this.time[at] = time;
    for (const series of this.values) series[at] = NaN;
    for (const [name, value] of sample) {
      let i = this.names.indexOf(name);
      if (i < 0 && this.names.length < SERIES_MAX) {
        i = this.names.push(name) - 1;
        this.values.push(new Float64Array(KEPT_MAX).fill(NaN));
      }
      if (i >= 0) this.values[i][at] = value;
    }
    this.count++;
  }

  clear(): void {
    Object.assign(this, { names: [], values: [], count: 0 });
  }

  get first(): number {
    return Math.max(0, this.count - KEPT_MAX);
  }

  timeOf(i: number): number {
    return this.time[i % KEPT_MAX];
  }

  value(series: number, i: number): number {
    return this.values[series][i % KEPT_MAX];
  }

  // Samples from..to by number; where there are more than two for each column, the smallest and the largest of each column.
  picture(from: number, to: number, columns: number): Picture {
    const start = Math.max(this.first, Math.floor(from)), end = Math.min(this.count, Math.ceil(to));
    const n = Math.max(0, end - start);
    return n <= columns * 2 ? this.plain(start, n) : this.reduced(start, end, columns);
  }

  private plain(start: number, n: number): Picture {
    const x = Float64Array.from({ length: n }, (_, i) => start + i);
    return { x, series: this.values.map((_, s) => x.map((i) => this.value(s, i))) };
  }

  private reduced(start: number, end: number, columns: number): Picture {
    const x = new Float64Array(columns * 2), step = (end - start) / columns;
    for (let c = 0; c < columns; c++) {
      x[2 * c] = start + Math.floor(c * step);
      x[2 * c + 1] = start + Math.floor((c + 1) * step) - 1;
    }
    const series = this.values.map((values) => {
      const out = new Float64Array(columns * 2);
      for (let c = 0; c < columns; c++) {
        let low = NaN, high = NaN, lowAt = 0, highAt = 0;
        for (let i = x[2 * c]; i <= x[2 * c + 1]; i++) {
          const v = values[i % KEPT_MAX];
          if (v < low || Number.isNaN(low)) [low, lowAt] = [v, i];
          if (v > high || Number.isNaN(high)) [high, highAt] = [v, i];
        }
        const lowFirst = lowAt <= highAt;
        out[2 * c] = lowFirst ? low : high;
        out[2 * c + 1] = lowFirst ? high : low;
      }
      return out;
    });
    return { x, series };
  }

  csv(): string {
    const quoted = (name: string) => (/[",\n]/.test(name) ? `"${name.replace(/"/g, '""')}"` : name);
    const lines = [["sample", "time", ...this.names.map(quoted)].join(",")];
    for (let i = this.first; i < this.count; i++) {
      const values = this.names.map((_, s) => this.value(s, i)).map((v) => (Number.isNaN(v) ? "" : v));
      lines.push([i, this.timeOf(i) ? new Date(this.timeOf(i)).toISOString() : "", ...values].join(","));
    }
    return lines.join("\r\n") + "\r\n";
  }
}
