"""test_memory.py - what the released daemon costs while nobody uses it, and that OpenSSL is part of that only with TLS."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "daemon"))
from daemon import Program, environment  # noqa: E402

PROGRAM = os.environ["PM_RELEASE"] + "/peripheral-manager"


def kilobytes(program, field):
    with open(f"/proc/{program.process.pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{field}:\s+(\d+) kB", file.read(), re.M).group(1))


class MemoryTest(unittest.TestCase):
    def start(self, *options):
        home = tempfile.TemporaryDirectory(prefix="pm-memory-")
        self.addCleanup(home.cleanup)
        if options:
            subprocess.run([PROGRAM, "tls", "init"], check=True, capture_output=True, env=environment(home.name))
        program = Program(PROGRAM, *options, home=home.name)
        self.addCleanup(program.stop)
        self.assertEqual(program.request("GET", "/health")[0], 200)
        with open(f"/proc/{program.process.pid}/maps", encoding="ascii") as file:
            return program, "libssl" in (maps := file.read()) or "libcrypto" in maps

    def test_an_empty_daemon(self):
        program, has_openssl = self.start()
        self.assertFalse(has_openssl)
        self.assertLess(kilobytes(program, "RssAnon"), 1536)  # of its own; the rest is shared with whoever runs the same files

    def test_openssl_comes_with_tls(self):
        self.assertTrue(self.start("--tls", "--tls-port", "0")[1])


if __name__ == "__main__":
    unittest.main()
