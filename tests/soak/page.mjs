// page.mjs - a page of a web application, with a client library of any generation: it keeps its place in each stream as a page
// keeps it in sessionStorage, gets into trouble of its own, and writes down whatever it is told, one JSON line each.
//   node page.mjs '{"client": "4", "url": …, "names": […], "places": {…}, "seed": 7, "calm": false}'
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const options = JSON.parse(process.argv[2]);
const require = createRequire(path.resolve(process.env.PM_CLIENTS, "page.mjs"));
const io = require(`sio-client-${options.client}`);
const connect = io.io ?? io.connect ?? io;
const places = options.places;
let seed = options.seed;
let socket, visit = 0, known = false;

function random(n) {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return (seed >> 8) % n;
}

// Written at once: what stands there when the page crashes is what it had.
function tell(what) {
  const line = Buffer.from(`${JSON.stringify(what)}\n`);
  for (let at = 0; at < line.length;) {
    try {
      at += fs.writeSync(1, line, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

const toBase64 = (data) => Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : data).toString("base64");

function onBytes(name, data) {
  if (!known || !places[name]) return;
  const bytes = toBase64(data);
  places[name].offset += Buffer.from(bytes, "base64").length;
  tell({ kind: "bytes", name, bytes, place: places[name] });
}

function onGap(gap) {
  if (!known || !places[gap.name]) return;
  places[gap.name] = { offset: gap.to, epoch: gap.epoch };
  tell({ kind: "gap", ...gap, place: places[gap.name] });
}

function onRestored(connection) {
  if (!known || !places[connection.name]) return;
  places[connection.name].epoch = connection.epoch;
  tell({ kind: "restored", name: connection.name, place: places[connection.name] });
}

// Where this page stands in the streams: what comes before the answer belongs to nobody.
function subscribe(mine) {
  const since = {}, epoch = {};
  for (const [name, place] of Object.entries(places)) {
    since[name] = place.offset;
    epoch[name] = place.epoch;
  }
  socket.emit("subscribe", { names: options.names, since, epoch }, (answer) => {
    if (mine !== visit) return;
    if (!answer.ok || Object.values(answer.subscriptions).some((s) => s.error)) {
      setTimeout(() => mine === visit && subscribe(mine), 100); // not there yet, after a restart
      return;
    }
    for (const [name, place] of Object.entries(answer.subscriptions)) {
      if (places[name]) continue;
      places[name] = place;
      tell({ kind: "begun", name, place });
    }
    known = true;
  });
}

function visitPage() {
  const transports = options.transports ?? [["polling", "websocket"], ["websocket"], ["polling"]][random(3)];
  socket = connect(options.url, { transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 300, timeout: 5000 });
  socket.on("connect", () => {
    visit++;
    tell({ kind: "connected", transports, recovered: Boolean(socket.recovered) });
    socket.io.engine.on("upgrade", () => tell({ kind: "upgraded" }));
    socket.io.engine.on("upgradeError", () => tell({ kind: "stayed" })); // with polling
    if (socket.recovered && known) return;
    known = false;
    subscribe(visit);
  });
  socket.on("disconnect", () => {
    const gone = socket;
    visit++;
    setTimeout(() => { gone.receiveBuffer = []; }); // what the library had in hand comes again: docs/reconnect.md
  });
  for (const name of options.names) socket.on(name, (data) => onBytes(name, data));
  socket.on("rx-gap", onGap);
  socket.on("connection-restored", onRestored);
}

function leave() {
  visit++;
  known = false;
  socket.disconnect();
}

const troubles = {
  disconnect() {
    leave();
    const again = socket;
    setTimeout(() => again === socket && socket.connect(), 100 + random(500));
  },
  reload() {
    leave();
    visitPage();
  },
  cut() {
    socket.io.engine?.close();
  },
  stall() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500 + random(2500));
  },
  crash() {
    tell({ kind: "crashed" });
    process.exit(9);
  },
};

function getIntoTrouble() {
  const names = Object.keys(troubles);
  const name = names[random(names.length)];
  tell({ kind: "trouble", name });
  troubles[name]();
  setTimeout(getIntoTrouble, 1000 + random(4000));
}

visitPage();
if (!options.calm) setTimeout(getIntoTrouble, 1000 + random(3000));
process.stdin.on("data", () => { troubles.crash = troubles.stall = troubles.cut = troubles.disconnect = troubles.reload = () => {}; });
process.stdin.on("end", () => process.exit(0)); // the run is over
