"""record_case.py - what the tests of recordings share: a daemon whose folder of recordings they see."""
import glob
import os
import shutil
import tempfile
import unittest

import recording
from client import Client
from daemon import Line, Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
DATA = bytes(i * 7 % 251 for i in range(300_000))


class RecordCase(unittest.TestCase):
    options = ()

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="pm-test-")
        self.addCleanup(shutil.rmtree, self.home)
        self.folder = f"{self.home}/state/peripheral-manager/recordings"
        self.clients, self.lines = [], []
        self.program = None
        self.start()

    def start(self, **how):
        self.program = Program(DAEMON, "--demo", "--allow-pty", *self.options, home=self.home, **how)

    def tearDown(self):
        for client in self.clients:
            client.close()
        for line in self.lines:
            line.close()
        if self.program:
            self.assertEqual(self.program.stop(), 0)

    def client(self):
        self.clients.append(Client(self.program, transports=["websocket"]))
        return self.clients[-1]

    def post(self, event, **data):
        status, answer = self.program.post(event, data)
        self.assertEqual((status, answer.get("ok")), (200, True), answer)
        return answer

    def line(self, name="pump", **options):
        self.lines.append(Line())
        self.post("activate-connection", name=name, address=self.lines[-1].path, **options)
        return self.lines[-1]

    def connection(self, name="pump"):
        return next(c for c in self.post("list-connections")["connections"] if c["name"] == name)

    def write(self, line, data, name="pump"):
        """Write to the device's end of the line and wait until the daemon has all of it."""
        end = self.connection(name)["offset"] + len(data)
        for at in range(0, len(data), 1000):
            line.write(data[at : at + 1000])
        wait_for(lambda: self.connection(name)["offset"] == end, "all bytes")

    def files(self):
        return sorted(glob.glob(f"{glob.escape(self.folder)}/*.pmrec"))

    def records(self):
        """Of all parts together."""
        found = []
        for path in self.files():
            with open(path, "rb") as file:
                found += recording.read(file.read())[0]
        return found

    def listed(self):
        return self.post("list-recordings")["recordings"]
