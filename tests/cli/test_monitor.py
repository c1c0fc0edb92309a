"""test_monitor.py - a terminal on a device: bytes both ways, beside other clients, through a replug, a rename and a
restart of the daemon; and send, signals and events."""
import base64
import json
import os
import pty
import select
import signal
import subprocess
import termios
import time
import tty
import unittest

from daemon import DEADLINE, Line, wait_for
from places import Control, Places


class Output:
    """What comes out of a descriptor, collected until something is in it."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.got = b""

    def until(self, wanted):
        end = time.monotonic() + DEADLINE
        while wanted not in self.got:
            ready, _, _ = select.select([self.descriptor], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{wanted!r} is not in {self.got!r}")
            piece = os.read(self.descriptor, 65536)
            if not piece:
                raise AssertionError(f"it ended without {wanted!r}: {self.got!r}")
            self.got += piece
        return self.got


class MonitorTest(Places):
    def setUp(self):
        super().setUp()
        self.line = Line()
        self.addCleanup(self.line.close)
        self.daemon = self.serve("--allow-pty", "--demo")

    def piped(self, *arguments, **options):
        """A monitor whose input and output are pipes."""
        process = self.start("monitor", *arguments, stdin=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        output = Output(process.stdout.fileno())
        return process, output

    def typed(self, *arguments):
        """A monitor on a terminal: the process, the far end of its terminal, and what it shows."""
        far, near = pty.openpty()
        self.addCleanup(os.close, far)
        self.addCleanup(os.close, near)
        process = self.start("monitor", *arguments, stdin=near, stdout=near, stderr=near, start_new_session=True)
        return process, far, near, Output(far)

    def connections(self):
        return json.loads(self.run_program("connections", "--json")[1])

    def test_bytes_both_ways_beside_another_client(self):
        process, output = self.piped(self.line.path, "--name", "line")
        output.until(b'"line" is')
        self.line.write(b"from the device\n")
        output.until(b"from the device\n")
        process.stdin.write(b"typed")
        process.stdin.flush()
        self.assertEqual(self.line.read(5), b"typed")
        code, said, errors = self.run_program("send", "line", "other", "--end", "crlf")
        self.assertEqual((code, said), (0, "7 bytes sent.\n"), errors)
        self.assertEqual(self.line.read(7), b"other\r\n")

    def test_keys_go_one_by_one_and_the_escape_key_gives_the_terminal_back(self):
        _, far, near, output = (found := self.typed(self.line.path, "--enter", "crlf"))
        process = found[0]
        before = termios.tcgetattr(near)
        output.until(b"Ctrl+] ends this")
        os.write(far, b"a\x03\r")  # Ctrl+C is the device's
        self.assertEqual(self.line.read(4), b"a\x03\r\n")
        os.write(far, b"\x1d")
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertEqual(termios.tcgetattr(near), before)
        self.assertEqual(self.connections(), [])  # it was opened for this alone

    def test_a_signal_gives_the_terminal_back_too(self):
        process, _, near, output = self.typed(self.line.path, "--keep")
        before = termios.tcgetattr(near)[3] | termios.ICANON | termios.ECHO | termios.ISIG
        output.until(b"Ctrl+] ends this")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertEqual(termios.tcgetattr(near)[3] & before, termios.tcgetattr(near)[3])
        self.assertEqual(len(self.connections()), 1)

    def test_connection_of_somebody_else_is_shared_and_stays(self):
        self.run_program("activate", "mine", self.line.path)
        process, output = self.piped("mine")
        output.until(b'"mine" is')
        self.run_program("rename", "mine", "yours")
        output.until(b'is called "yours" now')
        self.line.write(b"still here")
        output.until(b"still here")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertEqual([c["name"] for c in self.connections()], ["yours"])

    def test_device_that_is_open_under_another_name_is_found(self):
        self.run_program("activate", "speaker", "virtual:echo")
        process, output = self.piped("virtual:echo")
        output.until(b'"speaker" is')
        process.stdin.write(b"hello")
        process.stdin.flush()
        output.until(b"hello")

    def test_from_start_shows_what_came_before(self):
        self.run_program("activate", "line", self.line.path)
        self.line.write(b"before anybody looked")
        wait_for(lambda: self.connections()[0]["rx"] == 21, "the bytes")
        _, output = self.piped("line", "--from-start")
        output.until(b"before anybody looked")

    def test_hex_timestamps_and_json(self):
        self.run_program("activate", "line", self.line.path)
        _, hex_output = self.piped("line", "--hex")
        _, timed = self.piped("line", "--timestamps")
        _, as_json = self.piped("line", "--json")
        hex_output.until(b'"line" is')
        timed.until(b'"line" is')
        self.run_program("send", "line", "x")
        self.line.read(1)
        wait_for(lambda: self.all_subscribed(as_json), "three readers")
        self.line.write(b"A\x00\xff\n")
        hex_output.until(b"41 00 ff 0a")
        hex_output.until(b"|A...|")
        self.assertRegex(timed.until(b"A\x00\xff\n"), rb"\n\d\d:\d\d:\d\d\.\d{3} \.*A\x00\xff\n")

    def all_subscribed(self, output):
        """JSON output says nothing when it begins: show it bytes until it shows some."""
        self.line.write(b".")
        ready, _, _ = select.select([output.descriptor], [], [], 0.2)
        if ready:
            first = json.loads(os.read(output.descriptor, 65536).split(b"\n")[0])
            self.assertEqual(set(base64.b64decode(first["base64"])), {ord(".")})
        return bool(ready)

    def test_input_that_ends_ends_it_behind_the_answer(self):
        code, output, errors = self.run_program("monitor", "virtual:instrument", stdin=None, input="*IDN?\n")
        self.assertEqual(code, 0, errors)
        self.assertIn("Peripheral Manager", output)
        self.assertEqual(self.connections(), [])
        path = f"{self.home}/questions"
        with open(path, "w", encoding="utf-8") as file:
            file.write("hello\n" * 1000)
        with open(path, encoding="utf-8") as file:
            output = self.run_program("monitor", "virtual:echo", stdin=file)[1]
        self.assertEqual(output, "hello\n" * 1000)

    def test_an_answer_that_takes_its_time_is_waited_for(self):
        process, output = self.piped(self.line.path, "--wait", "1h")
        output.until(b"is /dev/pts")
        process.stdin.write(b"?")
        process.stdin.close()
        self.assertEqual(self.line.read(1), b"?")
        self.assertIsNone(process.poll())
        self.line.write(b"late")
        output.until(b"late")
        process.terminate()
        self.assertEqual(process.wait(DEADLINE), 0)

    def test_an_input_that_was_never_there_is_no_end(self):
        process = self.start("monitor", self.line.path, "--wait", "0s")  # its input is /dev/null
        output = Output(process.stdout.fileno())
        output.until(b"is /dev/pts")
        self.line.write(b"listening")
        output.until(b"listening")
        self.assertIsNone(process.poll())

    def test_input_that_was_refused_ends_with_that(self):
        self.run_program("activate", "echo", "virtual:echo")
        self.ask("unplug-virtual", {"address": "virtual:echo"})
        code, _, errors = self.run_program("monitor", "echo", "--wait", "0s", stdin=None, input="x")
        self.assertEqual(code, 1, errors)

    def test_gap_is_shown_where_bytes_are_missing(self):
        self.run_program("activate", "counter", "virtual:counter", "--history", "65536")
        self.start("monitor", "counter", stdout=subprocess.DEVNULL)  # the device does not wait while one reads
        process, output = self.piped("counter")
        output.until(b"\n1")
        process.send_signal(signal.SIGSTOP)
        self.run_program("send", "counter", "RATE 20000000", "--end", "lf")
        wait_for(lambda: self.connections()[0]["rx"] > 8 << 20, "more than is kept for anybody")
        process.send_signal(signal.SIGCONT)
        output.until(b"bytes are missing here")

    def test_replug_is_told_and_survived(self):
        _, output = self.piped("virtual:echo", "--name", "echo")
        process = self.started[-1]
        output.until(b'"echo" is')
        self.ask("unplug-virtual", {"address": "virtual:echo"})
        output.until(b"has lost its device")
        self.ask("plug-virtual", {"address": "virtual:echo"})
        output.until(b"has its device back")
        process.stdin.write(b"after the replug")
        process.stdin.flush()
        output.until(b"after the replug")

    def ask(self, event, data):
        """A request that no command stands for, over HTTP."""
        web = Control(f"{self.runtime}/control")
        web.request("POST", f"/api/v1/{event}", json.dumps(data), {"Content-Type": "application/json"})
        answer = json.loads(web.getresponse().read())
        web.close()
        self.assertTrue(answer["ok"], answer)

    def test_restart_of_the_daemon_is_survived(self):
        _, output = self.piped(self.line.path, "--name", "line", "--baud-rate", "19200")
        output.until(b'"line" is')
        self.line.write(b"one")
        output.until(b"one")
        self.daemon.terminate()
        self.assertEqual(self.daemon.wait(DEADLINE), 0)
        output.until(b"went away")
        self.serve("--allow-pty", "--demo")
        output.until(b"is back")
        wait_for(lambda: self.connections() != [], "the connection")
        self.assertEqual(self.connections()[0]["options"]["baud-rate"], 19200)
        self.line.write(b"two")
        output.until(b"two")

    def test_closing_by_somebody_else_ends_it(self):
        process, output = self.piped(self.line.path, "--name", "line")
        output.until(b'"line" is')
        self.run_program("deactivate", "line")
        output.until(b"is closed")
        self.assertEqual(process.wait(DEADLINE), 1)

    def test_what_is_neither_connection_nor_device_is_refused(self):
        code, _, errors = self.run_program("monitor", "nix")
        self.assertEqual(code, 1)
        self.assertEqual(errors, 'There is no device at "nix". See: peripheral-manager list\n')

    def test_reader_that_goes_away_ends_it(self):
        process, output = self.piped(self.line.path)
        output.until(b"is /dev/pts")
        process.stdout.close()
        wait_for(lambda: self.line.write(b"x" * 100) or process.poll() is not None, "the end")
        self.assertEqual(process.returncode, 74)


class SendTest(Places):
    def setUp(self):
        super().setUp()
        self.line = Line()
        self.addCleanup(self.line.close)
        tty.setraw(self.line.far)
        self.serve("--allow-pty", "--demo")
        self.run_program("activate", "line", self.line.path)

    def test_text_hex_file_and_standard_input(self):
        for arguments, expected in ((["häß"], "häß".encode()), (["--hex", "02 fF:0d,00"], b"\x02\xff\x0d\x00"),
                                    (["x", "--end", "lf"], b"x\n"), (["--hex", "41", "--end", "cr"], b"A\r")):
            code, _, errors = self.run_program("send", "line", *arguments)
            self.assertEqual(code, 0, errors)
            self.assertEqual(self.line.read(len(expected)), expected)
        data = os.urandom(100_000)
        path = f"{self.home}/data"
        with open(path, "wb") as file:
            file.write(data)
        process = self.start("send", "line", "--file", path, "--json")
        self.assertEqual(self.line.read(len(data)), data)
        self.assertEqual(json.loads(process.communicate(timeout=DEADLINE)[0]), {"ok": True, "bytes": len(data)})
        process = self.start("send", "line", "-", stdin=subprocess.PIPE)
        process.communicate(b"piped\0in", timeout=DEADLINE)
        self.assertEqual(self.line.read(8), b"piped\0in")

    def test_what_cannot_be_sent(self):
        for arguments, code, words in ((["--hex", "0"], 64, "pairs of hexadecimal digits"), (["--hex", "zz"], 64, "pairs"),
                                       ([], 64, "one of them"), (["a", "--hex", "41"], 64, "one of them"),
                                       (["--file", "/nonexistent"], 74, "/nonexistent cannot be read"),
                                       (["a", "--end", "x"], 64, "none, lf, cr, crlf")):
            returned, _, errors = self.run_program("send", "line", *arguments)
            self.assertEqual(returned, code, errors)
            self.assertIn(words, errors)
        self.assertEqual(self.run_program("send", "nix", "a")[0], 1)

    def test_signals_are_shown_and_set(self):
        self.run_program("activate", "echo", "virtual:echo")
        self.assertEqual(self.run_program("signals", "echo", "dtr=on", "rts=off")[0], 0)
        signals = json.loads(self.run_program("signals", "echo", "--json")[1])
        self.assertEqual((signals["dtr"], signals["rts"]), (True, False))
        self.assertIn("dtr on\n", self.run_program("signals", "echo")[1])
        self.assertEqual(self.run_program("signals", "echo", "dtr=maybe")[0], 64)

    def test_events_come_as_sentences_and_as_json(self):
        words = Output(self.start("events").stdout.fileno())
        lines = Output(self.start("events", "--json").stdout.fileno())
        wait_for(lambda: self.rename_until(words, lines), "both listeners")
        self.run_program("deactivate", "line" if self.name == "line" else self.name)
        words.until(b"is closed\n")
        lines.until(b'"connection-closed"')
        for line in lines.got.splitlines():
            self.assertEqual(set(json.loads(line)), {"event", "data"})

    name = "line"

    def rename_until(self, *outputs):
        """Rename until all have heard of it."""
        new = f"{self.name}+"
        self.run_program("rename", self.name, new)
        self.name = new
        for output in outputs:
            if select.select([output.descriptor], [], [], 0.1)[0]:
                output.got += os.read(output.descriptor, 65536)
        return all(output.got for output in outputs)


if __name__ == "__main__":
    unittest.main()
