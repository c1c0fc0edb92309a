// attack_firefox.test.mjs - Firefox ESR as the attacker, by WebDriver BiDi: see attack.mjs.
import puppeteer from "puppeteer-core";
import { attack, NAMES } from "./attack.mjs";

attack(async () => {
  const browser = await puppeteer.launch({
    browser: "firefox", executablePath: "/usr/bin/firefox-esr", headless: true, timeout: 120000, protocol: "webDriverBiDi",
    extraPrefsFirefox: { "network.dns.localDomains": NAMES.join(), "dom.disable_open_during_load": false },
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(120000);
  let served = null;
  const answer = (request) =>
    (request.url() === served.url ? request.respond({ contentType: "text/html", body: served.body }) : request.continue()).catch(() => {});
  return {
    stop: () => browser.close(),
    async open(url) {
      const there = await page.goto(url).catch(() => null);
      return there ? page.evaluate(() => document.title + document.body.textContent) : "cannot be opened";
    },
    run: (word, args) => page.evaluate((word, args) => tries[word](...args), word, args),
    async serve(url, body) {
      const first = !served;
      served = { url, body };
      if (!first) return;
      await page.setRequestInterception(true);
      page.on("request", answer); // which may belong to a page that is gone by now
    },
    only: async () => Promise.all((await browser.pages()).filter((p) => p !== page).map((p) => p.close())),
  };
});
