// stream.ts - what one connection received and what this page sent to it, in blocks with their times; bounded, oldest forgotten first.

export type Kind = "rx" | "tx" | "keys" | "note"; // received; sent as a line or macro; typed key by key

export interface Block {
  kind: Kind;
  time: number; // ms since 1970, when the first byte came; 0 if nobody knows
  run: number; // which of the connections that this page saw under this name: offsets begin anew with each
  offset: number; // rx: of its first byte in the connection
  bytes: Uint8Array; // as long as it may grow
  n: number; // how many of them are filled
  note: string;
}

// A reader's place: the number of a block since the beginning, and a position in it.
export interface Cursor { block: number; at: number }

export interface Piece { block: Block; bytes: Uint8Array }

// Bytes of the device, in whatever has them.
export interface Part { offset: number; time: number; bytes: Uint8Array }

const BYTES_MAX = 32 * 1024 * 1024; // at 115,200 baud three quarters of an hour without a pause
const BLOCKS_MAX = 200000;
const BLOCK = 4096; // small pieces that come at the same time share one
const SAME_TIME_MS = 4;

export class Stream {
  epoch: number | null = null;
  next = 0; // offset of the next byte
  following = false; // the daemon has said where the bytes that come now belong
  asked = false; // it has been asked
  liveFrom = 0; // offset: what comes before it was received earlier, nobody knows when
  epochs = new Set<number>(); // of the present run
  run = 0;
  private blocks: Block[] = [];
  private forgotten = 0; // blocks
  private held = 0; // bytes
  private listeners = new Set<(block: Block, bytes: Uint8Array) => void>();

  receive(bytes: Uint8Array): void {
    this.add("rx", bytes, this.next < this.liveFrom ? 0 : Date.now());
    this.next += bytes.length;
  }

  sent(bytes: Uint8Array, kind: "tx" | "keys"): void {
    this.add(kind, bytes, Date.now());
  }

  note(text: string): void {
    this.push({ kind: "note", time: Date.now(), run: this.run, offset: this.next, bytes: new Uint8Array(0), n: 0, note: text });
    this.tell(0);
  }

  // The daemon said where the bytes that come now belong.
  moveTo(epoch: number, offset: number): void {
    if (offset < this.next) this.restart(); // they were counted by another daemon
    this.epoch = epoch;
    this.epochs.add(epoch);
    this.next = offset;
  }

  // The connection is over: under its name there may be another one.
  end(): void {
    this.following = false;
    this.epoch = null;
    this.restart();
  }

  // What came from the device, as far as it is here, of the present run or of those before.
  received(present: boolean): Part[] {
    return this.blocks.filter((b) => b.kind === "rx" && (b.run === this.run) === present)
      .map(({ offset, time, bytes, n }) => ({ offset, time, bytes: bytes.subarray(0, n) }));
  }

  onData(listener: (block: Block, bytes: Uint8Array) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  start(): Cursor {
    return { block: this.forgotten, at: 0 };
  }

  newest(): Cursor {
    const last = this.blocks[this.blocks.length - 1];
    return last ? { block: this.forgotten + this.blocks.length - 1, at: last.n } : this.start();
  }

  // The place so many bytes before the end.
  back(bytes: number): Cursor {
    let i = this.blocks.length;
    while (i > 0 && bytes > 0) bytes -= this.blocks[--i].n;
    return { block: this.forgotten + i, at: 0 };
  }

  behind({ block, at }: Cursor): number {
    let n = -at;
    for (let i = Math.max(block - this.forgotten, 0); i < this.blocks.length; i++) n += this.blocks[i].n;
    return Math.max(n, 0);
  }

  // The next piece at the cursor, which moves behind it; null at the end. What was forgotten is passed over.
  read(cursor: Cursor, max: number): Piece | null {
    if (cursor.block < this.forgotten) Object.assign(cursor, this.start());
    for (;;) {
      const block = this.blocks[cursor.block - this.forgotten];
      if (!block) return null;
      const isLast = cursor.block - this.forgotten === this.blocks.length - 1;
      if (cursor.at < block.n) {
        const bytes = block.bytes.subarray(cursor.at, Math.min(block.n, cursor.at + max));
        cursor.at += bytes.length;
        return { block, bytes };
      }
      if (block.kind === "note" && cursor.at === 0) {
        Object.assign(cursor, { at: 1 });
        return { block, bytes: block.bytes };
      }
      if (isLast) return null;
      Object.assign(cursor, { block: cursor.block + 1, at: 0 });
    }
  }

  private restart(): void {
    this.run++;
    this.next = 0;
    this.epochs.clear();
  }

  private add(kind: Kind, bytes: Uint8Array, time: number): void {
    if (bytes.length === 0) return;
    const last = this.blocks[this.blocks.length - 1];
    if (last?.kind === kind && time - last.time <= SAME_TIME_MS && last.n + bytes.length <= last.bytes.length) {
      last.bytes.set(bytes, last.n);
      last.n += bytes.length;
      this.held += bytes.length;
    } else {
      const room = new Uint8Array(bytes.length < BLOCK ? Math.min(BLOCK, bytes.length * 8) : bytes.length);
      room.set(bytes);
      this.push({ kind, time, run: this.run, offset: this.next, bytes: room, n: bytes.length, note: "" });
    }
    this.tell(bytes.length);
  }

  private push(block: Block): void {
    const last = this.blocks[this.blocks.length - 1];
    if (last && last.n < last.bytes.length) last.bytes = last.bytes.slice(0, last.n);
    this.blocks.push(block);
    this.held += block.n;
    if (this.held <= BYTES_MAX && this.blocks.length <= BLOCKS_MAX) return;
    let n = 0; // forget an eighth at once: moving the others costs time
    for (let room = this.held - BYTES_MAX * 0.875; n < this.blocks.length / 8 || (room > 0 && n < this.blocks.length - 1); n++) {
      room -= this.blocks[n].n;
      this.held -= this.blocks[n].n;
    }
    this.blocks.splice(0, n);
    this.forgotten += n;
  }

  // The newest so many bytes.
  private tell(n: number): void {
    const block = this.blocks[this.blocks.length - 1], bytes = block.bytes.subarray(block.n - n, block.n);
    for (const listener of this.listeners) listener(block, bytes);
  }
}
