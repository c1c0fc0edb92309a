// terminal.test.mjs - the terminal as a person uses it, with a device on a pseudo terminal whose end the test plays.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, it } from "node:test";
import { choose, downloaded, logged, see, send, shown } from "./page.mjs";
import { startBrowser, startDaemon, startLine, until } from "./support.mjs";

const CLOCK = /\d\d:\d\d:\d\d\.\d\d\d/;
let daemon, browser, line, page;

before(async () => {
  daemon = await startDaemon();
  browser = await startBrowser();
});
after(() => Promise.all([browser, daemon].map((part) => part?.stop())));

// Each test has a device of its own, open as "dev", and a page that shows it.
beforeEach(async () => {
  line = await startLine();
  const answer = await daemon.ask("activate-connection", { name: "dev", address: line.path });
  assert.ok(answer.ok, JSON.stringify(answer));
  page = await browser.page(daemon.url);
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await show();
});
afterEach(async () => {
  assert.deepEqual(page.complaints, []);
  await page.close();
  await daemon.ask("deactivate-connection", { name: "dev" });
  await line.stop();
});

async function show() {
  await page.getByRole("button", { name: "Show dev" }).click();
  await shown(page, "dev").waitFor();
}

const rows = () => shown(page, "dev").locator(".xterm-rows");
const text = () => rows().innerText();
const sees = (wanted) => until(async () => wanted.test(await text()), `${wanted} on the screen`);

it("shows colours, and true colours too", async () => {
  await line.write("plain \x1b[31mred\x1b[0m \x1b[38;2;200;10;120mpink\x1b[0m\r\n");
  await see(page, "dev", "pink");
  assert.equal(await rows().getByText("red", { exact: true }).evaluate((e) => e.className.includes("xterm-fg-1")), true);
  const colour = await rows().getByText("pink", { exact: true }).evaluate((e) => getComputedStyle(e).color);
  assert.notEqual(colour, await rows().evaluate((e) => getComputedStyle(e).color));
});

it("shows hex beside text, and control characters visibly", async () => {
  await line.write("A\x00\x7f\xff B\r\n");
  await page.getByLabel("Show as").selectOption("hex");
  await sees(/00000000 +41 00 7f c3 bf 20 42 0d 0a +A···· B··/);
  await line.write("more than one row of it");
  await sees(/0a 6d 6f 72 65 20 74 +·more t|0a 6d 6f 72 65 20 74 68/);
  await page.getByLabel("Show as").selectOption("plain");
  await sees(/A\\0\\x7fÿ B/);
});

it("shows times, what was sent, and copies and saves both with times", async () => {
  await page.getByRole("button", { name: "Times" }).click();
  await send(page, "dev", "question?"); // what is sent is shown, unless somebody does not want it
  assert.equal((await line.read(11)).toString(), "question?\r\n");
  await line.write("\x1b[32manswer\x1b[0m\r\nsecond\r\n");
  await sees(new RegExp(`${CLOCK.source} » question\\?[\\s\\S]*${CLOCK.source} answer`));
  await choose(page, "Copy", "Text with time stamps");
  await page.getByText(/^Copied/).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, new RegExp(`^${CLOCK.source} answer\\r\\n${CLOCK.source} second\\r\\n$`));
  const saved = await downloaded(page, () => choose(page, "Save", "Text with time stamps"));
  assert.equal(saved.bytes.toString(), copied);
  assert.match(saved.name, /^dev-.*\.txt$/);
});

it("sends text, escapes and hex, with the line ending that is chosen", async () => {
  await page.getByLabel("Line ending").selectOption("LF");
  await send(page, "dev", "é");
  assert.deepEqual([...await line.read(3)], [0xc3, 0xa9, 10]);
  await page.getByLabel("Send as").selectOption("escapes");
  await page.getByLabel("Line ending").selectOption("none");
  await send(page, "dev", "\\x02A\\r\\e\\u{e9}\\\\");
  assert.deepEqual([...await line.read(7)], [2, 65, 13, 27, 0xc3, 0xa9, 92]);
  await send(page, "dev", "\\q");
  await page.getByRole("alert").getByText('"\\q" is no escape').waitFor();
  await page.getByLabel("Send as").selectOption("hex");
  await send(page, "dev", "0x01 ff,0A");
  assert.deepEqual([...await line.read(3)], [1, 255, 10]);
  await send(page, "dev", "zz");
  await page.getByRole("alert").getByText('"zz" is not hex').waitFor();
});

it("sends keys typed into the terminal, and has sent lines under the arrow keys", async () => {
  await shown(page, "dev").click();
  await page.keyboard.type("ls\n");
  assert.equal((await line.read(3)).toString(), "ls\r");
  for (const sent of ["first", "second"]) await send(page, "dev", sent);
  const input = page.getByRole("textbox", { name: "Send to dev" });
  await input.press("ArrowUp");
  await input.press("ArrowUp");
  assert.equal(await input.inputValue(), "first");
  await input.press("ArrowDown");
  assert.equal(await input.inputValue(), "second");
  await input.press("Enter");
  assert.equal((await line.read(7 + 8 + 8)).toString(), "first\r\nsecond\r\nsecond\r\n");
});

it("runs macros with delays and waits, and says where one fails", async () => {
  await page.getByRole("button", { name: "+ Macro" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Login");
  await page.getByRole("textbox", { name: "Lines" }).fill("user\n@wait ssword: 20000\n@delay 20\nsecret\n@hex 03\n@wait never 50\n");
  await page.getByRole("button", { name: "Save macro" }).click();
  await page.getByRole("button", { name: "Login", exact: true }).click();
  assert.equal((await line.read(6)).toString(), "user\r\n");
  await line.write("Pas");
  await line.write("sword:");
  assert.equal((await line.read(9)).toString(), "secret\r\n\x03");
  await page.getByRole("alert").getByText("Login: line 6: it did not come within 50 ms").waitFor();
  await page.getByRole("button", { name: "Edit Login" }).click();
  await page.getByRole("textbox", { name: "Lines" }).fill("@wiat x");
  await page.getByRole("button", { name: "Save macro" }).click();
  await page.getByRole("alert").getByText("line 1: there is no @wiat").waitFor();
  await page.getByRole("button", { name: "Delete macro" }).click();
  await page.getByRole("button", { name: "Login", exact: true }).waitFor({ state: "detached" });
});

it("shows two views of one device, each in its own way", async () => {
  await page.getByRole("button", { name: "Another view of dev" }).click();
  await page.getByLabel("Show as").nth(1).selectOption("hex");
  await line.write("both\r\n");
  await rows().getByText("both").waitFor();
  const second = page.getByRole("group", { name: "Received from dev" }).nth(1);
  await second.getByText("62 6f 74 68 0d 0a").waitFor();
  await page.getByRole("button", { name: "Close this view of dev" }).first().click();
  await until(async () => (await page.getByRole("group", { name: "Received from dev" }).count()) === 1, "one view");
});

it("searches what came, and filters it", async () => {
  await line.write(Array.from({ length: 500 }, (_, i) => `line ${i} ${i % 7 ? "ok" : "ERROR"}\r\n`).join(""));
  await see(page, "dev", "line 499");
  await page.getByLabel("Search in what was received").fill("line 123 ");
  await see(page, "dev", "line 123 ok");
  await page.getByLabel("Search in what was received").fill("nowhere");
  await page.locator("input[aria-invalid=true]").waitFor();
  await page.getByLabel("Show only lines with").fill("error");
  await sees(/line 497 ERROR/);
  assert.doesNotMatch(await text(), /ok/);
  await page.getByLabel("Show only lines with").fill("/line 4\\d\\d ok/");
  await sees(/line 499 ok/);
  assert.doesNotMatch(await text(), /ERROR|line 3\d\d/);
});

it("shows and saves what came before the page was opened", async () => {
  await line.write("early\r\n");
  await see(page, "dev", "early");
  await page.reload();
  await see(page, "dev", "early");
  await line.write("late\r\n");
  await see(page, "dev", "late");
  const saved = await downloaded(page, () => choose(page, "Save", "Bytes, unchanged"));
  assert.equal(saved.bytes.toString(), "early\r\nlate\r\n");
  const stamped = (await downloaded(page, () => choose(page, "Save", "Text with time stamps"))).bytes.toString();
  assert.match(stamped, new RegExp(`^ +earlier +early\\r\\n${CLOCK.source} late\\r\\n$`));
});

it("saves everything, not only what it shows", async () => {
  const sent = Buffer.alloc(600000, "0123456789abcdef\n");
  await line.write(sent);
  const connection = async () => (await daemon.ask("list-connections")).connections[0];
  await until(async () => (await connection()).offset === sent.length, "all bytes");
  const saved = await downloaded(page, () => choose(page, "Save", "Bytes, unchanged"));
  assert.ok(saved.bytes.equals(sent), `${saved.bytes.length} bytes`);
});

// More than the daemon's journal has room for, while no page is open; then the page is there again.
async function missed() {
  const sent = Buffer.from(Array.from({ length: 150000 }, (_, i) => `line ${i}\r\n`).join(""));
  await page.goto("about:blank");
  await line.write(sent);
  await until(async () => (await daemon.ask("list-connections")).connections[0].offset === sent.length, "all bytes");
  await page.goto(daemon.url);
  await shown(page, "dev").waitFor();
  return sent;
}

it("says what is kept no more when it saves", async () => {
  const sent = await missed();
  const saved = await downloaded(page, () => choose(page, "Save", "Bytes, unchanged"));
  assert.ok(saved.bytes.length < sent.length && saved.bytes.equals(sent.subarray(-saved.bytes.length)));
  await page.getByText(/^Saved .* kept any more: a log or a recording keeps everything/).waitFor();
  const stamped = (await downloaded(page, () => choose(page, "Save", "Text with time stamps"))).bytes.toString();
  assert.match(stamped, /^\[[\d,]+ bytes are not kept any more\]\r\n/);
});

it("saves what a recording has and the daemon's memory has no more", async () => {
  assert.ok((await daemon.ask("record-start", { name: "dev" })).ok);
  const sent = await missed();
  const saved = await downloaded(page, () => choose(page, "Save", "Bytes, unchanged"));
  assert.ok(saved.bytes.equals(sent), `${saved.bytes.length} bytes of ${sent.length}`);
  const stamped = (await downloaded(page, () => choose(page, "Save", "Text with time stamps"))).bytes.toString().split("\r\n");
  assert.equal(stamped.length, 150001);
  assert.match(stamped[0], new RegExp(`^${CLOCK.source} line 0$`)); // the recording has the times too
});

it("saves what the page itself received and the daemon's memory has no more", async () => {
  const sent = Buffer.alloc(1500000, "0123456789abcdef\n");
  await line.write(sent);
  await until(async () => (await daemon.ask("list-connections")).connections[0].offset === sent.length, "all bytes");
  await until(async () => (await downloaded(page, () => choose(page, "Save", "Bytes, unchanged"))).bytes.equals(sent), "a file with all of it");
});

it("saves what came before a connection was closed, and with it what came on the next one", async () => {
  const saved = async () => (await downloaded(page, () => choose(page, "Save", "Bytes, unchanged"))).bytes.toString();
  await line.write("before\r\n");
  await see(page, "dev", "before");
  await daemon.ask("deactivate-connection", { name: "dev" });
  await page.getByRole("button", { name: "Connect dev again" }).waitFor();
  assert.equal(await saved(), "before\r\n");
  await page.getByRole("button", { name: "Connect dev again" }).click();
  await page.getByRole("textbox", { name: "Send to dev" }).waitFor();
  await line.write("after\r\n");
  await see(page, "dev", "after");
  assert.equal(await saved(), "before\r\nafter\r\n");
});

it("logs everything from now on to a file that grows", async () => {
  await page.evaluate(() => {
    window.showSaveFilePicker = async () => (await navigator.storage.getDirectory()).getFileHandle("log", { create: true });
  });
  await line.write("before\r\n");
  await see(page, "dev", "before");
  await choose(page, "Log…", "Bytes, unchanged");
  await page.getByRole("button", { name: /Logging/ }).waitFor();
  const sent = Buffer.alloc(200000, "A line of a log.\r\n");
  await line.write(sent);
  await page.getByRole("button", { name: "Logging 200.0 kB: stop" }).click();
  assert.ok((await logged(page)).equals(sent));
});

it("logs hex with the place of each byte, however it came", async () => {
  await page.evaluate(() => delete window.showSaveFilePicker);
  await choose(page, "Log…", "Hex beside text");
  await page.getByRole("button", { name: /Logging/ }).waitFor();
  for (let i = 0; i < 20; i++) await line.write("0123456789abcdef");
  await until(async () => (await page.getByRole("button", { name: /Logging 1\.8 kB/ }).count()) === 1, "all rows in the log");
  const rows = (await downloaded(page, () => page.getByRole("button", { name: /Logging/ }).click())).bytes.toString().trim().split("\r\n");
  const places = rows.map((row) => /([0-9a-f]{8})  30 31 32/.exec(row)?.[1]);
  assert.deepEqual(places, rows.map((_, i) => (i * 16).toString(16).padStart(8, "0")));
});

it("logs to a download where the browser can write no files", async () => {
  await page.evaluate(() => delete window.showSaveFilePicker);
  await choose(page, "Log…", "Text without colours");
  await page.getByRole("button", { name: /Logging/ }).waitFor();
  await line.write("\x1b[1mone\x1b[0m\r\ntwo\r\n");
  await page.getByRole("button", { name: "Logging 10 B: stop" }).waitFor();
  const file = await downloaded(page, () => page.getByRole("button", { name: /Logging/ }).click());
  assert.equal(file.bytes.toString(), "one\r\ntwo\r\n");
});

it("comes back by itself, and no byte is missing or twice", async () => {
  let cut, there = true;
  await page.routeWebSocket(/socket\.io/, (near) => {
    if (!there) return near.close();
    near.connectToServer();
    cut = () => near.close();
  });
  await page.reload();
  await shown(page, "dev").waitFor(); // the view is open still
  await line.write("one\r\n");
  await see(page, "dev", "one");
  there = false;
  cut();
  await page.getByText("The daemon does not answer").waitFor();
  await line.write("two\r\n");
  await line.write("three\r\n");
  there = true;
  await line.write("four\r\n");
  await sees(/^one\s+two\s+three\s+four\s*$/);
  await line.write("five\r\n");
  await sees(/^one\s+two\s+three\s+four\s+five\s*$/);
});

it("shows what is sent as lines of their own, or not at all, and keys where a device echoes none", async () => {
  const sent = page.getByLabel("What is shown of what this page sends");
  await line.write("prompt> ");
  await send(page, "dev", "help");
  await line.write("help\r\nanswer\r\n");
  await sees(/prompt>\s+» help\s+help\s+answer/);
  await shown(page, "dev").click();
  await page.keyboard.type("k");
  await send(page, "dev", "end");
  await sees(/answer\s+» end/); // a device that echoes shows the key itself
  await sent.selectOption("Sent lines and keys");
  await sees(/answer\s+k\s+» end/);
  await sent.selectOption("Received only");
  await sees(/prompt> help\s+answer\s*$/);
});

it("shows plainly that a connection is closed, and opens it again as it was", async () => {
  await line.write("before\r\n");
  await see(page, "dev", "before");
  await daemon.ask("configure-connection", { name: "dev", "baud-rate": 9600 });
  await daemon.ask("deactivate-connection", { name: "dev" });
  const closed = page.getByRole("group", { name: "dev is disconnected" });
  await closed.getByText("What was received stays here").waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Send to dev" }).count(), 0);
  await see(page, "dev", "before");
  await closed.getByRole("button", { name: "Connect dev again" }).click();
  await page.getByRole("textbox", { name: "Send to dev" }).waitFor();
  const [connection] = (await daemon.ask("list-connections")).connections;
  assert.equal(connection.options["baud-rate"], 9600);
  await line.write("after\r\n");
  await sees(/before[\s\S]*after/);
});
