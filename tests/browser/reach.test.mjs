// reach.test.mjs - Chromium's own door before this machine, for a page of the public network: what docs/browsers.md says of it, by the
// function that stands there (docs: hostile inputs M01, M03).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { startChromium, startDaemon, startPages } from "./support.mjs";

const DOCS = readFileSync(path.join(import.meta.dirname, "../../docs/browsers.md"), "utf8");
const REACH = DOCS.match(/```js\n(async function reach\(\) \{[\s\S]*?\n\})\n```/)[1];
const PAGE = `<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,"><script>${REACH}</script>`;

let daemon, pages, browser, app;

const reach = (where) => where.evaluate(() => reach());
const socket = (where) => where.evaluate((url) => new Promise((resolve) => {
  const ws = new WebSocket(`${url.replace("http", "ws")}socket.io/?EIO=4&transport=websocket`);
  ws.onopen = () => resolve("open");
  ws.onerror = () => resolve("error");
}), daemon.url);

before(async () => {
  daemon = await startDaemon(["--local-pages", "ask"]);
  pages = await startPages({ "/": ["text/html", PAGE.replace("http://localhost:3000/", daemon.url)] });
  browser = await startChromium({ args: [`--ip-address-space-overrides=127.0.0.1:${pages.port}=public`] });
});
after(() => Promise.all([browser, daemon, pages].map((part) => part?.stop())));

it("M01 is told apart: the browser says no, and later yes, without a reload", async () => {
  app = await browser.page(pages.url); // without a person Chromium answers its question with no
  assert.equal(await reach(app), "blocked by the browser");
  assert.equal(await socket(app), "error");
  await browser.context.grantPermissions(["local-network-access"]);
  assert.equal(await reach(app), "here");
  assert.equal(await socket(app), "open");
});

it("M03 is told apart: nothing runs here", async () => {
  const { port } = daemon;
  await daemon.stop();
  assert.equal(await reach(app), "not running");
  daemon = await startDaemon(["--local-pages", "ask"], port);
  assert.equal(await reach(app), "here");
});
