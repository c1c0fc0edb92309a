// connect.test.mjs - pages that reach the daemon through its own window, by the code of docs/browsers.md; and some that lie.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { startChromium, startDaemon, startPages, until } from "./support.mjs";

const CLIENT = path.join(import.meta.dirname, "node_modules/socket.io-client/dist/socket.io.esm.min.js");
const DOCS = readFileSync(path.join(import.meta.dirname, "../../docs/browsers.md"), "utf8");
const CODE = DOCS.match(/## Through a window of ours[\s\S]*?```js\n([\s\S]*?)```/)[1];

// A page with a button; what it gets is its text.
const page = (script) => `<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,">
<button>Connect</button><p id="state">waiting</p><script type="module">${script}
const state = (text) => { document.getElementById("state").textContent = text; };
document.querySelector("button").onclick = () => go();</script>`;
const HONEST = `const go = async () => {
  const socket = await connect();
  socket.on("connect_error", (e) => state("refused: " + e.data?.code));
  socket.on("echo", (bytes) => state("echo: " + new TextDecoder().decode(bytes)));
  socket.on("connection-closed", (e) => state("closed: " + e.reason));
  socket.on("connect", async () => {
    await socket.emitWithAck("activate-connection", { name: "echo", address: "virtual:echo" });
    await socket.emitWithAck("send-raw", { name: "echo", payload: new TextEncoder().encode("through the window") });
  });
};`;
// Says in every way it can that it is another page, and says "list-devices" at once.
const LIAR = (daemon, claimed) => `const go = () => {
  const theirs = open("${daemon}connect?for=${claimed}&origin=${claimed}", "_blank", "popup");
  addEventListener("message", () => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => {
      if (data.data?.[0] === "0") port1.postMessage('40{"session":"x","origin":"${claimed}","pm":{"wait":false}}');
      else if (data.data || data.closed) state(JSON.stringify(data));
    };
    theirs.postMessage({ connect: 1, origin: "${claimed}" }, "*", [new MessageChannel().port2]);
    theirs.postMessage("connect", "*", [port2]);
  });
};`;
const SANDBOX = '<!doctype html><title>Sandbox</title><iframe sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox" src="/liar"></iframe>';

let daemon, pages, browser, app;
const origin = () => pages.url.slice(0, -1);
const told = (where, text) => until(async () => (await where.locator("#state").innerText()).includes(text), text);
const asked = async () => (await daemon.person("consent-list")).requests;

async function open(at) {
  app = await browser.page(pages.url + at);
  const where = at === "sandbox" ? app.frameLocator("iframe") : app;
  const opened = app.context().waitForEvent("page");
  await where.getByRole("button").click();
  return [where, await opened];
}

before(async () => {
  daemon = await startDaemon(["--demo", "--local-pages", "ask", "--allow-origin", "https://allowed.example"]);
  pages = await startPages({
    "/": ["text/html", page(CODE.replace("http://localhost:3000", daemon.url.slice(0, -1)) + HONEST)],
    "/liar": ["text/html", page(LIAR(daemon.url, "https://allowed.example"))],
    "/sandbox": ["text/html", SANDBOX],
    "/socket.io.esm.min.js": ["text/javascript", readFileSync(CLIENT)],
  });
  browser = await startChromium();
});
after(() => Promise.all([browser, daemon, pages].map((part) => part?.stop())));

it("asks the person about the page that opened it, and then passes its bytes on until it is revoked", async () => {
  const [where, connector] = await open("");
  await until(async () => (await asked()).length > 0, "the question");
  assert.deepEqual((await asked()).map((q) => q.origin), [origin()]);
  await connector.getByText(`connects ${origin()} with`).waitFor();
  await daemon.run("approve", (await asked())[0].id, "*");
  await told(where, "echo: through the window");
  await daemon.run("revoke", "--origin", origin());
  await told(where, "closed: revoked");
  await app.close();
  await until(() => connector.isClosed(), "the window to close behind its page");
});

it("takes no page for another", async () => {
  const [where] = await open("liar");
  await told(where, "consent-required");
  assert.deepEqual((await asked()).map((q) => q.origin), [origin()]);
  await app.close();
});

it("speaks for no page without an origin", async () => {
  const [where] = await open("sandbox");
  await told(where, "closed");
  const { entries } = await daemon.person("audit-read", { limit: 5 });
  assert.ok(entries.some((e) => e.kind === "origin_refused"));
  await app.close();
});

it("is believed by nobody else: another page that says for whom it asks is itself", async () => {
  app = await browser.page(`${pages.url}liar`);
  const answer = await app.evaluate(async (url) => (await fetch(url)).text(), `${daemon.url}api/v1/list-devices?for=https%3A%2F%2Fallowed.example`);
  assert.match(answer, /consent-required/);
});
