// reach.test.mjs - Chromium's own door before this machine, for a page of the public network: what docs/browsers.md says of it, by the
// function that stands there (docs: hostile inputs M01, M03, M04).
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { folder, startChromium, startDaemon, startPages } from "./support.mjs";

const DOCS = readFileSync(path.join(import.meta.dirname, "../../docs/browsers.md"), "utf8");
const REACH = DOCS.match(/```js\n(async function reach\(\) \{[\s\S]*?\n\})\n```/)[1];
const PAGE = `<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,"><script>${REACH}</script>`;

const FRAME = PAGE.replace("<script>", "<script>onmessage = async ({ source }) => source.postMessage(await reach(), '*');");

let daemon, pages, other, browser, app;

const reach = (where) => where.evaluate(() => reach());
const socket = (where) => where.evaluate((url) => new Promise((resolve) => {
  const ws = new WebSocket(`${url.replace("http", "ws")}socket.io/?EIO=4&transport=websocket`);
  ws.onopen = () => resolve("open");
  ws.onerror = () => resolve("error");
}), daemon.url);

const publicPages = () => [`--ip-address-space-overrides=${[pages, other].map((p) => `127.0.0.1:${p.port}=public`).join()}`];

// What a frame of another origin finds if the page passes this on to it.
const framed = (page, allow) => page.evaluate(([url, allow]) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  if (allow) frame.allow = allow;
  frame.src = url;
  frame.onload = () => frame.contentWindow.postMessage("go", "*");
  addEventListener("message", (e) => resolve(e.data), { once: true });
  document.body.append(frame);
}), [other.url.replace("localhost", "127.0.0.1"), allow]);

before(async () => {
  daemon = await startDaemon(["--local-pages", "ask"]);
  const here = (html) => ({ "/": ["text/html", html.replace("http://localhost:3000/", daemon.url)] });
  [pages, other] = [await startPages(here(PAGE)), await startPages(here(FRAME))];
  browser = await startChromium({ args: publicPages() });
});
after(() => Promise.all([browser, daemon, pages, other].map((part) => part?.stop())));

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

// A browser whose managed policy names the page, as a company's administrator does. It sees the policies of a namespace of its own.
async function managed(policy) {
  const own = folder(), program = path.join(own.name, "chromium"), file = path.join(own.name, "policy.json");
  writeFileSync(file, JSON.stringify({ [policy]: [pages.url] }));
  writeFileSync(program, `#!/bin/sh
exec unshare -rm sh -c 'mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies/managed &&
  cp ${file} /etc/chromium/policies/managed/ && exec /usr/bin/chromium "$@"' sh "$@"`, { mode: 0o755 });
  const started = await startChromium({ executablePath: program, args: publicPages() });
  return { page: await started.page(pages.url), stop: () => started.stop().then(own.remove) };
}

for (const policy of ["LocalNetworkAccessAllowedForUrls", "LoopbackNetworkAllowedForUrls"]) {
  it(`M04 a frame is let through where its page passes that on, and the page may by ${policy}`, async () => {
    const { page, stop } = await managed(policy);
    assert.equal(await reach(page), "here");
    for (const allow of ["local-network-access", "local-network-access *", "loopback-network"]) assert.equal(await framed(page, allow), "here");
    for (const allow of [null, "local-network"])
      assert.equal(await framed(page, allow), 'blocked in this frame: it needs allow="local-network-access"');
    await stop();
  });
}
