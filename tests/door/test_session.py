"""test_session.py - the console page: its session, and what it cannot do without. Numbers as B17 are rows of the list of
hostile inputs."""
import json
import unittest

import peers
import test_recovery as recovery
from daemon import wait_for
from door_case import DoorTest


class SessionTest(DoorTest):
    def post(self, request, data=None, bearer=None, origin=None, kind="application/json"):
        headers = {"Content-Type": kind, "Origin": origin or self.own}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        status, fields, body = self.program.request("POST", f"/console/api/{request}", json.dumps(data or {}).encode(), headers)
        return status, json.loads(body)

    def code(self):
        answer = self.person.ask("session-code")
        self.assertEqual(answer["address"], f"{self.own}/console/#c={answer['code']}")
        return answer["code"]

    def bearer(self):
        status, answer = self.post("session", {"code": self.code()})
        self.assertEqual((status, answer["expires-in"]), (200, 43200))
        return answer["bearer"]

    def page(self, origin=None, **auth):
        self.pages.append(peers.page(self.program, origin or self.own, auth=auth or None))
        return self.pages[-1]

    def test_b17_what_the_console_may_ask_needs_its_session(self):
        bearer = self.bearer()
        self.assertEqual(self.post("consent-list", bearer=bearer), (200, {"ok": True, "requests": []}))
        self.assertEqual(self.post("list-devices", bearer=bearer)[0], 200)
        for request in ("consent-list", "grant-list", "list-devices", "session-code"):
            self.assertEqual(self.post(request)[1]["error"]["code"], "session-required")
            self.assertEqual(self.post(request, bearer=bearer[:-1] + "!")[0], 401)
        for origin in ("https://evil.example", "null", f"http://localhost:{self.program.port + 1}",
                       f"https://localhost:{self.program.port}"):
            self.assertEqual(self.post("consent-list", bearer=bearer, origin=origin)[0], 403)
        self.assertEqual(self.post("consent-list", bearer=bearer, kind="text/plain")[0], 415)

    def test_b18_a_code_is_good_once(self):
        code = self.code()
        self.assertEqual(self.post("session", {"code": code})[0], 200)
        self.assertEqual(self.post("session", {"code": code})[0], 401)
        for _ in range(9):
            self.assertEqual(self.post("session", {"code": "x" * 22})[0], 401)
        status, answer = self.post("session", {"code": self.code()})
        self.assertEqual((status, answer["error"]["code"]), (503, "busy"))

    def test_other_pages_and_programs_begin_no_session(self):
        self.assertEqual(self.program.request("POST", "/console/api/session", json.dumps({"code": self.code()}).encode(),
                                              {"Content-Type": "application/json"})[0], 403)
        status, answer = self.program.post("session", {"code": self.code()})
        self.assertEqual((status, answer["error"]["code"]), (501, "unsupported"))

    def test_a_session_answers_questions_over_socket_io(self):
        console = self.page(session=self.bearer())
        console.wait_in()
        app = peers.page(self.program, "https://app.example")
        self.pages.append(app)
        request = console.wait_event("consent-requested")
        self.assertTrue(console.ask("consent-approve", {"id": request["id"]})["ok"])
        app.wait_in()
        self.assertEqual(console.ask("grant-list")["grants"][0]["by"], "console")

    def test_without_a_session_the_page_has_devices_and_no_say(self):
        console = self.page()
        console.wait_in()
        self.assertTrue(console.ask("list-devices")["devices"])
        self.assertEqual(console.ask("consent-list")["error"]["code"], "session-required")
        self.pages.append(peers.page(self.program, "https://app.example"))
        self.person.wait_event("consent-requested")
        self.assertEqual(console.got, [])

    def test_a_session_that_is_over_is_refused(self):
        bearer = self.bearer()
        console = self.page(session=bearer)
        console.wait_in()
        self.assertEqual([s["this"] for s in console.ask("session-list")["sessions"]], [True])
        self.assertEqual(self.person.ask("session-revoke")["revoked"], 1)
        console.wait_event("session-ended")
        self.assertEqual(console.ask("grant-list")["error"]["code"], "session-required")
        self.assertEqual(self.post("grant-list", bearer=bearer)[0], 401)
        self.assertEqual(self.page(session=bearer).wait_refusal()["code"], "session-required")

    def test_one_that_makes_room_ends_for_the_page_that_has_it(self):
        console = self.page(session=self.bearer())
        console.wait_in()
        for _ in range(16):
            self.bearer()
        console.wait_event("session-ended")
        self.assertEqual(console.ask("grant-list")["error"]["code"], "session-required")
        self.assertTrue(console.ask("list-devices")["ok"])

    def test_what_a_client_shows_makes_it_the_one_that_it_was(self):
        bearer, token = self.bearer(), self.person.ask("token-create", {"name": "lab"})["token"]
        for who in ({"origin": self.own, "session": bearer}, {"token": token}):
            for again, recovers in ((who, True), ({**who, "session": None, "token": None}, False)):
                page = recovery.Page(self.program, **who)
                page.cut()
                back = recovery.Page(self.program, page.pid, **again)
                self.assertEqual(back.recovered, recovers, (who, again))
                back.cut()

    def test_b13_nothing_in_an_address_does_anything(self):
        self.pages.append(peers.page(self.program, "https://app.example"))
        request = self.person.wait_event("consent-requested")
        for path in (f"/console/?approve={request['id']}", f"/console/api/consent-approve?id={request['id']}",
                     f"/api/v1/consent-approve?id={request['id']}"):
            self.program.request("GET", path, None, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site",
                                                     "Sec-Fetch-Dest": "document"})
        self.assertEqual(len(self.person.ask("consent-list")["requests"]), 1)
        self.assertEqual(self.person.ask("grant-list")["grants"], [])


if __name__ == "__main__":
    unittest.main()
