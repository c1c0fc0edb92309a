"""test_restart.py - the daemon is stopped, killed and started again: connections and the pages that use them come back."""
import json
import os
import shutil
import stat
import tempfile
import unittest

import socketio
from client import Client, in_order
from daemon import Line, Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
SETTINGS = {"baud-rate": 9600, "data-bits": 7, "parity": "even", "stop-bits": 2, "flow-control": "xon-xoff", "dtr": "off",
            "rts": "on", "latency": "throughput", "exclusive": False, "reconnect": True, "record": False, "history": 65536, "profile": "",
            "deliver": "lines", "framing": {"kind": "idle", "silence": 12.5, "max": 100}}


class RestartTest(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="pm-test-")
        self.addCleanup(shutil.rmtree, self.home)
        self.folder = f"{self.home}/state/peripheral-manager"
        self.file = f"{self.folder}/connections.json"
        self.program = None
        self.lines = []

    def tearDown(self):
        if self.program:
            self.assertEqual(self.program.stop(), 0)
        for line in self.lines:
            line.close()

    def start(self, *options, port=0):
        self.program = Program(DAEMON, *(options or ("--demo", "--allow-pty")), "--port", str(port), home=self.home)
        return self.program

    def stop(self):
        program, self.program = self.program, None
        self.assertEqual(program.stop(), 0)

    def kill(self):
        program, self.program = self.program, None
        program.kill()

    def kept(self):
        """What is there of connections."""
        return sorted(name for name in os.listdir(self.folder) if name.startswith("connections"))

    def line(self):
        self.lines.append(Line())
        return self.lines[-1]

    def activate(self, name, address, **options):
        status, answer = self.program.post("activate-connection", {"name": name, "address": address, **options})
        self.assertEqual(status, 200, answer)
        return answer["connection"]

    def connections(self):
        return {c["name"]: c for c in self.program.post("list-connections", {})[1]["connections"]}

    def saved(self):
        """What the file holds, once it holds what the daemon has."""
        def names():
            with open(self.file) as file:
                return {c["name"]: c for c in json.load(file)["connections"]}
        wait_for(lambda: os.path.exists(self.file) and names().keys() == self.connections().keys(), "the file")
        return names()

    def said(self, text):
        """The program's next line with this text."""
        return wait_for(lambda: (line := self.program.line()) and text in line and line, text)

    # ---- coming back ----

    def test_connections_come_back_with_name_device_and_settings(self):
        line = self.line()
        self.start()
        self.activate("scale", "virtual:counter", **SETTINGS)
        before = self.activate("pump", line.path, **(SETTINGS | {"baud-rate": 19200}))
        self.stop()
        self.start()
        after = self.connections()
        self.assertEqual({n: c["state"] for n, c in after.items()}, {"scale": "open", "pump": "open"})
        self.assertEqual(after["scale"]["options"], SETTINGS)
        for what in ("address", "device", "options"):
            self.assertEqual(after["pump"][what], before[what])
        self.program.post("send-raw", {"name": "pump", "payload": "still here"})
        self.assertEqual(line.read(10), b"still here")

    def test_killed_daemon_comes_back_as_it_was(self):  # I07
        line = self.line()
        self.start()
        self.activate("scale", "virtual:counter")
        self.activate("pump", line.path)
        self.program.post("rename-reference", {"old": "scale", "new": "balance"})
        self.program.post("configure-connection", {"name": "pump", "baud-rate": 4800})
        wait_for(lambda: self.saved().get("pump", {}).get("baud-rate") == 4800, "the settings on disk")
        self.kill()
        self.start()
        after = self.connections()
        self.assertEqual({n: c["state"] for n, c in after.items()}, {"balance": "open", "pump": "open"})
        self.assertEqual(after["pump"]["options"]["baud-rate"], 4800)

    def test_epochs_never_repeat(self):
        self.start()
        self.activate("scale", "virtual:counter")
        self.saved()
        seen = []
        for end in (self.kill, self.stop) * 4:
            wait_for(lambda: self.connections()["scale"]["offset"] > 0, "bytes")
            seen.append(self.connections()["scale"]["epoch"])
            end()
            self.start()
        self.assertEqual(len(set(seen)), len(seen))

    def test_what_was_closed_stays_closed(self):
        self.start()
        self.activate("one", "virtual:echo")
        self.activate("two", "virtual:pump")
        self.program.post("deactivate-connection", {"name": "one"})
        self.stop()
        self.start()
        self.assertEqual(list(self.connections()), ["two"])

    def test_device_that_is_away_is_waited_for(self):
        self.start()
        device = self.activate("scale", "virtual:counter", **SETTINGS)["device"]
        self.activate("brief", "virtual:pump", reconnect=False)
        self.stop()
        self.start("--allow-pty")  # no virtual device is plugged in
        self.assertIn(device, self.said('"scale" waits'))
        lost = self.connections()
        self.assertEqual((list(lost), lost["scale"]["state"], lost["scale"]["reason"]), (["scale"], "lost", "device-gone"))
        self.assertEqual(self.program.post("send-raw", {"name": "scale", "payload": "x"})[1]["error"]["code"], "device-gone")
        self.assertEqual(list(self.saved()), ["scale"])
        self.stop()
        self.start()
        self.assertEqual((self.connections()["scale"]["state"], self.connections()["scale"]["options"]), ("open", SETTINGS))

    def test_device_that_comes_after_the_start_is_opened_then(self):
        self.start()
        self.activate("scale", "virtual:counter")
        self.stop()
        with open(self.file) as file:
            kept = json.load(file)
        kept["connections"][0]["address"] = "/dev/ttyUSB7"  # the path that it had then
        with open(self.file, "w") as file:
            json.dump(kept, file)
        self.start()
        self.assertEqual(self.connections()["scale"]["state"], "open")  # found by what it is
        self.program.post("unplug-virtual", {"address": "virtual:counter"})
        wait_for(lambda: self.connections()["scale"]["state"] == "lost", "the loss")
        self.program.post("plug-virtual", {"address": "virtual:counter"})
        wait_for(lambda: self.connections()["scale"]["state"] == "open", "the return")

    def test_another_pseudo_terminal_of_the_same_path_is_not_opened(self):
        line = self.line()
        self.start()
        self.activate("pump", line.path)
        self.stop()
        with open(self.file) as file:
            kept = json.load(file)
        kept["connections"][0]["device"] = kept["connections"][0]["device"][:-1] + "!"  # one from another time
        with open(self.file, "w") as file:
            json.dump(kept, file)
        self.start()
        self.assertEqual(self.connections()["pump"]["state"], "lost")
        self.activate("pump", line.path)
        self.assertEqual(self.connections()["pump"]["state"], "open")

    def test_ephemeral_keeps_nothing(self):
        self.start("--demo", "--ephemeral")
        self.activate("scale", "virtual:counter")
        self.stop()
        self.assertFalse(os.path.exists(self.folder))
        self.start("--demo")
        self.assertEqual(self.connections(), {})

    # ---- clients ----

    def test_client_reconnects_by_itself_and_finds_its_connection(self):
        self.start()
        port = self.program.port
        self.activate("echo", "virtual:echo")
        got, joined, gaps = [], [], []
        io = in_order(socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2))
        io.on("connect", lambda: joined.append(1))
        io.on("echo", got.append)
        io.on("rx-gap", gaps.append)
        io.connect(f"http://127.0.0.1:{port}", transports=["websocket"], wait_timeout=30)
        place = io.call("subscribe", {"names": ["echo"]}, timeout=30)["subscriptions"]["echo"]
        io.call("send-raw", {"name": "echo", "payload": "before"}, timeout=30)
        wait_for(lambda: b"".join(got) == b"before", "the echo")
        self.saved()
        self.kill()
        self.start(port=port)
        wait_for(lambda: len(joined) >= 2, "the client's return")
        answer = io.call("subscribe", {"names": ["echo"], "since": place["offset"] + 6, "epoch": place["epoch"]}, timeout=30)
        self.assertNotEqual(answer["subscriptions"]["echo"]["epoch"], place["epoch"])
        io.call("send-raw", {"name": "echo", "payload": "after"}, timeout=30)
        wait_for(lambda: b"".join(got) == b"beforeafter" and gaps, "the echo")
        self.assertEqual([(g["from"], g["reason"]) for g in gaps], [(6, "epoch")])
        io.disconnect()

    # ---- the file ----

    def assert_started_without(self, content, word):
        """The daemon starts although the file is this; it is kept aside and reported."""
        for old in os.listdir(self.folder):
            os.unlink(f"{self.folder}/{old}")
        with open(self.file, "wb") as file:
            file.write(content)
        self.start()
        line = self.said("cannot be used")
        self.assertIn(word, line)
        self.assertIn(f"{self.file}.bad-1", line)
        with open(f"{self.file}.bad-1", "rb") as file:
            self.assertEqual(file.read(), content)
        return self.connections()

    def whole_file(self):
        self.start()
        self.activate("scale", "virtual:counter")
        self.activate("echo", "virtual:echo")
        self.stop()
        with open(self.file, "rb") as file:
            return file.read()

    def test_file_that_was_cut_off_anywhere_is_kept_aside(self):  # I04, I06
        whole = self.whole_file()
        places = {0, 1, len(whole) - 1}
        for mark in (b'"format"', b"peripheral-manager", b'"version"', b"1,", b'"connections"', b"[", b"{\n", b'"name"', b"scale",
                     b"115200", b"true", b"},", b"]"):
            at = whole.index(mark)
            places |= {at, at + 1, at + len(mark)}
        for at in sorted(places):
            with self.subTest(at=at):
                self.assertEqual(self.assert_started_without(whole[:at], "line"), {})
                self.activate("new", "virtual:pump")
                self.stop()
                self.start()
                self.assertEqual(list(self.connections()), ["new"])
                self.stop()

    def test_file_of_somebody_else_is_kept_aside(self):  # I04
        whole = json.loads(self.whole_file())
        foreign = [b"[]", b"7", b"{}", b'"x"', b"null", bytes(range(256)), b"\0" * 4096, b"\xff\xfe{\0}\0", b"[" * 100_000,
                   b'{"format": "peripheral-manager connections", "format": "x"}',
                   b'{"format": "peripheral-manager grants", "version": 1, "connections": []}',
                   b'{"format": "peripheral-manager connections", "version": "1", "connections": []}',
                   b'{"format": "peripheral-manager connections", "version": 0, "connections": []}',
                   b'{"format": "peripheral-manager connections", "version": 1, "connections": {}}',
                   b" " * (1024 * 1024 + 1)]
        for content in foreign:
            with self.subTest(content=content[:70]):
                self.assertEqual(self.assert_started_without(content, ""), {})
                self.stop()
        for change, word in (({"baud-rate": "fast"}, "baud-rate"), ({"name": "connect"}, "connect"), ({"name": "echo"}, "echo"),
                             ({"address": None}, "address"), ({"history": 1}, "history"), ({"parity": 3}, "parity")):
            with self.subTest(change=change):
                record = next(c for c in whole["connections"] if c["name"] == "scale") | change
                rest = [c for c in whole["connections"] if c["name"] != "scale"]
                content = json.dumps(whole | {"connections": rest + [record]}).encode()
                self.assertEqual(list(self.assert_started_without(content, word)), ["echo"])  # what is right is used
                self.stop()

    def test_file_of_a_newer_version_is_left_alone(self):  # I04
        whole = self.whole_file().replace(b'"version": 1', b'"version": 2')
        with open(self.file, "wb") as file:
            file.write(whole)
        self.start()
        self.said("newer")
        self.assertEqual(self.connections(), {})
        self.activate("scale", "virtual:counter")
        self.stop()
        with open(self.file, "rb") as file:
            self.assertEqual(file.read(), whole)
        self.assertEqual(self.kept(), ["connections.json"])

    def test_what_is_no_file_is_kept_aside(self):
        self.start()
        self.stop()
        for make in (os.mkdir, os.mkfifo, lambda path: os.symlink("/etc/passwd", path)):
            if os.path.lexists(self.file):
                os.unlink(self.file)
            make(self.file)
            self.start()
            self.said("cannot be used")
            self.activate("scale", "virtual:counter")
            self.stop()
            self.assertTrue(stat.S_ISREG(os.lstat(self.file).st_mode))
        self.assertEqual(self.kept(), ["connections.json"] + [f"connections.json.bad-{i}" for i in (1, 2, 3)])

    def test_new_file_of_a_killed_run_is_removed(self):  # I06
        self.start()
        self.activate("scale", "virtual:counter")
        self.stop()
        with open(self.file + ".new", "w") as file:
            file.write('{"format": "peripheral-man')
        self.start()
        self.assertEqual(list(self.connections()), ["scale"])
        self.stop()
        self.assertEqual(self.kept(), ["connections.json"])

    def test_killed_at_any_moment_of_writing_it_has_the_old_or_the_new(self):  # I06
        self.start()
        self.activate("scale", "virtual:counter")
        self.saved()
        for i in range(8):
            for n in range(20 + 7 * i):
                self.program.post("rename-reference", {"old": next(iter(self.connections())), "new": f"scale-{i}-{n}"})
            self.kill()
            self.start()
            self.assertEqual(len(self.connections()), 1)
            self.assertFalse([f for f in os.listdir(self.folder) if "bad" in f])

    def test_what_was_answered_outlives_a_kill(self):
        self.start()
        self.activate("echo", "virtual:echo")
        for i in range(12):  # each time the newest change is of another kind, and the kill comes right behind its answer
            name = next(iter(self.connections()))
            expected = {0: {name, "pump"}, 1: {name}, 2: {f"echo-{i}"}}[i % 3]
            event, data = {0: ("activate-connection", {"name": "pump", "address": "virtual:pump"}),
                           1: ("deactivate-connection", {"name": "pump"}),
                           2: ("rename-reference", {"old": name, "new": f"echo-{i}"})}[i % 3]
            self.assertEqual(self.program.post(event, data)[0], 200)
            self.kill()
            self.start()
            self.assertEqual(set(self.connections()), expected)
        self.assertEqual(self.program.post("configure-connection", {"name": "echo-11", "baud-rate": 4800})[0], 200)
        self.kill()
        self.start()
        self.assertEqual(self.connections()["echo-11"]["options"]["baud-rate"], 4800)

    def test_first_bytes_come_behind_the_answer(self):
        self.start()
        client = Client(self.program, transports=["websocket"])
        self.addCleanup(client.close)
        for n in range(20):
            seen = len(client.got)
            client.io.emit("activate-connection", {"name": "counter", "address": "virtual:counter"},
                           callback=lambda answer: client.got.append(("answer", answer)))
            wait_for(lambda seen=seen: "counter" in [e[0] for e in client.got[seen:]], "bytes")
            told = [e[0] for e in client.got[seen:]]
            self.assertLess(told.index("answer"), told.index("counter"), n)
            self.assertTrue(client.call("deactivate-connection", {"name": "counter"})["ok"])

    def test_folder_that_cannot_be_written_is_told_once_and_devices_work_on(self):  # I01
        self.start()
        os.rename(self.folder, self.folder + ".away")
        self.activate("scale", "virtual:counter")
        self.said("cannot be kept")
        self.activate("echo", "virtual:echo")
        self.assertEqual({c["state"] for c in self.connections().values()}, {"open"})
        os.rename(self.folder + ".away", self.folder)
        self.program.post("rename-reference", {"old": "echo", "new": "again"})
        self.said("kept for the next start again")
        self.assertEqual(sorted(self.saved()), ["again", "scale"])


if __name__ == "__main__":
    unittest.main()
