"""Every refusal that a setting governs names the setting, so that whoever meets it can do something about it. Each limit of
--help-limits is in the table here, or among those that refuse nobody in words."""
import json
import re
import struct
import subprocess
import time
import unittest

from raw import CLOSE, DAEMON, frame, HostileTest, PING, Raw, request, SOCKETS

API = "/api/v1/list-devices"
JSON = "Content-Type: application/json"
APP = "Origin: https://app.example"

# What a request is answered with: the setting, status and code, and how it is asked.
REQUESTS = (
    ("head-size", 431, "head-too-large", {"fields": ["X: " + "x" * 4096]}),
    ("head-fields", 431, "too-many-fields", {"fields": [f"X-{i}: 1" for i in range(16)]}),
    ("target-size", 414, "target-too-long", {"target": "/health?" + "x" * 249}),
    ("message-size", 413, "too-large", {"method": "POST", "fields": [JSON], "body": b"x" * 65537}),
    ("message-size", 413, "too-large", {"method": "POST", "fields": [JSON, "Transfer-Encoding: chunked"],
                                        "body": b"10001\r\n" + b"x" * 65537 + b"\r\n0\r\n\r\n"}),
    ("head-time", 408, "head-timeout", {"data": b"GET / HTTP/1.1\r\n"}),
    ("body-time", 408, "body-timeout", {"method": "POST", "fields": [JSON, "Content-Length: 9"], "body": b"{"}),
    ("json-depth", 400, "bad-request", {"method": "POST", "fields": [JSON], "body": b'{"a":' + 8 * b"[" + 8 * b"]" + b"}"}),
    ("json-members", 400, "bad-request", {"method": "POST", "fields": [JSON], "body": b'{"a":[' + b",".join(64 * [b"{}"]) + b"]}"}),
    ("allow-host", 403, "host-not-allowed", {"host": "evil.example"}),
    ("allow-origin", 403, "consent-required", {"fields": [APP]}),
    ("allow-pty", 404, "no-such-device", {"request": "activate-connection", "data": {"name": "b", "address": "/dev/pts/99999"}}),
    ("open-devices", 503, "too-many-open", {"request": "activate-connection", "data": {"name": "b", "address": "virtual:pump"}}),
    ("ephemeral", 501, "unsupported", {"request": "record-start", "data": {"name": "a"}}),
)
# What a WebSocket is closed with.
CLOSES = (
    ("fragments", 1008, [frame("4", fin=False), frame("2", opcode=0, fin=False), frame("[", opcode=0)]),
    ("message-size", 1009, [frame(b"x" * 65537)]),
    ("control-frames", 1008, 3 * [frame(opcode=PING)]),
)
ELSEWHERE = {
    "max-clients", "per-user", "per-origin", "unadmitted", "namespaces", "event-rate", "flood-time",  # below
    "write-queue",  # hostile/test_device.py
}
WORDLESS = {
    "silent": "the oldest connection that said nothing makes room",
    "handshake-time": "TLS is not there yet to carry words",
    "connect-time": "a client that never says what it wants is closed",
    "packets": "Engine.IO's own answer, which its clients know",
    "attachments": "Socket.IO has no answer to a packet that cannot be taken: its connection closes",
    "event-name": "as attachments",
    "event-burst": "goes by event-rate",
    "client-queue": "who does not read cannot be told",
    "history": "nobody is refused",
    "device-news": "nobody is refused",
    "log-rate": "nobody is refused",
}


class RefusalsTest(HostileTest):
    program, bystanders = DAEMON, False
    options = ("--demo", "--ephemeral", "--local-pages", "ask", "--allow-origin", "https://crowd.example", "--max-clients", 12,
               "--per-origin", 2, "--unadmitted", 4, "--open-devices", 1, "--head-size", "4K", "--head-fields", 16, "--target-size", 256,
               "--message-size", "64K", "--head-time", "300ms", "--body-time", "300ms", "--fragments", 2, "--control-frames", 2,
               "--json-depth", 8, "--json-members", 64, "--namespaces", 1, "--event-rate", 10, "--event-burst", 10, "--flood-time", "1s")

    def ask(self, data=None, host=None, **asked):
        """Status and error of an answer."""
        host = host or f"localhost:{self.server.port}"
        with Raw(self.server.port) as raw:
            status, _, body = raw.send(data or request(host=host, **{"target": API, **asked})).answer()
            return status, json.loads(body).get("error")

    def assert_names(self, setting, message):
        self.assertRegex(message, rf"--{setting}\b")
        self.assertNotRegex(message, "evil|xxx")  # nothing of what was sent comes back

    def test_every_limit_is_looked_at(self):
        text = subprocess.run([DAEMON, "--help-limits"], capture_output=True, text=True, check=True).stdout
        limits = set(re.findall(r"^  --([a-z-]+)", text, re.M))
        looked = {setting for setting, *_ in REQUESTS + CLOSES} | ELSEWHERE
        self.assertEqual(limits - looked, set(WORDLESS))
        self.assertEqual(looked & set(WORDLESS), set())

    def test_answers_over_http(self):
        for setting, status, code, asked in REQUESTS:
            if setting == "open-devices":
                self.assertEqual(self.server.post("activate-connection", {"name": "a", "address": "virtual:echo"})[0], 200)
            with self.subTest(setting, code=code):
                if "request" in asked:
                    got, answer = self.server.post(asked["request"], asked["data"])
                    error = answer["error"]
                else:
                    got, error = self.ask(**asked)
                self.assertEqual((got, error["code"]), (status, code))
                self.assert_names(setting, error["message"])
        self.server.post("deactivate-connection", {"name": "a"})

    def reason(self, page):
        """Status and reason of the server's close frame."""
        while True:
            opcode, data = page.frame()
            if opcode == CLOSE:
                return struct.unpack(">H", data[:2])[0], data[2:].decode()

    def test_closed_websockets(self):
        for setting, status, frames in CLOSES:
            with self.subTest(setting):
                page = self.joined()
                page.send(b"".join(frames))
                code, text = self.reason(page)
                self.assertEqual(code, status)
                self.assert_names(setting, text)

    def test_a_client_that_closes_met_no_limit(self):
        for status in (1008, 1009):
            page = self.joined()
            page.send(frame(struct.pack(">H", status), opcode=CLOSE))
            self.assertEqual(self.reason(page), (status, ""))

    def test_a_flood(self):
        page = self.joined()
        for _ in range(200):  # as it is read from, more slowly
            page.send(frame("42[\"a\"]"))
            time.sleep(0.02)
        code, text = self.reason(page)
        self.assertEqual(code, 1008)
        self.assert_names("event-rate", text)
        self.assert_names("flood-time", text)

    def test_namespaces(self):
        page = self.joined()
        page.send(frame("40/other,"))
        name, _, data = page.text().partition(",")
        self.assertEqual((name, json.loads(data)["data"]["code"]), ("44/other", "too-many-namespaces"))
        self.assert_names("namespaces", json.loads(data)["data"]["message"])

    def shake(self):
        """The answer to another client that does not say what it wants."""
        with Raw(self.server.port) as raw:
            return raw.send(request(target=f"{SOCKETS}polling", host=f"localhost:{self.server.port}")).answer()

    def test_too_many(self):
        def hold(n, *fields):
            held = [self.raw().send(request(target="/health", host=f"localhost:{self.server.port}", fields=fields)) for _ in range(n)]
            self.assertEqual({raw.answer()[0] for raw in held}, {200})

        hold(2, "Origin: https://crowd.example")
        status, error = self.ask(fields=["Origin: https://crowd.example"])
        self.assertEqual((status, error["code"]), (503, "too-many-connections"))
        self.assert_names("per-origin", error["message"])
        while (answer := self.shake())[0] == 200:  # from half of the limit on, chance decides
            pass
        error = json.loads(answer[2])["error"]
        self.assertEqual((answer[0], error["code"]), (503, "too-many-connections"))
        self.assert_names("unadmitted", error["message"])
        hold(10)
        status, error = self.ask()
        self.assertEqual((status, error["code"]), (503, "too-many-connections"))
        self.assert_names("max-clients", error["message"])
        self.assert_names("per-user", error["message"])


if __name__ == "__main__":
    unittest.main()
