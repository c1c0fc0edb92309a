// first-paint.mjs - how soon the console shows something, and its devices, on loopback: `make bench-console`. The goal is 300 ms.
import { startChromium, startDaemon, until } from "../tests/browser/support.mjs";

const GOAL_MS = 300, ROUNDS = 15;
const daemon = await startDaemon(["--demo"]), browser = await startChromium();
const paints = [], devices = [];

for (let i = 0; i <= ROUNDS; i++) {
  const page = await browser.page(daemon.url);
  await page.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
  const paint = () => page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  await until(async () => (await paint()) > 0, "the first paint");
  const listed = await page.evaluate(() => performance.now());
  if (i > 0) { // the first one starts the browser's processes
    paints.push(await paint());
    devices.push(listed);
  }
  await page.close();
}
await browser.stop();
await daemon.stop();

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
console.log(`first paint: median ${median(paints).toFixed(0)} ms, slowest ${paints.at(-1).toFixed(0)} ms; goal ${GOAL_MS} ms`);
console.log(`devices listed, as a script sees them: median ${median(devices).toFixed(0)} ms`);
