// firefox.test.mjs - the console in Firefox ESR, by WebDriver BiDi: what is done daily there.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import puppeteer from "puppeteer-core";
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
const sees = (text) => until(() => page.evaluate(() => document.querySelector(".xterm-rows")?.textContent ?? "").then((t) => t.includes(text)), text);

// The text of the one file that is downloaded, once it is complete.
async function downloaded() {
  const names = () => readdirSync(downloads.name).filter((name) => !name.endsWith(".part"));
  const content = () => (names().length ? readFileSync(path.join(downloads.name, names()[0])) : Buffer.alloc(0));
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

it("draws numbers", async () => {
  await page.select('select[aria-label="Kind of this view of dev"]', "plotter");
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
