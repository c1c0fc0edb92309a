// browser.mjs - round trips from a page in a real browser through the daemon and its virtual echo device, and how fast a
// page can receive without missing a byte. Needs what the browser tests need: make deps-test, tools/npm-install tests/browser
//   node bench/browser.mjs       with build/release/bin/peripheral-manager
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "..");
process.env.PERIPHERAL_MANAGER ??= path.join(ROOT, "build/release/bin/peripheral-manager");
const { startChromium, startDaemon, startPages } = await import(path.join(ROOT, "tests/browser/support.mjs"));
const require = createRequire(path.join(ROOT, "tests/browser/package.json"));
const ROUNDS = 1000, SECONDS = 2;

async function startFirefox() {
  const puppeteer = (await import(require.resolve("puppeteer-core"))).default;
  const browser = await puppeteer.launch({
    browser: "firefox", executablePath: "/usr/bin/firefox-esr", headless: true, timeout: 120000, protocol: "webDriverBiDi",
    extraPrefsFirefox: { "privacy.reduceTimerPrecision": false },
  });
  return {
    async page(url) {
      const page = await browser.newPage();
      page.setDefaultTimeout(120000);
      await page.goto(url);
      return page;
    },
    stop: () => browser.close(),
  };
}

// Runs in the page: milliseconds of each round trip of 16 bytes.
async function roundTrips({ url, rounds }) {
  const socket = io(url, { transports: ["websocket"], forceNew: true }), times = [], data = new Uint8Array(16);
  await new Promise((resolve) => socket.on("connect", resolve));
  for (let i = 0; i < rounds; i++) {
    const answer = new Promise((resolve) => socket.once("echo", resolve));
    const start = performance.now();
    socket.emit("send-raw", { name: "echo", payload: data });
    await answer;
    times.push(performance.now() - start);
  }
  socket.disconnect();
  return times.slice(rounds / 10);
}

// Runs in the page: bytes received in a while, and bytes missed.
async function receive({ url, rate, seconds }) {
  const socket = io(url, { transports: ["websocket"], forceNew: true });
  let bytes = 0, missed = 0;
  socket.on("counter", (data) => { bytes += data.byteLength; });
  socket.on("rx-gap", ({ from, to }) => { missed += to - from; });
  await new Promise((resolve) => socket.on("connect", resolve));
  socket.emit("send-raw", { name: "counter", payload: `RATE ${rate}\n` });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = bytes, start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const result = { rate: (bytes - before) / (performance.now() - start) * 1000, missed };
  socket.emit("send-raw", { name: "counter", payload: "RATE 0\n" });
  socket.disconnect();
  return result;
}

async function measure(name, start) {
  const library = readFileSync(path.join(ROOT, "tests/browser/node_modules/socket.io-client/dist/socket.io.min.js"));
  const pages = await startPages({ "/": ["text/html", "<script src=io.js></script>"], "/io.js": ["text/javascript", library] });
  const daemon = await startDaemon(["--demo", "--allow-origin", new URL(pages.url).origin]), browser = await start();
  try {
    for (const device of ["echo", "counter"])
      await daemon.ask("activate-connection", { name: device, address: `virtual:${device}` });
    const page = await browser.page(pages.url), url = daemon.url;
    const times = (await page.evaluate(roundTrips, { url, rounds: ROUNDS })).sort((a, b) => a - b);
    const result = { p50_ms: times[times.length >> 1], p99_ms: times[Math.floor(times.length * 0.99)], mb_s_without_loss: 0 };
    for (const rate of [1e6, 2e6, 4e6, 8e6, 16e6]) {
      const got = await page.evaluate(receive, { url, rate, seconds: SECONDS });
      if (got.missed > 0 || got.rate < rate * 0.8) break;
      result.mb_s_without_loss = got.rate / 1e6;
    }
    return { browser: name, ...result };
  } finally {
    await browser.stop();
    pages.stop();
    await daemon.stop();
  }
}

const only = process.argv[2];
for (const [name, start] of [["Chromium", startChromium], ["Firefox", startFirefox]].filter(([name]) => !only || name === only))
  console.log(JSON.stringify(await measure(name, start)));
