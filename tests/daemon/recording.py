"""recording.py - reads recordings as docs/recording-format.md describes them: written from the page, not from the code."""
import struct
import zlib

MAGIC = b"\x89PMR\r\n\x1a\n"
TYPES = {1: "start", 2: "data", 3: "gap", 4: "opened", 5: "closed", 6: "settings", 7: "signals", 8: "error", 9: "end"}
FIELDS = {1: "recording", 2: "part", 3: "name", 4: "device", 5: "address", 6: "product", 7: "settings", 8: "epoch",
          9: "program", 10: "format", 11: "owner"}
HEAD = struct.Struct("<2sBBIqqQ")


class Record:
    def __init__(self, head, body):
        _, kind, direction, _, self.mono, self.wall, self.offset = head
        self.type = TYPES[kind]
        self.direction = ("none", "rx", "tx")[direction]
        self.body = body

    def fields(self):
        found, at = {}, 0
        while at < len(self.body):
            number, n = struct.unpack_from("<BH", self.body, at)
            found[FIELDS[number]] = self.body[at + 3 : at + 3 + n].decode()
            at += 3 + n
        return found

    def gap(self):
        """How many bytes are missing, and why."""
        return struct.unpack_from("<Q", self.body)[0], self.body[8:].decode()


def read(data):
    """The records of one file, and whether a torn one stands at its end. Damage is an error."""
    assert data[:8] == MAGIC and struct.unpack_from("<HH", data, 8) == (1, 0), data[:12]
    records, at = [], 12
    while at < len(data):
        if at + HEAD.size > len(data):
            return records, True
        head = HEAD.unpack_from(data, at)
        assert head[0] == b"\xa5\x5a", f"no record at {at}"
        end = at + HEAD.size + head[3]
        if end + 4 > len(data):
            return records, True
        assert struct.unpack_from("<I", data, end)[0] == zlib.crc32(data[at:end]), f"wrong checksum at {at}"
        records.append(Record(head, data[at + HEAD.size : end]))
        at = end + 4
    return records, False


def stream(records, direction):
    """(offset of the first byte, the bytes, with None for each one inside a gap); offsets must go on without a hole."""
    first, out = None, []
    for r in records:
        if r.direction != direction or r.type not in ("data", "gap"):
            continue
        if first is None:
            first = r.offset
        assert r.offset == first + len(out), f"{direction}: a hole from {first + len(out)} to {r.offset}"
        out += r.body if r.type == "data" else [None] * r.gap()[0]
    return first, out
