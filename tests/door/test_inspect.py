"""test_inspect.py - the person looks on: what every client says and gets, shortened, bounded, and for nobody else."""
import base64
import os
import unittest

import peers
from daemon import Line, Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
ENTRIES_MAX, TEXT_MAX, HEAD_MAX = 100, 300, 48


class InspectTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo", "--allow-pty", "--allow-origin", "https://app.example=serial")
        self.line = Line()
        self.peers = []
        self.person = self.enter(peers.person(self.program))
        self.page = self.enter(peers.page(self.program, "https://app.example"))
        self.program.post("activate-connection", {"name": "echo", "address": "virtual:echo"})

    def tearDown(self):
        for peer in self.peers:
            peer.close()
        self.assertEqual(self.program.stop(), 0)
        self.line.close()

    def enter(self, peer):
        self.peers.append(peer)
        peer.wait_in()
        return peer

    def look(self, **data):
        answer = self.person.ask("inspect-clients", data)
        self.assertTrue(answer["ok"], answer)
        return answer

    def entries(self):
        return [entry for batch in self.person.events("client-events") for entry in batch["entries"]]

    def wait_entry(self, **members):
        def found():
            return [e for e in self.entries() if all(e.get(k) == v for k, v in members.items())]
        return wait_for(found, members)[0]

    def test_shows_what_each_client_says_and_gets(self):
        answer = self.look()
        number = next(c["client"] for c in answer["clients"] if c.get("origin") == "https://app.example")
        self.assertEqual({c["client"]: c["kind"] for c in answer["clients"]}, {answer["client"]: "person", number: "page"})
        self.assertTrue(self.page.ask("send-raw", {"name": "echo", "payload": "hello"})["ok"])
        page = {"client": number, "kind": "page", "origin": "https://app.example"}
        asked = self.wait_entry(**page, does="asks", event="send-raw")
        self.assertEqual((asked["data"], asked["bytes"]), ('{"name": "echo", "payload": "hello"}', 5))
        self.assertEqual(self.wait_entry(**page, does="answered", event="send-raw")["data"], '{"ok":true,"bytes":5}')
        got = self.wait_entry(**page, does="gets", event="echo")
        self.assertEqual((base64.b64decode(got["head"]["base64"]), got["bytes"]), (b"hello", 5))
        self.program.post("rename-reference", {"old": "echo", "new": "other"})
        self.wait_entry(client=0, kind="program", does="asks", event="rename-reference")
        renamed = self.wait_entry(**page, does="gets", event="connection-renamed")
        self.assertEqual(renamed["data"], '{"old":"echo","new":"other"}')
        refused = self.page.ask("no-such-thing", {"a": 1})
        self.assertIn(refused["error"]["message"][:20], self.wait_entry(**page, does="answered", event="unknown")["data"])
        self.page.close()
        self.wait_entry(client=number, does="away")
        late = self.enter(peers.page(self.program, "https://app.example"))
        self.assertTrue(late.joined)
        self.assertGreater(self.wait_entry(does="comes", kind="page")["client"], number)

    def test_shortens_between_characters(self):
        self.look()
        self.page.ask("send-raw", {"name": "echo", "payload": "€" * 1000})
        asked = self.wait_entry(does="asks", event="send-raw")
        self.assertTrue(asked["data"].endswith("€…"), asked["data"])
        self.assertLessEqual(len(asked["data"].encode()), TEXT_MAX + 3)
        self.page.ask("send-raw", {"name": "echo", "payload": "x" * 3000})
        asked = self.wait_entry(does="asks", event="send-raw", bytes=3000)
        self.assertEqual(base64.b64decode(asked["head"]["base64"]), b"x" * HEAD_MAX)
        self.page.ask("list-devices")
        self.assertLessEqual(len(self.wait_entry(does="answered", event="list-devices")["data"].encode()), TEXT_MAX + 3)

    def test_is_for_the_person_alone(self):
        for peer in (self.page, self.enter(peers.page(self.program, None)), self.enter(peers.page(self.program, f"http://localhost:{self.program.port}"))):
            self.assertEqual(peer.ask("inspect-clients")["error"]["code"], "session-required")
        self.look()
        self.page.ask("list-devices")
        self.wait_entry(does="asks", event="list-devices")
        self.assertEqual(self.page.events("client-events"), [])

    def test_codes_and_tokens_are_not_shown(self):
        self.look()
        token = self.person.ask("token-create", {"name": "lab"})["token"]
        code = self.person.ask("session-code")["code"]
        self.page.ask("session", {"code": code})
        for event in ("token-create", "session-code", "session"):
            self.assertNotIn("data", self.wait_entry(does="answered", event=event))
            self.assertNotIn("data", self.wait_entry(does="asks", event=event))
        self.assertNotIn(token, str(self.person.events("client-events")))
        self.assertNotIn(code, str(self.person.events("client-events")))

    def test_a_flood_is_counted_and_costs_no_more(self):
        self.look()
        for _ in range(1500):
            self.page.emit("send-raw", {"name": "echo", "payload": "x"})
        self.page.ask("list-devices")
        wait_for(lambda: any(b["missed"] > 0 for b in self.person.events("client-events")), "a count of what found no room")
        self.assertLessEqual(max(len(b["entries"]) for b in self.person.events("client-events")), ENTRIES_MAX)
        total = wait_for(lambda: (n := sum(len(b["entries"]) + b["missed"] for b in self.person.events("client-events"))) >= 3000 and n,
                         "all of them, shown or counted")
        self.assertGreaterEqual(total, 3000)

    def test_ends_when_nobody_looks(self):
        self.look()
        self.page.ask("list-devices")
        self.wait_entry(does="asks", event="list-devices")
        self.look(on=False)
        before = len(self.person.events("client-events"))
        self.page.ask("list-connections")
        again = self.enter(peers.person(self.program))
        self.assertTrue(again.ask("inspect-clients")["ok"])
        again.close()
        self.look()
        self.page.ask("list-profiles")
        self.wait_entry(does="asks", event="list-profiles")
        seen = [e["event"] for b in self.person.events("client-events")[before:] for e in b["entries"]]
        self.assertNotIn("list-connections", seen)


if __name__ == "__main__":
    unittest.main()
