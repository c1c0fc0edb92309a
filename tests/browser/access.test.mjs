// access.test.mjs - the console for everybody: axe-core's rules, keyboard alone, 400 px, dark and light, in a background tab.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { choose, connect, downloaded, options, see, send, shown, violations } from "./page.mjs";
import { IN_FIREFOX, startBrowser, startDaemon, until } from "./support.mjs";

let daemon, browser, page;

before(async () => {
  daemon = await startDaemon(["--demo"]);
  browser = await startBrowser();
  page = await browser.page(daemon.url);
});
after(() => Promise.all([browser, daemon].map((part) => part?.stop())));

async function everyView() {
  assert.deepEqual(await violations(page), []);
  const kinds = await options(page.getByLabel("Kind of this view of counter"));
  assert.ok(kinds.length >= 3);
  for (const kind of kinds) {
    await page.getByLabel("Kind of this view of counter").selectOption(kind);
    await page.getByRole("article", { name: `counter: ${kind}` }).waitFor();
    assert.deepEqual(await violations(page), [], kind);
  }
  await page.getByLabel("Kind of this view of counter").selectOption("Terminal");
  await page.getByRole("button", { name: "Events", exact: true }).click();
  await page.getByRole("log").getByText("counter").first().waitFor();
  assert.deepEqual(await violations(page), [], "events");
  await page.getByRole("button", { name: "Close the events" }).click();
  await page.getByRole("button", { name: "+ Macro" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("menuitem").first().waitFor();
  assert.deepEqual(await violations(page), [], "with a menu open");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Cancel" }).click();
}

it("is used by keyboard alone", async () => {
  // From the top: the choice of colours, then the first device.
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
  const tabTo = async (name, key = "Tab") => {
    for (let i = 0; i < 60 && (await focused()) !== name; i++) await page.keyboard.press(key);
    assert.equal(await focused(), name);
  };
  await tabTo("Connect Virtual echo");
  await page.keyboard.press("Enter");
  await shown(page, "echo").waitFor();
  await tabTo("Send to echo");
  await page.keyboard.type("typed\n");
  await see(page, "echo", "typed");
  await tabTo("Disconnect echo", "Shift+Tab"); // Firefox's driver gives a page that is reached through its bars no keys any more
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
  await tabTo("Close this view of echo");
  await page.keyboard.press("Enter");
  await page.getByText("Connect a device to begin").waitFor();
});

it("shows where the focus is, which goes through everything by Tab, in the order in which it is read", async () => {
  await connect(page, "Virtual echo", "echo");
  await page.reload();
  await page.getByRole("button", { name: "Show echo" }).waitFor();
  await shown(page, "echo").locator(".xterm-rows").waitFor();
  // What the focus is on: a word for it, and whether that can be seen. A terminal shows its cursor instead of an outline.
  const stop = () => page.evaluate(() => {
    const e = document.activeElement, style = getComputedStyle(e);
    if (e === document.body) return null;
    const seen = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || e.closest(".screen") !== null;
    return { name: e.getAttribute("aria-label") ?? e.textContent, seen };
  });
  const stops = [];
  for (let i = 0; i < 100; i++) {
    await page.keyboard.press("Tab");
    const at = await stop();
    if (at === null || at.name === stops[0]?.name) break; // in the browser's own bars, or around
    stops.push(at);
  }
  assert.deepEqual(stops.filter(({ seen }) => !seen), []);
  const wanted = ["Events", "Colours", "Show echo", "Rename echo", "Disconnect echo", "Connect Virtual counter", "Show as", "Times", "Search in what was received",
    "Copy", "Save", "Log…", "More", "+ Macro", "Send to echo", "Send as", "Line ending", "Send to echo now"];
  assert.deepEqual(stops.map(({ name }) => name).filter((name) => wanted.includes(name)), wanted);
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.getByRole("button", { name: "Close this view of echo" }).click();
});

it("leaves a terminal by Tab, or sends that key if wanted and leaves by Shift and Tab", async () => {
  const inTerminal = () => page.evaluate(() => document.activeElement.closest(".screen") !== null);
  await connect(page, "Virtual echo", "echo");
  await shown(page, "echo").click();
  assert.equal(await inTerminal(), true);
  await page.keyboard.press("Tab");
  assert.equal(await inTerminal(), false);
  await choose(page, "More", "Send the Tab key to the device");
  await page.getByLabel("Show as").selectOption("hex");
  await shown(page, "echo").click();
  await page.keyboard.press("Tab");
  await see(page, "echo", "09");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await inTerminal(), false);
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.getByRole("button", { name: "Close this view of echo" }).click();
});

it("has no violation that axe-core knows, in the light and in the dark", async () => {
  await connect(page, "Virtual counter", "counter");
  await see(page, "counter", "3");
  for (const theme of ["Light", "Dark"]) {
    await page.getByLabel("Colours").selectOption(theme);
    await everyView();
  }
  await page.getByLabel("Colours").selectOption("System colours");
});

it("follows the system's colours", { skip: IN_FIREFOX && "this Firefox takes no command for it" }, async () => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await background();
  await page.emulateMedia({ colorScheme: "light" });
  assert.notEqual(await background(), dark);
});

it("reads aloud what comes, if wanted", async () => {
  await choose(page, "More", "Read aloud what comes");
  await page.locator(".xterm-accessibility").first().waitFor({ state: "attached" });
  await choose(page, "More", "Stop reading aloud what comes");
});

it("works at 400 px", async () => {
  await page.setViewportSize({ width: 400, height: 800 });
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  // What sticks out of its view, and so could not be reached; the terminal and program texts scroll by themselves.
  const outside = () => page.evaluate(() => [...document.querySelectorAll("article *")].filter((e) => !e.closest(".screen, .plot, pre, [role=menu], .unseen"))
    .filter((e) => e.getBoundingClientRect().right > e.closest("article").getBoundingClientRect().right + 1).map((e) => e.outerHTML.slice(0, 90)));
  for (const kind of await options(page.getByLabel("Kind of this view of counter"))) {
    await page.getByLabel("Kind of this view of counter").selectOption(kind);
    assert.equal(await overflow(), 0, kind);
    assert.deepEqual(await outside(), [], kind);
    assert.deepEqual(await violations(page), [], kind);
  }
  await page.getByLabel("Kind of this view of counter").selectOption("Terminal");
  for (const name of ["Log…", "Save", "Copy", "More"]) {
    await page.getByRole("button", { name, exact: true }).first().click();
    const menu = await page.getByRole("menu").evaluate((e) => e.getBoundingClientRect().toJSON());
    assert.ok(menu.left >= 0 && menu.right <= 400, `${name}: ${menu.left} to ${menu.right}`);
    await page.keyboard.press("Escape");
  }
  await send(page, "counter", "RATE 2000");
  await see(page, "counter", "99");
  await page.setViewportSize({ width: 1280, height: 800 });
});

it("stays in the window, however much there is at its side", async () => {
  for (let i = 0; i < 12; i++) {
    await daemon.ask("record-start", { name: "counter" });
    await daemon.ask("record-stop", { name: "counter" });
  }
  await until(() => page.locator("aside .links").count().then((n) => n >= 12), "the recordings");
  assert.equal(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight), 0);
});

it("misses nothing in a background tab", async () => {
  const offset = async () => (await daemon.ask("list-connections")).connections.find((c) => c.name === "counter").offset;
  const front = await browser.page("about:blank");
  await front.bringToFront();
  const before = await offset();
  await until(async () => (await offset()) > before + 4000, "bytes in the background");
  const client = IN_FIREFOX ? null : await browser.context.newCDPSession(page); // Firefox freezes no tab
  await client?.send("Page.setWebLifecycleState", { state: "frozen" }); // as browsers do to a tab after a while
  await until(async () => (await offset()) > before + 12000, "bytes while it is frozen");
  await client?.send("Page.setWebLifecycleState", { state: "active" });
  await page.bringToFront();
  const file = await downloaded(page, () => choose(page, "Save", "Bytes, unchanged"));
  const all = file.bytes.toString().split("\r\n").slice(0, -1).map(Number), numbers = all.slice(all.lastIndexOf(0));
  numbers.forEach((n, i) => assert.equal(n, i));
  await until(async () => Math.max(...(await shown(page, "counter").innerText()).match(/\d+/g).map(Number)) >= numbers.length - 1, "the newest on the screen");
  assert.deepEqual(page.complaints, []);
});
