// firefox.test.mjs - the console in Firefox ESR, by WebDriver BiDi: every part of it once; the details are tested in Chromium.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { once } from "node:events";
import puppeteer from "puppeteer-core";
import { io } from "socket.io-client";
import { folder, startDaemon, startLine, until } from "./support.mjs";

let daemon, browser, line, page, downloads;
const complaints = [];

before(async () => {
  line = await startLine();
  daemon = await startDaemon(["--demo"]);
  downloads = folder();
  await daemon.ask("activate-connection", { name: "dev", address: line.path });
  browser = await puppeteer.launch({
    browser: "firefox", executablePath: "/usr/bin/firefox-esr", headless: true, timeout: 120000, protocol: "webDriverBiDi",
    extraPrefsFirefox: {
      "browser.download.folderList": 2, "browser.download.dir": downloads.name, "browser.download.useDownloadDir": true,
      "browser.download.always_ask_before_handling_new_types": false,
    },
  });
  page = await browser.newPage();
  page.setDefaultTimeout(120000);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(daemon.url);
});
after(async () => {
  await Promise.all([browser?.close(), daemon?.stop(), line?.stop()]);
  downloads?.remove();
});

const named = (name) => page.locator(`::-p-aria(${name})`);
const show = (label, value) => page.locator(`select[aria-label="${label}"]`).wait().then(() => page.select(`select[aria-label="${label}"]`, value));
const rows = () => page.evaluate(() => document.querySelector(".xterm-rows")?.textContent ?? "");
const sees = (text) => until(async () => (await rows()).includes(text), text);
const connection = async (name) => (await daemon.ask("list-connections")).connections.find((c) => c.name === name);
const files = () => readdirSync(downloads.name).filter((name) => !name.endsWith(".part"));

// The text of the one file that is downloaded, once it is complete.
async function downloaded() {
  const content = () => (files().length ? readFileSync(path.join(downloads.name, files()[0])) : Buffer.alloc(0));
  await until(() => content().length > 0, "a downloaded file");
  return content();
}

it("connects, shows what comes, sends", async () => {
  await named("Show dev").click();
  await line.write("\x1b[31mfrom the\x1b[0m device\r\n");
  await sees("from the device");
  await named("Send to dev").fill("from the page");
  await page.keyboard.press("Enter");
  assert.equal((await line.read(15)).toString(), "from the page\r\n");
  await named("Connect Virtual echo").click();
  await named("Disconnect echo").click();
  await named("Connect Virtual echo").wait();
});

it("shows hex and times, logs to a download", async () => {
  await named("Log…").click();
  await named("Bytes, unchanged").click();
  await line.write("A\x00B\r\n");
  await page.select('select[aria-label="Show as"]', "hex");
  await sees("41 00 42 0d 0a");
  await page.locator("button.recording").click();
  assert.equal((await downloaded()).toString(), "A\x00B\r\n");
});

it("sends escapes and hex, has history and macros, searches and filters", async () => {
  await show("Show as", "terminal");
  await show("Send as", "escapes");
  await show("Line ending", "none");
  await named("Send to dev").fill("\\x02A\\r");
  await page.keyboard.press("Enter");
  assert.deepEqual([...await line.read(3)], [2, 65, 13]);
  await page.locator('input[aria-label="Send to dev"]').click();
  await page.keyboard.press("ArrowUp");
  assert.equal(await page.$eval('input[aria-label="Send to dev"]', (e) => e.value), "\\x02A\\r");
  await page.locator("::-p-text(+ Macro)").click();
  await page.locator(".editor input").fill("Hello");
  await page.locator(".editor textarea").fill("one\n@wait two 20000\nthree");
  await page.locator("::-p-text(Save macro)").click();
  await page.locator("::-p-text(Hello)").click();
  assert.equal((await line.read(3)).toString(), "one");
  await line.write("two\r\nwanted 1\r\nother\r\nwanted 2\r\n");
  assert.equal((await line.read(5)).toString(), "three");
  await named("Show only lines with").fill("wanted");
  await until(async () => !(await rows()).includes("other") && (await rows()).includes("wanted 2"), "the filtered lines");
  await named("Show only lines with").fill("");
  await named("Search in what was received").fill("nowhere");
  await page.locator("input[aria-invalid=true]").wait();
});

it("saves everything, and shows two views side by side", async () => {
  await named("Another view of dev").click();
  await until(() => page.evaluate(() => document.querySelectorAll('article[aria-label="dev: Terminal"]').length === 2), "two views");
  await page.evaluate(() => document.querySelectorAll('[aria-label="Close this view of dev"]')[1].click());
  const before = files();
  await page.evaluate(() => [...document.querySelectorAll("button")].find((b) => b.textContent === "Save").click());
  await named("Bytes, unchanged").click();
  await until(() => files().length > before.length, "another file");
  const saved = files().find((name) => !before.includes(name));
  await until(() => readFileSync(path.join(downloads.name, saved)).toString().endsWith("wanted 2\r\n"), "all that was received");
});

it("switches signals and settings, and has lamps", async () => {
  await named("Connect Virtual echo").click();
  await show("Kind of this view of echo", "lines");
  const lamp = (name, state) => until(() => page.evaluate((text) => [...document.querySelectorAll("article .lamp")].some((l) => l.textContent === text), `${name} ${state}`), `${name} ${state}`);
  await lamp("CTS", "on");
  await page.locator("::-p-text(RTS)").click();
  await lamp("CTS", "off");
  await page.select('select[aria-label="Parity"]', "even");
  await until(async () => (await connection("echo")).options.parity === "even", "the parity");
});

it("sends commands, and has programs to copy", async () => {
  await show("Kind of this view of echo", "commands");
  await page.select('article select[aria-label="Profile"]', "scpi");
  await until(async () => (await connection("echo")).options.profile === "scpi", "the profile");
  await page.locator('form[aria-label="identify"] button').click();
  await page.locator('form[aria-label="identify"] [role=alert], form[aria-label="identify"] [role=status]').wait();
  await show("Kind of this view of echo", "code");
  await page.locator("::-p-text(socket.io-client)").wait();
  await named("Disconnect echo").click();
  await named("Connect echo again").wait();
  await page.evaluate(() => document.querySelector('[aria-label="Close this view of echo"]').click());
});

it("answers a page that asks, takes it back, and shows what everybody says", async () => {
  const person = await browser.newPage();
  person.setDefaultTimeout(120000);
  await person.goto(JSON.parse(await daemon.run("console", "--json")).address);
  await person.locator("::-p-text(No page of another address was let in.)").wait();
  const socket = io(daemon.url, { transports: ["websocket"], extraHeaders: { Origin: "https://app.example" }, reconnection: false });
  const letIn = once(socket, "connect");
  await person.locator("::-p-text(https://app.example)").wait();
  await person.locator(".question input[type=checkbox]").click();
  await person.locator(".question button.primary:not(:disabled)").click();
  await letIn;
  await person.locator("::-p-aria(Events)").click();
  await person.locator("::-p-text(Events of all clients)").wait();
  socket.emit("list-devices");
  await until(() => person.evaluate(() => document.querySelector(".events")?.textContent.includes("list-devices")), "what the page said");
  await person.evaluate(() => document.querySelector('[aria-label^="Revoke https://app.example"]').click());
  await person.locator("::-p-text(No page of another address was let in.)").wait();
  socket.close();
  const other = io(daemon.url, { transports: ["websocket"], extraHeaders: { Origin: "https://other.example" }, reconnection: false });
  const turnedAway = once(other, "connect_error");
  await person.locator("::-p-text(https://other.example)").wait();
  assert.equal(await person.$$eval(".question input:checked", (inputs) => inputs.map((i) => i.parentElement.textContent).join()), "Once: until its last connection closes");
  assert.equal(await person.$eval(".question button.primary", (allow) => allow.disabled), true);
  await person.locator(".question .actions button:last-child:not(:disabled)").click();
  assert.equal((await turnedAway)[0].data.code, "consent-denied");
  other.close();
  await person.locator("::-p-text(What happened)").click();
  await until(() => person.$eval(".audit", (list) => ["consent denied", "grant revoked", "grant added", "other.example"].every((text) => list.textContent.includes(text))), "what happened");
  await person.close();
});

it("draws numbers", async () => {
  await show("Kind of this view of dev", "plotter");
  await line.write("a=1 b=2\r\na=2 b=1\r\n");
  await page.locator(".plot[aria-label^='Plot of a, b, 2 samples']").wait();
  await page.locator(".u-legend").wait();
});

it("comes back when the daemon does", async () => {
  const { port } = daemon;
  await daemon.stop();
  await page.locator(".daemon.offline").wait();
  daemon = await startDaemon(["--demo"], port);
  await page.locator(".daemon.online").wait();
  assert.deepEqual(complaints.filter((text) => !/can.t establish a connection|was interrupted/.test(text)), []);
});
