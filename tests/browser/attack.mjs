// attack.mjs - runs the rows of attack_rows.mjs in a browser against the daemon: nothing is reached, nothing changes, no byte comes
// to a device, and what is refused is noted.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { honest, rows } from "./attack_rows.mjs";
import { folder, startDaemon, startLine, startPages, until } from "./support.mjs";

const SCRIPT = readFileSync(path.join(import.meta.dirname, "fixtures/attack.js"), "utf8");
const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Page</title><body><script src="/attack.js"></script>';
const WORKERS = {
  "/worker.js": "onmessage = async ({ data: [word, ...args] }) => postMessage(await tries[word](...args));",
  "/shared.js": "onconnect = ({ ports: [port] }) => { port.onmessage = async ({ data: [word, ...args] }) => port.postMessage(await tries[word](...args)); };",
  "/service.js": "onmessage = async ({ source, data: [word, ...args] }) => source.postMessage(await tries[word](...args));",
};
const SECRETS = /"secret"|virtual:|\/dev\//; // what nobody may see who was not let in

// Names that lead to this machine, for browsers that take a list. Those that are rebound serve for one row each, since browsers remember
// where a name led.
export const REBOUND = Array.from({ length: 200 }, (_, row) => `rebound${row}.test`);
export const NAMES = [...REBOUND, "rebound.test", "evil.test", "granted.localhost.evil.test", "localhost.evil.test"];

// `start` starts a browser: {open(url), serve(url, html), run(word, args), only(), stop()}.
export function attack(start) {
  let daemon, browser, line, pages, other, files, last = 0;

  const noted = async () => (await daemon.person("audit-read", { limit: 50 })).entries.filter((e) => e.sequence > last);

  // Everything that an attack would like to change.
  async function state() {
    const { connections } = await daemon.person("list-connections");
    const { grants } = await daemon.person("grant-list");
    return { connections, grants: grants.map((g) => [g.origin, g.device]), bytes: line.unread() };
  }

  function addressOf(whose, number) {
    if (whose === "file") return `file://${files.name}/index.html`;
    if (whose === "rebound") return `http://${REBOUND[number]}:${daemon.port}/page.html`;
    if (whose === "granted") return `http://granted.localhost:${pages.port}/`;
    if (whose === "other port") return `http://granted.localhost:${other.port}/`;
    return `http://${whose === "new" ? `page${number}.localhost` : whose}:${pages.port}/`;
  }

  async function run([, , whose, how, sees, kind], number) {
    last = (await noted()).at(-1)?.sequence ?? last;
    await browser.only();
    const [word, ...args] = how;
    if (whose === "rebound") await browser.serve(addressOf(whose, number), PAGE.replace('src="/attack.js">', `>${SCRIPT}`));
    const seen = word === "open" ? await browser.open(args[0])
      : (await browser.open(addressOf(whose, number)), await browser.run(word, args));
    assert.match(seen, sees);
    if (kind) await until(async () => (await noted()).some((e) => e.kind === kind), `the note ${kind}; the page saw "${seen}"`, 20000);
    return seen;
  }

  // All rows, and what is wrong with each.
  async function runAll(table, check) {
    const wrong = [];
    for (const [i, row] of table.entries()) {
      const { message } = await run(row, i).then(check).then(() => ({}), (e) => e);
      if (message) wrong.push(`${row[0]} ${row[1]}: ${message.slice(0, 300)}`);
    }
    assert.deepEqual(wrong, []);
    return `${table.length} rows`;
  }

  before(async () => {
    const scripts = Object.fromEntries(Object.entries(WORKERS).map(([at, code]) => [at, ["text/javascript", `${SCRIPT}\n${code}`]]));
    const served = { "/": ["text/html", PAGE], "/attack.js": ["text/javascript", SCRIPT], ...scripts };
    [pages, other, line] = [await startPages(served), await startPages(served), await startLine()];
    daemon = await startDaemon(["--demo", "--local-pages", "ask", "--allow-origin", `http://granted.localhost:${pages.port}`]);
    const location = { Location: `${daemon.url}api/v1/list-devices`, "Access-Control-Allow-Origin": "*" };
    served["/redirect"] = ["text/plain", "", 307, location];
    await daemon.ask("activate-connection", { name: "secret", address: line.path });
    files = folder();
    writeFileSync(path.join(files.name, "index.html"), PAGE.replace("/attack.js", "attack.js"));
    writeFileSync(path.join(files.name, "attack.js"), SCRIPT);
    browser = await start();
  });
  after(async () => {
    await browser?.stop();
    await Promise.all([daemon, line, pages, other].map((part) => part?.stop()));
    files?.remove();
  });

  const places = () => ({
    http: daemon.url.slice(0, -1), ws: daemon.url.slice(0, -1).replace("http", "ws"), port: daemon.port,
    other: other.url.slice(0, -1), granted: pages.port,
  });

  it("reaches nothing", { timeout: 600000 }, async (t) => {
    const whole = await state();
    t.diagnostic(await runAll(rows(places()), async (seen) => {
      assert.doesNotMatch(seen, SECRETS);
      assert.deepEqual(await state(), whole);
    }));
  });

  it("lets in who may come", { timeout: 300000 }, async (t) => {
    const { bytes } = await state();
    t.diagnostic(await runAll(honest(places()), () => {}));
    assert.ok((await state()).bytes > bytes, "what reaches no device above reaches one here");
  });
}
