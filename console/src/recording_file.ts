// recording_file.ts - what a device sent, out of a recording as the daemon gives it out (docs/recording-format.md).
import { Part } from "./stream";
import { concat } from "./text";

const FILE_HEAD = 12, HEAD = 32, TAIL = 4; // bytes
const SYNC = 0x5aa5;
const START = 1, DATA = 2, OPENED = 4; // types of records
const RX = 1; // from the device
const EPOCH = 8; // a field

// Which openings of the device it is of, and what came from it.
export interface Recorded { epochs: number[]; parts: Part[] }

// The epoch in the fields of a record that starts a recording or opens the device again.
function epochOf(body: Uint8Array): number[] {
  for (let at = 0; at + 3 <= body.length; ) {
    const n = body[at + 1] + body[at + 2] * 256, text = body.subarray(at + 3, at + 3 + n);
    if (body[at] === EPOCH) return [Number(new TextDecoder().decode(text))];
    at += 3 + n;
  }
  return [];
}

// Take the whole records off the start; returns the rest.
function takeRecords(bytes: Uint8Array, into: Recorded): Uint8Array {
  for (let at = 0; ; ) {
    if (at + HEAD > bytes.length) return bytes.subarray(at);
    const head = new DataView(bytes.buffer, bytes.byteOffset + at, HEAD), n = head.getUint32(4, true);
    if (head.getUint16(0, true) !== SYNC) throw new Error("The recording is damaged.");
    if (at + HEAD + n + TAIL > bytes.length) return bytes.subarray(at);
    const body = bytes.subarray(at + HEAD, at + HEAD + n), type = head.getUint8(2);
    if (type === START || type === OPENED) into.epochs.push(...epochOf(body));
    if (type === DATA && head.getUint8(3) === RX)
      into.parts.push({ time: Number(head.getBigInt64(16, true)) / 1000, offset: Number(head.getBigUint64(24, true)), bytes: body });
    at += HEAD + n + TAIL;
  }
}

export async function readRecording(stream: ReadableStream<Uint8Array>): Promise<Recorded> {
  const recorded: Recorded = { epochs: [], parts: [] }, reader = stream.getReader();
  let rest: Uint8Array = new Uint8Array(0), begun = false;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return recorded;
    rest = concat([rest, value]);
    if (!begun && rest.length < FILE_HEAD) continue;
    rest = takeRecords(begun ? rest : rest.subarray(FILE_HEAD), recorded);
    begun = true;
  }
}
