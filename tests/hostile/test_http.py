"""Section A of the hostile inputs: TCP and HTTP. Each test cites its row; limits are tried one below, at and above."""
import json
import socket
import time
import unittest

from raw import DAEMON, SESSION, HostileTest, Raw, code_of, request, wait_for

# row, bytes, status, code; the connection is closed behind each
REFUSED = [
    ("A08", request(fields=[f"X: {'a' * 16400}"]), 431, "head-too-large"),
    ("A10", request(fields=[f"X-{i}: 1" for i in range(100)]), 431, "too-many-fields"),
    ("A11", request(target="/" + "a" * 4096), 414, "target-too-long"),
    ("A12", request("POST", fields=["Content-Length: 10"] * 2, body=b"a" * 10), 400, "bad-framing"),
    ("A12", request("POST", fields=["Content-Length: 10", "Content-Length: 11"], body=b"a" * 11), 400, "bad-framing"),
    ("A13", request("POST", fields=["Content-Length: 3", "Transfer-Encoding: chunked"], body=b"0\r\n\r\n"), 400, "bad-framing"),
    *[("A14", request("POST", fields=[f"Content-Length: {n}"]), 400, "bad-framing")
      for n in ("-1", "+5", "0x10", "5,5", str(2**64), "")],
    ("A16", b"GET / HTTP/1.1\nHost: a\n\n", 400, "bad-head"),
    ("A16", b"GET / HTTP/1.1\rHost: a\r\r", 400, "bad-head"),
    ("A16", request(fields=["X: a\0b"]), 400, "bad-head"),
    ("A16", request(fields=["X: a", " folded: b"]), 400, "bad-head"),
    ("A16", request(fields=["X : a"]), 400, "bad-head"),
    ("A16", request(fields=[": a"]), 400, "bad-head"),
    ("A17", b"GET /a HTTP/2.0\r\n\r\n", 505, "version"),
    ("A17", b"GET /\r\n\r\n", 400, "bad-head"),
    ("A17", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version"),
    ("A17", bytes.fromhex("16030100b0010000ac0303"), 400, "not-http"),
    ("A18", request("GE T"), 400, "bad-head"),
    ("A18", request("A" * 200), 400, "bad-head"),
    ("A20", request(target=SESSION + "&x=%zz"), 400, "bad-target"),
    ("A20", request(target=SESSION + "&x=%4"), 400, "bad-target"),
    ("A20", request(target=SESSION + "&x=%c0%af"), 400, "bad-target"),
    ("A24", request("POST", fields=["Content-Encoding: gzip"], body=b"\x1f\x8b"), 415, "encoding"),
    ("A24", request("POST", fields=["Content-Encoding: br"], body=b"\x0b"), 415, "encoding"),
]

# row, bytes: each is a good handshake
ACCEPTED = [
    ("A09", request(fields=[f"Cookie: {'c' * 12000}"])),
    ("A10", request(fields=[f"X-{i}: 1" for i in range(99)])),
    ("A11", request(target=SESSION + "&x=" + "a" * (4096 - len(SESSION) - 3))),
    ("A23", request(fields=["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"])),
]


def head_of(n):
    """A handshake whose head has n bytes."""
    short = request(fields=["X: "])
    return request(fields=["X: " + "a" * (n - len(short))])


def chunked(*chunks):
    """A post of these bytes, each already with its chunk's head."""
    return request("POST", "/engine.io/?EIO=4&transport=polling", ["Transfer-Encoding: chunked"], b"".join(chunks))


class RequestTest(HostileTest):
    def test_refused(self):
        for row, data, status, code in REFUSED:
            with self.subTest(row, data=data[:60]), Raw(self.server.port) as raw:
                got, fields, body = raw.send(data).answer()
                self.assertEqual((got, code_of(body)), (status, code))
                self.assertEqual(fields.get("connection"), "close")
                self.assertTrue(raw.ended())

    def test_accepted(self):
        for row, data in ACCEPTED:
            with self.subTest(row):
                self.assertEqual(self.once(data)[0], 200)

    def test_a08_heads_up_to_the_limit(self):
        for n, status in ((16383, 200), (16384, 200), (16385, 431)):
            data = head_of(n)
            self.assertEqual(len(data), n)
            with self.subTest(n):
                self.assertEqual(self.once(data)[0], status)

    def test_a13_nothing_behind_an_ambiguous_request_runs(self):
        raw = self.raw().send(request("POST", fields=["Content-Length: 3", "Transfer-Encoding: chunked"], body=b"0\r\n\r\n") + request())
        self.assertEqual(raw.answer()[0], 400)
        self.assertTrue(raw.ended())

    def session(self):
        with Raw(self.server.port) as raw:
            return SESSION + "&sid=" + json.loads(raw.send(request()).answer()[2][1:])["sid"]

    def post(self, *chunks):
        """Status and code of a chunked post to a session of its own."""
        return self.once(request("POST", self.session(), ["Transfer-Encoding: chunked"], b"".join(chunks)))

    def test_a15_chunks(self):
        self.assertEqual(self.post(b"2\r\n4a\r\n", b"0\r\n\r\n")[0], 200)
        self.assertEqual(self.post(b"ffffffffffffffff\r\n"), (400, "bad-framing"))
        self.assertEqual(self.post(b"fffffffffffffff\r\n"), (413, "too-large"))
        self.assertEqual(self.post(b"+2\r\n4a\r\n"), (400, "bad-framing"))
        self.assertEqual(self.post(b"-1\r\n"), (400, "bad-framing"))
        self.assertEqual(self.post(b"2\r\n4aXX"), (400, "bad-framing"))
        self.assertEqual(self.post(b"2\r\n4a\r\n", b"0\r\nX: " + b"a" * 32768 + b"\r\n\r\n"), (400, "bad-framing"))
        before = self.cpu()
        self.assertEqual(self.post(b"1\r\n4\r\n" * 10000 + b"0\r\n\r\n"), (400, "bad-framing"))
        self.assertLess(self.cpu() - before, 0.5)  # ten times what is promised: sanitizers run here too

    def test_a17_a_tls_hello_is_told_what_is_spoken(self):
        _, _, body = self.raw().send(b"\x16\x03\x01\x02\x00\x01").answer()
        self.assertIn("speaks http", body)

    def test_a18_methods(self):
        for method, target in (("TRACE", "/"), ("CONNECT", "/"), ("get", "/"), ("BREW", SESSION)):
            with self.subTest(method), Raw(self.server.port) as raw:
                status, fields, _ = raw.send(request(method, target)).answer()
                self.assertEqual(status, 405)
                self.assertIn("GET", fields["allow"])

    def test_a21_a_pipeline_with_a_bad_request_in_it(self):
        for bad in (0, 1, 10, 19):
            pipeline = [request()] * 20
            pipeline[bad] = b"BAD\r\n\r\n"
            raw = self.raw().send(b"".join(pipeline))
            self.assertEqual([raw.answer()[0] for _ in range(bad + 1)], [200] * bad + [400])
            self.assertTrue(raw.ended())

    def test_a22_expect_continue(self):
        raw = self.raw().send(request("POST", self.session(), ["Expect: 100-continue", "Content-Length: 2"]))
        self.assertEqual(raw.answer()[0], 100)
        self.assertEqual(raw.send("4a").answer()[0], 200)

    def test_a23_a_list_of_upgrades(self):
        raw = self.raw().send(request(target="/engine.io/?EIO=4&transport=websocket", fields=[
            "Connection: keep-alive, Upgrade", "Upgrade: foo, websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]))
        self.assertEqual(raw.head()[0], 101)

    def test_a28_split_everywhere(self):
        data = request(fields=["X: y"]) + request("POST", SESSION + "&sid=nobody", body=b"4hello")
        whole = self.raw().send(data)
        expected = [whole.answer()[0] for _ in range(2)]
        for at in range(1, len(data)):
            with self.subTest(at), Raw(self.server.port) as raw:
                raw.send(data[:at])
                raw.send(data[at:])
                self.assertEqual([raw.answer()[0] for _ in range(2)], expected)

    def test_a29_a_connection_that_stays(self):
        raw, batch = self.raw(), request(target="/nowhere") * 100
        for i in range(1000):
            raw.send(batch)
            for _ in range(100):
                self.assertEqual(raw.answer()[0], 404)
            if i == 10:
                before = self.memory()
        self.assert_grown_by_less(before, 1 << 20)

    def test_a30_head_and_options(self):
        raw = self.raw().send(request("HEAD", "/nowhere"))
        status, fields, _ = raw.answer(bodiless=True)
        self.assertEqual(status, 404)
        self.assertGreater(int(fields["content-length"]), 0)
        status, fields, body = raw.send(request("OPTIONS", "*")).answer()  # what HEAD did not send does not come now
        self.assertEqual((status, body), (200, ""))
        self.assertIn("GET", fields["allow"])


class TimeTest(HostileTest):
    options = ("--first-byte", 600, "--head", 500, "--body", 700, "--stall", 800, "--idle", 600)

    def test_a01_silent_connections_are_kept_a_while(self):
        before, silent = self.descriptors(), [self.raw() for _ in range(64)]
        wait_for(lambda: self.descriptors() == before + 64, "all of them to be accepted")
        for raw in silent:
            self.assertTrue(raw.ended())

    def test_a03_a_slow_head(self):
        raw = self.raw()
        for byte in request()[:10]:
            raw.send(bytes([byte]))
            time.sleep(0.1)
        self.assertEqual(code_of(raw.answer()[2]), "head-timeout")
        self.assertTrue(raw.ended())

    def test_a04_a_slow_body(self):
        raw = self.raw().send(request())
        sid = raw.answer()[2].split('"')[3]
        raw.send(request("POST", f"{SESSION}&sid={sid}", ["Content-Length: 100"]))
        for _ in range(10):
            raw.send("4")
            time.sleep(0.1)
        status, _, body = raw.answer()
        self.assertEqual((status, code_of(body)), (408, "body-timeout"))
        self.assertTrue(raw.ended())

    def test_a05_a_client_that_reads_no_answer(self):
        before, memory, raw = self.descriptors(), self.memory(), self.raw(receive_buffer=4096)
        raw.socket.settimeout(0.2)
        batch = request(target="/nowhere") * 500
        try:
            for _ in range(400):
                raw.socket.sendall(batch)
        except (TimeoutError, ConnectionError):
            pass
        self.assert_grown_by_less(memory, 8 << 20)
        wait_for(lambda: self.descriptors() == before, "the server to give it up")

    def test_a06_half_closed_after_the_request(self):
        for data in (request(), request() * 20, request(target="/nowhere")):
            raw = self.raw().send(data)
            raw.socket.shutdown(socket.SHUT_WR)
            for _ in range(data.count(b"\r\n\r\n")):
                raw.answer()
            self.assertTrue(raw.ended())

    def test_a07_reset_anywhere(self):
        before = self.descriptors()
        for data in (b"", request()[:20], request("POST", fields=["Content-Length: 50"], body=b"4"), request() * 5):
            raw = self.raw().send(data)
            wait_for(lambda: self.descriptors() > before, "it to be accepted")
            raw.reset()
            wait_for(lambda: self.descriptors() == before, "its slot to be free")


class SilentTest(HostileTest):
    options = ("--max-silent", 64)

    def test_a02_the_oldest_silent_connection_makes_room(self):
        before, silent = self.descriptors(), [self.raw() for _ in range(64)]
        wait_for(lambda: self.descriptors() == before + 64, "all of them to be accepted")
        newest = self.raw()
        self.assertTrue(silent[0].ended())
        self.assertEqual(newest.send(request()).answer()[0], 200)
        self.assertEqual(silent[1].send(request()).answer()[0], 200)

    def test_a27_a_storm_of_connections(self):
        for _ in range(10000):
            socket.create_connection(("127.0.0.1", self.server.port)).close()
        time.sleep(1)
        before = self.cpu()
        time.sleep(1)
        self.assertLess(self.cpu() - before, 0.5)


class DaemonTest(HostileTest):
    program, options, bystanders = DAEMON, ("--demo",), False

    def request(self, *args, **options):
        return request(*args, **options, host=f"localhost:{self.server.port}")

    def test_a19_no_path_leads_into_the_file_system(self):
        for target, status in (("/../etc/passwd", 404), ("/%2e%2e/etc/passwd", 404), ("/..%2fetc/passwd", 404),
                               ("//etc/passwd", 404), ("/%00", 400), ("/..\\etc", 400), ("/%c0%ae%c0%ae/etc", 400),
                               ("http://evil.example/", 403)):
            with self.subTest(target):
                self.assertEqual(self.once(self.request(target=target))[0], status)

    def test_a22_no_invitation_for_who_may_not_post(self):
        raw = self.raw().send(self.request("POST", "/api/v1/send-raw", ["Expect: 100-continue", "Content-Length: 2",
                                                                  "Origin: https://evil.example"]))
        self.assertEqual(raw.answer()[0], 403)

    def test_a25_ranges_are_for_others(self):
        whole = self.raw().send(self.request(target="/")).answer()
        many = "Range: bytes=" + ",".join(f"{i}-{i + 10}" for i in range(50))
        for field in ("Range: bytes=0-1", many):
            status, _, body = self.raw().send(self.request(target="/", fields=[field])).answer()
            self.assertEqual((status, body), (200, whole[2]))

    def test_a06_half_closed_while_the_request_runs(self):
        raw = self.raw().send(self.request("POST", "/api/v1/list-devices", ["Content-Type: application/json"], b"{}"))
        raw.socket.shutdown(socket.SHUT_WR)
        status, _, body = raw.answer()
        self.assertEqual(status, 200)
        self.assertIn("devices", body)
        self.assertTrue(raw.ended())


if __name__ == "__main__":
    unittest.main()
