// held.test.mjs - five generations of socket.io-client wait at the door while the person decides, for 50 seconds, and what they
// sent meanwhile is done when the answer is yes (row B20 of the list of hostile inputs).
import assert from "node:assert";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { startDaemon, within } from "./support.mjs";

const CLIENTS = ["sio-client-1.7", "sio-client-2.0", "sio-client-2.5", "sio-client-3.1", "sio-client-4"];
const HELD_MS = 50000;

const load = async (name) => {
  const module = await import(name);
  return module.io ?? module.default;
};

// The command line, as the person uses it.
function person(home, ...words) {
  const places = { XDG_CONFIG_HOME: `${home}/config`, XDG_STATE_HOME: `${home}/state`, XDG_RUNTIME_DIR: `${home}/run` };
  return execFileSync(process.env.PERIPHERAL_MANAGER, words, { env: { ...process.env, ...places }, encoding: "utf8" });
}

const questions = (home) => JSON.parse(person(home, "requests", "--json"));

test("clients of every version wait for the person, and lose nothing", { timeout: 240000 }, async (t) => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "pm-"));
  const daemon = await startDaemon(home, 0, "--demo", "--local-pages", "ask");
  const sockets = [];
  t.after(async () => {
    sockets.forEach((socket) => socket.disconnect());
    await daemon.stop();
    fs.rmSync(home, { recursive: true });
  });
  const early = [];
  const answers = [];
  for (const name of CLIENTS) {
    const io = await load(name);
    const headers = { Origin: `https://${name}.example` };
    const transportOptions = { polling: { extraHeaders: headers }, websocket: { extraHeaders: headers } };
    const socket = io(daemon.url, { forceNew: true, reconnection: false, extraHeaders: headers, transportOptions });
    sockets.push(socket);
    for (const event of ["disconnect", "error", "connect_error"]) socket.on(event, (why) => early.push([name, event, why]));
    answers.push(new Promise((resolve) => {
      socket.emit("activate-connection", { name, address: "virtual:echo" }, (first) => {
        socket.emit("list-devices", {}, (second) => resolve([first, second]));
      });
    }));
  }
  const deadline = Date.now() + 30000;
  while (questions(home).length < CLIENTS.length && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 200));
  const asked = questions(home);
  assert.equal(asked.length, CLIENTS.length);
  await new Promise((resolve) => setTimeout(resolve, HELD_MS));
  assert.deepEqual(early, []);
  for (const { id } of asked) person(home, "approve", id);
  const all = await within(Promise.all(answers), "the answers");
  all.forEach(([first, second], i) => {
    assert.ok(first.ok || first.error.code === "device-busy", CLIENTS[i]); // the first of them has it
    assert.ok(second.ok && second.devices.length > 0, CLIENTS[i]);
  });
  assert.equal(all.filter(([first]) => first.ok).length, 1);
  assert.deepEqual(early, []);
});
