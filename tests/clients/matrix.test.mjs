// matrix.test.mjs - the generations of socket.io-client by each of their transports, against the conformance server.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { next, startProxy, startServer, within } from "./support.mjs";

const require = createRequire(import.meta.url);
const CLIENTS = ["1.7", "2.0", "2.5", "3.1", "4"];
const TRANSPORTS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };
const MEGABYTE = 1000000;

// What a generation names differently.
function generation(name) {
  const modern = Number(name) >= 3;
  return {
    modern,
    io: require(`sio-client-${name}`),
    refused: modern ? "connect_error" : "error",
    identify: (fields) => (modern ? { auth: fields } : { query: fields }),
  };
}

function connect(client, url, transports, more = {}) {
  return client.io(url, {
    transports, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 100, timeout: 20000, ...more,
  });
}

// The socket once it is connected by the transport it is to end up with.
async function ready(socket, transports) {
  if (!socket.connected) await next(socket, "connect");
  const last = transports[transports.length - 1];
  if (socket.io.engine.transport.name !== last) await next(socket.io.engine, "upgrade");
  assert.equal(socket.io.engine.transport.name, last);
  return socket;
}

async function echo(socket, ...args) {
  const answer = next(socket, "message-back");
  socket.emit("message", ...args);
  assert.deepEqual(await answer, args);
}

async function acknowledged(socket, ...args) {
  const answer = new Promise((resolve) => socket.emit("message-with-ack", ...args, (...values) => resolve(values)));
  assert.deepEqual(await within(answer, "the acknowledgement"), args);
}

function bytes(n) {
  const data = Buffer.alloc(n);
  for (let i = 0; i < n; i++) data[i] = (i * 7 + (i >> 8)) & 0xff;
  return data;
}

// True once the server knows the session no more.
async function forgotten(url, version, sid) {
  const ask = async () => {
    const answer = await fetch(`${url}/socket.io/?EIO=${version}&transport=polling&sid=${sid}`, { method: "PUT" });
    return answer.status === 400 ? (await answer.json()).code : answer.status;
  };
  return within((async () => {
    while ((await ask()) !== 1);
  })(), "the server to give the session up");
}

// Cut its connections until it notices: by polling there are moments without one.
async function cut(proxy, socket) {
  const lost = next(socket, "disconnect"), timer = setInterval(proxy.cut, 20);
  proxy.cut();
  await lost.finally(() => clearInterval(timer));
}

describe("socket.io-client", { concurrency: 4 }, () => {
  let server, hasty, recovering;
  before(async () => {
    server = await startServer("--max-payload", 2 * MEGABYTE);
    hasty = await startServer("--ping-interval", 300, "--ping-timeout", 700);
    recovering = await startServer("--ping-interval", 1000, "--ping-timeout", 2000, "--recovery", 60000);
  });
  after(() => Promise.all([server, hasty, recovering].map((s) => s.stop())));

  for (const name of CLIENTS) {
    for (const [way, transports] of Object.entries(TRANSPORTS)) {
      const client = generation(name);

      it(`${name} by ${way}: text, binary, acknowledgements, megabytes`, async () => {
        const socket = connect(client, server.url, transports, client.identify({ token: "T" }));
        const auth = next(socket, "auth");
        await ready(socket, transports);
        assert.deepEqual(await auth, [client.modern ? { token: "T" } : {}]);
        await echo(socket, "plain", 1, -2.5, true, null, { nested: [{ "": [] }] });
        await echo(socket, "😀 é € \u2028 \u0000 \"\\");
        await echo(socket);
        await echo(socket, bytes(256));
        await echo(socket, { a: [bytes(3), { b: bytes(0) }], c: "x" }, bytes(70000));
        await acknowledged(socket, 1, "2", { 3: [false] });
        await acknowledged(socket, [bytes(5)], { deep: { er: bytes(6) } });
        socket.on("question", (text, data, answer) => answer(`${text}!`, data, { in: [data] }));
        const answered = next(socket, "answer");
        socket.emit("ask-me", "is it 😀", bytes(9));
        assert.deepEqual(await answered, ["is it 😀!", bytes(9), { in: [bytes(9)] }]);
        await echo(socket, "y".repeat(MEGABYTE));
        await echo(socket, bytes(MEGABYTE));
        socket.disconnect();
      });

      it(`${name} by ${way}: many messages in order, and a goodbye`, async () => {
        const socket = connect(client, server.url, transports);
        await next(socket, "connect"); // an upgrade may happen in between
        const got = [];
        const all = new Promise((resolve) => socket.on("message-back", (i, data) => {
          got.push([i, data]);
          if (got.length === 200) resolve();
        }));
        const sent = Array.from({ length: 200 }, (_, i) => [i, i % 10 === 3 ? bytes(i) : `text ${i}`]);
        sent.forEach((args) => socket.emit("message", ...args));
        await within(all, "200 echoes");
        assert.deepEqual(got, sent);
        const { id } = socket.io.engine;
        socket.disconnect();
        await forgotten(server.url, client.modern ? 4 : 3, id);
      });

      it(`${name} by ${way}: namespaces, joined and refused`, async () => {
        const socket = await ready(connect(client, server.url, transports), transports);
        const custom = connect(client, `${server.url}/custom`, transports, client.identify({ token: "N" }));
        const [auth] = await next(custom, "auth");
        assert.equal(auth.token, "N");
        custom.disconnect();
        const refused = connect(client, `${server.url}/nowhere`, transports, { reconnection: false });
        const [error] = await next(refused, client.refused);
        assert.equal(error.message, "Invalid namespace");
        refused.disconnect();
        await echo(socket, "the first one lives");
        socket.disconnect();
      });

      it(`${name} by ${way}: comes back when its connection is cut`, async () => {
        const proxy = await startProxy(server.port);
        const socket = await ready(connect(client, proxy.url, transports), transports);
        const first = socket.io.engine.id;
        const lost = next(socket, "disconnect");
        socket.emit("drop-me");
        await lost;
        await ready(socket, transports);
        assert.notEqual(socket.io.engine.id, first);
        await cut(proxy, socket);
        await ready(socket, transports);
        await echo(socket, "back", bytes(4));
        socket.disconnect();
        proxy.stop();
      });

      it(`${name} by ${way}: both sides notice a dead connection`, async () => {
        const proxy = await startProxy(hasty.port);
        const socket = await ready(connect(client, proxy.url, transports), transports);
        const version = client.modern ? 4 : 3, { id } = socket.io.engine;
        const lost = next(socket, "disconnect");
        proxy.freeze();
        const [reason] = await lost;
        assert.equal(reason, "ping timeout");
        await forgotten(hasty.url, version, id);
        proxy.thaw();
        await ready(socket, transports);
        await echo(socket, "alive again");
        socket.disconnect();
        proxy.stop();
      });
    }
  }

  for (const [way, transports] of Object.entries(TRANSPORTS)) {
    it(`4 by ${way}: connection state recovery`, async () => {
      const proxy = await startProxy(recovering.port), client = generation("4");
      const socket = await ready(connect(client, proxy.url, transports), transports);
      const { id } = socket, ticks = [];
      assert.equal(socket.recovered, false);
      const all = new Promise((resolve) => socket.on("tick", (n) => {
        ticks.push(n);
        if (ticks.length === 20) cut(proxy, socket);
        if (n === 119) resolve();
      }));
      socket.emit("count", 120);
      await within(all, "120 ticks");
      assert.deepEqual(ticks, Array.from({ length: 120 }, (_, i) => i)); // none missing, none twice
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      socket.disconnect();
      proxy.stop();
    });
  }
});
