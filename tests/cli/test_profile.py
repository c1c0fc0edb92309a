"""test_profile.py - profiles, profile check and command on the command line."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from daemon import Program, environment

DAEMON = os.environ["PERIPHERAL_MANAGER"]
PROFILES = pathlib.Path(os.environ["PM_SOURCE"]) / "profiles"


class ProfileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = Program(DAEMON, "--demo")
        cls.program.post("activate-connection", {"name": "scope", "address": "virtual:instrument", "profile": "scpi"})
        cls.program.post("activate-connection", {"name": "plain", "address": "virtual:echo"})
        cls.program.post("activate-connection", {"name": "pump", "address": "virtual:pump", "profile": "standard-frame"})

    @classmethod
    def tearDownClass(cls):
        assert cls.program.stop() == 0

    def run_command(self, *words):
        return subprocess.run([DAEMON, *words], env=environment(self.program.home), capture_output=True, text=True,
                              timeout=60)

    def good(self, *words):
        done = self.run_command(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_all_profiles_are_listed(self):
        out = self.good("profiles")
        for path in PROFILES.glob("*.json"):
            if path.name != "profile.schema.json":
                self.assertIn(path.stem, out)
                self.assertIn("is good", self.good("profile", "check", str(path)))

    def test_a_mistake_has_its_place(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('{"profile": 1,\n "id": "x", "name": 5}')
            file.flush()
            done = self.run_command("profile", "check", file.name)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f'{file.name}: line 2, column 21: "name" must be a text', done.stderr)
        self.assertEqual(self.run_command("profile", "check", "/nowhere.json").returncode, 74)
        self.assertEqual(self.run_command("profile", "bake", "x").returncode, 64)

    def test_commands_and_readable_answers(self):
        self.assertIn("model: Virtual instrument\n", self.good("command", "scope", "identify"))
        self.good("command", "pump", "set-rate", "rate=2500")
        self.assertIn("rate: 2500 µl/min\n", self.good("command", "pump", "get-rate"))
        self.good("command", "pump", "set-rate", "1000")
        self.assertIn('"rate": 1000', self.good("command", "pump", "4", "--json"))
        self.assertEqual(self.good("command", "scope", "write", "command=*RST"), "Sent.\n")

    def test_what_is_wrong_is_told(self):
        done = self.run_command("command", "pump", "set-rate", "rate=0")
        self.assertEqual(done.returncode, 64)
        self.assertIn("from 1 to 100000 µl/min", done.stderr)
        self.assertIn("no connection", self.run_command("command", "nothing", "run").stderr)

    def test_commands_are_listed_with_what_they_take(self):
        listed = self.good("command", "pump")
        self.assertRegex(listed, r"(?m)^set-rate\b.*\n    rate=  .*from 1 to 100000 µl/min$")
        self.assertIn("go by number", self.good("command", "plain"))
        done = self.run_command("command", "pump", "sing")
        self.assertEqual((done.returncode, done.stderr), (
            64, '"command" must be a command of the profile "standard-frame". See: peripheral-manager command NAME\n'))


if __name__ == "__main__":
    unittest.main()
