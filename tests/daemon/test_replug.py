"""test_replug.py - devices that are pulled out and plugged in again (H05), as all clients see it."""
import base64
import os
import unittest

from client import Client
from daemon import Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]


class ReplugTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo")
        self.clients = [Client(self.program, transports=["websocket"]), Client(self.program, transports=["polling"])]

    def tearDown(self):
        for client in self.clients:
            client.close()
        self.assertEqual(self.program.stop(), 0)

    def activate(self, name, address, **options):
        status, answer = self.program.post("activate-connection", {"name": name, "address": address, **options})
        self.assertEqual(status, 200, answer)
        return answer["connection"]

    def connection(self, name):
        return next(c for c in self.program.post("list-connections", {})[1]["connections"] if c["name"] == name)

    def unplug(self, address):
        self.assertEqual(self.program.post("unplug-virtual", {"address": address})[0], 200)

    def plug(self, address):
        self.assertEqual(self.program.post("plug-virtual", {"address": address})[0], 200)

    def lose(self, name, address):
        self.unplug(address)
        for client in self.clients:
            client.wait_event("connection-lost", name=name, reason="device-gone")
        wait_for(lambda: self.connection(name)["state"] == "lost", "the loss")

    def test_connection_comes_back_with_its_settings_and_the_first_bytes(self):
        before = self.activate("counter", "virtual:counter", **{"baud-rate": 9600, "parity": "odd", "history": 100_000})
        for client in self.clients:
            wait_for(lambda client=client: client.bytes_of("counter").startswith(b"0\r\n"), "bytes")
        self.lose("counter", "virtual:counter")
        lost = self.connection("counter")
        seen = [client.bytes_of("counter") for client in self.clients]
        self.plug("virtual:counter")
        after = self.connection("counter")  # the news of the device opened it: nobody has to wait
        self.assertEqual((after["state"], after["options"], after["device"]), ("open", before["options"], before["device"]))
        self.assertNotEqual(after["epoch"], before["epoch"])
        for client, old in zip(self.clients, seen):
            client.wait_event("connection-restored", name="counter", epoch=after["epoch"])
            wait_for(lambda client=client, old=old: len(client.bytes_of("counter")) > len(old) + 6, "bytes")
            self.assertEqual(old, seen[0])
            self.assertEqual(client.bytes_of("counter")[lost["offset"] :][:6], b"0\r\n1\r\n")  # what it says at power on
            self.assertEqual(client.events("rx-gap"), [])

    def test_offset_from_before_the_replug_is_answered_from_both_sides_of_it(self):
        old = self.activate("echo", "virtual:echo")
        self.program.post("send-raw", {"name": "echo", "payload": "before"})
        self.clients[0].wait_bytes("echo", b"before")
        self.lose("echo", "virtual:echo")
        self.plug("virtual:echo")
        self.program.post("send-raw", {"name": "echo", "payload": "after"})
        self.clients[0].wait_bytes("echo", b"beforeafter")
        late = Client(self.program, transports=["websocket"])
        self.clients.append(late)
        late.call("subscribe", {"names": ["echo"], "since": 2, "epoch": old["epoch"]})
        late.wait_bytes("echo", b"foreafter")
        gap = late.wait_event("rx-gap")
        self.assertEqual((gap["from"], gap["to"], gap["reason"], gap["epoch"]), (6, 6, "reopened", self.connection("echo")["epoch"]))
        self.assertEqual([e[0] for e in late.got], ["echo", "rx-gap", "echo"])  # in its place
        answer = late.call("read-history", {"name": "echo", "since": 2, "epoch": old["epoch"]})
        self.assertEqual((base64.b64decode(answer["payload"]["base64"]), answer["gap"]["from"]), (b"foreafter", 6))

    def test_history_tells_each_time_that_the_device_was_away(self):
        first = self.activate("echo", "virtual:echo")
        parts = (b"one", b"two", b"three")
        for n, part in enumerate(parts):
            if n > 0:
                self.lose("echo", "virtual:echo")
                self.plug("virtual:echo")
            self.program.post("send-raw", {"name": "echo", "payload": part.decode()})
            for client in self.clients:
                client.wait_bytes("echo", b"".join(parts[: n + 1]))
        for place, offset in (({"since": 1, "epoch": first["epoch"]}, 1), ({"since": 0}, 0), ({"since": 5, "epoch": 7}, 0)):
            with self.subTest(place=place):
                late = Client(self.program, transports=["websocket"])
                self.clients.append(late)
                late.call("subscribe", {"names": ["echo"], **place})
                late.wait_bytes("echo", b"onetwothree"[offset:])
                told = [("gap", args[0]["from"], args[0]["reason"]) if event == "rx-gap" else args[0] for event, *args in late.got
                        if event in ("rx-gap", "echo")]
                expected = [b"one"[offset:], ("gap", 3, "reopened"), b"two", ("gap", 6, "reopened"), b"three"]
                self.assertEqual(told, [("gap", 5, "epoch"), *expected] if place.get("epoch") == 7 else expected)
                answer = late.call("read-history", {"name": "echo", **place})
                self.assertEqual([("gap", g["from"], g["reason"]) for g in answer["gaps"]], [t for t in told if t[0] == "gap"])
        for client in self.clients[:2]:  # they had everything when it went
            self.assertEqual(client.events("rx-gap"), [])

    def late_gaps(self, since, epoch):
        """What a page is told that comes back from there, by both of its ways."""
        late = Client(self.program, transports=["websocket"])
        self.clients.append(late)
        place = {"since": since} | ({"epoch": epoch} if epoch else {})
        late.call("subscribe", {"names": ["echo"], **place})
        wait_for(lambda: late.bytes_of("echo"), "the first bytes that are left")
        answer = late.call("read-history", {"name": "echo", **place})
        told = [(g["reason"], g["from"], g["to"]) for g in late.events("rx-gap")]
        self.assertEqual([(g["reason"], g["from"], g["to"]) for g in answer["gaps"]], told)
        self.assertEqual(answer["offset"], told[0][2])
        return told

    def test_replug_among_bytes_that_are_gone_is_told_as_well(self):
        old = self.activate("echo", "virtual:echo", history=65536)
        self.program.post("send-raw", {"name": "echo", "payload": "before"})
        self.clients[0].wait_bytes("echo", b"before")
        self.lose("echo", "virtual:echo")
        self.plug("virtual:echo")
        for n in range(1, 31):  # more than the journal has room for
            self.program.post("send-raw", {"name": "echo", "payload": 10_000 * "x"})
            wait_for(lambda n=n: self.connection("echo")["offset"] == 6 + n * 10_000, "the echo")
        told = self.late_gaps(2, old["epoch"])
        start = told[0][2]
        self.assertGreater(start, 6)
        self.assertEqual(told, [("slow", 2, start), ("reopened", start, start)])

    def test_more_replugs_than_anybody_remembers_are_told_as_such(self):
        self.activate("echo", "virtual:echo")
        for n in range(1, 41):
            self.program.post("send-raw", {"name": "echo", "payload": "x"})
            wait_for(lambda n=n: self.connection("echo")["offset"] == n, "the echo")
            self.lose("echo", "virtual:echo")
            self.plug("virtual:echo")
        self.program.post("send-raw", {"name": "echo", "payload": "x"})
        wait_for(lambda: self.connection("echo")["offset"] == 41, "the echo")
        told = self.late_gaps(0, None)
        self.assertEqual((told[0][:2], told[0][2]), (("reopened", 0), 8))
        self.assertEqual(told[1:], [("reopened", n, n) for n in range(9, 41)])

    def test_writes_to_a_device_that_is_away_are_refused_and_not_sent_later(self):
        self.activate("echo", "virtual:echo")
        self.lose("echo", "virtual:echo")
        for client in self.clients:
            answer = client.call("send-raw", {"name": "echo", "payload": "nobody hears"})
            self.assertEqual((answer["error"]["code"], answer["error"]["bytes"]), ("device-gone", 0))
        self.plug("virtual:echo")
        self.assertTrue(self.clients[0].call("send-raw", {"name": "echo", "payload": "heard"})["ok"])
        for client in self.clients:
            client.wait_bytes("echo", b"heard")

    def test_another_device_does_not_take_its_place(self):
        self.activate("echo", "virtual:echo")
        self.lose("echo", "virtual:echo")
        self.unplug("virtual:pump")
        self.plug("virtual:pump")
        self.assertEqual(self.connection("echo")["state"], "lost")
        answer = self.clients[0].call("activate-connection", {"name": "echo", "address": "virtual:pump"})
        self.assertEqual(answer["error"]["code"], "name-taken")

    def test_claim_outlives_a_replug(self):
        self.activate("echo", "virtual:echo")
        self.assertTrue(self.clients[0].call("claim", {"name": "echo"})["ok"])
        self.lose("echo", "virtual:echo")
        self.plug("virtual:echo")
        self.assertEqual(self.clients[1].call("send-raw", {"name": "echo", "payload": "x"})["error"]["code"], "claimed")
        self.assertTrue(self.clients[0].call("send-raw", {"name": "echo", "payload": "x"})["ok"])

    def test_without_reconnect_it_closes(self):
        self.activate("echo", "virtual:echo", reconnect=False)
        self.unplug("virtual:echo")
        for client in self.clients:
            client.wait_event("connection-closed", name="echo", reason="device-gone")
        self.plug("virtual:echo")
        self.assertEqual(self.program.post("list-connections", {})[1]["connections"], [])
        self.assertEqual(self.activate("echo", "virtual:echo")["state"], "open")

    def test_loose_plug(self):  # H06
        epochs = {self.activate("echo", "virtual:echo")["epoch"]}
        for _ in range(100):
            self.unplug("virtual:echo")
            wait_for(lambda: self.connection("echo")["state"] == "lost", "the loss")
            self.plug("virtual:echo")
            wait_for(lambda: self.connection("echo")["state"] == "open", "the return")
            epochs.add(self.connection("echo")["epoch"])
        self.assertEqual(len(epochs), 101)
        self.assertEqual(self.connection("echo")["losses"], 100)
        self.assertTrue(self.clients[0].call("send-raw", {"name": "echo", "payload": "still"})["ok"])
        for client in self.clients:
            client.wait_bytes("echo", b"still")


if __name__ == "__main__":
    unittest.main()
