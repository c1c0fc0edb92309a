"""test_recordings.py - a recording is its page's, as the connection was: other pages neither see nor get it."""
import json
import unittest

from door_case import APP, OTHER, DoorTest


class RecordingsTest(DoorTest):
    def let_in(self, origin, **answer):
        """A page that was granted the echo."""
        page = self.page(origin)
        request = self.person.wait_event("consent-requested", origin=origin)
        echo = next(d["id"] for d in request["devices"] if d["address"] == "virtual:echo")
        self.approve(request, devices=[echo], **answer)
        page.wait_in()
        return page

    def seen(self, page):
        return [r["id"] for r in page.ask("list-recordings")["recordings"]]

    def download(self, recording, origin):
        return self.program.request("GET", f"/recordings/{recording['id']}", None, {"Origin": origin} if origin else {})[0]

    def make(self, page):
        self.assertTrue(page.ask("activate-connection", {"name": "e", "address": "virtual:echo"})["ok"])
        return page.ask("record-start", {"name": "e"})["recording"]

    def test_a_page_has_its_own_alone(self):
        page, other = self.let_in(APP, duration="always"), self.let_in(OTHER, duration="always")
        made = self.make(page)
        page.wait_event("recording-started", id=made["id"])
        page.ask("send-raw", {"name": "e", "payload": "secret"})
        self.assertEqual((self.seen(page), self.seen(other)), ([made["id"]], []))
        self.assertEqual(other.ask("get-recording", {"id": made["id"]})["error"]["code"], "no-such-recording")
        self.assertEqual((self.download(made, APP), self.download(made, OTHER)), (200, 404))
        page.ask("record-stop", {"name": "e"})
        page.wait_event("recording-stopped", id=made["id"])
        self.assertEqual(other.ask("list-devices")["ok"], True)  # its answer comes behind every event so far
        self.assertEqual([e for e, *_ in other.got if e.startswith("recording-")], [])
        self.restart()  # what is in the file holds as well
        page, other = self.page(APP), self.page(OTHER)
        page.wait_in()
        other.wait_in()
        self.assertEqual((self.seen(page), self.seen(other)), ([made["id"]], []))
        self.assertEqual((self.download(made, APP), self.download(made, OTHER), self.download(made, None)), (200, 404, 200))
        self.assertNotIn(APP, json.dumps(self.person.ask("list-recordings")))

    def test_a_shared_device_s_are_for_both(self):
        page, other = self.let_in(APP, shared=True), self.let_in(OTHER)
        made = self.make(page)
        other.wait_event("recording-started", id=made["id"])
        self.assertEqual((self.seen(other), self.download(made, OTHER)), ([made["id"]], 200))

    def test_the_person_s_are_for_every_page_with_the_device(self):
        self.person.ask("activate-connection", {"name": "e", "address": "virtual:echo"})
        made = self.person.ask("record-start", {"name": "e"})["recording"]
        other = self.let_in(OTHER)
        self.assertEqual((self.seen(other), self.download(made, OTHER)), ([made["id"]], 200))


if __name__ == "__main__":
    unittest.main()
