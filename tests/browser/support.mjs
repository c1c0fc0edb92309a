// support.mjs - what the browser tests share: a daemon, serial lines played by the test, and browsers with a fresh profile.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { promisify } from "node:util";
import { sleep, stop, until as untilTime, within as withinTime } from "../clients/support.mjs";
import { launchFirefox } from "./firefox.mjs";

export { sleep, startLine } from "../clients/support.mjs";

const DEADLINE_MS = 120000; // for what should take milliseconds: browsers are slow on a machine that does much else
const HERE = import.meta.dirname;
const CHROMIUM_OPTIONS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

// The promise's value, or an error that names what was awaited.
export const within = (promise, what, ms = DEADLINE_MS) => withinTime(promise, what, ms);

// Wait until the condition holds.
export const until = (condition, what, ms = DEADLINE_MS) => untilTime(condition, what, ms);

// A fresh folder.
export function folder(where = tmpdir()) {
  const name = mkdtempSync(path.join(where, "pm-browser-"));
  return { name, remove: () => rmSync(name, { recursive: true, force: true, maxRetries: 5 }) };
}

// A daemon on a free port, or the given one, with files of its own; with a certificate of its own if it is to speak TLS.
export async function startDaemon(options = [], port = 0, variables = {}) {
  const program = process.env.PERIPHERAL_MANAGER;
  if (!program) throw new Error("PERIPHERAL_MANAGER must name the program under test");
  const home = folder();
  const env = {
    ...process.env, XDG_CONFIG_HOME: `${home.name}/config`, XDG_STATE_HOME: `${home.name}/state`,
    XDG_RUNTIME_DIR: `${home.name}/run`, ...variables,
  };
  if (options.includes("--tls")) await promisify(execFile)(program, ["tls", "init"], { env });
  const child = spawn(program, ["--allow-root", "--allow-pty", "--port", String(port), ...options],
    { env, stdio: ["ignore", "inherit", "pipe"] });
  const log = [];
  const first = await within(new Promise((resolve, reject) => {
    readline.createInterface({ input: child.stderr }).on("line", (line) => {
      log.push(line);
      resolve(line);
    });
    child.once("exit", (code) => reject(new Error(`the daemon ended with ${code}`)));
  }), "the daemon");
  const url = first.match(/http:\/\/[^/ ]+\//)[0];
  return {
    url,
    secureUrl: first.match(/https:\/\/[^/ ]+\//)?.[0],
    port: Number(new URL(url).port),
    // What a subcommand prints, as a program of the same user.
    async run(...words) {
      const { stdout } = await promisify(execFile)(program, words, { env });
      return stdout;
    },
    // The answer to a request of the person, over the control socket.
    person: (request, data = {}) => new Promise((resolve, reject) => {
      const socketPath = `${home.name}/run/peripheral-manager/control`;
      const headers = { "Content-Type": "application/json" };
      const asked = http.request({ socketPath, path: `/api/v1/${request}`, method: "POST", headers }, async (answer) => {
        let text = "";
        for await (const part of answer) text += part;
        resolve(JSON.parse(text));
      });
      asked.on("error", reject).end(JSON.stringify(data));
    }),
    // The answer to a request over HTTP.
    async ask(request, data = {}) {
      const answer = await fetch(`${url}api/v1/${request}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data),
      });
      return answer.json();
    },
    signal: (name) => child.kill(name),
    async stop() {
      const code = await stop(child, "the daemon");
      home.remove();
      if (code !== 0) throw new Error(`the daemon ended with ${code}:\n${log.slice(-50).join("\n")}`);
    },
  };
}

// Serve files, {path: [type, content]} or {path: [type, content, status, header fields]}, as a web server of somebody else would.
export async function startPages(files) {
  const server = http.createServer((request, response) => {
    const [type, content, status = 200, fields = {}] = files[request.url] ?? ["text/plain", "", 404];
    response.writeHead(status, { "Content-Type": type, ...fields });
    response.end(content);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}/`,
    port: server.address().port,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

// What it complains about is noted in page.complaints; where downloads are only seen in their folder, that is page.downloads.
async function newPage(context, downloads, url) {
  const page = await context.newPage();
  Object.assign(page, { complaints: [], downloads });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (m) => m.type() === "error" && page.complaints.push(`${m.text()} ${m.location().url}`));
  await page.goto(url);
  return page;
}

// The browser in this context, whose profile lies in this folder.
function started(context, profile, downloads = null) {
  context.setDefaultTimeout(DEADLINE_MS);
  return {
    context,
    page: (url) => newPage(context, downloads, url),
    // To each of its processes.
    signal(name) {
      for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
        try {
          if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(profile.name)) process.kill(Number(pid), name);
        } catch {} // it is gone
      }
    },
    async stop() {
      await context.close();
      profile.remove();
    },
  };
}

const COMMON = { timeout: DEADLINE_MS, viewport: { width: 1280, height: 800 }, acceptDownloads: true };

// Chromium with an empty profile: {context, page(url), stop()}.
export async function startChromium({ args = [], ...options } = {}) {
  const profile = folder(), { chromium } = await import("playwright-core"); // not before launchFirefox() has changed it
  return started(await chromium.launchPersistentContext(profile.name, {
    executablePath: "/usr/bin/chromium", headless: true, args: [...CHROMIUM_OPTIONS, ...args], chromiumSandbox: false, ...COMMON, ...options,
  }), profile);
}

// The browser that this run is for: Chromium, or Firefox where PM_BROWSER says so. Its pages may read the clipboard.
export const IN_FIREFOX = process.env.PM_BROWSER === "firefox";
export async function startBrowser() {
  if (IN_FIREFOX) {
    const profile = folder(), downloads = path.join(profile.name, "downloads");
    return started(await launchFirefox(profile.name, downloads, COMMON), profile, downloads);
  }
  const browser = await startChromium();
  await browser.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  return browser;
}
