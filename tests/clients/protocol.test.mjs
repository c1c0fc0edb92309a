// protocol.test.mjs - what the published conformance suites of Engine.IO 3 and 4 and Socket.IO 4 and 5 look at, on the
// wire: no client library, bare requests and WebSockets. Heartbeats of 300/200 ms are held to the deadline; what is not
// about them asks a server with longer ones, since this machine may be busy.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { sleep, startServer, within } from "./support.mjs";

const PING_INTERVAL = 300, PING_TIMEOUT = 200;
let patient, hasty;

// A bare WebSocket whose messages are read one by one; `null` is its end.
function open(path, server = patient) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`), queue = [], waiting = [];
  const push = (message) => (waiting.length ? waiting.shift()(message) : queue.push(message));
  socket.on("message", (data, binary) => push(binary ? [...data] : data.toString()));
  socket.on("error", () => {});
  socket.on("close", () => push(null));
  return {
    send: (data) => socket.send(data),
    opened: () => within(new Promise((resolve) => socket.once("open", resolve)), "the WebSocket to open"),
    next: () => within(queue.length ? Promise.resolve(queue.shift()) : new Promise((r) => waiting.push(r)), "a message"),
    async ended() {
      while ((await this.next()) !== null);
    },
    async expect(...messages) {
      for (const message of messages) assert.deepEqual(await this.next(), message);
    },
    close: () => socket.close(),
  };
}

const request = (path, options, server = patient) => fetch(`http://127.0.0.1:${server.port}${path}`, options);

async function status(path, options, server) {
  const answer = await request(path, options, server);
  await answer.arrayBuffer();
  return answer.status;
}

async function body(path, options, server) {
  const answer = await request(path, options, server);
  assert.equal(answer.status, 200);
  return answer.text();
}

// How a version writes a payload of packets, and its handshake.
const VERSIONS = {
  3: {
    payload: (...packets) => packets.map((packet) => `${packet.length}:${packet}`).join(""),
    binary: "b4AQIDBA==", frame: [4, 1, 2, 3, 4], pings: "client",
  },
  4: {
    payload: (...packets) => packets.join("\x1e"),
    binary: "bAQIDBA==", frame: [1, 2, 3, 4], pings: "server",
  },
};

function checkHandshake(packet, upgrades, server = patient) {
  assert.equal(packet[0], "0");
  const { sid, ...rest } = JSON.parse(packet.slice(1));
  assert.match(sid, /^[-_A-Za-z0-9]{20,}$/);
  const [pingInterval, pingTimeout] = server === hasty ? [PING_INTERVAL, PING_TIMEOUT] : [25000, 20000];
  assert.deepEqual(rest, { upgrades, pingInterval, pingTimeout, maxPayload: 1000000 });
  return sid;
}

for (const [version, v] of Object.entries(VERSIONS)) {
  for (const mount of ["/engine.io/", "/socket.io/"]) {
    const polling = `${mount}?EIO=${version}&transport=polling`, websocket = `${mount}?EIO=${version}&transport=websocket`;
    const bare = mount === "/engine.io/";
    const greeting = !bare && version === "3" ? ["40", '42["auth",{}]'] : []; // old clients are in "/" unasked

    async function session(more = "", server = patient) {
      const text = await body(polling + more, {}, server);
      const packet = version === "3" ? text.slice(text.indexOf(":") + 1) : text;
      assert.equal(text, v.payload(packet)); // nothing else in this answer
      const sid = checkHandshake(packet, ["websocket"], server);
      return { sid, poll: `${polling}&sid=${sid}`, upgrade: `${websocket}&sid=${sid}` };
    }

    async function drained(server) {
      const s = await session("", server);
      if (greeting.length) assert.equal(await body(s.poll, {}, server), v.payload(...greeting));
      return s;
    }

    const post = (s, ...packets) => ({ method: "POST", body: v.payload(...packets) });

    describe(`Engine.IO ${version} on ${mount}`, () => {
      it("opens a session by polling", () => session());

      it("opens a session by WebSocket", async () => {
        const ws = open(websocket);
        checkHandshake(await ws.next(), []);
        await ws.expect(...greeting);
        ws.close();
      });

      it("refuses what is no handshake", async () => {
        const wrong = [`${mount}?transport=polling`, `${mount}?EIO=abc&transport=polling`, `${mount}?EIO=${version}`,
          `${mount}?EIO=${version}&transport=abc`, `${polling}&sid=unknown`, websocket];
        for (const path of wrong) assert.equal(await status(path), 400, path);
        for (const method of ["POST", "PUT", "DELETE"])
          assert.equal(await status(polling, { method }), 400, method);
        for (const path of [`${mount}?transport=websocket`, `${mount}?EIO=abc&transport=websocket`,
          `${mount}?EIO=${version}`, `${mount}?EIO=${version}&transport=abc`, `${websocket}&sid=unknown`])
          await open(path).ended();
      });

      if (bare) {
        it("echoes payloads of one, several and binary packets", async () => {
          const s = await session("&b64=1");
          for (const packets of [["4hello"], ["4test1", "4test2", "4test3"], ["4hello", v.binary], ["4€😀"]]) {
            assert.equal(await body(s.poll, post(s, ...packets)), "ok");
            assert.equal(await body(s.poll), v.payload(...packets));
          }
        });

        it("echoes text and binary by WebSocket", async () => {
          const ws = open(websocket);
          checkHandshake(await ws.next(), []);
          ws.send("4hello");
          await ws.expect("4hello");
          ws.send(Uint8Array.from(v.frame));
          await ws.expect(v.frame);
          ws.close();
        });
      }

      if (bare && version === "3") {
        it("sends binary payloads to clients that take them", async () => {
          const s = await session();
          assert.equal(await body(s.poll, post(s, "4hello", v.binary)), "ok");
          const answer = await request(s.poll);
          assert.equal(answer.headers.get("content-type"), "application/octet-stream");
          assert.deepEqual([...new Uint8Array(await answer.arrayBuffer())],
            [0, 6, 255, 52, 104, 101, 108, 108, 111, 1, 5, 255, 4, 1, 2, 3, 4]);
        });
      }

      it("ends a session that sends what is no packet", async () => {
        const s = await session();
        assert.equal(await status(s.poll, { method: "POST", body: "abc" }), 400);
        assert.equal(await status(s.poll), 400);
        const ws = open(websocket);
        await ws.next();
        ws.send("abc");
        await ws.ended();
      });

      it("ends a session that polls twice at once", async () => {
        const s = await drained();
        const [first, second] = await Promise.all([request(s.poll), sleep(30).then(() => request(`${s.poll}&t=burst`))]);
        assert.equal(first.status, 200);
        assert.equal(await first.text(), v.payload("1"));
        assert.equal(second.status, 400);
        assert.equal(await status(s.poll), 400);
      });

      it("ends a session whose poll is cancelled", async () => {
        const s = await drained(), cancel = new AbortController();
        const poll = request(s.poll, { signal: cancel.signal }).catch((error) => error.name);
        await sleep(30);
        cancel.abort();
        assert.equal(await poll, "AbortError");
        assert.equal(await status(s.poll), 400);
      });

      it("pings and pongs", async () => {
        const server = v.pings === "client" ? patient : hasty, s = await drained(server), ws = open(websocket, server);
        await ws.next();
        await ws.expect(...greeting);
        const byPolling = async () => {
          if (v.pings === "client") {
            assert.equal(await status(s.poll, post(s, "2"), server), 200);
            assert.equal(await body(s.poll, {}, server), v.payload("3"));
          } else {
            assert.equal(await body(s.poll, {}, server), v.payload("2"));
            assert.equal(await status(s.poll, post(s, "3"), server), 200);
          }
        };
        const byWebSocket = async () => {
          if (v.pings === "client") ws.send("2");
          await ws.expect(v.pings === "client" ? "3" : "2");
          if (v.pings === "server") ws.send("3");
        };
        for (let i = 0; i < 3; i++) await Promise.all([byPolling(), byWebSocket()]);
        ws.close();
      });

      it("has forgotten a silent session to the millisecond", async () => {
        const other = await session("", hasty), s = await session("", hasty);
        await sleep(PING_INTERVAL + PING_TIMEOUT);
        assert.equal(await status(s.poll, {}, hasty), 400);
        assert.equal(await status(other.poll, post(other, v.pings === "client" ? "2" : "3"), hasty), 400);
        await open(websocket, hasty).ended();
      });

      it("closes when the client says so", async () => {
        const s = await drained();
        const [poll] = await Promise.all([body(s.poll), sleep(30).then(() => body(s.poll, post(s, "1")))]);
        assert.equal(poll, v.payload("6"));
        assert.equal(await status(s.poll), 400);
        const ws = open(websocket);
        await ws.next();
        ws.send("1");
        await ws.ended();
      });

      it("upgrades from polling to WebSocket", async () => {
        const s = await drained(), ws = open(s.upgrade);
        await ws.opened();
        ws.send("2probe");
        await ws.expect("3probe");
        for (let i = 0; i < 3; i++) assert.equal(await body(s.poll), v.payload("6")); // lets the client pause its polls
        ws.send("5");
        assert.equal(await status(s.poll), 400);
        await open(s.upgrade).ended(); // nor can another take it over
        if (bare) {
          ws.send("4hello");
          await ws.expect("4hello");
        }
        ws.close();
      });

      it("takes probe and upgrade in one go", async () => {
        const s = await drained(), ws = open(s.upgrade);
        await ws.opened();
        ws.send("2probe");
        ws.send("5");
        await ws.expect("3probe");
        assert.equal(await status(s.poll), 400);
        ws.close();
      });
    });
  }
}

describe("Socket.IO 5", () => {
  const path = "/socket.io/?EIO=4&transport=websocket";

  async function joined(server) {
    const ws = open(path, server);
    await ws.next();
    ws.send("40");
    assert.match(await ws.next(), /^40{"sid":"[^"]+"}$/);
    await ws.expect('42["auth",{}]');
    return ws;
  }

  for (const [name, prefix] of [["/", ""], ["/custom", "/custom,"]]) {
    for (const auth of ["", '{"token":"123"}']) {
      it(`joins ${name} with auth "${auth}"`, async () => {
        const ws = open(path);
        await ws.next();
        ws.send(`40${prefix}${auth}`);
        const answer = await ws.next();
        assert.ok(answer.startsWith(`40${prefix}{`), answer);
        const { sid, ...rest } = JSON.parse(answer.slice(2 + prefix.length));
        assert.equal(typeof sid, "string");
        assert.deepEqual(rest, {});
        await ws.expect(`42${prefix}["auth",${auth || "{}"}]`);
        ws.close();
      });
    }
  }

  it("refuses an unknown namespace, and lives on", async () => {
    const ws = open(path);
    await ws.next();
    ws.send("40/random");
    await ws.expect('44/random,{"message":"Invalid namespace"}');
    ws.send("40");
    assert.match(await ws.next(), /^40/);
    ws.close();
  });

  it("ends a connection that never joins", async () => {
    const impatient = await startServer("--ping-interval", 20000, "--connect-timeout", 200);
    const ws = new WebSocket(`ws://127.0.0.1:${impatient.port}${path}`);
    await within(new Promise((resolve) => ws.once("close", resolve)), "the end");
    await impatient.stop();
  });

  it("leaves a namespace, not the connection", async () => {
    const ws = await joined(hasty), pongs = setInterval(() => ws.send("3"), 100);
    ws.send("40/custom");
    assert.match(await ws.next(), /^40\/custom,{/);
    await ws.expect('42/custom,["auth",{}]');
    ws.send("41/custom");
    ws.send('42["message","still here"]');
    await ws.expect('42["message-back","still here"]');
    ws.send("41");
    await ws.expect("2"); // the ordinary ping, and no answer
    clearInterval(pongs);
    ws.close();
  });

  const HOLES = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
  const EXCHANGES = [
    ['42["message",1,"2",{"3":[true]}]', '42["message-back",1,"2",{"3":[true]}]'],
    ['42456["message-with-ack",1,"2",{"3":[false]}]', '43456[1,"2",{"3":[false]}]'],
    [`452-["message",${HOLES}]`, `452-["message-back",${HOLES}]`],
    [`452-789["message-with-ack",${HOLES}]`, `462-789[${HOLES}]`],
  ];
  for (const [sent, expected] of EXCHANGES) {
    it(`answers ${sent}`, async () => {
      const ws = await joined(), parts = sent.startsWith("45") ? [[1, 2, 3], [4, 5, 6]] : [];
      ws.send(sent);
      for (const part of parts) ws.send(Uint8Array.from(part));
      await ws.expect(expected, ...parts);
      ws.close();
    });
  }

  for (const wrong of ["4abc", "42{}", '42abc["message-with-ack",1]']) {
    it(`ends a connection that says ${wrong}`, async () => {
      const ws = await joined();
      ws.send(wrong);
      await ws.ended();
    });
  }
});

before(async () => {
  patient = await startServer();
  hasty = await startServer("--ping-interval", PING_INTERVAL, "--ping-timeout", PING_TIMEOUT);
});
after(() => Promise.all([patient.stop(), hasty.stop()]));
