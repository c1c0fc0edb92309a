"""test_recovery.py - connection state recovery: a page that loses its connection is back and misses nothing, spoken byte
by byte as clients from 4.6 on do it."""
import base64
import json
import os
import unittest

import websocket
from daemon import Line, Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
DATA = bytes(i * 7 % 251 for i in range(500_000))


class Page:
    """A client of version 4 on a bare WebSocket. It notes events with their offsets; bytes by connection."""

    def __init__(self, program, pid=None, offset=None, origin=None, **auth):
        self.ws = websocket.create_connection(f"ws://127.0.0.1:{program.port}/socket.io/?EIO=4&transport=websocket", timeout=30,
                                              suppress_origin=origin is None, origin=origin)
        self.events, self.bytes, self.offset, self.answers, self.acks = [], {}, offset, {}, 0
        assert self.ws.recv().startswith("0{")
        auth |= {"pid": pid} if pid else {}
        auth |= {"offset": offset} if offset else {}
        self.ws.send("40" + (json.dumps(auth) if auth else ""))
        welcome = self.ws.recv()
        assert welcome.startswith("40{"), welcome
        self.pid = json.loads(welcome[2:])["pid"]
        self.recovered = self.pid == pid

    def turn(self):
        """Take one packet."""
        text = self.ws.recv()
        if text == "2":
            self.ws.send("3")
        elif text.startswith("451-"):
            args = json.loads(text[4:])
            data = self.ws.recv()
            self.offset = args[-1]
            self.bytes[args[0]] = self.bytes.get(args[0], b"") + data
            self.events.append((args[0], data))
        elif text.startswith("43"):
            number, _, rest = text[2:].partition("[")
            self.answers[int(number)] = json.loads("[" + rest)[0]
        else:
            args = json.loads(text[2:])
            self.offset = args[-1]
            self.events.append(tuple(args[:-1]))

    def call(self, event, data):
        self.acks += 1
        self.ws.send(f"42{self.acks}" + json.dumps([event, data]))
        while self.acks not in self.answers:
            self.turn()
        return self.answers[self.acks]

    def until(self, condition):
        while not condition():
            self.turn()

    def cut(self):
        self.ws.sock.close()  # as a network does: no goodbye


class RecoveryTest(unittest.TestCase):
    options = ("--demo", "--allow-pty")

    def setUp(self):
        self.program = Program(DAEMON, *self.options)
        self.lines = []

    def tearDown(self):
        for line in self.lines:
            line.close()
        self.assertEqual(self.program.stop(), 0)

    def line(self, name="pump", **options):
        line = Line()
        self.lines.append(line)
        self.assertEqual(self.program.post("activate-connection", {"name": name, "address": line.path, **options})[0], 200)
        return line

    def offset(self, name):
        return next(c for c in self.program.post("list-connections", {})[1]["connections"] if c["name"] == name)["offset"]

    def write(self, line, name, data):
        end = self.offset(name) + len(data)
        for at in range(0, len(data), 2000):
            line.write(data[at : at + 2000])
        wait_for(lambda: self.offset(name) == end, "all bytes")

    def test_every_missed_byte_arrives_once_and_in_order(self):
        line, page = self.line(), Page(self.program)
        line.write(DATA[:1000])
        page.until(lambda: len(page.bytes.get("pump", b"")) == 1000)
        page.cut()
        self.write(line, "pump", DATA[1000:200_000])
        back = Page(self.program, page.pid, page.offset)
        self.assertTrue(back.recovered)
        line.write(DATA[200_000:201_000])
        back.until(lambda: len(back.bytes.get("pump", b"")) >= 200_000)
        self.assertEqual(page.bytes["pump"] + back.bytes["pump"], DATA[:201_000])
        self.assertNotIn("rx-gap", [e[0] for e in back.events])

    def test_bytes_that_were_on_their_way_are_sent_again(self):
        pump, valve, page = self.line(), self.line("valve"), Page(self.program)
        for at in range(0, 100_000, 1000):  # two streams that alternate
            self.write(pump, "pump", DATA[at : at + 1000])
            self.write(valve, "valve", DATA[at + 100_000 : at + 101_000])
        page.until(lambda: len(page.bytes.get("valve", b"")) >= 50_000)  # the rest is never read
        page.cut()
        back = Page(self.program, page.pid, page.offset)
        self.assertTrue(back.recovered)
        back.until(lambda: len(page.bytes["pump"] + back.bytes.get("pump", b"")) >= 100_000 and
                   len(page.bytes["valve"] + back.bytes.get("valve", b"")) >= 100_000)
        self.assertEqual(page.bytes["pump"] + back.bytes["pump"], DATA[:100_000])
        self.assertEqual(page.bytes["valve"] + back.bytes["valve"], DATA[100_000:200_000])

    def test_missed_events_arrive_and_none_twice(self):
        page = Page(self.program)
        self.line("one")
        page.until(lambda: page.events)
        page.cut()
        self.line("two")
        back = Page(self.program, page.pid, page.offset)
        self.line("three")
        back.until(lambda: len(back.events) >= 2)
        self.assertEqual([e[1]["name"] for e in page.events + back.events], ["one", "two", "three"])

    def test_what_the_history_has_not_any_more_is_told_exactly(self):
        line, page = self.line(history=65536), Page(self.program)
        line.write(DATA[:1000])
        page.until(lambda: len(page.bytes.get("pump", b"")) == 1000)
        page.cut()
        self.write(line, "pump", DATA[1000:])
        back = Page(self.program, page.pid, page.offset)
        self.assertTrue(back.recovered)
        back.until(lambda: back.events)
        name, gap = back.events[0]
        self.assertEqual((name, gap["name"], gap["from"], gap["reason"]), ("rx-gap", "pump", 1000, "slow"))
        back.until(lambda: len(back.bytes.get("pump", b"")) == len(DATA) - gap["to"])
        self.assertEqual(back.bytes["pump"], DATA[gap["to"]:])

    def page_that_misses_the_end(self):
        """It has 1000 bytes, and lost its line; 4000 came since, and then the connection was closed."""
        line, page = self.line(), Page(self.program)
        line.write(DATA[:1000])
        page.until(lambda: len(page.bytes.get("pump", b"")) == 1000)
        page.cut()
        self.write(line, "pump", DATA[1000:5000])
        self.program.post("deactivate-connection", {"name": "pump"})
        return page

    def test_connection_that_closed_meanwhile_is_accounted_for(self):
        page = self.page_that_misses_the_end()
        back = Page(self.program, page.pid, page.offset)
        back.until(lambda: any(e[0] == "rx-gap" for e in back.events))
        gap = next(e[1] for e in back.events if e[0] == "rx-gap")
        self.assertEqual((gap["from"], gap["to"], gap["reason"]), (1000, 5000, "closed"))
        self.assertIn(("connection-closed", {"name": "pump", "reason": "deactivated"}), back.events)

    def lost_behind_the_answer(self, **subscription):
        """A page subscribes and is cut off before it has read more than the answer; as it comes back."""
        page = Page(self.program)
        self.line(f"other{len(self.lines)}")
        page.until(lambda: page.events)
        self.assertTrue(page.call("subscribe", subscription)["ok"])
        page.cut()
        back = Page(self.program, page.pid, page.offset)
        self.assertTrue(back.recovered)
        return back

    def gaps(self, page):
        return [(e[1]["from"], e[1]["to"], e[1]["reason"]) for e in page.events if e[0] == "rx-gap"]

    def test_gap_that_was_on_its_way_is_told_again(self):
        self.write(self.line(history=65536), "pump", DATA)
        with self.subTest("the place is of an opening that nobody knows"):
            back = self.lost_behind_the_answer(names=["pump"], since=5000, epoch=7)
            back.until(lambda: len(back.bytes.get("pump", b"")) > 0 and self.gaps(back))
            (first, to, reason), = self.gaps(back)
            self.assertEqual((first, reason, back.events[0][0]), (5000, "epoch", "rx-gap"))
        with self.subTest("the bytes are gone"):
            back = self.lost_behind_the_answer(names=["pump"], since=5000)
            back.until(lambda: len(back.bytes.get("pump", b"")) > 0)
            (first, to, reason), = self.gaps(back)
            self.assertEqual((first, reason, back.events[0][0]), (5000, "slow", "rx-gap"))
            back.until(lambda: len(back.bytes["pump"]) == len(DATA) - to)
            self.assertEqual(back.bytes["pump"], DATA[to:])
        with self.subTest("no byte came since the device was away"):
            old = self.program.post("activate-connection", {"name": "echo", "address": "virtual:echo"})[1]["connection"]["epoch"]
            for event in ("unplug-virtual", "plug-virtual"):
                self.program.post(event, {"address": "virtual:echo"})
            back = self.lost_behind_the_answer(names=["echo"], since=0, epoch=old)
            back.until(lambda: self.gaps(back))
            self.assertEqual(self.gaps(back), [(0, 0, "reopened")])
        with self.subTest("among lines"):
            for n, text in enumerate(("one\n", "two\n")):
                self.program.post("send-raw", {"name": "echo", "payload": text})
                wait_for(lambda n=n: self.offset("echo") == 4 * (n + 1), "the echo")
                for event in ("unplug-virtual", "plug-virtual"):
                    self.program.post(event, {"address": "virtual:echo"})
            back = self.lost_behind_the_answer(names=["echo"], since=0, deliver="lines")
            back.until(lambda: len(self.gaps(back)) == 3)
            told = [e[1] if e[0] == "echo" else e[1]["from"] for e in back.events if e[0] in ("echo", "rx-gap")]
            self.assertEqual(told, [0, ["one"], 4, ["two"], 8])

    def test_gap_of_a_closed_connection_is_told_again(self):
        page = self.page_that_misses_the_end()
        again = Page(self.program, page.pid, page.offset)
        again.cut()  # before it has read of the gap
        back = Page(self.program, page.pid, page.offset)
        self.assertTrue(back.recovered)
        back.until(lambda: self.gaps(back))
        self.assertEqual(self.gaps(back), [(1000, 5000, "closed")])

    def test_page_may_be_lost_again_and_again(self):
        line, page, got = self.line(), Page(self.program), b""
        for at in range(0, 50_000, 5000):
            self.write(line, "pump", DATA[at : at + 5000])
            page.until(lambda: len(page.bytes.get("pump", b"")) > 0)
            got += page.bytes["pump"]
            page.cut()
            page = Page(self.program, page.pid, page.offset)
            self.assertTrue(page.recovered)
        while len(got) + len(page.bytes.get("pump", b"")) < 50_000:
            page.turn()
        self.assertEqual(got + page.bytes.get("pump", b""), DATA[:50_000])

    def test_place_holder_works_once_and_only_while_its_page_is_away(self):  # E13
        page = Page(self.program)
        thief = Page(self.program, page.pid)
        self.assertFalse(thief.recovered)
        page.cut()
        back = Page(self.program, page.pid)  # kept: were it thrown away here, its page would be away again
        self.assertTrue(back.recovered)
        self.assertFalse(Page(self.program, page.pid).recovered)

    def test_offsets_that_were_never_given_start_afresh(self):  # E13
        for offset in ("999999999", "1-2", "1-2-3", "-1", "x", "1" * 60, "0-0-99999", "1-1-1-1", ""):
            page = Page(self.program)
            self.line(f"c{len(self.lines)}")
            page.until(lambda: page.events)
            page.cut()
            back = Page(self.program, page.pid, offset or None)
            self.assertEqual(back.recovered, offset == "", offset)
            back.cut()

    def test_claim_of_a_page_that_is_away_is_free(self):
        self.line()
        page = Page(self.program)
        self.assertTrue(page.call("claim", {"name": "pump"})["ok"])
        page.cut()
        wait_for(lambda: self.program.post("send-raw", {"name": "pump", "payload": "x"})[0] == 200, "the claim's end")


class NoRecoveryTest(unittest.TestCase):
    def test_without_a_window_nobody_gets_an_offset(self):
        program = Program(DAEMON, "--demo", "--recovery-window", "0")
        ws = websocket.create_connection(f"ws://127.0.0.1:{program.port}/socket.io/?EIO=4&transport=websocket", timeout=30)
        ws.recv()
        ws.send("40")
        self.assertNotIn("pid", ws.recv())
        ws.send('42["list-connections"]')
        self.assertEqual(ws.recv(), '42["list-connections",[]]')
        ws.close()
        self.assertEqual(program.stop(), 0)


if __name__ == "__main__":
    unittest.main()
