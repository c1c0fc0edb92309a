"""test_system.py - what the machine runs out of: the daemon goes on, and says so once."""
import os
import resource
import socket
import unittest

from daemon import Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]


class SystemTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo")

    def tearDown(self):
        if self.program:
            self.assertEqual(self.program.stop(), 0)

    def processor_time(self):
        with open(f"/proc/{self.program.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_without_descriptors_it_waits_and_goes_on(self):  # I09
        pid = self.program.process.pid
        self.program.post("activate-connection", {"name": "echo", "address": "virtual:echo"})
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), before[1]))
        for _ in range(8):  # a descriptor or two may have become free since
            caller = socket.create_connection(("127.0.0.1", self.program.port), timeout=30)
            self.addCleanup(caller.close)
        caller.sendall(b"GET /health HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % self.program.port)
        line = wait_for(lambda: (text := self.program.line()) and "Cannot accept" in text and text, "a line in the log")
        self.assertIn("Raise the limit of open files", line)
        used = self.processor_time()
        caller.settimeout(1.5)
        self.assertRaises(TimeoutError, caller.recv, 1)
        self.assertLess(self.processor_time() - used, 0.5)  # no busy loop, which would use all of it
        caller.settimeout(30)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        self.assertTrue(caller.recv(100).startswith(b"HTTP/1.1 "))
        self.assertEqual(self.program.post("send-raw", {"name": "echo", "payload": "x"})[1], {"ok": True, "bytes": 1})
        program, self.program = self.program, None
        program.process.terminate()
        said = program.process.stdout.read().decode()
        self.assertEqual(program.end(), 0)
        self.assertEqual(said.count("Cannot accept"), 0, said)  # once was enough


if __name__ == "__main__":
    unittest.main()
