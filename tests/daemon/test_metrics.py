"""test_metrics.py - what is counted, and the sign of life for pages that look for the daemon."""
import os
import re
import socket
import unittest

from client import Client
from daemon import Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
NAME = 'scale "A" \\ €'
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\})? (\d+)')


class MetricsTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo")

    def tearDown(self):
        self.assertEqual(self.program.stop(), 0)

    def metrics(self):
        """Every sample by its name and labels; the form of OpenMetrics 1.0.0 is checked on the way."""
        status, fields, body = self.program.request("GET", "/metrics")
        self.assertEqual((status, fields["Content-Type"]),
                         (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        lines = body.decode().split("\n")
        self.assertEqual(lines[-2:], ["# EOF", ""])
        samples, family, kind, seen = {}, None, None, set()
        for line in lines[:-2]:
            if line.startswith("# TYPE "):
                family, kind = line.split()[2:]
                self.assertNotIn(family, seen)  # all samples of a family stand together
                seen.add(family)
            elif line.startswith("# HELP "):
                self.assertEqual(line.split()[2], family)
            else:
                name, labels, value = SAMPLE.fullmatch(line).groups()
                self.assertEqual(name, family + {"counter": "_total", "info": "_info"}.get(kind, ""))
                self.assertNotIn((name, labels), samples)
                samples[name.removeprefix("peripheral_manager_"), labels] = int(value)
        return samples

    def test_bytes_clients_gaps_and_connections_are_counted(self):
        devices = self.program.post("list-devices", {})[1]["devices"]
        empty = self.metrics()
        self.assertEqual(empty["devices", None], len(devices))
        self.assertEqual(empty["clients", 'state="connected"'], 0)
        self.assertFalse([key for key in empty if key[0].startswith("connection_")])
        label = 'connection="scale \\"A\\" \\\\ €"'
        clients = [Client(self.program, transports=["websocket"]) for _ in range(2)]
        clients[0].call("activate-connection", {"name": NAME, "address": "virtual:echo"})
        clients[0].call("send-raw", {"name": NAME, "payload": bytes(1000)})
        for client in clients:
            client.wait_bytes(NAME, bytes(1000))
        clients[1].call("subscribe", {"names": [NAME], "since": 5000})
        clients[1].wait_event("rx-gap", reason="epoch")
        now = self.metrics()
        self.assertEqual(now["clients", 'state="connected"'], 2)
        self.assertEqual(now["connection_received_bytes_total", label], 1000)
        self.assertEqual(now["connection_sent_bytes_total", label], 1000)
        self.assertEqual(now["connection_readers", label], 2)
        self.assertEqual((now["connection_open", label], now["connection_paused", label]), (1, 0))
        self.assertEqual(now["delivered_bytes_total", None], 3000)  # the second client was given them once more
        self.assertEqual(now["gaps_total", 'reason="epoch"'], 1)
        self.assertEqual(now["requests_total", None] - empty["requests_total", None], 3)
        self.assertEqual(now["connection_line_errors_total", label + ',kind="overrun"'], 0)
        self.program.post("unplug-virtual", {"address": "virtual:echo"})
        wait_for(lambda: self.metrics()["connection_open", label] == 0, "the loss")
        self.assertEqual(self.metrics()["connection_losses_total", label], 1)
        clients[0].io.eio.ws.sock.shutdown(socket.SHUT_RDWR)  # without a goodbye: it may come back
        wait_for(lambda: self.metrics()["clients", 'state="connected"'] == 1, "the client's end")
        clients[1].close()

    def test_health_says_that_it_is_there_and_nothing_else(self):
        for headers in ({}, {"Origin": "http://localhost:5173"}, {"Origin": "https://stranger.example"}):
            status, fields, body = self.program.request("GET", "/health", None, headers)
            self.assertEqual((status, body), (200, b'{"peripheral_manager":1}'), headers)
            self.assertEqual(fields["Access-Control-Allow-Origin"], headers.get("Origin", "*"))
        self.assertEqual(self.program.request("POST", "/health", b"")[0], 405)

    def test_pages_of_others_see_no_metrics(self):
        for origin in ("https://stranger.example", "null"):
            status, fields, body = self.program.request("GET", "/metrics", None, {"Origin": origin})
            self.assertEqual(status, 403)
            self.assertNotIn(b"# TYPE", body)
            self.assertNotIn("Access-Control-Allow-Origin", fields if origin == "null" else {})
        self.assertEqual(self.program.request("POST", "/metrics", b"")[0], 405)


if __name__ == "__main__":
    unittest.main()
