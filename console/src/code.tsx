// code.tsx - programs for this very connection, to copy: each of them runs as it stands.
import { useState } from "preact/hooks";
import { Link, Used } from "./daemon";
import { Profile, useProfiles } from "./profiles";
import { recall } from "./store";
import { encoder } from "./text";

interface Snippet { label: string; needs: string; file: string; text: (at: string, link: Link, says: Used) => string }

// What the built-in demo devices understand, and any device as far as anybody knows.
const DEMO: Record<string, string> = { "virtual:instrument": "*IDN?\n", "virtual:pump": "RAT\r\n", "virtual:counter": "RATE 20\r\n" };
const HELLO = "hello\r\n";

// What it is told in a program: what a person told it last, by the profile that it has now; else the question who it is; else something.
function suited(link: Link, profiles: Profile[]): Used {
  const profile = profiles.find((q) => q.id === link.options.profile);
  const last = recall<Used | null>(`used:${link.device}`, null);
  if (last && ("payload" in last || profile?.commands?.some((c) => c.name === last.command))) return last;
  return profile?.identify ?? { payload: [...encoder.encode(DEMO[link.address] ?? HELLO)] };
}

// Bytes as text, if they are text.
function payload(bytes: number[]): string | number[] {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return bytes;
  }
}

// What differs from the defaults, so that the program opens the device in the same way.
function options({ options: o }: Link): Record<string, unknown> {
  const out: Record<string, unknown> = { "baud-rate": o["baud-rate"] };
  if (o["data-bits"] !== 8) out["data-bits"] = o["data-bits"];
  if (o.parity !== "none") out.parity = o.parity;
  if (o["stop-bits"] !== 1) out["stop-bits"] = o["stop-bits"];
  if (o["flow-control"] !== "none") out["flow-control"] = o["flow-control"];
  if (o.profile) out.profile = o.profile;
  return out;
}

const request = (link: Link) => JSON.stringify({ name: link.name, address: link.address, ...options(link) }, null, 2);

// A value as Python writes it.
function python(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${python(v)}`).join(", ")}}`;
}

// The members of the request that tells the device, and its name.
const telling = (says: Used): [request: string, data: Record<string, unknown>] => ("payload" in says
  ? ["send-raw", { payload: payload(says.payload) }]
  : ["send-command", { command: says.command, ...(Object.keys(says.args).length && { args: says.args }) }]);

// Behind a name that stands there as a variable.
const behind = (data: Record<string, unknown>, write: (value: unknown) => string) =>
  Object.entries(data).map(([k, v]) => `, ${write === python ? JSON.stringify(k) : k}: ${write(v)}`).join("");

const SNIPPETS: Record<string, Snippet> = {
  javascript: {
    label: "JavaScript", needs: "npm install socket.io-client", file: "device.mjs",
    text: (at, link, says) => {
      const [event, data] = telling(says), call = `await socket.emitWithAck("${event}", { name${behind(data, JSON.stringify)} });`;
      return `import { io } from "socket.io-client"; // in a page and in Node

const socket = io(${JSON.stringify(at)});
const name = ${JSON.stringify(link.name)};
const decoder = new TextDecoder();

// What the device sends: an event with the connection's name.
socket.on(name, (bytes) => console.log(decoder.decode(bytes, { stream: true })));

// Opens the device, unless it is open under this name already.
const opened = await socket.emitWithAck("activate-connection", ${request(link).replace(/^ {2}"name": .*,$/m, "  name,")});
if (!opened.ok) throw new Error(opened.error.message);

${"payload" in says ? `// Put in what your device understands. Answered when its driver has taken the last byte.
${call}` : `// A command of its profile: the view Commands shows what others there are. Answered with what the device answered.
const answer = ${call}
console.log(answer.ok ? answer.response : answer.error.message);`}
`;
    },
  },
  python: {
    label: "Python", needs: 'pip install "python-socketio[client]"', file: "device.py",
    text: (at, link, says) => {
      const [event, data] = telling(says), call = `client.call("${event}", {"name": NAME${behind(data, python)}})`;
      return `import socketio

NAME = ${JSON.stringify(link.name)}
client = socketio.Client()


@client.on(NAME)
def received(data):
    """What the device sends: an event with the connection's name."""
    print(data.decode(errors="replace"), flush=True)


client.connect(${JSON.stringify(at)})

# Opens the device, unless it is open under this name already.
opened = client.call("activate-connection", ${request(link).replace(/^ {2}"name": .*,$/m, '  "name": NAME,')})
if not opened["ok"]:
    raise SystemExit(opened["error"]["message"])

${"payload" in says ? `# Put in what your device understands. Answered when its driver has taken the last byte.
${call}` : `# A command of its profile: the view Commands shows what others there are. Answered with what the device answered.
answer = ${call}
print(answer["response"] if answer["ok"] else answer["error"]["message"], flush=True)`}
client.wait()
`;
    },
  },
  http: {
    label: "Shell", needs: "curl", file: "device.sh",
    text: (at, link, says) => {
      const quoted = (text: string) => `'${text.replace(/'/g, "'\\''")}'`;
      const post = (event: string, data: unknown) =>
        `curl -sS -H 'Content-Type: application/json' ${at}api/v1/${event} \\\n  -d ${quoted(JSON.stringify(data))}`;
      const [event, data] = telling(says);
      return `#!/bin/sh
# Opens the device, unless it is open under this name already.
${post("activate-connection", { name: link.name, address: link.address, ...options(link) })}

# ${"payload" in says ? "Put in what your device understands." : "A command of its profile, and what the device answers."}
${post(event, { name: link.name, ...data })}

# What it has sent so far, in base64.
${post("read-history", { name: link.name })}
`;
    },
  },
};

export function CodeView(p: { link: Link }) {
  const [kind, setKind] = useState("javascript");
  const [copied, setCopied] = useState(false);
  const profiles = useProfiles();
  const snippet = SNIPPETS[kind], text = snippet.text(`${location.origin}/`, p.link, suited(p.link, profiles));
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 3000);
  };
  return (
    <div class="code">
      <div class="tools" role="toolbar" aria-label={`Programs for ${p.link.name}`}>
        {Object.entries(SNIPPETS).map(([key, { label }]) => (
          <button type="button" key={key} class="toggle" aria-pressed={key === kind} onClick={() => setKind(key)}>{label}</button>
        ))}
        <span class="spread" />
        <button type="button" onClick={copy}>Copy</button>
        <span class="hint" role="status">{copied ? "Copied" : ""}</span>
      </div>
      <p class="hint">Save it as <code>{snippet.file}</code>. It needs <code>{snippet.needs}</code>.</p>
      <pre tabIndex={0} aria-label={`${snippet.label} program for ${p.link.name}`}>{text}</pre>
    </div>
  );
}
