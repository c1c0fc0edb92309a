// daemon.ts - what the daemon told: devices, connections and their streams, always as they are now.
import * as session from "./session";
import { remember, Store } from "./store";
import { Stream } from "./stream";
import { Answer, Data, Failure, State, Wire } from "./wire";

export interface Device {
  address: string; id: string; kind: string; description: string; product: string; manufacturer: string; serialnumber: string;
  name: string; vid: number | null; pid: number | null; location: string;
  connection: string | null; "in-use-by": string | null; unusable: string | null; "identity-conflict": boolean;
  profiles: string[]; // that say that they are for it
}

// What a person calls it.
export const title = (d: Device): string => d.product || d.description || d.name;

export interface Options {
  "baud-rate": number; "data-bits": number; parity: string; "stop-bits": number; "flow-control": string; dtr: string; rts: string;
  [more: string]: unknown;
}

export interface Signals { cts: boolean; dsr: boolean; dcd: boolean; ri: boolean; dtr: boolean; rts: boolean; break?: boolean }

export interface Errors { framing: number; parity: number; break: number; overrun: number; "buffer-overrun": number }

export interface Connection {
  name: string; address: string; device: string; state: string; epoch: number; offset: number; options: Options;
  claimed: boolean; errors: Errors;
}

// A connection with what this page knows about it beyond the daemon's list.
export interface Link extends Connection {
  stream: Stream;
  signals: Signals | null;
  closed: string | null; // why, once it is
  trouble: string | null; // lost: why its device, which is back, cannot be opened
  told: Told[]; // the newest that its profile made of what it sent
}

export interface Told { time: number; event: string; values: unknown }

// What a person has told the device last, which it may understand: bytes, or a command of its profile.
export type Used = { payload: number[] } | { command: string; args: Record<string, unknown> };

export function used(link: Link, what: Used): void {
  remember(`used:${link.device}`, what);
}

const USED_MAX = 200; // bytes
const HISTORY_MAX = 2 * 1024 * 1024; // of what came before the page, this much is shown
const TOLD_MAX = 5000;

const REASONS: Record<string, string> = {
  slow: "this page was too slow for them",
  overrun: "the hardware had no room for them",
  reopened: "the device was away",
  epoch: "the daemon was started again",
};

const CLOSED: Record<string, string> = { deactivated: "disconnected", revoked: "closed: its permission was taken back" };

function gapText(gap: { from: number; to: number; reason: string; bytes?: number | null }): string {
  const n = gap.bytes || gap.to - gap.from;
  return `${n > 0 ? `${n.toLocaleString("en")} bytes are missing` : "bytes may be missing"}: ${REASONS[gap.reason] ?? gap.reason}`;
}

export class Daemon extends Store {
  state: State = "connecting";
  refusal: Failure | null = null;
  devices: Device[] = [];
  links = new Map<string, Link>();
  sessionOver = false; // the person's right ended while the page was there
  heard: ((does: "asks" | "answered" | "gets", event: string, args: unknown[]) => void) | null = null; // what goes over this page's connection
  private wire = new Wire({
    onState: (state, reason) => this.onState(state, reason),
    onEvent: (event, args) => this.onEvent(event, args),
    onTraffic: (does, event, args) => this.heard?.(does, event, args),
  });
  private hearers = new Map<string, Set<(data: any) => void>>();

  start(bearer: string | null): void {
    this.wire.start(bearer);
  }

  ask(event: string, data: Data = {}): Promise<Answer> {
    return this.wire.ask(event, data);
  }

  // The device's product name while it is here; else what is told of it.
  called(id: string, description: string): string {
    const device = this.devices.find((d) => d.id === id);
    return device ? title(device) : description;
  }

  // Open connections by name, and those that somebody still looks at.
  get open(): Link[] {
    return [...this.links.values()].filter((l) => l.closed === null);
  }

  async send(link: Link, bytes: Uint8Array, kind: "tx" | "keys" = "tx"): Promise<Answer> {
    link.stream.sent(bytes, kind);
    const answer = await this.ask("send-raw", { name: link.name, payload: bytes });
    if (!answer.ok) link.stream.note(`not sent: ${answer.error.message}`);
    else if (kind === "tx") used(link, { payload: [...bytes.subarray(0, USED_MAX)] });
    return answer;
  }

  // Hear events that only one part of the page needs; also "renamed" and the states of the page itself, such as "online".
  on(event: string, listener: (data: any) => void): () => void {
    const set = this.hearers.get(event) ?? new Set();
    this.hearers.set(event, set.add(listener));
    return () => void set.delete(listener);
  }

  private onState(state: State, reason?: Failure): void {
    if (reason?.code === "session-required") {
      this.endSession();
      return this.wire.start(null);
    }
    this.state = state;
    this.refusal = reason ?? null;
    if (state === "offline") this.links.forEach((l) => (l.stream.following = false));
    if (state === "online") this.refresh();
    this.tell(state, null);
    this.changed();
  }

  // Go on as a page without one.
  private endSession(): void {
    session.end();
    this.sessionOver = true;
  }

  private tell(event: string, data: unknown): void {
    this.hearers.get(event)?.forEach((listener) => listener(data));
  }

  private refresh(): void {
    void this.refreshDevices();
    void this.refreshConnections();
  }

  private async refreshDevices(): Promise<void> {
    const answer = await this.ask("list-devices");
    if (answer.ok) this.devices = answer.devices;
    this.changed();
  }

  // At once when the answer comes: events after it are newer.
  private async refreshConnections(): Promise<void> {
    const answer = await this.ask("list-connections");
    if (!answer.ok) return;
    const names = new Set<string>(answer.connections.map((c: Connection) => c.name));
    this.open.forEach((l) => !names.has(l.name) && this.close(l.name, "it was closed meanwhile"));
    answer.connections.forEach((c: Connection) => this.adopt(c));
    this.changed();
  }

  private adopt(c: Connection): void {
    const known = this.links.get(c.name);
    const same = known && (known.closed === null || known.address === c.address);
    const link: Link = same ? Object.assign(known, c, { closed: null })
      : { ...c, stream: new Stream(), signals: null, closed: null, trouble: null, told: [] };
    this.links.set(c.name, link);
    if (!link.stream.following) void this.follow(link);
    void this.ask("get-signals", { name: c.name }).then((answer) => {
      if (answer.ok) this.update(link, { signals: answer.signals });
    });
    this.changed();
  }

  // Get its bytes from where this page stopped, or from as far back as is shown.
  private async follow(link: Link): Promise<void> {
    const { stream } = link, { epoch } = stream;
    const since = epoch === null ? Math.max(0, link.offset - HISTORY_MAX) : stream.next;
    if (stream.asked) return;
    stream.asked = true;
    stream.liveFrom = link.offset;
    if (epoch === null) stream.next = since;
    const answer = await this.ask("subscribe", { names: [link.name], deliver: "bytes", since, ...(epoch === null ? {} : { epoch }) });
    const place = answer.ok ? answer.subscriptions[link.name] : null;
    stream.asked = false;
    if (typeof place?.offset !== "number") return;
    stream.moveTo(place.epoch, place.offset);
    stream.following = true; // the bytes come after this answer
  }

  update(link: Link, change: Partial<Link>): void {
    Object.assign(link, change);
    this.changed();
  }

  private close(name: string, reason: string): void {
    const link = this.links.get(name);
    if (!link) return;
    link.stream.note(CLOSED[reason] ?? `closed: ${reason}`);
    link.stream.end();
    this.update(link, { closed: reason, state: "closed" });
  }

  // Forget a closed connection that nobody looks at any more.
  forget(name: string): void {
    if (this.links.get(name)?.closed != null) this.links.delete(name);
    this.changed();
  }

  private rename(old: string, name: string): void {
    const link = this.links.get(old);
    if (!link) return;
    this.links.delete(old);
    this.links.set(name, Object.assign(link, { name }));
    this.tell("renamed", { old, name });
    this.changed();
  }

  private onEvent(event: string, args: any[]): void {
    const data = args[0];
    if (data instanceof ArrayBuffer) {
      const link = this.links.get(event);
      if (link?.stream.following) link.stream.receive(new Uint8Array(data));
      return;
    }
    this.handlers[event]?.(data);
    this.tell(event, data);
  }

  private with(name: string, change: (link: Link) => void): void {
    const link = this.links.get(name);
    if (link) change(link);
    this.changed();
  }

  private handlers: Record<string, (data: any) => void> = {
    "device-attached": () => void this.refreshDevices(),
    "device-detached": () => void this.refreshDevices(),
    "connection-opened": (c: Connection) => {
      this.adopt(c);
      void this.refreshDevices();
    },
    "connection-closed": ({ name, reason }) => {
      this.close(name, reason);
      void this.refreshDevices();
    },
    "connection-lost": ({ name, message }) => {
      this.with(name, (l) => {
        Object.assign(l, { state: "lost", trouble: message ?? null });
        l.stream.note(message ?? "the device is gone; it is opened again when it comes back");
      });
      void this.refreshDevices();
    },
    "connection-restored": (c: Connection) => {
      this.with(c.name, (l) => {
        Object.assign(l, c, { trouble: null });
        l.stream.note("the device is back");
      });
      void this.refreshDevices();
    },
    "connection-renamed": ({ old, new: name }) => {
      this.rename(old, name);
      void this.refreshDevices();
    },
    "connection-changed": (c: Connection) => this.with(c.name, (l) => Object.assign(l, c)),
    "connection-claimed": ({ name }) => this.with(name, (l) => (l.claimed = true)),
    "connection-released": ({ name }) => this.with(name, (l) => (l.claimed = false)),
    "signals-changed": ({ name, signals }) => this.with(name, (l) => (l.signals = signals)),
    "line-error": ({ name, ...errors }) => this.with(name, (l) => (l.errors = errors as Errors)),
    "session-ended": () => this.endSession(),
    "device-event": ({ name, event, values }) => {
      const told = this.links.get(name)?.told;
      told?.push({ time: Date.now(), event, values });
      if (told && told.length > TOLD_MAX) told.splice(0, TOLD_MAX / 5);
    },
    "rx-gap": (gap) => this.with(gap.name, (l) => {
      if (!l.stream.following && !l.stream.asked) return;
      l.stream.note(gapText(gap));
      l.stream.moveTo(gap.epoch, gap.to);
    }),
  };
}

export const daemon = new Daemon();
