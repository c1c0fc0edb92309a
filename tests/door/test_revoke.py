"""test_revoke.py - what is taken back is taken back at once: of what a device sends from then on not one byte reaches the page,
be it at full speed, and nobody else misses any (B27)."""
import os
import re
import threading
import unittest

from daemon import DEADLINE, Line, wait_for
from door_case import APP, OTHER, DoorTest

BATCH = 100  # pieces in a write


class Counter:
    """Sends numbered pieces as fast as the line takes them: those from `next` on were not sent yet."""

    def __init__(self, line):
        self.line, self.next, self.going = line, 0, True
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.going:
            first, self.next = self.next, self.next + BATCH
            data = b"".join(b"<%08d>" % n for n in range(first, first + BATCH))
            while data:
                data = data[os.write(self.line.far, data):]

    def stop(self):
        self.going = False
        self.thread.join(DEADLINE)


class RevokeTest(DoorTest):
    options = ("--allow-pty",)

    def start(self):
        super().start()
        self.line = Line()
        self.addCleanup(self.line.close)
        self.assertTrue(self.person.ask("activate-connection", {"name": "load", "address": self.line.path})["ok"])

    def let_in(self, origin, n):
        pages = [self.page(origin) for _ in range(n)]
        self.assertTrue(self.approve(self.person.wait_event("consent-requested", origin=origin), duration="always")["ok"])
        for page in pages:
            page.wait_in()
        return pages

    def newest(self, peer):
        """The number of the last whole piece that it got; where bytes were left out for it, that of one before."""
        found = re.findall(rb"<(\d{8})>", b"".join(peer.events("load")[-50:]))
        return int(found[-1]) if found else -1

    def check_nothing_comes(self, revoke):
        revoked, others = self.let_in(APP, 3), self.let_in(OTHER, 1)
        counter = Counter(self.line)
        try:
            for page in (*revoked, *others):
                wait_for(lambda: self.newest(page) >= 5000, "a stream")
            revoke()
            border = counter.next  # what has this number, or a higher one, is sent after the answer
            for peer in (self.person, *others):
                wait_for(lambda: self.newest(peer) > border + 5000, "the others' stream")
        finally:
            counter.stop()
        for page in revoked:
            self.assertEqual(page.ask("list-connections")["connections"], [])  # and with the answer all is there
            names = [event for event, *_ in page.got]
            end = names.index("connection-closed")
            self.assertEqual(page.got[end][1], {"name": "load", "reason": "revoked"})
            self.assertNotIn("load", names[end:])
            self.assertLess(self.newest(page), border)

    def test_b27_by_origin(self):
        self.check_nothing_comes(lambda: self.assertEqual(self.person.ask("grant-revoke", {"origin": APP})["revoked"], 1))

    def test_b27_of_one_grant(self):
        def revoke():
            grant = next(g for g in self.person.ask("grant-list")["grants"] if g["origin"] == APP)
            self.assertEqual(self.person.ask("grant-revoke", {"id": grant["id"]})["revoked"], 1)
        self.check_nothing_comes(revoke)

    def test_b27_one_byte(self):
        """On a quiet line: a byte that is sent behind the answer."""
        page, = self.let_in(APP, 1)
        self.line.write(b"before")
        wait_for(lambda: page.bytes_of("load") == b"before", "the bytes before")
        self.assertEqual(self.person.ask("grant-revoke", {"origin": APP})["revoked"], 1)
        self.line.write(b"x")
        wait_for(lambda: self.person.bytes_of("load") == b"beforex", "the byte")
        self.assertFalse(page.ask("read-history", {"name": "load"})["ok"])
        self.assertEqual(page.bytes_of("load"), b"before")


if __name__ == "__main__":
    unittest.main()
