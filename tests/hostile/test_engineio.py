"""Section D of the hostile inputs: Engine.IO. Each test cites its row; limits are tried one below, at and above."""
import json
import socket
import time
import unittest

from raw import BINARY, TEXT, HostileTest, code_of, frame, request, wait_for

UNKNOWN_TRANSPORT, UNKNOWN_SID, BAD_METHOD, BAD_REQUEST, UNSUPPORTED = 0, 1, 2, 3, 5

# row, query of a handshake, code of the 400
HANDSHAKES = [
    *[("D01", f"{eio}transport=polling", UNSUPPORTED) for eio in
      ("", "EIO=&", "EIO=2&", "EIO=5&", "EIO=99&", "EIO=3x&", "EIO=04&", "EIO=4&EIO=4&", "EIO=3&EIO=4&")],
    *[("D02", f"EIO=4{transport}", UNKNOWN_TRANSPORT) for transport in
      ("", "&transport=", "&transport=webtransport", "&transport=Polling", "&transport=" + "p" * 100)],
    *[("D02", f"EIO=4&transport=polling&sid={sid}", UNKNOWN_SID) for sid in
      ("x", "a" * 20, "a" * 3000, "%2e%2e%2f", "__proto__", "constructor")],
    ("D02", "EIO=4&transport=websocket", BAD_REQUEST),
]

# row, body of a version 4 post, whether "before" in front of it is delivered
BAD_POSTS_4 = [
    ("D07", b"9"), ("D07", b"x"), ("D07", b"b!!!"), ("D07", b"bAQ="[:2] + b"\xff"), ("D07", b"4\xff\xfe"), ("D07", b"-1:4"),
    ("D09", b"\x1e"), ("D09", b"\x1e" * 10000), ("D09", b"4a\x1e\x1e4b"),
]
BAD_POSTS_3 = [
    ("D07", b"5:4a"), ("D07", b"999999999:4"), ("D07", b"99999999999999999999:4"), ("D07", b"-1:"), ("D07", b"2:4"),
    ("D07", b":4"), ("D07", b"1:9"), ("D07", b"2:bx"), ("D07", b"5:b4!!!"), ("D09", b"\x1e" * 10),
]
BAD_BINARY_3 = [
    ("D07", b"\x00\x0a\xff4"), ("D07", b"\x02\x01\xff4"), ("D07", b"\x00" + b"\x09" * 400 + b"\xff4"), ("D07", b"\x00\x05\xff4a"),
    ("D08", b"\x01\xff"), ("D08", b"\x01\x01"), ("D08", b"\xff\xff\xff\xff"), ("D08", b"\x00\x01\xff\xff"), ("D08", bytes(64)),
    ("D08", b"\x01\x02\xff\x09a"),
]


class EngineTest(HostileTest):
    mount = "/engine.io/"

    def setUp(self):
        super().setUp()
        self.talk = self.raw()

    def ask(self, method, query, body=b"", fields=()):
        """Status, code of the error if it is one, and body."""
        status, answered, text = self.talk.send(request(method, self.mount + "?" + query, fields, body)).answer()
        if answered.get("connection") == "close":
            self.talk.socket.close()
            self.talk = self.raw()
        return status, code_of(text) if status >= 400 else None, text

    def session(self, version=4, fields=()):
        """The query that names a new session."""
        query = f"EIO={version}&transport=polling"
        text = self.ask("GET", query, fields=fields)[2]
        return f"{query}&sid={json.loads(text[text.index('{'):])['sid']}"

    def assert_dead(self, session):
        self.assertEqual(self.ask("GET", session)[:2], (400, UNKNOWN_SID))

    def assert_alive(self, session):
        hello = b"6:4hello" if "EIO=3" in session else b"4hello"
        self.assertEqual(self.ask("POST", session, hello)[2], "ok")
        self.assertEqual(self.ask("GET", session)[2].encode(), hello)


class RequestTest(EngineTest):
    def test_handshakes(self):
        for row, query, code in HANDSHAKES:
            with self.subTest(row, query=query[:60]):
                self.assertEqual(self.ask("GET", query)[:2], (400, code))

    def test_d02_a_session_of_somebody_else(self):
        session = self.session(fields=["Origin: http://one.example"])
        for fields in ((), ["Origin: http://two.example"]):
            self.assertEqual(self.ask("GET", session, fields=fields)[:2], (400, UNKNOWN_SID))
            self.assertEqual(self.ask("POST", session, b"4a", fields)[:2], (400, UNKNOWN_SID))
        self.assertEqual(self.ask("POST", session, b"4a", ["Origin: http://one.example"])[0], 200)

    def test_d03_a_handshake_by_post(self):
        self.assertEqual(self.ask("POST", "EIO=4&transport=polling", b"4a")[:2], (400, BAD_METHOD))

    def test_d04_two_polls(self):
        session = self.session()
        polls = [self.raw().send(request(target=f"{self.mount}?{session}")) for _ in range(2)]  # the kernel may swap them
        self.assertEqual(sorted(poll.answer()[::2] for poll in polls), [(200, "1"), (400, "")])
        self.assert_dead(session)

    def test_d05_two_posts(self):
        session = self.session()
        first = self.raw().send(request("POST", f"{self.mount}?{session}", ["Content-Length: 10"], b"4a"))
        time.sleep(0.2)  # nothing tells when the server has read this
        self.assertEqual(self.ask("POST", session, b"4b")[0], 400)
        self.assertTrue(first.ended())
        self.assert_dead(session)

    def test_d05_a_post_cut_short_behind_answers_that_nobody_reads(self):
        for waiting in (1500, 2000, 2500):  # some of the answers are still in the server's own queue
            session, before = self.session(), self.descriptors()
            raw = self.raw(receive_buffer=4096).send(request(target="/nowhere") * waiting)
            raw.send(request("POST", f"{self.mount}?{session}", ["Content-Length: 10"], b"4a"))
            raw.socket.shutdown(socket.SHUT_WR)
            poll = self.raw().send(request(target=f"{self.mount}?{session}"))
            with self.subTest(waiting):
                self.assertIn(poll.answer()[2], ("1", '{"code":1,"message":"Session ID unknown"}'))
                raw.reset()
                poll.socket.close()
                wait_for(lambda: self.descriptors() <= before, "the connection to be given up")
                self.assert_dead(session)

    def bad_posts(self, version, posts, before, delivered, fields=()):
        bystander = self.session(version)
        for row, body in posts:
            with self.subTest(row, body=body[:20]):
                self.assertEqual(self.ask("POST", session := self.session(version), body, fields)[0], 400)
                self.assert_dead(session)
                self.assertIn(delivered, self.what_comes_of(version, before + body, fields))
        self.assert_alive(bystander)

    def what_comes_of(self, version, body, fields):
        """The answer to a poll that waits while this bad post comes. Nothing tells when a poll waits: try until it did."""
        for wait in (0.01, 0.1, 1, 5):
            session = self.session(version)
            poll = self.raw().send(request(target=f"{self.mount}?{session}"))
            time.sleep(wait)
            self.assertEqual(self.ask("POST", session, body, fields)[0], 400)
            status, _, answer = poll.answer()
            if status == 200:
                break
        return answer.encode("utf-8", "surrogateescape")

    def test_d07_d09_bad_posts_of_version_4(self):
        self.bad_posts(4, BAD_POSTS_4, b"4before\x1e", b"4before")

    def test_d07_d09_bad_posts_of_version_3(self):
        self.bad_posts(3, BAD_POSTS_3, b"7:4before", b"7:4before")

    def test_d07_d08_bad_binary_posts_of_version_3(self):
        self.bad_posts(3, BAD_BINARY_3, b"\x00\x07\xff4before", b"7:4before", ["Content-Type: application/octet-stream"])

    def test_d07_posts_up_to_the_limit(self):
        for n, status in ((999999, 200), (1000000, 200), (1000001, 413)):
            session = self.session()
            self.assertEqual(self.ask("POST", session, b"4" + b"x" * (n - 1))[0], status)
        self.assertEqual(self.ask("POST", self.session(), b"")[0], 400)

    def test_d07_many_packets(self):
        session = self.session()
        self.assertEqual(self.ask("POST", session, b"\x1e".join([b"4a"] * 1000))[0], 200)
        got = []
        while len(got) < 1000:
            got += self.ask("GET", session)[2].split("\x1e")
        self.assertEqual(got, ["4a"] * 1000)

    def test_d16_both_versions(self):
        for i in range(1000):
            for version in (3, 4):
                self.assert_alive(session := self.session(version))
                self.assertEqual(self.ask("POST", session, b"1:1" if version == 3 else b"1")[0], 200)


class UpgradeTest(EngineTest):
    def probe(self, session, **options):
        return self.websocket(f"{self.mount}?{session.replace('polling', 'websocket')}", **options)

    def test_d10_odd_probes(self):
        for wrong in (frame("2"), frame("2other"), frame("4a"), frame("3probe"), frame(b"2probe", BINARY)):
            session = self.session()
            self.probe(session).send(wrong).code()
            self.assert_alive(session)

    def test_d10_probed_twice(self):
        session = self.session()
        ws = self.probe(session).send(frame("2probe") * 2)
        self.assertEqual([ws.frame(), ws.frame()], [(TEXT, b"3probe")] * 2)
        ws.send(frame("5") + frame("4a"))
        self.assertEqual(ws.frame(), (TEXT, b"4a"))

    def test_d10_never_finished_while_polling_sends(self):
        session = self.session()
        ws = self.probe(session).send(frame("2probe"))
        self.assertEqual(ws.frame(), (TEXT, b"3probe"))
        got = []
        for i in range(50):
            self.assertEqual(self.ask("POST", session, f"4{i}".encode())[0], 200)
            got.append(self.ask("GET", session)[2])
        self.assertEqual(got, [f"4{i}" for i in range(50)])
        ws.socket.close()
        self.assert_alive(session)

    def test_d11_a_second_websocket(self):
        session = self.session()
        first = self.probe(session).send(frame("2probe"))
        first.frame()
        first.send(frame("5") + frame("4a"))
        self.assertEqual(first.frame(), (TEXT, b"4a"))
        self.assertEqual(self.probe(session).status, 400)
        first.send(frame("4b"))
        self.assertEqual(first.frame(), (TEXT, b"4b"))

    def test_d12_an_upgrade_by_somebody_else(self):
        session = self.session()
        self.assertEqual(self.probe(session, fields=["Origin: http://evil.example"]).status, 403)
        self.assert_alive(session)


class PacketTest(EngineTest):
    def test_d13_packets_at_the_wrong_time(self):
        for version in (3, 4):
            for packet in ("0", "0{}", "6", "5", "3", "3probe", "2"):
                closes = packet[0] == ("3" if version == 3 else "2")
                session, body = self.session(version), packet.encode()
                status = self.ask("POST", session, b"%d:%s" % (len(body), body) if version == 3 else body)[0]
                with self.subTest(version=version, packet=packet):
                    self.assertEqual(status, 400 if closes else 200)
                    if closes:
                        self.assert_dead(session)
                    elif packet != "2":
                        self.assert_alive(session)


class SilenceTest(EngineTest):
    options = ("--ping-interval", 300, "--ping-timeout", 200)

    def test_d06_a_poll_that_stays_open(self):
        session = self.session()
        self.assertEqual(self.ask("GET", session)[2], "2")
        self.assertEqual(self.ask("GET", session)[2], "1")
        self.assert_dead(session)

    def test_d14_no_heartbeat(self):
        for version in (3, 4):
            ws = self.websocket(f"{self.mount}?EIO={version}&transport=websocket")
            self.assertEqual(ws.code(), 1005)
            session = self.session(version)
            wait_for(lambda: self.ask("POST", session, b"")[:2] == (400, UNKNOWN_SID) or time.sleep(0.6), "it to be forgotten")


class StrangerTest(EngineTest):
    mount = "/socket.io/"
    options = ("--connect-timeout", 1500, "--max-strangers", 32)

    def test_d15_sessions_that_never_go_on(self):
        answers = [self.ask("GET", "EIO=4&transport=polling")[0] for _ in range(128)]
        self.assertEqual(answers[:16], [200] * 16)
        self.assertEqual(set(answers), {200, 503})
        self.assertLessEqual(answers.count(200), 32)
        wait_for(lambda: self.ask("GET", "EIO=4&transport=polling")[0] == 200, "them to be forgotten")


if __name__ == "__main__":
    unittest.main()
