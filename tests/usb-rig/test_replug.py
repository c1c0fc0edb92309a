"""test_replug.py - devices that are pulled out and come back: a connection follows its device, not a path, and every byte
is delivered once or told to be lost."""
import json
import os
import unittest

from daemon import wait_for
from support import DATA, UsbTest
from usb_serial import Acm, Ftdi

BOOT = b"\x00\x03boot\r\n\x04\x11\x13\x7f ready\r" + bytes(range(256))  # what a terminal for people would tamper with

HERE = os.path.dirname(os.path.realpath(__file__))
SLOWNESS = 50  # of an emulated processor, on a machine that does much else


class ReplugTest(UsbTest):
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

    def test_path_that_is_another_devices_by_now_is_not_opened(self):
        device, other = Ftdi(serial="F1"), Ftdi(serial="F2")
        address = self.plug(device, 1)
        self.ok("activate-connection", name="a", address=address)
        self.rig.guest("kill -STOP $(pidof systemd-udevd)")  # news of what comes and goes is late
        self.addCleanup(self.rig.guest, "kill -CONT $(pidof systemd-udevd)")
        self.lose("a", 1)
        self.rig.attach(other, 2)
        wait_for(lambda: self.rig.nodes(2) == [address], "the path's next owner")
        self.assertEqual(self.devices()[address]["serialnumber"], "F1")  # as far as anybody has told
        error = self.call("activate-connection", name="a", address=address)["error"]
        self.assertEqual(error["code"], "no-such-device", error)
        self.assertEqual(self.connection("a")["state"], "lost")
        self.rig.guest("kill -CONT $(pidof systemd-udevd)")
        self.rig.plug(device, 3)
        self.client.wait_event("connection-restored", name="a")
        self.ok("send-raw", name="a", payload="to F1")
        self.assertEqual((device.read(5), bytes(other.got)), (b"to F1", b""))

    def test_devices_that_change_places_keep_their_connections(self):
        devices = {"a": Ftdi(serial="F1"), "b": Ftdi(serial="F2")}
        for port, name in enumerate(devices, 1):
            self.ok("activate-connection", name=name, address=self.plug(devices[name], port))
        for port, name in enumerate(devices, 1):
            self.lose(name, port)
        for port, name in ((1, "b"), (2, "a")):
            devices[name].greeting = name.encode() * 5
            self.plug(devices[name], port)
            self.client.wait_event("connection-restored", name=name)
        for name, device in devices.items():
            self.client.wait_bytes(name, name.encode() * 5)
            self.ok("send-raw", name=name, payload=f"to {name}")
            self.assertEqual(device.read(4), f"to {name}".encode())

    def test_two_that_claim_to_be_one_are_never_mixed_up(self):  # H13
        twins = [Ftdi(serial="same"), Ftdi(serial="same")]
        addresses = [self.plug(twin, port) for port, twin in enumerate(twins, 1)]
        devices = self.devices()
        self.assertEqual([devices[a]["identity-conflict"] for a in addresses], [True, True])
        self.assertEqual(devices[addresses[0]]["id"], devices[addresses[1]]["id"])
        error = self.call("activate-connection", name="a", address=devices[addresses[0]]["id"])["error"]
        self.assertEqual(error["code"], "identity-conflict")
        for name, address, twin in zip("ab", addresses, twins):
            self.ok("activate-connection", name=name, address=address)
            twin.write(name.encode())
            self.client.wait_bytes(name, name.encode())
        for port, name in enumerate("ab", 1):
            self.lose(name, port)
        self.plug(twins[1], 1)  # alone now, and nobody can know which one it is
        for name in "ab":
            self.client.wait_event("connection-lost", name=name, reason="identity-conflict")
            self.assertEqual(self.connection(name)["state"], "lost")
        self.ok("activate-connection", name="b", address=self.address_in(1))  # but a person can
        self.assertEqual(self.connection("b")["state"], "open")
        self.assertEqual(self.client.events("connection-restored")[0]["name"], "b")

    def test_device_without_a_serial_number_is_known_by_its_socket(self):
        device = Ftdi(serial=None)
        address = self.plug(device, 1)
        self.assertEqual(self.devices()[address]["id"], "usb-0403:6001@1-1-00")
        self.ok("activate-connection", name="a", address=address)
        self.lose("a", 1)
        self.plug(device, 2)
        self.assertEqual(self.connection("a")["state"], "lost")
        self.rig.unplug(2)
        self.plug(device, 1)
        self.client.wait_event("connection-restored", name="a")

    def test_connection_that_shall_not_reconnect_closes_with_its_device(self):
        self.ok("activate-connection", name="a", address=self.plug(Ftdi(), 1), reconnect=False)
        self.rig.unplug(1)
        self.assertEqual(self.client.wait_event("connection-closed", name="a")["reason"], "device-gone")
        self.assertEqual(self.ok("list-connections")["connections"], [])

    def test_connection_is_back_within_a_tenth_of_a_second(self):
        device = Ftdi()
        self.ok("activate-connection", name="a", address=self.plug(device, 1))
        self.lose("a", 1)
        self.rig.spawn("watch", "python3", os.path.join(HERE, "guest-watch.py"), str(self.daemon.port), "a")
        wait_for(lambda: "ready" in self.rig.log("watch"), "the clock in the guest")
        self.rig.plug(device, 1)
        times = json.loads(wait_for(lambda: "}" in self.rig.log("watch") and self.rig.log("watch").split("\n")[1], "times"))
        self.assertLess(times["restored"] - times["kernel"], 0.1 * SLOWNESS, times)

    def unplug_while_streaming(self, device):
        self.ok("activate-connection", name="a", address=self.plug(device, 1))
        device.hold = True  # from some byte on it takes nothing, so that the unplugging finds a message half written
        answers, payload = [], DATA * 4
        self.client.io.emit("send-raw", {"name": "a", "payload": payload}, callback=answers.append)
        device.write(DATA)
        wait_for(lambda: len(self.client.bytes_of("a")) > 20_000, "the stream")
        self.lose("a", 1)
        error = wait_for(lambda: answers, "an answer")[0]["error"]
        self.assertEqual(error["code"], "device-gone")
        self.assertLessEqual(len(device.got), error["bytes"])
        self.assertLess(error["bytes"], len(payload))
        self.assertEqual(bytes(device.got), payload[:len(device.got)])
        received = self.client.bytes_of("a")
        self.assertEqual(received, DATA[:len(received)])  # in order, none altered
        lost = self.connection("a")
        self.assertEqual((lost["offset"], lost["losses"]), (len(received), 1))
        self.assertEqual(self.client.wait_event("device-detached")["address"], "/dev/ttyUSB0" if isinstance(device, Ftdi) else
                         "/dev/ttyACM0")

    def test_ftdi_adapter_is_unplugged_while_streaming(self):  # H04
        self.unplug_while_streaming(Ftdi())

    def test_cdc_acm_board_is_unplugged_while_streaming(self):  # H04
        self.unplug_while_streaming(Acm())


if __name__ == "__main__":
    unittest.main()
