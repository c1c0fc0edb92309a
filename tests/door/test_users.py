"""test_users.py - other users of the machine: their programs and browsers are turned away before a byte is read (B34, B35)."""
import json
import multiprocessing
import os
import pwd
import socket
import unittest

from daemon import DEADLINE, Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
NOBODY = pwd.getpwnam("nobody").pw_uid
REQUEST = b"GET /api/v1/list-devices HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n"


def answer_as(uid, host, port, queue):
    """What a program of this user gets."""
    os.setgid(uid)
    os.setuid(uid)
    got = b""
    try:
        with socket.create_connection((host, port), DEADLINE) as client:
            client.settimeout(DEADLINE)
            client.sendall(REQUEST % port)
            while piece := client.recv(65536):
                got += piece
    except ConnectionError:
        pass  # it was closed with our request unread
    queue.put(got)


@unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
class UsersTest(unittest.TestCase):
    def ask(self, program, uid, host="127.0.0.1"):
        queue = multiprocessing.Queue()
        child = multiprocessing.Process(target=answer_as, args=(uid, host, program.port, queue))
        child.start()
        got = queue.get(timeout=DEADLINE)
        child.join(DEADLINE)
        return got

    def test_b34_another_user_gets_nothing(self):
        program = Program(DAEMON, "--demo")
        for host in ("127.0.0.1", "::1"):
            self.assertEqual(self.ask(program, NOBODY, host), b"")
            self.assertIn(b"200 OK", self.ask(program, 0, host))
        wait_for(lambda: "--allow-user" in program.line(), "the way out in the log")
        with open(f"{program.home}/state/peripheral-manager/audit.jsonl", encoding="utf-8") as file:
            self.assertIn(("uid_refused", NOBODY), [(e["kind"], e.get("uid")) for e in map(json.loads, file)])
        self.assertEqual(program.stop(), 0)

    def test_b35_one_that_is_allowed_gets_in(self):
        program = Program(DAEMON, "--demo", "--allow-user", "nobody")
        self.assertIn(b"200 OK", self.ask(program, NOBODY))
        self.assertEqual(program.stop(), 0)

    def test_b35_one_that_is_allowed_cannot_take_all_connections(self):
        program = Program(DAEMON, "--demo", "--allow-user", "nobody", "--per-user", "1")
        before = os.geteuid()
        os.seteuid(NOBODY)
        try:
            held = socket.create_connection(("127.0.0.1", program.port), DEADLINE)
        finally:
            os.seteuid(before)
        self.assertIn(b"503", self.ask(program, NOBODY))
        self.assertIn(b"200 OK", self.ask(program, 0))
        held.close()
        wait_for(lambda: b"200 OK" in self.ask(program, NOBODY), "room for another connection")
        self.assertEqual(program.stop(), 0)


if __name__ == "__main__":
    unittest.main()
