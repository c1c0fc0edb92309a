"""test_readers.py - readers that are slow or stand still (H01): what it costs, whom it disturbs, when the device waits."""
import base64
import json
import os
import threading
import time
import unittest

from daemon import Program, resident, wait_for
from raw import Raw

DAEMON = os.environ["PERIPHERAL_MANAGER"]
STALLED = 1000
MEGABYTE = 1_000_000


def counted(n):
    """The first n bytes that the virtual counter says."""
    parts, length, at = [], 0, 0
    while length < n:
        parts.append(b"".join(b"%d\r\n" % i for i in range(at, at + 100_000)))
        length += len(parts[-1])
        at += 100_000
    return b"".join(parts)[:n]


class ReadersTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo", "--max-clients", "2000")
        self.readers = []

    def tearDown(self):
        for reader in self.readers:
            reader.close()
        self.assertEqual(self.program.stop(), 0)

    def reader(self, **options):
        self.readers.append(Raw(self.program, **options))
        return self.readers[-1]

    def run_counter(self, rate, **options):
        """Open it, if it is not, and have it count from 0 on at so many bytes a second; it has counted before that."""
        request = {"name": "counter", "address": "virtual:counter", **options}
        self.assertEqual(self.program.post("activate-connection", request)[0], 200)
        self.assertEqual(self.program.post("send-raw", {"name": "counter", "payload": f"RATE {rate}\r"})[0], 200)

    @staticmethod
    def zero(data):
        """Where it began at 0 the last time."""
        return data.rfind(b"\n0\r\n1\r\n") + 1

    def offset(self):
        return self.program.post("list-connections", {})[1]["connections"][0]["offset"]

    def stream(self, reader, until):
        """What a reader that came before the connection gets up to an offset: pieces as [offset, bytes], one for each gap
        that it was told of."""
        pieces, at = [[0, bytearray()]], 0
        while at < until:
            opcode, payload = reader.frame()
            if opcode == 2:
                pieces[-1][1].extend(payload)
                at += len(payload)
            elif payload == b"2":
                reader.send(b"3")
            elif payload.startswith(b'42["rx-gap"'):
                gap = json.loads(payload[2:])[1]
                self.assertEqual((gap["name"], gap["from"], gap["reason"]), ("counter", at, "slow"))
                at = gap["to"]
                pieces.append([at, bytearray()])
        return pieces

    def settle(self):
        """The offset at which the device waits: it does not grow any more."""
        def stands():
            before = self.offset()
            time.sleep(0.5)
            return self.offset() == before and before
        return wait_for(stands, "the device to wait")

    def drain(self, reader, got):
        """Read what comes, in a thread of its own, into `got`, until the reader is closed."""
        def run():
            try:
                while True:
                    got.extend(reader.attachment())
            except (OSError, EOFError):
                pass  # the end
        threading.Thread(target=run, daemon=True).start()

    def test_a_thousand_that_stand_still_cost_little_and_disturb_nobody(self):
        before = resident(self.program)
        healthy, got = self.reader(), bytearray()
        self.drain(healthy, got)
        stalled = [self.reader(room=4096) for _ in range(STALLED // 2)]
        # what counts is the most advanced reader, and that may be a newcomer: until all are there, nobody is hurried
        self.run_counter(200_000, history=4 * MEGABYTE)
        while len(stalled) < STALLED:  # these come at places of their own
            stalled.append(self.reader(room=4096))
        self.run_counter(20 * MEGABYTE)
        wait_for(lambda: len(got) >= 40 * MEGABYTE, "40 megabytes")
        got = bytes(got)
        self.assertLess(resident(self.program) - before, 100 * MEGABYTE)
        zero = self.zero(got)
        self.assertTrue(got[zero:] == counted(len(got) - zero), "each byte once and in order, while others stand still")

    def test_one_that_wakes_up_is_told_exactly_what_it_missed(self):
        healthy, sleeper, got = self.reader(), self.reader(room=4096), bytearray()
        self.drain(healthy, got)
        self.run_counter(5 * MEGABYTE)
        wait_for(lambda: len(got) >= 4 * MEGABYTE, "4 megabytes")
        self.run_counter(0)  # so slow that nobody falls behind again
        (start, first), (offset, rest) = self.stream(sleeper, 4 * MEGABYTE)
        self.assertTrue(start == 0 and got.startswith(first), "what was on its way")
        self.assertGreater(offset, len(first))
        end = min(offset + len(rest), len(got))
        self.assertTrue(got[offset:end] == rest[: end - offset], "bytes at their offsets")

    def test_line_that_a_gap_cuts_is_told_before_it(self):
        healthy, sleeper, got = self.reader(), self.reader(room=4096), bytearray()
        self.drain(healthy, got)
        self.run_counter(0)
        sleeper.send(b'42["subscribe",{"names":["counter"],"deliver":"lines","since":0}]')
        self.run_counter(5 * MEGABYTE)
        wait_for(lambda: len(got) >= 4 * MEGABYTE, "4 megabytes")
        self.run_counter(0)
        at, cut, payload = 0, [], b""
        while not payload.startswith(b'42["rx-gap"'):
            self.assertFalse(cut, "only what stands before the gap is incomplete")
            if payload == b"2":
                sleeper.send(b"3")
            elif payload.startswith(b'42["counter"'):
                items = json.loads(payload[2:])[1]
                cut = [base64.b64decode(item["received"]["base64"]) for item in items if isinstance(item, dict)]
                self.assertFalse(any(isinstance(item, dict) for item in items[:-1]))
                at += sum(len(item) + len("\r\n") for item in items if isinstance(item, str)) + sum(map(len, cut))
            payload = sleeper.frame()[1]
        gap = json.loads(payload[2:])[1]
        self.assertIn(at - gap["from"], (0, 1))  # a line ends with its CR, and the LF may be in the gap

    def test_device_waits_for_its_only_reader_but_not_for_ever(self):
        reader = self.reader(room=4096)
        self.run_counter(5 * MEGABYTE)
        waits_at = self.settle()
        self.assertLess(waits_at, 4 * MEGABYTE)  # half the history, and what fits between the daemon and the reader
        end = time.monotonic() + 60
        while self.offset() == waits_at:  # it took nothing for ten seconds: then it does not count
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        wait_for(lambda: self.offset() > waits_at + 10 * MEGABYTE, "the device to go on")
        pieces = self.stream(reader, waits_at + 10 * MEGABYTE)
        self.assertEqual(len(pieces), 2)
        self.assertLess(pieces[0][0] + len(pieces[0][1]), pieces[1][0])

    def test_reader_that_goes_on_in_time_misses_nothing(self):
        reader = self.reader(room=4096)
        self.run_counter(5 * MEGABYTE)
        waits_at = self.settle()
        pieces = self.stream(reader, waits_at + 3 * MEGABYTE)
        self.assertEqual(len(pieces), 1)
        data = bytes(pieces[0][1])
        zero = self.zero(data)
        self.assertTrue(data[zero:] == counted(len(data) - zero))

    def test_without_a_reader_the_device_runs_on(self):
        self.run_counter(20 * MEGABYTE)
        wait_for(lambda: self.offset() > 5 * MEGABYTE, "the device")
        status, answer = self.program.post("read-history", {"name": "counter", "since": 0})
        self.assertEqual((status, answer["gap"]["reason"], answer["gap"]["from"]), (200, "slow", 0))
        self.assertEqual(answer["lost"], answer["offset"])


if __name__ == "__main__":
    unittest.main()
