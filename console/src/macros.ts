// macros.ts - small scripts of lines to send, with delays and waits.
import { daemon, Link } from "./daemon";
import { concat, InputError, parseEscapes, parseHex, parseInput } from "./text";

export interface Macro { name: string; script: string }

export const HELP = `Each line is sent, with escapes such as \\r or \\x1b and the line ending chosen.
@delay 500        wait half a second
@wait OK 2000     wait until OK comes, 2 seconds at most
@hex 01 02 ff     send bytes
@break 250        send a break
# a remark`;

const WAIT_MS = 5000;
const LINE_MS_MAX = 3600000;

type Step = { line: number } & (
  | { does: "send"; bytes: Uint8Array } | { does: "delay" | "break"; ms: number } | { does: "wait"; bytes: Uint8Array; ms: number });

function milliseconds(text: string | undefined, otherwise: number): number {
  const ms = text ? Number(text) : otherwise;
  if (!Number.isInteger(ms) || ms < 0 || ms > LINE_MS_MAX) throw new InputError(`"${text}" is no number of milliseconds`);
  return ms;
}

function parseLine(text: string, ending: string, line: number): Step | null {
  const [, word, rest = ""] = /^@(\w+)\s*(.*)$/.exec(text) ?? [];
  if (!text.trim() || text.startsWith("#")) return null;
  if (!word) return { line, does: "send", bytes: parseInput("escapes", text.replace(/^\\@/, "@"), ending) };
  if (word === "delay") return { line, does: "delay", ms: milliseconds(rest, 1000) };
  if (word === "break") return { line, does: "break", ms: milliseconds(rest, 250) };
  if (word === "hex") return { line, does: "send", bytes: parseHex(rest) };
  if (word !== "wait") throw new InputError(`there is no @${word}`);
  const [, pattern, ms] = /^(.+?)(?:\s+(\d+))?$/.exec(rest) ?? [];
  if (!pattern) throw new InputError("@wait needs what to wait for");
  return { line, does: "wait", bytes: parseEscapes(pattern), ms: milliseconds(ms, WAIT_MS) };
}

export function parseMacro(script: string, ending: string): Step[] {
  return script.split("\n").flatMap((text, i) => {
    try {
      return parseLine(text, ending, i + 1) ?? [];
    } catch (error) {
      throw new InputError(`line ${i + 1}: ${(error as Error).message}`);
    }
  });
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new InputError("stopped"));
    }, { once: true });
  });
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let i = 0; i + wanted.length <= bytes.length; i++) if (wanted.every((b, j) => bytes[i + j] === b)) return i;
  return -1;
}

// What came since the macro began, or since the last wait was met.
class Watcher {
  private tail: Uint8Array = new Uint8Array(0);
  private met: (() => void) | null = null;
  readonly stop: () => void;

  constructor(link: Link) {
    this.stop = link.stream.onData((block, bytes) => {
      if (block.kind !== "rx") return;
      this.tail = concat([this.tail, bytes]).slice(-65536);
      this.met?.();
    });
  }

  // True once the bytes have come: what follows them stays for the next wait.
  async wait(wanted: Uint8Array, ms: number, signal: AbortSignal): Promise<boolean> {
    const look = () => {
      const at = indexOf(this.tail, wanted);
      if (at >= 0) this.tail = this.tail.slice(at + wanted.length);
      return at >= 0;
    };
    if (look()) return true;
    const come = new Promise<boolean>((resolve) => (this.met = () => look() && resolve(true)));
    return Promise.race([come, sleep(ms, signal).then(() => false)]).finally(() => (this.met = null));
  }
}

// Run it; rejects with what went wrong, or when it is stopped.
export async function runMacro(link: Link, macro: Macro, ending: string, signal: AbortSignal): Promise<void> {
  const steps = parseMacro(macro.script, ending), watcher = new Watcher(link);
  try {
    for (const step of steps) {
      if (signal.aborted) throw new InputError("stopped");
      if (step.does === "delay") {
        await sleep(step.ms, signal);
      } else if (step.does === "wait") {
        if (!(await watcher.wait(step.bytes, step.ms, signal))) throw new InputError(`line ${step.line}: it did not come within ${step.ms} ms`);
      } else {
        const answer = step.does === "send" ? await daemon.send(link, step.bytes)
          : await daemon.ask("send-break", { name: link.name, milliseconds: Math.max(1, step.ms) });
        if (!answer.ok) throw new InputError(answer.error.message, answer.error.code);
      }
    }
  } finally {
    watcher.stop();
  }
}
