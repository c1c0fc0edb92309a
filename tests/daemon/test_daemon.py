"""test_daemon.py - the daemon as a process: a Socket.IO client as the original's applications are, HTTP, pseudo terminals."""
import json
import os
import subprocess
import tempfile
import unittest

import client
from daemon import DEADLINE, Line, Program, environment, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]


class Client(client.Client):
    def wait_event(self, *event):
        wait_for(lambda: event in self.got, event)


class DaemonTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo", "--allow-pty", "--local-pages", "allow")
        self.clients, self.lines = [], []

    def tearDown(self):
        for client in self.clients:
            client.io.disconnect()
        for line in self.lines:
            line.close()
        self.assertEqual(self.program.stop(), 0)

    def client(self, **options):
        self.clients.append(Client(self.program, **options))
        return self.clients[-1]

    def line(self):
        self.lines.append(Line())
        return self.lines[-1]

    def test_application_of_the_original_works_unchanged(self):
        line, client = self.line(), self.client()
        client.io.emit("list-devices")
        devices = wait_for(lambda: [e for e in client.got if e[0] == "list-devices"], "devices")[0][1]
        echo = next(d for d in devices if d["address"] == "virtual:echo")
        for field in ("device", "name", "description", "hwid", "vid", "pid", "serialnumber", "serialnumuber", "location",
                      "manufacturer", "maufacturer", "product", "interface", "id", "kind", "connection"):
            self.assertIn(field, echo)
        client.io.emit("activate-connection", {"name": "pump", "address": line.path})
        client.wait_event("activate-connection", True)
        client.io.emit("send-raw", {"name": "pump", "payload": [1, 2, 255]})
        self.assertEqual(line.read(3), b"\x01\x02\xff")
        line.write(b"ready\r\n")
        wait_for(lambda: client.bytes_of("pump") == b"ready\r\n", "bytes")
        client.io.emit("rename-reference", {"old": "pump", "new": "sensor"})
        client.wait_event("rename-connection", True)
        line.write(b"x")
        wait_for(lambda: client.bytes_of("sensor") == b"x", "bytes under the new name")
        client.io.emit("list-connections")
        wait_for(lambda: [e for e in client.got if e[0] == "list-connections" and e[1][0]["name"] == "sensor"], "list")
        client.io.emit("deactivate-connection", {"name": "sensor"})
        client.wait_event("deactivate-connection", True)
        client.io.emit("deactivate-connection", {"name": "sensor"})
        client.wait_event("deactivate-connection", False)

    def test_every_form_of_payload_arrives(self):
        line, client = self.line(), self.client()
        self.assertTrue(client.io.call("activate-connection", {"name": "pump", "address": line.path})["ok"])
        for payload, expected in ((b"\x00\xff", b"\x00\xff"), ("text €", "text €".encode()), ([0, 127, 255], b"\x00\x7f\xff"),
                                  ({"base64": "AAECAw=="}, b"\x00\x01\x02\x03"), (b"", b"")):
            answer = client.io.call("send-raw", {"name": "pump", "payload": payload})
            self.assertEqual(answer, {"ok": True, "bytes": len(expected)})
            self.assertEqual(line.read(len(expected)), expected)

    def test_wrong_arguments_send_nothing_and_name_the_field(self):
        line, client = self.line(), self.client()
        client.io.call("activate-connection", {"name": "pump", "address": line.path})
        for event, data, code, word in (
            ("send-raw", {"name": "pump", "payload": [256]}, "bad-request", "payload"),
            ("send-raw", {"name": "pump", "payload": 7}, "bad-request", "payload"),
            ("send-raw", {"name": "pump"}, "bad-request", "payload"),
            ("send-raw", {"name": "pump", "payload": {"base64": "!!"}}, "bad-request", "payload"),
            ("send-raw", {"name": 7, "payload": "x"}, "bad-request", "name"),
            ("send-raw", None, "bad-request", "name"),
            ("send-raw", {"name": "nobody", "payload": "x"}, "no-such-connection", "nobody"),
            ("activate-connection", {"name": "connect", "address": "virtual:echo"}, "reserved-name", "connect"),
            ("activate-connection", {"name": "rx-gap", "address": "virtual:echo"}, "reserved-name", "rx-gap"),
            ("activate-connection", {"name": "x" * 65, "address": "virtual:echo"}, "bad-request", "name"),
            ("activate-connection", {"name": "a\nb", "address": "virtual:echo"}, "bad-request", "name"),
            ("activate-connection", {"name": "a", "address": "/etc/passwd"}, "no-such-device", "device"),
            ("activate-connection", {"name": "a", "address": "/dev/mem"}, "no-such-device", "device"),
            ("activate-connection", {"name": "a", "address": "/dev/pts/../null"}, "no-such-device", "device"),
            ("activate-connection", {"name": "a", "address": "virtual:echo", "baud-rate": 0}, "bad-request", "baud-rate"),
            ("activate-connection", {"name": "a", "address": "virtual:echo", "data-bits": 9}, "bad-request", "data-bits"),
            ("activate-connection", {"name": "a", "address": "virtual:echo", "parity": "big"}, "bad-request", "parity"),
            ("activate-connection", {"name": "a", "address": line.path}, "device-busy", 'as "pump"'),
            ("activate-connection", {"name": "pump", "address": "virtual:echo"}, "name-taken", "pump"),
            ("no-such-request", {}, "unknown-request", "describe"),
            ("no-such-request" * 8, {}, "unknown-request", "describe"),
        ):
            with self.subTest(event=event, data=data):
                answer = client.io.call(event, data)
                self.assertEqual((answer["ok"], answer["error"]["code"]), (False, code))
                self.assertIn(word, answer["error"]["message"])
        client.io.call("send-raw", {"name": "pump", "payload": "end"})
        self.assertEqual(line.read(3), b"end")

    def test_what_http_refuses_by_itself_is_told_as_everything_is(self):
        json_type = {"Content-Type": "application/json"}
        for method, path, headers, status, code in (
            ("GET", "/api/v1/no-such-request", {}, 404, "unknown-request"),
            ("POST", "/api/v1/no-such-request", json_type, 404, "unknown-request"),
            ("GET", "/api/v1/send-raw", {}, 405, "bad-method"),
            ("PUT", "/api/v1/list-devices", json_type, 405, "bad-method"),
            ("POST", "/", {}, 405, "bad-method"),
            ("POST", "/api/v1/list-devices", {"Content-Type": "text/plain"}, 415, "encoding"),
            ("GET", "/no-such-page", {}, 404, "not-found"),
        ):
            with self.subTest(method=method, path=path):
                got, fields, body = self.program.request(method, path, b"{}" if method != "GET" else None, headers)
                answer = json.loads(body)
                self.assertEqual((got, answer["ok"], answer["error"]["code"]), (status, False, code))
                self.assertTrue(answer["error"]["message"])
                self.assertEqual("Allow" in fields, status == 405)

    def test_activating_again_changes_nothing(self):
        line, client = self.line(), self.client()
        first = client.io.call("activate-connection", {"name": "pump", "address": line.path})
        again = client.io.call("activate-connection", {"name": "pump", "address": line.path})
        self.assertEqual(first, again)
        other = client.io.call("activate-connection", {"name": "pump", "address": line.path, "baud-rate": 9600, "stop-bits": 1.0,
                                                       "parity": "even", "profile": "auto"})
        self.assertEqual(sorted(other.pop("unchanged")), ["baud-rate", "parity"])
        self.assertEqual(first, other)

    def test_many_pages_share_one_device_and_each_gets_every_byte(self):
        line = self.line()
        clients = [self.client(transports=[t]) for t in ("polling", "websocket", "websocket")]
        clients[0].io.call("activate-connection", {"name": "pump", "address": line.path})
        data = bytes(i * 7 % 251 for i in range(100_000))
        for at in range(0, len(data), 1000):
            line.write(data[at : at + 1000])
        for client in clients:
            wait_for(lambda client=client: len(client.bytes_of("pump")) >= len(data), "all bytes")
            self.assertEqual(client.bytes_of("pump"), data)
            self.assertFalse([e for e in client.got if e[0] == "rx-gap"])

    def test_writes_of_two_clients_never_mix(self):  # G15
        line = self.line()
        one, two = self.client(), self.client()
        one.io.call("activate-connection", {"name": "pump", "address": line.path})
        for _ in range(20):
            one.io.emit("send-raw", {"name": "pump", "payload": b"a" * 1000})
            two.io.emit("send-raw", {"name": "pump", "payload": b"b" * 1000})
        data = line.read(40_000)
        self.assertEqual(len(data), 40_000)
        for at in range(0, len(data), 1000):
            self.assertEqual(len(set(data[at : at + 1000])), 1)

    def test_slow_device_slows_its_sender_and_loses_nothing(self):
        line, client = self.line(), self.client(transports=["websocket"])
        client.io.call("activate-connection", {"name": "pump", "address": line.path})
        total = 30 * 100_000
        for i in range(30):
            client.io.emit("send-raw", {"name": "pump", "payload": bytes([i]) * 100_000})
        data = line.read(total)
        self.assertEqual(data, b"".join(bytes([i]) * 100_000 for i in range(30)))

    def test_virtual_devices_answer(self):
        client = self.client()
        client.io.call("activate-connection", {"name": "sensor", "address": "virtual-instrument"})
        client.io.call("send-raw", {"name": "sensor", "payload": "*IDN?\n"})
        wait_for(lambda: client.bytes_of("sensor").endswith(b"1.0\r\n"), "identification")
        client.io.call("activate-connection", {"name": "pump", "address": "virtual:pump"})
        client.io.call("send-raw", {"name": "pump", "payload": "RAT 2.5\rRAT\r"})
        wait_for(lambda: client.bytes_of("pump") == b"00S\r\n00S2.500MM\r\n", "pump")

    def test_history_over_http(self):
        self.program.post("activate-connection", {"name": "sensor", "address": "virtual:echo"})
        self.program.post("send-raw", {"name": "sensor", "payload": "0123456789"})
        wait_for(lambda: self.program.post("list-connections", {})[1]["connections"][0]["offset"] == 10, "echo")
        status, answer = self.program.post("read-history", {"name": "sensor", "since": 4, "limit": 3})
        self.assertEqual((status, answer["payload"], answer["lost"]), (200, {"base64": "NDU2"}, 0))
        self.assertEqual(self.program.post("read-history", {"name": "sensor", "since": 11})[0], 400)

    def test_door_is_closed_to_strangers(self):
        sockets, api = "/socket.io/?EIO=4&transport=polling", "/api/v1/list-devices"
        for headers, code, paths in (({"Host": "evil.example:3000"}, b"host-not-allowed", ("/", sockets, api)),
                                     ({"Origin": "null"}, b"origin-null", ("/", sockets, api))):
            for path in paths:
                status, fields, body = self.program.request("GET", path, None, headers)
                self.assertEqual(status, 403)
                self.assertIn(code, body)
                self.assertNotIn("Access-Control-Allow-Origin", fields)
        for origin in ("https://evil.example", f"http://localhost.evil.example:{self.program.port}"):
            status, fields, body = self.program.request("GET", api, None, {"Origin": origin})
            self.assertEqual((status, fields["Access-Control-Allow-Origin"]), (403, origin))  # the page may show why
            self.assertIn(b"consent-required", body)
            self.assertEqual(self.program.request("GET", "/", None, {"Origin": origin})[0], 403)
        status, fields, _ = self.program.request("GET", "/api/v1/list-devices", None, {"Origin": "http://localhost:5173"})
        self.assertEqual((status, fields["Access-Control-Allow-Origin"]), (200, "http://localhost:5173"))

    def test_forms_cannot_post(self):
        status, _, _ = self.program.request("POST", "/api/v1/list-devices", b"{}", {"Content-Type": "text/plain"})
        self.assertEqual(status, 415)

    def test_page_is_served_with_a_strict_policy(self):
        for path, kind in (("/", "text/html"), ("/console.js", "text/javascript"), ("/console.css", "text/css")):
            status, fields, body = self.program.request("GET", path)
            self.assertEqual(status, 200)
            self.assertIn(kind, fields["Content-Type"])
            self.assertIn("default-src 'none'", fields["Content-Security-Policy"])
            self.assertGreater(len(body), 100)
        self.assertEqual(self.program.request("GET", "/../etc/passwd")[0], 404)

    def test_second_daemon_says_who_has_the_port(self):
        with tempfile.TemporaryDirectory(prefix="pm-test-") as home:  # places of its own, beside whatever runs here
            other = subprocess.run([DAEMON, "--allow-root", "--ephemeral", "--port", str(self.program.port)],
                                   env=environment(home), capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(other.returncode, 75)
        self.assertIn("in use", other.stderr)


if __name__ == "__main__":
    unittest.main()
