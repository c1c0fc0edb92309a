// stream.ts - what one connection received and what this page sent to it, in blocks with their times; bounded, oldest forgotten first.

export type Kind = "rx" | "tx" | "keys" | "note"; // received; sent as a line or macro; typed key by key

export interface Block {
  kind: Kind;
  time: number; // ms since 1970, when the first byte came; 0 if nobody knows
  offset: number; // rx: of its first byte in the connection
  bytes: Uint8Array; // as long as it may grow
  n: number; // how many of them are filled
  note: string;
}

// A reader's place: the number of a block since the beginning, and a position in it.
export interface Cursor { block: number; at: number }

export interface Piece { block: Block; bytes: Uint8Array }

const BYTES_MAX = 4 * 1024 * 1024;
const BLOCKS_MAX = 40000;
const BLOCK = 4096; // small pieces that come at the same time share one
const SAME_TIME_MS = 4;

export class Stream {
  epoch: number | null = null;
  next = 0; // offset of the next byte
  following = false; // the daemon has said where the bytes that come now belong
  asked = false; // it has been asked
  liveFrom = 0; // offset: what comes before it was received earlier, nobody knows when
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
    this.push({ kind: "note", time: Date.now(), offset: this.next, bytes: new Uint8Array(0), n: 0, note: text });
    this.tell(this.blocks[this.blocks.length - 1], new Uint8Array(0));
  }

  onData(listener: (block: Block, bytes: Uint8Array) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  start(): Cursor {
    return { block: this.forgotten, at: 0 };
  }

  end(): Cursor {
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

  // When the byte at this offset came; null if that is not known.
  timeOf(offset: number): number | null {
    return this.rxAt(offset)?.time ?? null;
  }

  // How many bytes from this offset on, of at most n, came at the same time.
  sameTime(offset: number, n: number): number {
    const block = this.rxAt(offset);
    const end = block ? block.offset + block.n : (this.blocks[0]?.offset ?? Infinity);
    return Math.max(1, Math.min(n, end > offset ? end - offset : n));
  }

  // The block with the byte at this offset.
  private rxAt(offset: number): Block | null {
    let low = 0, high = this.blocks.length - 1, found = -1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.blocks[middle].offset <= offset) {
        found = middle;
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    while (found >= 0 && this.blocks[found].kind !== "rx") found--;
    const block = this.blocks[found];
    return block && offset < block.offset + block.n ? block : null;
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
      this.push({ kind, time, offset: this.next, bytes: room, n: bytes.length, note: "" });
    }
    this.tell(this.blocks[this.blocks.length - 1], bytes);
  }

  private push(block: Block): void {
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

  private tell(block: Block, bytes: Uint8Array): void {
    for (const listener of this.listeners) listener(block, bytes);
  }
}
