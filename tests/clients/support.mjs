// support.mjs - what the client tests share: the server under test, a proxy that can fail, and waiting with a deadline.
import { spawn } from "node:child_process";
import net from "node:net";
import readline from "node:readline";

const DEADLINE_MS = 30000; // for what should take milliseconds: the machine may be busy

// Start pm-conformance on a free port: {port, url, pid, stop()}.
export async function startServer(...options) {
  const program = process.env.PM_CONFORMANCE;
  if (!program) throw new Error("PM_CONFORMANCE must name the program under test");
  const child = spawn(program, ["--port", "0", ...options.map(String)], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await within(new Promise((resolve, reject) => {
    readline.createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`pm-conformance ended with ${code}`)));
  }), "the server to listen");
  const port = Number(line.match(/:(\d+)$/)[1]);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    port,
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    // Ends it; its exit code is 0 unless it crashed or a sanitizer found something.
    async stop() {
      child.kill("SIGTERM");
      const code = await within(ended, "the server to end");
      if (code !== 0) throw new Error(`pm-conformance ended with ${code}`);
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
