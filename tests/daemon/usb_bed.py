"""usb_bed.py - USB serial adapters as sysfs shows them, for daemons that run under umockdev-wrapper."""
import os

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402  the version comes first


class Usb:
    """A USB serial adapter as sysfs shows it. With `line`, a terminal's path, whoever opens it opens that."""

    def __init__(self, number, vid="0403", pid="6001", interfaces=" 1", port=0, links=(), line=None, **texts):
        usb = f"/devices/pci0000:00/usb1/1-{number}"
        interface_path = f"{usb}/1-{number}:1.{port}"
        tty = f"{interface_path}/ttyUSB{number}/tty/ttyUSB{number}"
        self.usb, self.interface, self.tty = f"/sys{usb}", f"/sys{interface_path}", f"/sys{tty}"
        self.node = line or f"/dev/ttyUSB{number}"
        node = os.stat(line).st_rdev if line else os.makedev(188, number)
        major, minor = os.major(node), os.minor(node)
        self.number = f"{major}:{minor}"
        facts = {"idVendor": vid, "idProduct": pid, "bNumInterfaces": interfaces, **texts}

        def attribute(name):
            return f"H: {name}={(facts[name] + chr(10)).encode().hex()}\n" if facts.get(name) else ""

        self.description = (
            f"P: {usb}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n" +
            "".join(attribute(name) for name in facts if name != "interface") +
            f"\nP: {interface_path}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nA: bInterfaceNumber={port:02}\\n\n" +
            attribute("interface") + f"\nP: {interface_path}/ttyUSB{number}\nE: SUBSYSTEM=usb-serial\n\n"
            f"P: {tty}\n{'' if line else f'N: ttyUSB{number}' + chr(10)}E: SUBSYSTEM=tty\nE: DEVNAME={self.node}\nE: MAJOR={major}\n"
            f"E: MINOR={minor}\nE: DEVLINKS={' '.join(f'/dev/{link}' for link in links)}\nA: dev={major}:{minor}\\n\n")


class Bed:
    """For a test case: what is plugged in, which is nothing at first. The bed is a folder in /tmp that stands for /sys, /dev and
    /run, where a confined daemon could not look."""

    options = ("--no-sandbox",)

    def start_bed(self):
        self.bed = UMockdev.Testbed.new()
        os.environ["UMOCKDEV_DIR"] = self.bed.get_root_dir()  # for the daemon; the library sets it in C alone
        os.unlink(self.bed.get_root_dir() + "/ioctl/_default")  # which knows nothing of lines: the kernel's do it

    def plug(self, device):
        """It is there; a daemon that runs hears of it."""
        self.bed.add_from_string(device.description)

    def unplug(self, device):
        self.bed.uevent(device.tty, "remove")
        for path in (device.tty, os.path.dirname(os.path.dirname(device.tty)), device.interface, device.usb):
            self.bed.remove_device(path)
        link = f"{self.bed.get_root_dir()}/sys/dev/char/{device.number}"
        if os.path.lexists(link):  # it stays, and then stands in the way of the next of this number
            os.unlink(link)
