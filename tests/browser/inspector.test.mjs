// inspector.test.mjs - the events as they go: what each client says and gets, live.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { options, send, shown } from "./page.mjs";
import { startBrowser, startDaemon, startLine, until } from "./support.mjs";

const NAME = `it's a "näme" $1`;
let daemon, browser, line, page;

before(async () => {
  line = await startLine();
  daemon = await startDaemon(["--demo"]);
  browser = await startBrowser();
  page = await browser.page(daemon.url);
  await daemon.ask("activate-connection", { name: NAME, address: line.path });
  await page.getByRole("button", { name: `Show ${NAME}` }).click();
  await shown(page, NAME).waitFor();
});
after(() => Promise.all([browser, daemon, line].map((part) => part?.stop())));

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
  await daemon.ask("send-raw", { name: "other", payload: "\0END\r\n" });
  await row("console", "other", "in 3", "\\0END\\r\\n").waitFor();
  const end = row("console", "other", "in 3").getByRole("img", { name: "carriage return (CR, 0D)" });
  assert.deepEqual([await end.innerText(), await end.getAttribute("title")], ["\\r", "carriage return (CR, 0D)"]);
  await console.getByLabel("Only events with").fill("end\\r\\n");
  await row("console", "other", "in 3").waitFor();
  await console.getByLabel("Only events with").fill("");
  const consoles = async () => new Set((await rows.allInnerTexts()).map((text) => /console \d+/.exec(text)?.[0]).filter(Boolean)).size;
  assert.equal(await consoles(), 1); // its own are left out,
  await console.getByLabel("Whose events").selectOption("All clients");
  await daemon.ask("rename-reference", { old: "other", new: "renamed" });
  await until(async () => (await consoles()) === 2, "its own, where they are wanted");
  const whose = await options(console.getByLabel("Whose events"));
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
