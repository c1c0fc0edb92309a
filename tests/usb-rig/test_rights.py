"""test_rights.py - the daemon of an ordinary user: devices that are busy, or that it may not open."""
import os
import pathlib
import subprocess
import unittest

from daemon import wait_for
from support import UsbTest
from usb_serial import Acm, Ftdi

CARDS = pathlib.Path(__file__).parents[1] / "browser/cards.mjs"
HOLD = """
import fcntl, os, sys, termios, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
fcntl.ioctl(fd, termios.TIOCEXCL)
open("/proc/self/comm", "w").write("terminal-x")
print("held", flush=True)
time.sleep(600)
"""


class RightsTest(UsbTest):
    user, under = "nobody", ("setpriv", "--reuid=nobody", "--regid=dialout", "--clear-groups")

    def activate(self, address):
        return self.call("activate-connection", name="a", address=address)

    def test_port_that_another_program_holds_is_busy_and_the_program_is_named(self):  # H19
        device = Acm()
        address = self.plug(device, 1)
        holder = self.rig.spawn("holder", *self.under, "python3", "-c", HOLD, address)
        wait_for(lambda: "held" in self.rig.log("holder"), "the other program")
        error = self.activate(address)["error"]
        self.assertEqual(error["code"], "device-busy")
        self.assertIn("terminal-x", error["message"])
        self.assertEqual(self.devices()[address]["in-use-by"], "terminal-x")
        self.rig.guest(f"kill {holder}; while kill -0 {holder} 2> /dev/null; do sleep 0.02; done")
        self.assertTrue(wait_for(lambda: self.activate(address)["ok"], "the port"))

    def test_port_that_only_others_may_open_is_denied_with_the_way_out(self):
        address = self.plug(Ftdi(), 1)
        self.rig.guest(f"chgrp tty {address}")
        error = self.activate(address)["error"]
        self.assertEqual(error["code"], "access-denied")
        self.assertIn("belongs to group tty. Join it with: sudo usermod -aG tty nobody", error["message"])
        self.assertEqual(self.devices()[address]["unusable"], error["message"])
        self.rig.guest(f"chmod 600 {address}")
        self.assertIn("only root may open", self.activate(address)["error"]["message"])
        self.rig.guest(f"chgrp dialout {address}; chmod 660 {address}")
        self.assertTrue(self.activate(address)["ok"])
        self.assertIsNone(self.devices()[address]["unusable"])

    def test_console_says_what_stands_in_the_way(self):
        held, denied = self.plug(Acm(), 1), self.plug(Ftdi(), 2)
        self.rig.guest(f"chmod 600 {denied}")
        holder = self.rig.spawn("console-holder", *self.under, "python3", "-c", HOLD, held)
        wait_for(lambda: "held" in self.rig.log("console-holder"), "the other program")
        wait_for(lambda: self.devices()[held]["in-use-by"] == "terminal-x", "the daemon to know")
        said = subprocess.run(["node", CARDS, f"http://localhost:{self.daemon.port}/"], stdout=subprocess.PIPE, text=True, timeout=300,
                              check=True).stdout
        card = {address: next(line for line in said.splitlines() if address in line) for address in (held, denied)}
        self.assertIn("In use by terminal-x. Close it there to connect here.", card[held])
        self.assertTrue(card[denied].endswith(self.devices()[denied]["unusable"]), card[denied])  # with nothing to press
        self.rig.guest(f"kill {holder}; while kill -0 {holder} 2> /dev/null; do sleep 0.02; done")

    def test_rights_that_never_come_are_told(self):  # H07
        device = Ftdi()
        self.assertTrue(self.activate(self.plug(device, 1))["ok"])
        self.lose("a", 1)
        rule = "/etc/udev/rules.d/99-late.rules"
        self.rig.guest(f"""echo 'KERNEL=="ttyUSB*", MODE="0600"' > {rule}; udevadm control --reload""")
        self.addCleanup(self.rig.guest, f"rm -f {rule}; udevadm control --reload")
        address = self.plug(device, 1)
        self.client.wait_event("connection-lost", name="a", reason="access-denied")
        self.rig.guest(f"chmod 660 {address}")
        self.assertTrue(self.activate(address)["ok"])
        self.assertEqual(self.connection("a")["state"], "open")


if __name__ == "__main__":
    unittest.main()
