// webkit.test.mjs - the console in WebKitGTK, by its own driver and under a virtual display: it loads, connects and sends.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { startDaemon, until } from "./support.mjs";
import { startWebKit } from "./webkit.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf"; // what WebDriver calls an element's reference
let daemon, webkit;

const run = (script, ...args) => webkit.say("POST", "/execute/sync", { script, args });
const find = (selector) => webkit.say("POST", "/element", { using: "css selector", value: selector }).then((e) => e[ELEMENT]);

before(async () => {
  daemon = await startDaemon(["--demo"]);
  webkit = await startWebKit();
});
after(() => Promise.all([webkit, daemon].map((part) => part?.stop())));

it("loads, connects a device, sends, shows the answer", async () => {
  await webkit.say("POST", "/url", { url: daemon.url });
  const there = async (selector) => {
    await until(() => find(selector).then(() => true, () => false), selector);
    return find(selector);
  };
  await there(".daemon.online");
  await webkit.say("POST", `/element/${await there('[aria-label="Connect Virtual echo"]')}/click`, {});
  await webkit.say("POST", `/element/${await there('[aria-label="Send to echo"]')}/value`, { text: "hello\uE007" });
  await until(async () => (await run("return document.querySelector('.xterm-rows')?.textContent ?? ''")).includes("hello"), "the echo");
  assert.equal(await run("return document.querySelectorAll('.problem').length"), 0);
});
