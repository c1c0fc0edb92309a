"""test_faults.py - the fault run on a real USB stack: adapters stream a sequence that tells its own place, and are pulled out
in the middle of it and put back elsewhere; the daemon is killed, somebody sets the clock. At the end every byte is
accounted for. PM_FAULT_SECONDS and PM_FAULT_SEED make it longer or another one."""
import os
import random
import sys
import threading
import time
import unittest

import daemon
from daemon import wait_for
from rig import LIFETIME
from support import HERE, UsbTest
from usb_serial import Acm, Ftdi

sys.path.insert(0, os.path.join(HERE, "../soak"))

from account import piece  # noqa: E402
from readers import Page  # noqa: E402

SECONDS = float(os.environ.get("PM_FAULT_SECONDS", "12"))
SEED = int(os.environ.get("PM_FAULT_SEED", "1"))
RATE = 4000  # bytes a second
PORTS = range(1, 9)
daemon.DEADLINE = 300  # a busy machine gives the guest little, and its udev takes minutes for six devices


class Stream:
    """A device that never stops talking, plugged in or not: what it says meanwhile waits in it."""

    def __init__(self, device, rng):
        self.device, self.rng, self.at = device, rng, 0
        self.running = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def say(self, n):
        self.device.write(piece(self.at, n))
        self.at += n

    def run(self):
        while self.running:
            n = self.rng.randrange(1, 400)
            self.say(n)
            self.device.got.clear()  # what a terminal for people sent back before the daemon had it
            time.sleep(n / RATE)

    def stop(self):
        self.running = False
        self.thread.join()
        self.say(64)


class FaultsTest(UsbTest):
    lifetime = LIFETIME + int(SECONDS)

    def setUp(self):
        super().setUp()
        self.rng = random.Random(SEED)
        self.devices_of = {"a": Ftdi(serial="F1"), "b": Ftdi(serial="F2"), "c": Acm(serial="A1")}
        self.port_of = {}
        for port, (name, device) in enumerate(self.devices_of.items(), 1):
            self.ok("activate-connection", name=name, address=self.plug(device, port), **{"history": 65536})
            self.port_of[name] = port
        self.client.close()
        url = f"http://127.0.0.1:{self.daemon.port}"
        self.pages = [Page("python", url, list(self.devices_of), random.Random(self.rng.random())) for _ in range(2)]
        for page in self.pages:
            self.addCleanup(page.end)
        wait_for(lambda: all(len(page.accounts) == len(self.devices_of) for page in self.pages), "the pages")

    def states(self):
        return {c["name"]: c["state"] for c in self.daemon.post("list-connections", {})[1]["connections"]}

    # ---- what goes wrong ----

    def replug(self):
        """One or several at once, each into any socket that is free."""
        names = self.rng.sample(sorted(self.port_of), self.rng.randrange(1, 4))
        for name in names:
            self.rig.unplug(self.port_of.pop(name))
        time.sleep(self.rng.random())
        for name in names:
            self.port_of[name] = self.rng.choice([p for p in PORTS if p not in self.port_of.values()])
            self.rig.attach(self.devices_of[name], self.port_of[name])
        self.settle()

    def kill(self):
        """Sometimes devices move while nobody looks."""
        self.daemon.end("KILL")
        if self.rng.randrange(2):
            name = self.rng.choice(sorted(self.port_of))
            self.rig.unplug(self.port_of[name])
            self.port_of[name] = self.rng.choice([p for p in PORTS if p not in self.port_of.values()])
            self.rig.plug(self.devices_of[name], self.port_of[name])
        self.daemon.start()
        self.settle()

    def set_clock(self):
        self.rig.guest(f"date -s '{self.rng.choice((1, -1)) * self.rng.choice((1, 24, 24 * 365)):+d} hours'")

    def check(self):
        for page in self.pages:
            if page.wrong:
                raise AssertionError("\n".join([page.wrong, *map(str, page.history), str(page.state()), self.clues()]))

    def settle(self):
        try:
            wait_for(lambda: set(self.states().values()) == {"open"} and len(self.states()) == len(self.devices_of), "devices")
        except AssertionError:
            raise AssertionError(self.clues()) from None

    def clues(self):
        """What each of those knows through whose hands a device goes: the bus, the kernel, udev, the daemon."""
        guest = self.rig.guest("cat /proc/uptime; ls /sys/bus/usb/devices /dev/ttyUSB* /dev/ttyACM* /run/udev/queue 2>&1; "
                               "dmesg | tail -40")
        lists = self.daemon.post("list-connections", {})[1], self.daemon.post("list-devices", {})[1]
        return f"{self.port_of}\n{guest}\n{lists}\n{self.rig.log('daemon')[-3000:]}"

    # ---- the run ----

    def test_every_byte_is_accounted_for(self):
        streams = {name: Stream(device, random.Random(self.rng.random())) for name, device in self.devices_of.items()}
        end, faults = time.monotonic() + SECONDS, []
        while time.monotonic() < end or faults:
            faults = faults or self.rng.sample((self.replug, self.kill, self.set_clock, self.replug), 4)
            faults.pop()()
            self.check()
        for page in self.pages:
            page.be_calm()
        for stream in streams.values():
            stream.stop()
        ends = {name: stream.at for name, stream in streams.items()}
        wait_for(lambda: any(page.wrong for page in self.pages) or
                 all({n: a.next for n, a in page.accounts.items()} == ends for page in self.pages), (ends, [p.state() for p in self.pages]))
        self.check()
        for page in self.pages:
            for name, account in page.accounts.items():
                self.assertGreater(account.delivered, ends[name] / 10)  # most of it came


if __name__ == "__main__":
    unittest.main()
