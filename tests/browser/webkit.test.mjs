// webkit.test.mjs - the console in WebKitGTK, by its own driver and under a virtual display: it loads, connects and sends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { after, before, it } from "node:test";
import { folder, startDaemon, until, within } from "./support.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf"; // what WebDriver calls an element's reference
let daemon, home, display, driver, at;

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function say(method, path, body) {
  const answer = await fetch(`${at}${path}`, { method, body: body && JSON.stringify(body) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${value.message}`);
  return value;
}

const run = (script, ...args) => say("POST", "/execute/sync", { script, args });
const find = (selector) => say("POST", "/element", { using: "css selector", value: selector }).then((e) => e[ELEMENT]);

before(async () => {
  daemon = await startDaemon(["--demo"]);
  home = folder();
  display = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], { stdio: ["ignore", "pipe", "ignore"] });
  const [number] = await within(once(display.stdout, "data"), "a display");
  const port = await freePort();
  driver = spawn("WebKitWebDriver", [`--port=${port}`], {
    stdio: "ignore", env: { ...process.env, DISPLAY: `:${number.toString().trim()}`, HOME: home.name, WAYLAND_DISPLAY: "" },
  });
  at = `http://127.0.0.1:${port}`;
  await until(() => fetch(`${at}/status`).then(() => true, () => false), "the driver");
  const { sessionId } = await say("POST", "/session", { capabilities: { alwaysMatch: {} } });
  at += `/session/${sessionId}`;
});
after(async () => {
  await say("DELETE", "").catch(() => {}); // ends its browser
  driver?.kill();
  display?.kill();
  await daemon?.stop();
  home?.remove();
});

it("loads, connects a device, sends, shows the answer", async () => {
  await say("POST", "/url", { url: daemon.url });
  const there = async (selector) => {
    await until(() => find(selector).then(() => true, () => false), selector);
    return find(selector);
  };
  await there(".daemon.online");
  await say("POST", `/element/${await there('[aria-label="Connect Virtual echo"]')}/click`, {});
  await say("POST", `/element/${await there('[aria-label="Send to echo"]')}/value`, { text: "hello\uE007" });
  await until(async () => (await run("return document.querySelector('.xterm-rows')?.textContent ?? ''")).includes("hello"), "the echo");
  assert.equal(await run("return document.querySelectorAll('.problem').length"), 0);
});
