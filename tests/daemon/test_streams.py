"""test_streams.py - bytes from devices: who gets which, from where, what is told of those that are gone, who may write."""
import base64
import json
import os
import unittest

import websocket
from client import Client
from daemon import Line, Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
DATA = bytes(i * 7 % 251 for i in range(300_000))


class StreamsTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo", "--allow-pty")
        self.clients, self.lines = [], []

    def tearDown(self):
        for client in self.clients:
            client.close()
        for line in self.lines:
            line.close()
        self.assertEqual(self.program.stop(), 0)

    def client(self, **options):
        self.clients.append(Client(self.program, **({"transports": ["websocket"]} | options)))
        return self.clients[-1]

    def line(self, client, name="pump", **options):
        line = Line()
        self.lines.append(line)
        answer = client.call("activate-connection", {"name": name, "address": line.path, **options})
        self.assertTrue(answer["ok"], answer)
        return line

    def connection(self, name):
        return next(c for c in self.program.post("list-connections", {})[1]["connections"] if c["name"] == name)

    def post(self, event, **data):
        answer = self.program.post(event, data)[1]
        self.assertTrue(answer["ok"], answer)

    def write(self, line, name, data):
        """Write to the device's end of the line and wait until the daemon has all of it."""
        end = self.connection(name)["offset"] + len(data)
        for at in range(0, len(data), 1000):
            line.write(data[at : at + 1000])
        wait_for(lambda: self.connection(name)["offset"] == end, "all bytes")

    # ---- subscribe ----

    def test_who_never_subscribes_gets_all(self):
        client = self.client()
        pump, valve = self.line(client), self.line(client, "valve")
        pump.write(b"p")
        valve.write(b"v")
        client.wait_bytes("pump", b"p")
        client.wait_bytes("valve", b"v")

    def test_who_subscribes_gets_these_and_no_others(self):
        client = self.client()
        pump, valve = self.line(client), self.line(client, "valve")
        answer = client.call("subscribe", {"names": ["pump", "nobody"]})
        self.assertEqual(answer["subscriptions"]["pump"]["offset"], 0)
        self.assertEqual(answer["subscriptions"]["pump"]["epoch"], self.connection("pump")["epoch"])
        self.assertEqual(answer["subscriptions"]["nobody"]["error"]["code"], "no-such-connection")
        self.write(valve, "valve", b"v")
        self.line(client, "third").write(b"t")
        pump.write(b"p")
        client.wait_bytes("pump", b"p")
        answer = client.call("unsubscribe", {"names": ["pump"]})
        self.assertEqual(answer["subscriptions"]["pump"]["offset"], 1)
        self.write(pump, "pump", b"q")
        client.call("subscribe", {"names": "*"})
        pump.write(b"r")
        valve.write(b"w")
        client.wait_bytes("pump", b"pr")
        client.wait_bytes("valve", b"w")

    def test_reloaded_page_goes_on_where_it_was(self):
        first = self.client()
        line = self.line(first)
        place = first.call("subscribe", {"names": ["pump"]})["subscriptions"]["pump"]
        self.write(line, "pump", DATA[:1000])
        first.wait_bytes("pump", DATA[:1000])
        first.close()
        self.write(line, "pump", DATA[1000:5000])
        second = self.client()
        answer = second.call("subscribe", {"names": ["pump"], "since": place["offset"] + 1000, "epoch": place["epoch"]})
        self.assertEqual(answer["subscriptions"]["pump"], {"offset": 1000, "epoch": place["epoch"]})
        line.write(DATA[5000:6000])
        second.wait_bytes("pump", DATA[1000:6000])
        self.assertEqual(second.events("rx-gap"), [])

    def test_offsets_differ_by_name(self):
        client = self.client()
        pump, valve = self.line(client), self.line(client, "valve")
        self.write(pump, "pump", b"0123456789")
        self.write(valve, "valve", b"abcdefghij")
        other = self.client()
        other.call("subscribe", {"names": "*", "since": {"pump": 7, "valve": 2}})
        other.wait_bytes("pump", b"789")
        other.wait_bytes("valve", b"cdefghij")

    def test_what_fell_out_of_the_history_is_told_before_the_next_bytes(self):
        client = self.client()
        line = self.line(client, history=65536)
        self.write(line, "pump", DATA)
        late = self.client()
        answer = late.call("subscribe", {"names": ["pump"], "since": 10})
        first = answer["subscriptions"]["pump"]["offset"]
        late.wait_bytes("pump", DATA[first:])
        gap = late.wait_event("rx-gap")
        self.assertEqual(gap, {"name": "pump", "from": 10, "to": first, "reason": "slow", "epoch": gap["epoch"]})
        self.assertGreaterEqual(len(DATA) - first, 65536)
        names = [event for event, *_ in late.got]
        self.assertLess(names.index("rx-gap"), names.index("pump"))

    def test_offset_of_another_opening_is_never_taken_for_a_new_one(self):
        client = self.client()
        line = self.line(client)
        self.write(line, "pump", DATA[:500])
        old = self.connection("pump")
        client.call("deactivate-connection", {"name": "pump"})
        client.call("activate-connection", {"name": "pump", "address": line.path})
        self.assertNotEqual(self.connection("pump")["epoch"], old["epoch"])
        self.write(line, "pump", DATA[500:1000])
        late = self.client()
        answer = late.call("subscribe", {"names": ["pump"], "since": 100, "epoch": old["epoch"]})
        self.assertEqual(answer["subscriptions"]["pump"], {"offset": 0, "epoch": self.connection("pump")["epoch"]})
        late.wait_bytes("pump", DATA[500:1000])
        self.assertEqual((late.wait_event("rx-gap")["from"], late.wait_event("rx-gap")["reason"]), (100, "epoch"))
        answer = late.call("read-history", {"name": "pump", "since": 100, "epoch": old["epoch"]})
        self.assertEqual((answer["offset"], answer["lost"], answer["gap"]["reason"]), (0, None, "epoch"))
        self.assertEqual(base64.b64decode(answer["payload"]["base64"]), DATA[500:1000])

    def test_offset_that_does_not_exist_yet_is_answered_with_a_gap(self):
        client = self.client()
        line = self.line(client)
        self.write(line, "pump", b"0123")
        client.call("subscribe", {"names": ["pump"], "since": 1000})
        client.wait_event("rx-gap", **{"from": 1000, "reason": "epoch"})

    def test_gap_comes_behind_the_answer_that_it_belongs_to(self):
        client = self.client()
        line = self.line(client)
        self.write(line, "pump", DATA[:10])
        late = self.client()
        order = []
        late.io.on("*", lambda event, *args: order.append(event))
        late.io.emit("subscribe", {"names": ["pump"], "since": 3, "epoch": 7}, callback=lambda answer: order.append("answer"))
        wait_for(lambda: len(order) == 3, "answer, gap, bytes")
        self.assertEqual(order, ["answer", "rx-gap", "pump"])

    def test_what_waited_for_a_poll_comes_before_what_follows_the_upgrade(self):
        line = self.line(self.client())
        poll = "/socket.io/?EIO=4&transport=polling"
        sid = json.loads(self.program.request("GET", poll)[2][1:])["sid"]
        self.program.request("POST", f"{poll}&sid={sid}", b"40")
        for at in range(0, 40_000, 1000):  # one event each; those that find no room in its queue wait in the journal
            self.write(line, "pump", DATA[at : at + 1000])
        ws = websocket.create_connection(
            f"ws://127.0.0.1:{self.program.port}/socket.io/?EIO=4&transport=websocket&sid={sid}", timeout=30)
        self.addCleanup(ws.close)
        ws.send("2probe")
        self.assertEqual(ws.recv(), "3probe")
        ws.send("5")
        got = b""
        while len(got) < 40_000:
            frame = ws.recv()
            got += frame if isinstance(frame, bytes) else b""
        self.assertEqual(got, DATA[:40_000])

    # ---- claims ----

    def test_claimed_connection_is_written_by_its_holder_alone(self):
        one, two = self.client(), self.client()
        line = self.line(one)
        self.assertTrue(one.call("claim", {"name": "pump"})["ok"])
        two.wait_event("connection-claimed", name="pump")
        for event, data in (("send-raw", {"payload": "x"}), ("configure-connection", {"baud-rate": 9600}), ("claim", {}),
                            ("release", {})):
            self.assertEqual(two.call(event, {"name": "pump", **data})["error"]["code"], "claimed")
            self.assertEqual(self.program.post(event, {"name": "pump", **data})[1]["error"]["code"], "claimed")
        self.assertTrue(one.call("claim", {"name": "pump"})["ok"])
        self.assertTrue(one.call("send-raw", {"name": "pump", "payload": "ok"})["ok"])
        self.assertTrue(self.connection("pump")["claimed"])
        one.call("release", {"name": "pump"})
        self.assertTrue(two.call("send-raw", {"name": "pump", "payload": "ok"})["ok"])
        self.assertEqual(line.read(4), b"okok")

    def test_claim_lapses_when_its_holder_leaves(self):
        one, two = self.client(), self.client()
        self.line(two)
        one.call("claim", {"name": "pump"})
        one.io.eio.disconnect(abort=True)
        two.wait_event("connection-released", name="pump")
        self.assertTrue(two.call("send-raw", {"name": "pump", "payload": "x"})["ok"])

    # ---- a device that goes away ----

    def test_lost_device_keeps_its_name_and_answers_writes(self):
        client = self.client()
        line = self.line(client)
        line.write(b"last words")
        client.wait_bytes("pump", b"last words")
        self.lines.remove(line)
        line.close()
        client.wait_event("connection-lost", name="pump", reason="device-gone")
        self.assertEqual((self.connection("pump")["state"], self.connection("pump")["offset"]), ("lost", 10))
        answer = client.call("send-raw", {"name": "pump", "payload": "x"})
        self.assertEqual((answer["error"]["code"], answer["error"]["bytes"]), ("device-gone", 0))
        answer = client.call("activate-connection", {"name": "pump", "address": "virtual:echo"})
        self.assertEqual(answer["error"]["code"], "name-taken")
        self.assertEqual(self.program.post("read-history", {"name": "pump"})[1]["payload"],
                         {"base64": base64.b64encode(b"last words").decode()})
        self.assertTrue(client.call("deactivate-connection", {"name": "pump"})["ok"])
        client.wait_event("connection-closed", name="pump", reason="deactivated")

    def test_without_reconnect_it_closes_instead(self):
        client = self.client()
        line = self.line(client, reconnect=False)
        line.write(b"last words")
        client.wait_bytes("pump", b"last words")
        self.lines.remove(line)
        line.close()
        client.wait_event("connection-closed", name="pump", reason="device-gone")
        self.assertEqual(client.events("connection-lost"), [])
        self.assertEqual(client.call("send-raw", {"name": "pump", "payload": "x"})["error"]["code"], "no-such-connection")

    def test_write_cut_short_says_how_much_went_out(self):
        client = self.client()
        line = self.line(client)
        big = self.client()
        answers = []
        big.io.emit("send-raw", {"name": "pump", "payload": DATA}, callback=answers.append)
        self.assertEqual(line.read(1000), DATA[:1000])  # nobody reads the rest
        self.lines.remove(line)
        line.close()
        answer = wait_for(lambda: answers, "answer")[0]
        self.assertEqual(answer["error"]["code"], "device-gone")
        self.assertTrue(1000 <= answer["error"]["bytes"] < len(DATA), answer)

    # ---- writes ----

    def test_program_that_cannot_wait_is_refused_when_the_queue_is_full(self):
        client = self.client()
        line = self.line(client)
        answers = []
        for _ in range(4):
            client.io.emit("send-raw", {"name": "pump", "payload": DATA[:100_000]}, callback=answers.append)
        wait_for(lambda: self.connection("pump")["queued"] > 256 * 1024, "a full queue")
        self.assertEqual(self.program.post("send-raw", {"name": "pump", "payload": "x"})[1]["error"]["code"], "queue-full")
        self.assertEqual(line.read(400_000), DATA[:100_000] * 4)
        wait_for(lambda: len(answers) == 4, "all acknowledgements")
        self.assertTrue(all(a["ok"] for a in answers))

    def test_order_is_kept_for_each_client(self):
        client = self.client()
        line = self.line(client)
        answers = []
        for i in range(2000):
            client.io.emit("send-raw", {"name": "pump", "payload": i.to_bytes(2, "big")},
                           callback=lambda a, i=i: answers.append((i, a["ok"])))
        self.assertEqual(line.read(4000), b"".join(i.to_bytes(2, "big") for i in range(2000)))
        wait_for(lambda: len(answers) == 2000, "acknowledgements")
        self.assertEqual(answers, [(i, True) for i in range(2000)])

    def test_empty_write_is_acknowledged(self):
        client = self.client()
        self.line(client)
        self.assertEqual(client.call("send-raw", {"name": "pump", "payload": b""}), {"ok": True, "bytes": 0})


if __name__ == "__main__":
    unittest.main()
