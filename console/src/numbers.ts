// numbers.ts - finds numbers in what a device sends: csv, name:value, key=value and JSON, one sample a line.

export type Sample = [name: string, value: number][];

const LINE_MAX = 4096; // characters; a longer line holds no sample
const SERIES_MAX = 32;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i;

// A number with perhaps a unit behind it: "12.5", "12.5 g", "-3e-2V". NaN if there is none.
function number(text: string): number {
  const found = NUMBER.exec(text.trim());
  return found ? Number(found[0]) : NaN;
}

function fromJson(value: unknown, name: string, out: Sample): void {
  if (typeof value === "number") out.push([name || "value", value]);
  else if (typeof value === "boolean") out.push([name || "value", Number(value)]);
  else if (value && typeof value === "object")
    for (const [key, inner] of Object.entries(value)) fromJson(inner, name ? `${name}.${key}` : key, out);
}

function tryJson(line: string): Sample {
  const out: Sample = [];
  try {
    fromJson(JSON.parse(line), "", out);
  } catch {
    return [];
  }
  return out;
}

export function parseLine(line: string): Sample {
  const text = line.trim();
  if (text === "" || text.length > LINE_MAX) return [];
  if (text[0] === "{" || text[0] === "[") return tryJson(text).slice(0, SERIES_MAX);
  const out: Sample = [];
  for (const [, name, value] of text.matchAll(/([\p{L}_][\p{L}\p{N}_.\- ]*?)\s*[:=]\s*([^\s,;:=]+)/gu)) {
    const n = number(value);
    if (!Number.isNaN(n)) out.push([name.trim().replace(/^.*\s(?=\S+$)/, ""), n]);
  }
  if (out.length) return out.slice(0, SERIES_MAX);
  const words = text.split(/[,;\t]|\s+/).filter((w) => w !== "");
  const values = words.map(number);
  if (values.length && !Number.isNaN(values[0])) values.forEach((v, i) => !Number.isNaN(v) && out.push([`value ${i + 1}`, v]));
  return out.slice(0, SERIES_MAX);
}

// Cuts bytes into lines, of which each is looked at once.
export class SampleReader {
  private decoder = new TextDecoder();
  private rest = "";
  private skipping = false; // the rest of a line that is too long

  feed(bytes: Uint8Array, take: (sample: Sample) => void): void {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r/);
    this.rest = lines.pop()!;
    for (const line of lines) {
      if (!this.skipping) {
        const sample = parseLine(line);
        if (sample.length) take(sample);
      }
      this.skipping = false;
    }
    if (this.rest.length <= LINE_MAX) return;
    this.skipping = true;
    this.rest = "";
  }
}
