"""test_tokens.py - tokens: how programs of other users come in, and how far (B35 to B38)."""
import json
import multiprocessing
import os
import pwd
import socket
import stat
import subprocess
import unittest

from daemon import DEADLINE, Program
from peers import Peer, page, person

DAEMON = os.environ["PERIPHERAL_MANAGER"]
NOBODY = pwd.getpwnam("nobody").pw_uid
APP = "https://app.example"


def http(port, path="/api/v1/list-devices", token=None, origin=None):
    """The status and the body; (0, "") if the connection was closed with nothing."""
    fields = [f"Host: localhost:{port}", "Connection: close"]
    if token is not None:
        fields.append(f"Authorization: Bearer {token}")
    if origin:
        fields.append(f"Origin: {origin}")
    got = b""
    try:
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as client:
            client.sendall((f"GET {path} HTTP/1.1\r\n" + "".join(f"{f}\r\n" for f in fields) + "\r\n").encode())
            while piece := client.recv(65536):
                got += piece
    except ConnectionError:
        pass  # it was closed with our request unread
    head, _, body = got.partition(b"\r\n\r\n")
    return (int(head.split()[1]), body.decode()) if head else (0, "")


def socket_io(port, auth):
    """What list-devices and activate-connection answer a client of Socket.IO; or why it was not let in."""
    peer = Peer(socket.create_connection(("127.0.0.1", port)), f"127.0.0.1:{port}", auth=auth)
    if auth and peer.status == 101 and auth.get("right"):
        peer.wait_in()
        return [peer.ask("list-devices"), peer.ask("activate-connection", {"name": "x", "address": "virtual:echo"})]
    return peer.wait_refusal()


def run_as(uid, ask, arguments, queue):
    os.setgid(uid)
    os.setuid(uid)
    queue.put(ask(*arguments))


def as_nobody(ask, *arguments):
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=run_as, args=(NOBODY, ask, arguments, queue))
    child.start()
    got = queue.get(timeout=DEADLINE)
    child.join(DEADLINE)
    return got


class TokensTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo")
        self.port = self.program.port
        self.me = person(self.program)

    def tearDown(self):
        self.me.close()
        self.assertEqual(self.program.stop(), 0)

    def create(self, name="lab", *scopes):
        answer = self.me.ask("token-create", {"name": name, "scopes": list(scopes or ["read"])})
        self.assertTrue(answer["ok"] and answer["saved"], answer)
        return answer["token"]

    def assert_refused(self, got, status, code):
        self.assertEqual(got[0], status, got)
        self.assertEqual(json.loads(got[1])["error"]["code"], code)

    def test_only_the_person_makes_them(self):
        token = self.create()
        self.assertRegex(token, "^pmt_[A-Za-z0-9_-]{43}$")
        self.assertEqual(self.me.ask("token-create", {"name": "lab"})["error"]["code"], "name-taken")
        self.assertEqual(self.me.ask("token-create", {"name": "a b"})["error"]["code"], "bad-request")
        self.assertEqual(self.me.ask("token-create", {"name": "a", "scopes": ["admin"]})["error"]["code"], "bad-request")
        listed = self.me.ask("token-list")["tokens"]
        self.assertEqual([(t["name"], t["scopes"]) for t in listed], [("lab", ["read"])])
        self.assertNotIn(token[4:], json.dumps(listed))
        for sender in (dict(), dict(origin=APP), dict(token=token)):
            for request in ("token-list", "token-create?name=mine"):
                self.assertIn(http(self.port, f"/api/v1/{request}", **sender)[0], (401, 403, 405))

    def test_kept_as_hashes_in_a_file_of_the_user_alone(self):
        token = self.create()
        path = f"{self.program.home}/state/peripheral-manager/grants.json"
        for folder, _, names in os.walk(self.program.home):
            for name in names:
                file = os.path.join(folder, name)
                if not stat.S_ISREG(os.stat(file).st_mode):
                    continue
                with open(file, "rb") as f:
                    kept = f.read()
                self.assertNotIn(token[4:].encode(), kept, file)
                if name == "grants.json":
                    path = file
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

    def test_b36_wrong_ones_are_refused(self):
        token = self.create()
        self.assertEqual(http(self.port, token=token)[0], 200)
        for wrong in ("x" + token[1:], token[:-1] + ("A" if token[-1] != "A" else "B"), "", token + "A"):
            self.assert_refused(http(self.port, token=wrong), 401, "token-required")
        self.assert_refused(http(self.port, f"/api/v1/list-devices?token={token}", token=token), 400, "token-in-url")

    def test_b36_a_scope_is_the_most_that_is_given(self):
        token = self.create("reader")
        peer = page(self.program, None, auth={"token": token})
        peer.wait_in()
        self.assertTrue(peer.ask("list-devices")["devices"])
        refused = peer.ask("activate-connection", {"name": "x", "address": "virtual:echo"})
        self.assertEqual(refused["error"]["code"], "scope", refused)
        peer.close()
        writer = page(self.program, None, auth={"token": self.create("writer", "read", "write")})
        writer.wait_in()
        self.assertTrue(writer.ask("activate-connection", {"name": "x", "address": "virtual:echo"})["ok"])
        self.assertEqual(writer.ask("set-signals", {"name": "x", "dtr": True})["error"]["code"], "scope")
        writer.close()

    def test_b37_six_wrong_ones_and_the_right_one_waits(self):
        token = self.create()
        for _ in range(5):
            self.assert_refused(http(self.port, token="pmt_wrong"), 401, "token-required")
        self.assert_refused(http(self.port, token="pmt_wrong"), 503, "busy")
        self.assert_refused(http(self.port, token=token), 503, "busy")
        self.assertEqual(http(self.port)[0], 200)  # whoever shows none is not meant
        if os.geteuid() == 0:
            self.assertEqual(as_nobody(http, self.port, "/api/v1/list-devices", token)[0], 200)

    def test_b37_a_page_that_guesses_is_in_no_programs_way(self):
        token = self.create()
        for _ in range(6):
            refused = http(self.port, token="pmt_wrong", origin=APP)
        self.assert_refused(refused, 503, "busy")
        self.assertEqual(http(self.port, token=token)[0], 200)

    def test_b38_a_page_gets_no_more_by_a_token(self):
        token = self.create("all", "read", "write", "control", "record")
        self.assert_refused(http(self.port, token=token, origin=APP), 403, "consent-required")
        reader = self.create("reader")
        waiting = page(self.program, APP, auth={"token": reader})
        question = self.me.wait_event("consent-requested")
        self.assertFalse(waiting.joined)
        self.me.ask("consent-approve", {"id": question["id"], "devices": "*"})
        waiting.wait_in()
        self.assertEqual(waiting.ask("activate-connection", {"name": "x", "address": "virtual:echo"})["error"]["code"], "scope")
        waiting.close()

    def test_revoking_ends_what_came_in_by_it(self):
        token = self.create()
        peer = page(self.program, None, auth={"token": token})
        peer.wait_in()
        self.assertTrue(self.me.ask("activate-connection", {"name": "x", "address": "virtual:echo"})["ok"])
        peer.wait_event("connection-opened", name="x")
        self.assertEqual(self.me.ask("token-revoke", {"name": "lab"})["revoked"], 1)
        peer.wait_event("connection-closed", name="x", reason="revoked")
        self.assertFalse(peer.ask("list-devices")["ok"])
        self.assertTrue(self.me.ask("play-device", {"name": "new"})["ok"])  # a device comes, and a question with it
        self.me.wait_event("device-attached")
        self.assertFalse(peer.ask("list-devices")["ok"])  # its answer comes behind every event so far
        self.assertEqual(peer.events("device-attached"), [])
        self.assert_refused(http(self.port, token=token), 401, "token-required")
        self.assertEqual(self.me.ask("token-revoke", {"name": "lab"})["revoked"], 0)
        peer.close()

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_b35_another_user_comes_in_by_one(self):
        self.assertEqual(as_nobody(http, self.port), (0, ""))
        token = self.create()
        self.assertEqual(as_nobody(http, self.port, "/api/v1/list-devices", token)[0], 200)
        for path in ("/api/v1/list-devices", "/", "/metrics", "/health"):
            self.assert_refused(as_nobody(http, self.port, path), 401, "token-required")
        devices, opened = as_nobody(socket_io, self.port, {"token": token, "right": True})
        self.assertTrue(devices["devices"])
        self.assertEqual(opened["error"]["code"], "scope")
        self.assertEqual(as_nobody(socket_io, self.port, None)["code"], "token-required")
        self.assertEqual(as_nobody(socket_io, self.port, {"token": "pmt_wrong"})["code"], "token-required")
        self.me.ask("token-revoke", {"name": "lab"})
        self.assertEqual(as_nobody(http, self.port, "/api/v1/list-devices", token), (0, ""))

    def command(self, *words):
        return subprocess.run([DAEMON, "token", *words, "--runtime-dir", f"{self.program.home}/run/peripheral-manager"],
                              capture_output=True, text=True, timeout=DEADLINE, check=False)

    def test_the_command_makes_shows_and_ends_them(self):
        made = self.command("create", "lab", "read", "write", "--days", "30")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(http(self.port, token=made.stdout.strip())[0], 200)
        listed = self.command("list").stdout
        self.assertRegex(listed, r"lab +read write +20")
        self.assertEqual(self.command("revoke", "lab").stdout, "1 revoked.\n")
        self.assertIn("no tokens", self.command("list").stdout)
        for wrong in (("create",), ("list", "x"), ("revoke",), ("steal", "x")):
            self.assertEqual(self.command(*wrong).returncode, 64, wrong)


if __name__ == "__main__":
    unittest.main()
