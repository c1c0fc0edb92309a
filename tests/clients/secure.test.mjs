// secure.test.mjs - socket.io-client over https and wss, with a certificate that the daemon made: every transport, and a
// client that does not know the authority.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { io } from "sio-client-4";
import { next, startDaemon, within } from "./support.mjs";

let home, daemon, url, ca;

before(async () => {
  home = mkdtempSync(path.join(tmpdir(), "pm-wss-"));
  const places = { XDG_CONFIG_HOME: `${home}/config`, XDG_STATE_HOME: `${home}/state`, XDG_RUNTIME_DIR: `${home}/run` };
  execFileSync(process.env.PERIPHERAL_MANAGER, ["tls", "init"], { env: { ...process.env, ...places } });
  ca = readFileSync(`${home}/state/peripheral-manager/tls/ca.pem`);
  daemon = await startDaemon(home, 0, "--demo", "--tls", "--tls-port", "0");
  url = `https://localhost:${daemon.securePort}`;
});

after(async () => {
  await daemon?.stop();
  rmSync(home, { recursive: true, force: true });
});

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`bytes go there and back by ${transports.join(", then ")}`, async () => {
    const name = `echo by ${transports}`, payload = Buffer.alloc(100000, "0123456789abcdef");
    const socket = io(url, { transports, ca, reconnection: false, forceNew: true });
    await next(socket, "connect");
    while (socket.io.engine.transport.name !== transports.at(-1)) { // it may be there before `connect` is
      await within(new Promise((done) => socket.io.engine.once("upgrade", done)), "the upgrade");
    }
    const chunks = [];
    const whole = new Promise((done) => socket.on(name, (bytes) => {
      chunks.push(bytes);
      if (Buffer.concat(chunks).length >= payload.length) done();
    }));
    await within(socket.emitWithAck("activate-connection", { name, address: "virtual:echo" }), "the device");
    await within(socket.emitWithAck("send-raw", { name, payload }), "the bytes to go out");
    await within(whole, "the bytes to come back");
    assert.deepEqual(Buffer.concat(chunks), payload);
    await socket.emitWithAck("deactivate-connection", { name });
    socket.disconnect();
  });
}

test("who does not know the authority does not connect", async () => {
  const socket = io(url, { reconnection: false, forceNew: true });
  const [error] = await next(socket, "connect_error");
  assert.match(String(error.description?.message ?? error), /certificate|xhr poll error/i);
  socket.disconnect();
});
