"""test_restart.py - the daemon is stopped or killed and started again: it finds its connections and their devices."""
import unittest

from client import Client
from daemon import wait_for
from support import UsbTest
from usb_serial import Acm, Ftdi


class RestartTest(UsbTest):
    def restart(self, signal, meanwhile=lambda: None):
        self.client.close()
        self.daemon.end(signal)
        meanwhile()
        self.daemon.start()
        self.client = Client(self.daemon, transports=["websocket"])
        self.addCleanup(self.client.close)

    def test_connections_are_found_again_after_a_stop_and_a_kill(self):
        device = Ftdi()
        opened = self.ok("activate-connection", name="a", address=self.plug(device, 1), **{"baud-rate": 57_600})["connection"]
        for signal in ("TERM", "KILL"):
            with self.subTest(signal=signal):
                seen = len(device.events)
                self.restart(signal)
                wait_for(lambda: self.connection("a")["state"] == "open", "the device")
                found = self.connection("a")
                self.assertEqual(found["options"], opened["options"])
                self.assertNotEqual(found["epoch"], opened["epoch"])
                device.wait_event("line", seen)
                self.assertFalse([e for e in device.events[seen:] if e[1].get("dtr") == 0 or e[1].get("rts") == 0])
                device.write(signal.encode())
                self.client.wait_bytes("a", signal.encode())
                self.ok("send-raw", name="a", payload=signal)
                self.assertEqual(device.read(len(signal)), signal.encode())

    def test_device_that_moved_while_the_daemon_was_down_is_found(self):
        device, other = Acm(serial="A1"), Acm(serial="A2")
        address = self.plug(device, 1)
        self.ok("activate-connection", name="a", address=address)

        def move():
            self.rig.unplug(1)
            self.rig.plug(other, 1)
            self.rig.plug(device, 2)

        self.restart("KILL", move)
        wait_for(lambda: self.connection("a")["state"] == "open", "the device")
        self.ok("send-raw", name="a", payload="hello")
        self.assertEqual(device.read(5), b"hello")
        self.assertEqual(bytes(other.got), b"")

    def test_device_that_comes_after_the_daemon_is_found(self):
        device = Ftdi()
        self.ok("activate-connection", name="a", address=self.plug(device, 1))
        self.restart("TERM", lambda: self.rig.unplug(1))
        self.assertEqual(self.connection("a")["state"], "lost")
        device.greeting = b"hello"
        self.plug(device, 2)
        self.client.wait_event("connection-restored", name="a")
        self.client.wait_bytes("a", b"hello")


if __name__ == "__main__":
    unittest.main()
