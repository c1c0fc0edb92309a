"""test_certificates.py - the authority of this machine, its certificate, and what becomes of them (rows J04 to J06)."""
import json
import os
import shutil
import signal
import ssl
import stat
import subprocess
import tempfile
import unittest

from daemon import DEADLINE, environment, wait_for
from secure import DAEMON, SecureTest, folder_of, openssl, sign, tls


class CertificatesTest(SecureTest):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="pm-tls-")
        self.addCleanup(home.cleanup)
        shutil.copytree(self.home, home.name, dirs_exist_ok=True)  # each test damages its own
        self.place = home.name
        self.folder = folder_of(self.place)

    def refused(self, *options):
        """What a daemon says that does not start."""
        done = subprocess.run([DAEMON, "serve", "--allow-root", "--port", "0", "--tls", "--tls-port", "0", *options],
                              capture_output=True, text=True, timeout=DEADLINE, env=environment(self.place))
        self.assertEqual(done.returncode, 78, done.stderr)
        return done.stderr

    def serial(self, program):
        """Of the certificate that a client is shown."""
        der = self.connect(program, context=self.context(self.place)).getpeercert(True)
        return openssl("x509", "-inform", "der", "-noout", "-serial", input=der).decode().strip()

    def test_files_are_their_owners_alone(self):
        self.assertEqual(sorted(os.listdir(self.folder)), ["ca-key.pem", "ca.pem", "leaf.pem"])
        self.assertEqual(stat.S_IMODE(os.stat(folder_of(self.home)).st_mode), 0o700)
        for name in os.listdir(folder_of(self.home)):
            self.assertEqual(stat.S_IMODE(os.stat(f"{folder_of(self.home)}/{name}").st_mode), 0o600, name)

    def test_a_second_init_replaces_nothing_unasked(self):
        with open(f"{self.folder}/ca.pem", "rb") as file:
            before = file.read()
        code, _, errors = tls(self.place, "init")
        self.assertEqual(code, 1)
        self.assertIn("--again", errors)
        with open(f"{self.folder}/ca.pem", "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(tls(self.place, "init", "--again")[0], 0)
        with open(f"{self.folder}/ca.pem", "rb") as file:
            self.assertNotEqual(file.read(), before)
        self.start(home=self.place)

    def test_names_that_no_certificate_is_made_for(self):
        for name in ("*", "*.lab.example", "a,DNS:evil.example", "https://lab.example", "Lab.example", "lab.example:3443", "",
                     "-lab.example", "lab..example", "1.2.3", "a" * 64 + ".example", "lab_1.example"):
            code, _, errors = tls(self.place, "init", "--again", "--", name)
            self.assertEqual(code, 64, name)
            self.assertIn("neither a name nor an address", errors)

    def test_one_shot_forgets_the_key(self):
        self.assertEqual(tls(self.place, "init", "--again", "--one-shot")[0], 0)
        self.assertEqual(sorted(os.listdir(self.folder)), ["ca.pem", "leaf.pem"])
        self.assertFalse(json.loads(tls(self.place, "status", "--json")[1])["renewable"])
        program = self.start(home=self.place)
        self.request(program, context=self.context(self.place))
        self.stop(program)
        os.unlink(f"{self.folder}/leaf.pem")
        self.assertIn("tls init --again", self.refused())

    def test_status_tells_what_there_is(self):
        status = json.loads(tls(self.place, "status", "--json")[1])
        fingerprint = openssl("x509", "-in", f"{self.folder}/ca.pem", "-noout", "-fingerprint", "-sha256").decode()
        self.assertIn(status["authority"]["sha256"], fingerprint)
        self.assertTrue(status["renewable"])
        self.assertIn("SHA-256", tls(self.place, "status")[1])
        shutil.rmtree(self.folder)
        code, _, errors = tls(self.place, "status")
        self.assertEqual(code, 1)
        self.assertIn("tls init", errors)

    def test_without_a_certificate_the_start_says_how_to_make_one(self):
        shutil.rmtree(self.folder)
        self.assertIn("peripheral-manager tls init", self.refused())
        self.assertIn("--tls-key", self.refused("--ephemeral"))
        self.assertIn("--tls-key", self.refused("--tls-cert", "/nowhere.pem"))

    def test_j04_what_expired_or_ends_soon_is_renewed_at_the_start(self):
        for options in ({"days": 1}, {"days": -1}, {"days": 29}):
            sign(self.place, f"{self.folder}/leaf.pem", **options)
            program = self.start(home=self.place)
            self.assertNotEqual(self.serial(program), "serial=07")
            self.stop(program)

    def test_j04_a_damaged_pair_is_renewed(self):
        sign(self.place, f"{self.folder}/leaf.pem", days=300)
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{self.folder}/other.pem")
        with open(f"{self.folder}/leaf.pem.crt", "rb") as crt, open(f"{self.folder}/other.pem", "rb") as key, \
                open(f"{self.folder}/leaf.pem", "wb") as leaf:
            leaf.write(key.read() + crt.read())  # they do not match
        self.assertNotEqual(self.serial(self.start(home=self.place)), "serial=07")

    def test_j04_expired_while_it_runs_renewed_by_sighup(self):
        sign(self.place, f"{self.folder}/leaf.pem", days=300)
        program = self.start(home=self.place)
        self.assertEqual(self.serial(program), "serial=07")
        open_before = self.connect(program, context=self.context(self.place))
        sign(self.place, f"{self.folder}/leaf.pem", days=-1)
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.serial(program) != "serial=07", "a new certificate")
        with open(f"{self.place}/state/peripheral-manager/audit.jsonl", encoding="utf-8") as file:
            self.assertIn('"tls_changed"', file.read())
        open_before.sendall(b"GET /health HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % program.tls_port)
        self.assertIn(b" 200 ", open_before.recv(65536))  # who was there stays

    def test_j04_ones_own_files(self):
        key, cert, other = (f"{self.place}/{name}" for name in ("key.pem", "cert.pem", "other.pem"))
        sign(self.place, cert)
        shutil.move(f"{cert}.key", key)
        os.chmod(key, 0o600)
        own = ("--tls-cert", cert, "--tls-key", key)
        program = self.start(*own, home=self.place)
        self.assertEqual(self.serial(program), "serial=07")
        self.stop(program)
        os.chmod(key, 0o644)
        self.assertIn(f"chmod 600 {key}", self.refused(*own))
        os.chmod(key, 0o600)
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", other)
        os.chmod(other, 0o600)
        self.assertIn("belong to that certificate", self.refused("--tls-cert", cert, "--tls-key", other))
        openssl("ec", "-in", key, "-aes128", "-passout", "pass:x", "-out", other)
        self.assertIn("without a passphrase", self.refused("--tls-cert", cert, "--tls-key", other))
        self.assertIn("cannot be used", self.refused("--tls-cert", "/etc/hostname", "--tls-key", key))
        self.assertIn("No such file", self.refused("--tls-cert", cert, "--tls-key", "/nowhere"))
        sign(self.place, other, days=-1)
        self.assertIn("has expired", self.refused("--tls-cert", other, "--tls-key", other))

    def test_j04_a_mistake_in_a_reload_changes_nothing(self):
        cert = f"{self.place}/cert.pem"
        sign(self.place, cert)
        program = self.start("--tls-cert", cert, "--tls-key", cert, home=self.place)
        with open(cert, "w", encoding="ascii") as file:
            file.write("rubbish")
        program.process.send_signal(signal.SIGHUP)
        while "Until then" not in program.line():
            pass
        shown = lambda: self.connect(program, context=self.context(self.place)).getpeercert(True)  # noqa: E731
        before = shown()
        sign(self.place, cert)
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: shown() != before, "the mended one")

    def test_j04_not_valid_yet(self):
        cert = f"{self.place}/cert.pem"
        sign(self.place, cert)
        begins = openssl("x509", "-in", cert, "-noout", "-startdate")
        self.assertTrue(begins)
        openssl("ca", "-help")  # of the tools that can date a certificate ahead this is the one that is everywhere
        config = f"{self.place}/ca.cnf"
        for name in ("index.txt", "index.txt.attr"):
            open(f"{self.place}/{name}", "w", encoding="ascii").close()
        with open(config, "w", encoding="ascii") as file:
            file.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.place}/index.txt\nnew_certs_dir={self.place}\n"
                       f"rand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        openssl("ca", "-batch", "-config", config, "-cert", f"{self.folder}/ca.pem", "-keyfile", f"{self.folder}/ca-key.pem",
                "-in", f"{cert}.csr", "-out", f"{cert}.crt", "-startdate", "20400101000000Z", "-enddate", "20410101000000Z",
                "-notext")
        self.assertIn("clock", self.refused("--tls-cert", f"{cert}.crt", "--tls-key", f"{cert}.key"))

    def test_j05_a_stolen_key_signs_for_nobody_else(self):
        for name in ("DNS:bank.example", "IP:192.0.2.1", "DNS:localhost.example"):
            leaf = f"{self.place}/stolen.pem"
            sign(self.place, leaf, extension=f"subjectAltName={name}", name="/CN=x")
            done = subprocess.run(["openssl", "verify", "-CAfile", f"{self.folder}/ca.pem", f"{leaf}.crt"], capture_output=True,
                                  text=True, timeout=DEADLINE)
            self.assertNotEqual(done.returncode, 0, name)
            self.assertIn("permitted subtree violation", done.stdout + done.stderr)
        sign(self.place, leaf, extension="basicConstraints=critical,CA:TRUE", name="/CN=sub")  # nor for other authorities
        text = openssl("x509", "-in", f"{self.folder}/ca.pem", "-noout", "-text").decode()
        self.assertIn("pathlen:0", text)
        self.assertIn("TLS Web Server Authentication", text)

    def test_named_hosts_are_served(self):
        self.assertEqual(tls(self.place, "init", "--again", "bench.lab.example", "192.0.2.7")[0], 0)
        program = self.start("--allow-host", "bench.lab.example", home=self.place)
        context = self.context(self.place)
        for name in ("bench.lab.example", "192.0.2.7", "localhost"):
            self.connect(program, name=name, context=context)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(program, name="evil.example", context=context)
        session = self.connect(program, name="bench.lab.example", context=context)
        session.sendall(b"GET /health HTTP/1.1\r\nHost: bench.lab.example:%d\r\n\r\n" % program.tls_port)
        self.assertIn(b" 200 ", session.recv(65536))

    @unittest.skipUnless(shutil.which("certutil"), "certutil is what changes the browsers' stores")
    def test_j06_into_the_browsers_stores_and_out_again(self):
        stores = [f"{self.place}/.pki/nssdb", f"{self.place}/.mozilla/firefox/abc.default"]
        for store in stores[1:]:
            os.makedirs(store)
            subprocess.run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"], check=True, timeout=DEADLINE)
        code, output, errors = tls(self.place, "trust")
        self.assertEqual((code, "--yes" in errors), (1, True))  # nobody there to ask
        self.assertEqual(self.trusting(), set())
        for _ in range(2):
            code, output, errors = tls(self.place, "trust", "--yes")
            self.assertEqual(code, 0, errors)
            self.assertIn("SHA-256", output)
            self.assertEqual(self.trusting(), set(stores))
        for store in stores:
            self.assertEqual(self.verifies(store), [True, False])
        self.assertEqual(tls(self.place, "init", "--again")[0], 0)
        self.assertEqual(self.trusting(), set())  # that is another authority
        self.assertEqual(tls(self.place, "untrust", "--yes")[0], 0)
        for store in stores:
            listed = subprocess.run(["certutil", "-L", "-d", f"sql:{store}"], check=True, capture_output=True, text=True)
            self.assertNotIn("Peripheral", listed.stdout)
        self.assertIn("No browser", tls(self.place, "untrust", "--yes")[1])

    def doctor(self):
        """What the doctor finds about https, with the settings saying so."""
        os.makedirs(f"{self.place}/config/peripheral-manager", exist_ok=True)
        with open(f"{self.place}/config/peripheral-manager/peripheral-manager.conf", "w", encoding="utf-8") as file:
            file.write("[network]\ntls = yes\n")
        done = subprocess.run([DAEMON, "doctor", "--json"], capture_output=True, text=True, timeout=DEADLINE,
                              env=environment(self.place))
        return [(f["result"], f["message"]) for f in json.loads(done.stdout) if f["check"] == "https"]

    def test_the_doctor_looks_at_the_certificate(self):
        self.assertEqual([result for result, _ in self.doctor()], ["ok"])
        sign(self.place, f"{self.folder}/leaf.pem", days=20)
        self.assertEqual([result for result, _ in self.doctor()], ["ok"])  # the daemon renews it
        os.unlink(f"{self.folder}/ca-key.pem")
        self.assertIn("tls init --again", self.doctor()[0][1])
        shutil.rmtree(self.folder)
        self.assertIn("tls init", self.doctor()[0][1])

    def trusting(self):
        status = json.loads(tls(self.place, "status", "--json")[1])
        return {store["folder"] for store in status["stores"] if store["trusts"]}

    def verifies(self, store):
        """Does this store, as Firefox and Chromium would, take our certificate; and one that a thief signed for others?"""
        sign(self.place, f"{self.place}/thief.pem", extension="subjectAltName=DNS:bank.example", name="/CN=bank.example")
        openssl("x509", "-in", f"{self.folder}/leaf.pem", "-out", f"{self.place}/leaf.crt")
        results = []
        for crt in (f"{self.place}/leaf.crt", f"{self.place}/thief.pem.crt"):
            done = subprocess.run(["certutil", "-A", "-d", f"sql:{store}", "-n", "probe", "-t", ",,", "-i", crt], timeout=DEADLINE)
            self.assertEqual(done.returncode, 0)
            done = subprocess.run(["certutil", "-V", "-d", f"sql:{store}", "-n", "probe", "-u", "V"], timeout=DEADLINE,
                                  capture_output=True)
            results.append(done.returncode == 0)
            subprocess.run(["certutil", "-D", "-d", f"sql:{store}", "-n", "probe"], check=True, timeout=DEADLINE)
        return results


if __name__ == "__main__":
    unittest.main()
