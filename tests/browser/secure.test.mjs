// secure.test.mjs - a person makes a certificate and tells their browsers: then Chromium, in a home of its own, opens the
// console by https without a complaint, and a page talks to a device over wss. Before that, and after untrust, it refuses.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { folder, startChromium, startDaemon, startPages, within } from "./support.mjs";

const certutilIsHere = (() => {
  try {
    execFileSync("which", ["certutil"]);
    return true;
  } catch {
    return false;
  }
})();

// What becomes of opening the address in a browser of this home.
async function open(home, url, use = () => {}) {
  const browser = await startChromium({ env: { ...process.env, HOME: home, XDG_DATA_HOME: "", XDG_CONFIG_HOME: "" } });
  try {
    const page = await browser.page("about:blank");
    const answer = await page.goto(url);
    const details = await answer.securityDetails();
    await use(page);
    return { status: answer.status(), issuer: details?.issuer, protocol: details?.protocol, complaints: page.complaints };
  } catch (error) {
    return { error: String(error) };
  } finally {
    await browser.stop();
  }
}

test("Chromium trusts what it was told to, and nothing else", { skip: !certutilIsHere, timeout: 600000 }, async (t) => {
  const home = folder();
  t.after(home.remove);
  const daemon = await startDaemon(["--demo", "--tls", "--tls-port", "0", "--local-pages", "allow"], 0, { HOME: home.name });
  t.after(daemon.stop);
  const pages = await startPages({ "/": ["text/html", "<!doctype html><title>A page</title>"] });
  t.after(pages.stop);
  const url = daemon.secureUrl;

  assert.match((await open(home.name, url)).error, /ERR_CERT_AUTHORITY_INVALID/);
  assert.match(await daemon.run("tls", "trust", "--yes"), /Trusted now in/);
  const seen = await open(home.name, url, (page) => within(page.getByText("virtual:echo").first().waitFor(), "the devices"));
  assert.deepEqual(seen, { status: 200, issuer: seen.issuer, protocol: "TLS 1.3", complaints: [] });
  assert.match(seen.issuer, /^Peripheral Manager on /);
  const answer = await open(home.name, pages.url, async (page) => {
    const said = await page.evaluate((address) => new Promise((resolve, reject) => {
      const socket = new WebSocket(`${address.replace("https", "wss")}socket.io/?EIO=4&transport=websocket`);
      socket.onmessage = (event) => (event.data.startsWith("0") ? socket.send("40") : resolve(event.data));
      socket.onerror = () => reject(new Error("no connection"));
    }), url);
    assert.match(said, /^40\{"sid":/);
  });
  assert.equal(answer.status, 200, answer.error);
  assert.match(await daemon.run("tls", "untrust", "--yes"), /Taken out of/);
  assert.match((await open(home.name, url)).error, /ERR_CERT_AUTHORITY_INVALID/);
});
