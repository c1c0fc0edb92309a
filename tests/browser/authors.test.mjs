// authors.test.mjs - what the console offers to those who write pages and programs: snippets that run, recordings, events.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { choose, downloaded, see, send } from "./page.mjs";
import { folder, startBrowser, startDaemon, startLine, until } from "./support.mjs";

const NAME = `it's a "näme" $1`;
let daemon, browser, line, page, place;

before(async () => {
  line = await startLine();
  daemon = await startDaemon(["--demo"]);
  place = folder(path.join(import.meta.dirname, "node_modules")); // where programs find their packages
  browser = await startBrowser();
  page = await browser.page(daemon.url);
  await daemon.ask("activate-connection", { name: NAME, address: line.path, "baud-rate": 57600 });
  await page.getByRole("button", { name: `Show ${NAME}` }).click();
});
after(async () => {
  await Promise.all([browser, daemon, line].map((part) => part?.stop()));
  place.remove();
});

// The snippet as a person copies it.
async function snippet(language) {
  await page.getByLabel(`Kind of this view of ${NAME}`).selectOption("Code");
  await page.getByRole("button", { name: language }).click();
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByText("Copied").waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

// Run it; the device hears "hello" and answers, and the program prints that. The connection need not be open.
async function runs(program, file, text) {
  const { connections } = await daemon.ask("list-connections");
  if (connections.length) await daemon.ask("deactivate-connection", { name: NAME });
  writeFileSync(path.join(place.name, file), text);
  const child = spawn(program, [path.join(place.name, file)], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (data) => (printed += data));
  try {
    assert.equal((await line.read(7)).toString(), "hello\r\n");
    await line.write("good day\r\n");
    if (file.endsWith(".sh")) return;
    await until(() => printed.includes("good day"), "what the device sent");
    const [connection] = (await daemon.ask("list-connections")).connections;
    assert.equal(connection.name, NAME);
    assert.equal(connection.options["baud-rate"], 57600);
  } finally {
    child.kill();
  }
}

it("offers a JavaScript program that runs", async () => runs("node", "device.mjs", await snippet("JavaScript")));
it("offers a Python program that runs", async () => runs("/usr/bin/python3", "device.py", await snippet("Python")));
it("offers a shell script that runs", async () => runs("/bin/sh", "device.sh", await snippet("Shell")));

it("records in the daemon, and offers the recording", async () => {
  await page.getByLabel(`Kind of this view of ${NAME}`).selectOption("Terminal");
  await choose(page, "Log…", "Record in the daemon, also without this page");
  await page.getByRole("button", { name: "● Recording: stop" }).waitFor();
  await send(page, NAME, "to the device");
  assert.equal((await line.read(15)).toString(), "to the device\r\n");
  await line.write("from the device\r\n");
  await see(page, NAME, "from the device");
  await page.getByRole("button", { name: "● Recording: stop" }).click();
  const link = page.getByRole("link", { name: `Text of ${NAME}` });
  await until(async () => (await page.getByText("being recorded").count()) === 0, "the end of the recording");
  const file = await downloaded(page, () => link.click());
  assert.match(file.bytes.toString(), /to the device[\s\S]*from the device/);
  assert.deepEqual(page.complaints, []);
});

it("shows what every client says and gets, to the person", async () => {
  const console = await browser.page(JSON.parse(await daemon.run("console", "--json")).address);
  await console.getByRole("button", { name: `Show ${NAME}` }).waitFor();
  await console.getByRole("button", { name: "Events", exact: true }).click();
  await console.getByRole("heading", { name: "Events of all clients" }).waitFor();
  const rows = console.getByRole("log").locator("p");
  const row = (...texts) => texts.reduce((found, hasText) => found.filter({ hasText }), rows).first();
  await daemon.ask("activate-connection", { name: "other", address: "virtual:echo" });
  await row("program", "activate-connection", '"address":"virtual:echo"', '"ok":true').waitFor();
  await row("console", "connection-opened").waitFor(); // the other page
  await daemon.ask("send-raw", { name: "other", payload: "to all" });
  await row("console", "other", "6 B", "to all").waitFor();
  await daemon.ask("send-raw", { name: "other", payload: "again" });
  await row("console", "other", "11 B in 2", "again").waitFor();
  const consoles = async () => new Set((await rows.allInnerTexts()).map((text) => /console \d+/.exec(text)?.[0]).filter(Boolean)).size;
  assert.equal(await consoles(), 1); // its own are left out,
  await console.getByLabel("Whose events").selectOption("All clients");
  await daemon.ask("rename-reference", { old: "other", new: "renamed" });
  await until(async () => (await consoles()) === 2, "its own, where they are wanted");
  const whose = await console.getByLabel("Whose events").locator("option").allInnerTexts();
  await console.getByLabel("Whose events").selectOption(whose.find((w) => w === "program"));
  await until(async () => (await rows.allInnerTexts()).every((t) => t.includes("program")), "that client alone");
  await console.getByRole("button", { name: "Clear" }).click();
  await until(async () => (await rows.count()) === 1, "the hint alone");
  await daemon.ask("deactivate-connection", { name: "renamed" });
  await row("deactivate-connection").waitFor();
  await console.getByRole("button", { name: "Close the events" }).click();
  assert.deepEqual(console.complaints, []);
  await console.close();
});

it("shows a page without the person's right its own events alone", async () => {
  await page.getByRole("button", { name: "Events", exact: true }).click();
  const events = page.getByRole("log");
  await send(page, NAME, "seen");
  assert.equal((await line.read(6)).toString(), "seen\r\n");
  await events.getByText("send-raw", { exact: false }).first().waitFor();
  await line.write("12345");
  await events.locator("p").filter({ hasText: "5 B" }).filter({ hasText: "12345" }).waitFor();
  await daemon.ask("activate-connection", { name: "other", address: "virtual:echo" });
  await events.getByText("connection-opened").waitFor();
  await page.getByLabel("Only events with").fill("opened");
  await until(async () => (await events.locator("p").count()) === 1, "only that one");
  await page.getByRole("button", { name: "Pause" }).click();
  await daemon.ask("deactivate-connection", { name: "other" });
  await daemon.ask("activate-connection", { name: "other", address: "virtual:echo" });
  await page.getByRole("button", { name: "Show other" }).waitFor();
  assert.equal(await events.locator("p").count(), 1);
  await page.getByRole("button", { name: "Close the events" }).click();
  await events.waitFor({ state: "detached" });
  assert.deepEqual(page.complaints, []);
});
