// format.ts - turns a stream's pieces into what a terminal or a saved file shows: text, visible control characters, or hex.
import { Block } from "./stream";
import { clock, hexByte, visible, withoutAnsi } from "./text";

// What this page sent, as far as it is shown: not at all; lines and macros, set off from what came; or keys too, where they are
// typed, for devices that echo nothing.
export type Sent = "none" | "lines" | "all";

export interface Look {
  display: "terminal" | "plain" | "hex";
  stamps: boolean;
  sent: Sent;
  filter: string; // only lines that contain it, or match /it/
  columns: number;
  colours: boolean;
}

const LINE_MAX = 4096; // characters: a longer line is judged by the filter in parts
const BURST_MS = 50; // hex: what comes so much later begins a new row

const FAINT = "\x1b[90m", ECHO = "\x1b[36m", NOTE = "\x1b[33m", PLAIN = "\x1b[0m";

export function matcher(filter: string): ((line: string) => boolean) | null {
  if (!filter) return null;
  const pattern = /^\/(.+)\/(i?)$/.exec(filter);
  if (pattern) {
    try {
      const expression = new RegExp(pattern[1], pattern[2]);
      return (line) => expression.test(line);
    } catch {
      return () => true; // while it is being typed
    }
  }
  const wanted = filter.toLowerCase();
  return (line) => line.toLowerCase().includes(wanted);
}

export class Formatter {
  private decoders = { rx: new TextDecoder(), tx: new TextDecoder(), keys: new TextDecoder(), note: new TextDecoder() };
  private matches: ((line: string) => boolean) | null;
  private atStart = true; // of a line
  private held = ""; // an escape sequence that is not complete
  private line = ""; // what the filter has not judged yet
  private lineTime = 0;
  private lineKind = "rx";
  private row: number[] = []; // hex: of the row that is not full
  private rowOffset = 0;
  private rowTime = 0;
  private rowKind = "rx";

  constructor(private look: Look) {
    this.matches = matcher(look.filter);
  }

  // What the piece adds; "\r" and erase sequences may rewrite the last row.
  feed(block: Block, bytes: Uint8Array): string | Uint8Array {
    const { look } = this;
    if (block.kind === "note") return `${this.endRow()}${this.freshLine()}${this.paint(NOTE, `[${block.note}]`)}\r\n`;
    if ((block.kind === "tx" && look.sent === "none") || (block.kind === "keys" && look.sent !== "all")) return "";
    if (look.display === "hex") return this.hex(block, bytes);
    if (look.display === "terminal" && !look.stamps && !this.matches && block.kind === "rx" && look.colours) {
      this.atStart = bytes[bytes.length - 1] === 10;
      return bytes;
    }
    const text = this.decoders[block.kind].decode(bytes, { stream: true });
    if (block.kind === "tx") return this.sent(block, text);
    return this.text(block, look.display === "plain" ? visible(text.replace(/\r\n/g, "\n"), this.faintly) : text);
  }

  // The end of a saved file.
  finish(): string {
    const rest = this.endRow();
    if (!this.line) return rest;
    const { line } = this;
    this.line = "";
    return rest + this.judged(line);
  }

  private paint(colour: string, text: string): string {
    return this.look.colours ? colour + text + PLAIN : text;
  }

  private faintly = (text: string): string => (this.look.colours ? `\x1b[2m${text}\x1b[22m` : text); // in whatever colour

  private freshLine(): string {
    const end = this.atStart ? "" : "\r\n";
    this.atStart = true;
    return end;
  }

  private stamp(time: number): string {
    return this.look.stamps ? `${this.paint(FAINT, time ? clock(time) : "   earlier  ")} ` : "";
  }

  private text(block: Block, received: string): string {
    const text = this.look.colours ? received : this.uncoloured(received);
    let out = "";
    for (const part of text.match(/[^\n]*\n|[^\n]+/g) ?? []) out += this.matches ? this.filtered(block, part) : this.part(block, part);
    return out;
  }

  // Without escape sequences, which may come in parts.
  private uncoloured(received: string): string {
    const text = this.held + received;
    const open = /\x1b(?:\[[0-?]*[ -/]*)?$/.exec(text);
    this.held = open && open[0].length < 64 ? open[0] : "";
    return withoutAnsi(text.slice(0, text.length - this.held.length));
  }

  // Lines of their own with a mark, whatever was there before.
  private sent({ time }: Block, text: string): string {
    const lines = text.replace(/\r?\n$|\r$/, "").split(/\r?\n/).map((line) => visible(line)).filter((line) => this.matches?.(line) ?? true);
    const fresh = this.matches || lines.length === 0 ? "" : this.freshLine();
    return fresh + lines.map((line) => `${this.stamp(time)}${this.paint(ECHO, `» ${line}`)}\r\n`).join("");
  }

  private part(block: Block, part: string): string {
    const { kind, time } = block;
    const begin = this.atStart ? this.stamp(time) : "";
    this.atStart = part.endsWith("\n");
    const body = part.replace(/\r?\n$/, ""), end = this.atStart ? "\r\n" : "";
    return begin + (kind === "rx" ? body : this.paint(ECHO, body)) + end;
  }

  private filtered(block: Block, part: string): string {
    if (!this.line) [this.lineTime, this.lineKind] = [block.time, block.kind];
    this.line += part;
    if (!part.endsWith("\n") && this.line.length < LINE_MAX) return "";
    const { line } = this;
    this.line = "";
    return this.judged(line);
  }

  private judged(line: string): string {
    const body = line.replace(/\r?\n$/, "");
    if (this.matches && !this.matches(withoutAnsi(body))) return "";
    return `${this.stamp(this.lineTime)}${this.lineKind === "rx" ? body : this.paint(ECHO, body)}\r\n`;
  }

  /* ---- hex ---- */

  private get width(): number {
    const room = this.look.columns - 15 - (this.look.stamps ? 13 : 0);
    return room >= 64 ? 16 : room >= 32 ? 8 : 4;
  }

  private hex(block: Block, bytes: Uint8Array): string {
    let out = "";
    if (this.row.length && (block.kind !== this.rowKind || (this.look.stamps && block.time - this.rowTime > BURST_MS)))
      out += this.endRow();
    const start = block.offset + (bytes.byteOffset - block.bytes.byteOffset), { width } = this;
    let rewrite = this.row.length > 0;
    for (let i = 0; i < bytes.length; i++) {
      if (this.row.length === 0) [this.rowOffset, this.rowTime, this.rowKind] = [start + i, block.time, block.kind];
      this.row.push(bytes[i]);
      if (this.row.length < width) continue;
      out += this.showRow(rewrite);
      this.row = [];
      rewrite = false;
    }
    if (this.row.length && this.look.colours) out += this.showRow(rewrite).trimEnd();
    this.atStart = this.row.length === 0;
    return out;
  }

  private showRow(rewrite: boolean): string {
    const hex = this.row.map(hexByte).join(" ").padEnd(this.width * 3 - 1);
    const text = String.fromCharCode(...this.row.map((b) => (b >= 32 && b < 127 ? b : 0xb7)));
    const received = this.rowKind === "rx", place = !received ? "    sent" : this.rowOffset.toString(16).padStart(8, "0");
    const line = `${this.stamp(this.rowTime)}${this.paint(FAINT, place)}  ${received ? hex : this.paint(ECHO, hex)}  ${text}`;
    return `${rewrite && this.look.colours ? "\r" : ""}${line}\r\n`;
  }

  private endRow(): string {
    if (this.row.length === 0) return "";
    const out = this.look.colours ? "\r\n" : this.showRow(false);
    this.row = [];
    this.atStart = true;
    return out;
  }
}
