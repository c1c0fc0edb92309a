"""test_deliver.py - lines, frames and parsed objects instead of bytes, for one client beside others that take bytes."""
import base64
import os
import unittest

from client import Client
from daemon import Line, Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]


class DeliverTest(unittest.TestCase):
    def setUp(self):
        self.program, self.line = Program(DAEMON, "--allow-pty", "--demo"), Line()
        self.addCleanup(self.line.close)
        self.addCleanup(lambda: self.assertEqual(self.program.stop(), 0))

    def activate(self, **options):
        status, said = self.program.post("activate-connection", {"name": "d", "address": self.line.path, **options})
        self.assertEqual(status, 200, said)

    def client(self, **options):
        client = Client(self.program)
        self.addCleanup(client.close)
        said = client.call("subscribe", {"names": ["d"], **options})
        self.assertTrue(said["ok"], said)
        return client

    def wait(self, client, expected):
        def all_of():
            return [item for batch in client.events("d") for item in batch]
        wait_for(lambda: len(all_of()) >= len(expected), f"{len(expected)} frames")
        self.assertEqual(all_of(), expected)

    def test_lines_beside_bytes(self):
        self.activate()
        lines, raw = self.client(deliver="lines"), self.client()
        self.line.write(b"one\r\ntw")
        raw.wait_bytes("d", b"one\r\ntw")
        self.line.write(b"o\n\n\xff\nrest")
        self.wait(lines, ["one", "two", "", {"base64": "/w=="}])
        raw.wait_bytes("d", b"one\r\ntwo\n\n\xff\nrest")

    def test_lines_with_what_json_escapes(self):
        self.activate()
        lines = self.client(deliver="lines")
        odd = ['say "hi" \\ there', "\0\1\x1f\t", "\x7f is plain", "€😀 and eight or more", "x" * 4000 + '"', "12345678", '1234567"', "/"]
        self.line.write("\n".join(odd).encode() + b"\n")
        self.wait(lines, odd)

    def test_frames_by_any_rule(self):
        self.activate()
        cobs = self.client(deliver="frames", framing={"kind": "cobs"})
        parts = self.client(deliver="frames", framing={"kind": "start-end", "start": "\\x03", "end": "\\x00"})
        self.line.write(b"\x03ab\0\x05ab\0\x01\x01\0")
        self.wait(cobs, [{"base64": base64.b64encode(b"ab").decode()},
                         {"fault": "damaged", "received": {"base64": base64.b64encode(b"\x05ab").decode()}},
                         {"base64": "AA=="}])
        self.wait(parts, [{"base64": base64.b64encode(b"ab").decode()}])

    def test_frames_that_silence_ends(self):
        self.activate()
        raw, soon = self.client(), self.client(deliver="frames", framing={"kind": "idle", "silence": 20})
        late = self.client(deliver="frames", framing={"kind": "idle", "silence": 10000, "max": 8})
        frames = [b"one", b"\x00two", b"three"]
        for n, frame in enumerate(frames):  # the reader gets each before the next one is sent
            self.line.write(frame)
            self.wait(soon, [{"base64": base64.b64encode(f).decode()} for f in frames[:n + 1]])
        self.wait(late, [{"fault": "too-long", "received": {"base64": base64.b64encode(b"one\x00twot").decode()}}])
        raw.wait_bytes("d", b"".join(frames))
        behind = self.client(deliver="frames", framing={"kind": "idle", "silence": 20}, since=0)  # all of it at once
        self.wait(behind, [{"base64": base64.b64encode(f).decode()} for f in frames])
        soon.close()
        self.line.write(b"!")
        self.wait(behind, [{"base64": base64.b64encode(f).decode()} for f in [*frames, b"!"]])

    def test_answers_of_a_profile_that_cuts_by_silence(self):
        self.activate(profile="modbus-rtu")
        client = self.client(deliver="frames")
        self.line.write(b"\x11\x03\x02\x00\x05")
        self.wait(client, [{"base64": base64.b64encode(b"\x11\x03\x02\x00\x05").decode()}])

    def listener(self):
        client = Client(self.program)  # as a page written for the original: it never says what it wants
        self.addCleanup(client.close)
        return client

    def test_a_connection_says_what_those_get_who_do_not_choose(self):
        self.activate(deliver="lines")
        listening, asking, raw = self.listener(), self.client(), self.client(deliver="bytes")
        self.line.write(b"one\ntwo\n")
        for client in (listening, asking):
            self.wait(client, ["one", "two"])
        raw.wait_bytes("d", b"one\ntwo\n")
        said = self.program.post("configure-connection", {"name": "d", "framing": {"kind": "delimiter", "end": ";"}})[1]
        options = said["connection"]["options"]
        self.assertEqual((options["deliver"], options["framing"]), ("lines", {"kind": "delimiter", "end": "\\x3b", "max": 4096}))
        self.line.write(b"three;")
        for client in (listening, asking):
            self.wait(client, ["one", "two", "three"])
        self.program.post("configure-connection", {"name": "d", "deliver": "bytes"})
        self.line.write(b"4")
        wait_for(lambda: listening.events("d")[-1] == b"4", "bytes again")
        raw.wait_bytes("d", b"one\ntwo\nthree;4")

    def test_every_kind_for_a_whole_connection(self):
        rules = (("lines", b"ab\r\ncd\n"), ({"kind": "delimiter", "end": "\\x03"}, b"ab\x03cd\x03"),
                 ({"kind": "start-end", "start": "<", "end": ">"}, b"<ab>-<cd>"),
                 ({"kind": "length", "length-add": 1}, b"\x02ab\x02cd"), ({"kind": "fixed", "size": 2}, b"abcd"),
                 ("slip", b"\xc0ab\xc0cd\xc0"), ("cobs", b"\x03ab\0\x03cd\0"))
        for rule, stream in rules:
            with self.subTest(rule=rule):
                self.activate(deliver="frames", framing=rule)
                client = self.listener()
                self.line.write(stream)
                content = [b"\x02ab", b"\x02cd"] if isinstance(rule, dict) and rule["kind"] == "length" else [b"ab", b"cd"]
                self.wait(client, [{"base64": base64.b64encode(frame).decode()} for frame in content])
                self.program.post("deactivate-connection", {"name": "d"})
        self.activate(framing="idle")
        client = self.listener()
        self.line.write(b"ab")
        self.wait(client, [{"base64": base64.b64encode(b"ab").decode()}])

    def test_what_was_begun_is_not_lost_when_something_else_is_wanted(self):
        self.activate(deliver="lines")
        client = self.client()
        def come(n):
            wait_for(lambda: self.program.post("list-connections", {})[1]["connections"][0]["rx"] == n, f"{n} bytes")
        self.line.write(b"one\r\ntw")
        come(7)
        self.assertTrue(self.program.post("configure-connection", {"name": "d", "deliver": "bytes"})[1]["ok"])
        wait_for(lambda: client.events("d") == [["one"], b"tw"], "the rest as bytes")
        self.line.write(b"o\nth")
        wait_for(lambda: client.events("d")[2:] == [b"o\nth"], "more")
        client.call("subscribe", {"names": ["d"], "deliver": "lines"})
        self.line.write(b"ree\nfo")
        wait_for(lambda: client.events("d")[3:] == [["ree"]], "a line")  # the bytes before it were told
        come(17)
        self.assertEqual(client.call("unsubscribe", {"names": ["d"]})["subscriptions"]["d"]["offset"], 15)

    def test_objects_for_all(self):
        self.activate(deliver="json")
        client = self.listener()
        self.line.write(b'{"t": 21.5}\n')
        self.wait(client, [{"t": 21.5}])

    def test_objects(self):
        self.activate()
        client = self.client(deliver="json")
        self.line.write(b'{"t": 21.5}\n[1,2]\n7\nstarted {\n\n')
        self.wait(client, [{"t": 21.5}, [1, 2], "7", "started {"])

    def test_objects_of_a_profile(self):
        self.activate(profile="grbl")
        client = self.client(deliver="json")
        self.line.write(b"ALARM:9\r\nok\r\n")
        self.wait(client, [{"event": "alarm", "values": {"code": 9}}, "ok"])

    def test_what_an_unplug_cut_is_not_completed_after_the_replug(self):
        self.program.post("activate-connection", {"name": "d", "address": "virtual:echo"})
        lines, raw = self.client(deliver="lines"), self.client()
        self.program.post("send-raw", {"name": "d", "payload": "whole\n1"})
        raw.wait_bytes("d", b"whole\n1")
        self.program.post("unplug-virtual", {"address": "virtual:echo"})
        self.program.post("plug-virtual", {"address": "virtual:echo"})
        raw.wait_event("connection-restored", name="d")
        self.program.post("send-raw", {"name": "d", "payload": "23.4\n"})
        raw.wait_bytes("d", b"whole\n123.4\n")
        cut = {"fault": "incomplete", "received": {"base64": base64.b64encode(b"1").decode()}}
        self.wait(lines, ["whole", cut, "23.4"])
        told = [event for event, *args in lines.got if event in ("d", "connection-lost", "connection-restored")]
        self.assertEqual(told, ["d", "d", "connection-lost", "connection-restored", "d"])  # before the loss is told
        self.wait(self.client(deliver="lines", since=0), ["whole", cut, "23.4"])  # and to one who comes late

    def test_what_silence_would_have_ended_is_whole_after_an_unplug(self):
        self.program.post("activate-connection", {"name": "d", "address": "virtual:echo"})
        idle, raw = self.client(deliver="frames", framing={"kind": "idle", "silence": 20}), self.client()
        self.program.post("send-raw", {"name": "d", "payload": "one"})
        raw.wait_bytes("d", b"one")
        self.program.post("unplug-virtual", {"address": "virtual:echo"})
        self.wait(idle, [{"base64": base64.b64encode(b"one").decode()}])
        self.program.post("plug-virtual", {"address": "virtual:echo"})
        raw.wait_event("connection-restored", name="d")
        self.program.post("send-raw", {"name": "d", "payload": "two"})
        frames = [{"base64": base64.b64encode(f).decode()} for f in (b"one", b"two")]
        self.wait(idle, frames)
        self.wait(self.client(deliver="frames", framing={"kind": "idle", "silence": 20}, since=0), frames)

    def test_what_the_end_of_a_connection_cut_is_told(self):
        self.activate()
        lines, raw = self.client(deliver="lines"), self.client()
        self.line.write(b"one\ntw")
        raw.wait_bytes("d", b"one\ntw")
        self.program.post("deactivate-connection", {"name": "d"})
        lines.wait_event("connection-closed", name="d")
        self.wait(lines, ["one", {"fault": "incomplete", "received": {"base64": base64.b64encode(b"tw").decode()}}])
        self.assertEqual(lines.got[-1][0], "connection-closed")

    def test_what_cannot_be_cut_is_refused(self):
        self.activate()
        client = Client(self.program)
        self.addCleanup(client.close)
        for options in ({"deliver": "frames"}, {"deliver": "lines", "framing": {"kind": "fixed"}},
                        {"deliver": "frames", "framing": {"kind": "idle", "silence": 0}}):
            answer = client.call("subscribe", {"names": ["d"], **options})
            self.assertEqual((answer["ok"], answer["error"]["field"]), (False, "framing"), options)
            answer = self.program.post("configure-connection", {"name": "d", **options})[1]
            self.assertEqual((answer["ok"], answer["error"]["field"]), (False, "framing"), options)
        for framing in ("fixed", "magic", {"kind": "delimiter"}, {}, 5):
            answer = self.program.post("activate-connection", {"name": "e", "address": "virtual:echo", "framing": framing})[1]
            self.assertIn(answer["error"]["field"], ("framing", "framing.kind"), framing)

    def test_null_is_as_good_as_absent_and_a_whole_number_may_have_a_point(self):
        self.activate()
        client = self.client(deliver="frames", framing={"kind": "length", "length-bytes": 2.0, "length-add": 2, "big-endian": True,
                                                        "silence": None, "max": None})
        self.line.write(b"\0\1a\0\2bc")
        self.wait(client, [{"base64": base64.b64encode(frame).decode()} for frame in (b"\0\1a", b"\0\2bc")])
        status, said = self.program.post("ask", {"name": "d", "payload": "?", "timeout": 1, "until": {"length": 1, "frame": None}})
        self.assertEqual(said["error"]["code"], "timeout")

    def test_from_an_offset(self):
        self.activate()
        raw = self.client()
        self.line.write(b"one\ntwo\n")
        raw.wait_bytes("d", b"one\ntwo\n")
        self.wait(self.client(deliver="lines", since=0), ["one", "two"])


if __name__ == "__main__":
    unittest.main()
