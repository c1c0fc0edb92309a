// wire.ts - a Socket.IO client over WebSocket, as much of it as the console needs. It comes back by itself when the daemon does.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };
export type Data = { [key: string]: unknown };
export interface Failure { code: string; message: string; [more: string]: unknown }
export type Answer = { ok: true; error?: undefined; [member: string]: any } | { ok: false; error: Failure };
export type State = "connecting" | "online" | "offline" | "refused";

export interface Listener {
  onState(state: State, reason?: Failure): void;
  onEvent(event: string, args: any[]): void;
  onTraffic(does: "asks" | "answered" | "gets", event: string, args: unknown[]): void;
}

const RETRY_FIRST_MS = 250, RETRY_LAST_MS = 3000;
// What the page answers itself while the daemon is away.
export const OFFLINE = {
  ok: false as const, error: { code: "offline", message: "The daemon does not answer; nothing was sent. The page comes back by itself." },
};

interface Packet { type: string; id: number; args: any[]; missing: number; parts: ArrayBuffer[] }

// Replace binary values by placeholders, as Socket.IO wants them, and collect them.
function takeOut(value: unknown, parts: Uint8Array[]): unknown {
  if (value instanceof Uint8Array) return { _placeholder: true, num: parts.push(value) - 1 };
  if (Array.isArray(value)) return value.map((v) => takeOut(v, parts));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, takeOut(v, parts)]));
  return value;
}

function putIn(value: any, parts: ArrayBuffer[]): any {
  if (Array.isArray(value)) return value.map((v) => putIn(v, parts));
  if (!value || typeof value !== "object") return value;
  if (value._placeholder === true) return parts[value.num];
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, putIn(v, parts)]));
}

export class Wire {
  private socket: WebSocket | null = null;
  private waiting = new Map<number, (answer: Answer) => void>();
  private nextId = 0;
  private packet: Packet | null = null;
  private retry = RETRY_FIRST_MS;
  private silence = 0; // ms after which the daemon counts as gone
  private watchdog = 0;
  private session: string | null = null;
  online = false;

  constructor(private listener: Listener) {}

  // Connect, or connect anew with another console session.
  start(session: string | null): void {
    this.session = session;
    this.listener.onState("connecting");
    this.open();
  }

  private open(): void {
    this.online = false;
    const old = this.socket;
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`);
    this.socket = socket;
    old?.close();
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.socket === socket && this.onMessage(data);
    socket.onclose = () => this.socket === socket && this.onClose();
  }

  ask(event: string, data: Data = {}): Promise<Answer> {
    this.listener.onTraffic("asks", event, [data]);
    if (!this.online || !this.socket) return Promise.resolve(OFFLINE);
    const parts: Uint8Array[] = [], id = this.nextId++;
    const json = JSON.stringify([event, takeOut(data, parts)]);
    this.socket.send(parts.length ? `45${parts.length}-${id}${json}` : `42${id}${json}`);
    parts.forEach((part) => this.socket!.send(part as Uint8Array<ArrayBuffer>));
    return new Promise((resolve) => {
      this.waiting.set(id, (answer) => {
        this.listener.onTraffic("answered", event, [answer]);
        resolve(answer);
      });
    });
  }

  private onMessage(data: string | ArrayBuffer): void {
    this.listen();
    if (typeof data !== "string") this.onPart(data);
    else if (data[0] === "0") this.onHandshake(JSON.parse(data.slice(1)));
    else if (data === "2") this.socket!.send("3");
    else if (data[0] === "1") this.socket!.close();
    else if (data[0] === "4") this.onPacket(data);
  }

  private onHandshake(hello: { pingInterval: number; pingTimeout: number }): void {
    this.silence = hello.pingInterval + hello.pingTimeout;
    this.socket!.send(this.session ? `40${JSON.stringify({ session: this.session })}` : "40");
  }

  private onPacket(text: string): void {
    const [, type, count, id, json] = /^4(\d)(?:(\d+)-)?(\d*)(.*)$/s.exec(text)!;
    const args = json ? JSON.parse(json) : [];
    if (type === "0") {
      this.online = true;
      this.retry = RETRY_FIRST_MS;
      this.listener.onState("online");
    } else if (type === "1") {
      this.socket!.close();
    } else if (type === "4") {
      this.listener.onState("refused", { code: args.data?.code ?? "refused", message: args.message ?? "" });
    } else {
      this.packet = { type, id: id ? Number(id) : -1, args, missing: Number(count ?? 0), parts: [] };
      this.deliver();
    }
  }

  private onPart(part: ArrayBuffer): void {
    if (!this.packet) return;
    this.packet.parts.push(part);
    this.packet.missing--;
    this.deliver();
  }

  private deliver(): void {
    const packet = this.packet!;
    if (packet.missing > 0) return;
    this.packet = null;
    const args = putIn(packet.args, packet.parts);
    if (packet.type === "2" || packet.type === "5") {
      this.listener.onTraffic("gets", args[0], args.slice(1));
      this.listener.onEvent(args[0], args.slice(1));
    } else {
      this.waiting.get(packet.id)?.(args[0]);
      this.waiting.delete(packet.id);
    }
  }

  // The daemon said something: it is there until it has been silent for too long.
  private listen(): void {
    clearTimeout(this.watchdog);
    if (this.silence) this.watchdog = setTimeout(() => this.socket?.close(), this.silence);
  }

  private onClose(): void {
    clearTimeout(this.watchdog);
    this.online = false;
    this.packet = null;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    waiting.forEach((done) => done(OFFLINE));
    this.listener.onState("offline");
    this.again();
  }

  // Firefox lets a page whose WebSockets fail wait ever longer for the next one, up to a minute: none is tried before HTTP answers.
  private again(): void {
    const old = this.socket;
    setTimeout(async () => {
      const there = await fetch("/health", { cache: "no-store" }).then(() => true, () => false);
      if (this.socket !== old) return; // started anew meanwhile
      if (there) this.open();
      else this.again();
    }, this.retry);
    this.retry = Math.min(this.retry * 2, RETRY_LAST_MS);
  }
}
