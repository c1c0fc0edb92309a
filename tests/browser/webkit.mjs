// webkit.mjs - WebKitGTK by its own driver, under a virtual display, with names of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { folder, until, within } from "./support.mjs";

const BROWSER = {
  binary: "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser", args: ["--automation", "--javascript-can-open-windows-automatically=true"],
};

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// {say(method, path, body): a command of WebDriver's session, stop()}. `names` are [name, address], beside localhost; a name may have
// several, of which that in `first` is tried before others.
export async function startWebKit(names = [], first = "127.0.0.1") {
  const home = folder(), port = await freePort();
  const hosts = [["localhost", "127.0.0.1"], ...names].map(([name, address]) => `${address} ${name}\n`).join("");
  const files = { "/etc/hosts": hosts, "/etc/gai.conf": `precedence ::ffff:${first}/128 100\n` };
  const mounts = Object.entries(files).map(([at, text]) => {
    const own = path.join(home.name, path.basename(at));
    writeFileSync(own, text);
    return `mount --bind ${own} ${at} && `;
  });
  const display = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], { stdio: ["ignore", "pipe", "ignore"] });
  const [number] = await within(once(display.stdout, "data"), "a display");
  const space = process.geteuid() === 0 ? "-m" : "-rm";
  const driver = spawn("unshare", [space, "sh", "-c", `${mounts.join("")} exec WebKitWebDriver --port=${port}`], {
    stdio: "ignore", env: { ...process.env, DISPLAY: `:${number.toString().trim()}`, HOME: home.name, WAYLAND_DISPLAY: "" },
  });
  let at = `http://127.0.0.1:${port}`;
  async function say(method, command, body) {
    const answer = await fetch(`${at}${command}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${command}: ${value.message}`);
    return value;
  }
  await until(() => fetch(`${at}/status`).then(() => true, () => false), "the driver");
  const { sessionId } = await say("POST", "/session", { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": BROWSER } } });
  at += `/session/${sessionId}`;
  return {
    say,
    async stop() {
      await say("DELETE", "").catch(() => {}); // ends its browser
      driver.kill();
      display.kill();
      home.remove();
    },
  };
}
