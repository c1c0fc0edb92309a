// screenshots.mjs FOLDER - the pictures of the console in the documentation, in a small palette: `make screenshots`.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { connect, see, send, shown } from "./page.mjs";
import { sleep, startChromium, startDaemon, startLine } from "./support.mjs";

const out = process.argv[2];

async function picture(page, name) {
  const file = path.join(out, `${name}.png`);
  await page.screenshot({ path: file });
  execFileSync("pngquant", ["--force", "--ext", ".png", "--speed", "1", "48", file]);
}

// A sensor that tells temperature and humidity, ten lines a second.
async function feed(line, lines) {
  for (let i = 0; i < lines; i++) {
    const wave = Math.sin(i / 18);
    await line.write(`temp:${(21 + wave * 1.4 + Math.sin(i / 3) * 0.1).toFixed(2)} hum:${(24 - wave * 2).toFixed(2)}\r\n`);
    if (i % 40 === 0) await sleep(30);
  }
}

const line = await startLine(), daemon = await startDaemon(["--demo"]), browser = await startChromium({ viewport: { width: 1360, height: 1000 } });
try {
  await daemon.ask("activate-connection", { name: "Greenhouse", address: line.path });
  const page = await browser.page(JSON.parse(await daemon.run("console", "--json")).address);
  await page.getByRole("button", { name: "Show Greenhouse" }).click();
  await page.getByLabel("Kind of this view of Greenhouse").selectOption("Plotter");
  await feed(line, 900);
  await connect(page, "Virtual instrument", "instrument");
  for (const question of ["*IDN?", "MEAS:VOLT?", "MEAS:CURR?"]) await send(page, "instrument", question);
  await see(page, "instrument", "MEAS:CURR?");
  await page.getByRole("button", { name: "Another view of Greenhouse" }).click();
  await page.getByLabel("Kind of this view of Greenhouse").last().selectOption("Terminal");
  await page.getByLabel("Show as").last().selectOption("hex");
  await shown(page, "Greenhouse").getByText("74 65 6d 70").first().waitFor();
  await page.getByRole("button", { name: "Events", exact: true }).click();
  await page.getByRole("heading", { name: "Events of all clients" }).waitFor();
  await daemon.ask("send-raw", { name: "instrument", payload: "SYST:ERR?\n" });
  await daemon.ask("ask", { name: "instrument", payload: "MEAS:VOLT?\n" });
  await page.getByRole("log").getByText("MEAS:VOLT?").first().waitFor();
  await page.locator("main").evaluate((main) => (main.scrollTop = 0));
  await sleep(700);
  await picture(page, "console");
  await page.getByLabel("Colours").selectOption("Dark");
  await sleep(700);
  await picture(page, "console-dark");
} finally {
  await Promise.all([browser, daemon, line].map((part) => part.stop()));
}
