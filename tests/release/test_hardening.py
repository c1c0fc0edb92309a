"""test_hardening.py - the release program as a file: what the compiler and the linker were to build in against exploitation."""
import os
import platform
import re
import subprocess
import unittest

PROGRAM = os.environ["PM_RELEASE"] + "/peripheral-manager"


def readelf(*options):
    return subprocess.run(["readelf", "--wide", *options, PROGRAM], check=True, capture_output=True, text=True).stdout


class HardeningTest(unittest.TestCase):
    def test_code_may_lie_anywhere(self):
        self.assertRegex(readelf("--file-header"), r"Type:\s+DYN")
        self.assertRegex(readelf("--dynamic"), r"FLAGS_1.*\bPIE\b")

    def test_tables_are_bound_at_the_start_and_read_only(self):
        self.assertIn("GNU_RELRO", readelf("--program-headers"))
        self.assertRegex(readelf("--dynamic"), r"FLAGS_1.*\bNOW\b")

    def test_nothing_is_both_written_and_run(self):
        headers = readelf("--program-headers")
        self.assertRegex(headers, r"GNU_STACK(\s+0x\w+){5}\s+RW\s")
        self.assertNotRegex(headers, r"LOAD.*\bRWE\b")
        self.assertNotIn("TEXTREL", readelf("--dynamic"))

    def test_libraries_come_from_the_system_only(self):
        self.assertNotRegex(readelf("--dynamic"), r"RPATH|RUNPATH")

    def test_overflows_are_noticed(self):
        symbols = readelf("--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertTrue(re.search(r"__\w+_chk\b(?<!__stack_chk)", symbols), "no function of _FORTIFY_SOURCE")

    @unittest.skipUnless(platform.machine() == "x86_64", "a property of x86")
    def test_jumps_land_where_they_may(self):
        code = subprocess.run(["objdump", "--disassemble=main", PROGRAM], check=True, capture_output=True, text=True).stdout
        self.assertRegex(code, r"<main>:\n.*endbr64")


if __name__ == "__main__":
    unittest.main()
