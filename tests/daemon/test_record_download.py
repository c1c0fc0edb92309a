"""test_record_download.py - recordings over HTTP: in every format, while they grow, and nothing else of the file system."""
import csv
import io
import os
import re
import socket
import subprocess
import tempfile
import unittest

import recording
from daemon import wait_for
from record_case import DATA, RecordCase


class DownloadTest(RecordCase):
    options = ("--recording-part", "256K")

    def get(self, item, form, status=200):
        answer = self.program.request("GET", f"/recordings/{item['id']}?format={form}")
        self.assertEqual(answer[0], status)
        return answer[1], answer[2]

    def make(self):
        """A recording of both directions in several parts."""
        line = self.line()
        self.post("record-start", name="pump")
        self.post("send-raw", name="pump", payload="*IDN?\n")
        self.assertEqual(line.read(6), b"*IDN?\n")
        self.write(line, b'=cmd"\r\n\x00\xff' + DATA)
        return self.post("record-stop", name="pump")["recording"]

    def test_native_is_all_parts_as_one_file(self):
        item = self.make()
        self.assertGreater(item["parts"], 1)
        headers, body = self.get(item, "native")
        records, torn = recording.read(body)
        self.assertFalse(torn)
        self.assertEqual(recording.stream(records, "rx"), (0, list(b'=cmd"\r\n\x00\xff' + DATA)))
        self.assertEqual(recording.stream(records, "tx"), (0, list(b"*IDN?\n")))
        self.assertEqual([r.type for r in records].count("start"), item["parts"])
        self.assertEqual(headers["Content-Disposition"], f'attachment; filename="{item["id"]}.pmrec"')
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_text_and_csv_hold_the_same_bytes(self):
        item = self.make()
        headers, body = self.get(item, "text")
        self.assertTrue(headers["Content-Type"].startswith("text/plain"))
        lines = body.decode("ascii").splitlines()
        self.assertTrue(any(" tx " in line and line.endswith('"*IDN?\\n"') for line in lines), lines[:4])
        headers, body = self.get(item, "csv")
        self.assertTrue(headers["Content-Type"].startswith("text/csv"))
        rows = list(csv.DictReader(io.StringIO(body.decode("ascii"))))
        got = b"".join(bytes.fromhex(r["hex"]) for r in rows if r["event"] == "data" and r["direction"] == "rx")
        self.assertEqual(got, b'=cmd"\r\n\x00\xff' + DATA)
        self.assertFalse([c for r in rows for c in r.values() if c and c[0] in "=+-@\t" and not re.fullmatch(r"-?\d+|--", c)])

    def test_wireshark_reads_pcapng(self):
        item = self.make()
        _, body = self.get(item, "pcapng")
        with tempfile.NamedTemporaryFile(suffix=".pcapng") as file:
            file.write(body)
            file.flush()
            fields = ("frame.packet_flags_direction", "data.data")
            out = subprocess.run(["tshark", "-r", file.name, "-Y", "data.data", "-T", "fields",
                                  *[a for f in fields for a in ("-e", f)]], capture_output=True, text=True)
        self.assertEqual(out.returncode, 0, out.stderr)
        rows = [line.split("\t") for line in out.stdout.splitlines()]
        by_way = {way: bytes.fromhex("".join(h for w, h in rows if int(w, 0) == way).replace(":", "")) for way in (1, 2)}
        self.assertEqual(by_way[2], b"*IDN?\n")
        self.assertEqual(by_way[1], b'=cmd"\r\n\x00\xff' + DATA)

    def test_it_can_be_had_while_it_grows(self):
        line = self.line(record=True)
        self.write(line, DATA)
        item = wait_for(lambda: [i for i in self.listed() if i["size"] > len(DATA)], "all bytes on disk")[0]
        self.assertEqual(item["state"], "recording")
        got = 0
        for _ in range(5):
            self.write(line, DATA)
            records, torn = recording.read(self.get(item, "native")[1])
            self.assertFalse(torn)
            first, found = recording.stream(records, "rx")
            self.assertEqual((first, bytes(found)), (0, (DATA * 6)[: len(found)]))
            self.assertGreaterEqual(len(found), max(got, len(DATA)))
            got = len(found)

    def test_client_that_does_not_read_holds_nothing_up(self):  # A05
        line = self.line(record=True)
        for _ in range(10):
            self.write(line, DATA)
        item = wait_for(self.listed, "the recording")[0]
        received = lambda: len(recording.stream(recording.read(self.get(item, "native")[1])[0], "rx")[1])  # noqa: E731
        wait_for(lambda: received() == 10 * len(DATA), "all bytes on disk")
        with socket.create_connection(("127.0.0.1", self.program.port)) as lazy:
            lazy.sendall(b"GET /recordings/%s?format=csv HTTP/1.1\r\nHost: localhost:%d\r\n\r\n"
                         % (item["id"].encode(), self.program.port))
            self.assertTrue(lazy.recv(10).startswith(b"HTTP/1.1 2"))
            self.assertEqual(received(), 10 * len(DATA))
            self.write(line, DATA)
            tail, taken = b"", 0
            while not tail.endswith(b"\r\n0\r\n\r\n"):
                part = lazy.recv(1 << 20)
                self.assertTrue(part, "cut off")
                tail, taken = (tail + part)[-10:], taken + len(part)
        self.assertGreater(taken, 20 * len(DATA))

    def test_old_http_and_head(self):
        item = self.make()
        status, headers, body = self.program.request("HEAD", item["address"])
        self.assertEqual((status, body), (200, b""))
        self.assertIn("attachment", headers["Content-Disposition"])
        with socket.create_connection(("127.0.0.1", self.program.port)) as old:
            old.sendall(b"GET /recordings/%s HTTP/1.0\r\nHost: localhost:%d\r\n\r\n" % (item["id"].encode(), self.program.port))
            answer = b""
            while part := old.recv(1 << 20):
                answer += part
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertNotIn(b"chunked", head)
        self.assertEqual(body, self.get(item, "native")[1])

    def test_damage_is_passed_over_and_told(self):
        item = self.make()
        path = self.files()[0]
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            file.write(b"damage")
        _, body = self.get(item, "text")
        self.assertEqual(len(re.findall("damaged", body.decode("ascii"))), 1)
        records, _ = recording.read(self.get(item, "native")[1])
        self.assertEqual([r.gap()[1] for r in records if r.type == "gap"], ["damaged"])

    def test_part_that_was_deleted_is_missing_and_no_more(self):
        item = self.make()
        os.unlink(self.files()[0])
        records, _ = recording.read(self.get(item, "native")[1])
        self.assertEqual(records[0].fields()["part"], "2")

    def test_no_path_from_outside_reaches_the_file_system(self):  # A19
        item = self.make()
        with open(f"{self.folder}/../secret.0001.pmrec", "w", encoding="ascii") as file:
            file.write("secret")
        name = os.path.basename(self.files()[0])
        for path in ("", "/", "/..", "/../secret", "/..%2fsecret", "/%2e%2e%2fsecret", f"/{name}", f"/{item['id']}/", f"/{item['id']}.0001",
                     f"//{item['id']}", f"/./{item['id']}", f"/{item['id'][:-1]}", f"/{item['id']}%00", "/" + "x" * 31, "/" + "x" * 500,
                     f"/{item['id'].lower()}x", "/*", "/.", "/%25s%25n"):
            status, _, body = self.program.request("GET", f"/recordings{path}")
            self.assertEqual(status, 400 if "%00" in path else 404, path)
            self.assertNotIn(b"secret.", body)
        for form in ("mp3", "", "NATIVE", "csv%00", "x" * 5000):
            self.assertIn(self.program.request("GET", f"/recordings/{item['id']}?format={form}")[0], (400, 414), form)
        self.assertEqual(self.program.request("POST", f"/recordings/{item['id']}", b"{}")[0], 405)
        self.assertEqual(self.program.post("get-recording", {"id": "../secret"})[1]["error"]["code"], "no-such-recording")
        self.assertEqual(self.post("get-recording", id=item["id"])["recording"], item)

    def test_link_that_a_person_follows_is_a_file_to_keep(self):
        item = self.make()
        for site in ("none", "same-origin", "cross-site"):
            status, headers, _ = self.program.request("GET", item["address"], None, {
                "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"})
            self.assertEqual((status, headers["Content-Disposition"].split(";")[0]), (200, "attachment"))

    def test_strangers_get_nothing(self):  # B02, B11
        item = self.make()
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
                        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}):
            status, fields, _ = self.program.request("GET", item["address"], None, headers)
            self.assertEqual(status, 403, headers)
            allowed = "https://evil.example" if headers.get("Origin") == "https://evil.example" else None
            self.assertEqual(fields.get("Access-Control-Allow-Origin"), allowed)  # it may read why, and no more


if __name__ == "__main__":
    unittest.main()
