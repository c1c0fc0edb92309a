// plotter.test.mjs - the plotter and the line's own view, as a person uses them.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { choose, connect, downloaded, see, send, type } from "./page.mjs";
import { startBrowser, startDaemon, startLine, until } from "./support.mjs";

let daemon, browser, line, page;
before(async () => {
  line = await startLine();
  daemon = await startDaemon(["--demo"]);
  await daemon.ask("activate-connection", { name: "dev", address: line.path });
  browser = await startBrowser();
  page = await browser.page(daemon.url);
  await page.getByRole("button", { name: "Show dev" }).click();
  await page.getByLabel("Kind of this view of dev").selectOption("Plotter");
});
after(() => Promise.all([browser, daemon, line].map((part) => part?.stop())));

const plot = (names, count) => page.getByRole("img", { name: `Plot of ${names}, ${count} samples` });
const clear = () => page.getByRole("button", { name: "Clear" }).click();
const legend = async () => (await page.locator(".u-legend").innerText()).replace(/\s+/g, " ").replace(/(\D) (\d+)$/, "$1$2").trim();
const csv = async () => (await downloaded(page, () => choose(page, "Export", "Numbers as CSV"))).bytes.toString().trim().split("\r\n");

// The legend while the pointer is at this part of the plot's width.
async function pointAt(part) {
  const box = await page.locator(".u-over").boundingBox();
  await page.mouse.move(box.x + box.width * part, box.y + box.height / 2);
  return legend();
}

for (const [format, lines, names, last] of [
  ["csv", "1,2.5\r\n2,3.5\r\n-3e1, 4.5 V\r\n", "value 1, value 2", "-30,4.5"],
  ["name:value", "temp:20.5 hum: 40\ntemp:21 hum:41\n", "temp, hum", "21,41"],
  ["key=value", "noise\nx=1;y=-2\nx=3;y=-4\n", "x, y", "3,-4"],
  ["JSON", '{"a":1,"b":{"c":[2,true]}}\n{"a":5,"b":{"c":[6,false]}}\n', "a, b.c.0, b.c.1", "5,6,0"],
]) {
  it(`draws numbers from ${format}, and exports them`, async () => {
    await clear();
    await line.write(lines);
    await plot(names, lines.trim().split("\n").length - Number(lines.startsWith("noise"))).waitFor();
    const rows = await csv();
    assert.equal(rows[0], `sample,time,${names.split(", ").join(",")}`);
    assert.match(rows.at(-1), /^\d+,\d{4}-\d\d-\d\dT[\d:.]+Z,/);
    assert.equal(rows.at(-1).split(",").slice(2).join(","), last);
  });
}

it("names the lines of its axis with as many decimals as tell them apart", async () => {
  await page.evaluate(() => {
    window.written = new Set();
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
      window.written.add(text);
      return fillText.call(this, text, ...place);
    };
  });
  await clear();
  await page.evaluate(() => window.written.clear());
  await line.write("4.998710\n4.998731\n4.998694\n");
  await plot("value 1", 3).waitFor();
  const labels = () => page.evaluate(() => [...window.written].filter((text) => text.startsWith("4.9987")));
  await until(async () => (await labels()).length >= 3, "lines of the axis that differ");
  await clear();
  await page.evaluate(() => window.written.clear());
  await line.write("0\n1200000\n");
  await plot("value 1", 2).waitFor();
  await until(() => page.evaluate(() => window.written.has("1,000,000")), "a whole million");
});

it("takes no address, time or version for a number", async () => {
  await clear();
  await line.write("00S1.000MM\r\n00S\r\n12:30:05\r\nat 12:30:05\r\ntime=12:30:05\r\n1.2.3.4\r\n2026-11-22\r\n+00012.5 g\r\n");
  await plot("value 1", 1).waitFor();
  assert.equal((await csv()).at(-1).split(",").at(-1), "12.5");
});

it("draws the fields that a profile names, also those from before the plot", async () => {
  const sentence = (body) => `$${body}*${[...body].reduce((x, c) => x ^ c.charCodeAt(0), 0).toString(16).toUpperCase().padStart(2, "0")}\r\n`;
  const fix = (second, satellites) => sentence(`GPGGA,1200${second}.00,4807.038,N,01131.000,E,1,${satellites},0.9,545.4,M,46.9,M,,`);
  const source = page.getByLabel("Numbers from");
  await clear();
  await page.getByLabel("Kind of this view of dev").selectOption("Commands");
  await page.getByLabel("Profile").last().selectOption("GPS receiver (NMEA 0183)");
  await until(async () => (await daemon.ask("list-connections")).connections[0].options.profile === "nmea-gps", "the profile");
  await line.write(fix(10, "07"));
  await page.getByLabel("Kind of this view of dev").selectOption("Plotter");
  const fields = page.getByRole("img", { name: /^Plot of fix.*fix\.satellites.*samples$/ });
  await fields.and(page.getByRole("img", { name: ", 1 samples" })).waitFor();
  await line.write(fix(11, "09"));
  await fields.and(page.getByRole("img", { name: ", 2 samples" })).waitFor();
  const rows = (await csv()).map((row) => row.split(",")), at = rows[0].indexOf("fix.satellites");
  assert.deepEqual(rows.slice(1).map((row) => row[at]), ["7", "9"]);
  await source.selectOption("Lines of text");
  await page.getByRole("button", { name: "Clear" }).click();
  await line.write("a=1\r\n");
  await plot("a", 1).waitFor();
  await daemon.ask("configure-connection", { name: "dev", profile: "", "baud-rate": 115200 });
  await source.waitFor({ state: "detached" }); // without a profile there are no fields, whoever took it away
});

it("shows the values under the pointer, and the newest while it is elsewhere", async () => {
  await clear();
  await line.write(Array.from({ length: 101 }, (_, i) => `n=${i}\n`).join(""));
  await plot("n", 101).waitFor();
  await page.mouse.move(1, 1);
  await until(async () => /n100$/.test(await legend()), "the newest value");
  await until(async () => /n(99|100)$/.test(await pointAt(0.99)), "the last value");
  assert.match(await pointAt(0.5), /n(49|50|51)$/);
});

it("stands still while paused, and keeps what comes", async () => {
  await page.getByRole("button", { name: "Pause" }).click();
  await line.write("n=1000\n".repeat(50));
  await plot("n", 151).waitFor();
  assert.match(await pointAt(0.99), /n(99|100)$/);
  await page.getByRole("button", { name: "Pause" }).click();
  await until(async () => /n1000$/.test(await pointAt(0.99)), "the newest value");
});

it("zooms by dragging and by buttons, and goes back to the newest", async () => {
  const box = await page.locator(".u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await until(async () => /n(2\d|3\d|4\d)$/.test(await pointAt(0.02)), "the left edge of the zoom");
  await page.getByRole("button", { name: "Zoom in" }).click();
  await until(async () => /n(3\d|4\d)$/.test(await pointAt(0.02)), "half of that");
  await page.getByRole("button", { name: "Newest" }).click();
  await until(async () => /n1000$/.test(await pointAt(0.99)), "the newest value");
});

it("takes a fixed axis, and exports a picture with every series", async () => {
  const exported = () => downloaded(page, () => choose(page, "Export", "Picture as PNG"));
  const automatic = await exported();
  await type(page.getByLabel("Lowest value"), -5);
  await type(page.getByLabel("Highest value"), 5);
  const picture = await exported();
  assert.ok(!picture.bytes.equals(automatic.bytes), "the axis is another one");
  assert.match(picture.name, /^dev-.*\.png$/);
  assert.deepEqual([...picture.bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  assert.ok(picture.bytes.readUInt32BE(16) > 200, "it is as wide as the plot");
});

it("shows terminal and plotter of one device together", async () => {
  await page.getByRole("button", { name: "Another view of dev" }).click();
  await page.getByLabel("Kind of this view of dev").nth(1).selectOption("Terminal");
  await line.write("n=-1\n");
  await see(page, "dev", "n=-1");
});

it("switches DTR and RTS, shows the device's lamps, breaks, resets", async () => {
  await connect(page, "Virtual echo", "echo");
  await page.getByLabel("Kind of this view of echo").selectOption("Port settings");
  const view = page.getByRole("article", { name: "echo: Port settings" });
  const lamp = (name) => view.locator(".lamp", { hasText: name });
  await lamp("CTS on").waitFor();
  await view.getByRole("button", { name: "RTS" }).click(); // wired to CTS, as in a loopback plug
  await lamp("CTS off").waitFor();
  await view.getByRole("button", { name: "RTS", pressed: false }).click();
  await lamp("CTS on").waitFor();
  await view.getByRole("button", { name: "DTR" }).click();
  await lamp("DSR off").waitFor();
  await view.getByRole("button", { name: "Reset the board" }).click();
  await lamp("DSR on").waitFor();
  await view.getByRole("button", { name: "Break" }).click();
  await view.getByRole("button", { name: "Break", disabled: false }).waitFor();
  assert.equal(await view.getByRole("alert").count(), 0);
});

it("changes the settings on the fly, and says when the driver takes something else", async () => {
  const view = page.getByRole("article", { name: "echo: Port settings" });
  const options = async () => (await daemon.ask("list-connections")).connections.find((c) => c.name === "echo").options;
  await type(view.getByLabel("Baud rate"), 9600);
  await view.getByLabel("Baud rate").press("Enter");
  await until(async () => (await options())["baud-rate"] === 9600, "9600 baud");
  await view.getByLabel("Parity").selectOption("even");
  await until(async () => (await options()).parity === "even", "parity");
  await page.getByText("9600 baud, 8E1").waitFor();
  await type(view.getByLabel("Baud rate"), 0);
  await view.getByLabel("Baud rate").press("Enter");
  await view.getByRole("alert").getByText("baud").waitFor();
  await view.getByText("framing").waitFor();
});

it("connects the device with its settings again", async () => {
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.getByRole("button", { name: "Connect Virtual echo" }).click();
  await page.getByText("9600 baud, 8E1").waitFor();
  await page.getByLabel("Kind of this view of echo").selectOption("Terminal");
  await send(page, "echo", "still here");
  await see(page, "echo", "still here");
  assert.deepEqual(page.complaints, []);
});
