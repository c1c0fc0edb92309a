// commands.test.mjs - the commands of a device's profile as forms: ranges, answers, and the bytes of them.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { connect, type } from "./page.mjs";
import { startBrowser, startDaemon, startLine, until } from "./support.mjs";

let daemon, browser, line, page;
before(async () => {
  line = await startLine();
  daemon = await startDaemon(["--demo"]);
  browser = await startBrowser();
  page = await browser.page(daemon.url);
});
after(() => Promise.all([browser, daemon, line].map((part) => part?.stop())));

const show = (name) => page.getByLabel(`Kind of this view of ${name}`).selectOption("Commands");
const view = (name) => page.getByRole("article", { name: `${name}: Commands` });

it("sends a command of the profile, shows the answer's fields and its bytes", async () => {
  await connect(page, "Virtual instrument", "instrument");
  await show("instrument");
  await view("instrument").getByLabel("Profile").selectOption("SCPI instrument");
  await view("instrument").getByRole("button", { name: "Send identify" }).click();
  const answer = view("instrument").getByRole("status", { name: "Answer to identify" });
  await answer.getByText("Virtual instrument", { exact: true }).waitFor();
  assert.match(await answer.innerText(), /maker\s+Peripheral Manager[\s\S]*6 bytes sent; received 50 65 72 69/);
  const measure = view("instrument").getByRole("form", { name: "measure" });
  await measure.getByLabel("what").selectOption("current");
  await measure.getByRole("button").click();
  await view("instrument").getByRole("status", { name: "Answer to measure" }).getByText(/^0\.12/).waitFor();
});

it("shows the range and the unit of each number", async () => {
  await daemon.ask("activate-connection", { name: "printer", address: "virtual:echo", profile: "marlin" });
  await page.getByRole("button", { name: "Show printer" }).click();
  await show("printer");
  const { profiles } = await daemon.ask("list-profiles");
  const numbers = profiles.find((p) => p.id === "marlin").commands.flatMap((c) => c.arguments.filter((a) => a.unit).map((a) => ({ command: c.name, ...a })));
  assert.ok(numbers.length >= 4);
  for (const { command, name, min, max, unit } of numbers) {
    const field = view("printer").getByRole("form", { name: command, exact: true }).getByLabel(name, { exact: true });
    assert.equal((await field.locator("xpath=..").innerText()).replace(/\s+/g, " "), `${name} ${min} to ${max} ${unit}`);
    assert.deepEqual(await field.evaluate((input) => [Number(input.min), Number(input.max)]), [min, max]);
  }
  await daemon.ask("deactivate-connection", { name: "printer" });
});

it("keeps to the ranges of the profile, and sends nothing else", async () => {
  await daemon.ask("activate-connection", { name: "pump", address: line.path, profile: "new-era-pump" });
  await page.getByRole("button", { name: "Show pump" }).click();
  await show("pump");
  const { profiles } = await daemon.ask("list-profiles");
  const command = profiles.find((p) => p.id === "new-era-pump").commands
    .find((c) => c.arguments.length === 1 && ["number", "integer"].includes(c.arguments[0].type));
  const form = view("pump").getByRole("form", { name: command.name, exact: true });
  const [number] = command.arguments;
  await type(form.getByLabel(number.name), number.max + 1);
  await form.getByRole("button").click();
  assert.equal(await form.getByLabel(number.name).evaluate((input) => input.validity.rangeOverflow), true);
  await type(form.getByLabel(number.name), number.max);
  await form.getByRole("button").click();
  await until(async () => (await daemon.ask("list-connections")).connections.find((c) => c.name === "pump").tx > 0, "the command");
  const { tx } = (await daemon.ask("list-connections")).connections.find((c) => c.name === "pump");
  assert.equal((await line.read(tx)).toString().includes(String(number.max + 1)), false);
});

it("writes nothing that the profile forbids, whatever a form lets through", async () => {
  const form = view("pump").getByRole("form", { name: "set-diameter", exact: true });
  const fields = form.getByRole("spinbutton");
  await fields.first().evaluate((input) => input.removeAttribute("max"));
  await type(fields.first(), 51); // mm; the profile says 50 at most
  await form.getByRole("button").click();
  await form.getByRole("alert").getByText("diameter").waitFor();
  assert.doesNotMatch((await line.read(line.unread())).toString(), /DIA/); // perhaps the former command once more
});

it("sends standard command frames to a device without a profile", async () => {
  await connect(page, "Virtual syringe pump", "pump-2");
  await show("pump-2");
  const form = view("pump-2").getByRole("form", { name: "frame" });
  await type(form.getByLabel("command-id"), 65536);
  await form.getByRole("button").click();
  assert.equal(await view("pump-2").getByRole("status").count(), 0);
  await type(form.getByLabel("command-id"), 1);
  await form.getByRole("button").click();
  await view("pump-2").getByRole("status", { name: "Answer to frame" }).getByText(/bytes sent; received/).waitFor();
  assert.deepEqual(page.complaints, []);
});
