"""test_account.py - the checker is checked: it takes every true run, and no run in which one byte is wrong."""
import random
import unittest

from account import Account, Wrong, locate, piece

RUNS = 300


def true_run(rng):
    """What a reader may get: pieces, and gaps that are told. (events, where the sequence ended)"""
    at, events = rng.randrange(100_000), []
    for _ in range(rng.randrange(2, 12)):
        n = rng.randrange(40, 300)
        events.append(("bytes", piece(at, n)))
        at += n
        fault = rng.randrange(4)
        if fault == 0:
            n = rng.randrange(1, 1000)
            events.append(("gap", n))
            at += n
        elif fault == 1:
            events.append(("gap", None))
            at += rng.choice((1, 7, 8, 12_345))
    events.append(("bytes", piece(at, 40)))
    return events, at + 40


def check(events, end):
    account = Account()
    for kind, value in events:
        getattr(account, kind)(value)
    account.end(end)
    return account


def mutations(rng, data):
    """The same bytes with one thing wrong: not at their edges, where it could as well belong to a gap."""
    i = rng.randrange(16, len(data) - 8)
    yield "dropped", data[:i] + data[i + 1 :]
    yield "doubled", data[: i + 1] + data[i:]
    yield "changed", data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]
    unequal = [k for k in range(16, len(data) - 8) if data[k] != data[k + 1]]
    k = rng.choice(unequal)
    yield "swapped", data[:k] + data[k + 1 : k + 2] + data[k : k + 1] + data[k + 2 :]


class AccountTest(unittest.TestCase):
    def test_any_place_is_found(self):
        for at in range(500):
            self.assertEqual(locate(piece(at, 16)), at)
        self.assertEqual(piece(3, 30), b"".join(b"%07x\n" % k for k in range(10))[3:33])

    def test_true_runs_are_taken(self):
        for seed in range(RUNS):
            events, end = true_run(random.Random(seed))
            account = check(events, end)
            self.assertEqual(account.delivered, sum(len(v) for kind, v in events if kind == "bytes"))

    def test_one_wrong_byte_is_seen(self):
        for seed in range(RUNS):
            rng = random.Random(seed)
            events, end = true_run(rng)
            at = rng.choice([i for i, (kind, _) in enumerate(events) if kind == "bytes"])
            for what, data in mutations(rng, events[at][1]):
                wrong = events[:at] + [("bytes", data)] + events[at + 1 :]
                with self.assertRaises(Wrong, msg=(seed, what)):
                    check(wrong, end)

    def test_one_wrong_event_is_seen(self):
        for seed in range(RUNS):
            rng = random.Random(seed)
            events, end = true_run(rng)
            at = rng.randrange(len(events))
            kind, _ = events[at]
            untold = events[:at] + events[at + 1 :]
            if kind == "bytes" and (at == 0 or ("gap", None) in events[at - 1 : at + 2]):
                continue  # a reader that came later, or a longer gap of unknown length, is true as well
            with self.assertRaises(Wrong, msg=seed):
                check(untold, end)

    def test_what_comes_again_is_seen_behind_a_gap_too(self):
        with self.assertRaises(Wrong):
            check([("bytes", piece(0, 100)), ("gap", None), ("bytes", piece(50, 50))], 100)


if __name__ == "__main__":
    unittest.main()
