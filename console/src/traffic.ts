// traffic.ts - what clients say and get, live: all of them, as the daemon tells the person; else this page alone.
import { daemon } from "./daemon";
import { Store } from "./store";
import { fromBase64 } from "./text";

export type Does = "comes" | "away" | "back" | "leaves" | "asks" | "answered" | "gets";

// As the daemon tells it.
interface Entry {
  time: number; client: number; kind: string; origin?: string; does: Does; event: string; data?: string; bytes?: number; head?: { base64: string };
}

export interface Row {
  id: number; time: number; client: number; who: string; origin: string; does: Does; event: string;
  text: string; // of what was said, shortened
  answer: string | null; // to a request
  bytes: number; // 0: none
  count: number; // of messages with bytes that this row stands for
}

const ROWS_MAX = 2000;
const NEAR = 12; // rows back that bytes of the same connection are joined with
const PENDING = 200; // rows back that a question is looked for
const TEXT_MAX = 300, HEAD_MAX = 48;

const WHO: Record<string, string> = { page: "page", console: "console", program: "program", person: "command line" };

// Arguments as JSON, binary ones as their length.
function argumentsText(args: unknown[]): string {
  const text = args.map((a) => JSON.stringify(a, (_, v) => {
    if (v instanceof ArrayBuffer) return `${v.byteLength} bytes`;
    return v instanceof Uint8Array ? `${v.length} bytes` : v;
  })).join(", ");
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

class Traffic extends Store {
  rows: Row[] = [];
  missed = 0; // entries that the daemon counted only
  all = false; // it is everybody's
  own = 0; // the number of this page as a client
  private lookers = 0;
  private lastId = 0;

  constructor() {
    super();
    daemon.on("online", () => void (this.lookers && this.begin()));
    daemon.on("client-events", ({ entries, missed }: { entries: Entry[]; missed: number }) => {
      entries.forEach((e) => this.take(e, `${WHO[e.kind]}${e.client ? ` ${e.client}` : ""}`, e.data ?? "", e.head ? fromBase64(e.head.base64) : null));
      this.missed += missed;
      this.changed();
    });
    daemon.on("session-ended", () => this.alone());
  }

  // Somebody looks, until what this returns is called.
  look(): () => void {
    if (this.lookers++ === 0) void this.begin();
    return () => {
      if (--this.lookers > 0) return;
      daemon.heard = null;
      if (this.all) void daemon.ask("inspect-clients", { on: false });
    };
  }

  clear(): void {
    Object.assign(this, { rows: [], missed: 0 });
    this.changed();
  }

  private async begin(): Promise<void> {
    const answer = await daemon.ask("inspect-clients");
    if (!answer.ok) return this.alone();
    daemon.heard = null;
    [this.all, this.own] = [true, answer.client];
    this.changed();
  }

  // Without a console session: what goes over this page's connection.
  private alone(): void {
    this.all = false;
    daemon.heard = (does, event, args) => {
      const [bytes] = args.filter((a) => a instanceof ArrayBuffer);
      const entry: Entry = { time: Date.now(), client: 0, kind: "page", does, event, bytes: bytes?.byteLength };
      this.take(entry, "", bytes ? "" : argumentsText(args), bytes ? new Uint8Array(bytes, 0, Math.min(HEAD_MAX, bytes.byteLength)) : null);
      this.changed();
    };
    this.changed();
  }

  private take(e: Entry, who: string, text: string, head: Uint8Array | null): void {
    if (e.does === "answered" && this.answer(e, text)) return;
    const bytes = e.bytes ?? 0, shown = head && e.does === "gets" ? new TextDecoder().decode(head) : text;
    if (bytes && e.does === "gets" && this.join(e, bytes, shown)) return;
    this.rows.push({
      id: ++this.lastId, time: e.time, client: e.client, who, origin: e.origin ?? "", does: e.does, event: e.event, text: shown, answer: null, bytes, count: 1,
    });
    if (this.rows.length > ROWS_MAX) this.rows.splice(0, ROWS_MAX / 5);
  }

  // The first of the last rows that fits, or -1.
  private near(rows: number, fits: (row: Row) => boolean): number {
    return this.rows.findIndex((row, i) => i >= this.rows.length - rows && fits(row));
  }

  // Into the row of its question: the first of that name that waits.
  private answer(e: Entry, text: string): boolean {
    const at = this.near(PENDING, (r) => r.client === e.client && r.does === "asks" && r.event === e.event && r.answer === null);
    if (at >= 0) this.rows[at] = { ...this.rows[at], answer: text };
    return at >= 0;
  }

  private join(e: Entry, bytes: number, text: string): boolean {
    const at = this.near(NEAR, (r) => r.client === e.client && r.does === "gets" && r.event === e.event && r.bytes > 0);
    if (at < 0) return false;
    const row = this.rows[at];
    this.rows[at] = { ...row, time: e.time, text, bytes: row.bytes + bytes, count: row.count + 1 };
    return true;
  }
}

export const traffic = new Traffic();
