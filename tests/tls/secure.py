"""secure.py - a daemon that speaks https with certificates that the program itself made, and clients that trust them."""
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import unittest

from daemon import DEADLINE, Program, environment, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
SAN = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"


def tls(home, *words, **options):
    """Run `peripheral-manager tls ...` with files in `home`: exit code, output, errors."""
    settings = {"stdin": subprocess.DEVNULL, "env": environment(home) | {"HOME": home}, "timeout": DEADLINE} | options
    done = subprocess.run([DAEMON, "tls", *words], capture_output=True, text=True, **settings)
    return done.returncode, done.stdout, done.stderr


def folder_of(home):
    return f"{home}/state/peripheral-manager/tls"


def openssl(*words, **options):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=DEADLINE, **options).stdout


def sign(home, path, *options, days=10, extension=SAN, name="/CN=localhost"):
    """With the authority's own key, as whoever stole it would: a certificate and its key in one file."""
    ca = folder_of(home)
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{path}.key", "-subj",
            name, "-out", f"{path}.csr")
    with open(f"{path}.ext", "w", encoding="ascii") as file:
        file.write(extension)
    openssl("x509", "-req", "-in", f"{path}.csr", "-CA", f"{ca}/ca.pem", "-CAkey", f"{ca}/ca-key.pem", "-set_serial", "7",
            "-days", str(days), "-extfile", f"{path}.ext", "-out", f"{path}.crt", *options)
    with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600), encoding="ascii") as out:
        for part in ("key", "crt"):
            with open(f"{path}.{part}", encoding="ascii") as file:
                out.write(file.read())


class Secure(Program):
    """A daemon with TLS; `tls_port` is where it speaks it."""

    def __init__(self, *options, home, under=()):
        self.tls_port = None
        super().__init__(DAEMON, "--tls", "--tls-port", "0", *options, home=home, under=under)
        while not self.tls_port:  # a warning before it may name a port, too
            if not self.line():
                raise AssertionError("the program ended before it spoke TLS")

    def line(self):
        text = super().line()
        if found := re.search(r"https://localhost:(\d+)", text):
            self.tls_port = int(found.group(1))
        return text


class SecureTest(unittest.TestCase):
    """Certificates in a home of the test's own, and daemons that use them."""

    @classmethod
    def setUpClass(cls):
        home = tempfile.TemporaryDirectory(prefix="pm-tls-")
        cls.addClassCleanup(home.cleanup)
        cls.home = home.name
        code, _, errors = tls(cls.home, "init")
        assert code == 0, errors

    def start(self, *options, home=None):
        program = Secure(*options, home=home or self.home)
        self.addCleanup(self.stop, program)
        return program

    def stop(self, program):
        if program.process.poll() is None:
            self.assertEqual(program.stop(), 0)

    def context(self, home=None):
        return ssl.create_default_context(cafile=f"{folder_of(home or self.home)}/ca.pem")

    def connect(self, program, name="localhost", context=None, address="127.0.0.1", source=None):
        """A TLS session for this name."""
        raw = socket.create_connection((address, program.tls_port), DEADLINE, (source, 0) if source else None)
        self.addCleanup(raw.close)
        try:
            secure = (context or self.context()).wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise
        self.addCleanup(secure.close)
        return secure

    def request(self, program, path="/api/v1/list-devices", method="GET", headers=None, body=None, **options):
        """Status and body of one request over TLS."""
        connection = http.client.HTTPSConnection("localhost", program.tls_port, timeout=DEADLINE, context=self.context())
        connection.sock = self.connect(program, **options)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    @staticmethod
    def metric(program, name):
        text = program.request("GET", "/metrics")[2].decode()
        return int(re.search(rf"^peripheral_manager_{name}_total (\d+)$", text, re.M).group(1))

    def counts(self, program, name, least):
        wait_for(lambda: self.metric(program, name) >= least, f"{name} of {least}")

    def still_serves(self, program):
        """It lives, and a new client is served."""
        status, body = self.request(program)
        self.assertEqual((status, "devices" in json.loads(body)), (200, True))
