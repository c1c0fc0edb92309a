"""test_readme.py - what README.md tells newcomers to type does what it says."""
import os
import re
import subprocess
import unittest

from daemon import DEADLINE
from places import PROGRAM, Places

SOURCE = os.environ["PM_SOURCE"]


class ReadmeTest(Places):
    def setUp(self):
        super().setUp()
        with open(f"{SOURCE}/README.md", encoding="utf-8") as file:
            self.text = file.read()
        self.daemon = self.serve("--demo")
        self.port = re.search(r":(\d+)", self.daemon.stdout.readline().decode()).group(1)

    def example(self, language):
        """The first block of this language, for the daemon's port."""
        block = re.search(rf"```{language}\n(.*?)```", self.text, re.S).group(1)
        self.assertIn("localhost:3000", block)
        return block.replace("localhost:3000", f"localhost:{self.port}")

    def says(self, command, **options):
        """What a program writes before it ends by itself."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=3 * DEADLINE, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_page(self):
        page = self.example("html")
        script = re.search(r"<script>\n(.*?)</script>", page, re.S).group(1)
        shim = ('const { io } = require("sio-client-4");\n'
                'globalThis.document = { body: { append: (text) => { console.log(text); process.exit(0); } } };\n')
        said = self.says(["node", "-e", shim + script], env=os.environ | {"NODE_PATH": f"{SOURCE}/tests/clients/node_modules"})
        self.assertIn("Peripheral Manager", said)

    def test_the_python_program(self):
        self.assertIn("Peripheral Manager", self.says(["/usr/bin/python3", "-c", self.example("python")]))

    def test_the_lines_for_a_terminal(self):
        self.run_program("activate", "meter", "virtual:instrument")
        lines = [line.strip() for line in self.text.splitlines() if line.startswith("    curl ")]
        self.assertEqual(len(lines), 2)
        for line in lines:
            answer = self.says(["sh", "-c", line.replace("localhost:3000", f"localhost:{self.port}")])
            self.assertIn('"ok":true', answer)

    def test_commands_that_are_named_exist(self):
        commands = re.findall(r"(?:^    |`|\| )peripheral-manager (\w+)", self.text, re.M)
        self.assertLessEqual({"doctor", "approve", "monitor"}, set(commands))
        for command in commands:
            self.assertEqual(self.run_program(command, "--help")[0], 0, command)

    def test_the_program_is_called_by_its_name_once_that_is_told(self):
        (path,) = re.findall(r'^    export PATH="\$PWD/(.*):\$PATH"$', self.text, re.M)
        before, after = self.text.split(f"    export PATH", 1)
        self.assertNotRegex(before, r"(^    |`)peripheral-manager ")
        self.assertNotIn(f"{path}/peripheral-manager", after)
        program = f"{self.home}/{path}/peripheral-manager"
        os.makedirs(os.path.dirname(program))
        os.symlink(PROGRAM, program)
        line = re.search(r"^    (printf .*)$", after, re.M).group(1)
        self.assertIn("Peripheral Manager", self.says(["sh", "-c", f'export PATH="$PWD/{path}:$PATH"; {line}'],
                                                      cwd=self.home, env=self.environment))

    def test_targets_and_documents_that_are_named_exist(self):
        with open(f"{SOURCE}/Makefile", encoding="utf-8") as file:
            targets = re.findall(r"^([\w-]+):", file.read(), re.M)
        for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
            with open(f"{SOURCE}/{name}", encoding="utf-8") as file:
                text = file.read()
            for target in re.findall(r"(?:^    |`)make ([\w-]+)", text, re.M):
                self.assertIn(target, targets, name)
            for link in re.findall(r"\]\(([^)#:]+)\)", text):
                self.assertTrue(os.path.exists(f"{SOURCE}/{link}"), f"{name}: {link}")

    def test_folders_of_the_architecture_exist_and_none_is_missing(self):
        with open(f"{SOURCE}/ARCHITECTURE.md", encoding="utf-8") as file:
            named = set(re.findall(r"^\| `(src/\w+)`", file.read(), re.M))
        self.assertEqual(named, {f"src/{entry.name}" for entry in os.scandir(f"{SOURCE}/src") if entry.is_dir()})


if __name__ == "__main__":
    unittest.main()
