"""test_line.py - the line of a connection: signals, sequences, breaks, settings, queues; over ptys and virtual devices."""
import concurrent.futures
import os
import termios
import time
import unittest

import socketio
from client import in_order
from daemon import Line, Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e9


class LineTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo", "--allow-pty")
        self.lines, self.events = [], []
        self.io = in_order(socketio.Client(reconnection=False))
        for name in ("signals-changed", "line-error", "connection-closed"):
            self.io.on(name, lambda data, name=name: self.events.append((name, data)))
        self.io.on("a", lambda data: self.events.append(("a", data)))
        self.io.connect(f"http://127.0.0.1:{self.program.port}")

    def tearDown(self):
        self.io.disconnect()
        for line in self.lines:
            line.close()
        self.assertEqual(self.program.stop(), 0)

    def ask(self, event, **data):
        return self.program.post(event, data)[1]

    def line(self, **options):
        self.lines.append(Line())
        answer = self.ask("activate-connection", name="a", address=self.lines[-1].path, **options)
        self.assertTrue(answer["ok"], answer)
        return self.lines[-1]

    def virtual(self, **options):
        answer = self.ask("activate-connection", name="a", address="virtual:echo", **options)
        self.assertTrue(answer["ok"], answer)

    def assert_fails(self, answer, code, word):
        self.assertEqual((answer["ok"], answer["error"]["code"]), (False, code), answer)
        self.assertIn(word, answer["error"]["message"])

    def test_signals_are_set_together_and_everybody_hears_of_it(self):
        self.virtual()
        both = {"dtr": True, "rts": True, "cts": True, "dsr": True, "dcd": True, "ri": False}
        self.assertEqual(self.ask("get-signals", name="a")["signals"], both)
        none = dict.fromkeys(both, False)
        self.assertEqual(self.ask("set-signals", name="a", dtr=False, rts=False)["signals"], none)
        wait_for(lambda: len(self.events) == 2, "what was set, and what the device made of it")
        told = [data for name, data in self.events if name == "signals-changed"]
        self.assertEqual([set(data["changed"]) for data in told], [{"dtr", "rts"}, {"cts", "dsr", "dcd"}])
        self.assertEqual([data["signals"] for data in told], [none, none])

    def test_signals_on_opening_are_as_asked(self):
        self.virtual(dtr="off", rts="on")
        signals = self.ask("get-signals", name="a")["signals"]
        self.assertEqual((signals["dtr"], signals["rts"], signals["dsr"], signals["cts"]), (False, True, False, True))
        options = self.ask("list-connections")["connections"][0]["options"]
        self.assertEqual((options["dtr"], options["rts"], options["latency"]), ("off", "on", "low"))

    def test_sequence_runs_in_order_and_takes_its_time(self):
        self.virtual(dtr="off", rts="off")
        waits = [30_000, 40_000, 20_000]
        began = time.monotonic()
        answer = self.ask("set-signals", name="a", sequence=[
            {"rts": True, "wait-us": waits[0]}, {"rts": False, "dtr": True, "wait-us": waits[1]}, {"wait-us": waits[2]},
            {"dtr": False}])
        self.assertGreaterEqual(time.monotonic() - began, sum(waits) / 1e6)
        self.assertEqual(answer["signals"], dict.fromkeys(answer["signals"], False))
        wait_for(lambda: len(self.events) >= 4, "the steps")
        self.assertEqual([sorted(data["changed"]) for _, data in self.events[:2]], [["cts"], ["cts", "dcd", "dsr"]])

    def test_sequence_has_limits(self):
        self.virtual()
        for sequence, word in (([{"dtr": True}] * 65, "sequence"), ([{"wait-us": 5_000_001}], "wait-us"),
                               ([{"wait-us": 2_500_000}] * 3, "wait-us"), ([{"dtr": 1}], "dtr"), ([7], "sequence")):
            self.assert_fails(self.ask("set-signals", name="a", sequence=sequence), "bad-request", word)
        self.assert_fails(self.ask("set-signals", name="a"), "bad-request", "dtr")

    def test_signals_beside_a_sequence_are_refused(self):
        self.virtual()
        before = self.ask("get-signals", name="a")
        for member in ("dtr", "rts", "break"):
            self.assert_fails(self.ask("set-signals", name="a", sequence=[{"dtr": False}], **{member: False}), "bad-request", "sequence")
        self.assertEqual(self.ask("get-signals", name="a"), before)
        self.assertTrue(self.ask("set-signals", name="a", sequence=[], dtr=True)["ok"])

    def test_one_sequence_at_a_time_and_closing_ends_it(self):
        self.virtual()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            first = pool.submit(self.ask, "set-signals", name="a", sequence=[{"dtr": False, "wait-us": 5_000_000}])
            wait_for(lambda: not self.ask("get-signals", name="a")["signals"]["dtr"], "the first step")
            self.assert_fails(self.ask("set-signals", name="a", dtr=True), "device-busy", "under way")
            self.assert_fails(self.ask("configure-connection", name="a", profile="scpi", deliver="lines"), "device-busy", "under way")
            options = self.ask("list-connections")["connections"][0]["options"]
            self.assertEqual((options["profile"], options["deliver"]), ("", "bytes"))
            self.ask("deactivate-connection", name="a")
            self.assert_fails(first.result(), "device-gone", "meanwhile")

    def test_break_is_as_long_as_asked_and_has_a_limit(self):  # G09
        self.line()
        began = time.monotonic()
        self.assertEqual(self.ask("send-break", name="a", milliseconds=50), {"ok": True})
        self.assertGreaterEqual(time.monotonic() - began, 0.05)
        self.assert_fails(self.ask("send-break", name="a", milliseconds=3_600_000), "bad-request", "milliseconds")

    def test_a_line_without_signals_says_so(self):
        self.line()
        self.assert_fails(self.ask("get-signals", name="a"), "unsupported", "signals")
        self.assert_fails(self.ask("set-signals", name="a", dtr=True), "unsupported", "signals")
        self.assert_fails(self.ask("get-signals", name="b"), "no-such-connection", "b")

    def test_line_is_changed_without_losing_a_byte(self):  # G04
        line = self.line()
        self.assertTrue(self.ask("send-raw", name="a", payload="before")["ok"])
        line.write(b"unread")
        answer = self.ask("configure-connection", name="a", **{"baud-rate": 250_000, "stop-bits": 2, "latency": "throughput",
                                                              "flow-control": "xon-xoff"})
        options = answer["connection"]["options"]
        self.assertEqual((options["baud-rate"], options["stop-bits"], options["latency"], options["flow-control"]),
                         (250_000, 2, "throughput", "xon-xoff"))
        self.assertTrue(self.ask("send-raw", name="a", payload="after")["ok"])
        self.assertEqual(line.read(11), b"beforeafter")
        wait_for(lambda: b"".join(data for name, data in self.events if name == "a") == b"unread", "bytes before it")
        self.assertTrue(termios.tcgetattr(line.near)[0] & termios.IXON)

    def test_lowest_latency_costs_nothing_when_idle(self):
        line = self.line(latency="lowest")
        self.assertEqual(self.ask("list-connections")["connections"][0]["options"]["latency"], "lowest")
        for i in range(200):
            self.assertTrue(self.ask("send-raw", name="a", payload=f"{i:03}")["ok"])
            self.assertEqual(line.read(3), f"{i:03}".encode())
            line.write(b"answer")
        pid = self.program.process.pid
        wait_for(lambda: b"".join(data for name, data in self.events if name == "a") == b"answer" * 200, "all answers")
        before = cpu_seconds(pid)
        time.sleep(2)
        self.assertLess(cpu_seconds(pid) - before, 0.5)

    def test_what_the_driver_made_of_it_is_told(self):  # G04: a pty has 8 data bits and no parity, whatever is asked
        self.line(**{"data-bits": 7, "parity": "even", "baud-rate": 12_000_000})
        options = self.ask("list-connections")["connections"][0]["options"]
        self.assertEqual((options["data-bits"], options["parity"], options["baud-rate"]), (8, "none", 12_000_000))

    def test_discard_tells_what_it_threw_away(self):
        line = self.line()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            stuck = pool.submit(self.ask, "send-raw", name="a", payload="x" * 200_000)
            taken = line.read(1)
            thrown = wait_for(lambda: self.ask("discard", name="a", direction="tx")["discarded"]["tx"], "queued bytes")
            answer = stuck.result()
        self.assert_fails(answer, "discarded", "discarded")
        self.assertEqual(answer["error"]["bytes"] + thrown, 200_000)
        self.assertEqual(taken, b"x")
        self.assertEqual(self.ask("discard", name="a"), {"ok": True, "discarded": {"rx": 0, "tx": 0}})

    def test_all_byte_values_are_exact_both_ways(self):  # H02
        line, every = self.line(parity="even"), bytes(range(256)) * 4 + b"\xff\x00\xff\xff\x11\x13\x1b[2J"
        line.write(every)
        wait_for(lambda: b"".join(data for name, data in self.events if name == "a") == every, "the same bytes")
        self.assertTrue(self.io.call("send-raw", {"name": "a", "payload": every})["ok"])
        self.assertEqual(line.read(len(every)), every)

    def test_a_pty_opens_by_its_path_only_where_that_is_allowed_and_is_never_listed(self):  # G02
        line, other = self.line(), Line()
        self.lines.append(other)
        self.assertEqual([d for d in self.ask("list-devices")["devices"] if d["kind"] != "virtual" and "/pts/" in d["address"]],
                         [])
        strict = Program(DAEMON)
        try:
            status, answer = strict.post("activate-connection", {"name": "a", "address": other.path})
            self.assertEqual((status, answer["error"]["code"]), (404, "no-such-device"))
        finally:
            self.assertEqual(strict.stop(), 0)
        self.assertTrue(self.ask("send-raw", name="a", payload="x")["ok"])
        self.assertEqual(line.read(1), b"x")

    def test_only_devices_open(self):  # G01, G02
        line = self.line()
        folder = os.path.dirname(os.path.realpath(__file__))
        for address in ("../../etc/passwd", "/etc/passwd", "/dev/mem", "/dev/tty", "/dev/null", "/dev/pts/ptmx", folder,
                        f"{line.path}/", f"{line.path}\n", f"/dev/pts/../{line.path}", "/dev/pts/99999", "/dev/ttyUSB77",
                        "/dev/serial/by-id/../../mem", "virtual:", "virtual:nothing", "usb-0403:6001-NONE-00"):
            with self.subTest(address=address):
                answer = self.ask("activate-connection", name="b", address=address)
                self.assert_fails(answer, "no-such-device", "There is no device at ")

    def test_port_is_free_again_at_once(self):  # G05
        line = self.line()
        for _ in range(20):
            self.assertTrue(self.ask("deactivate-connection", name="a")["ok"])
            self.assertTrue(self.ask("activate-connection", name="a", address=line.path)["ok"])
        self.assert_fails(self.ask("activate-connection", name="b", address=line.path), "device-busy", 'as "a"')

    def test_nothing_takes_time_when_nothing_happens(self):
        self.line()
        self.ask("activate-connection", name="b", address="virtual:echo")

        def used():
            with open(f"/proc/{self.program.process.pid}/stat") as f:
                return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))

        before, end = used(), time.monotonic() + 1.5
        wait_for(lambda: time.monotonic() > end, "a while")
        self.assertLessEqual(used() - before, 2)  # hundredths of a second; Socket.IO's heartbeat is all there is


if __name__ == "__main__":
    unittest.main()
