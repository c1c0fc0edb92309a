// flood.mjs [SECONDS [RATE [BESIDE]]] - a device that sends so many bytes a second, 300,000 (3 Mbaud) if nothing else is said, into the
// console: nothing may be missing in the log, and frames go on. Run as a test by flood.test.mjs for some seconds, by
// `make soak-console` for a minute, and by `make bench-console` with a plotter beside the terminal.
import assert from "node:assert/strict";
import { choose, connect, logged, send, shown } from "./page.mjs";
import { IN_FIREFOX, startBrowser, startDaemon, until } from "./support.mjs";

const FRAME_MS = 1000 / 60; // of a browser without a display

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

// The processor time that the page's main thread has taken, in milliseconds; only Chromium tells it.
async function watchWork(browser, page) {
  if (IN_FIREFOX) return () => NaN;
  const client = await browser.context.newCDPSession(page);
  await client.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => (await client.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
}

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
    const before = await offset(), work = await watchWork(browser, page), worked = await work();
    await watchFrames(page);
    await until(async () => (await offset()) - before >= rate * seconds, "the flood", seconds * 10000 + 60000);
    const took = (await work()) - worked, frames = (await page.evaluate(() => window.frames_)).sort((a, b) => a - b);
    assert.match(await shown(page, "counter").innerText(), /\d/);
    await page.getByRole("button", { name: /Logging/ }).click();
    await page.getByRole("button", { name: "Log…" }).waitFor();
    const result = checkNumbers(await logged(page));
    assert.ok(result.bytes >= rate * seconds * 0.9, `${result.bytes} bytes`); // a loaded machine lags a little behind the device
    assert.deepEqual(page.complaints, []);
    return {
      ...result, frames: frames.length, work: took / frames.length, dropped: frames.reduce((n, ms) => n + Math.max(0, Math.round(ms / FRAME_MS) - 1), 0),
      median: percentile(frames, 0.5), p99: percentile(frames, 0.99), longest: frames.at(-1),
    };
  } finally {
    await browser.stop();
    await daemon.stop();
  }
}

export const told = ({ bytes, numbers, frames, work, dropped, median, p99, longest }) => `${bytes} bytes, ${numbers} numbers, none missing; ` +
  `${frames} frames, ${dropped} dropped: median ${median.toFixed(1)} ms, 99 % within ${p99.toFixed(1)} ms, longest ${longest.toFixed(1)} ms; ` +
  `${work.toFixed(1)} ms of processor time in the page for each`;

if (import.meta.filename === process.argv[1]) {
  const [, , seconds = 60, rate = 300000, beside = null] = process.argv;
  console.log(told(await flood({ seconds: Number(seconds), rate: Number(rate), beside })));
}
