"""test_firmware.py - firmware/peripheral_frame.h: its size on an AVR, and devices made with it that the daemon commands: a
program, an Arduino sketch, an emulated ATmega328P."""
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

from daemon import Line, Program, wait_for
from frame import decode, encode

DAEMON = os.environ["PERIPHERAL_MANAGER"]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIRMWARE, HERE = ROOT / "firmware", ROOT / "tests/firmware"
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", f"-I{FIRMWARE}"]
AVR = ["avr-gcc", "-mmcu=atmega328p", "-DF_CPU=16000000UL", "-Os", "-std=c99", *STRICT]
HOST_CPP = ["clang", "-x", "c++", "-std=c++11", *STRICT]


class FirmwareTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pm-test-")
        self.addCleanup(self.folder.cleanup)

    def build(self, name, *command):
        out = f"{self.folder.name}/{name}"
        subprocess.run([*map(str, command), "-o", out], check=True, timeout=120)
        return out

    def run_device(self, *command, **options):
        process = subprocess.Popen(command, **options)
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.kill)
        if process.stdout:
            self.addCleanup(process.stdout.close)
        return process

    def commands(self, path):
        """A function that sends a command to the device at this path through a daemon."""
        program = Program(DAEMON, "--allow-pty")
        self.addCleanup(lambda: self.assertEqual(program.stop(), 0))
        status, answer = program.post("activate-connection", {"name": "d", "address": path})
        self.assertEqual(status, 200, answer)

        def command(number, *args):
            return program.post("send-command", {"name": "d", "command-id": number, "args": args, "timeout": 10000})[1]

        return command

    def assert_done(self, answer, *args):
        self.assertTrue(answer["ok"], answer)
        self.assertEqual(answer["response"]["args"], list(args))

    def assert_status(self, answer, status):
        self.assertEqual((answer["error"]["code"], answer["error"]["response"]["status"]), ("device-error", status))

    def test_it_takes_less_than_2_kB_of_an_avr(self):
        out = self.build("size.o", *AVR, "-c", HERE / "size.c")
        text, data, bss = map(int, subprocess.check_output(["avr-size", out], text=True).split("\n")[1].split()[:3])
        self.assertLess(text + data, 2048)
        self.assertEqual((data, bss), (0, 0))

    def test_a_program_as_c99_and_as_cpp11(self):
        source = FIRMWARE / "examples/host/adder.c"
        for name, compiler in (("c99", ["cc", "-std=c99", "-D_XOPEN_SOURCE=600", *STRICT]), ("cpp11", HOST_CPP)):
            line = Line()
            self.addCleanup(line.close)
            device = Line()
            self.addCleanup(device.close)
            self.relay(line, device)
            self.run_device(self.build(name, *compiler, source), device.path)
            command = self.commands(line.path)
            self.assert_done(command(1, 1, -2, 2**31 - 1), 2**31 - 2)
            numbers = [0, 1, -1, 255, 256, 65536, 16843009, -(2**31)]
            self.assert_done(command(2, *numbers), *numbers)
            self.assert_done(command(2, *[0x01010101] * 59), *[0x01010101] * 59)
            self.assert_status(command(2, *range(60)), 2)
            self.assert_status(command(65535), 1)

    def relay(self, one, other):
        """Two pseudo terminals as one cable."""
        script = ("import os, select, sys\na, b = map(int, sys.argv[1:])\n"
                  "while True:\n for f in select.select([a, b], [], [])[0]: os.write(b if f == a else a, os.read(f, 4096))")
        self.run_device("/usr/bin/python3", "-c", script, str(one.far), str(other.far), pass_fds=(one.far, other.far))

    def test_damaged_frames_get_no_answer(self):
        line = Line()
        self.addCleanup(line.close)
        self.run_device(self.build("adder", "cc", "-std=c99", *STRICT, FIRMWARE / "examples/host/adder.c"), line.path)
        good = encode(7, 1, [20, 22])
        for at in range(len(good) - 1):
            for damage in (0x01, 0x80, good[at]):
                line.write(good[:at] + bytes([good[at] ^ damage]) + good[at + 1:])
        line.write(good[3:] + good[:5] + b"\0" + b"\xff" * 1000 + b"\0\0" + encode(8, 1, [0] * 61) + good)
        answer = line.read(len(encode(7, 1, [0, 42])))
        self.assertEqual(decode(answer[:-1]), (7, 1, [0, 42]))

    def test_an_arduino_sketch(self):
        line, device = Line(), Line()
        self.addCleanup(line.close)
        self.addCleanup(device.close)
        self.relay(line, device)
        sketch = FIRMWARE / "examples/pump/pump.ino"
        self.run_device(self.build("pump", *HOST_CPP, "-include", HERE / "Arduino.h", sketch), device.path)
        command = self.commands(line.path)
        self.assert_done(command(4), 1000)
        self.assert_done(command(3, 100000))
        self.assert_done(command(4), 100000)
        self.assert_done(command(1))
        self.assert_done(command(2))
        self.assertTrue(command(5)["ok"])
        for number, args, status in ((3, [0], 3), (3, [], 2), (0, [], 1), (6, [], 1)):
            self.assert_status(command(number, *args), status)

    def test_an_emulated_atmega328p(self):
        runner = self.build("avr_pty", "cc", "-std=gnu11", "-D_GNU_SOURCE", HERE / "avr_pty.c", "-lsimavr")
        chip = self.run_device(runner, self.build("echo.elf", *AVR, FIRMWARE / "examples/avr/echo.c"), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        path = next(line.strip() for line in chip.stdout if line.startswith("/dev/pts/"))  # behind what simavr says
        command = self.commands(path)
        for n in range(20):
            self.assert_done(command(1, n, -2 * n, 1000000), 1000000 - n)
        self.assert_done(command(2), 21)
        self.assert_done(command(1, *[2**31 - 1] * 2, 2), 0)
        self.assert_status(command(3), 1)

    def test_a_machine_with_a_buffer_of_128_bytes_and_the_grbl_profile(self):
        runner = self.build("avr_pty", "cc", "-std=gnu11", "-D_GNU_SOURCE", HERE / "avr_pty.c", "-lsimavr")
        chip = self.run_device(runner, self.build("grbl.elf", *AVR, HERE / "grbl_like.c"), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        path = next(line.strip() for line in chip.stdout if line.startswith("/dev/pts/"))
        program = Program(DAEMON, "--allow-pty")
        self.addCleanup(lambda: self.assertEqual(program.stop(), 0))
        program.post("activate-connection", {"name": "mill", "address": path, "profile": "grbl"})

        def command(name, args=None, timeout=30000):
            return program.post("send-command", {"name": "mill", "command": name, "args": args, "timeout": timeout})[1]

        def status():
            said = command("status")["response"]
            most, lost = said["more"].removeprefix("|Most:").split("|Lost:")
            return said["state"], said["x"], int(most), int(lost)

        self.assertTrue(command("reset")["ok"])
        self.assertEqual(command("gcode", {"line": "M3"})["error"]["response"]["code"], 20)
        lines = [f"G1 X{n} Y-{n}.5 F1200" for n in range(1, 301)]
        lines[99] = "M999"
        answer = command("run-program", {"gcode": "\n".join(lines)})
        self.assertEqual(answer["error"]["message"], '"mill" refused 1 of 300 lines: see `response`.')
        self.assertEqual(answer["error"]["response"]["failures"], [{"line": 100, "text": "M999", "error": {"code": 20}}])
        state, x, most, lost = status()
        self.assertEqual((state, x, lost), ("Idle", 300, 0))
        self.assertGreater(most, 64)  # several lines were there before it asked for them
        # a hold and a question go past the program that is under way, and a reset ends it
        answers = []
        runs = threading.Thread(target=lambda: answers.append(command("run-program", {"gcode": "\n".join(lines * 2)}, 60000)))
        runs.start()
        wait_for(lambda: 0 < status()[1] < 300, "the program to begin")
        self.assertTrue(command("hold")["ok"])
        held = wait_for(lambda: s if (s := status())[0] == "Hold:0" else None, "the machine to hold")
        self.assertEqual(status()[1], held[1])
        self.assertTrue(command("resume")["ok"])
        wait_for(lambda: status()[1] != held[1], "the machine to go on")
        self.assertEqual(answers, [])
        self.assertEqual(status()[3], 0)
        self.assertTrue(command("reset")["ok"])
        runs.join(30)
        self.assertEqual(answers[0]["error"]["message"], 'Another command to "mill" ended this one.')
        self.assertTrue(command("gcode", {"line": "G0 X7"})["ok"])
        self.assertEqual(status()[:2], ("Idle", 7))
        # without counting, its buffer runs over: the test above would see it
        program.post("send-raw", {"name": "mill", "payload": "\n".join(lines[:50]) + "\n"})
        wait_for(lambda: status()[3] > 0, "bytes that are lost")


if __name__ == "__main__":
    unittest.main()
