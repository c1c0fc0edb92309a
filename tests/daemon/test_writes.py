"""test_writes.py - bytes to devices: whole messages of many clients, slow devices, and whom they slow down."""
import json
import os
import random
import struct
import threading
import unittest

from client import Client
from daemon import Line, Program, resident, wait_for
from raw import Raw

DAEMON = os.environ["PERIPHERAL_MANAGER"]
MEGABYTE = 1_000_000


class WritesTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo", "--allow-pty")
        self.clients = []
        self.line = Line()
        self.activate("pump", self.line.path)

    def tearDown(self):
        for client in self.clients:
            client.close()
        self.line.close()
        self.assertEqual(self.program.stop(), 0)

    def activate(self, name, address):
        self.assertEqual(self.program.post("activate-connection", {"name": name, "address": address})[0], 200)

    def client(self, transport="websocket"):
        self.clients.append(Client(self.program, transports=[transport]))
        return self.clients[-1]

    def connection(self, name):
        return next(c for c in self.program.post("list-connections", {})[1]["connections"] if c["name"] == name)

    def test_messages_of_many_clients_never_mix_and_each_ones_keep_their_order(self):
        dice = random.Random(7)
        clients = [self.client("polling" if i % 4 == 3 else "websocket") for i in range(8)]
        sent = [[dice.randbytes(dice.choice((1, 10, 700, 5000, 40_000))) for _ in range(25)] for _ in clients]
        answers = []

        def run(number):
            for i, payload in enumerate(sent[number]):
                message = struct.pack(">BHI", number, i, len(payload)) + payload
                clients[number].io.emit("send-raw", {"name": "pump", "payload": message},
                                        callback=lambda a, n=len(message): answers.append(a == {"ok": True, "bytes": n}))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(clients))]
        for thread in threads:
            thread.start()
        expected = [0] * len(clients)
        for _ in range(len(clients) * 25):
            number, i, n = struct.unpack(">BHI", self.line.read(7))
            self.assertEqual(i, expected[number])
            self.assertTrue(self.line.read(n) == sent[number][i], "the message, whole")
            expected[number] += 1
        for thread in threads:
            thread.join()
        wait_for(lambda: len(answers) == len(clients) * 25, "the acknowledgements")
        self.assertTrue(all(answers))

    def test_acknowledgement_comes_when_the_driver_has_the_last_byte(self):
        client, answers = self.client(), []
        client.io.emit("send-raw", {"name": "pump", "payload": bytes(200_000)}, callback=answers.append)
        client.io.emit("send-raw", {"name": "pump", "payload": b"end"}, callback=answers.append)
        wait_for(lambda: self.connection("pump")["queued"] > 0, "the device to be full")
        self.assertEqual(client.call("list-connections")["ok"], True)  # answers overtake it, but not its own
        self.assertEqual(answers, [])
        self.assertEqual(len(self.line.read(100_000)), 100_000)
        self.assertEqual(answers, [])
        self.assertEqual(len(self.line.read(100_003)), 100_003)
        wait_for(lambda: len(answers) == 2, "the acknowledgements")
        self.assertEqual([a["bytes"] for a in answers], [200_000, 3])

    def test_slow_device_holds_up_its_sender_and_nobody_else(self):
        before = resident(self.program)
        flood = Raw(self.program)
        payload = bytes(range(256)) * 390
        count = 300  # 30 MB to a device that takes nothing
        done = threading.Event()

        def run():
            for i in range(count):
                message = ["send-raw", {"name": "pump", "payload": {"_placeholder": True, "num": 0}}]
                flood.send(b"451-%d" % i + json.dumps(message).encode())
                flood.send(payload, opcode=2)
            done.set()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        wait_for(lambda: self.connection("pump")["queued"] > 256 * 1024, "a full queue")
        other = self.client()
        self.activate("echo", "virtual:echo")
        for i in range(200):  # others go on: another device, and this one's readers
            self.assertTrue(other.call("send-raw", {"name": "echo", "payload": i.to_bytes(2, "big")})["ok"])
        other.wait_bytes("echo", b"".join(i.to_bytes(2, "big") for i in range(200)))
        self.line.write(b"said")
        other.wait_bytes("pump", b"said")
        self.assertFalse(done.is_set())  # the sender is not read from
        self.assertLess(self.connection("pump")["queued"], 1.5 * MEGABYTE)
        self.assertLess(resident(self.program) - before, 8 * MEGABYTE)
        for _ in range(count):
            self.assertTrue(self.line.read(len(payload)) == payload)
        acknowledged = 0
        while acknowledged < count:
            opcode, text = flood.frame()
            if text == b"2":
                flood.send(b"3")
            elif opcode == 1 and text.startswith(b"43"):
                self.assertEqual(text, b'43%d[{"ok":true,"bytes":%d}]' % (acknowledged, len(payload)))
                acknowledged += 1
        self.assertTrue(done.wait(30))
        flood.close()

    def test_what_a_client_sent_before_it_left_goes_out(self):
        client = Raw(self.program)
        for i in range(20):
            client.send(b"42" + json.dumps(["send-raw", {"name": "pump", "payload": f"{i:02}" * 500}]).encode())
        client.close()
        self.assertEqual(self.line.read(20_000), b"".join(b"%02d" % i * 500 for i in range(20)))

    def test_connection_that_is_closed_meanwhile_says_how_much_went_out(self):  # G05
        client, answers = self.client(), []
        client.io.emit("send-raw", {"name": "pump", "payload": bytes(200_000)}, callback=answers.append)
        client.io.emit("send-raw", {"name": "pump", "payload": b"end"}, callback=answers.append)
        self.assertTrue(client.call("list-connections")["ok"])  # so the two before it are in the queue
        self.assertGreater(self.connection("pump")["queued"], 0)
        self.assertEqual(self.program.post("deactivate-connection", {"name": "pump"})[0], 200)
        wait_for(lambda: len(answers) == 2, "the answers")
        self.assertEqual([a["error"]["code"] for a in answers], ["device-gone"] * 2)
        self.assertTrue(0 < answers[0]["error"]["bytes"] < 200_000)
        self.assertEqual(answers[1]["error"]["bytes"], 0)
        self.assertEqual(client.call("send-raw", {"name": "pump", "payload": "x"})["error"]["code"], "no-such-connection")

    def test_sizes(self):  # G06
        client = self.client()
        for n in (0, 1, 999_000):
            answers = []
            client.io.emit("send-raw", {"name": "pump", "payload": bytes(n)}, callback=answers.append)
            self.assertEqual(len(self.line.read(n)), n)
            wait_for(lambda answers=answers: answers, "the acknowledgement")
            self.assertEqual(answers, [{"ok": True, "bytes": n}])
        status, answer = self.program.post("send-raw", {"name": "pump", "payload": {"base64": "A" * 1_000_000}})
        self.assertEqual((status, answer["error"]["code"]), (413, "too-large"))


if __name__ == "__main__":
    unittest.main()
