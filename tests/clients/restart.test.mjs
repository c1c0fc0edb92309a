// restart.test.mjs - the daemon is stopped or killed and started again: clients of every generation come back by
// themselves and find their connection.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { startDaemon, until, within } from "./support.mjs";

const require = createRequire(import.meta.url);
const GENERATIONS = ["1.7", "2.0", "2.5", "3.1", "4"];
const TRANSPORTS = [["polling"], ["websocket"], ["polling", "websocket"]];

// A page that uses the connection "echo" as an application does, and notes what it gets.
function page(generation, url, transports) {
  const io = require(`sio-client-${generation}`);
  const socket = io(url, { transports, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 200 });
  const self = { title: `${generation} ${transports}`, socket, joined: 0, got: "", gaps: [], place: null };
  socket.on("connect", () => { self.joined += 1; });
  socket.on("echo", (data) => { self.got += Buffer.from(data).toString(); });
  socket.on("rx-gap", (gap) => self.gaps.push(gap));
  self.ask = (event, data) => within(new Promise((resolve) => socket.emit(event, data, resolve)), `${self.title}: ${event}`);
  return self;
}

async function session(home, end) {
  let daemon = await startDaemon(home, 0, "--demo");
  const post = async (event, data) => {
    const body = JSON.stringify(data);
    const answer = await fetch(`${daemon.url}/api/v1/${event}`, {
      method: "POST", body, headers: { "Content-Type": "application/json" } });
    return answer.json();
  };
  assert.ok((await post("activate-connection", { name: "echo", address: "virtual:echo" })).ok);
  const pages = GENERATIONS.flatMap((g) => TRANSPORTS.map((t) => page(g, daemon.url, t)));
  try {
    for (const p of pages) {
      await until(() => p.joined === 1, `${p.title} to connect`);
      p.place = (await p.ask("subscribe", { names: ["echo"] })).subscriptions.echo;
    }
    assert.ok((await post("send-raw", { name: "echo", payload: "before" })).ok);
    for (const p of pages) await until(() => p.got === "before", `${p.title} to get the bytes`);
    const kept = `${home}/state/peripheral-manager/connections.json`;
    await until(() => fs.readFile(kept, "utf8").then((text) => text.includes('"echo"'), () => false), "the file");
    await end(daemon);
    daemon = await startDaemon(home, daemon.port, "--demo");
    for (const p of pages) {
      await until(() => p.joined >= 2, `${p.title} to come back`);
      const since = p.place.offset + "before".length;
      const { echo } = (await p.ask("subscribe", { names: ["echo"], since, epoch: p.place.epoch })).subscriptions;
      assert.notEqual(echo.epoch, p.place.epoch, p.title);
      assert.notEqual(p.socket.recovered, true, p.title);
    }
    assert.ok((await pages[0].ask("send-raw", { name: "echo", payload: "after" })).ok);
    for (const p of pages) {
      await until(() => p.got.length >= "beforeafter".length, `${p.title} to get the bytes`);
      assert.equal(p.got, "beforeafter", p.title);
      assert.deepEqual(p.gaps.map((g) => [g.name, g.from, g.reason]), [["echo", 6, "epoch"]], p.title);
    }
  } finally {
    pages.forEach((p) => p.socket.close());
    await daemon.stop();
  }
}

describe("a daemon that comes back", () => {
  for (const [how, end] of [["stopped", (d) => d.stop()], ["killed", (d) => d.kill()]]) {
    it(`after it was ${how}`, async () => {
      const home = await fs.mkdtemp(path.join(os.tmpdir(), "pm-restart-"));
      try {
        await session(home, end);
      } finally {
        await fs.rm(home, { recursive: true });
      }
    });
  }
});
