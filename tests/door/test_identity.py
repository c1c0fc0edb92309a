"""test_identity.py - which device a grant is for: units of one make, clones, sockets, and a list that changes while the person
looks at it. The devices are umockdev's, so this runs under umockdev-wrapper."""
import unittest

from daemon import wait_for
from door_case import OTHER, DoorTest
from usb_bed import Bed, Usb


class IdentityTest(Bed, DoorTest):
    demo = False

    def setUp(self):
        self.start_bed()
        super().setUp()

    def tearDown(self):
        super().tearDown()
        self.bed = None

    def plugged(self, device):
        """Plug it in; its id."""
        self.plug(device)
        return self.person.wait_event("device-attached", address=device.node)["id"]

    def pulled(self, device):
        self.bed.uevent(device.tty, "remove")
        wait_for(lambda: device.node not in self.seen(self.person), "its end")

    def put_back(self, device, **others):
        """The same one, or one that only differs in this."""
        for name, value in others.items():
            self.bed.set_attribute(device.usb, name, f"{value}\n")
        self.bed.uevent(device.tty, "add")
        wait_for(lambda: device.node in self.seen(self.person), "its return")

    def granted(self, device, **answer):
        """A page that was given this device."""
        page = self.page()
        self.assertEqual(len(self.approve(devices=[device], **answer)["grants"]), 1)
        page.wait_in()
        return page

    def seen(self, page):
        return [d["address"] for d in page.ask("list-devices")["devices"]]

    def wait_seen(self, page, *nodes):
        wait_for(lambda: self.seen(page) == list(nodes), nodes)

    def test_b28_one_unit_and_no_other_of_its_make(self):
        first, second = Usb(0, serial="A1"), Usb(1, serial="A2")
        page = self.granted(self.plugged(first), duration="always")
        other_id = self.plugged(second)
        self.assertEqual(self.seen(page), [first.node])
        for address in (second.node, other_id):
            answer = page.ask("activate-connection", {"name": "x", "address": address})
            self.assertEqual(answer["error"]["code"], "no-such-device")
        self.pulled(first)
        self.assertEqual(self.seen(page), [])
        again = Usb(2, serial="A1")  # the same unit in another socket
        self.plugged(again)
        self.assertEqual(self.seen(page), [again.node])

    def test_b28_of_two_with_one_serial_number_neither_is_meant(self):
        first, clone = Usb(0, serial="0001"), Usb(1, serial="0001")
        device = self.plugged(first)
        page = self.granted(device)
        self.assertEqual(self.seen(page), [first.node])
        self.plugged(clone)
        self.wait_seen(page)
        for address in (first.node, clone.node, device):
            answer = page.ask("activate-connection", {"name": "x", "address": address})
            self.assertEqual(answer["error"]["code"], "identity-conflict")
        self.pulled(clone)
        self.wait_seen(page, first.node)

    def test_b29_without_a_serial_number_a_grant_ends_with_unplugging(self):
        device = Usb(0)
        page = self.granted(self.plugged(device), duration="always")
        self.assertEqual(self.seen(page), [device.node])
        self.pulled(device)
        self.assertEqual(page.ask("list-grants")["grants"], [])
        self.put_back(device)
        self.assertEqual(self.seen(page), [])

    def test_b29_what_is_granted_for_a_socket_holds_there_alone(self):
        device = Usb(0)
        page = self.granted(self.plugged(device), duration="always", socket=True)
        self.pulled(device)
        elsewhere = Usb(1)
        self.plugged(elsewhere)
        self.assertEqual(self.seen(page), [])
        self.put_back(device)
        self.assertEqual(self.seen(page), [device.node])
        self.pulled(device)
        self.put_back(device, idProduct="6015")  # something else, in that socket
        self.assertEqual(self.seen(page), [])

    def test_b26_an_answer_is_for_what_was_shown(self):
        first, look_alike = Usb(0), Usb(1)
        shown = self.plugged(first)
        page = self.page(OTHER)
        request = self.person.wait_event("consent-requested")
        self.assertEqual([d["id"] for d in request["devices"]], [shown])
        self.pulled(first)
        self.plugged(look_alike)
        changed = self.person.wait_event("consent-changed", id=request["id"], devices=[
            {"id": "usb-0403:6001@1-1-00", "description": "ttyUSB1", "address": look_alike.node, "serialnumber": ""}])
        self.assertNotIn(shown, [d["id"] for d in changed["devices"]])
        self.assertEqual(self.approve(request, devices=[shown])["error"]["code"], "no-such-device")
        self.assertFalse(page.joined)
        self.assertEqual(self.person.ask("grant-list")["grants"], [])


if __name__ == "__main__":
    unittest.main()
