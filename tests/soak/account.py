"""account.py - a sequence that tells its own place, and the account of what a reader got of it: each byte once, in order, or
inside a gap that was told."""

ITEM = 8  # bytes: seven hexadecimal digits and an end of line
LOCATABLE = 2 * ITEM  # so many bytes from anywhere say where they are


def piece(at, n):
    """Bytes at..at+n of the sequence."""
    first, last = at // ITEM, (at + n) // ITEM + 1
    return b"".join(b"%07x\n" % k for k in range(first, last))[at % ITEM : at % ITEM + n]


def locate(data):
    """Where in the sequence these bytes are, by their first whole item."""
    skip = data.index(b"\n", 0, ITEM) + 1
    return int(data[skip : skip + ITEM - 1], 16) * ITEM - skip


class Wrong(AssertionError):
    """A byte is lost, doubled, changed or out of order, and nobody said so."""


class Account:
    def __init__(self):
        self.next = None  # place of the next byte; None: behind a gap of unknown length, or at the beginning
        self.low = 0  # every byte before it is accounted for
        self.found = b""  # since that gap: too few to say where they are
        self.delivered = self.missing = 0
        self.begun = False

    def bytes(self, data):
        if self.next is None:
            self.found += data
            if len(self.found) < LOCATABLE:
                return
            try:
                self.next = locate(self.found)
            except ValueError:
                raise Wrong(f"{self.found[:32]!r} is nowhere in the sequence") from None
            if self.next < self.low:
                raise Wrong(f"bytes from {self.next} on came again: up to {self.low} they were there already")
            if self.begun:
                self.missing += self.next - self.low
            self.begun = True
            data, self.found = self.found, b""
        expected = piece(self.next, len(data))
        if data != expected:
            bad = next(i for i, (a, b) in enumerate(zip(data, expected)) if a != b)
            raise Wrong(f"at {self.next + bad}: {data[bad:bad + 24]!r} instead of {expected[bad:bad + 24]!r}")
        self.next += len(data)
        self.delivered += len(data)

    def gap(self, n=None):
        """So many bytes are missing here; None: nobody knows."""
        if n is None:
            self.low = self.next if self.next is not None else self.low
            self.next = None
            self.found = b""
        elif self.next is not None:
            self.next += n
            self.missing += n

    def end(self, at):
        """The sequence ended here."""
        if self.next != at:
            raise Wrong(f"it ended at {at}, and the reader is at {self.next} (or behind {self.low})")
