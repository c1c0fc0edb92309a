// attack_webkit.test.mjs - WebKitGTK as the attacker, by WebDriver: see attack.mjs. Names that are rebound really are: they lead to a
// server of the attacker first, and when that is gone the browser goes on to their second address, which is here.
import http from "node:http";
import { attack, NAMES, REBOUND } from "./attack.mjs";
import { startWebKit } from "./webkit.mjs";

const THEIRS = "127.0.0.2", HERE = "127.0.0.1";

attack(async () => {
  const { say, stop } = await startWebKit([...REBOUND.map((name) => [name, THEIRS]), ...NAMES.map((name) => [name, HERE])], THEIRS);
  const run = (script, ...args) => say("POST", "/execute/async", { script: `const done = arguments[arguments.length - 1]; ${script}`, args });
  const first = await say("GET", "/window");
  await say("POST", "/timeouts", { script: 60000, pageLoad: 60000 });
  let served = null;
  return {
    async stop() {
      served?.close();
      await stop();
    },
    async open(url) {
      const gone = await say("POST", "/url", { url }).then(() => false, () => true);
      if (served) await new Promise((resolve) => served.close(resolve));
      served = null;
      return gone ? "cannot be opened" : run("done(document.title + document.body.textContent)");
    },
    run: (word, args) => run('tries[arguments[0]](...arguments[1]).then(done, (e) => done(`error ${e}`))', word, args),
    async serve(url, body) {
      const server = http.createServer((request, response) => response.writeHead(200, { "Content-Type": "text/html", Connection: "close" }).end(body));
      await new Promise((resolve) => server.listen(Number(new URL(url).port), THEIRS, resolve));
      served = server;
    },
    async only() {
      for (const handle of (await say("GET", "/window/handles")).filter((h) => h !== first)) {
        await say("POST", "/window", { handle });
        await say("DELETE", "/window");
      }
      await say("POST", "/window", { handle: first });
    },
  };
});
