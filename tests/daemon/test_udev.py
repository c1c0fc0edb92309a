"""test_udev.py - what the daemon makes of udev's devices and events: plain ones, hostile ones, and storms of them. The
devices are umockdev's, so this runs under umockdev-wrapper; drivers and their lines are for tests/usb-rig."""
import json
import os
import time
import unittest

from client import Client
from daemon import Line, Program, wait_for
from usb_bed import Bed, Usb

DAEMON = os.environ["PERIPHERAL_MANAGER"]
HOSTILE = ("$(reboot)", "<script>alert(1)</script>", "%n%s%s%s", "\x1b[31mred\x07", "\u202egnp.exe", "../../etc/passwd",
           "a\u2028b", "\u200b", "\ufeff ", "'; DROP TABLE devices; --", "x" * 255, "\u20ac" * 126)


class UdevTest(Bed, unittest.TestCase):
    def setUp(self):
        self.start_bed()
        self.program = self.client = None
        self.addCleanup(self.tidy)

    def tidy(self):
        if self.program:
            self.client.close()
            self.assertEqual(self.program.stop(), 0)
        self.bed = None

    def start(self, *options):
        self.program = Program(DAEMON, *self.options, *options)
        self.client = Client(self.program, transports=["websocket"])

    def devices(self):
        return {d["address"]: d for d in self.client.call("list-devices")["devices"]}

    def events(self, *names):
        return [(event, args[0]["address"]) for event, *args in self.client.got if event in names]

    def test_fields_of_a_usb_device(self):
        self.start()
        self.plug(Usb(0, serial="A5069RR4", manufacturer="FTDI", product="FT232R USB UART", interface="FT232R USB UART",
                     links=("serial/by-id/usb-FTDI_A5069RR4-if00-port0", "serial/by-path/pci-0-usb-0:1:1.0-port0")))
        self.plug(Usb(1, vid="0403", pid="6011", interfaces=" 4", port=2, product="Quad RS232-HS"))
        self.client.wait_event("device-attached", address="/dev/ttyUSB1")
        devices = self.devices()
        expected = {
            "device": "/dev/ttyUSB0", "name": "ttyUSB0", "description": "FT232R USB UART - FT232R USB UART",
            "hwid": "USB VID:PID=0403:6001 SER=A5069RR4 LOCATION=1-0", "vid": 0x403, "pid": 0x6001,
            "serialnumber": "A5069RR4", "serialnumuber": "A5069RR4", "location": "1-0", "manufacturer": "FTDI",
            "maufacturer": "FTDI", "product": "FT232R USB UART", "interface": "FT232R USB UART",
            "id": "usb-0403:6001-A5069RR4-00", "kind": "serial", "address": "/dev/ttyUSB0", "connection": None,
            "by-id": "/dev/serial/by-id/usb-FTDI_A5069RR4-if00-port0",
            "by-path": "/dev/serial/by-path/pci-0-usb-0:1:1.0-port0", "identity-conflict": False}
        self.assertEqual({key: devices["/dev/ttyUSB0"].get(key) for key in expected}, expected)
        second = devices["/dev/ttyUSB1"]
        self.assertEqual((second["location"], second["id"], second["hwid"]),
                         ("1-1:1.2", "usb-0403:6011@1-1-02", "USB VID:PID=0403:6011 LOCATION=1-1:1.2"))

    def test_built_in_ports_are_listed_only_with_hardware_behind_them(self):
        def port(path, bus, number, more=""):
            self.bed.add_from_string(
                f"P: {path}\nE: SUBSYSTEM={bus}\n{more}\nP: {path}/tty/ttyS{number}\nN: ttyS{number}\nE: SUBSYSTEM=tty\n"
                f"E: DEVNAME=/dev/ttyS{number}\nE: MAJOR=4\nE: MINOR={64 + number}\nA: dev=4:{64 + number}\\n\n")

        port("/devices/pnp0/00:01", "pnp", 0, "A: id=PNP0501\\n\n")
        self.bed.set_attribute("/sys/devices/pnp0/00:01/tty/ttyS0", "type", "4\n")
        port("/devices/platform/serial8250", "platform", 1)
        self.bed.set_attribute("/sys/devices/platform/serial8250/tty/ttyS1", "type", "0\n")
        port("/devices/platform/never", "platform", 2)
        port("/devices/pnp0/00:02", "pnp", 3)
        self.bed.set_attribute("/sys/devices/pnp0/00:02/tty/ttyS3", "type", "4\n")
        for name in ("console", "tty0", "ptmx"):
            self.bed.add_from_string(f"P: /devices/virtual/tty/{name}\nN: {name}\nE: SUBSYSTEM=tty\nE: DEVNAME=/dev/{name}\n")
        self.bed.set_attribute("/sys/devices/virtual/tty/console", "active", "tty0 ttyS3\n")
        port("/devices/pnp0/00:03", "pnp", 4)
        self.bed.set_attribute("/sys/devices/pnp0/00:03/tty/ttyS4", "type", "4\n")
        os.makedirs(self.bed.get_root_dir() +
                    r"/sys/fs/cgroup/system.slice/system-serial\x2dgetty.slice/serial-getty@ttyS4.service")
        self.start()
        devices = self.devices()
        self.assertEqual(set(devices), {"/dev/ttyS0", "/dev/ttyS3", "/dev/ttyS4"})
        self.assertEqual((devices["/dev/ttyS0"]["id"], devices["/dev/ttyS0"]["hwid"], devices["/dev/ttyS0"]["vid"]),
                         ("tty-ttyS0", "PNP0501", None))
        self.assertNotIn("console", devices["/dev/ttyS0"].get("unusable") or "")
        for port in ("/dev/ttyS3", "/dev/ttyS4"):
            self.assertIn("console of this machine, or people log in there", devices[port]["unusable"])
            answer = self.client.call("activate-connection", {"name": "a", "address": port})
            self.assertEqual(answer["error"]["code"], "access-denied")
            self.assertIn("console", answer["error"]["message"])
        with open(f"{self.program.home}/state/peripheral-manager/audit.jsonl", encoding="utf-8") as file:
            self.assertEqual([e["device"] for line in file if (e := json.loads(line))["kind"] == "blocklist_hit"],
                             ["tty-ttyS3", "tty-ttyS4"])

    def refused(self, device):
        answer = self.client.call("activate-connection", {"name": "a", "address": device.node})
        return (answer["error"]["code"], answer["error"]["message"])

    def test_where_somebody_logs_in_by_now_nothing_is_opened(self):
        self.start()
        device = Usb(0)
        self.plug(device)
        self.assertNotIn("log in there", self.client.wait_event("device-attached", address=device.node)["unusable"])
        os.makedirs(self.bed.get_root_dir() +
                    r"/sys/fs/cgroup/system.slice/system-serial\x2dgetty.slice/serial-getty@ttyUSB0.service")
        code, message = self.refused(device)
        self.assertEqual(code, "access-denied")
        self.assertIn("people log in there", message)
        self.assertIn("people log in there", self.devices()[device.node]["unusable"])

    def plug_modem(self, number, subsystem, name, more="", line=None):
        """The kernel tells of its ports first, and then of the rest of it."""
        device = Usb(number, interfaces=" 4", line=line)
        self.plug(device)
        self.bed.add_from_string(f"P: {device.usb[4:]}/1-{number}:1.4/{subsystem}/{name}\nE: SUBSYSTEM={subsystem}\n{more}\n")
        return device

    def test_the_machines_modem_is_not_for_applications(self):
        self.start()
        modems = [self.plug_modem(0, "net", "wwan0", "E: DEVTYPE=wwan\n"), self.plug_modem(1, "usbmisc", "cdc-wdm0")]
        dongle = self.plug_modem(2, "net", "enx0", "E: DEVTYPE=ethernet\n")  # an adapter with a network card in it
        for device in modems:
            self.client.wait_event("device-attached", address=device.node)
            code, message = self.refused(device)
            self.assertEqual(code, "access-denied")
            self.assertIn("--allow-modems", message)
            self.assertEqual(self.devices()[device.node]["unusable"], message)
        self.client.wait_event("device-attached", address=dongle.node)
        self.assertNotIn("modem", self.devices()[dongle.node].get("unusable") or "")

    def test_modems_that_are_allowed(self):
        self.start("--allow-modems")
        line = Line()
        self.addCleanup(line.close)
        modem = self.plug_modem(0, "net", "wwan0", "E: DEVTYPE=wwan\n", line.path)
        self.client.wait_event("device-attached", address=modem.node)
        self.assertTrue(self.client.call("activate-connection", {"name": "a", "address": modem.node})["ok"])

    def test_devices_come_and_go(self):
        self.start()
        device = Usb(3, serial="S")
        self.plug(device)
        told = self.client.wait_event("device-attached", address=device.node)
        self.assertEqual(told, self.devices()[device.node])
        self.unplug(device)
        self.assertEqual(self.client.wait_event("device-detached", address=device.node)["id"], told["id"])
        self.assertEqual(self.devices(), {})

    def test_another_device_under_the_same_path_is_another_device(self):
        self.start()
        first, second = Usb(0, serial="one"), Usb(0, serial="two")
        self.plug(first)
        self.client.wait_event("device-attached", serialnumber="one")
        self.bed.set_attribute(first.usb, "serial", "two\n")  # the kernel reused the path, and its removal was not heard
        self.bed.uevent(second.tty, "add")
        self.client.wait_event("device-attached", serialnumber="two")
        self.assertEqual(self.events("device-attached", "device-detached"),
                         [("device-attached", first.node), ("device-detached", first.node), ("device-attached", first.node)])

    def test_connection_follows_its_device_to_another_path_and_says_which(self):
        self.start()
        lines = [Line(), Line()]
        for line in lines:
            self.addCleanup(line.close)
        first, second = (Usb(n, serial="S", line=line.path) for n, line in enumerate(lines))
        self.plug(first)
        told = self.client.wait_event("device-attached", address=first.node)
        opened = self.client.call("activate-connection", {"name": "a", "address": told["id"]})["connection"]
        self.assertEqual((opened["address"], opened["path"]), (told["id"], first.node))
        self.unplug(first)
        self.client.wait_event("connection-lost", name="a")
        self.assertNotIn("path", self.client.call("list-connections")["connections"][0])
        lines[1].write(b"boot\r\x03")  # it waits in the device, and nothing makes something else of it
        self.plug(second)
        restored = self.client.wait_event("connection-restored", name="a")
        self.assertEqual((restored["address"], restored["path"]), (told["id"], second.node))
        self.client.wait_bytes("a", b"boot\r\x03")
        said = []
        wait_for(lambda: said.append(self.program.line()) or "has its device back" in said[-1], "the line of the log")
        self.assertIn(f'"a" has its device back: {second.node}', said[-1])

    def test_two_with_one_identity_are_marked(self):  # H13
        self.start()
        twins = Usb(0, serial="0001"), Usb(1, serial="0001")
        for twin in twins:
            self.plug(twin)
            self.client.wait_event("device-attached", address=twin.node)
        self.assertEqual([d["identity-conflict"] for d in self.devices().values()], [True, True])
        answer = self.client.call("activate-connection", {"name": "a", "address": "usb-0403:6001-0001-00"})
        self.assertEqual(answer["error"]["code"], "identity-conflict")
        self.unplug(twins[0])
        self.client.wait_event("device-detached", address=twins[0].node)
        self.assertEqual([d["identity-conflict"] for d in self.devices().values()], [False])

    def test_hostile_texts_are_shown_and_do_nothing(self):  # H11, L02
        self.start()
        for number, text in enumerate(HOSTILE):
            device = Usb(number, serial=text, product=text, manufacturer=text, interface=text)
            self.plug(device)
            told = self.client.wait_event("device-attached", address=device.node)
            for field in ("serialnumber", "product", "manufacturer", "interface", "description", "hwid"):
                self.assertTrue(told[field].isprintable(), (field, told[field]))
                self.assertNotIn("\u202e", told[field])
                self.assertLessEqual(len(told[field].encode()), 3 * 128)
            self.assertRegex(told["id"], r"^[\w.:@~%-]+$")
        self.assertEqual(len({d["id"] for d in self.devices().values()}), len(HOSTILE))

    def test_attributes_that_are_huge_or_missing(self):  # H09, H23
        self.start()
        huge = Usb(0, serial="9" * 1_000_000, product="\xff" * 100_000)
        self.plug(huge)
        told = self.client.wait_event("device-attached", address=huge.node)
        self.assertLess(len(told["serialnumber"]), 128)
        bare = Usb(1, vid=None, pid=None, interfaces=None)
        self.plug(bare)
        told = self.client.wait_event("device-attached", address=bare.node)
        self.assertEqual((told["id"], told["description"]), ("usb-0000:0000@1-1-00", "ttyUSB1"))
        for number in range(10, 30):  # gone while it is looked at
            gone = Usb(number)
            self.plug(gone)
            self.devices()
            self.unplug(gone)
            self.devices()
        self.plug(Usb(3))
        self.client.wait_event("device-attached", address="/dev/ttyUSB3")
        self.assertEqual(set(self.devices()), {huge.node, bare.node, "/dev/ttyUSB3"})

    def test_loose_plug_is_told_a_few_times_a_second(self):  # H06
        self.start()
        device, steady = Usb(0), Usb(1)
        self.plug(device)
        began = time.monotonic()
        for _ in range(150):
            for _ in range(2):
                self.bed.uevent(device.tty, "add")
                self.bed.uevent(device.tty, "remove")
            self.devices()  # umockdev's sender has room for ten events, and gives up
        self.bed.uevent(device.tty, "add")
        self.plug(steady)
        self.client.wait_event("device-attached", address=steady.node)  # it does not suffer from its neighbour
        wait_for(lambda: device.node in self.devices(), "the state in which it came to rest")
        told = len([e for e in self.events("device-attached", "device-detached") if e[1] == device.node])
        self.assertLessEqual(told, 20 * (time.monotonic() - began + 1) + 1)
        self.assertEqual(self.events("device-attached", "device-detached")[-1][0], "device-attached")

    def test_many_come_and_go_and_every_list_is_whole(self):  # G17, H20
        self.start()
        devices = [Usb(number, serial=f"S{number}") for number in range(64)]
        for number, device in enumerate(devices, 1):
            self.plug(device)
            if number % 2 == 0:
                wait_for(lambda number=number: len(self.devices()) == number, "all of them")
        for number, device in enumerate(devices[:30]):  # a hub is pulled out
            self.bed.uevent(device.tty, "remove")
            if number % 4 == 0:
                self.devices()  # umockdev's sender has room for ten events, and gives up
        while len(self.events("device-detached")) < 30:
            listed = self.devices()
            self.assertTrue(all(d["id"] == f"usb-0403:6001-S{a[11:]}-00" for a, d in listed.items()))
        self.assertEqual(set(self.devices()), {d.node for d in devices[30:]})
        self.assertEqual(len(set(self.events("device-detached"))), 30)

    def test_more_devices_than_there_is_room_for(self):  # H10
        for number in range(250):
            self.plug(Usb(number))
        self.start()
        for number in range(250, 260):
            self.plug(Usb(number))
            self.devices()
        wait_for(lambda: len(self.devices()) == 256, "as many as are listed")
        self.unplug(Usb(3))
        self.client.wait_event("device-detached", address="/dev/ttyUSB3")
        self.assertEqual(len(self.devices()), 255)


if __name__ == "__main__":
    unittest.main()
