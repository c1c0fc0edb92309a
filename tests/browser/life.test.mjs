// life.test.mjs - what becomes of a page's device when its browser is killed, or the machine sleeps (docs: hostile inputs M07, M08).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, it } from "node:test";
import { sleep, startChromium, startDaemon, startPages, until } from "./support.mjs";

const CLIENT = path.join(import.meta.dirname, "node_modules/socket.io-client/dist/socket.io.min.js");
const PAGE = '<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,"><script src="/socket.io.js"></script>';

let daemon, pages, browser, page;

before(async () => {
  pages = await startPages({ "/socket.io.js": ["text/javascript", readFileSync(CLIENT)], "/": ["text/html", PAGE] });
  daemon = await startDaemon(["--demo", "--local-pages", "ask", "--allow-origin", pages.url.slice(0, -1)]);
});
beforeEach(async () => {
  browser = await startChromium();
  page = await browser.page(pages.url);
  await page.evaluate(async (url) => {
    globalThis.socket = io(url);
    globalThis.got = "";
    await socket.emitWithAck("activate-connection", { name: "echo", address: "virtual:echo" });
    socket.on("echo", (bytes) => (got += new TextDecoder().decode(bytes)));
    await socket.emitWithAck("claim", { name: "echo" });
  }, daemon.url);
});
after(() => Promise.all([daemon, pages].map((part) => part?.stop())));

const writes = async () => (await daemon.person("send-raw", { name: "echo", payload: "x" })).ok;

it("M08 a browser that is killed leaves its device to others", async () => {
  assert.equal(await writes(), false);
  browser.signal("SIGKILL");
  await until(writes, "the end of the claim");
  await browser.stop().catch(() => {});
});

it("M07 goes on where it was when all processes were stopped for a while", async () => {
  browser.signal("SIGSTOP");
  daemon.signal("SIGSTOP");
  await sleep(3000);
  daemon.signal("SIGCONT");
  browser.signal("SIGCONT");
  await page.evaluate(() => socket.emitWithAck("send-raw", { name: "echo", payload: "awake" }));
  await until(async () => (await page.evaluate(() => got)).endsWith("awake"), "the echo");
  assert.equal(await writes(), false); // the claim is still its own
  await browser.stop();
});
