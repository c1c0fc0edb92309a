"""test_record.py - recordings on the command line: beginning, ending, listing, exporting."""
import csv
import glob
import io
import os
import pty
import unittest

import recording
from daemon import Line, wait_for
from places import IO, NO_DAEMON, REFUSED, USAGE, Places


class RecordTest(Places):
    def record(self, data):
        """A finished recording; its id."""
        line = Line()
        self.addCleanup(line.close)
        self.serve("--allow-pty")
        self.command("activate", "pump", line.path)
        output = self.command("record", "pump")[0]
        (item,) = self.json("recordings")
        self.assertEqual((item["state"], item["name"]), ("recording", "pump"))
        self.assertIn(item["id"], output)
        line.write(data)
        wait_for(lambda: self.json("connections")[0]["rx"] == len(data), "bytes")
        self.assertIn("has ended", self.command("record", "pump", "--stop")[0])
        self.command("record", "pump", "--stop", code=REFUSED)
        return item["id"]

    def test_from_beginning_to_export(self):
        name = self.record(b"=1+1\r\n\xff")
        self.assertIn(name, self.command("recordings")[0])
        (path,) = glob.glob(f"{self.state}/recordings/*")
        text = self.command("export", name)[0]
        self.assertEqual(text, self.command("export", path)[0])
        self.assertIn('"=1+1\\r\\n\\xff"', text)
        rows = list(csv.DictReader(io.StringIO(self.command("export", name, "--format", "csv")[0])))
        self.assertEqual([r["hex"] for r in rows if r["event"] == "data"], ["3d312b310d0aff"])

    def test_native_joins_parts_and_passes_over_damage(self):
        name = self.record(b"x" * 1000)
        (path,) = glob.glob(f"{self.state}/recordings/*")
        with open(path, "rb") as file:
            whole = file.read()
        joined = f"{self.home}/joined"
        with open(joined, "wb") as out:
            self.start("export", path, path, "--format", "native", stdout=out).wait(10)
        with open(joined, "rb") as file:
            records, torn = recording.read(file.read())
        self.assertFalse(torn)
        self.assertEqual([r.type for r in records], ["start", "data", "end"] * 2)
        with open(path, "wb") as file:
            file.write(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
        self.assertIn("damaged", self.command("export", name)[0])

    def test_an_export_can_go_to_a_file(self):
        name = self.record(b"x" * 1000)
        (path,) = glob.glob(f"{self.state}/recordings/*")
        out = f"{self.home}/out"
        with open(out, "w", encoding="utf-8") as file:
            file.write("what was there before" * 1000)
        for option in (("-o", out), (f"--output={out}",)):
            self.assertEqual(self.command("export", name, *option), ("", ""))
            with open(out, encoding="utf-8") as file:
                self.assertEqual(file.read(), self.command("export", name)[0])
        self.assertIn("name another file", self.command("export", path, "-o", path, code=USAGE)[1])
        self.assertIn("recordings", self.command("export", "nothing", "-o", out, code=IO)[1])
        self.assertEqual(self.command("export", path)[0], self.command("export", name)[0])
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read(), self.command("export", name)[0])
        self.assertEqual(self.command("export", name, "-o", "/nix/x", code=IO)[1],
                         "/nix/x cannot be written: No such file or directory.\n")
        self.assertEqual(self.command("export", name, "-o", "/dev/full", code=IO)[1],
                         "/dev/full cannot be written: No space left on device.\n")
        self.assertIn("no export as JSON", self.command("export", name, "--json", code=USAGE)[1])

    def test_a_terminal_is_not_shown_bytes(self):
        far, near = pty.openpty()
        self.addCleanup(os.close, far)
        self.addCleanup(os.close, near)
        process = self.start("export", "any", "--format", "pcapng", stdout=near, stderr=near)
        self.assertEqual(process.wait(10), USAGE)
        self.assertIn(b"name a file with --output FILE", os.read(far, 4096))

    def test_a_part_that_cannot_be_opened_is_no_end(self):
        name = self.record(b"x")
        part = f"{self.state}/recordings/{name}.0002.pmrec"
        os.symlink(part, part)
        self.assertIn("0002", self.command("export", name, code=IO)[1])

    def test_what_cannot_be_exported_is_told(self):
        wrong = f"{self.home}/wrong"
        for content in (b"", b"\x89PMR", b"not a recording"):
            with open(wrong, "wb") as file:
                file.write(content)
            self.assertIn("not a recording", self.command("export", wrong, code=IO)[1])
        with open(wrong, "wb") as file:
            file.write(b"\x89PMR\r\n\x1a\n\x09\x00\x00\x00")
        self.assertIn("newer version", self.command("export", wrong, code=IO)[1])
        self.assertIn("recordings", self.command("export", "nothing", code=IO)[1])
        self.command("export", self.home + "/", code=IO)
        self.command("export", "x" * 5000, code=IO)
        self.command("export", "../" * 500 + "x", code=IO)
        self.command("export", code=USAGE)
        self.command("export", wrong, "--format", "mp3", code=USAGE)

    def test_full_disk_and_closed_pipe_are_told(self):  # I11
        name = self.record(b"x" * 1000)
        with open("/dev/full", "wb") as full:
            process = self.start("export", name, stdout=full)
            self.assertEqual(process.wait(10), IO)

    def test_nothing_recorded_and_no_daemon(self):
        self.command("record", "pump", code=NO_DAEMON)
        self.serve()
        self.assertIn("No recordings", self.command("recordings")[0])
        self.command("record", "nobody", code=REFUSED)


if __name__ == "__main__":
    unittest.main()
