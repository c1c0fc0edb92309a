"""places.py - runs the program with directories of the test's own: what the tests of the command line share."""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from daemon import DEADLINE, environment, wait_for

PROGRAM = os.environ["PERIPHERAL_MANAGER"]


class Places(unittest.TestCase):
    """A home of its own for each test; what it starts is ended with it."""

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="pm-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.environment = environment(self.home)
        self.runtime = f"{self.home}/run/peripheral-manager"
        self.state = f"{self.home}/state/peripheral-manager"
        self.started = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
            process.wait(DEADLINE)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()

    def start(self, *arguments, **options):
        """A process that goes on; its streams are pipes unless the options say otherwise."""
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT,
                    "env": self.environment} | options
        process = subprocess.Popen([PROGRAM, *arguments], **settings)
        self.started.append(process)
        return process

    def serve(self, *options, port="0", **more):
        """A daemon that is ready."""
        process = self.start("serve", "--allow-root", "--port", port, *options, **more)
        wait_for(lambda: process.poll() is not None or os.path.exists(f"{self.runtime}/control"), "the control socket")
        self.assertIsNone(process.poll(), "the daemon ended at once")
        return process

    def run_program(self, *arguments, **options):
        """A process that ends by itself: its exit code, output and errors."""
        settings = {"stdin": subprocess.DEVNULL, "env": self.environment, "timeout": DEADLINE} | options
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, **settings)
        return done.returncode, done.stdout, done.stderr
