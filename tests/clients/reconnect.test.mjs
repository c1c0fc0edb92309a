// reconnect.test.mjs - the programs of docs/reconnect.md, run as they stand there: a device talks on while its client is
// away, and no byte is missing, doubled or out of order.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { startDaemon, startLine, until, within } from "./support.mjs";

const require = createRequire(import.meta.url);
const TEXT = fs.readFileSync(path.join(import.meta.dirname, "../../docs/reconnect.md"), "utf8");
const [YOUNG, OLD, BARE] = [...TEXT.matchAll(/```js\n([^]*?)```/g)].map((m) => m[1]);
const POST = { method: "POST", headers: { "Content-Type": "application/json" } };

let home, daemon, line, sent;

async function post(event, data) {
  const answer = await (await fetch(`${daemon.url}/api/v1/${event}`, { ...POST, body: JSON.stringify(data) })).json();
  assert.ok(answer.ok, JSON.stringify(answer));
}

// The device says the next numbers.
async function say(n) {
  for (let i = 0; i < n; i++) {
    const text = `${sent.length}\n`;
    sent += text;
    await line.write(text);
  }
}

// A tab with a client of this generation; what it keeps outlives it.
function tab(program, generation, storage = {}) {
  const self = { got: "", storage };
  const io = (url, options) => {
    assert.equal(url, "http://localhost:3000");
    self.socket = require(`sio-client-${generation}`)(daemon.url, {
      ...options, transports: ["websocket"], forceNew: true, reconnectionDelay: 100, reconnectionDelayMax: 200 });
    self.socket.on("connect", () => (self.joined = (self.joined ?? 0) + 1));
    return self.socket;
  };
  const show = (bytes) => (self.got += Buffer.from(bytes).toString());
  const surroundings = { sessionStorage: storage, addEventListener: (_, leave) => (self.leave = leave) };
  new Function("io", "show", "globalThis", "sessionStorage", "console", program)(
    io, show, surroundings, storage, { warn: () => {} });
  return self;
}

const all = (t, what) => until(() => t.got.length >= sent.length, `all bytes ${what}; ${t.got.length} of ${sent.length} are there`);

async function restart(end) {
  await end(daemon);
  await say(50);
  daemon = await startDaemon(home, daemon.port, "--demo", "--allow-pty");
}

async function session(program, generation, mayReload) {
  let page = tab(program, generation);
  await until(() => page.joined, "the page to connect");
  await within(new Promise((resolve) => page.socket.emit("list-connections", {}, resolve)), "what it asked first to be done");
  await say(10);
  await all(page, "at first");
  for (const [what, happen] of [
    ["after a broken line", async () => { page.socket.io.engine.close(); await say(50); }],
    ["after a stop", () => restart((d) => d.stop())],
    ["after a kill", () => restart((d) => d.kill())],
  ]) {
    await happen();
    await say(10);
    await all(page, what);
    assert.equal(page.got, sent, what);
  }
  if (mayReload) {
    page.leave();
    page.socket.close();
    await say(50);
    page = Object.assign(tab(program, generation, page.storage), { got: page.got });
    await say(10);
    await all(page, "after a reload");
    assert.equal(page.got, sent, "after a reload");
  }
  page.socket.close();
}

describe("a page goes on where it was", () => {
  before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), "pm-reconnect-"));
    daemon = await startDaemon(home, 0, "--demo", "--allow-pty");
  });
  after(async () => {
    await daemon?.stop();
    fs.rmSync(home, { recursive: true });
  });
  const cases = [...["3.1", "4"].map((g) => [YOUNG, g, true]), ...["1.7", "2.0", "2.5", "3.1", "4"].map((g) => [OLD, g, false])];
  for (const [program, generation, mayReload] of cases) {
    it(`socket.io-client ${generation}, ${mayReload ? "by auth" : "by subscribe"}`, async () => {
      sent = "";
      line = await startLine();
      try {
        await post("activate-connection", { name: "meter", address: line.path });
        await session(program, generation, mayReload);
      } finally {
        await post("deactivate-connection", { name: "meter" });
        await line.stop();
      }
    });
  }

  it("a connection that is opened when the page is there has a place as well", async () => {
    sent = "";
    line = await startLine();
    const page = tab(YOUNG, "4");
    try {
      await until(() => page.joined, "the page to connect");
      await post("activate-connection", { name: "meter", address: line.path });
      await say(10);
      await all(page, "at first");
      await restart((d) => d.stop());
      await all(page, "after a stop");
      assert.equal(page.got, sent);
    } finally {
      page.socket.close();
      await post("deactivate-connection", { name: "meter" });
      await line.stop();
    }
  });

  it("a bare WebSocket", async () => {
    const { WebSocket } = require("ws");
    const Local = class extends WebSocket {
      constructor(url) {
        super(url.replace("localhost:3000", `127.0.0.1:${daemon.port}`));
      }
    };
    let got = "", socket;
    const program = new Function("WebSocket", "show", `${BARE}; return line;`);
    try {
      socket = program(Local, (bytes) => (got += Buffer.from(bytes).toString()));
      await until(() => got.includes("Peripheral Manager"), "the instrument's name");
    } finally {
      socket?.close();
    }
  });
});
