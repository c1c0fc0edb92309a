"""test_approve.py - a person lets pages in from a terminal: the question there, the answer, what was allowed, and its end."""
import json
import re
import select
import threading
import types
import unittest

import peers
from daemon import DEADLINE, wait_for
from places import Places

APP = "https://app.example"


class ConsentTest(Places):
    def setUp(self):
        super().setUp()
        self.daemon = self.serve("--demo", "--local-pages", "ask", bufsize=0)
        port = int(re.search(r":(\d+)", self.daemon.stdout.readline().decode()).group(1))
        self.program = types.SimpleNamespace(port=port)

    def page(self, origin=APP, **options):
        page = peers.page(self.program, origin, **options)
        self.addCleanup(page.close)
        return page

    def told(self, words):
        """The line in the daemon's terminal that has these words."""
        while select.select([self.daemon.stdout], [], [], DEADLINE)[0]:
            line = self.daemon.stdout.readline().decode()
            if words in line:
                return line
        raise AssertionError(f"nothing says: {words}")

    def test_the_question_is_in_the_terminal_with_the_commands_that_answer_it(self):
        page = self.page(auth={"pm": {"reason": "to read the scale"}})
        line = self.told(f"The page {APP} asks for devices")
        self.assertIn('"to read the scale"', line)
        question = self.json("requests")[0]
        self.assertIn(APP, self.command("requests")[0])
        approve = re.search(r'(approve \S+)"', line).group(1).split()
        self.assertEqual(approve[1], question["id"])
        self.assertIn(f"{APP} may use", self.command(*approve, "virtual-echo", "--duration", "always")[0])
        wait_for(lambda: page.joined, "the page is let in")
        self.told("is over: approved")
        grant = self.json("grants")[0]
        self.assertEqual((grant["origin"], grant["device"]["id"], grant["duration"], grant["by"]),
                         (APP, "virtual-echo", "always", "cli"))
        self.assertIn("virtual-echo", self.command("grants")[0])
        self.assertEqual(self.command("revoke", "--origin", APP)[0], "1 revoked.\n")
        self.assertIn("No page was allowed", self.command("grants")[0])

    def doctor(self, address):
        findings = json.loads(self.run_program("doctor", "--json", "--origin", address)[1])
        return [(f["result"], f["message"]) for f in findings if f["check"] == "origin"]

    def test_doctor_tells_what_a_page_would_get(self):
        result, message = self.doctor(f"{APP}/tools/scale.html?x=1")[0]
        self.assertEqual(result, "hint")
        self.assertIn(f"--allow-origin {APP}", message)
        self.assertIn("lets it in by itself", self.doctor("http://localhost:8000")[1][1])
        for wrong in ("app.example", "file:///home/me/index.html", "null", "https://user@app.example"):
            self.assertEqual([r for r, _ in self.doctor(wrong)], ["problem"], wrong)
        page = self.page()
        self.told("asks for devices")
        self.command("approve", self.json("requests")[0]["id"], "*", "--duration", "session")
        wait_for(lambda: page.joined, "the page is let in")
        self.assertRegex(self.doctor(APP)[0][1], r"may use all devices \(session\)\. End it with: .* revoke --id \w+")

    def test_no_is_an_answer(self):
        self.page()
        line = self.told("asks for devices")
        self.command("deny", re.search(r'deny (\S+)"\.', line).group(1))
        self.told("is over: denied")
        self.assertIn("No page asks", self.command("requests")[0])

    def test_pages_and_devices_are_named_as_they_are_seen(self):
        for page_name, device, wanted in (("app.example", "virtual:pump", "virtual-pump"), ("https://App.Example/", "counter", "virtual-counter")):
            page = self.page()
            self.told("asks for devices")
            self.assertIn(f"{APP} may use", self.command("approve", page_name, device)[0])
            wait_for(lambda: page.joined, "the page is let in")
            self.told("is over: approved")
            self.assertEqual([g["device"]["id"] for g in self.json("grants")], [wanted])
            self.command("revoke", "--origin", APP)
            page.close()
        self.page(origin="https://two.example")
        self.told("asks for devices")
        self.assertIn("There is no question", self.command("deny", "wo.example", code=1)[1])
        self.command("deny", "two.example")
        self.told("is over: denied")

    def test_what_a_page_may_do_is_a_list_of_words(self):
        self.page()
        self.told("asks for devices")
        self.assertIn("capabilities", self.command("approve", APP, "--capabilities", "serial,nix", code=64)[1])
        self.command("approve", APP, "echo", "--capabilities", "serial,firmware")
        self.assertEqual(self.json("grants")[0]["capabilities"], ["serial", "firmware"])

    def test_names_that_pages_choose_are_no_names_of_devices(self):
        self.command("activate", "speaker", "virtual:echo")
        self.command("activate", "pump", "virtual:echo", code=1)  # it is open by that name
        page = self.page(origin="https://app.example:8443")
        question = re.search(r'deny (\S+)"\.', self.told("asks for devices")).group(1)
        self.assertIn("no device", self.command("approve", question, "speaker", code=1)[1])
        self.assertIn('no question "8443"', self.command("approve", "8443", "echo", code=1)[1])
        self.assertFalse(page.joined)

    def test_what_fits_several_is_refused_with_their_ids(self):
        page = self.page()
        self.told("asks for devices")
        self.command("approve", APP, "virtual-pump")
        wait_for(lambda: page.joined, "the page is let in")
        threading.Thread(target=lambda: page.ask("request-device", {}), daemon=True).start()
        other = self.page(origin="http://app.example")
        wait_for(lambda: len(self.json("requests")) == 2, "two questions")
        errors = self.command("deny", "app.example", code=64)[1]
        self.assertIn('"app.example" fits 2 questions:\n', errors)
        self.assertIn(f"  {APP}\n", errors)
        self.assertIn("Name one by its id. See: peripheral-manager requests\n", errors)
        self.command("deny", "http://app.example")
        self.command("deny", APP)
        self.assertEqual(other.wait_refusal()["code"], "consent-denied")

    def test_what_cannot_be_answered(self):
        self.assertIn('no question "zz"', self.command("approve", "zz", code=1)[1])
        self.assertIn('no question "zz"', self.command("deny", "zz", code=1)[1])
        self.assertIn("UTF-8", self.command("approve", "q_1", b"\xff", code=64)[1])
        self.page()
        question = re.search(r'deny (\S+)"\.', self.told("asks for devices")).group(1)
        self.assertIn('no device "nix"', self.command("approve", question, "nix", code=1)[1])
        self.assertIn('"once", "session"', self.command("approve", question, "--duration", "ever", code=64)[1])


if __name__ == "__main__":
    unittest.main()
