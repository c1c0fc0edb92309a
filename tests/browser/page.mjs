// page.mjs - what a person does on the console page, in words of its own.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { IN_FIREFOX, until, within } from "./support.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

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

// Type a number over the one that stands in a field: what is put into such a field by script, Firefox does not take as a change.
export async function type(field, number) {
  await field.press("Control+a");
  await field.pressSequentially(String(number));
}

// What a select element offers. By the element alone: Firefox ESR's content process ends when its driver asks for the options themselves.
export const options = (select) => select.evaluate((element) => [...element.options].map((option) => option.text));

// Choose an item of a menu.
export async function choose(page, menu, item) {
  await page.getByRole("button", { name: menu, exact: true }).first().click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
}

// What axe-core finds wrong in a part of the page: rule and element. Under it Firefox ESR's content process ends.
export async function violations(page, part = "html") {
  if (IN_FIREFOX) return [];
  await page.evaluate(AXE);
  await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {})))); // colours on their way
  const found = await page.evaluate((selector) => axe.run(document.querySelector(selector), { resultTypes: ["violations"] }), part);
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.failureSummary}`));
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
