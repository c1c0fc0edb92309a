// original.test.mjs - a page written for the original daemon works against this one, unchanged, in a real browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, it } from "node:test";
import { startChromium, startDaemon, startLine, startPages } from "./support.mjs";

const require = createRequire(import.meta.url);
const here = (name) => readFileSync(new URL(name, import.meta.url), "utf8");

let pages, daemon, line, browser, page;
before(async () => {
  const files = {
    "/socket.io.js": ["text/javascript", readFileSync(require.resolve("sio-client-2.0/dist/socket.io.js"))],
    "/knockout.js": ["text/javascript", readFileSync(require.resolve("knockout"))],
  };
  pages = await startPages(files);
  line = await startLine();
  daemon = await startDaemon(["--demo", "--allow-origin", pages.url.slice(0, -1)]);
  files["/"] = ["text/html; charset=utf-8", here("fixtures/original.html").replaceAll("DAEMON_URL", daemon.url)];
  browser = await startChromium();
  page = await browser.page(pages.url);
});
after(() => Promise.all([browser, daemon, line, pages].map((part) => part?.stop())));

const reply = (text) => page.locator("#replies li", { hasText: text }).last().waitFor();

it("lists, activates, sends, receives, renames and deactivates by the seven events", async () => {
  const device = page.locator("li", { hasText: "virtual:echo" });
  await device.getByRole("button", { name: "Activate" }).click();
  await reply("activate-connection true");
  await page.locator("li", { hasText: "scale" }).waitFor();
  await page.fill("#text", "hello");
  await page.getByRole("button", { name: "Send raw" }).click();
  await page.locator("#received", { hasText: "scale:hello;" }).waitFor();
  await page.getByRole("button", { name: "Send command" }).click(); // without a reply event, as in the original

  await page.fill("#old", "scale");
  await page.fill("#new", "Waage 1");
  await page.getByRole("button", { name: "Rename" }).click();
  await reply("rename-connection true");
  await page.locator("li", { hasText: "Waage 1" }).waitFor();

  await page.getByRole("button", { name: "Deactivate" }).click();
  await reply("deactivate-connection true");
  await page.locator("li", { hasText: "Waage 1" }).waitFor({ state: "detached" });
});

it("exchanges bytes with a serial line that another program activated", async () => {
  await daemon.ask("activate-connection", { name: "balance", address: line.path });
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.locator("li", { hasText: "balance" }).waitFor();
  await page.fill("#to", "balance");
  await page.fill("#text", "WEIGH?");
  await page.getByRole("button", { name: "Send raw" }).click();
  assert.equal((await line.read(6)).toString(), "WEIGH?");
  await line.write("12.5 g");
  await page.locator("#received", { hasText: "balance:12.5 g;" }).waitFor();
  assert.deepEqual(page.complaints, []);
});
