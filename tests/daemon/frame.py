"""frame.py - the standard command frame, written from docs/command-frame.md alone, and a device at the end of a line."""
import os
import select
import struct
import threading

from daemon import Line


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def stuff(data):
    out, block = bytearray(), bytearray()
    for byte in data + b"\0":
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            block.clear()
    return bytes(out)


def unstuff(data):
    out, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        out += data[at + 1:at + code]
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


def encode(sequence, command, args, damage=0):
    plain = struct.pack(f"<BBHB{len(args)}i", 1, sequence, command, len(args), *args)
    return stuff(plain + struct.pack("<H", crc16(plain) ^ damage)) + b"\0"


def decode(stuffed):
    """(sequence, command, arguments) of a frame without its zero."""
    plain = unstuff(stuffed)
    version, sequence, command, count = struct.unpack_from("<BBHB", plain)
    assert version == 1 and crc16(plain[:-2]) == struct.unpack("<H", plain[-2:])[0]
    return sequence, command, list(struct.unpack(f"<{count}i", plain[5:-2]))


class Device(threading.Thread):
    """Answers what comes up to `end` as `answer(device, message)` says; `heard` has all that came."""

    def __init__(self, answer, end=b"\0"):
        super().__init__(daemon=True)
        self.line, self.answer, self.end, self.heard = Line(), answer, end, []
        self.stopping = False
        self.start()

    def run(self):
        buffer = b""
        while not self.stopping:
            if not select.select([self.line.far], [], [], 0.02)[0]:
                continue
            buffer += os.read(self.line.far, 4096)
            while self.end in buffer:
                message, buffer = buffer.split(self.end, 1)
                self.heard.append(message)
                self.answer(self, message)

    def say(self, data):
        self.line.write(data)

    def close(self):
        self.stopping = True
        self.join()
        self.line.close()
