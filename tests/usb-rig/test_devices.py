"""test_devices.py - what is told of USB devices as they are plugged in and out, and how their drivers are set."""
import unittest

from support import UsbTest
from usb_serial import Acm, Ftdi


class DevicesTest(UsbTest):
    def test_plugged_devices_are_listed_with_all_fields(self):
        for device, port, node, expected in (
            (Ftdi(serial="FT000001", product="FT232R USB UART", manufacturer="FTDI"), 1, "/dev/ttyUSB0",
             {"vid": 0x0403, "pid": 0x6001, "serialnumber": "FT000001", "location": "1-1", "manufacturer": "FTDI",
              "product": "FT232R USB UART", "interface": "", "description": "FT232R USB UART",
              "hwid": "USB VID:PID=0403:6001 SER=FT000001 LOCATION=1-1", "id": "usb-0403:6001-FT000001-00"}),
            (Acm(serial="5573", product="Uno", manufacturer="Arduino", interface="Control"), 2, "/dev/ttyACM0",
             {"vid": 0x2341, "pid": 0x0043, "serialnumber": "5573", "location": "1-2:1.0", "manufacturer": "Arduino",
              "product": "Uno", "interface": "Control", "description": "Uno - Control",
              "hwid": "USB VID:PID=2341:0043 SER=5573 LOCATION=1-2:1.0", "id": "usb-2341:0043-5573-00"}),
        ):
            with self.subTest(node=node):
                self.assertEqual(self.rig.plug(device, port), [node])
                told = self.client.wait_event("device-attached", address=node)
                self.assertEqual({key: told[key] for key in expected}, expected)
                self.assertEqual((told["device"], told["name"], told["kind"], told["connection"]),
                                 (node, node[5:], "serial", None))
                self.assertEqual((told["serialnumuber"], told["maufacturer"]),
                                 (told["serialnumber"], told["manufacturer"]))
                self.assertEqual(self.devices()[node], told)
                self.rig.unplug(port)
                self.assertEqual(self.client.wait_event("device-detached", address=node)["id"], expected["id"])
                self.assertEqual(self.devices(), {})


if __name__ == "__main__":
    unittest.main()
