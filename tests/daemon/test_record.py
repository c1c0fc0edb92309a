"""test_record.py - recordings: everything that goes over a connection is in them, or they say what is missing."""
import json
import os
import stat
import subprocess
import unittest

import recording
from daemon import Program, wait_for
from record_case import DAEMON, DATA, RecordCase


def own_mounts():
    """A command that runs another with mounts of its own, or None where the machine does not allow it."""
    command = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    works = subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    return command if works else None


class RecordTest(RecordCase):
    def test_both_directions_are_written_down(self):
        line = self.line()
        self.write(line, b"before")
        begun = self.post("record-start", name="pump", format="csv")["recording"]
        self.assertEqual((begun["name"], begun["state"], begun["format"]), ("pump", "recording", "csv"))
        self.write(line, DATA[:5000])
        self.post("send-raw", name="pump", payload={"base64": "AAEC"})
        self.write(line, b"end")
        ended = self.post("record-stop", name="pump")["recording"]
        records = self.records()
        self.assertEqual([records[0].type, records[-1].type], ["start", "end"])
        self.assertEqual(recording.stream(records, "rx"), (6, list(DATA[:5000] + b"end")))
        self.assertEqual(recording.stream(records, "tx"), (0, [0, 1, 2]))
        fields = records[0].fields()
        self.assertEqual((fields["name"], fields["recording"], fields["part"], fields["settings"]),
                         ("pump", begun["id"], "1", "115200 8N1"))
        self.assertEqual(fields["epoch"], str(self.connection()["epoch"]))
        times = [r.mono for r in records]
        self.assertEqual(times, sorted(times))
        (path,) = self.files()
        self.assertEqual((ended["id"], ended["state"], ended["parts"], ended["size"], ended["lost"]),
                         (begun["id"], "ended", 1, os.path.getsize(path), 0))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(self.listed(), [ended])

    def test_it_can_be_asked_for_when_a_connection_is_opened(self):
        client = self.client()
        line = self.line(record=True)
        client.wait_event("recording-started", name="pump")
        self.write(line, b"first words")
        self.assertTrue(self.connection()["options"]["record"])
        self.post("deactivate-connection", name="pump")
        client.wait_event("recording-stopped", name="pump")
        records = self.records()
        self.assertEqual(recording.stream(records, "rx"), (0, list(b"first words")))
        self.assertEqual([(r.type, r.body) for r in records[-2:]], [("closed", b"deactivated"), ("end", b"")])

    def test_replug_is_in_it(self):
        self.post("activate-connection", name="pump", address="virtual:echo", record=True)
        first = self.connection()
        self.post("send-raw", name="pump", payload="one")
        wait_for(lambda: self.connection()["offset"] == 3, "echo")
        self.post("unplug-virtual", address="virtual:echo")
        wait_for(lambda: self.connection()["state"] == "lost", "loss")
        self.post("plug-virtual", address="virtual:echo")
        wait_for(lambda: self.connection()["state"] == "open", "return")
        self.post("send-raw", name="pump", payload="two")
        wait_for(lambda: self.connection()["offset"] == 6, "echo")
        self.post("rename-reference", old="pump", new="valve")
        self.post("record-stop", name="valve")
        records = self.records()
        self.assertEqual(recording.stream(records, "rx"), (0, list(b"onetwo")))
        self.assertEqual(recording.stream(records, "tx"), (0, list(b"onetwo")))
        events = [r for r in records if r.type not in ("data", "signals")]
        self.assertEqual([r.type for r in events], ["start", "closed", "opened", "settings", "end"])
        self.assertEqual(events[1].body, b"device-gone")
        self.assertEqual((events[0].fields()["epoch"], events[2].fields()["epoch"]),
                         (str(first["epoch"]), str(self.connection("valve")["epoch"])))
        self.assertEqual((events[2].offset, events[3].fields()), (3, {"name": "valve"}))

    def test_kill_leaves_all_but_the_last_moments(self):  # I07
        line = self.line(record=True)
        self.write(line, DATA[:100_000])
        wait_for(lambda: len(recording.stream(self.records(), "rx")[1]) == 100_000, "all bytes on disk")
        self.write(line, DATA[100_000:200_000])
        self.program.kill()
        self.program = None
        first, got = recording.stream(self.records(), "rx")
        self.assertEqual(first, 0)
        self.assertEqual(bytes(got), DATA[: len(got)])
        self.assertGreaterEqual(len(got), 100_000)
        (path,) = self.files()
        with open(path, "rb") as file:
            whole = file.read()
        for n in range(len(whole) - 300, len(whole)):  # I06: whatever a power cut leaves of the file is good up to there
            records, torn = recording.read(whole[:n])
            self.assertTrue(torn or n == len(whole) or records)
        self.start()
        (item,) = self.listed()
        self.assertEqual((item["state"], item["name"], item["parts"]), ("ended", "pump", 1))

    def test_what_was_ended_does_not_begin_again_after_a_kill(self):
        self.post("activate-connection", name="pump", address="virtual:echo", record=True)
        self.post("record-stop", name="pump")
        with open(f"{self.home}/state/peripheral-manager/connections.json", encoding="utf-8") as file:
            self.assertFalse(json.load(file)["connections"][0]["record"])
        self.program.kill()
        self.start()
        self.assertFalse(wait_for(self.connection, "the connection")["options"]["record"])
        self.assertEqual([item["state"] for item in self.listed()], ["ended"])

    def test_requests_that_make_no_sense(self):
        self.line()
        for event, data, code in (("record-stop", {"name": "pump"}, "no-such-recording"),
                                  ("record-start", {"name": "nobody"}, "no-such-connection"),
                                  ("record-start", {"name": "pump", "format": "mp3"}, "bad-request")):
            self.assertEqual(self.program.post(event, data)[1]["error"]["code"], code)
        first = self.post("record-start", name="pump")["recording"]
        self.assertEqual(self.post("record-start", name="pump")["recording"]["id"], first["id"])
        self.post("record-stop", name="pump")
        self.assertEqual(self.program.post("record-stop", {"name": "pump"})[1]["error"]["code"], "no-such-recording")

    def test_what_else_lies_in_the_folder_is_left_alone(self):
        os.makedirs(self.folder, 0o700)
        outside = f"{self.home}/secret"
        with open(outside, "w", encoding="ascii") as file:
            file.write("secret")
        os.symlink(outside, f"{self.folder}/20260101-000000-link.0001.pmrec")
        os.mkdir(f"{self.folder}/20260101-000000-folder.0001.pmrec")
        os.mkfifo(f"{self.folder}/20260101-000000-pipe.0001.pmrec")
        for name in ("notes.txt", "x.pmrec", "x.1.pmrec", "x.0000.pmrec", ".0001.pmrec", "a b.0001.pmrec", "x" * 40 + ".0001.pmrec"):
            with open(f"{self.folder}/{name}", "w", encoding="ascii") as file:
                file.write("not ours")
        with open(f"{self.folder}/20260101-000000-noise.0001.pmrec", "wb") as file:
            file.write(os.urandom(100))
        items = self.listed()
        self.assertEqual([(i["id"], i["size"], i["name"]) for i in items], [("20260101-000000-noise", 100, "")])

    def test_folder_that_cannot_be_used(self):  # I03
        os.makedirs(os.path.dirname(self.folder), 0o700, exist_ok=True)
        with open(self.folder, "w", encoding="ascii"):
            pass
        line = self.line()
        self.assertEqual(self.program.post("record-start", {"name": "pump"})[1]["error"]["code"], "io-error")
        self.write(line, b"the device goes on")
        os.unlink(self.folder)
        self.post("record-start", name="pump")


class PartsTest(RecordCase):
    options = ("--recording-part", "256K")

    def test_it_is_cut_by_size(self):
        line = self.line(record=True)
        for _ in range(4):
            self.write(line, DATA)
        ended = self.post("record-stop", name="pump")["recording"]
        self.assertGreaterEqual(ended["parts"], 5)
        self.assertEqual(len(self.files()), ended["parts"])
        self.assertEqual(sum(os.path.getsize(f) for f in self.files()), ended["size"])
        for number, path in enumerate(self.files(), 1):
            self.assertLessEqual(os.path.getsize(path), 256 * 1024 + 1024)
            with open(path, "rb") as file:
                records, torn = recording.read(file.read())
            self.assertFalse(torn)
            self.assertEqual((records[0].type, records[0].fields()["part"], records[-1].type), ("start", str(number), "end"))
        self.assertEqual(recording.stream(self.records(), "rx"), (0, list(DATA * 4)))


class NothingKeptTest(unittest.TestCase):
    def test_daemon_that_keeps_nothing_records_nothing(self):
        program = Program(DAEMON, "--demo", "--ephemeral")
        self.addCleanup(program.stop)
        _, answer = program.post("activate-connection", {"name": "pump", "address": "virtual:echo", "record": True})
        self.assertEqual((answer["error"]["code"], "--ephemeral" in answer["error"]["message"]), ("unsupported", True))
        program.post("activate-connection", {"name": "pump", "address": "virtual:echo"})
        self.assertEqual(program.post("record-start", {"name": "pump"})[1]["error"]["code"], "unsupported")
        self.assertEqual(program.post("list-recordings", {})[1], {"ok": True, "recordings": []})


@unittest.skipUnless(own_mounts(), "no mounts of its own on this machine")
class FullDiskTest(RecordCase):
    def start(self, **how):
        os.makedirs(self.folder, 0o700)
        mount = f'mount -t tmpfs -o size=1m,mode=700 none "{self.folder}" && exec "$0" "$@"'
        super().start(under=[*own_mounts(), "sh", "-c", mount])
        self.folder = f"/proc/{self.program.process.pid}/root{self.folder}"

    def test_full_disk_makes_a_gap_and_never_stops_the_device(self):  # I02, I11
        client = self.client()
        self.post("activate-connection", name="echo", address="virtual:echo")  # a bystander
        line = self.line(record=True)
        self.write(line, DATA[:100_000])
        wait_for(lambda: len(recording.stream(self.records(), "rx")[1]) == 100_000, "all bytes on disk")
        with open(f"{self.folder}/ballast", "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(bytes(4096))
        sent = DATA[:100_000]
        for _ in range(20):  # 6 MB: more than the memory that waits for the disk
            self.write(line, DATA)
            sent += DATA
        stalled = client.wait_event("recording-stalled", name="pump")
        self.assertEqual((stalled["reason"], stalled["state"]), ("disk-full", "stalled"))
        self.assertEqual(self.program.post("record-start", {"name": "echo"})[1]["error"]["code"], "disk-full")
        os.unlink(f"{self.folder}/ballast")
        subprocess.run(["nsenter", "-m", f"-t{self.program.process.pid}", "mount", "-o", "remount,size=16m",
                        self.folder.split("/root", 1)[1]], check=True)
        client.wait_event("recording-resumed", name="pump")
        self.write(line, b"and on")
        sent += b"and on"
        ended = self.post("record-stop", name="pump")["recording"]
        records = self.records()
        first, got = recording.stream(records, "rx")
        self.assertEqual((first, len(got)), (0, len(sent)))
        self.assertTrue(all(b is None or b == s for b, s in zip(got, sent)))
        gaps = [r.gap() for r in records if r.type == "gap"]
        self.assertEqual({reason for _, reason in gaps}, {"disk-full"})
        self.assertEqual(sum(n for n, _ in gaps), got.count(None))
        self.assertEqual(ended["lost"], got.count(None))
        self.assertGreater(ended["lost"], 0)
        self.assertEqual(len(gaps), 1)


if __name__ == "__main__":
    unittest.main()
