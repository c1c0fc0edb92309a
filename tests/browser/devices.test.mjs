// devices.test.mjs - devices that need a word of advice, and those that a profile is for.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { shown } from "./page.mjs";
import { startBrowser, startDaemon } from "./support.mjs";

// What the daemon says of the demo devices beyond what is so: no such hardware is on a machine that runs tests.
const SAYS = {
  "virtual:counter": { "in-use-by": "minicom (process 4711)" },
  "virtual:echo": { profiles: ["nmea-gps", "marlin"] },
  "virtual:instrument": { profiles: ["scpi"] },
  "virtual:pump": { unusable: "not permitted: add your user to the group dialout" },
};

let daemon, browser, page;
before(async () => {
  daemon = await startDaemon(["--demo"]);
  browser = await startBrowser();
  page = await browser.page("about:blank");
  await page.routeWebSocket(/socket\.io/, (client) => {
    const server = client.connectToServer();
    server.onMessage((message) => client.send(isDeviceList(message) ? retold(message) : message));
  });
  await page.goto(daemon.url);
});
after(() => Promise.all([browser, daemon].map((part) => part?.stop())));

const isDeviceList = (message) => typeof message === "string" && /^43\d+\[.*"devices":\[/s.test(message);
function retold(message) {
  const start = message.indexOf("["), [answer] = JSON.parse(message.slice(start));
  for (const device of answer.devices) Object.assign(device, SAYS[device.address]);
  return message.slice(0, start) + JSON.stringify([answer]);
}

const optionsOf = async (name) => (await daemon.ask("list-connections")).connections.find((c) => c.name === name).options;
const profileOf = (title) => page.getByLabel(`Profile of ${title}`);

it("says who uses a device, and what to do", async () => {
  await page.getByText("In use by minicom (process 4711). Close it there to connect here.").waitFor();
});

it("says why a device cannot be used, and the way out", async () => {
  await page.getByText(/that cannot be used$/).click();
  await page.getByText("not permitted: add your user to the group dialout").waitFor();
  assert.equal(await page.getByRole("button", { name: "Connect Virtual syringe pump" }).count(), 0);
});

it("connects a device with the profile that it is recognised by", async () => {
  assert.equal(await profileOf("Virtual instrument").inputValue(), "scpi");
  await page.getByRole("button", { name: "Connect Virtual instrument" }).click();
  await shown(page, "instrument").waitFor();
  assert.equal((await optionsOf("instrument")).profile, "scpi");
});

it("leaves the choice where several profiles fit, takes the line of the chosen one, and keeps it", async () => {
  assert.equal(await profileOf("Virtual echo").inputValue(), "");
  await profileOf("Virtual echo").selectOption("nmea-gps");
  await page.getByRole("button", { name: "Connect Virtual echo" }).click();
  await shown(page, "echo").waitFor();
  const { profile, "baud-rate": rate } = await optionsOf("echo");
  const { profiles } = await daemon.ask("list-profiles");
  assert.equal(profile, "nmea-gps");
  assert.equal(rate, profiles.find((p) => p.id === "nmea-gps").line["baud-rate"]);
  await page.getByRole("button", { name: "Disconnect echo" }).click();
  await page.reload();
  await page.getByRole("button", { name: "Connect Virtual echo" }).waitFor();
  assert.equal(await profileOf("Virtual echo").inputValue(), "nmea-gps");
  assert.deepEqual(page.complaints, []);
});
