"""test_sandbox.py - the running daemon has given up its rights, in every thread, and does all its work without them."""
import contextlib
import ctypes
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest
from unittest import mock

from daemon import DEADLINE, Line, Program, environment, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
CREATE_RULESET, VERSION = 444, 1
LANDLOCK = ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, VERSION)  # what the kernel can, or -1
PROFILE = """{"profile": 1, "id": "%s", "name": "A pump", "frame": {"kind": "lines"}, "send": {"after": "\\n"},
 "commands": [{"name": "on", "purpose": "Turn it on", "send": "ON"}]}"""


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
        self.folder = pathlib.Path(program.home, "config/peripheral-manager")
        return program

    def profiles(self, program):
        return [p["id"] for p in program.post("list-profiles", {})[1]["profiles"] if p["id"] in ("outside", "inside")]

    def test_every_thread_is_confined_and_works(self):
        program = self.start()
        line = Line()
        self.addCleanup(line.close)
        status, answer = program.post("activate-connection", {"name": "line", "address": line.path})
        self.assertEqual((status, answer["ok"]), (200, True))
        self.assertEqual(program.post("send-raw", {"name": "line", "payload": "x"})[1], {"ok": True, "bytes": 1})
        self.assertEqual(line.read(1), b"x")
        self.assertEqual(rights(program.process.pid), {("2", "1")})

    def elsewhere(self):
        """A folder of profiles of this user outside of the daemon's own, which a link leads to since the start."""
        outside = tempfile.TemporaryDirectory(prefix="pm-outside-")
        self.addCleanup(outside.cleanup)
        pathlib.Path(outside.name, "pump.json").write_text(PROFILE % "outside")
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "profiles").symlink_to(outside.name)

    @unittest.skipUnless(LANDLOCK > 0, "needs Landlock")
    def test_files_of_the_user_are_out_of_reach(self):
        program = self.start()
        profiles = self.folder / "profiles"
        profiles.mkdir()
        (profiles / "pump.json").write_text(PROFILE % "inside")
        wait_for(lambda: self.profiles(program) == ["inside"], "a profile in the daemon's own folder")
        shutil.rmtree(profiles)
        self.elsewhere()
        wait_for(lambda: "profiles cannot be read: Permission denied. If it came there" in program.line(), "the log")
        wait_for(lambda: self.profiles(program) == [], "an end of the profile")

    def test_a_folder_of_profiles_that_is_none(self):
        program = self.start()
        (self.folder / "profiles").write_text("no folder")
        self.assertEqual(self.profiles(program), [])
        wait_for(lambda: program.line().endswith("profiles cannot be read: Not a directory.\n"), "the log")

    @unittest.skipUnless(LANDLOCK > 0, "needs Landlock")
    def test_a_file_in_the_home_is_warned_of(self):
        home = self.enterContext(tempfile.TemporaryDirectory(prefix="pm-home-"))
        for folder, warned in ((home, True), (f"{home}/settings", False)):
            os.makedirs(folder, exist_ok=True)
            pathlib.Path(folder, "pm.conf").touch()
            with mock.patch.dict(os.environ, HOME=home):
                process = subprocess.Popen([DAEMON, "--allow-root", "--ephemeral", "--port", "0", "--config", f"{folder}/pm.conf"],
                                           env=environment(f"{home}/daemon"), stderr=subprocess.PIPE, text=True)
            said = [line := process.stderr.readline()]
            while line and "Listening" not in line:
                said.append(line := process.stderr.readline())
            process.terminate()
            process.communicate(timeout=DEADLINE)
            self.assertEqual("folder of its own" in "".join(said), warned, said)

    @unittest.skipUnless(LANDLOCK > 0, "needs Landlock")
    def test_a_stopped_lookout_does_not_hold_the_end_up(self):
        program = self.start()
        pid = program.process.pid
        lookout = int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        os.kill(lookout, signal.SIGSTOP)
        try:
            program.process.terminate()
            self.assertEqual(program.process.wait(DEADLINE), 0)
        finally:
            with contextlib.suppress(ProcessLookupError):  # where the daemon may not kill it, it goes on, and ends
                os.kill(lookout, signal.SIGCONT)

    def test_the_setting_keeps_all_rights(self):
        program = self.start("--no-sandbox")
        self.assertEqual(rights(program.process.pid), rights(os.getpid()))
        self.elsewhere()
        wait_for(lambda: self.profiles(program) == ["outside"], "the profile behind the link")


if __name__ == "__main__":
    unittest.main()
