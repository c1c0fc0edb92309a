// history.ts - everything that was received: from the daemon's journal, as bytes or as text with times.
import { daemon, Link } from "./daemon";
import { Formatter, Look } from "./format";
import { Block } from "./stream";
import { concat, encoder, fromBase64 } from "./text";

export type Format = "bytes" | "text" | "stamped" | "hex";

export const FORMATS: Record<Format, { label: string; extension: string }> = {
  bytes: { label: "Bytes, unchanged", extension: "bin" },
  text: { label: "Text without colours", extension: "txt" },
  stamped: { label: "Text with time stamps", extension: "txt" },
  hex: { label: "Hex beside text", extension: "hex.txt" },
};

export function lookOf(format: Format): Look {
  return {
    display: format === "hex" ? "hex" : "terminal", stamps: format === "stamped" || format === "hex", sent: "lines", filter: "",
    columns: 120, colours: false,
  };
}

// All bytes that the daemon still has of it, and how many it has no more.
export async function readAll(link: Link): Promise<{ from: number; lost: number; bytes: Uint8Array<ArrayBuffer> }> {
  const parts: Uint8Array[] = [];
  let from = 0, at = 0, end = Infinity, lost = 0;
  while (at < end) {
    const answer = await daemon.ask("read-history", { name: link.name, since: at });
    if (!answer.ok) throw new Error(answer.error.message);
    const part = fromBase64(answer.payload.base64);
    if (end === Infinity) [from, end, lost] = [answer.offset, answer.end, answer.lost ?? 0];
    else if (answer.offset > at) throw new Error("The device sends faster than its history can be read. Log it to a file instead.");
    if (part.length === 0) break;
    parts.push(part);
    at = answer.offset + part.length;
  }
  return { from, lost, bytes: concat(parts) };
}

// The same as a file's content, and how many bytes before that are kept no more.
export async function render(link: Link, format: Format): Promise<{ content: Uint8Array<ArrayBuffer>; lost: number }> {
  const { from, lost, bytes } = await readAll(link);
  if (format === "bytes") return { content: bytes, lost };
  const formatter = new Formatter(lookOf(format)), parts: string[] = [];
  if (lost) parts.push(`[${lost} bytes before these are not kept any more]\r\n`);
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length; ) {
    const time = link.stream.timeOf(from + at) ?? 0, n = link.stream.sameTime(from + at, bytes.length - at);
    const block: Block = { kind: "rx", time, offset: from + at, bytes: bytes.subarray(at, at + n), n, note: "" };
    const out = formatter.feed(block, block.bytes);
    parts.push(typeof out === "string" ? out : decoder.decode(out, { stream: true }));
    at += n;
  }
  parts.push(formatter.finish());
  return { content: encoder.encode(parts.join("")), lost };
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
