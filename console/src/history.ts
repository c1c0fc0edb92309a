// history.ts - everything that was received: as bytes, or as text with times.
import { daemon, Link } from "./daemon";
import { Formatter, Look } from "./format";
import { readRecording } from "./recording_file";
import { Recording } from "./recordings";
import { Block, Part } from "./stream";
import { fromBase64 } from "./text";

export type Format = "bytes" | "text" | "stamped" | "hex";

export const FORMATS: Record<Format, { label: string; extension: string }> = {
  bytes: { label: "Bytes, unchanged", extension: "bin" },
  text: { label: "Text without colours", extension: "txt" },
  stamped: { label: "Text with time stamps", extension: "txt" },
  hex: { label: "Hex beside text", extension: "hex.txt" },
};

const RECORDING_MAX = 256 * 1024 * 1024; // bytes of one that are read here; larger ones are for the list of recordings
const RECORDINGS_MAX = 8;
const SLICE = 512 * 1024; // bytes that are written at a time

export function lookOf(format: Format): Look {
  return {
    display: format === "hex" ? "hex" : "terminal", stamps: format === "stamped" || format === "hex", sent: "lines", filter: "",
    columns: 120, colours: false,
  };
}

interface Range { from: number; to: number }

// Of the bytes up to `end`, those that no part has. The parts are in order.
function holes(parts: Part[], end: number): Range[] {
  const found: Range[] = [];
  let at = 0;
  for (const { offset, bytes } of parts) {
    if (offset > at) found.push({ from: at, to: offset });
    at = Math.max(at, offset + bytes.length);
  }
  if (end > at) found.push({ from: at, to: end });
  return found;
}

// What of the part lies in the range.
function cut(part: Part, { from, to }: Range): Part[] {
  const start = Math.max(from - part.offset, 0), end = Math.min(to - part.offset, part.bytes.length);
  return start < end ? [{ ...part, offset: part.offset + start, bytes: part.bytes.subarray(start, end) }] : [];
}

// What the daemon still has of it in its memory.
async function fromJournal(link: Link, missing: Range[]): Promise<Part[]> {
  const parts: Part[] = [];
  for (const range of missing) {
    for (let since = range.from; since < range.to; ) {
      const answer = await daemon.ask("read-history", { name: link.name, since });
      if (!answer.ok) return parts;
      const bytes = fromBase64(answer.payload.base64);
      if (bytes.length === 0) break;
      parts.push(...cut({ offset: answer.offset, time: 0, bytes }, range));
      since = answer.offset + bytes.length;
    }
  }
  return parts;
}

// What its recordings have: among the newest of the device, those of an opening that this page knows.
async function fromRecordings(link: Link, missing: Range[]): Promise<Part[]> {
  const answer = await daemon.ask("list-recordings"), parts: Part[] = [];
  const list: Recording[] = answer.ok ? answer.recordings.filter((r: Recording) => r.device === link.device && r.size <= RECORDING_MAX) : [];
  for (const { id } of list.slice(0, RECORDINGS_MAX)) {
    const { body, ok } = await fetch(`/recordings/${encodeURIComponent(id)}?format=native`);
    const recorded = body && ok ? await readRecording(body) : null;
    if (recorded?.epochs.some((epoch) => link.stream.epochs.has(epoch)))
      parts.push(...missing.flatMap((range) => recorded.parts.flatMap((part) => cut(part, range))));
  }
  return parts;
}

// Everything that was received under this name, from whatever has it: this page, recordings, the daemon's journal. `lost` is how
// many bytes of the present connection nobody has any more.
export async function readAll(link: Link): Promise<{ earlier: Part[]; parts: Part[]; lost: number }> {
  const newest = link.closed === null ? await daemon.ask("read-history", { name: link.name, limit: 0 }) : null;
  const end = Math.max(link.stream.next, newest?.ok ? newest.end : 0);
  let parts = link.stream.received(true);
  for (const source of [fromRecordings, fromJournal]) {
    const missing = holes(parts, end);
    if (missing.length > 0) parts = [...parts, ...await source(link, missing)].sort((a, b) => a.offset - b.offset);
  }
  return { earlier: link.stream.received(false), parts, lost: holes(parts, end).reduce((n, { from, to }) => n + to - from, 0) };
}

const breathe = () => new Promise((resolve) => setTimeout(resolve));

// The parts as text; the page goes on meanwhile.
async function* written(parts: Part[], look: Look): AsyncGenerator<BlobPart> {
  const formatter = new Formatter(look);
  let at = 0, since = 0;
  for (const { offset, time, bytes } of parts) {
    const block: Block = { kind: "rx", time, run: 0, offset, bytes, n: bytes.length, note: "" };
    if (offset > at) yield formatter.feed({ ...block, kind: "note", note: `${(offset - at).toLocaleString("en")} bytes are not kept any more` }, bytes) as string;
    for (let i = 0; i < bytes.length; i += SLICE) yield formatter.feed(block, bytes.subarray(i, i + SLICE)) as BlobPart;
    at = offset + bytes.length;
    since += bytes.length;
    if (since < SLICE) continue;
    await breathe();
    since = 0;
  }
  yield formatter.finish();
}

// The same as a file's content, and how many bytes are missing in it because nobody has them any more.
export async function render(link: Link, format: Format): Promise<{ content: Blob; lost: number }> {
  const { earlier, parts, lost } = await readAll(link);
  if (format === "bytes") return { content: new Blob([...earlier, ...parts].map((part) => part.bytes as BlobPart)), lost };
  const out: BlobPart[] = [];
  for (const connection of [earlier, parts]) for await (const part of written(connection, lookOf(format))) out.push(part);
  return { content: new Blob(out), lost };
}

export function fileName(link: Link, extension: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-");
  return `${link.name.replace(/[^\p{L}\p{N}._-]+/gu, "_")}-${stamp}.${extension}`;
}

export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content), a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
