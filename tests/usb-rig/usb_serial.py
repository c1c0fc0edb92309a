"""usb_serial.py - serial adapters: an FTDI FT232R with its modem lines, and a CDC-ACM board as an Arduino Uno is one."""
import struct
import threading
from collections import deque

from usb import BULK, DEADLINE, INTERRUPT, Device, Interface, Pipe, Stall

HIGH_WATER = 65536  # bytes that a test has not read: from here on the driver has to wait
BOOT_TIME = 0.2  # seconds; generous, for a busy machine emulates slowly
STOP_BITS = (1, 1.5, 2)
PARITIES = ("none", "odd", "even", "mark", "space")


class Serial(Device):
    """The far end of the wire, for the test's thread: write(), read(), and `hold`."""

    rx_endpoint = 0x81

    def __init__(self, **texts):
        super().__init__(**texts)
        self.got = bytearray()
        self.arrived = threading.Condition()
        self.waiting = deque()  # done() of transfers that wait for the test to read
        self.hold = False  # take nothing from the driver any more, as if flow control said so
        self.loop = None  # set when it is plugged in
        self.greeting = b""  # what it says once DTR is raised, after the time that a board takes to start

    def raised(self, dtr):
        if dtr and self.greeting:
            self.loop.call_later(BOOT_TIME, self.pipes[self.rx_endpoint].push, self.greeting)

    def out(self, data, done):
        with self.arrived:
            self.got += data
            self.arrived.notify_all()
            if self.hold or len(self.got) > HIGH_WATER:
                self.waiting.append(done)
                return
        done()

    def release(self):
        while self.waiting:
            self.waiting.popleft()()

    def write(self, data):
        """Say something; without a driver that listens it waits in the device."""
        if self.loop:
            self.loop.call_soon_threadsafe(self.pipes[self.rx_endpoint].push, data)
        else:
            self.pipes[self.rx_endpoint].push(data)

    def read(self, n):
        """The next n bytes that the driver sent."""
        data = bytearray()
        while len(data) < n:
            with self.arrived:
                if not self.arrived.wait_for(lambda: self.got, DEADLINE):
                    raise AssertionError(f"{len(data)} of {n} bytes came: {bytes(data[-50:])}")
                data += self.got[:n - len(data)]
                del self.got[:len(data)]
            self.loop.call_soon_threadsafe(self.release)
        return bytes(data)


class Acm(Serial):
    ids = (0x2341, 0x0043)
    triple = (0xEF, 2, 1)
    prefix = bytes([8, 11, 0, 2, 2, 2, 1, 0])
    rx_endpoint = 0x83
    coding = struct.pack("<IBBB", 9600, 0, 0, 8)

    def make_interfaces(self):
        functional = bytes([5, 0x24, 0, 0x10, 1, 5, 0x24, 1, 0, 1, 4, 0x24, 2, 6, 5, 0x24, 6, 0, 1])
        return [Interface(0, (2, 2, 1), [(0x81, INTERRUPT, 16, 4)], functional, self.name(4)),
                Interface(1, (10, 0, 0), [(0x02, BULK, 64, 0), (0x83, BULK, 64, 0)])]

    def request(self, request, value, index, data):
        if request == 0x20 and len(data) == 7:
            self.coding = data
            baud, stop, parity, bits = struct.unpack("<IBBB", data)
            self.event("line", baud=baud, bits=bits, parity=PARITIES[parity % 5], stop=STOP_BITS[stop % 3])
        elif request == 0x21:
            return self.coding
        elif request == 0x22:
            self.event("signals", dtr=value & 1, rts=value >> 1 & 1)
            self.raised(value & 1)
        elif request == 0x23:
            self.event("break", ms=value)
        else:
            raise Stall
        return b""

    def state(self, bits):
        """Tell the driver: DCD 1, DSR 2, break 4, RI 8, framing error 16, parity error 32, overrun 64."""
        notice = struct.pack("<BBHHHH", 0xA1, 0x20, 0, 0, 2, bits)
        self.loop.call_soon_threadsafe(self.pipes[0x81].push, notice)


class FtdiPipe(Pipe):
    """Each packet of 64 bytes starts with two that tell the line's state."""

    def __init__(self):
        super().__init__()
        self.signals, self.errors = 0xB0, 0x60  # CTS, DSR, DCD; nothing is left to send
        self.news = False  # of the state, to be told even without data

    def some(self):
        return self.news or bool(self.ready)

    def take(self, length):
        data = super().take(max(length // 64, 1) * 62)
        state = bytes([self.signals | 1, self.errors])
        self.errors &= ~0x1E
        self.news = False
        return b"".join(state + data[n:n + 62] for n in range(0, max(len(data), 1), 62))

    def tell(self, signals):
        self.signals = signals & 0xF0
        self.news = True
        self.match()

    def fail(self, errors, data):
        self.errors |= errors & 0x1E
        self.push(data)


class Ftdi(Serial):
    ids = (0x0403, 0x6001)
    version = 0x0600
    latency = 16

    def make_pipe(self):
        return FtdiPipe()

    def make_interfaces(self):
        return [Interface(0, (255, 255, 255), [(0x81, BULK, 64, 0), (0x02, BULK, 64, 0)], b"", self.name(4))]

    def request(self, request, value, index, data):
        pipe = self.pipes[0x81]
        if request == 1:
            for bit, name in ((0, "dtr"), (1, "rts")):
                if value & 0x100 << bit:
                    self.event("signals", **{name: value >> bit & 1})
            self.raised(value & value >> 8 & 1)
        elif request == 3:
            self.event("line", baud=baud_of(value | (index & 1) << 16))
        elif request == 4:
            self.event("line", bits=value & 0xFF, parity=PARITIES[(value >> 8 & 7) % 5],
                       stop=STOP_BITS[(value >> 11 & 3) % 3], brk=value >> 14 & 1)
        elif request == 5:
            return bytes([pipe.signals | 1, pipe.errors])
        elif request == 9:
            self.latency = value & 0xFF
            self.event("latency", ms=self.latency)
        elif request == 10:
            return bytes([self.latency])
        elif request == 0x90:  # its memory: empty
            return b"\xff\xff"
        elif request == 2:
            self.event("flow", xon_xoff=index >> 8 == 4, rts_cts=index >> 8 == 1)
        elif request not in (0, 6, 7):
            raise Stall
        return b""

    def signals(self, bits):
        """Set what the far end drives: CTS 0x10, DSR 0x20, RI 0x40, DCD 0x80."""
        self.loop.call_soon_threadsafe(self.pipes[0x81].tell, bits)

    def errors(self, bits, data):
        """Say data of which the first packet had these: overrun 2, parity 4, framing 8, break 0x10."""
        self.loop.call_soon_threadsafe(self.pipes[0x81].fail, bits, data)


def baud_of(divisor):
    """AN232B-05: 3 MHz over a number of eighths; 0 and 1 are special."""
    if divisor in (0, 1):
        return 3000000 if divisor == 0 else 2000000
    return round(24000000 / ((divisor & 0x3FFF) * 8 + (0, 4, 2, 1, 3, 5, 6, 7)[divisor >> 14 & 7]))
