"""places.py - runs the program with directories of the test's own: what the tests of the command line share."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from daemon import DEADLINE, environment, wait_for

PROGRAM = os.environ["PERIPHERAL_MANAGER"]
REFUSED, USAGE, NO_DAEMON, IO, PROTOCOL, PERMISSION = 1, 64, 69, 74, 76, 77  # its exit codes


class Control(http.client.HTTPConnection):
    """HTTP over the control socket."""

    def __init__(self, path):
        super().__init__("no-name-is-checked-here")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(self.path)


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
        """A daemon that is ready, as it tells a service manager."""
        path = f"{self.home}/ready"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            if os.path.exists(path):
                os.unlink(path)
            manager.bind(path)
            manager.settimeout(0.1)
            process = self.start("serve", "--allow-root", "--port", port, *options,
                                 **{"env": self.environment | {"NOTIFY_SOCKET": path}} | more)
            wait_for(lambda: process.poll() is not None or self.hears(manager, b"READY=1"), "a daemon that is ready")
        self.assertIsNone(process.poll(), "the daemon ended at once")
        return process

    @staticmethod
    def hears(manager, state):
        try:
            return manager.recv(100) == state
        except TimeoutError:
            return False

    def run_program(self, *arguments, **options):
        """A process that ends by itself: its exit code, output and errors."""
        settings = {"stdin": subprocess.DEVNULL, "env": self.environment, "timeout": DEADLINE} | options
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, **settings)
        return done.returncode, done.stdout, done.stderr

    def command(self, *arguments, code=0):
        """What a command writes that ends with this code, and what it says on stderr."""
        returned, output, errors = self.run_program(*arguments)
        self.assertEqual(returned, code, errors)
        return output, errors

    def json(self, *arguments, code=0):
        """What it writes with --json."""
        return json.loads(self.command(*arguments, "--json", code=code)[0])
