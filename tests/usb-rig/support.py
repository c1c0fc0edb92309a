"""support.py - the daemon in the guest, and clients of it on this side: what the tests of the USB rig share."""
import os
import random
import unittest

import daemon
from client import Client
from rig import LIFETIME, Rig

HERE = os.path.dirname(os.path.realpath(__file__))
DATA = random.Random(1).randbytes(200_000)
DAEMON = os.environ["PERIPHERAL_MANAGER"]
daemon.DEADLINE = 30  # an emulated processor is some ten times slower


class GuestDaemon(daemon.Server):
    """`under` is a command that runs it."""

    def __init__(self, rig, under=()):
        self.rig, self.under = rig, under
        self.port = rig.forward()
        self.start()

    def start(self):
        folders = [f"XDG_{name}_HOME=/run/pm/{name.lower()}" for name in ("CONFIG", "STATE")]
        self.pid = self.rig.spawn("daemon", *self.under, "env", *folders, "XDG_RUNTIME_DIR=/run/pm", DAEMON, "--allow-root",
                                  "--port", str(self.port))
        daemon.wait_for(lambda: f":{self.port}" in self.rig.log("daemon"), "the daemon's first line")

    def end(self, signal="TERM"):
        """Ends it and waits until it is gone."""
        self.rig.guest(f"kill -{signal} {self.pid}; while kill -0 {self.pid} 2> /dev/null; do sleep 0.02; done")


class UsbTest(unittest.TestCase):
    """One guest for the tests of a class; each test has a daemon, and begins and ends without a device."""

    user, under = "root", ()  # who runs the daemon, and by which command
    lifetime = LIFETIME  # of the guest

    @classmethod
    def setUpClass(cls):
        cls.rig = Rig(cls.lifetime)
        cls.addClassCleanup(cls.rig.stop)
        cls.rig.guest(f"mkdir -m 700 /run/pm && chown {cls.user} /run/pm")

    def setUp(self):
        self.daemon = GuestDaemon(self.rig, self.under)
        self.addCleanup(self.tidy)
        self.client = Client(self.daemon, transports=["websocket"])
        self.addCleanup(self.client.close)

    def tidy(self):
        for port in list(self.rig.sockets):
            self.rig.unplug(port)
        self.daemon.end()
        log = self.rig.log("daemon")
        self.assertNotIn("ERROR: ", log)  # of a sanitizer
        self.rig.guest("udevadm settle --timeout=60; rm -rf /run/pm/*")

    def call(self, event, **data):
        return self.client.io.call(event, data, timeout=60)

    def ok(self, event, **data):
        answer = self.call(event, **data)
        self.assertTrue(answer["ok"], answer)
        return answer

    def devices(self):
        """Those on USB, by address."""
        return {d["address"]: d for d in self.ok("list-devices")["devices"] if d["vid"] is not None}

    def plug(self, device, port):
        """Its address, once it is listed."""
        self.rig.plug(device, port)
        return daemon.wait_for(lambda: self.address_in(port), "the device")

    def address_in(self, port):
        return next((d["address"] for d in self.devices().values() if d["location"].split(":")[0] == f"1-{port}"), None)

    def connection(self, name):
        return next(c for c in self.ok("list-connections")["connections"] if c["name"] == name)

    def lose(self, name, port):
        self.rig.unplug(port)
        self.assertEqual(self.client.wait_event("connection-lost", name=name)["reason"], "device-gone")
