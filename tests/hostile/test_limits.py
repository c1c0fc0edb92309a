"""Every limit that a person can set holds as it was set: here all of them are small. What they are without being set is in
the other files of this folder."""
import json
import time
import unittest

from raw import BINARY, DAEMON, frame, HostileTest, PING, Raw, request, SOCKETS

JSON = "Content-Type: application/json"


class LimitsTest(HostileTest):
    program, bystanders = DAEMON, False
    options = ("--demo", "--open-devices", 1, "--per-origin", 2, "--head-size", "4K", "--head-fields", 16, "--target-size", 256, "--message-size", "64K",
               "--head-time", "300ms", "--body-time", "300ms", "--connect-time", "300ms", "--fragments", 2,
               "--control-frames", 2, "--packets", 2, "--attachments", 1, "--json-depth", 8, "--json-members", 64, "--event-name", 32,
               "--namespaces", 1, "--event-rate", 10, "--event-burst", 10, "--flood-time", "1s")

    def asked(self, method="GET", target="/health", **options):
        return self.once(request(method, target, host=f"localhost:{self.server.port}", **options))

    def test_heads_and_bodies(self):
        self.assertEqual(self.asked()[0], 200)
        self.assertEqual(self.asked(fields=[f"X-{i}: 1" for i in range(14)])[0], 200)
        self.assertEqual(self.asked(fields=[f"X-{i}: 1" for i in range(16)]), (431, "too-many-fields"))
        self.assertEqual(self.asked(fields=["X: " + "x" * 4096]), (431, "head-too-large"))
        self.assertEqual(self.asked(target="/health?" + "x" * 249), (414, "target-too-long"))
        self.assertEqual(self.asked("POST", "/api/v1/list-devices", fields=[JSON], body=b"{" + b" " * 65536 + b"}")[0], 413)
        self.assertEqual(self.asked("POST", "/api/v1/list-devices", fields=[JSON], body=b"{}")[0], 200)
        for wrong in ('{"a":' + 8 * "[" + 8 * "]" + "}", '{"a":[' + ",".join(64 * ["[]"]) + "]}"):
            self.assertEqual(self.asked("POST", "/api/v1/list-devices", fields=[JSON], body=wrong.encode()), (400, "bad-request"))
        plain = '{"a":[' + ",".join(1000 * ["1"]) + "]}"
        self.assertEqual(self.asked("POST", "/api/v1/list-devices", fields=[JSON], body=plain.encode())[0], 200)

    def test_times(self):
        self.assertEqual(self.once(b"GET / HTTP/1.1\r\n"), (408, "head-timeout"))
        self.assertEqual(self.asked("POST", "/api/v1/list-devices", fields=[JSON, "Content-Length: 9"], body=b"{"),
                         (408, "body-timeout"))
        page = self.websocket(f"{SOCKETS}websocket", host=f"localhost:{self.server.port}")
        page.text()
        self.assertIn(page.code(), (None, 1000, 1005))  # it did not say what it wants

    def test_websockets(self):
        page = self.joined()
        page.send(frame("4", fin=False) + frame("2", opcode=0, fin=False) + frame("[", opcode=0))
        self.assertEqual(page.code(), 1008)
        page = self.joined()
        page.send(frame(b"x" * 65537))
        self.assertEqual(page.code(), 1009)
        page = self.joined()
        page.send(3 * frame(opcode=PING))
        self.assertEqual(page.code(), 1008)

    def test_packets_of_a_post(self):
        target = f"{SOCKETS}polling"
        with Raw(self.server.port) as raw:
            host = f"localhost:{self.server.port}"
            session = json.loads(raw.send(request(target=target, host=host)).answer()[2][1:])["sid"]
            raw.send(request("POST", f"{target}&sid={session}", host=host, body=b"40\x1e42[\"a\"]\x1e42[\"a\"]"))
            self.assertEqual(raw.answer()[0], 400)

    def test_events(self):
        for wrong in ("452-[\"a\"]", "42[\"a\"," + 8 * "[" + 8 * "]" + "]", "42[\"a\"," + ",".join(64 * ["{}"]) + "]", f"42[\"{33 * 'a'}\"]"):
            page = self.joined()
            page.send(frame(wrong))
            self.assertIsNotNone(page.code(), wrong)
        page = self.joined()
        page.send(frame("40/other,"))
        self.assertIn("44/other,", page.text())
        page = self.joined()
        page.send(frame("451-[\"a\",{\"_placeholder\":true,\"num\":0}]") + frame(b"1", opcode=BINARY) + frame("421[\"describe\"]"))
        while page.text()[:3] != "431":
            pass

    def test_devices(self):
        self.assertEqual(self.server.post("describe", {})[1]["limits"]["connections"], 1)
        self.assertEqual(self.server.post("activate-connection", {"name": "a", "address": "virtual:echo"})[0], 200)
        status, answer = self.server.post("activate-connection", {"name": "b", "address": "virtual:pump"})
        self.assertEqual(answer["error"]["code"], "too-many-open", status)
        self.server.post("deactivate-connection", {"name": "a"})

    def test_floods(self):
        page = self.joined()
        for _ in range(200):
            page.send(frame("42[\"a\"]"))
            time.sleep(0.02)
        self.assertEqual(page.code(), 1008)

    def test_connections_of_a_page(self):
        origin = ["Origin: http://localhost:1"]
        held = [self.raw().send(request(target="/health", host=f"localhost:{self.server.port}", fields=origin)) for _ in "12"]
        self.assertEqual([raw.answer()[0] for raw in held], [200, 200])
        status, code = self.asked(fields=origin)
        self.assertEqual((status, code), (503, "too-many-connections"))
        self.assertEqual(self.asked()[0], 200)


if __name__ == "__main__":
    unittest.main()
