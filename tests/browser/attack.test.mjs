// attack.test.mjs - Chromium as the attacker: see attack.mjs.
import { attack } from "./attack.mjs";
import { startChromium } from "./support.mjs";

attack(async () => {
  // Its own check of local networks would keep most of it from us, and not every browser has one.
  const args = ["--host-resolver-rules=MAP *.test 127.0.0.1", "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"];
  const { context, stop } = await startChromium({ args });
  const page = await context.newPage();
  return {
    stop,
    async open(url) {
      const answer = await page.goto(url).catch(() => null);
      return answer ? page.evaluate(() => document.title + document.body.innerText) : "cannot be opened";
    },
    run: (word, args) => page.evaluate(([word, args]) => tries[word](...args), [word, args]),
    serve: (url, body) => page.route(url, (route) => route.fulfill({ contentType: "text/html", body })),
    only: () => Promise.all(context.pages().filter((p) => p !== page).map((p) => p.close())),
  };
});
