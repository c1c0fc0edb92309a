// plain.test.mjs - the page at "/" as a newcomer uses it: devices and connections live, bytes shown and sent.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { startChromium, startDaemon, startLine } from "./support.mjs";

let daemon, line, browser, page;
before(async () => {
  line = await startLine();
  daemon = await startDaemon(["--demo"]);
  browser = await startChromium();
  page = await browser.page(daemon.url);
});
after(() => Promise.all([browser, daemon, line].map((part) => part?.stop())));

it("connects a device with one click, sends a line, shows the answer, disconnects", async () => {
  await page.getByRole("button", { name: "Connect Virtual echo" }).click();
  const sent = page.getByRole("textbox", { name: "Send to echo" });
  await sent.fill("hello <b>there</b>");
  await sent.press("Enter");
  await page.getByLabel("Received from echo").getByText("hello <b>there</b>").waitFor();
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
});

it("shows at once what others open, rename, send and close", async () => {
  await daemon.ask("activate-connection", { name: "balance", address: line.path });
  await page.getByLabel("Received from balance").waitFor();
  await line.write("12.5 g\r\n");
  await page.getByLabel("Received from balance").getByText("12.5 g").waitFor();
  await page.getByRole("textbox", { name: "Send to balance" }).fill("TARE");
  await page.keyboard.press("Enter");
  assert.equal((await line.read(6)).toString(), "TARE\r\n");
  await daemon.ask("rename-reference", { old: "balance", new: "Waage" });
  await page.getByLabel("Received from Waage").waitFor();
  await daemon.ask("deactivate-connection", { name: "Waage" });
  await page.getByLabel("Received from Waage").waitFor({ state: "detached" });
});

it("shows a device that is plugged in and one that is pulled out", async () => {
  const echo = page.getByRole("button", { name: "Connect Virtual echo" });
  await daemon.ask("unplug-virtual", { address: "virtual:echo" });
  await echo.waitFor({ state: "detached" });
  await daemon.ask("plug-virtual", { address: "virtual:echo" });
  await echo.waitFor();
});
