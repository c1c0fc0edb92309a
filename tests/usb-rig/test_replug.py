"""test_replug.py - devices that are pulled out and come back: a connection follows its device, not a path, and every byte
is delivered once or told to be lost."""
import unittest

from daemon import wait_for
from support import DATA, UsbTest
from usb_serial import Acm, Ftdi

BOOT = b"\x00\x03boot\r\n\x04\x11\x13\x7f ready\r" + bytes(range(256))  # what a terminal for people would tamper with


class ReplugTest(UsbTest):
    def plug(self, device, port):
        """Its address, once it is listed."""
        self.rig.plug(device, port)
        return wait_for(lambda: self.address_in(port), "the device")

    def address_in(self, port):
        return next((d["address"] for d in self.devices().values() if d["location"].split(":")[0] == f"1-{port}"), None)

    def connection(self, name):
        return next(c for c in self.ok("list-connections")["connections"] if c["name"] == name)

    def lose(self, name, port):
        self.rig.unplug(port)
        self.assertEqual(self.client.wait_event("connection-lost", name=name)["reason"], "device-gone")

    def come_back(self, device):
        address = self.plug(device, 1)
        opened = self.ok("activate-connection", name="a", address=address, **{"baud-rate": 250_000})["connection"]
        device.write(b"before")
        self.client.wait_bytes("a", b"before")
        self.lose("a", 1)
        error = self.call("send-raw", name="a", payload="x")["error"]
        self.assertEqual((error["code"], error["bytes"]), ("device-gone", 0))
        device.greeting, seen = BOOT, len(device.events)
        self.assertEqual(self.plug(device, 2), address)
        self.assertNotEqual(self.client.wait_event("connection-restored", name="a")["epoch"], opened["epoch"])
        device.wait_event("line", seen, baud=250_000)
        self.client.wait_bytes("a", b"before" + BOOT)
        self.assertEqual(self.client.events("rx-gap"), [])
        self.ok("send-raw", name="a", payload="after")
        self.assertEqual(device.read(5), b"after")
        self.assertEqual(self.connection("a")["offset"], len(b"before" + BOOT))

    def test_ftdi_adapter_comes_back_with_its_settings_and_the_first_words_of_its_board(self):
        self.come_back(Ftdi())

    def test_cdc_acm_board_comes_back_with_its_settings_and_its_first_words(self):
        self.come_back(Acm())

    def test_connection_follows_the_device_to_another_path(self):
        device, other = Ftdi(serial="F1"), Ftdi(serial="F2")
        address = self.plug(device, 1)
        self.ok("activate-connection", name="a", address=address)
        device.write(b"before")
        self.client.wait_bytes("a", b"before")
        self.lose("a", 1)
        self.assertEqual(self.plug(other, 3), address)  # its path is free again at once, for anybody
        self.assertEqual(self.connection("a")["state"], "lost")
        device.write(BOOT)  # it waits in the device until somebody listens, and then comes at once
        self.assertNotEqual(self.plug(device, 2), address)
        self.client.wait_event("connection-restored", name="a")
        self.ok("send-raw", name="a", payload="after")
        wait_for(lambda: device.got.endswith(b"after"), "what is sent")
        device.write(b"again")
        wait_for(lambda: self.client.bytes_of("a").endswith(b"again"), "what is said")
        self.assertEqual(bytes(other.got), b"")
        said = self.client.bytes_of("a")[len(b"before"):-len(b"again")]
        if said != BOOT:  # what came during the opening: the system tampered with it, so it is told and not delivered
            self.assertTrue(BOOT.endswith(said), said)
            gap = self.client.events("rx-gap")[0]
            self.assertEqual((gap["name"], gap["from"], gap["to"], gap["reason"]), ("a", 6, 6, "opening"))


if __name__ == "__main__":
    unittest.main()
