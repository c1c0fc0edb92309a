"""test_beyond.py - other machines: let in only with TLS, a token and listed pages together (row B39), and then to what. An
address that is loopback's, but not ours, plays the network."""
import json
import os
import re
import socket
import subprocess
import tempfile
import unittest

from daemon import DEADLINE, environment, wait_for
from secure import DAEMON, Secure, SecureTest, folder_of, tls

ADDRESS, NAME, PAGE = "127.0.0.2", "bench.lab.example", "https://app.example"
V6 = "fd00::5"
MAY = os.geteuid() == 0 and subprocess.run(["unshare", "-n", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0
ALL = ("--tls", "--require-token", "--allow-origin", PAGE)


def run(home, *words):
    return subprocess.run([DAEMON, *words], capture_output=True, text=True, timeout=DEADLINE, env=environment(home))


class RefusedTest(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="pm-beyond-")
        self.addCleanup(home.cleanup)
        self.home = home.name

    def refused(self, *options):
        done = run(self.home, "serve", "--allow-root", "--port", "0", *options)
        self.assertEqual(done.returncode, 78, done.stderr)
        return done.stderr

    def test_b39_nothing_less_than_all_three(self):
        for address in (ADDRESS, "0.0.0.0", "::"):
            for left_out, options in (("--tls", ALL[1:]), ("--require-token", (ALL[0], *ALL[2:])), ("--allow-origin", ALL[:2]),
                                      ("*", (*ALL, "--allow-origin", "*")), ("*", (*ALL[:2], "--allow-origin", "*"))):
                text = self.refused("--listen", address, *options)
                for option in ("--tls", "--require-token", "--allow-origin"):
                    self.assertIn(option, text)
                self.assertIn(left_out, text.split("Missing: ")[1])
        self.assertIn("Missing: --tls, --require-token, --allow-origin.", self.refused("--listen", "0.0.0.0"))

    def test_b39_no_names_and_no_address_that_stands_for_all(self):
        for address, part in (("0.0.0.0", "every network"), ("::", "every network"), ("localhost", "is no address"),
                              ("192.168.1", "is no address"), ("127.0.0.2:3443", "is no address")):
            self.assertIn(part, self.refused("--listen", address, *ALL))

    def test_an_address_of_another_machine(self):
        self.assertEqual(tls(self.home, "init")[0], 0)
        done = run(self.home, "serve", "--allow-root", "--port", "0", "--tls-port", "0", "--listen", "192.0.2.1", *ALL)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no such address", done.stderr)


# A network of its own, with an address of IPv6 that is not loopback's.
NETWORK = ("unshare", "-n", "/usr/bin/python3", "-c", """
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8914, 0x8916, 1
with socket.socket(socket.AF_INET6) as s:
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    fcntl.ioctl(s, SIOCSIFADDR, socket.inet_pton(socket.AF_INET6, "%s") + struct.pack("Ii", 128, socket.if_nametoindex("lo")))
os.execv(sys.argv[1], sys.argv[1:])
""" % V6)


class Heard(Secure):
    said = ""

    def line(self):
        text = super().line()
        self.said += text
        return text


@unittest.skipUnless(MAY, "needs namespaces")
class V6Test(SecureTest):
    """An address of IPv6: its name is that of an address bar, without a word of --allow-host."""

    def test_another_machine_over_ipv6(self):
        with tempfile.TemporaryDirectory(prefix="pm-beyond-") as home:
            self.assertEqual(tls(home, "init", V6)[0], 0)
            program = Heard("--demo", "--require-token", "--allow-origin", PAGE, "--listen", "FD00:0:0:0:0:0:0:5", home=home,
                             under=NETWORK)
            self.addCleanup(program.stop)
            self.assertIn(f"https://[{V6}]:{program.tls_port}/", program.said)
            token = run(home, "token", "create", "lab", "read").stdout.strip()
            address = f"https://[{V6}]:{program.tls_port}/api/v1/list-devices"

            def ask(*options):
                done = subprocess.run(["nsenter", "-n", "-t", str(program.process.pid), "curl", "-s", "--cacert",
                                       f"{folder_of(home)}/ca.pem", *options, address], capture_output=True, text=True,
                                      timeout=DEADLINE, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                return json.loads(done.stdout)

            self.assertEqual(ask()["error"]["code"], "token-required")
            self.assertTrue(ask("-H", f"Authorization: Bearer {token}")["devices"])
            self.assertEqual(ask("-H", f"Host: [fd00::6]:{program.tls_port}")["error"]["code"], "host-not-allowed")


class BeyondTest(SecureTest):
    @classmethod
    def setUpClass(cls):
        home = tempfile.TemporaryDirectory(prefix="pm-beyond-")
        cls.addClassCleanup(home.cleanup)
        cls.home = home.name
        code, _, errors = tls(cls.home, "init", ADDRESS, NAME)
        assert code == 0, errors
        cls.program = Secure("--demo", "--require-token", "--allow-origin", PAGE, "--listen", ADDRESS, "--allow-host", NAME,
                             "--max-clients", "40", home=cls.home)
        cls.addClassCleanup(cls.program.stop)
        done = run(cls.home, "token", "create", "lab", "read", "write")
        assert done.returncode == 0, done.stderr
        cls.token = done.stdout.strip()

    def ask(self, path="/api/v1/list-devices", *fields, token=None, host=None, name=ADDRESS, address=ADDRESS, source=None):
        """Status and error code of one request, as another machine sends it."""
        session = self.connect(self.program, name=name, address=address, source=source)
        lines = [f"GET {path} HTTP/1.1", f"Host: {host or name}:{self.program.tls_port}", "Connection: close", *fields]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        session.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        received = b""
        while data := session.recv(65536):
            received += data
        head, _, body = received.decode().partition("\r\n\r\n")
        try:
            code = json.loads(body).get("error", {}).get("code")
        except ValueError:
            code = None
        return int(head.split()[1]), code

    def test_programs_need_a_token(self):
        self.assertEqual(self.ask(), (401, "token-required"))
        self.assertEqual(self.ask(token=self.token), (200, None))
        self.assertEqual(self.ask(token=self.token, name=NAME), (200, None))
        self.assertEqual(self.ask("/metrics"), (401, "token-required"))
        self.assertEqual(self.ask("/health"), (200, None))

    def test_programs_of_this_machine_need_one_too(self):
        self.assertEqual(self.ask(name="localhost", address="127.0.0.1"), (401, "token-required"))
        self.assertEqual(self.ask(name="localhost", address="127.0.0.1", token=self.token), (200, None))
        self.assertEqual(run(self.home, "list").returncode, 0)

    def test_pages_must_be_listed_and_need_a_token(self):
        own = f"https://localhost:{self.program.tls_port}"
        for origin in ("https://other.example", "http://localhost:5173", f"https://{NAME}:{self.program.tls_port}"):
            for token in (None, self.token):
                self.assertEqual(self.ask("/api/v1/list-devices", f"Origin: {origin}", token=token), (403, "origin-not-allowed"))
                self.assertEqual(self.ask("/socket.io/?EIO=4&transport=polling", f"Origin: {origin}", token=token),
                                 (403, "origin-not-allowed"))
        self.assertEqual(self.ask("/api/v1/list-devices", f"Origin: {own}", token=self.token), (403, "sender-not-allowed"))
        self.assertEqual(self.ask("/api/v1/list-devices", f"Origin: {PAGE}"), (401, "token-required"))
        self.assertEqual(self.ask("/api/v1/list-devices", f"Origin: {PAGE}", token=self.token), (200, None))

    def test_no_console(self):
        navigate = ("Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
        for path in ("/", "/console/", "/connect", "/console/api/consent-list"):
            for fields in ((), navigate, (f"Origin: https://localhost:{self.program.tls_port}",), (f"Origin: {PAGE}",)):
                self.assertEqual(self.ask(path, *fields, token=self.token), (403, "sender-not-allowed"), (path, fields))

    def test_other_names(self):
        self.assertEqual(self.ask(token=self.token, host="evil.example"), (403, "host-not-allowed"))

    def poll(self, query, body=None):
        """What one request of a page's Socket.IO client brings."""
        status, text = self.request(self.program, f"/socket.io/?EIO=4&transport=polling{query}", "POST" if body else "GET",
                                    {"Origin": PAGE, "Host": f"{ADDRESS}:{self.program.tls_port}"}, body, name=ADDRESS,
                                    address=ADDRESS)
        self.assertEqual(status, 200, text)
        return text

    def join(self, packet):
        """A page connects over Socket.IO: its session, and how it was answered."""
        session = "&sid=" + json.loads(self.poll("")[1:])["sid"]
        self.poll(session, packet)
        return session, self.poll(session)

    def test_a_page_over_socketio(self):
        self.assertIn('"code":"token-required"', self.join("40")[1])
        self.assertIn('"code":"token-required"', self.join('40{"token":"pmt_none"}')[1])
        session, answer = self.join(f'40{{"token":"{self.token}"}}')
        self.assertTrue(answer.startswith('40{"sid":'), answer)
        for packet, expected in (('420["list-devices"]', '"devices":[{'),
                                 ('421["request-device",{"filters":[{"vid":1}]}]', '"code":"unsupported"')):  # nobody is asked
            self.poll(session, packet)
            self.assertIn(expected, self.poll(session))
        self.assertEqual(json.loads(run(self.home, "requests", "--json").stdout), [])

    def test_wrong_tokens_close_the_door_for_their_machine_alone(self):
        codes = [self.ask(token="pmt_wrong", source="127.0.0.9")[1] for _ in range(7)]
        self.assertEqual((codes[0], codes[-1]), ("token-required", "busy"))
        self.assertEqual(self.ask(token=self.token, source="127.0.0.9"), (503, "busy"))
        self.assertEqual(self.ask(token=self.token), (200, None))

    def test_other_machines_have_a_bounded_number_of_handshakes(self):
        before = self.metric_of("tls_handshakes_failed")
        def burst():
            """Are some of sixty turned away before their handshake?"""
            sockets = [socket.create_connection((ADDRESS, self.program.tls_port), DEADLINE) for _ in range(60)]
            for raw in sockets:
                raw.sendall(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00")  # a server's hello
            ends = 0
            for raw in sockets:
                with raw:
                    try:
                        ends += raw.recv(100) == b""  # else an alert
                    except ConnectionResetError:
                        ends += 1
            return ends > 0
        wait_for(burst, "some that are turned away")
        self.assertGreater(self.metric_of("tls_handshakes_failed"), before)
        self.assertEqual(self.ask("/health", name="localhost", address="127.0.0.1"), (200, None))
        wait_for(lambda: self.quietly("/health") == (200, None), "room in another second")

    def quietly(self, path):
        try:
            return self.ask(path)
        except OSError:
            return None

    def metric_of(self, name):
        status, text = self.request(self.program, "/metrics", headers={"Authorization": f"Bearer {self.token}"})
        self.assertEqual(status, 200)
        return int(re.search(rf"^peripheral_manager_{name}_total (\d+)$", text, re.M).group(1))

    def test_half_of_the_connections_stay_free_for_this_machine(self):
        held = [self.connect(self.program, name=ADDRESS, address=ADDRESS) for _ in range(20)]
        for session in held:
            session.sendall(b"GET /health HTTP/1.1\r\n")  # it spoke, so that it is not the oldest silent one that goes
        wait_for(lambda: self.ask("/health") == (503, "too-many-connections"), "no room for other machines")
        self.assertEqual(self.ask("/health", name="localhost", address="127.0.0.1"), (200, None))
        for session in held:
            session.close()
        wait_for(lambda: self.ask("/health") == (200, None), "room again")


if __name__ == "__main__":
    unittest.main()
