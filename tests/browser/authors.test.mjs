// authors.test.mjs - what the console offers to those who write pages and programs: snippets that run, and recordings.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { choose, connect, downloaded, see, send } from "./page.mjs";
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

// A program of the Code view of the demo instrument, as it is shown.
async function instrumentProgram(language) {
  const view = page.getByRole("article", { name: /^instrument:/ });
  await view.getByRole("button", { name: language }).click();
  return view.getByLabel(`${language} program for instrument`).innerText();
}

it("offers programs that say what the device understands", async () => {
  await connect(page, "Virtual instrument", "instrument");
  const kind = (name) => page.getByLabel("Kind of this view of instrument").selectOption(name);
  await kind("Code");
  assert.match(await instrumentProgram("JavaScript"), /"send-raw", \{ name, payload: "\*IDN\?\\n" \}/);
  await kind("Terminal");
  await send(page, "instrument", "MEAS:VOLT?");
  await see(page, "instrument", /^[+-]?\d+\.\d+/);
  await kind("Code");
  for (const language of ["JavaScript", "Python", "Shell"]) assert.match(await instrumentProgram(language), /payload"?: ?"MEAS:VOLT\?\\r\\n"/);
  await kind("Commands");
  await page.getByLabel("Profile", { exact: true }).selectOption("SCPI instrument");
  await page.getByRole("form", { name: "measure" }).getByLabel("what").selectOption("current");
  await page.getByRole("form", { name: "measure" }).getByRole("button").click();
  await page.getByRole("status", { name: "Answer to measure" }).waitFor();
  await kind("Code");
  const program = await instrumentProgram("JavaScript");
  assert.match(program, /"profile": "scpi"/);
  assert.match(program, /"send-command", \{ name, command: "measure", args: \{"what":"current"\} \}/);
  await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("pm:used:")).forEach((key) => localStorage.removeItem(key)));
  assert.match(await instrumentProgram("Python"), /client.call\("send-command", \{"name": NAME, "command": "identify"\}\)/);
  writeFileSync(path.join(place.name, "device.mjs"), await instrumentProgram("JavaScript"));
  const child = spawn("node", [path.join(place.name, "device.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (data) => (printed += data));
  await until(() => /model: 'Virtual instrument'/.test(printed), "what it answered").finally(() => child.kill());
  await page.getByRole("button", { name: "Disconnect instrument" }).click();
  await page.getByRole("button", { name: "Close this view of instrument" }).click();
});

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
