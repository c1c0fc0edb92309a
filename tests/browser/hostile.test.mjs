// hostile.test.mjs - devices that send what they should not (docs: hostile inputs L01 to L03): shown as text, nothing freezes.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, it } from "node:test";
import { choose, connect, downloaded, see, send, shown } from "./page.mjs";
import { IN_FIREFOX, sleep, startBrowser, startDaemon, startLine, until } from "./support.mjs";

const MARKUP = '<img src=x onerror=alert(1)>"\'&lt;script>';
const TABS = IN_FIREFOX ? 5 : 20; // which takes a process for each of them
let daemon, browser, line, page, requests;

before(async () => {
  daemon = await startDaemon(["--demo"]);
  browser = await startBrowser();
});
after(() => Promise.all([browser, daemon].map((part) => part?.stop())));

beforeEach(async () => {
  line = await startLine();
  await daemon.ask("activate-connection", { name: MARKUP, address: line.path });
  page = await browser.page(daemon.url);
  requests = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("dialog", (dialog) => page.complaints.push(`a dialog: ${dialog.message()}`));
  await page.getByRole("button", { name: `Show ${MARKUP}` }).click();
  await shown(page, MARKUP).waitFor();
});
afterEach(async () => {
  assert.deepEqual(page.complaints, []); // among them what the content security policy refused
  assert.deepEqual(requests.filter((url) => !url.startsWith(daemon.url) && !url.startsWith("blob:")), []);
  await page.close();
  await daemon.ask("deactivate-connection", { name: MARKUP });
  await line.stop();
});

it("L02 shows markup in names, errors and bytes as text", async () => {
  await page.getByRole("heading", { name: MARKUP }).waitFor();
  await line.write(`${MARKUP}\r\n`);
  await see(page, MARKUP, MARKUP);
  await daemon.ask("rename-reference", { old: MARKUP, new: "plain" });
  await page.getByRole("button", { name: "Rename plain" }).click();
  await page.getByRole("textbox", { name: "New name of plain" }).fill("connect");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor(); // a reserved name
  await page.getByRole("button", { name: "Rename plain" }).click();
  await page.getByRole("textbox", { name: "New name of plain" }).fill(MARKUP);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: MARKUP }).waitFor();
  assert.equal(await page.locator("img[src=x]").count(), 0);
});

it("L01 answers no question of a device, opens nothing, keeps its title", async () => {
  const questions = [
    "\x1b[c", "\x1b[>c", "\x1b[=c", "\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[?15n", "\x1b[?1$p", "\x1b[4$p", "\x1b[18t", "\x1b[21t", "\x1b[>q", "\x1bZ", "\x05",
    "\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\", "\x1b]4;1;?\x07", "\x1b]10;?\x07", "\x1b]11;?\x1b\\", "\x1b]12;?\x07", "\x1b]52;c;?\x07",
    "\x1b]52;c;aGFja2Vk\x07", "\x1b]2;title\x07", "\x1b]8;;https://example.com\x07link\x1b]8;;\x07",
  ];
  await line.write(questions.join("") + "asked\r\n");
  await see(page, MARKUP, "asked");
  await shown(page, MARKUP).locator(".xterm-rows").getByText("link").click({ force: true });
  await send(page, MARKUP, "end");
  assert.equal((await line.read(5)).toString(), "end\r\n"); // and nothing before it
  assert.equal(await page.title(), "Peripheral Manager");
  assert.equal(browser.context.pages().filter((p) => p.url().includes("example")).length, 0);
});

it("L01 bears every byte, broken UTF-8, endless sequences and a megabyte without a newline", async () => {
  await line.write(Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
  await line.write(Buffer.from([0xe2, 0x82, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf8, 0x88]));
  await line.write(`\x1b[${"9;".repeat(5000)}m\x1b]0;${"x".repeat(100000)}\x07\x1bP${"y".repeat(100000)}\x1b\\`);
  await line.write("\x1bc\x1b[2J\x1b[?1049h\x1b[?1049l\x1b[?25l\x1b[8m\x1b[0m\x1b[99999;99999H\x1b[99999b");
  await line.write(Buffer.alloc(1000000, "no newline "));
  await line.write("\x1bc\r\nstill here\r\n");
  await see(page, MARKUP, "still here");
  const screen = () => shown(page, MARKUP).locator(".xterm-rows").innerText();
  const bytes = (text) => [...text.matchAll(/^[0-9a-f]{8}\s+((?:[0-9a-f]{2}\s)+)/gm)].map(([, row]) => row.trim()).join(" ").replace(/\s/g, " ");
  await page.getByLabel("Show as").selectOption("hex"); // where rows may begin at any byte
  await until(async () => bytes(await screen()).includes("73 74 69 6c 6c 20 68 65 72 65"), "hex to end");
  for (const display of ["plain", "terminal"]) {
    await page.getByLabel("Show as").selectOption(display);
    await until(async () => (await screen()).includes("still here"), `${display} to end`);
  }
  await page.getByLabel("Show only lines with").fill("still");
  await see(page, MARKUP, "still here");
});

it("L01 stays usable while a device floods it, and so do others", async () => {
  const other = await browser.page(daemon.url);
  await connect(page, "Virtual counter", "counter");
  await send(page, "counter", "RATE 1000000");
  await sleep(1000);
  await connect(page, "Virtual echo", "echo");
  await send(page, "echo", "among the flood");
  await see(page, "echo", "among the flood");
  await other.getByRole("button", { name: "Show echo" }).click();
  await see(other, "echo", "among the flood");
  await send(page, "counter", "RATE 0");
  await page.getByRole("button", { name: "Disconnect counter" }).click();
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  assert.deepEqual(other.complaints, []);
  await other.close();
});

it("L03 says when the daemon is gone, in every tab, and recovers", async () => {
  const own = await startDaemon(["--demo"]);
  const tabs = await Promise.all(Array.from({ length: TABS }, () => browser.page(own.url)));
  await Promise.all(tabs.map((tab) => tab.getByText("Connected", { exact: true }).waitFor()));
  await own.stop();
  await Promise.all(tabs.map((tab) => tab.getByText("The daemon does not answer").waitFor()));
  const again = await startDaemon(["--demo"], own.port);
  await Promise.all(tabs.map((tab) => tab.getByText("Connected", { exact: true }).waitFor()));
  await Promise.all(tabs.map((tab) => tab.close()));
  await again.stop();
});

it("L03 says when its session is revoked, in every tab, and goes on as a page without one", async () => {
  const own = await startDaemon(["--demo"]);
  const first = await browser.page(JSON.parse(await own.run("console", "--json")).address);
  await first.getByText("No page of another address was let in.").waitFor();
  const session = await first.evaluate(() => sessionStorage.getItem("pm:session"));
  const tabs = await Promise.all(Array.from({ length: TABS - 1 }, async () => {
    const tab = await browser.page(own.url);
    await tab.evaluate((value) => sessionStorage.setItem("pm:session", value), session); // as a tab that is duplicated has it
    await tab.reload();
    await tab.getByText("No page of another address was let in.").waitFor();
    return tab;
  }));
  assert.equal((await own.person("session-revoke")).ok, true);
  for (const tab of [first, ...tabs]) {
    await tab.getByText("The session of this console is over.").waitFor();
    await tab.getByText("peripheral-manager console", { exact: true }).waitFor();
    assert.equal(await tab.evaluate(() => sessionStorage.length), 0);
    assert.deepEqual(tab.complaints, []);
  }
  await connect(first, "Virtual echo", "echo");
  await send(first, "echo", "still here");
  await see(first, "echo", "still here");
  await Promise.all([first, ...tabs].map((tab) => tab.close()));
  await own.stop();
});

it("saves hostile names as harmless file names", async () => {
  await line.write("x");
  await see(page, MARKUP, "x");
  const file = await downloaded(page, () => choose(page, "Save", "Bytes, unchanged"));
  assert.match(file.name, /^_img_src_x_onerror_alert_1_lt_script_-[\d-]+\.bin$/);
  assert.equal(file.bytes.toString(), "x");
});
