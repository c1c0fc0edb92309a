// page.mjs - what a person does on the console page, in words of its own.
import { within } from "./support.mjs";

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

// The bytes of the file that an action downloads.
export async function downloaded(page, action) {
  const waiting = page.waitForEvent("download");
  await action();
  const download = await within(waiting, "the download");
  const stream = await download.createReadStream(), parts = [];
  for await (const part of stream) parts.push(part);
  return { name: download.suggestedFilename(), bytes: Buffer.concat(parts) };
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
