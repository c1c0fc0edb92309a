"""test_completion.py - what a shell completes, asked of the shell itself."""
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from daemon import DEADLINE
from places import PROGRAM, Places


class CompletionTest(Places):
    def setUp(self):
        super().setUp()
        self.environment["PATH"] = f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"

    def words(self, *words):
        """What the last word can become, as the shells ask it."""
        code, said, errors = self.run_program("completion", "words", "--", *words)
        self.assertEqual((code, errors), (0, ""))
        return [line.split("\t")[0] for line in said.splitlines()]

    def bash(self, *words):
        """What bash puts in place of the last word, which it has cut at : and =."""
        script = (f"source <(peripheral-manager completion bash); COMP_WORDS=(peripheral-manager {' '.join(words)});"
                  f"COMP_CWORD={len(words)}; _peripheral_manager; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=DEADLINE,
                              env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def fish(self, line):
        """What fish offers for the end of a line."""
        script = f"peripheral-manager completion fish | source; complete -C '{line}'"
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=DEADLINE,
                              env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [offer.split("\t")[0] for offer in done.stdout.splitlines()]

    def zsh(self, line, load="source <(peripheral-manager completion zsh)"):
        """What a line becomes in a terminal with zsh when Tab is pressed behind it."""
        process, terminal = pty.fork()
        if process == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], self.environment | {"TERM": "dumb", "PS1": "> "})
        said, end = b"", time.monotonic() + DEADLINE

        def wait(pattern):
            nonlocal said
            while not (found := re.search(pattern, said)):
                self.assertTrue(select.select([terminal], [], [], max(0, end - time.monotonic()))[0], said)
                said += os.read(terminal, 4096)
            said = said[found.end():]
            return found

        try:
            # Ctrl-T writes the line as it is between marks, whatever the screen shows
            os.write(terminal, b"show() { print -r -- $'\\n'\"<$BUFFER>\" }; zle -N show; bindkey '^T' show;"
                               b"autoload -Uz compinit; ")
            os.write(terminal, f"{load}; print re''ady\n".replace("source", "compinit -u -D; source").encode())
            wait(rb"ready\r\n")
            os.write(terminal, f"{line}\t\x14".encode())
            return wait(rb"\n<(.*)>\r")[1].decode()
        finally:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(terminal)

    def test_commands_options_and_words(self):
        self.assertEqual(self.words("mon"), ["monitor"])
        self.assertIn("activate", self.words(""))
        self.assertEqual(self.words(), self.words(""))
        self.assertEqual(self.words("--allow-o"), ["--allow-origin"])
        self.assertEqual(self.words("--port", "3001", "--allow-o"), ["--allow-origin"])
        self.assertEqual(self.words("--no-sta"), self.words("serve", "--no-sta"))
        self.assertNotIn("--no-demo", self.words("serve", "--"))
        self.assertIn("--no-demo", self.words("serve", "--no"))
        self.assertEqual(self.words("monitor", "--time"), ["--timestamps"])
        self.assertEqual(self.words("send", "x", "--en"), ["--end"])
        self.assertEqual(self.words("send", "x", "--end", "c"), ["cr", "crlf"])
        self.assertEqual(self.words("send", "x", "--end=c"), ["--end=cr", "--end=crlf"])
        self.assertEqual(self.words("activate", "a", "b", "--parity", "e"), ["even"])
        self.assertEqual(self.words("list", "--nix"), [])
        self.assertEqual(self.words("nix", ""), [])

    def test_words_of_commands_with_several_ways(self):
        self.assertEqual(self.words("token", ""), ["create", "list", "revoke"])
        self.assertEqual(self.words("token", "create", ""), [])
        self.assertEqual(self.words("token", "create", "lab", ""), ["read", "write", "control", "record"])
        self.assertEqual(self.words("token", "create", "lab", "read", "w"), ["write"])
        self.assertEqual(self.words("token", "list", ""), [])
        self.assertEqual(self.words("profile", ""), ["check"])
        self.assertEqual(self.words("profile", "check", ""), [])
        self.assertEqual(self.words("completion", ""), ["bash", "zsh", "fish", "words"])
        self.assertIn("dtr=on", self.words("signals", "pump", "rts=off", "d"))
        self.assertIn("subscribe", self.words("request", "sub"))
        self.assertEqual(self.words("request", "subscribe", ""), [])

    def test_names_and_addresses_come_from_the_daemon(self):
        self.assertEqual(self.words("deactivate", ""), [])
        self.serve("--demo")
        self.run_program("activate", "speaker", "virtual:echo")
        self.assertEqual(self.words("deactivate", ""), ["speaker"])
        self.assertIn("virtual:pump", self.words("activate", "x", "virt"))
        self.assertLessEqual({"speaker", "virtual:pump"}, set(self.words("monitor", "")))
        self.assertEqual(self.words("activate", "x", "virtual:echo", "--profile", "nmea"), ["nmea-gps"])
        self.run_program("token", "create", "lab")
        self.assertEqual(self.words("token", "revoke", ""), ["lab"])
        self.assertEqual(self.words("approve", ""), [])

    def test_what_a_device_can_be_told(self):
        self.assertEqual(self.words("command", ""), [])
        self.serve("--demo")
        self.run_program("activate", "pump", "virtual:pump", "--profile", "standard-frame")
        self.assertEqual(self.words("command", ""), ["pump"])
        self.assertEqual(self.words("command", "pump", "set"), ["set-rate"])
        self.assertEqual(self.words("command", "pump", "set-rate", ""), ["rate="])
        self.assertEqual(self.words("command", "nothing", ""), [])
        self.assertEqual(self.bash("command", "pump", "set-rate", "ra"), ["rate="])
        self.assertEqual(self.fish("peripheral-manager command "), ["pump"])
        self.assertEqual(self.fish("peripheral-manager command pump set"), ["set-rate"])
        self.assertEqual(self.fish("peripheral-manager command pump set-rate "), ["rate="])
        self.assertEqual(self.zsh("peripheral-manager command pump set-rate "),
                         "peripheral-manager command pump set-rate rate=")

    def test_bash_completes(self):
        self.assertEqual(self.bash("mon"), ["monitor"])
        self.assertIn("activate", self.bash("''"))
        self.assertEqual(self.bash("send", "x", "--end", "=", "c"), ["cr", "crlf"])
        self.assertEqual(self.bash("send", "x", "--end", "="), ["none", "lf", "cr", "crlf"])
        self.assertEqual(self.bash("list", "--nix"), [])
        self.serve("--demo")
        self.assertEqual(self.bash("activate", "x", "virtual", ":", "pum"), ["pump"])
        self.assertIn("pump", self.bash("activate", "x", "virtual", ":"))
        self.assertIn("virtual:pump", self.bash("activate", "x", "virtual"))

    def test_fish_completes(self):
        self.assertEqual(self.fish("peripheral-manager mon"), ["monitor"])
        self.assertIn("activate", self.fish("peripheral-manager "))
        self.assertEqual(self.fish("peripheral-manager monitor --time"), ["--timestamps"])
        self.assertEqual(self.fish("peripheral-manager send x --end c"), ["cr", "crlf"])
        with open(f"{self.home}/own.json", "w", encoding="utf-8"):
            self.assertEqual(self.fish(f"peripheral-manager profile check {self.home}/ow"), [f"{self.home}/own.json"])

    def test_zsh_completes(self):
        self.assertEqual(self.zsh("peripheral-manager mon"), "peripheral-manager monitor ")
        self.assertEqual(self.zsh("peripheral-manager monitor --time"), "peripheral-manager monitor --timestamps ")
        self.assertEqual(self.zsh("peripheral-manager list --nix"), "peripheral-manager list --nix")
        self.serve("--demo")
        self.assertEqual(self.zsh("peripheral-manager activate x virtual:pu"),
                         "peripheral-manager activate x virtual:pump ")
        with open(f"{self.home}/own.json", "w", encoding="utf-8"):
            self.assertEqual(self.zsh(f"peripheral-manager profile check {self.home}/ow"),
                             f"peripheral-manager profile check {self.home}/own.json ")

    def test_zsh_finds_it_where_packages_put_it(self):
        folder = f"{self.home}/vendor-completions"
        os.mkdir(folder)
        with open(f"{folder}/_peripheral-manager", "w", encoding="utf-8") as file:
            file.write(self.run_program("completion", "zsh")[1])
        self.assertEqual(self.zsh("peripheral-manager mon", f"fpath=({folder} $fpath); compinit -u -D"),
                         "peripheral-manager monitor ")

    def test_names_are_not_run_by_the_shell(self):
        self.serve("--demo")
        mark = f"{self.home}/run-by-the-shell"
        for name in (f"$(touch${{IFS}}{mark})"[:64], "`echo`", "a*", "a;b", "a:b"):
            self.assertEqual(self.run_program("activate", name, "virtual:echo")[0], 0)
            offered = self.bash("deactivate", "''")
            self.assertEqual(len(offered), 1, offered)
            self.assertEqual(subprocess.check_output(["bash", "-c", f"printf %s {offered[0]}"], text=True), name)
            self.assertEqual(self.fish("peripheral-manager deactivate "), [name])
            line = self.zsh("peripheral-manager deactivate ").removeprefix("peripheral-manager deactivate ")
            self.assertEqual(subprocess.check_output(["zsh", "-fc", f"printf %s {line}"], text=True), name)
            self.run_program("deactivate", name)
        self.assertFalse(os.path.exists(mark))

    def test_shells_that_there_are(self):
        code, _, errors = self.run_program("completion", "nix")
        self.assertEqual(code, 64)
        self.assertIn("bash, zsh or fish", errors)


if __name__ == "__main__":
    unittest.main()
