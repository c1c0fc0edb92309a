// consent.test.mjs - a page of another address asks, the person answers in the console, and takes it back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { violations } from "./page.mjs";
import { sleep, startBrowser, startDaemon, startPages, until } from "./support.mjs";

const CLIENT = path.join(import.meta.dirname, "node_modules/socket.io-client/dist/socket.io.min.js");
const REASON = "<b>To read</b> the scale";

// A page that connects, and shows what it may do.
const asking = (url) => `<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,">
<p id="state">waiting</p><script src="/socket.io.js"></script><script>
const state = (text) => { document.getElementById("state").textContent = text; };
const socket = io("${url}", { auth: { pm: { reason: ${JSON.stringify(REASON).replace(/</g, "\\u003c")} } } });
socket.on("connect", async () => {
  const { devices } = await socket.emitWithAck("list-devices");
  state("let in: " + devices.map((d) => d.address).join(" "));
});
socket.on("connect_error", (e) => state("refused: " + e.data.code));
</script>`;

let daemon, pages, elsewhere, third, browser, page, app;

// Where the person gets a console with a session, as `peripheral-manager console` opens it.
const address = async () => JSON.parse(await daemon.run("console", "--json")).address;

before(async () => {
  daemon = await startDaemon(["--demo", "--local-pages", "ask"]);
  const files = { "/socket.io.js": ["text/javascript", readFileSync(CLIENT)], "/": ["text/html; charset=utf-8", asking(daemon.url)] };
  pages = await startPages(files);
  [elsewhere, third] = [await startPages(files), await startPages(files)]; // other ports, so other origins
  browser = await startBrowser();
  page = await browser.page(await address());
});
after(() => Promise.all([browser, daemon, pages, elsewhere, third].map((part) => part?.stop())));

const question = () => page.getByRole("region", { name: "A page asks to use devices" });
const ask = async (server) => {
  app = await browser.context.newPage();
  await app.goto(server.url);
  await page.bringToFront();
  await question().waitFor();
};
const told = (text) => until(async () => (await app.locator("#state").innerText()).includes(text), text);

it("takes the code out of the address, and keeps the session over a reload", async () => {
  await page.getByText("No page of another address was let in.").waitFor();
  assert.equal(page.url(), `${daemon.url}console/`);
  await page.reload();
  await page.getByText("No page of another address was let in.").waitFor();
});

it("shows who asks in full, its reason as its own words, and nothing chosen but once", async () => {
  await ask(pages);
  await question().getByText(pages.url.slice(0, -1), { exact: true }).waitFor();
  assert.equal(await question().locator("q").innerText(), REASON);
  assert.equal(await question().getByRole("checkbox", { checked: true }).count(), 0);
  assert.match(await question().getByRole("radio", { checked: true }).locator("xpath=..").innerText(), /^Once/);
  assert.equal(await question().getByRole("button", { name: "Allow" }).isDisabled(), true);
  assert.equal(await page.title(), "(1) Peripheral Manager");
  assert.deepEqual(await violations(page), []);
});

it("lets a page in after two actions of the person, and no script can do them", async () => {
  await question().getByRole("checkbox", { name: /Virtual echo|sends back/ }).check();
  const allow = question().getByRole("button", { name: "Allow", disabled: false });
  await allow.waitFor();
  await allow.evaluate((button) => button.click());
  await sleep(300);
  assert.equal(await app.locator("#state").innerText(), "waiting");
  await allow.click();
  await told("let in: virtual:echo");
  assert.doesNotMatch(await app.locator("#state").innerText(), /counter/);
  await question().waitFor({ state: "detached" });
  assert.equal(await page.title(), "Peripheral Manager");
});

it("is inert for a moment after the page gets the focus", async () => {
  await ask(elsewhere);
  await page.evaluate(() => dispatchEvent(new Event("focus")));
  const deny = question().getByRole("button", { name: "Deny" });
  assert.equal(await deny.isDisabled(), true);
  await question().getByRole("button", { name: "Deny", disabled: false }).waitFor();
});

it("B26 forgets what was chosen when the devices change, and is inert for a moment", async () => {
  const allow = question().getByRole("button", { name: "Allow" }), chosen = question().getByRole("checkbox", { checked: true });
  for (const change of ["unplug-virtual", "plug-virtual"]) {
    await question().getByRole("checkbox", { name: /Virtual echo|sends back/ }).check();
    await question().getByRole("button", { name: "Allow", disabled: false }).waitFor();
    await page.evaluate(() => { // how long the buttons are dead, once the list has changed
      const deny = document.querySelector(".question .actions button:last-child");
      let since = 0;
      globalThis.inert = 0;
      new MutationObserver(() => {
        if (deny.disabled) since ||= performance.now();
        else if (since) globalThis.inert ||= performance.now() - since;
      }).observe(deny, { attributes: true });
    });
    await daemon.person(change, { address: "virtual:counter" });
    await until(() => page.evaluate(() => globalThis.inert), "buttons that are alive again");
    assert.ok((await page.evaluate(() => globalThis.inert)) > 600);
    assert.equal(await chosen.count(), 0);
    assert.equal(await allow.isDisabled(), true); // until something is chosen again
  }
  assert.equal((await daemon.person("grant-list")).grants.filter((g) => g.origin === elsewhere.url.slice(0, -1)).length, 0);
});

it("B15, B16 takes no click that was meant for something else, and no key that repeats", async () => {
  await question().getByRole("checkbox", { name: "All devices, also later ones" }).check();
  const allow = question().getByRole("button", { name: "Allow" });
  await allow.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await allow.boundingBox();
  await page.evaluate(() => dispatchEvent(new Event("focus"))); // it comes to the front under the pointer, between two clicks
  await page.mouse.click(x + width / 2, y + height / 2);
  await question().getByRole("button", { name: "Allow", disabled: false }).waitFor();
  await allow.evaluate((button) => {
    button.focus();
    button.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    for (const type of ["keydown", "keyup"]) button.dispatchEvent(new KeyboardEvent(type, { key: "Enter", bubbles: true }));
  });
  await page.getByRole("heading", { name: "A page asks to use devices" }).evaluate((heading) => { heading.tabIndex = -1; heading.focus(); });
  await page.keyboard.down("Enter"); // held while the focus comes to the button
  await allow.evaluate((button) => button.focus());
  for (let i = 0; i < 5; i++) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  assert.equal(await app.locator("#state").innerText(), "waiting");
  assert.equal((await daemon.person("consent-list")).requests.length, 1);
  await question().getByRole("checkbox", { name: "All devices, also later ones" }).uncheck();
});

it("is inert for a moment after another question has come or gone, and others have moved", async () => {
  const deny = question().first().getByRole("button", { name: "Deny" });
  await question().getByRole("button", { name: "Deny", disabled: false }).waitFor();
  await page.evaluate(() => { // how soon after a change of the list the first button is alive again
    window.inert = [];
    let since = 0, count = document.querySelectorAll(".question").length;
    new MutationObserver(() => {
      const now = document.querySelectorAll(".question").length, deny = document.querySelector(".question .actions button:last-child");
      if (now !== count) [since, count] = [performance.now(), now];
      if (since && deny && !deny.disabled) [window.inert, since] = [[...window.inert, performance.now() - since], 0];
    }).observe(document.getElementById("app"), { subtree: true, childList: true, attributes: true });
  });
  const other = await browser.context.newPage();
  await other.goto(third.url);
  await page.bringToFront();
  await until(async () => (await question().count()) === 2, "both questions");
  await until(() => page.evaluate(() => window.inert.length === 1), "buttons that are alive again");
  await other.close();
  await until(async () => (await question().count()) === 1, "one question");
  await until(() => page.evaluate(() => window.inert.length === 2), "buttons that are alive again");
  for (const ms of await page.evaluate(() => window.inert)) assert.ok(ms > 600, `${ms} ms`);
  assert.equal(await deny.isDisabled(), false);
});

it("turns a page away", async () => {
  await question().getByRole("button", { name: "Deny", disabled: false }).click();
  await told("refused: consent-denied");
});

it("lists what was allowed, and takes it back", async () => {
  const { error } = await daemon.ask("consent-list");
  assert.equal(error.code, "session-required"); // not for anybody without the person's right
  await ask(third);
  await question().getByRole("checkbox", { name: "All devices, also later ones" }).check();
  await question().getByRole("radio", { name: "Always" }).check();
  await question().getByRole("button", { name: "Allow", disabled: false }).click();
  await told("let in");
  await app.evaluate(async () => {
    globalThis.got = 0;
    socket.on("load", (bytes) => (globalThis.got += bytes.byteLength));
    socket.on("connection-closed", ({ reason }) => (globalThis.ended = reason));
    await socket.emitWithAck("activate-connection", { name: "load", address: "virtual:counter" });
    await socket.emitWithAck("send-raw", { name: "load", payload: "RATE 1000000\n" });
  });
  const got = () => app.evaluate(() => globalThis.got);
  await until(async () => (await got()) > 1000000, "a stream at full speed");
  const origin = third.url.slice(0, -1);
  await page.getByRole("button", { name: `Revoke ${origin} for all devices` }).click();
  await page.getByRole("button", { name: `Revoke ${origin} for all devices` }).waitFor({ state: "detached" });
  await until(() => app.evaluate(() => globalThis.ended === "revoked"), "the end of the stream"); // B27
  const whole = await got();
  await sleep(300);
  assert.equal(await got(), whole); // and nothing comes behind it
  await app.reload();
  await question().getByText(origin, { exact: true }).waitFor(); // it has to ask again
  assert.equal(await app.locator("#state").innerText(), "waiting");
  assert.deepEqual(page.complaints, []);
});

it("lists what happened at the door, the newest first", async () => {
  await page.getByText("What happened", { exact: true }).click();
  const list = page.getByRole("list", { name: "What happened at the door, the newest first" });
  await list.getByText("consent asked").first().waitFor();
  const kinds = await list.locator("b").allInnerTexts(), at = (kind) => kinds.indexOf(kind);
  assert.ok(at("grant revoked") >= 0 && at("grant revoked") < at("grant added"), kinds.join());
  assert.equal(kinds.at(-1), "start");
  assert.ok((await list.innerText()).includes(third.url.slice(0, -1)));
  assert.deepEqual(await violations(page, "aside"), []);
});

it("shows without a right to answer how to get it, and the devices", async () => {
  const plain = await browser.page(daemon.url);
  await plain.getByText("peripheral-manager console", { exact: true }).waitFor();
  await plain.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
  assert.deepEqual(plain.complaints, []);
});

it("says when a code is no good, or a session is over, and goes on as a page without one", async () => {
  const late = await browser.page(`${daemon.url}console/#c=AAAAAAAAAAAAAAAAAAAAAA`);
  await late.getByRole("alert").waitFor();
  assert.equal(late.url(), `${daemon.url}console/`);
  const { port } = daemon;
  await daemon.stop(); // sessions end with it
  daemon = await startDaemon(["--demo", "--local-pages", "ask"], port);
  await page.getByText("peripheral-manager console", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});
