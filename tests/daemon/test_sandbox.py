"""test_sandbox.py - the running daemon has given up its rights, in every thread, and does all its work without them."""
import glob
import os
import unittest

from daemon import Line, Program

DAEMON = os.environ["PERIPHERAL_MANAGER"]


def rights(pid):
    """(Seccomp, NoNewPrivs) of every thread, as the kernel tells them."""
    found = set()
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path, encoding="ascii") as file:
            fields = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        found.add((fields["Seccomp"], fields["NoNewPrivs"]))
    return found


class SandboxTest(unittest.TestCase):
    def start(self, *options):
        program = Program(DAEMON, "--demo", "--allow-pty", *options)
        self.addCleanup(program.stop)
        return program

    def test_every_thread_is_confined_and_works(self):
        program = self.start()
        line = Line()
        self.addCleanup(line.close)
        status, answer = program.post("activate-connection", {"name": "line", "address": line.path})
        self.assertEqual((status, answer["ok"]), (200, True))
        self.assertEqual(program.post("send-raw", {"name": "line", "payload": "x"})[1], {"ok": True, "bytes": 1})
        self.assertEqual(line.read(1), b"x")
        self.assertEqual(rights(program.process.pid), {("2", "1")})

    def test_the_setting_keeps_all_rights(self):
        program = self.start("--no-sandbox")
        self.assertEqual(rights(program.process.pid), rights(os.getpid()))


if __name__ == "__main__":
    unittest.main()
