// cards.mjs ADDRESS - prints what the console says of the devices that cannot be connected just now, one a line: for
// tests/usb-rig, where such devices are.
import { startChromium } from "./support.mjs";

const browser = await startChromium();
try {
  const page = await browser.page(process.argv[2]);
  await page.getByText("Connected", { exact: true }).waitFor();
  await page.locator("aside .device").first().waitFor({ state: "attached" });
  const others = page.getByText(/that cannot be used$/);
  if (await others.count()) await others.click();
  const cards = await page.locator("aside .device").allInnerTexts();
  console.log(cards.map((text) => text.replace(/\s*\n\s*/g, " | ")).join("\n"));
} finally {
  await browser.stop();
}
