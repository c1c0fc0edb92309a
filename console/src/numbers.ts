// numbers.ts - finds numbers in what a device sends: csv, name:value, key=value and JSON, one sample a line.

export type Sample = [name: string, value: number][];

const LINE_MAX = 4096; // characters; a longer line holds no sample
export const SERIES_MAX = 32;
// A number with perhaps a unit behind it. Not "00S", "12:30:05", "2026-11-22" or "1.2.3.4": these are addresses, times, versions.
const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*[\p{L}%°µΩ²³/·]{0,8}$/iu;
const ADDRESS = /^0\d+\p{L}/u;

// "12.5", "12.5 g", "-3e-2V". NaN if it is none.
function number(text: string): number {
  const word = text.trim(), found = ADDRESS.test(word) ? null : NUMBER.exec(word);
  return found ? Number(found[1]) : NaN;
}

function fromJson(value: unknown, name: string, out: Sample): void {
  if (typeof value === "number") out.push([name || "value", value]);
  else if (typeof value === "boolean") out.push([name || "value", Number(value)]);
  else if (value && typeof value === "object")
    for (const [key, inner] of Object.entries(value)) fromJson(inner, name ? `${name}.${key}` : key, out);
}

// The numeric fields of what a profile made of a frame.
export function fieldsOf(event: string, values: unknown): Sample {
  const out: Sample = [];
  fromJson(values, event, out);
  return out.slice(0, SERIES_MAX);
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
  for (const [, name, value] of text.matchAll(/([\p{L}_][\p{L}\p{N}_.\- ]*?)\s*[:=]\s*([^\s,;:=]+)(?=[\s,;]|$)/gu)) {
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
