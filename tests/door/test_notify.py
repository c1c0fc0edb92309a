"""test_notify.py - the notification on the desktop while a page waits: what it says, when it goes, that nothing on it can be
clicked, and that nobody needs a desktop."""
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import unittest

from daemon import DEADLINE
from door_case import APP, OTHER, DoorTest

HERE = os.path.dirname(__file__)


class DesktopTest(DoorTest):
    service = ()

    def start(self):
        os.makedirs(f"{self.home}/run", 0o700, exist_ok=True)
        self.start_desktop("bus")
        super().start()

    def start_desktop(self, name):
        """A bus of this name in the daemon's XDG_RUNTIME_DIR, and who shows notifications on it."""
        self.bus = self.spawn("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address",
                              f"--address=unix:path={self.home}/run/{name}")
        address = self.bus.stdout.readline().decode().strip()
        self.asked = queue.Queue()
        self.desktop = self.spawn(sys.executable, f"{HERE}/desktop.py", *self.service,
                                  env=os.environ | {"DBUS_SESSION_BUS_ADDRESS": address})
        threading.Thread(target=self.listen, args=(self.desktop, self.asked), daemon=True).start()
        self.assertEqual(self.asked.get(timeout=DEADLINE)["method"], "ready")

    def spawn(self, *command, **options):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, DEADLINE)
        self.addCleanup(process.kill)
        return process

    @staticmethod
    def listen(desktop, asked):
        try:
            for line in desktop.stdout:
                asked.put(json.loads(line))
        except ValueError:
            pass  # closed by the test's end

    def wait_call(self, method):
        """The arguments of the next call; it must be of this method."""
        call = self.asked.get(timeout=DEADLINE)
        self.assertEqual(call["method"], method)
        return call["arguments"]


class NotifyTest(DesktopTest):
    def test_a_question_is_shown_while_it_is_open(self):
        page = self.page(auth={"pm": {"reason": "to <b>calibrate</b> & \"play\"\n<a href='x'>Allow</a>\u202e"}})
        request = self.person.wait_event("consent-requested")
        program, replaces, _, title, body, actions, hints, milliseconds = self.wait_call("Notify")
        self.assertEqual((program, replaces, actions), ("Peripheral Manager", 0, []))  # nothing to click
        self.assertEqual((hints, milliseconds), ({"urgency": 1}, 120000))
        self.assertIn("asks for devices", title)
        self.assertIn(APP, body)
        self.assertIn(f"peripheral-manager approve {request['id']}", body)
        self.assertIn("It says: \"to &lt;b&gt;calibrate&lt;/b&gt; &amp; \"play\"", body)
        self.assertNotRegex(body, "[<>\u202e]")
        self.assertTrue(self.approve(request)["ok"])
        page.wait_in()
        self.assertEqual(self.wait_call("CloseNotification"), [7])

    def test_one_notification_stands_for_all_questions(self):
        one, two = self.page(), self.page(OTHER)
        first = self.person.wait_event("consent-requested", origin=APP)
        second = self.person.wait_event("consent-requested", origin=OTHER)
        body = self.wait_call("Notify")[4]
        if "More pages" not in body:
            _, replaces, _, _, body, *_ = self.wait_call("Notify")
            self.assertEqual(replaces, 7)
        self.assertIn("More pages that wait: 1", body)
        self.person.ask("consent-deny", {"id": first["id"]})
        one.wait_refusal()
        body = self.wait_call("Notify")[4]
        self.assertIn(OTHER, body)
        self.assertNotIn("More pages", body)
        self.person.ask("consent-deny", {"id": second["id"]})
        two.wait_refusal()
        self.wait_call("CloseNotification")

    def test_what_is_shown_goes_with_the_daemon(self):
        self.page()
        self.page(OTHER)
        replaces = 0
        while not replaces:  # now the daemon knows its number
            replaces = self.wait_call("Notify")[1]
        self.person.close()
        self.assertEqual(self.program.stop(), 0)
        self.assertEqual(self.wait_call("CloseNotification"), [7])
        DoorTest.start(self)

    def replace_bus(self):
        """The bus dies, and another one that is ready stands in its place."""
        old = self.bus
        self.start_desktop("next")
        old.kill()
        old.wait(DEADLINE)
        os.rename(f"{self.home}/run/next", f"{self.home}/run/bus")

    def test_what_was_shown_is_shown_on_the_next_bus(self):
        page = self.page()
        request = self.person.wait_event("consent-requested")
        self.wait_call("Notify")
        self.replace_bus()
        _, replaces, _, _, body, *_ = self.wait_call("Notify")
        self.assertEqual(replaces, 0)
        self.assertIn(f"peripheral-manager approve {request['id']}", body)
        self.assertTrue(self.approve(request)["ok"])
        page.wait_in()
        self.assertEqual(self.wait_call("CloseNotification"), [7])

    def test_what_waited_for_an_answer_of_a_lost_bus_is_shown_on_the_next(self):
        self.desktop.send_signal(signal.SIGSTOP)
        self.page()
        self.person.wait_event("consent-requested", origin=APP)
        self.page(OTHER)
        self.person.wait_event("consent-requested", origin=OTHER)
        self.replace_bus()
        body = self.wait_call("Notify")[4]
        self.assertIn(APP, body)
        self.assertIn("More pages that wait: 1", body)

    def test_without_its_bus_all_goes_on(self):
        self.page()
        self.wait_call("Notify")
        self.bus.kill()
        self.bus.wait(DEADLINE)
        self.desktop.wait(DEADLINE)
        page = self.page(OTHER)
        self.assertTrue(self.approve(self.person.wait_event("consent-requested", origin=OTHER))["ok"])
        page.wait_in()  # without a desktop all goes on
        os.unlink(f"{self.home}/run/bus")
        self.assertTrue(self.approve(self.person.wait_event("consent-requested", origin=APP))["ok"])

    def test_nothing_is_loaded_before_a_page_asks(self):
        def libraries():
            with open(f"/proc/{self.program.process.pid}/maps") as maps:
                return maps.read()
        self.assertNotIn("libsystemd.so", libraries())
        self.page()
        self.wait_call("Notify")
        self.assertIn("libsystemd.so", libraries())


class BrokenTest(DesktopTest):
    """A desktop that shows nothing is asked for each question, and that is all."""
    service = ("--broken",)

    def test_questions_go_on(self):
        for origin in (APP, OTHER):
            page = self.page(origin)
            request = self.person.wait_event("consent-requested", origin=origin)
            self.assertIn(origin, self.wait_call("Notify")[4])
            self.assertTrue(self.approve(request)["ok"])
            page.wait_in()


class SilentTest(DesktopTest):
    """Whoever does not want it is not disturbed."""
    options = ("--no-notifications",)

    def test_nobody_is_told(self):
        page = self.page()
        self.assertTrue(self.approve()["ok"])
        page.wait_in()
        self.assertTrue(self.asked.empty())


if __name__ == "__main__":
    unittest.main()
