// flood.mjs [SECONDS] - a device that sends 3 Mbaud (300 kB/s) into the console: nothing may be missing in the log, and frames go on.
// Run as a test by flood.test.mjs for some seconds, and by `make soak-console` for a minute.
import assert from "node:assert/strict";
import { choose, connect, logged, send, shown } from "./page.mjs";
import { startBrowser, startDaemon, until } from "./support.mjs";

// The time between frames while the page runs, in milliseconds.
const watchFrames = (page) => page.evaluate(() => {
  window.frames_ = [];
  let last = performance.now();
  const on = (now) => {
    window.frames_.push(now - last);
    last = now;
    if (window.frames_) requestAnimationFrame(on);
  };
  requestAnimationFrame(on);
});

function percentile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

// The counter's numbers as they were logged: every one, from the first on, in order.
function checkNumbers(bytes) {
  const text = `\r\n${bytes.toString("latin1")}`, first = text.indexOf("\r\n0\r\n") + 2;
  let at = first, n = 0;
  for (let end; (end = text.indexOf("\r\n", at)) >= 0; at = end + 2, n++)
    if (text.slice(at, end) !== String(n)) assert.fail(`after ${n - 1} comes "${text.slice(at, end)}"`);
  return { numbers: n, bytes: text.length - first };
}

// `rate` is in bytes a second; `beside` the terminal there may be a view of another kind.
export async function flood({ seconds, rate, beside = null }) {
  const daemon = await startDaemon(["--demo"]), browser = await startBrowser();
  try {
    const page = await browser.page(daemon.url);
    await page.evaluate(() => {
      window.showSaveFilePicker = async () => (await navigator.storage.getDirectory()).getFileHandle("log", { create: true });
    });
    await connect(page, "Virtual counter", "counter");
    if (beside) {
      await page.getByRole("button", { name: "Another view of counter" }).click();
      await page.getByLabel("Kind of this view of counter").last().selectOption(beside);
    }
    const offset = async () => (await daemon.ask("list-connections")).connections[0].offset;
    await choose(page, "Log…", "Bytes, unchanged");
    await send(page, "counter", `RATE ${rate}`);
    const before = await offset();
    await watchFrames(page);
    await until(async () => (await offset()) - before >= rate * seconds, "the flood", seconds * 10000 + 60000);
    const frames = (await page.evaluate(() => window.frames_)).sort((a, b) => a - b);
    assert.match(await shown(page, "counter").innerText(), /\d/);
    await page.getByRole("button", { name: /Logging/ }).click();
    await page.getByRole("button", { name: "Log…" }).waitFor();
    const result = checkNumbers(await logged(page));
    assert.ok(result.bytes >= rate * seconds * 0.9, `${result.bytes} bytes`); // a loaded machine lags a little behind the device
    assert.deepEqual(page.complaints, []);
    return { ...result, frames: frames.length, median: percentile(frames, 0.5), p99: percentile(frames, 0.99), longest: frames.at(-1) };
  } finally {
    await browser.stop();
    await daemon.stop();
  }
}

if (import.meta.filename === process.argv[1]) {
  const result = await flood({ seconds: Number(process.argv[2] ?? 60), rate: 300000 });
  console.log(`${result.bytes} bytes, none missing; ${result.frames} frames: median ${result.median.toFixed(1)} ms, ` +
    `99 % within ${result.p99.toFixed(1)} ms, longest ${result.longest.toFixed(1)} ms`);
}
