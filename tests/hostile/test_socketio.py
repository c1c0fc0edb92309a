"""Section E of the hostile inputs: Socket.IO. Each test cites its row; limits are tried one below, at and above."""
import json
import time
import unittest

from raw import BINARY, TEXT, HostileTest, WebSocket, frame, wait_for

PATH = "/socket.io/?EIO={}&transport=websocket"
HOLE = '{"_placeholder":true,"num":%s}'
DEEP = '{"a":' * 1000 + "1" + "}" * 1000

# row, what a client in "/" sends (text, or bytes for a binary message); each ends the connection
VIOLATIONS = [
    ("E03", ["47"]), ("E03", ["48[]"]), ("E03", ["49"]), ("E03", ["4"]), ("E03", ['44{"message":"x"}']), ("E03", ["4abc"]),
    *[("E04", [f"42{args}"]) for args in ("[]", "{}", '"x"', "[1]", "[null]", '[{"toString":"x"}]', "", "[", '["a"', '["a"]]',
                                          '["a"]x', "[[]]", "[true]")],
    *[("E04", [f'42["{name}"]']) for name in ("connect", "connect_error", "disconnect", "disconnecting", "newListener",
                                              "removeListener", "c\\u006fnnect")],
    ("E04", ['42["%s"]' % ("n" * 129)]),
    ("E05", ['4299999999999999999999["message-with-ack"]']), ("E05", ['42-1["message-with-ack"]']),
    ("E05", ['421.5["message-with-ack"]']), ("E05", ['421000000000000000["message-with-ack"]']), ("E05", ['42007["message-with-ack"]']),
    ("E06", ['4511-["message",%s]' % ",".join(HOLE % i for i in range(11))]), ("E06", ['45999999999-["message"]']),
    ("E06", ['45-1-["message"]']), ("E06", ['45["message"]']), ("E06", ['451-["message",%s]' % HOLE % 0, "42[\"message\"]"]),
    ("E06", [b"unannounced"]), ("E06", ['451-["message",%s]' % HOLE % 0, b"a", b"one too many"]),
    *[("E07", ['451-["message",%s]' % HOLE % num]) for num in ("-1", "1", '"0"', "0.5", "1e9", "null", "[0]", "18446744073709551616")],
    ("E07", ['452-["message",%s,%s]' % (HOLE % 0, HOLE % 0)]),
    ("E07", ['451-["message",%s]' % ('{"a":' * 40 + HOLE % 0 + "}" * 40)]),
    ("E08", ['451-["message","no hole"]']),
    ("E01", ["40"]),  # once more: as the reference server does
]


class SocketTest(HostileTest):
    def opened(self, version=4):
        ws = self.websocket(PATH.format(version))
        self.assertTrue(ws.text().startswith("0{"))
        return ws

    def joined(self):
        ws = self.opened().send(frame("40"))
        self.assertTrue(ws.text().startswith("40{"))
        self.assertEqual(ws.text(), '42["auth",{}]')
        return ws

    def assert_alive(self, ws):
        ws.send(frame('42["message","alive"]'))
        self.assertEqual(ws.text(), '42["message-back","alive"]')


class PacketTest(SocketTest):
    def test_violations(self):
        for row, packets in VIOLATIONS:
            with self.subTest(row, packets=str(packets)[:70]):
                ws = self.joined()
                for packet in packets:
                    ws.send(frame(packet, BINARY if isinstance(packet, bytes) else TEXT))
                self.assertEqual(ws.code(), 1005)
                ws.socket.close()

    def test_e01_before_and_beside_connecting(self):
        self.assertEqual(self.opened().send(frame('42["message"]')).code(), 1005)
        ws = self.joined().send(frame("40/unknown,"))
        self.assertEqual(ws.text(), '44/unknown,{"message":"Invalid namespace"}')
        self.assert_alive(ws)
        self.assertEqual(self.joined().send(frame('42/custom,["message"]')).code(), 1005)

    def test_e01_namespaces_up_to_the_limit(self):
        ws = self.opened(3)  # old clients are in "/" already, and get no further for the others being refused
        for _ in range(2):
            ws.text()
        for i in range(20):
            ws.send(frame(f"40/n{i},"))
            self.assertEqual(ws.text(), f'44/n{i},{{"message":"Invalid namespace"}}')
        ws.send(frame('42["message","alive"]'))
        self.assertEqual(ws.text(), '42["message-back","alive"]')

    def test_e02_odd_auth(self):
        for auth in ("1", "[1]", '"text"', "true", "null", "{", '{"a":1}x', DEEP, "[" * 500000):
            with self.subTest(auth[:20]):
                ws = self.opened().send(frame("40" + auth))
                self.assertEqual(ws.text(), '44{"message":"bad-auth"}')
                ws.socket.close()
        large = json.dumps({"a": "x" * 900000}, separators=(",", ":"))
        ws = self.opened().send(frame("40" + large))
        self.assertTrue(ws.text().startswith("40{"))
        self.assertEqual(ws.text(), f'42["auth",{large}]')

    def test_e05_acknowledgements(self):
        ws = self.joined()
        for number in ("0", "7", "999999999999999"):
            ws.send(frame(f'42{number}["message-with-ack",1]'))
            self.assertEqual(ws.text(), f"43{int(number)}[1]")
        for _ in range(2):
            ws.send(frame('425["message-with-ack",2]'))
            self.assertEqual(ws.text(), "435[2]")
        for unasked in ("43[]", "430[]", "43123[1]", f"461-7[{HOLE % 0}]"):
            ws.send(frame(unasked))
        ws.send(frame(b"x", BINARY))
        self.assert_alive(ws)

    def test_e06_attachments_up_to_the_limit(self):
        for n in (1, 9, 10):
            ws = self.joined().send(frame("45%d-[\"message\",%s]" % (n, ",".join(HOLE % i for i in range(n)))))
            for i in range(n):
                ws.send(frame(bytes([i]), BINARY))
            self.assertTrue(ws.text().startswith(f'45{n}-["message-back",'))
            self.assertEqual([ws.frame() for _ in range(n)], [(BINARY, bytes([i])) for i in range(n)])

    def test_e07_a_hole_under_an_odd_name(self):
        for name in ("__proto__", "constructor", "toString", ""):
            event = '["message-back",{"%s":%s}]' % (name, HOLE % 0)
            ws = self.joined().send(frame("451-" + event.replace("message-back", "message")) + frame(b"x", BINARY))
            self.assertEqual((ws.text(), ws.frame()), ("451-" + event, (BINARY, b"x")))

    def test_e08_a_hole_in_an_acknowledgement(self):
        ws = self.joined().send(frame('42["ask-me","q"]'))
        question = ws.text()
        number = question[2 : question.index("[")]
        ws.send(frame(f"461-{number}[{HOLE % 0}]") + frame(b"answer", BINARY))
        self.assertEqual((ws.text(), ws.frame()), (f'451-["answer",{HOLE % 0}]', (BINARY, b"answer")))

    def test_e09_odd_namespaces(self):
        for sent, answer in (("40/custom?a=b&c=%25", '40/custom,{"sid":'), ("40/custom", '40/custom,{"sid":'),
                             ("40/" + "n" * 200 + ",", "44/" + "n" * 200 + ',{"message":"Invalid namespace"}')):
            with self.subTest(sent[:30]):
                self.assertTrue(self.opened().send(frame(sent)).text().startswith(answer))
        self.assertEqual(self.opened().send(frame("40/" + "n" * 1024 + ",")).code(), 1005)

    def test_e10_events_behind_a_goodbye(self):
        ws = self.joined().send(frame("40/custom,"))
        ws.text(), ws.text()
        ws.send(frame("41/custom,") + frame('42/custom,["message",1]') + frame("41/custom,"))
        self.assert_alive(ws)
        ws.send(frame("41") + frame('42["message",1]') + frame("40"))
        self.assertTrue(ws.text().startswith("40{"))

    def test_e14_coming_and_going(self):
        for i in range(1000):
            with WebSocket(self.server.port, PATH.format(4)) as ws:
                ws.send(frame("40"))
                ws.text(), ws.text()
            if i == 100:
                before = self.memory()
        self.assert_grown_by_less(before, 1 << 20)


class TimeTest(SocketTest):
    options = ("--attachments", 300)

    def test_e06_attachments_that_come_too_late(self):
        ws = self.joined().send(frame('451-["message",%s]' % HOLE % 0))
        time.sleep(0.5)
        self.assertEqual(ws.send(frame(b"x", BINARY)).code(), 1005)


class RecoveryTest(SocketTest):
    options = ("--recovery", 600000, "--max-connections", 40)

    def pid(self, auth=""):
        """Join and be cut off. Returns what would bring this client back."""
        before = self.descriptors()
        ws = self.opened().send(frame("40" + auth))
        pid = json.loads(ws.text()[2:])["pid"]
        ws.reset()
        wait_for(lambda: self.descriptors() == before, "it to be missed")
        return pid

    def test_e14_as_many_may_come_back_as_may_be_here(self):
        pids = [self.pid() for _ in range(45)]
        self.assertNotEqual(self.pid('{"pid":"%s"}' % pids[0]), pids[0])
        self.assertEqual(self.pid('{"pid":"%s"}' % pids[-1]), pids[-1])


class FloodTest(SocketTest):
    options = ("--max-events", 500, "--event-burst", 1000, "--flood", 5000)

    def test_e11_more_events_than_allowed(self):
        ws, event = self.joined(), frame('42["message","flood"]')
        ws.socket.settimeout(0.05)
        end, code = time.monotonic() + 60, None
        while code is None and time.monotonic() < end:
            try:
                ws.socket.sendall(event * 500)
            except TimeoutError:
                pass  # not read from for now
            except ConnectionError:
                break
            try:
                while ws.more():
                    pass
                break
            except TimeoutError:
                pass
        ws.socket.settimeout(10)
        self.assertEqual(ws.code(), 1008)

    def test_e11_a_burst_is_fine(self):
        ws = self.joined()
        for burst in range(3):
            ws.send(frame('42["message","burst"]') * 900)
            for _ in range(900):
                self.assertEqual(ws.text(), '42["message-back","burst"]')
            time.sleep(1.5)
        for _ in range(1500):  # slower than sent, and none is lost
            ws.send(frame('42["message","more"]'))
        for _ in range(1500):
            self.assertEqual(ws.text(), '42["message-back","more"]')


if __name__ == "__main__":
    unittest.main()
