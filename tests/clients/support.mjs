// support.mjs - what the client tests share: the server under test, a proxy that can fail, and waiting with a deadline.
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import readline from "node:readline";

const DEADLINE_MS = 30000; // for what should take milliseconds: the machine may be busy

// Start pm-conformance on a free port: {port, url, pid, stop(), kill()}.
export function startServer(...options) {
  return start("PM_CONFORMANCE", ["--port", "0", ...options], process.env);
}

// Start the daemon with its files in a folder of the test's own: the same object.
export function startDaemon(home, port, ...options) {
  const places = { XDG_CONFIG_HOME: `${home}/config`, XDG_STATE_HOME: `${home}/state`, XDG_RUNTIME_DIR: `${home}/run` };
  return start("PERIPHERAL_MANAGER", ["--allow-root", "--port", port, ...options], { ...process.env, ...places });
}

async function start(variable, options, env) {
  const program = process.env[variable];
  if (!program) throw new Error(`${variable} must name the program under test`);
  const child = spawn(program, options.map(String), { stdio: ["ignore", "pipe", "pipe"], env });
  const first = (stream) => new Promise((resolve) => readline.createInterface({ input: stream }).once("line", resolve));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const failed = ended.then((code) => { throw new Error(`${program} ended with ${code}`); });
  failed.catch(() => {});
  child.stderr.pipe(process.stderr);
  const line = await within(Promise.race([first(child.stdout), first(child.stderr), failed]), "the server to listen");
  const port = Number(line.match(/:(\d+)/)[1]);
  return {
    port,
    securePort: Number(line.match(/https:\/\/localhost:(\d+)/)?.[1]), // with --tls
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    // Ends it; its exit code is 0 unless it crashed or a sanitizer found something.
    async stop() {
      child.kill("SIGTERM");
      const code = await within(ended, "the server to end");
      if (code !== 0) throw new Error(`${program} ended with ${code}`);
    },
    async kill() {
      child.kill("SIGKILL");
      await within(ended, "the server to end");
    },
  };
}

// A TCP proxy to a port that can stand still (nothing passes, nobody is told) or cut all connections.
export async function startProxy(port) {
  const pairs = new Set();
  let frozen = false;
  const proxy = net.createServer((near) => {
    const far = net.connect(port, "127.0.0.1");
    const pair = [near, far];
    pairs.add(pair);
    near.setNoDelay(true);
    far.setNoDelay(true);
    const pass = (from, to) => {
      from.on("data", (data) => frozen || to.write(data));
      from.on("end", () => frozen || to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        pairs.delete(pair);
        if (!frozen) to.destroy();
      });
    };
    pass(near, far);
    pass(far, near);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const cut = () => pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
  return {
    port: proxy.address().port,
    url: `http://127.0.0.1:${proxy.address().port}`,
    cut,
    freeze: () => { frozen = true; },
    thaw() {
      cut();
      frozen = false;
    },
    stop() {
      cut();
      proxy.close();
    },
  };
}

// The promise's value, or an error that names what was awaited.
export function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// The arguments of the next event of that name.
export function next(emitter, name) {
  return within(new Promise((resolve) => emitter.once(name, (...args) => resolve(args))), `the event ${name}`);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Wait until the condition holds.
export function until(condition, what, ms = DEADLINE_MS) {
  let over = false;
  return within((async () => {
    while (!over && !(await condition())) await sleep(20);
  })(), what, ms).finally(() => (over = true));
}

// End a process; its exit code.
export async function stop(child, what) {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await within(ended, `${what} to end`);
  }
  return child.exitCode;
}

// A serial line whose far end the test plays.
export async function startLine() {
  const child = spawn("/usr/bin/python3", [path.join(import.meta.dirname, "line.py")], { stdio: ["pipe", "pipe", "inherit"] });
  let received = Buffer.alloc(0);
  child.stdout.on("data", (data) => {
    received = Buffer.concat([received, data]);
    child.emit("received");
  });
  while (!received.includes("\n")) await within(once(child, "received"), "a pseudo terminal");
  const end = received.indexOf("\n"), at = received.subarray(0, end).toString();
  received = received.subarray(end + 1);
  return {
    path: at,
    // Send as the device; resolves when the line has taken it.
    write: (data) => new Promise((resolve, reject) => child.stdin.write(data, (e) => (e ? reject(e) : resolve()))),
    // The next n bytes that the device gets.
    async read(n) {
      while (received.length < n) await within(once(child, "received"), `${n} bytes; there are "${received}"`);
      const data = received.subarray(0, n);
      received = received.subarray(n);
      return data;
    },
    unread: () => received.length,
    stop: () => stop(child, "the line"),
  };
}
