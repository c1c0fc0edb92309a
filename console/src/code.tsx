// code.tsx - programs for this very connection, to copy: each of them runs as it stands.
import { useState } from "preact/hooks";
import { Link } from "./daemon";

interface Snippet { label: string; needs: string; file: string; text: (at: string, link: Link) => string }

// What differs from the defaults, so that the program opens the device in the same way.
function options({ options: o }: Link): Record<string, unknown> {
  const out: Record<string, unknown> = { "baud-rate": o["baud-rate"] };
  if (o["data-bits"] !== 8) out["data-bits"] = o["data-bits"];
  if (o.parity !== "none") out.parity = o.parity;
  if (o["stop-bits"] !== 1) out["stop-bits"] = o["stop-bits"];
  if (o["flow-control"] !== "none") out["flow-control"] = o["flow-control"];
  return out;
}

const request = (link: Link) => JSON.stringify({ name: link.name, address: link.address, ...options(link) }, null, 2);

const SNIPPETS: Record<string, Snippet> = {
  javascript: {
    label: "JavaScript", needs: "npm install socket.io-client", file: "device.mjs",
    text: (at, link) => `import { io } from "socket.io-client"; // in a page and in Node

const socket = io(${JSON.stringify(at)});
const name = ${JSON.stringify(link.name)};
const decoder = new TextDecoder();

// What the device sends: an event with the connection's name.
socket.on(name, (bytes) => console.log(decoder.decode(bytes, { stream: true })));

// Opens the device, unless it is open under this name already.
const answer = await socket.emitWithAck("activate-connection", ${request(link).replace(/^ {2}"name": .*,$/m, "  name,")});
if (!answer.ok) throw new Error(answer.error.message);

// Answered when the device's driver has taken the last byte.
await socket.emitWithAck("send-raw", { name, payload: "hello\\r\\n" });
`,
  },
  python: {
    label: "Python", needs: 'pip install "python-socketio[client]"', file: "device.py",
    text: (at, link) => `import socketio

NAME = ${JSON.stringify(link.name)}
client = socketio.Client()


@client.on(NAME)
def received(data):
    """What the device sends: an event with the connection's name."""
    print(data.decode(errors="replace"), flush=True)


client.connect(${JSON.stringify(at)})

# Opens the device, unless it is open under this name already.
answer = client.call("activate-connection", ${request(link).replace(/^ {2}"name": .*,$/m, '  "name": NAME,')})
if not answer["ok"]:
    raise SystemExit(answer["error"]["message"])

# Answered when the device's driver has taken the last byte.
client.call("send-raw", {"name": NAME, "payload": "hello\\r\\n"})
client.wait()
`,
  },
  http: {
    label: "Shell", needs: "curl", file: "device.sh",
    text: (at, link) => {
      const quoted = (text: string) => `'${text.replace(/'/g, "'\\''")}'`;
      const post = (event: string, data: unknown) =>
        `curl -sS -H 'Content-Type: application/json' ${at}api/v1/${event} \\\n  -d ${quoted(JSON.stringify(data))}`;
      return `#!/bin/sh
# Opens the device, unless it is open under this name already.
${post("activate-connection", { name: link.name, address: link.address, ...options(link) })}

${post("send-raw", { name: link.name, payload: "hello\r\n" })}

# What it has sent so far, in base64.
${post("read-history", { name: link.name })}
`;
    },
  },
};

export function CodeView(p: { link: Link }) {
  const [kind, setKind] = useState("javascript");
  const [copied, setCopied] = useState(false);
  const snippet = SNIPPETS[kind], text = snippet.text(`${location.origin}/`, p.link);
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
