"""test_consent.py - pages that ask, and the person who answers over the control socket. Numbers as B19 are rows of the list
of hostile inputs."""
import json
import os
import signal
import subprocess
import threading
import time
import unittest

from daemon import DEADLINE, environment, wait_for
from door_case import APP, DAEMON, OTHER, DoorTest


class ConsentTest(DoorTest):
    def test_b19_nothing_is_told_before_the_person_said_yes(self):
        page = self.page(auth={"pm": {"reason": "To read\nthe scale"}})
        request = self.person.wait_event("consent-requested")
        self.assertEqual((request["origin"], request["reason"]), (APP, "To read the scale"))
        self.assertIn("virtual:echo", [d["address"] for d in request["devices"]])
        self.assertEqual(page.got, [])
        echo = next(d["id"] for d in request["devices"] if d["address"] == "virtual:echo")
        answer = self.approve(request, devices=[echo])
        self.assertTrue(answer["saved"])
        page.wait_in()
        self.assertEqual([d["id"] for d in page.ask("list-devices")["devices"]], [echo])
        self.person.wait_event("consent-ended", id=request["id"], reason="approved")

    def test_b20_what_was_sent_meanwhile_is_answered_then(self):
        page = self.page()
        self.person.wait_event("consent-requested")
        self.approve()
        page.wait_in()
        self.assertTrue(page.ask("activate-connection", {"name": "e", "address": "virtual:echo"})["ok"])
        page.emit("send-raw", {"name": "e", "payload": "hello"})
        wait_for(lambda: page.bytes_of("e") == b"hello", "the echo")

    def test_b21_a_no_is_told_and_holds(self):
        page = self.page()
        request = self.person.wait_event("consent-requested")
        self.assertTrue(self.person.ask("consent-deny", {"id": request["id"]})["ok"])
        self.assertEqual(page.wait_refusal()["code"], "consent-denied")
        again = self.page()
        self.assertEqual(again.wait_refusal()["code"], "consent-denied")
        for refused in (page, again):
            self.assertIn("--allow-origin", refused.refusal["message"])
        self.assertEqual(self.person.ask("consent-list")["requests"], [])
        status, fields, body = self.program.request("GET", "/api/v1/list-devices", None, {"Origin": APP})
        self.assertEqual((status, fields["Access-Control-Allow-Origin"]), (403, APP))
        self.assertIn(b"consent-denied", body)
        self.assertIn(b"--allow-origin", body)

    def test_a_page_that_does_not_want_to_wait_is_told_at_once(self):
        page = self.page(auth={"pm": {"wait": False}})
        refusal = page.wait_refusal()
        self.assertEqual(refusal["code"], "consent-required")
        self.assertIn("--allow-origin", refusal["message"])
        request = self.person.wait_event("consent-requested", id=refusal["request"])
        self.approve(request, duration="session")
        again = self.page(auth={"pm": {"wait": False}})
        again.wait_in()

    def test_b22_a_page_that_goes_takes_its_question_with_it(self):
        page = self.page()
        request = self.person.wait_event("consent-requested")
        page.close()
        self.person.wait_event("consent-ended", id=request["id"], reason="left")
        answer = self.approve(request)
        self.assertEqual(answer["error"]["code"], "no-such-request")
        self.assertEqual(self.person.ask("grant-list")["grants"], [])

    def test_b23_questions_are_bounded(self):
        for i in range(8):
            self.page(f"https://p{i}.example")
        wait_for(lambda: len(self.person.events("consent-requested")) == 8, "eight questions")
        self.assertEqual(self.page("https://p9.example").wait_refusal()["code"], "busy")
        self.page("https://p1.example")
        self.assertEqual(len(self.person.ask("consent-list")["requests"]), 8)

    def test_pages_do_not_see_what_others_have(self):
        """B30: a device that was not granted does not exist; one that another page uses is busy, without a name."""
        page, other = self.page(), self.page(OTHER)
        questions = {q["origin"]: q for q in wait_for(
            lambda: len(self.person.events("consent-requested")) == 2 and self.person.events("consent-requested"), "two")}
        ids = {d["address"]: d["id"] for d in questions[APP]["devices"]}
        self.approve(questions[APP], devices=[ids["virtual:echo"], ids["virtual:counter"]])
        self.approve(questions[OTHER], devices=[ids["virtual:echo"]])
        page.wait_in()
        other.wait_in()
        self.assertTrue(page.ask("activate-connection", {"name": "e", "address": ids["virtual:echo"]})["ok"])
        for address in ("virtual:counter", ids["virtual:counter"], "virtual:nothing", "/dev/mem"):
            error = other.ask("activate-connection", {"name": "x", "address": address})["error"]
            self.assertEqual((error["code"], error["message"]),
                             ("no-such-device", f'There is no device at "{address}". See list-devices.'))
        self.assertEqual(other.ask("activate-connection", {"name": "x", "address": "virtual:echo"})["error"]["code"], "device-busy")
        for event in ("send-raw", "deactivate-connection", "read-history"):
            data = {"name": "e", "payload": "x"} if event == "send-raw" else {"name": "e"}
            self.assertEqual(other.ask(event, data)["error"]["code"], "no-such-connection")
        self.assertEqual(other.ask("list-connections")["connections"], [])
        device = other.ask("list-devices")["devices"][0]
        self.assertEqual((device["connection"], device["in-use-by"]), (None, "another application"))
        own = next(d for d in page.ask("list-devices")["devices"] if d["address"] == "virtual:echo")
        self.assertEqual((own["connection"], own["in-use-by"]), ("e", APP))
        page.ask("send-raw", {"name": "e", "payload": "secret"})
        wait_for(lambda: page.events("e"), "the echo")
        self.assertEqual(other.got, [])
        self.assertNotIn(APP, json.dumps(other.got, default=str))
        self.assertTrue(other.ask("subscribe", {"names": "*", "deliver": "frames"})["ok"])  # "e" says nothing of frames
        self.person.ask("unplug-virtual", {"address": "virtual:echo"})
        page.wait_event("connection-lost", name="e")
        answer = other.ask("activate-connection", {"name": "e", "address": ids["virtual:echo"], "reconnect": False})
        self.assertEqual(answer["error"]["code"], "name-taken")
        self.assertTrue(page.ask("list-connections")["connections"][0]["options"]["reconnect"])

    def test_an_answer_names_devices_however_long_their_ids_are(self):
        self.page()
        request = self.person.wait_event("consent-requested")
        self.assertEqual(self.approve(request, devices=["usb-" + "x" * 123])["error"]["code"], "no-such-device")
        self.assertEqual(self.approve(request, devices=["usb-" + "x" * 124])["error"]["field"], "devices")

    def test_sharing_is_a_choice(self):  # G15
        page, other = self.page(), self.page(OTHER)
        wait_for(lambda: len(self.person.events("consent-requested")) == 2, "two questions")
        for request in self.person.ask("consent-list")["requests"]:
            self.approve(request, shared=True)
        page.wait_in()
        other.wait_in()
        page.ask("activate-connection", {"name": "e", "address": "virtual:echo"})
        other.wait_event("connection-opened", name="e")
        self.assertTrue(other.ask("send-raw", {"name": "e", "payload": "hi"})["ok"])
        wait_for(lambda: page.bytes_of("e") == b"hi" and other.bytes_of("e") == b"hi", "the echo for both")

    def test_a_narrower_answer_ends_what_it_takes_back(self):
        page, other = self.page(), self.page(OTHER)
        wait_for(lambda: len(self.person.events("consent-requested")) == 2, "two questions")
        questions = {q["origin"]: q for q in self.person.ask("consent-list")["requests"]}
        echo = next(d["id"] for d in questions[APP]["devices"] if d["address"] == "virtual:echo")
        self.approve(questions[APP], devices=[echo], shared=True, duration="always")
        self.approve(questions[OTHER])
        page.wait_in()
        other.wait_in()
        page.ask("activate-connection", {"name": "e", "address": "virtual:echo"})
        other.wait_event("connection-opened", name="e")
        chosen = []
        thread = threading.Thread(target=lambda: chosen.append(page.ask("request-device", {})))
        thread.start()
        self.approve(self.person.wait_event("consent-requested", **{"one-device": True}), devices=echo)
        thread.join(DEADLINE)
        other.wait_event("connection-closed", name="e", reason="revoked")
        page.ask("send-raw", {"name": "e", "payload": "mine"})
        wait_for(lambda: page.bytes_of("e") == b"mine", "the echo")
        self.assertEqual(other.bytes_of("e"), b"")
        self.assertEqual({g["duration"] for g in self.person.ask("grant-list")["grants"] if g["origin"] == APP}, {"always"})

    def test_pages_have_no_say_over_others(self):
        page = self.page()
        self.approve()
        page.wait_in()
        for event in ("consent-list", "grant-list"):
            self.assertEqual(page.ask(event)["error"]["code"], "session-required")
        self.assertEqual(page.ask("grant-revoke", {"all": True})["error"]["code"], "session-required")
        status, answer = self.program.post("consent-approve", {"id": "q_1"})  # nor have programs that are not the command line
        self.assertEqual((status, answer["error"]["code"]), (401, "session-required"))

    def test_once_ends_with_the_last_connection(self):
        page = self.page()
        self.approve()
        page.wait_in()
        self.assertEqual(page.ask("list-grants")["grants"][0]["duration"], "once")
        page.send("41")  # a goodbye; one that is only lost may come back
        wait_for(lambda: not self.person.ask("grant-list")["grants"], "the grant to end")

    def test_capabilities_are_asked_one_by_one(self):
        page = self.page()
        self.approve(capabilities=["serial"])
        page.wait_in()
        page.ask("activate-connection", {"name": "e", "address": "virtual:echo"})
        self.assertTrue(page.ask("send-raw", {"name": "e", "payload": "x"})["ok"])
        error = page.ask("configure-connection", {"name": "e", "baud-rate": 9600})["error"]
        self.assertEqual(error["code"], "scope")
        self.assertIn("--allow-origin", error["message"])

    def test_the_chooser_gives_one_device_more(self):
        page = self.page()
        request = self.person.wait_event("consent-requested")
        ids = {d["address"]: d["id"] for d in request["devices"]}
        self.approve(request, devices=[ids["virtual:echo"]])
        page.wait_in()
        chosen = []
        thread = threading.Thread(target=lambda: chosen.append(page.ask("request-device", {"reason": "the counter"})))
        thread.start()
        request = self.person.wait_event("consent-requested", **{"one-device": True})
        self.assertEqual(self.approve(request, devices="*")["error"]["code"], "bad-request")
        self.assertTrue(self.approve(request, devices=ids["virtual:counter"])["ok"])
        thread.join(DEADLINE)
        self.assertEqual(chosen[0]["device"]["id"], ids["virtual:counter"])
        self.assertEqual(len(page.ask("list-devices")["devices"]), 2)
        self.assertTrue(page.ask("forget-device", {"device": ids["virtual:counter"]})["ok"])
        self.assertEqual(len(page.ask("list-devices")["devices"]), 1)

    def test_b25_a_name_in_another_script_is_shown_as_the_browser_sends_it(self):
        self.page("https://xn--pple-43d.example:8443")  # "apple" with a Cyrillic letter
        request = self.person.wait_event("consent-requested")
        self.assertEqual(request["origin"], "https://xn--pple-43d.example:8443")
        self.assertEqual(self.page("https://\u0430pple.example").status, 403)
        self.assertEqual(len(self.person.ask("consent-list")["requests"]), 1)

    def test_b27_revoking_closes_streams_at_once(self):
        page = self.page()
        self.approve()
        page.wait_in()
        page.ask("activate-connection", {"name": "c", "address": "virtual:counter"})
        page.ask("send-raw", {"name": "c", "payload": "1048576\n"})
        wait_for(lambda: len(page.events("c")) > 10, "bytes")
        before = time.monotonic()
        self.assertEqual(self.person.ask("grant-revoke", {"origin": APP})["revoked"], 1)
        page.wait_event("connection-closed", name="c", reason="revoked")
        took = time.monotonic() - before
        count = len(page.events("c"))
        self.assertLess(took, 5)  # the promise is 100 ms; the machine may be busy
        self.assertEqual(page.ask("send-raw", {"name": "c", "payload": "x"})["error"]["code"], "no-such-connection")
        self.assertEqual(page.ask("activate-connection", {"name": "c", "address": "virtual:counter"})["error"]["code"],
                         "no-such-device")
        self.assertEqual(page.ask("list-devices")["devices"], [])
        self.assertEqual(len(page.events("c")), count)
        self.assertEqual(self.person.ask("list-connections")["connections"], [])


class CommandsTest(DoorTest):
    """The person at a terminal."""

    def run_program(self, *words):
        done = subprocess.run([DAEMON, *words], capture_output=True, text=True, timeout=DEADLINE, env=environment(self.home))
        return done.returncode, done.stdout + done.stderr

    def test_questions_are_answered_from_the_command_line(self):
        page = self.page(auth={"pm": {"reason": "the scale"}})
        request = self.person.wait_event("consent-requested")
        code, text = self.run_program("requests")
        self.assertEqual(code, 0)
        for piece in (request["id"], APP, "the scale"):
            self.assertIn(piece, text)
        self.assertEqual(self.run_program("approve", request["id"], "--duration", "always")[0], 0)
        page.wait_in()
        self.assertIn(APP, self.run_program("grants")[1])
        self.assertEqual(self.person.ask("grant-list")["grants"][0]["by"], "cli")
        self.assertEqual(self.run_program("revoke", "--origin", APP)[0], 0)
        wait_for(lambda: not self.person.ask("grant-list")["grants"], "the grant to end")

    def test_no_from_the_command_line(self):
        page = self.page()
        request = self.person.wait_event("consent-requested")
        self.assertEqual(self.run_program("deny", request["id"])[0], 0)
        self.assertEqual(page.wait_refusal()["code"], "consent-denied")
        self.assertEqual(self.run_program("deny", request["id"])[0], 1)

    def test_console_gives_an_address_that_is_good_once(self):
        code, text = self.run_program("console")
        self.assertEqual(code, 0)
        self.assertRegex(text, rf"http://localhost:{self.program.port}/console/#c=[\w-]{{22}}")


class KeptTest(DoorTest):
    def test_always_outlives_the_daemon(self):
        page = self.page()
        self.assertTrue(self.approve(duration="always")["saved"])
        page.wait_in()
        self.assertEqual(os.stat(self.grants).st_mode & 0o777, 0o600)
        self.restart()
        self.page().wait_in()

    def test_an_option_takes_nothing_from_what_was_allowed_for_ever(self):
        page = self.page()
        self.approve(duration="always")
        page.wait_in()
        self.restart(options=("--allow-origin", APP))
        self.page().wait_in()
        self.page(OTHER)
        self.approve(duration="always")  # something to write
        self.restart()
        self.page().wait_in()

    def test_what_a_page_opened_is_not_restored_without_its_grant(self):
        page = self.page()
        self.approve(duration="session")
        page.wait_in()
        self.assertTrue(page.ask("activate-connection", {"name": "e", "address": "virtual:echo"})["ok"])
        other = self.page(OTHER)
        self.approve(self.person.wait_event("consent-requested", origin=OTHER), duration="always")
        other.wait_in()
        self.assertTrue(other.ask("activate-connection", {"name": "c", "address": "virtual:counter"})["ok"])
        self.restart()
        self.assertEqual([c["name"] for c in self.person.ask("list-connections")["connections"]], ["c"])
        other = self.page(OTHER)
        other.wait_in()
        self.assertTrue(other.ask("activate-connection", {"name": "e", "address": "virtual:echo"})["ok"])

    def test_i01_a_grant_that_cannot_be_written_holds_for_this_run(self):
        page = self.page()
        self.approve(duration="always")
        page.wait_in()
        with open(self.grants) as file:
            before = file.read()
        folder = os.path.dirname(self.grants)
        os.rename(folder, folder + ".away")
        other = self.page(OTHER)
        self.assertFalse(self.approve(self.person.wait_event("consent-requested", origin=OTHER), duration="always")["saved"])
        other.wait_in()
        self.assertEqual(len(self.person.ask("grant-list")["banner"]), 1)
        os.rename(folder + ".away", folder)
        with open(self.grants) as file:
            self.assertEqual(file.read(), before)

    def test_i04_a_damaged_file_is_set_aside(self):
        self.restart('{"version": 1, "grants": [{"origin": "*"}]}')
        self.assertEqual(len([f for f in os.listdir(os.path.dirname(self.grants)) if f.startswith("grants.json.bad-")]), 1)
        self.assertEqual(len(self.person.ask("grant-list")["banner"]), 1)
        self.assertIn("state_corrupt", [e["kind"] for e in self.person.ask("audit-read")["entries"]])

    def test_i04_a_newer_file_stays_as_it_is(self):
        newer = '{"version": 7, "secrets": true}'
        self.restart(newer)
        self.page()
        self.assertFalse(self.approve(duration="always")["saved"])
        with open(self.grants) as file:
            self.assertEqual(file.read(), newer)


class ServiceTest(DoorTest):
    options = ("--local-pages", "auto")

    def test_b42_without_a_terminal_pages_of_this_machine_ask_too(self):
        page = self.page("http://localhost:5173")
        self.approve(self.person.wait_event("consent-requested", origin="http://localhost:5173"))
        page.wait_in()
        self.page("http://localhost:5174")
        self.person.wait_event("consent-requested", origin="http://localhost:5174")


class AuditTest(DoorTest):
    def kinds(self):
        return [e["kind"] for e in self.person.ask("audit-read")["entries"]]

    def test_what_happens_is_written_down(self):
        page = self.page()
        self.approve()
        page.wait_in()
        page.ask("activate-connection", {"name": "e", "address": "virtual:echo"})
        page.ask("send-raw", {"name": "e", "payload": "top secret"})
        wait_for(lambda: page.bytes_of("e") == b"top secret", "the echo")
        self.person.ask("grant-revoke", {"all": True})
        self.program.request("GET", "/", None, {"Host": "evil.example"})
        wait_for(lambda: "host_refused" in self.kinds(), "the refusal")
        self.assertEqual([k for k in self.kinds() if k != "origin_refused"],
                         ["start", "listen", "consent_asked", "grant_added", "consent_given", "device_open", "grant_revoked",
                          "device_close", "host_refused"])
        closed = next(e for e in self.person.ask("audit-read")["entries"] if e["kind"] == "device_close")
        self.assertEqual((closed["sent"], closed["received"], closed["result"]), (10, 10, "revoked"))
        path = os.path.join(os.path.dirname(self.grants), "audit.jsonl")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path) as file:
            text = file.read()
        self.assertNotIn("secret", text)
        numbers = [json.loads(line)["sequence"] for line in text.splitlines()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertEqual(page.ask("audit-read")["error"]["code"], "session-required")


    def test_limits_that_are_met(self):
        for _ in range(3):
            self.assertEqual(self.program.request("GET", "/health?" + "x" * 5000)[0], 414)
        self.assertEqual([(e["result"], e["uid"]) for e in self.person.ask("audit-read")["entries"] if e["kind"] == "limit_hit"],
                         [("target-too-long", os.getuid())])

    def test_settings_that_are_read_again(self):
        folder = f"{self.home}/config/peripheral-manager"
        os.makedirs(folder, exist_ok=True)
        for text, result in (("[access]\nallow-origin = https://lab.example\n", "taken"), ("nonsense\n", "wrong")):
            with open(f"{folder}/peripheral-manager.conf", "w") as file:
                file.write(text)
            self.program.process.send_signal(signal.SIGHUP)
            wait_for(lambda: result in [e.get("result") for e in self.person.ask("audit-read")["entries"]], result)
        self.assertEqual(self.kinds()[-1], "config_changed")


class OptionsTest(DoorTest):
    options = ("--allow-origin", APP, "--compat", "original")

    def test_an_origin_that_an_option_names_is_not_asked(self):
        page = self.page()
        page.wait_in()
        self.assertGreater(len(page.ask("list-devices")["devices"]), 3)

    def test_one_misspelt_origin_changes_nothing(self):
        folder = f"{self.home}/config/peripheral-manager"
        os.makedirs(folder, exist_ok=True)

        def reload(*origins, until):
            with open(f"{folder}/peripheral-manager.conf", "w") as file:
                file.write("[access]\n" + "".join(f"allow-origin = {o}\n" for o in origins))
            self.program.process.send_signal(signal.SIGHUP)
            wait_for(until, "the reload")

        def allowed():
            return {g["origin"] for g in self.person.ask("grant-list")["grants"] if g["by"] == "option"}

        self.restart()
        reload(APP, OTHER, until=lambda: allowed() == {APP, OTHER})
        reload("https://lab.example/path", OTHER, until=lambda: "Everything stays as it was" in self.program.line())
        self.assertEqual(allowed(), {APP, OTHER})
        reload(OTHER, until=lambda: allowed() == {OTHER})

    def test_compat_original_shares_everything(self):
        page = self.page(OTHER)
        answer = self.approve()
        self.assertEqual((answer["grants"][0]["device"], answer["grants"][0]["shared"]), ("*", True))
        page.wait_in()


if __name__ == "__main__":
    unittest.main()
