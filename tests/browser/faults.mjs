// faults.mjs ADDRESS NAME - prints what the console counts of faults on a connection's line, as JSON, whenever that changes: for
// tests/usb-rig, where devices have such. Ends with its standard input.
import { startChromium } from "./support.mjs";

const [, , address, name] = process.argv;
const browser = await startChromium();
try {
  const page = await browser.page(address);
  await page.getByRole("button", { name: `Show ${name}` }).click();
  await page.getByLabel(`Kind of this view of ${name}`).selectOption("Port settings");
  await page.exposeFunction("tell", (text) => console.log(text));
  await page.locator(".counters").evaluate((list) => {
    const told = () => tell(JSON.stringify(Object.fromEntries([...list.children].map((row) => [...row.children].map((e) => e.textContent)))));
    new MutationObserver(told).observe(list, { subtree: true, characterData: true, childList: true });
    told();
  });
  for await (const _ of process.stdin);
} finally {
  await browser.stop();
}
