"""Rows of sections A, C and E that need devices: what a slow or greedy client costs, and whom."""
import http.client
import json
import os
import select
import socket
import unittest

from raw import DAEMON, DEADLINE, HostileTest, WebSocket, code_of, frame, request, wait_for
from daemon import Line

MEGABYTE = 1 << 20


class Page(WebSocket):
    """A page on a bare WebSocket that reads only when it is told to."""

    def __init__(self, port, **options):
        super().__init__(port, "/socket.io/?EIO=4&transport=websocket", host=f"localhost:{port}", **options)
        self.text()
        self.send(frame("40"))
        self.text()

    def turn(self):
        """The next event: its name and argument, bytes where it is binary."""
        text = self.text()
        if text.startswith("451-"):
            return json.loads(text[4:])[0], self.frame()[1]
        return text if text.startswith("43") else tuple(json.loads(text[2:])[:2])


class DeviceTest(HostileTest):
    program, options, bystanders = DAEMON, ("--allow-pty",), False

    def setUp(self):
        super().setUp()
        self.line = Line()
        self.addCleanup(self.line.close)
        self.assertEqual(self.server.post("activate-connection", {"name": "pump", "address": self.line.path})[0], 200)

    def end(self):
        try:
            self.server.post("deactivate-connection", {"name": "pump"})
        finally:
            super().end()

    def page(self, **options):
        page = Page(self.server.port, **options)
        self.addCleanup(page.socket.close)
        return page

    def offset(self):
        return self.server.post("list-connections", {})[1]["connections"][0]["offset"]

    def test_c18_a_client_that_stops_reading(self):
        memory, slow, quick = self.memory(), self.page(receive_buffer=4096), self.page()
        data = bytes(i * 7 % 251 for i in range(1000))
        total, got = 12600000, 0
        for at in range(0, total, 50000):
            for _ in range(50):
                self.line.write(data)
            while got < at + 50000:
                name, arrived = quick.turn()
                self.assertEqual((name, arrived), ("pump", (data * (len(arrived) // 1000 + 2))[got % 1000 :][: len(arrived)]))
                got += len(arrived)
        self.assert_grown_by_less(memory, 8 * MEGABYTE)
        at, lost = 0, 0
        while at < total:
            name, arrived = slow.turn()
            if name == "rx-gap":
                self.assertEqual((arrived["from"], arrived["reason"]), (at, "slow"))
                lost += arrived["to"] - at
                at = arrived["to"]
            else:
                self.assertEqual(arrived, (data * (len(arrived) // 1000 + 2))[at % 1000 :][: len(arrived)])
                at += len(arrived)
        self.assertEqual(at, total)
        self.assertGreater(lost, 0)

    def test_e12_writes_to_a_device_that_takes_none(self):
        memory, page = self.memory(), self.page()
        count, piece = 100000, "x" * 60
        left = memoryview(b"".join(frame(f'42{i}["send-raw",{{"name":"pump","payload":"{piece}"}}]') for i in range(count)))
        page.socket.setblocking(False)
        while select.select([], [page.socket], [], 1)[1]:  # until it is not read from any more
            left = left[page.socket.send(left[:65536]) :] if left else self.fail("it was read from without end")
        self.assert_grown_by_less(memory, 8 * MEGABYTE)
        error = self.server.post("send-raw", {"name": "pump", "payload": "y"})[1]["error"]
        self.assertEqual(error["code"], "queue-full")
        self.assertIn("--write-queue", error["message"])
        taken, answers, answered = bytearray(), b"", 0
        while len(taken) < count * len(piece) or answered < count:  # now it takes all
            readable, writable, _ = select.select([self.line.far, page.socket], [page.socket] if left else [], [], DEADLINE)
            self.assertTrue(readable or writable, (len(taken), answered))
            if self.line.far in readable:
                taken += os.read(self.line.far, 65536)
            if page.socket in readable:
                *whole, answers = (answers + page.socket.recv(65536)).split(b'"ok":true')
                answered += len(whole)
            if writable:
                left = left[page.socket.send(left[:65536]) :]
        self.assertEqual(taken, piece.encode() * count)


class CrowdTest(HostileTest):
    program, bystanders = DAEMON, False

    def test_a26_more_connections_than_there_are(self):
        before = self.descriptors()
        held = [self.raw().send(request(target="/", host=f"localhost:{self.server.port}")) for _ in range(256)]
        self.assertEqual({raw.answer()[0] for raw in held}, {200})
        self.assertEqual(self.descriptors() - before, 256)
        for _ in range(44):
            got = self.once(request(target="/", host=f"localhost:{self.server.port}"))
            self.assertEqual(got, (503, "too-many-connections"))
        control = http.client.HTTPConnection("localhost")
        control.sock = socket.socket(socket.AF_UNIX)
        control.sock.connect(f"{self.server.home}/run/peripheral-manager/control")
        control.request("GET", "/api/v1/list-devices")
        self.assertEqual(control.getresponse().status, 200)
        control.close()
        held[0].socket.close()
        wait_for(lambda: self.descriptors() < before + 256, "room")
        self.assertEqual(self.once(request(target="/", host=f"localhost:{self.server.port}"))[0], 200)


if __name__ == "__main__":
    unittest.main()
