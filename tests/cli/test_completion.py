"""test_completion.py - what a shell completes, asked of the shell itself."""
import os
import shutil
import subprocess
import unittest

from daemon import DEADLINE
from places import PROGRAM, Places


class CompletionTest(Places):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = (f"source <({PROGRAM} completion bash); COMP_WORDS=(peripheral-manager {' '.join(words)});"
                  f"COMP_CWORD={len(words)}; _peripheral_manager; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        path = f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=DEADLINE,
                              env=self.environment | {"PATH": path})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_commands_options_and_words(self):
        self.assertEqual(self.complete("mon"), ["monitor"])
        self.assertIn("activate", self.complete("''"))
        self.assertEqual(self.complete("--allow-o"), ["--allow-origin"])
        self.assertEqual(self.complete("--port", "3001", "monitor", "--time"), ["--timestamps"])
        self.assertEqual(self.complete("send", "x", "--en"), ["--end"])
        self.assertEqual(self.complete("send", "x", "--end", "c"), ["cr", "crlf"])
        self.assertEqual(self.complete("activate", "a", "b", "--parity", "e"), ["even"])
        self.assertEqual(self.complete("list", "--nix"), [])

    def test_names_and_addresses_come_from_the_daemon(self):
        self.assertEqual(self.complete("deactivate", "''"), [])
        self.serve("--demo")
        self.run_program("activate", "speaker", "virtual:echo")
        self.assertEqual(self.complete("deactivate", "''"), ["speaker"])
        self.assertIn("virtual:pump", self.complete("activate", "x", "virt"))
        self.assertLessEqual({"speaker", "virtual:pump"}, set(self.complete("monitor", "''")))

    def test_what_a_device_can_be_told(self):
        self.assertEqual(self.complete("command", "''"), [])
        self.serve("--demo")
        self.run_program("activate", "pump", "virtual:pump", "--profile", "standard-frame")
        self.assertEqual(self.complete("command", "''"), ["pump"])
        self.assertEqual(self.complete("command", "pump", "set"), ["set-rate"])
        self.assertEqual(self.complete("command", "pump", "set-rate", "''"), ["rate="])
        self.assertEqual(self.complete("command", "nothing", "''"), [])
        self.assertEqual(self.run_program("completion", "device", "pump", "set-rate"), (0, "rate=\n", ""))

    def test_names_are_not_run_by_the_shell(self):
        self.serve("--demo")
        mark = f"{self.home}/run-by-the-shell"
        for name in (f"$(touch${{IFS}}{mark})"[:64], "`echo`", "a*", "a;b"):
            self.assertEqual(self.run_program("activate", name, "virtual:echo")[0], 0)
            offered = self.complete("deactivate", "''")
            self.assertEqual(len(offered), 1, offered)
            self.assertEqual(subprocess.check_output(["bash", "-c", f"printf %s {offered[0]}"], text=True), name)
            self.run_program("deactivate", name)
        self.assertFalse(os.path.exists(mark))

    def test_every_shell_reads_its_own(self):
        for shell in ("bash", "zsh", "fish"):
            code, script, _ = self.run_program("completion", shell)
            self.assertEqual(code, 0)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=DEADLINE)
                self.assertEqual(done.returncode, 0, done.stderr)
        code, _, errors = self.run_program("completion", "nix")
        self.assertEqual(code, 64)
        self.assertIn("bash, zsh or fish", errors)


if __name__ == "__main__":
    unittest.main()
