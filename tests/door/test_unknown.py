"""test_unknown.py - where the kernel does not tell whose a connection is, as in some containers: no program is believed to be
the person's without a token, nor to be our own page without a session (B35)."""
import json
import unittest

from door_case import APP, DoorTest

# Runs a command that cannot ask the kernel for sockets' owners (NETLINK_SOCK_DIAG).
UNTOLD = ("/usr/bin/python3", "-c", """
import ctypes, os, platform, struct, sys
SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
LOAD, EQUAL, RETURN, NETLINK, SOCK_DIAG = 0x20, 0x15, 0x06, 16, 4
program = [(LOAD, 0, 0, 0), (EQUAL, 0, 5, SOCKET), (LOAD, 0, 0, 16), (EQUAL, 0, 3, NETLINK), (LOAD, 0, 0, 32),
           (EQUAL, 0, 1, SOCK_DIAG), (RETURN, 0, 0, 0x50000 | 93), (RETURN, 0, 0, 0x7fff0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
libc = ctypes.CDLL(None, use_errno=True)
filter = struct.pack("HxxxxxxP", len(program), ctypes.addressof(filters))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter, 0, 0):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
""")
JSON = {"Content-Type": "application/json"}


class UnknownTest(DoorTest):
    under = UNTOLD

    def ask(self, path="/api/v1/list-devices", **headers):
        status, _, body = self.program.request("GET", path, None, headers)
        return status, json.loads(body).get("error", {}).get("code") if body.startswith(b"{") else None

    def test_programs_need_a_token(self):
        for path in ("/api/v1/list-devices", "/metrics"):
            self.assertEqual(self.ask(path), (401, "token-required"))
        self.assertEqual(self.page(None).wait_refusal()["code"], "token-required")
        token = self.person.ask("token-create", {"name": "lab"})["token"]
        self.assertEqual(self.ask(Authorization=f"Bearer {token}"), (200, None))
        program = self.page(None, auth={"token": token})
        program.wait_in()
        self.assertTrue(program.ask("list-devices")["devices"])

    def test_who_says_that_it_is_our_page_needs_a_session(self):
        self.assertEqual(self.ask(Origin=self.own), (401, "token-required"))
        self.assertEqual(self.ask(**{"Sec-Fetch-Site": "same-origin"}), (401, "token-required"))
        self.assertEqual(self.page(self.own).wait_refusal()["code"], "token-required")
        status, _, body = self.program.request("POST", "/console/api/session",
                                               json.dumps({"code": self.person.ask("session-code")["code"]}).encode(),
                                               JSON | {"Origin": self.own})
        self.assertEqual(status, 200, body)
        console = self.page(self.own, auth={"session": json.loads(body)["bearer"]})
        console.wait_in()
        self.assertTrue(console.ask("consent-list")["ok"])

    def test_pages_ask_the_person_as_ever(self):
        page = self.page(APP)
        request = self.person.wait_event("consent-requested")
        self.assertEqual(request["origin"], APP)
        self.assertTrue(self.person.ask("consent-approve", {"id": request["id"]})["ok"])
        page.wait_in()
        self.assertTrue(page.ask("list-devices")["devices"])


if __name__ == "__main__":
    unittest.main()
