"""door_case.py - what the tests of pages share: a daemon that asks for everything, pages, and the person who answers over the
control socket."""
import os
import shutil
import tempfile
import unittest

import peers
from daemon import Program

DAEMON = os.environ["PERIPHERAL_MANAGER"]
APP = "https://app.example"
OTHER = "https://other.example"


class DoorTest(unittest.TestCase):
    options = ()
    demo = True  # with virtual devices
    under = ()  # a command that runs the daemon

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="pm-test-")
        self.addCleanup(shutil.rmtree, self.home)
        self.grants = f"{self.home}/state/peripheral-manager/grants.json"
        self.pages = []
        self.start()

    def start(self):
        self.program = Program(DAEMON, *(["--demo"] if self.demo else []), "--local-pages", "ask", *self.options, home=self.home,
                               under=self.under)
        self.own = f"http://localhost:{self.program.port}"
        self.person = peers.person(self.program)

    def restart(self, grants=None, options=()):
        self.person.close()
        self.assertEqual(self.program.stop(), 0)
        self.options = options
        if grants:
            with open(self.grants, "w") as file:
                file.write(grants)
        self.start()

    def tearDown(self):
        for page in self.pages:
            page.close()
        self.person.close()
        self.assertEqual(self.program.stop(), 0)

    def page(self, origin=APP, **options):
        self.pages.append(peers.page(self.program, origin, **options))
        return self.pages[-1]

    def approve(self, request=None, **answer):
        request = request or self.person.wait_event("consent-requested")
        return self.person.ask("consent-approve", {"id": request["id"], **answer})
