"""test_listener.py - https and wss on a port of their own: what is spoken there, and what hostile clients get (rows J)."""
import base64
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import time
import unittest

import socketio

from daemon import DEADLINE, resident, wait_for
from secure import Secure, SecureTest, folder_of, openssl


def hello():
    """The first flight of a client, recorded."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


class ListenerTest(SecureTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = Secure("--demo", home=cls.home)
        cls.addClassCleanup(cls.program.stop)

    def raw(self):
        raw = socket.create_connection(("127.0.0.1", self.program.tls_port), DEADLINE)
        self.addCleanup(raw.close)
        return raw

    def answer(self, data):
        """What comes back for these bytes, until the server hangs up."""
        raw, received = self.raw(), b""
        raw.sendall(data)
        try:
            while more := raw.recv(65536):
                received += more
        except ConnectionResetError:
            pass
        return received

    def client(self, *options):
        """How openssl s_client fares."""
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.program.tls_port}", "-CAfile",
                               f"{folder_of(self.home)}/ca.pem", *options], input=b"", capture_output=True, timeout=DEADLINE)
        return done.returncode, (done.stdout + done.stderr).decode()

    def test_https_on_both_loopback_addresses(self):
        for name, address in (("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1")):
            try:
                self.assertEqual(self.request(self.program, name=name, address=address)[0], 200)
            except OSError:
                if address == "127.0.0.1":
                    raise

    def test_what_is_agreed_on(self):
        for version, cipher in ((ssl.TLSVersion.TLSv1_3, "TLS_"), (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-")):
            context = self.context()
            context.maximum_version = version
            context.set_alpn_protocols(["h2", "http/1.1"])
            session = self.connect(self.program, context=context)
            self.assertEqual(session.version().replace(".", "_"), version.name)
            self.assertTrue(session.cipher()[0].startswith(cipher), session.cipher())
            self.assertEqual(session.selected_alpn_protocol(), "http/1.1")
            self.assertIsNone(session.compression())
            session.sendall(b"GET /health HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n" % self.program.tls_port)
            received = b""
            while data := session.recv(65536):
                received += data
            self.assertTrue(received.endswith(b'{"peripheral_manager":1}'))  # and a goodbye, or recv() would raise
            self.assertFalse(session.session.has_ticket)

    def test_python_socketio(self):
        """By polling: over wss the library of Debian 12 names an origin of http, which is nobody's here."""
        os.environ["REQUESTS_CA_BUNDLE"] = f"{folder_of(self.home)}/ca.pem"
        client = socketio.Client(reconnection=False)
        client.connect(f"https://localhost:{self.program.tls_port}", transports=["polling"], wait_timeout=DEADLINE)
        self.assertTrue(client.call("list-devices", timeout=DEADLINE)["devices"])
        client.disconnect()

    def test_large_messages_both_ways(self):
        def ask(event, data):
            status, body = self.request(self.program, f"/api/v1/{event}", "POST", {"Content-Type": "application/json"},
                                        json.dumps(data))
            self.assertEqual(status, 200, body[:200])
            return json.loads(body)
        payload = os.urandom(200000)
        ask("activate-connection", {"name": "e", "address": "virtual:echo"})
        self.addCleanup(ask, "deactivate-connection", {"name": "e"})
        ask("send-raw", {"name": "e", "payload": {"base64": base64.b64encode(payload).decode()}})
        received = wait_for(lambda: (h := ask("read-history", {"name": "e"}))["end"] == len(payload) and h, "the echo")
        received = base64.b64decode(received["payload"]["base64"])
        self.assertGreater(len(received), 50000)  # one answer has a limit
        self.assertEqual(received, payload[:len(received)])

    def test_a_reader_that_stands_still_costs_little_and_misses_nothing_silently(self):
        def ask(event, data):
            status, body = self.request(self.program, f"/api/v1/{event}", "POST", {"Content-Type": "application/json"},
                                        json.dumps(data))
            self.assertEqual(status, 200, body[:200])
        before = resident(self.program)
        slow = self.connect(self.program)
        slow.sendall((f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost:{self.program.tls_port}\r\n"
                      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        slow.sendall(b"\x81\x82\x00\x00\x00\x0040")
        received = b""
        while b"40{" not in received:
            received += slow.recv(65536)
        ask("activate-connection", {"name": "flood", "address": "virtual:counter", "history": 1048576})
        self.addCleanup(ask, "deactivate-connection", {"name": "flood"})
        ask("send-raw", {"name": "flood", "payload": "RATE 20000000\n"})
        wait_for(lambda: self.metric_of("connection_received_bytes", "flood") > 8 * 1024 * 1024, "more than anybody keeps")
        self.assertLess(resident(self.program) - before, 8 * 1024 * 1024)
        self.still_serves(self.program)
        received = b""
        while b'"rx-gap"' not in received:
            received = received[-100:] + slow.recv(65536)

    def metric_of(self, name, connection):
        text = self.program.request("GET", "/metrics")[2].decode()
        return int(re.search(rf'^peripheral_manager_{name}_total{{connection="{connection}"}} (\d+)$', text, re.M).group(1))

    def test_j01_old_versions_and_weak_ciphers(self):
        for options in (["-tls1"], ["-tls1_1"], ["-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"],
                        ["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"], ["-tls1_2", "-cipher", "DHE:@SECLEVEL=0"],
                        ["-alpn", "h2"]):
            code, text = self.client(*options)
            self.assertNotEqual(code, 0, (options, text))
        self.still_serves(self.program)

    def test_j01_no_renegotiation(self):
        client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{self.program.tls_port}", "-tls1_2"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        client.stdin.write(b"R\n")
        client.stdin.flush()
        text = client.communicate(timeout=DEADLINE)[0].decode()
        self.assertIn("no renegotiation", text)
        self.still_serves(self.program)

    def test_j01_a_thousand_half_handshakes(self):
        first, before = hello()[:50], resident(self.program)
        half = []
        for _ in range(1000):
            raw = socket.create_connection(("127.0.0.1", self.program.tls_port), DEADLINE)
            half.append(raw)
            raw.sendall(first)
        self.still_serves(self.program)
        self.assertLess(resident(self.program) - before, 16 * 1024 * 1024)
        with open(f"/proc/{self.program.process.pid}/net/tcp", encoding="ascii") as file:
            port = f":{self.program.tls_port:04X}"
            held = sum(line.split()[1].endswith(port) and line.split()[3] == "01" for line in file.readlines()[1:])
        self.assertLessEqual(held, 64 + 2)  # as many as may say nothing
        for raw in half:
            raw.close()

    def test_j01_a_slow_handshake_has_ten_seconds(self):
        raw = self.raw()
        start = time.monotonic()
        for byte in hello():
            try:
                raw.sendall(bytes([byte]))
                time.sleep(0.2)
            except OSError:
                break
        self.assertLess(time.monotonic() - start, 30)  # all of it would take longer
        self.still_serves(self.program)

    def test_j01_a_handshake_cut_at_every_byte(self):
        whole = hello()
        for n in range(1, len(whole)):
            raw = socket.create_connection(("127.0.0.1", self.program.tls_port), DEADLINE)
            raw.sendall(whole[:n])
            if n % 2:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.close()
        self.still_serves(self.program)

    def test_j01_a_handshake_byte_by_byte(self):
        context = self.context()
        incoming, outgoing, raw = ssl.MemoryBIO(), ssl.MemoryBIO(), self.raw()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    raw.sendall(bytes([byte]))
                incoming.write(raw.recv(65536))
        client.write(b"GET /health HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % self.program.tls_port)
        for byte in outgoing.read():
            raw.sendall(bytes([byte]))
        while b"peripheral_manager" not in (received := self.decrypt(client, incoming, raw)):
            pass
        self.assertIn(b"200", received)

    @staticmethod
    def decrypt(client, incoming, raw):
        incoming.write(raw.recv(65536))
        try:
            return client.read(65536)
        except ssl.SSLWantReadError:
            return b""

    def test_j01_garbage_and_huge_records(self):
        failed = self.metric(self.program, "tls_handshakes_failed")
        whole = hello()
        wrong = [b"\x16" + os.urandom(2000), b"\x16\x03\x01\xff\xff" + b"\x01" * 70000, b"\x16\x03\x01\x00\x00" * 100,
                 b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + bytes(16381), whole[:5] + b"\x02" + whole[6:]]
        for data in wrong:
            self.answer(data)
        self.assertEqual(self.answer(b"\x00" * 100), b"")
        self.assertEqual(self.answer(b"\x80\x2e\x01\x00\x02"), b"")
        self.counts(self.program, "tls_handshakes_failed", failed + len(wrong))
        self.still_serves(self.program)

    def test_j02_plain_http(self):
        before = self.metric(self.program, "plain_requests_for_tls")
        answer = self.answer(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").decode()
        self.assertTrue(answer.startswith("HTTP/1.1 400 "))
        said = json.loads(answer.partition("\r\n\r\n")[2])
        self.assertEqual((said["ok"], said["error"]["code"]), (False, "https-required"))
        self.assertIn("https://", said["error"]["message"])
        self.counts(self.program, "plain_requests_for_tls", before + 1)
        self.still_serves(self.program)

    def test_tls_on_the_plain_port(self):
        before = self.metric(self.program, "tls_handshakes_for_plain")
        with socket.create_connection(("127.0.0.1", self.program.port), DEADLINE) as raw, self.assertRaises(ssl.SSLError):
            self.context().wrap_socket(raw, server_hostname="localhost")
        self.counts(self.program, "tls_handshakes_for_plain", before + 1)

    def test_j03_other_names(self):
        context = self.context()
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(self.program, name="evil.example")
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for name in ("evil.example", None):
            session = self.connect(self.program, name=name, context=context)
            session.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            answer = session.recv(65536)
            self.assertIn(b"HTTP/1.1 403 ", answer)
            self.assertIn(b"host-not-allowed", answer)
            self.assertNotIn(b"evil", answer)

    def test_own_pages_and_others_over_https(self):
        for origin, status in ((f"https://localhost:{self.program.tls_port}", 200), ("https://evil.example", 403),
                               (f"http://localhost:{self.program.tls_port}", 403)):
            self.assertEqual(self.request(self.program, headers={"Origin": origin})[0], status, origin)

    def test_own_pages_that_poll(self):
        path = "/socket.io/?EIO=4&transport=polling"
        opened = json.loads(self.request(self.program, path)[1][1:])  # without Origin, as browsers get from their own server
        for origin, status in (("https://evil.example", 400), (f"https://localhost:{self.program.tls_port}", 200)):
            self.assertEqual(self.request(self.program, f"{path}&sid={opened['sid']}", "POST", {"Origin": origin}, "40")[0],
                             status, origin)

    def test_a_client_that_goes_without_a_word(self):
        session = self.connect(self.program)
        session.sendall(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % self.program.tls_port)
        session.recv(65536)
        session.close()
        self.still_serves(self.program)

    def test_the_certificate_as_browsers_want_it(self):
        text = openssl("x509", "-in", f"{folder_of(self.home)}/leaf.pem", "-noout", "-text").decode()
        for part in ("DNS:localhost", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1", "TLS Web Server Authentication",
                     "CA:FALSE", "prime256v1"):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()
