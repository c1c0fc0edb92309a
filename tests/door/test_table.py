"""test_table.py - who may reach what: each sender on each route, each look-alike of a name or an origin. Numbers as B01 are
rows of the list of hostile inputs."""
import http.client
import os
import socket
import unittest

import peers
from daemon import DEADLINE, Program

DAEMON = os.environ["PERIPHERAL_MANAGER"]
APP = "https://app.example"
SOCKETS = "/socket.io/?EIO=4&transport=polling"
API = "/api/v1/list-devices"
NAVIGATE = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def fetch(site, mode, dest):
    return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}


class TableTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = Program(DAEMON, "--demo", "--local-pages", "ask", "--allow-origin", APP)
        cls.port = cls.program.port

    @classmethod
    def tearDownClass(cls):
        assert cls.program.stop() == 0

    def raw(self, *lines, host=None, method="GET", path=API, address="127.0.0.1"):
        """Status and code of a request whose head is written by hand."""
        head = [f"{method} {path} HTTP/1.1", *([] if host is False else [f"Host: {f'localhost:{self.port}' if host is None else host}"]),
                *lines, "Connection: close", "", ""]
        with socket.create_connection((address, self.port), DEADLINE) as client:
            client.sendall("\r\n".join(head).encode("utf-8", "surrogateescape"))
            answer = http.client.HTTPResponse(client, method=method)
            answer.begin()
            body = answer.read().decode("utf-8", "replace")
            return answer.status, body, answer

    def check(self, status, code, *lines, **more):
        got, body, answer = self.raw(*lines, **more)
        self.assertEqual(got, status, (lines, more, body))
        if code:
            self.assertIn(f'"{code}"', body, (lines, more))
        return answer

    def test_b01_names_that_lead_here_by_somebody_elses_doing(self):
        p = self.port
        for host in (f"evil.example:{p}", "evil.example", f"localhost.:{p}", f"0.0.0.0:{p}", f"[::]:{p}", f"2130706433:{p}",
                     f"127.1:{p}", f"127.0.0.1.:{p}", f"0x7f000001:{p}", f"0177.0.0.1:{p}", f"foo.localhost:{p}",
                     f"localhost.evil.example:{p}", f"localhost:{p + 1}", "localhost", f"localhost:{p}.evil.example",
                     f"127.0.0.2:{p}", f"[::ffff:127.0.0.1]:{p}", f"[0:0:0:0:0:0:0:1]:{p}", f"localhost:0{p}"):
            answer = self.check(403, "host-not-allowed", host=host)
            self.assertIsNone(answer.getheader("Access-Control-Allow-Origin"))
            self.assertNotIn("evil", str(answer.headers))
        for host in (f"user@localhost:{p}", "", f"local host:{p}"):
            self.assertIn(self.raw(host=host)[0], (400, 403), host)
        self.assertEqual(self.raw(host=False)[0], 400)
        self.assertEqual(self.raw(f"Host: localhost:{p}")[0], 400)

    def test_b02_the_name_is_looked_at_before_all_else(self):
        for method, path in (("GET", "/"), ("POST", API), ("GET", SOCKETS), ("OPTIONS", API), ("GET", "/health"),
                             ("GET", "/console/"), ("POST", "/console/api/session")):
            self.check(403, "host-not-allowed", f"Origin: {APP}", host=f"evil.example:{self.port}", method=method, path=path)
        self.assertEqual(self.raw("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                                  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", host="evil.example",
                                  path="/socket.io/?EIO=4&transport=websocket")[0], 403)

    def test_b04_absolute_targets(self):
        self.check(403, "host-not-allowed", path="http://evil.example/api/v1/list-devices")

    def test_b05_our_own_names(self):
        for host in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST", "LocalHost"):
            for address in ("127.0.0.1", "::1"):
                self.check(200, None, host=f"{host}:{self.port}", address=address)

    def test_b07_look_alikes_of_an_origin(self):
        for origin in (APP, "https://APP.example", "HTTPS://app.example", "https://app.example:443"):
            answer = self.check(200, None, f"Origin: {origin}")
            self.assertEqual(answer.getheader("Access-Control-Allow-Origin"), origin)
        for origin in ("http://app.example", "https://app.example:444", "https://app.example:80", "https://www.app.example",
                       "https://example", "https://app.example.evil", "https://evilapp.example", "https://app.example.",
                       "https://app-example", "https://xn--pp-yia.example", "http://app.example:443", "wss://app.example",
                       "chrome-extension://abcdefghijklmnop", "moz-extension://2f2e7a3c", "http://localhost:5173",
                       f"https://localhost:{self.port}", f"http://localhost:{self.port + 1}", "http://127.0.0.1"):
            answer = self.check(403, "consent-required", f"Origin: {origin}")
            self.assertEqual(answer.getheader("Access-Control-Allow-Origin"), origin)  # so that the page can say why

    def test_b08_b09_origins_that_are_none(self):
        for origin in ("null", "https://user@app.example", "https://app.example/", "https://app.example/x", "app.example",
                       "https://", "https://app.example:0443", "https://app.example:", "https://app.example, https://b.example",
                       "https://\u0430pp.example", "file://", "https://app.example?x", "https://app..example", "*"):
            answer = self.check(403, "origin-null", f"Origin: {origin}")
            self.assertIsNone(answer.getheader("Access-Control-Allow-Origin"))
        for lines in ((f"Origin: {APP}", f"Origin: {APP}"), ("Origin: ",), ("Origin: https://" + "a" * 8000 + ".example",)):
            self.check(403, "origin-bad", *lines)

    def test_each_sender_on_each_route(self):
        own = f"http://localhost:{self.port}"
        senders = {
            "console": [f"Origin: {own}"],
            "granted": [f"Origin: {APP}"],
            "unknown": ["Origin: https://other.example"],
            "null": ["Origin: null"],
            "typed": [f"{k}: {v}" for k, v in NAVIGATE.items()],
            "program": [],
            "image": [f"{k}: {v}" for k, v in fetch("cross-site", "no-cors", "image").items()],
            "frame": [f"{k}: {v}" for k, v in fetch("cross-site", "navigate", "iframe").items()],
            "prefetch": [f"{k}: {v}" for k, v in fetch("same-site", "no-cors", "empty").items()],
        }
        table = {  # who gets 200, in the order of the senders above
            "/": (200, 403, 403, 403, 200, 200, 403, 403, 403),
            "/console/": (200, 403, 403, 403, 200, 200, 403, 403, 403),
            "/health": (200, 200, 200, 403, 403, 200, 403, 403, 403),
            SOCKETS: (200, 200, 200, 403, 403, 200, 403, 403, 403),
            API: (200, 200, 403, 403, 403, 200, 403, 403, 403),
            "/console/api/consent-list": (401, 403, 403, 403, 403, 403, 403, 403, 403),
        }
        for path, row in table.items():
            for (name, lines), status in zip(senders.items(), row):
                self.assertEqual(self.raw(*lines, path=path)[0], status, (path, name))

    def test_b10_forms_of_other_pages(self):
        for origin in ("https://evil.example", "null"):
            for path in (API, "/console/api/consent-approve", "/socket.io/?EIO=4&transport=polling"):
                status, body, _ = self.raw(f"Origin: {origin}", "Content-Type: text/plain", "Content-Length: 2", "Sec-Fetch-Site: cross-site",
                                           "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", method="POST", path=path)
                self.assertIn(status, (400, 403), (origin, path, body))

    def test_b11_scripts_and_secrets_in_addresses(self):
        for path in (SOCKETS + "&j=0", API + "?j=0", "/health?j=1"):
            self.assertEqual(self.raw(path=path)[0], 400, path)
        self.check(400, "token-in-url", path=API + "?token=pmt_x")

    def test_health_tells_nothing(self):
        _, body, answer = self.raw("Origin: https://other.example", path="/health")
        self.assertEqual(body, '{"peripheral_manager":1}')
        self.assertEqual(answer.getheader("Access-Control-Allow-Origin"), "https://other.example")
        self.assertEqual(answer.getheader("Vary"), "Origin")

    def test_b14_b32_fields_of_answers(self):
        for path in ("/", API, "/health", SOCKETS, "/nothing"):
            answer = self.raw(path=path)[2]
            for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
                                ("Cross-Origin-Resource-Policy", "same-origin"), ("Cache-Control", "no-store"),
                                ("Strict-Transport-Security", None), ("Server", None), ("Set-Cookie", None)):
                self.assertEqual(answer.getheader(name), value, (path, name))
        page = self.raw(path="/console/")[2]
        for name, value in (("X-Frame-Options", "DENY"), ("Cross-Origin-Opener-Policy", "same-origin")):
            self.assertEqual(page.getheader(name), value)
        for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
            self.assertIn(part, page.getheader("Content-Security-Policy"))
        preflight = ("Access-Control-Request-Method: POST", "Access-Control-Request-Private-Network: true")
        answer = self.raw(f"Origin: {APP}", *preflight, method="OPTIONS")[2]
        self.assertEqual((answer.status, answer.getheader("Access-Control-Allow-Private-Network")), (204, "true"))
        answer = self.raw("Origin: null", *preflight, method="OPTIONS")[2]
        self.assertEqual((answer.status, answer.getheader("Access-Control-Allow-Private-Network")), (403, None))

    def test_b33_preflights_get_our_fixed_lists(self):
        answer = self.raw(f"Origin: {APP}", "Access-Control-Request-Method: BREW",
                          "Access-Control-Request-Headers: " + ",".join(f"x-{i}" for i in range(200)), method="OPTIONS")[2]
        self.assertEqual((answer.status, answer.getheader("Access-Control-Allow-Methods")), (204, "GET, POST, OPTIONS"))
        self.assertNotIn("x-1", answer.getheader("Access-Control-Allow-Headers").split(","))

    def test_our_own_page_asks_for_whom_it_says(self):
        own = f"Origin: http://localhost:{self.port}"
        self.check(200, None, own)
        self.check(200, None, own, path=API + "?for=https%3A%2F%2Fapp.example")
        self.check(403, "consent-required", own, path=API + "?for=https%3A%2F%2Fother.example")
        for page in ("null", "", "https%3A%2F%2Fapp.example%2Fx", f"http%3A%2F%2Flocalhost:{self.port}", "https%3A%2F%2Fapp.example&for=null",
                     "https%3A%2F%2F" + "a" * 300):
            self.check(403, "origin-null", own, path=f"{API}?for={page}")
        self.check(403, "consent-required", "Origin: https://other.example", path=API + "?for=https%3A%2F%2Fapp.example")
        self.assertEqual(self.raw(path="/connect")[2].getheader("Cross-Origin-Opener-Policy"), "unsafe-none")
        self.assertIn("frame-ancestors 'none'", self.raw(path="/connect")[2].getheader("Content-Security-Policy"))

    def test_d12_a_session_belongs_to_who_began_it(self):
        _, body, _ = self.raw(f"Origin: {APP}", path=SOCKETS)
        sid = body.split('"sid":"')[1].split('"')[0]
        for lines in (["Origin: https://other.example"], []):
            self.assertIn(self.raw(*lines, path=f"{SOCKETS}&sid={sid}")[0], (400, 403))
        page = peers.page(self.program, APP)  # and a new one is not disturbed
        page.wait_in()
        page.close()


if __name__ == "__main__":
    unittest.main()
