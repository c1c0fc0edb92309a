// log.ts - a continuous log of one connection, from now on, to a file that grows; where the browser has none, to one at the end.
import { Link } from "./daemon";
import { Formatter } from "./format";
import { download, fileName, Format, FORMATS, lookOf } from "./history";
import { Store } from "./store";
import { Block } from "./stream";
import { encoder } from "./text";

interface Target { write(bytes: Uint8Array<ArrayBuffer>): Promise<void>; close(): Promise<void> }

const PENDING_MAX = 64 * 1024 * 1024; // bytes that a slow disk may be behind; the log ends with an error beyond it
const MEMORY_PART = 1024 * 1024;

type Picker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

// A file that the person chooses, where browsers offer that; else parts that the browser keeps until the end.
async function openTarget(name: string): Promise<Target> {
  const pick = (window as unknown as { showSaveFilePicker?: Picker }).showSaveFilePicker;
  if (pick) {
    const file = await (await pick({ suggestedName: name })).createWritable();
    return { write: (bytes) => file.write(bytes), close: () => file.close() };
  }
  const done: Blob[] = []; // browsers move these to disk when they grow
  let parts: Uint8Array<ArrayBuffer>[] = [], n = 0;
  const flush = () => {
    done.push(new Blob(parts));
    [parts, n] = [[], 0];
  };
  return {
    async write(bytes) {
      parts.push(bytes);
      n += bytes.length;
      if (n >= MEMORY_PART) flush();
    },
    async close() {
      flush();
      download(new Blob(done), name);
    },
  };
}

export class Log extends Store {
  bytes = 0;
  problem: string | null = null;
  running = false; // until the file is whole
  private stopping = false;
  private pending: Uint8Array<ArrayBuffer>[] = [];
  private waiting = 0;
  private target: Target | null = null;
  private unlisten = () => {};
  private writing: Promise<void> | null = null;
  private formatter: Formatter | null = null;

  // Rejects with an AbortError if the person chose no file.
  async start(link: Link, format: Format): Promise<void> {
    this.target = await openTarget(fileName(link, FORMATS[format].extension));
    this.formatter = format === "bytes" ? null : new Formatter(lookOf(format));
    [this.bytes, this.problem, this.running, this.stopping] = [0, null, true, false];
    this.unlisten = link.stream.onData((block, bytes) => this.take(block, bytes));
    this.changed();
  }

  async stop(): Promise<void> {
    this.unlisten();
    if (!this.running || this.stopping) return;
    this.stopping = true;
    if (this.formatter) this.queue(encoder.encode(this.formatter.finish()));
    await this.writing;
    await this.target?.close().catch((error) => (this.problem = String(error)));
    this.running = false;
    this.changed();
  }

  private take(block: Block, bytes: Uint8Array): void {
    if (!this.formatter) {
      if (block.kind === "rx") this.queue(bytes.slice());
      return;
    }
    const out = this.formatter.feed(block, bytes);
    this.queue(typeof out === "string" ? encoder.encode(out) : out.slice());
  }

  private queue(bytes: Uint8Array<ArrayBuffer>): void {
    this.pending.push(bytes);
    this.waiting += bytes.length;
    if (this.waiting > PENDING_MAX) this.fail("The disk is too slow for this device; the log has ended.");
    else this.writing ??= this.write();
  }

  // One write at a time, of all that has come meanwhile.
  private async write(): Promise<void> {
    try {
      while (this.pending.length) {
        const parts = this.pending;
        this.pending = [];
        const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
        await this.target!.write(bytes);
        this.waiting -= bytes.length;
        this.bytes += bytes.length;
        this.changed();
      }
    } catch (error) {
      this.fail(`The log has ended: ${(error as Error).message}`);
    }
    this.writing = null;
  }

  private fail(problem: string): void {
    this.problem = problem;
    this.pending = [];
    this.waiting = 0;
    void this.stop();
  }
}
