"""test_prompt.py - the daemon in a terminal asks the person on the spot, and lets pages of this machine in with one line."""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import threading
import time
import types
import unittest

import peers
from daemon import DEADLINE, environment, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]


def take_terminal():
    """The child's standard input becomes its controlling terminal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class PromptTest(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="pm-test-")
        self.addCleanup(shutil.rmtree, self.home)
        self.keyboard, near = pty.openpty()
        self.process = subprocess.Popen([DAEMON, "--allow-root", "--demo", "--port", "0"], stdin=near, stdout=near, stderr=near,
                                        preexec_fn=take_terminal, env=environment(self.home))
        os.close(near)
        self.text, self.pages = "", []
        self.port = int(self.wait_text(r"http://localhost:(\d+)/").group(1))
        self.program = types.SimpleNamespace(port=self.port, home=self.home)
        self.person = peers.person(self.program)

    def tearDown(self):
        for page in self.pages:
            page.close()
        self.person.close()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(DEADLINE), 0)
        os.close(self.keyboard)

    def wait_text(self, pattern):
        end = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, self.text)) and time.monotonic() < end:
            if select.select([self.keyboard], [], [], 0.1)[0]:
                self.text += os.read(self.keyboard, 65536).decode()
        self.assertTrue(found, (pattern, self.text))
        self.text = self.text[found.end():]
        return found

    def page(self, origin):
        self.pages.append(peers.page(self.program, origin))
        return self.pages[-1]

    def test_yes_no_and_always(self):
        first, second = self.page("https://one.example"), self.page("https://two.example")
        asked = self.wait_text(r"May https://(one|two)\.example use every serial device here, also later ones \(serial, control\)\?").group(1)
        pages = (first, second) if asked == "one" else (second, first)
        os.write(self.keyboard, b"a\n")
        pages[0].wait_in()
        self.wait_text(r"May https://(one|two)\.example use")
        for word in (b"maybe", b"yet", b"all", b"nobody", b"yy"):
            os.write(self.keyboard, word + b"\n")
            self.wait_text("Please answer y, a or n")
        self.assertEqual(len(self.person.ask("consent-list")["requests"]), 1)
        os.write(self.keyboard, b"\n")
        self.assertEqual(pages[1].wait_refusal()["code"], "consent-denied")
        grants = self.person.ask("grant-list")["grants"]
        self.assertEqual([(g["duration"], g["by"]) for g in grants], [("always", "terminal")])
        os.write(self.keyboard, b"y\n")  # nobody asks now: it is no answer to what is asked later
        third = self.page("https://three.example")
        self.wait_text(r"May https://three\.example use")
        self.assertEqual(len(self.person.ask("consent-list")["requests"]), 1)
        self.assertFalse(third.joined)
        os.write(self.keyboard, b"yes\n")
        third.wait_in()

    def test_a_question_is_written_once_with_what_the_page_says(self):
        self.pages.append(peers.page(self.program, "https://one.example", auth={"pm": {"reason": "to read the scale"}}))
        asked = self.wait_text(r'([^\r\n]*)May https://one\.example use [^?]*\? It says: "to read the scale"\. \[y\]es')
        self.assertNotIn("asks for devices", asked.group(0))
        question = self.wait_text(r'"peripheral-manager approve (q_\d+) DEVICE"').group(1)
        before = self.text
        self.assertTrue(self.person.ask("consent-deny", {"id": question})["ok"])
        self.wait_text(f"{question} is over: denied")
        self.assertNotIn("asks for devices", before)

    def test_of_several_devices_the_command_chooses(self):
        page = self.page("https://one.example")
        self.wait_text(r"May https://one\.example use")
        os.write(self.keyboard, b"y\n")
        page.wait_in()
        chosen = []
        thread = threading.Thread(target=lambda: chosen.append(page.ask("request-device", {"capabilities": ["serial"]})))
        thread.start()
        question = self.wait_text(r'asks for one device\. Let it in with "peripheral-manager approve (q_\d+) DEVICE" \(').group(1)
        other = self.page("https://two.example")
        self.wait_text(r"May https://two\.example use")  # the one that cannot be answered here is passed over
        os.write(self.keyboard, b"y\n")
        other.wait_in()
        self.assertTrue(self.person.ask("consent-approve", {"id": question, "devices": "virtual-echo"})["ok"])
        thread.join(DEADLINE)
        self.assertEqual(chosen[0]["device"]["id"], "virtual-echo")

    def test_pages_of_this_machine_come_in_with_one_line(self):  # B42
        self.page("http://localhost:5173").wait_in()
        self.wait_text(r"Pages of http://localhost:5173 may use the devices until this program ends")
        self.page("http://localhost:5173").wait_in()
        self.assertEqual(self.person.ask("grant-list")["grants"][0]["by"], "foreground")
        self.assertEqual(self.person.events("consent-requested"), [])
        wait_for(lambda: len(self.person.ask("grant-list")["grants"]) == 1, "one grant")


if __name__ == "__main__":
    unittest.main()
