// console.test.mjs - the console as a newcomer uses it: devices and connections live, bytes shown and sent.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { connect, see, send, shown } from "./page.mjs";
import { startBrowser, startDaemon, startLine, until } from "./support.mjs";

let daemon, line, browser, page;
before(async () => {
  line = await startLine();
  daemon = await startDaemon(["--demo"]);
  browser = await startBrowser();
  page = await browser.page(daemon.url);
});
after(() => Promise.all([browser, daemon, line].map((part) => part?.stop())));

it("connects a device with one click, sends a line, shows the answer, disconnects", async () => {
  await connect(page, "Virtual echo", "echo");
  await send(page, "echo", "hello <b>there</b>");
  await see(page, "echo", "hello <b>there</b>");
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
});

it("takes a double click as one, and says nothing of itself when a device is closed", async () => {
  await page.evaluate(() => {
    window.warnings = [];
    new MutationObserver(() => document.querySelectorAll(".devices:not(details *) .warn").forEach((e) => window.warnings.push(e.textContent)))
      .observe(document.body, { childList: true, subtree: true });
  });
  await page.getByRole("button", { name: "Close this view of echo" }).click();
  await page.getByRole("button", { name: "Connect Virtual echo" }).dblclick();
  await shown(page, "echo").waitFor();
  assert.equal(await page.getByRole("textbox", { name: /^New name/ }).count(), 0);
  assert.deepEqual((await daemon.ask("list-connections")).connections.map((c) => c.name), ["echo"]);
  await page.getByRole("button", { name: "Show echo" }).dblclick();
  assert.equal(await page.getByRole("article", { name: "echo: Terminal" }).count(), 1);
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
  await page.getByRole("button", { name: "Close this view of echo" }).click();
  assert.deepEqual(await page.evaluate(() => window.warnings), []);
});

it("brings a new view into sight, and gives it the focus", async () => {
  await connect(page, "Virtual echo", "echo");
  for (let i = 0; i < 5; i++) {
    await page.getByRole("button", { name: "Another view of echo" }).last().click();
    const views = page.getByRole("article", { name: "echo: Terminal" });
    await until(async () => (await views.count()) === i + 2, "one more view");
    await until(() => views.last().evaluate((v) => v.contains(document.activeElement) && v.getBoundingClientRect().top < innerHeight - 100), "the new view in sight");
  }
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  const close = page.getByRole("button", { name: "Close this view of echo" });
  while (await close.count()) await close.first().click();
});

it("shows at once what others open, rename, send and close", async () => {
  await daemon.ask("activate-connection", { name: "balance", address: line.path });
  await page.getByRole("button", { name: "Show balance" }).click();
  await line.write("12.5 g\r\n");
  await see(page, "balance", "12.5 g");
  await send(page, "balance", "TARE");
  assert.equal((await line.read(6)).toString(), "TARE\r\n");
  await daemon.ask("rename-reference", { old: "balance", new: "Waage" });
  await shown(page, "Waage").waitFor();
  await line.write("13.5 g\r\n");
  await see(page, "Waage", "13.5 g");
  await daemon.ask("deactivate-connection", { name: "Waage" });
  await page.getByRole("button", { name: "Show Waage" }).waitFor({ state: "detached" });
  await see(page, "Waage", "13.5 g"); // what came stays readable
});

it("shows a device that is plugged in and one that is pulled out", async () => {
  const echo = page.getByRole("button", { name: "Connect Virtual echo" });
  await daemon.ask("unplug-virtual", { address: "virtual:echo" });
  await echo.waitFor({ state: "detached" });
  await daemon.ask("plug-virtual", { address: "virtual:echo" });
  await echo.waitFor();
});

it("renames in place, by keyboard", async () => {
  await connect(page, "Virtual syringe pump", "pump");
  await page.getByRole("button", { name: "Rename pump" }).press("Enter");
  const name = page.getByRole("textbox", { name: "New name of pump" });
  await name.fill("Left syringe");
  await name.press("Enter");
  await page.getByRole("button", { name: "Rename Left syringe" }).waitFor();
  const { connections } = await daemon.ask("list-connections");
  assert.deepEqual(connections.map((c) => c.name), ["Left syringe"]);
  await send(page, "Left syringe", "RAT");
  await see(page, "Left syringe", "00S1.000MM");
});

it("shows calmly that a device is lost and that it is back, in the same tab, and goes on with it", async () => {
  await connect(page, "Virtual echo", "echo");
  await send(page, "echo", "before");
  await see(page, "echo", "before");
  await daemon.ask("unplug-virtual", { address: "virtual:echo" });
  const view = page.getByRole("article", { name: "echo: Terminal" });
  await view.getByText("Unplugged. Opens again when it comes back.").waitFor();
  await daemon.ask("plug-virtual", { address: "virtual:echo" });
  await view.getByText("Unplugged. Opens again when it comes back.").waitFor({ state: "detached" });
  await see(page, "echo", "the device is back");
  await send(page, "echo", "after");
  await see(page, "echo", "after");
});

it("says what to do when something is connected and nothing shown", async () => {
  await page.getByRole("button", { name: "Disconnect Left syringe" }).click();
  const close = page.getByRole("button", { name: /^Close this view of/ });
  while (await close.count()) await close.first().click();
  await page.getByText("echo is connected: press Show beside the name.").waitFor();
  await page.getByRole("button", { name: "Show echo" }).click();
  await see(page, "echo", "after");
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.getByRole("button", { name: "Close this view of echo" }).click();
  await page.getByText("Connect a device to begin").waitFor();
});

it("keeps the focus near where a person works with the keyboard, when what has it goes", async () => {
  const press = async (name, key = "Enter") => {
    await page.getByRole("button", { name, exact: true }).first().focus();
    await page.keyboard.press(key);
  };
  const focused = (locator) => until(() => locator.evaluate((e) => e === document.activeElement), "the focus");
  await press("Connect Virtual echo");
  await focused(page.getByRole("textbox", { name: "Send to echo" }));
  await press("Rename echo");
  await page.getByRole("textbox", { name: "New name of echo" }).press("Escape");
  await focused(page.getByRole("button", { name: "Rename echo" }));
  await press("+ Macro");
  await page.getByRole("textbox", { name: "Name" }).press("Escape");
  await focused(page.getByRole("button", { name: "+ Macro" }));
  await press("Disconnect echo");
  await focused(page.getByRole("button", { name: "Connect Virtual echo" }));
  await press("Connect echo again");
  await focused(page.getByRole("article", { name: "echo: Terminal" }));
  await press("Close this view of echo");
  await focused(page.getByRole("main", { name: "Views" }));
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
});

it("shows the terminal and its send box after connecting, on a narrow page too", async () => {
  const send = page.getByRole("textbox", { name: "Send to echo" });
  await page.setViewportSize({ width: 400, height: 700 });
  for (const button of ["Connect Virtual echo", "Show echo"]) {
    await page.getByRole("button", { name: button }).click();
    await shown(page, "echo").waitFor();
    const whole = () => page.getByRole("article", { name: "echo: Terminal" }).evaluate((v) => {
      const { top, bottom, width } = v.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight && width > 0;
    });
    await until(whole, "the whole view in sight");
    await until(() => send.evaluate((e) => e === document.activeElement), "the send box with the focus");
    await page.evaluate(() => scrollTo(0, 0));
  }
  await page.getByRole("button", { name: "Events", exact: true }).click();
  await until(() => page.getByRole("log").evaluate((e) => e.getBoundingClientRect().bottom <= innerHeight), "the events in sight");
  await page.getByRole("button", { name: "Close the events" }).click();
  await page.setViewportSize({ width: 1280, height: 800 });
});

it("takes what it said of a daemon that is away back when it answers, and keeps what was not sent", async () => {
  const { port } = daemon, words = page.getByText("nothing was sent", { exact: false }).locator("visible=true").and(page.locator(".problem span"));
  await daemon.stop();
  await page.getByText("The daemon does not answer. Trying again…").waitFor();
  await send(page, "echo", "not lost");
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await until(async () => (await words.count()) === 2, "both problems");
  assert.equal(await page.getByRole("textbox", { name: "Send to echo" }).inputValue(), "not lost");
  daemon = await startDaemon(["--demo"], port);
  await page.getByText("Connected", { exact: true }).waitFor();
  await until(async () => (await words.count()) === 0, "none of them");
  page.complaints = page.complaints.filter((text) => !/WebSocket|ERR_CONNECTION_REFUSED|can’t establish/.test(text));
});

it("has complained about nothing", () => assert.deepEqual(page.complaints, []));
