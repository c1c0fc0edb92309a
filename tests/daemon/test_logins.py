"""test_logins.py - ports where people log in are not for applications, by the system's list of logins, which the daemon could
not open any more once it is confined. The devices are umockdev's, so this runs under umockdev-wrapper."""
import os
import struct
import subprocess
import tempfile
import unittest

from client import Client
from daemon import Program
from usb_bed import Bed, Usb

DAEMON = os.environ["PERIPHERAL_MANAGER"]
USER_PROCESS = 7


def entry(line):
    """Of utmp(5), with a process that is there."""
    return struct.pack("hi32s348x", USER_PROCESS, os.getpid(), line.encode())


def with_run(folder):
    """A command that runs another one with this folder as its /run."""
    rights = "-m" if os.geteuid() == 0 else "-rm"
    return ("unshare", rights, "sh", "-c", 'mount --bind "$0" /run && exec "$@"', folder)


class LoginsTest(Bed, unittest.TestCase):
    """TMPDIR is a folder below /dev, where the bed is within the daemon's reach. Of what comes and goes the daemon hears
    nothing there, so all is plugged in before it starts."""

    def setUp(self):
        self.run_folder = self.enterContext(tempfile.TemporaryDirectory(prefix="pm-run-", dir="/tmp"))
        if subprocess.run([*with_run(self.run_folder), "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("nothing may be mounted here")
        self.start_bed()
        self.list = f"{self.run_folder}/utmp"
        self.devices = Usb(0), Usb(1)
        for device in self.devices:
            self.plug(device)

    def start(self):
        program = Program(DAEMON, under=with_run(self.run_folder))
        self.addCleanup(program.stop)
        client = Client(program, transports=["websocket"])
        self.addCleanup(client.close)
        return client

    def reserved(self, client):
        """Where people log in, as each device's text has it."""
        told = {d["address"]: d.get("unusable") or "" for d in client.call("list-devices")["devices"]}
        return ["log in there" in told[d.node] for d in self.devices]

    def test_where_somebody_logs_in_nothing_is_opened(self):
        with open(self.list, "wb") as file:
            file.write(entry("ttyUSB0"))
        client = self.start()
        self.assertEqual(self.reserved(client), [True, False])
        answer = client.call("activate-connection", {"name": "a", "address": self.devices[0].node})
        self.assertEqual(answer["error"]["code"], "access-denied")

    def test_systems_that_have_no_list(self):
        self.assertEqual(self.reserved(self.start()), [False, False])


if __name__ == "__main__":
    unittest.main()
