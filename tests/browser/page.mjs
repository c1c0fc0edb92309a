// page.mjs - what a person does on the console page, in words of its own.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { until, within } from "./support.mjs";

// The text that a terminal shows, without the scroll-back.
export const shown = (page, name) => page.getByRole("group", { name: `Received from ${name}` }).first();

// Wait until the terminal shows this text.
export async function see(page, name, text) {
  await shown(page, name).locator(".xterm-rows").getByText(text).first().waitFor();
}

// Connect a virtual device by one click; its terminal opens.
export async function connect(page, title, name) {
  await page.getByRole("button", { name: `Connect ${title}` }).click();
  await shown(page, name).waitFor();
}

export async function send(page, name, text) {
  const input = page.getByRole("textbox", { name: `Send to ${name}` });
  await input.fill(text);
  await input.press("Enter");
}

// Choose an item of a menu.
export async function choose(page, menu, item) {
  await page.getByRole("button", { name: menu, exact: true }).first().click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
}

// The name and the bytes of the file that an action downloads.
export async function downloaded(page, action) {
  if (page.downloads) return appeared(page.downloads, action);
  const waiting = page.waitForEvent("download");
  await action();
  const download = await within(waiting, "the download");
  const stream = await download.createReadStream(), parts = [];
  for await (const part of stream) parts.push(part);
  return { name: download.suggestedFilename(), bytes: Buffer.concat(parts) };
}

// The same by looking into the folder. While a file is not complete, there is one beside it that ends in .part.
async function appeared(folder, action) {
  const list = () => (existsSync(folder) ? readdirSync(folder) : []), before = list();
  const come = () => list().filter((name) => !before.includes(name));
  await action();
  await until(() => come().length === 1 && !come()[0].endsWith(".part") && statSync(path.join(folder, come()[0])).size > 0, "the download");
  const [name] = come();
  return { name, bytes: readFileSync(path.join(folder, name)) };
}

// What a log has written to the file that stands for the one a person would choose.
export async function logged(page) {
  const bytes = await page.evaluate(async () => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle("log");
    const blob = await handle.getFile();
    return new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.split(",")[1]);
      reader.readAsDataURL(blob);
    });
  });
  return Buffer.from(bytes, "base64");
}
