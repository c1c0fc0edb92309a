"""Section C of the hostile inputs: WebSocket. Each test cites its row; limits are tried one below, at and above."""
import struct
import time
import unittest

from raw import BINARY, CLOSE, KEY, PING, PONG, TEXT, HostileTest, Raw, WebSocket, code_of, frame, request, wait_for

PATH = "/engine.io/?EIO=4&transport=websocket"
UPGRADE = ["Connection: Upgrade", "Upgrade: websocket"]
VERSION = "Sec-WebSocket-Version: 13"

# row, fields or a whole request, status
HANDSHAKES = [
    ("C01", [*UPGRADE, VERSION], 400),
    ("C01", [*UPGRADE, VERSION, "Sec-WebSocket-Key: c2hvcnQ="], 400),
    ("C01", [*UPGRADE, VERSION, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZS4u"], 400),
    ("C01", [*UPGRADE, VERSION, KEY, KEY], 400),
    ("C01", [*UPGRADE, "Sec-WebSocket-Version: 8", KEY], 426),
    ("C01", [*UPGRADE, VERSION, VERSION, KEY], 426),
    ("C01", [*UPGRADE, KEY], 426),
    ("C01", ["Upgrade: websocket", VERSION, KEY], 400),
    ("C02", request("POST", PATH, [*UPGRADE, VERSION, KEY]), 400),
    ("C02", request(target=PATH, fields=[*UPGRADE, VERSION, KEY]).replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
]

BAD_TEXT = "caf\xe9".encode("latin-1")
EMPTY_MORE = frame("", 0, fin=False)

# row, what is sent, the code of the close frame
VIOLATIONS = [
    ("C05", frame("4a", masked=False), 1002),
    *[("C06", frame("4a", reserved=r), 1002) for r in (1, 2, 4)],
    *[("C06", frame("4a", opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    ("C07", frame("", PING, fin=False), 1002),
    ("C07", frame("x" * 126, PING), 1002),
    ("C08", frame("4a", 0), 1002),
    ("C08", frame("4a", fin=False) + frame("4b"), 1002),
    ("C09", b"\x82\xff" + struct.pack(">Q", 2**63) + b"\0" * 4, 1009),
    ("C09", b"\x82\xff" + struct.pack(">Q", 2**63 - 1) + b"\0" * 4, 1009),
    ("C09", b"\x81\xfe" + struct.pack(">H", 125) + b"\0" * 4, 1002),
    ("C09", b"\x81\xff" + struct.pack(">Q", 65535) + b"\0" * 4, 1002),
    ("C10", b"\x82\xff" + struct.pack(">Q", 1000001) + b"\0" * 4, 1009),
    ("C11", frame("4", fin=False) + EMPTY_MORE * 1024, 1008),
    ("C11", frame("4", fin=False) + frame("a", 0, fin=False) * 100000, 1008),
    ("C12", frame(b"4" + BAD_TEXT), 1007),
    ("C12", frame("4é".encode()[:2]), 1007),
    ("C12", frame(b"4\xed\xa0\x80"), 1007),
    ("C12", frame(b"4\xc3", fin=False) + frame(b"x", 0), 1007),
    ("C13", frame(b"", BINARY), None),
    ("C15", frame(b"\x03", CLOSE), 1002),
    *[("C15", frame(struct.pack(">H", code), CLOSE), 1002) for code in (999, 1004, 1005, 1006, 1015, 2999, 5000)],
    ("C15", frame(struct.pack(">H", 1000) + BAD_TEXT, CLOSE), 1007),  # RFC 6455 8.1, and what its test suite wants
]


class HandshakeTest(HostileTest):
    def test_refused(self):
        for row, what, status in HANDSHAKES:
            with self.subTest(row, what=what), Raw(self.server.port) as raw:
                got, fields, _ = raw.send(what if isinstance(what, bytes) else request(target=PATH, fields=what)).answer()
                self.assertEqual(got, status)
                if status == 426:
                    self.assertEqual(fields["sec-websocket-version"], "13")

    def test_c03_odd_offers_of_extensions(self):
        offers = ["permessage-deflate; server_max_window_bits=99", "permessage-deflate; client_max_window_bits=0",
                  "permessage-deflate; unknown", ", ".join(["x-unknown"] * 1000), ";;;,,,==="]
        for offer in offers:
            with self.subTest(offer[:60]), WebSocket(self.server.port, fields=[f"Sec-WebSocket-Extensions: {offer}"]) as ws:
                self.assertEqual(ws.status, 101)
                self.assertNotIn("sec-websocket-extensions", ws.fields)
                ws.frame()
                ws.send(frame("4hello"))
                self.assertEqual(ws.frame(), (TEXT, b"4hello"))

    def test_c04_odd_subprotocols(self):
        for names in (["constructor", "__proto__", "toString"], [f"p{i}" for i in range(1000)]):
            with WebSocket(self.server.port, fields=[f"Sec-WebSocket-Protocol: {', '.join(names)}"]) as ws:
                self.assertEqual(ws.status, 101)
                self.assertNotIn("sec-websocket-protocol", ws.fields)


class DeflatingTest(HandshakeTest):
    """The same where compression is spoken."""

    options = ("--deflate", 1)


class FrameTest(HostileTest):
    def opened(self, **options):
        ws = self.websocket(**options)
        ws.frame()
        return ws

    def test_violations(self):
        for row, data, code in VIOLATIONS:
            with self.subTest(row, data=data[:20]):
                ws = self.opened().send(data)
                if code is None:
                    ws.send(frame("4still here"))
                    self.assertIn(b"4still here", (ws.frame()[1], ws.frame()[1]))
                else:
                    self.assertEqual(ws.code(), code)

    def test_c10_messages_up_to_the_limit(self):
        for n in (999999, 1000000):
            with self.subTest(n):
                data = bytes(n)
                ws = self.opened().send(frame(data, BINARY))
                self.assertEqual(ws.frame(), (BINARY, data))
                pieces = [data[i : i + 1024] for i in range(0, n, 1024)]
                for i, piece in enumerate(pieces):
                    ws.send(frame(piece, 0 if i else BINARY, fin=i == len(pieces) - 1))
                self.assertEqual(ws.frame(), (BINARY, data))
        pieces = [bytes(1024)] * 976 + [bytes(577)]
        ws = self.opened()
        for i, piece in enumerate(pieces):
            ws.send(frame(piece, 0 if i else BINARY, fin=i == len(pieces) - 1))
        self.assertEqual(ws.code(), 1009)

    def test_c11_fragments_up_to_the_limit(self):
        for n, good in ((1023, True), (1024, True), (1025, False)):
            ws = self.opened().send(frame("4", fin=False) + frame("a", 0, fin=False) * (n - 2) + frame("b", 0))
            with self.subTest(n):
                if good:
                    self.assertEqual(ws.frame(), (TEXT, b"4" + b"a" * (n - 2) + b"b"))
                else:
                    self.assertEqual(ws.code(), 1008)

    def test_c14_a_flood_of_pings(self):
        self.assertEqual(self.opened().send(frame("", PING) * 10000).code(), 1008)

    def test_c14_pings_while_the_client_does_not_read(self):
        before = self.memory()
        ws = self.opened(receive_buffer=4096)
        ws.send(frame(bytes(900000), BINARY))
        for i in range(40):
            ws.send(frame("p" * 123 + str(i + 10), PING))
        ws.send(frame("4end"))
        got = [ws.frame()]
        while (PONG, b"p" * 123 + b"49") not in got:  # the newest is always answered (RFC 6455 5.5.3)
            got.append(ws.frame())
        self.assertEqual((got[0][0], {opcode for opcode, _ in got[1:]} - {TEXT}), (BINARY, {PONG}))
        if (TEXT, b"4end") not in got:
            self.assertEqual(ws.frame(), (TEXT, b"4end"))
        self.assert_grown_by_less(before, 8 << 20)

    def test_c15_what_follows_a_close_is_not_heard(self):
        ws = self.opened().send(frame(struct.pack(">H", 1000), CLOSE) + frame("4late"))
        self.assertEqual(ws.frame(), (CLOSE, struct.pack(">H", 1000)))
        self.assertTrue(ws.ended())

    def test_c17_cut_everywhere(self):
        data = frame("4hello " + "x" * 200) + frame("", PING) + frame(b"\0\1\2", BINARY)
        for at in range(1, len(data)):
            ws = self.opened()
            ws.send(data[:at])
            ws.send(data[at:])
            with self.subTest(at):
                self.assertEqual([ws.frame()[0] for _ in range(3)], [TEXT, PONG, BINARY])
            ws.socket.close()

    def test_c17_a_mask_of_zeros(self):
        ws = self.opened().send(b"\x81\x82\0\0\0\0" + b"4a")
        self.assertEqual(ws.frame(), (TEXT, b"4a"))


class ClosingTest(HostileTest):
    options = ("--close", 500, "--ping-interval", 400, "--ping-timeout", 400, "--stall", 60000)

    def gone(self, act):
        """Open a connection, do something to it, and wait until the server has given it up by itself."""
        before = self.descriptors()
        ws = self.websocket(receive_buffer=4096)
        ws.frame()
        act(ws)
        wait_for(lambda: self.descriptors() == before, "the connection to be given up")

    def test_c16_closed_and_left_open(self):
        self.gone(lambda ws: ws.send(frame("", CLOSE)))

    def test_c16_closed_by_the_server_behind_what_is_read_late(self):
        def read_and_stay(ws):
            ws.send(frame(bytes(900000), BINARY) * 3)
            time.sleep(1)  # the heartbeat is over, and the close frame waits behind what was not read
            self.assertIn(ws.code(), (1005, None))
        self.gone(read_and_stay)

    def test_c19_no_window_but_pings(self):
        def stop_reading(ws):
            ws.send(frame(bytes(900000), BINARY) * 2)
            for _ in range(8):
                ws.send(frame("", PING))
        self.gone(stop_reading)

    def test_c20_a_pulled_cable(self):
        self.gone(lambda ws: None)
        self.gone(lambda ws: ws.send(frame("4" + "x" * 900000)))


class OriginTest(HostileTest):
    options = ("--max-per-origin", 32)

    def test_c21_connections_of_one_origin(self):
        origin = "Origin: http://app.example"
        held = [self.websocket(fields=[origin]) for _ in range(32)]
        self.assertEqual({ws.status for ws in held}, {101})
        raw = self.raw().send(request(target=PATH, fields=[*UPGRADE, VERSION, KEY, origin]))
        status, fields, body = raw.answer()
        self.assertEqual((status, code_of(body)), (503, "too-many-connections"))
        self.assertIn("retry-after", fields)
        self.assertEqual(self.websocket(fields=["Origin: http://other.example"]).status, 101)
        self.assertEqual(self.websocket().status, 101)
        held[0].socket.close()
        wait_for(lambda: self.retry(origin) == 101, "room for another")

    def retry(self, origin):
        with WebSocket(self.server.port, fields=[origin]) as ws:
            return ws.status


if __name__ == "__main__":
    unittest.main()
