"""test_manual.py - help, manual and exit codes say the same; the tables in them are compared by the test `reference`."""
import os
import re
import shlex
import subprocess
import unittest

from daemon import DEADLINE
from places import Places

SOURCE = os.environ["PM_SOURCE"]
PAGES = [f"{SOURCE}/docs/man/{page}" for page in ("peripheral-manager.1", "peripheral-manager.conf.5")]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class ManualTest(Places):
    def help(self, *command):
        code, text, errors = self.run_program(*command, "--help")
        self.assertEqual((code, errors), (0, ""))
        return text

    def limits(self):
        code, text, errors = self.run_program("--help-limits")
        self.assertEqual((code, errors), (0, ""))
        return text

    def commands(self):
        listed = self.help().split("Commands:\n")[1].split("\"peripheral-manager COMMAND")[0]
        return [line.split()[0] for line in listed.splitlines() if line.startswith("  ")]

    def test_pages_are_well_formed(self):
        for page in PAGES:
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True,
                                  timeout=DEADLINE)
            self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_every_option_of_the_help_is_in_the_manual(self):
        manual = read(PAGES[0])
        for command in self.commands():
            section = manual.split(f".Ss {command}", 1)[1].split(".Ss ", 1)[0]
            everywhere = manual.split(".Ss Options of every command but serve", 1)[1].split(".Sh ", 1)[0]
            options = re.findall(r"^  (?:-\w, )?--([\w-]+)", self.help(command) + (self.limits() if command == "serve" else ""), re.M)
            self.assertIn("help", options)
            for option in options:
                self.assertIn(f"Fl -{option}", section + everywhere, command)

    def test_every_setting_is_an_option(self):
        settings = re.findall(r"^\.It Cm ([\w-]+)", read(PAGES[1]), re.M)
        self.assertIn("allow-origin", settings)
        for setting in settings:
            self.assertIn(f"--{setting} ", self.help() + self.limits())

    def test_examples_are_command_lines(self):
        for command in self.commands():
            text = self.help(command)
            example = re.search(r"^Example: (.*)$", text, re.M).group(1)
            words = shlex.split(example.removeprefix("source <(").removesuffix(")"))
            self.assertEqual(words[0], "peripheral-manager")
            self.assertEqual(self.run_program(*words[1:], "--help")[0], 0, example)

    def test_examples_in_the_file_are_settings(self):
        path = f"{self.home}/conf"
        example = read(PAGES[1]).split(".Sh EXAMPLES")[1].split("indent\n")[1].split(".Ed")[0]
        with open(path, "w", encoding="utf-8") as file:
            file.write(example + "nix = 1\n")
        code, _, errors = self.run_program("serve", "--allow-root", "--config", path)
        self.assertEqual(code, 78)
        self.assertIn(f":{len(example.splitlines()) + 1}:1: there is no setting \"nix\"", errors)  # and all before is right

    def test_every_exit_code_is_in_the_manual(self):
        codes = re.findall(r"PM_EXIT_\w+ = (\d+)", read(f"{SOURCE}/src/daemon/daemon.h"))
        self.assertIn("69", codes)
        status = read(PAGES[0]).split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
        self.assertEqual(sorted(re.findall(r"^\.It (\d+)", status, re.M)), sorted(codes))

    def test_no_option_is_there_twice(self):
        for command in self.commands():
            options = re.findall(r"^  (?:-\w, )?--([\w-]+)", self.help(command), re.M)
            self.assertEqual(len(options), len(set(options)), command)


if __name__ == "__main__":
    unittest.main()
