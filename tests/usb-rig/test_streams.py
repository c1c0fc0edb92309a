"""test_streams.py - bytes through the drivers of USB devices, both ways, checked one by one."""
import unittest

from daemon import wait_for
from support import DATA, UsbTest
from usb_serial import Acm, Ftdi

class StreamsTest(UsbTest):
    def test_bytes_go_both_ways_at_once(self):
        for device, port, node in ((Ftdi(), 1, "/dev/ttyUSB0"), (Acm(), 2, "/dev/ttyACM0")):
            with self.subTest(node=node):
                self.rig.plug(device, port)
                wait_for(lambda node=node: node in self.devices(), "the device")
                self.ok("activate-connection", name=node[8:], address=node, **{"baud-rate": 3_000_000})
                device.write(DATA)
                for at in range(0, len(DATA), 10_000):
                    self.client.io.emit("send-raw", {"name": node[8:], "payload": DATA[at:at + 10_000]})
                self.assertEqual(device.read(len(DATA)), DATA)
                self.client.wait_bytes(node[8:], DATA)
                self.assertEqual(self.client.events("rx-gap"), [])
                counts = self.ok("list-connections")["connections"][0]
                self.assertEqual(counts["offset"], len(DATA))
                self.ok("deactivate-connection", name=node[8:])


if __name__ == "__main__":
    unittest.main()
