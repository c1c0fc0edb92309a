"""usb.py - what every USB device does: descriptors, standard requests, and the pipes of its endpoints."""
import struct
import threading

IN = 0x80
CONTROL, ISO, BULK, INTERRUPT = range(4)
FULL_SPEED = 1  # as usbredir numbers it
DEADLINE = 60


class Stall(Exception):
    """The device refuses a request; the driver sees EPIPE."""


class Pipe:
    """An IN endpoint: what the device has to say meets the driver's requests. A request may get part of what was pushed,
    or several pieces of it."""

    def __init__(self):
        self.ready = bytearray()
        self.requests = {}  # token -> (length, done), oldest first
        self.listener = None  # takes data without a request, as interrupt endpoints do in usbredir

    def push(self, data):
        if self.listener:
            self.listener(bytes(data))
            return
        self.ready += data
        self.match()

    def request(self, token, length, done):
        self.requests[token] = (length, done)
        self.match()

    def cancel(self, token):
        return self.requests.pop(token, None) is not None

    def some(self):
        return bool(self.ready)

    def take(self, length):
        """What answers a request for so many bytes."""
        data = bytes(self.ready[:length])
        del self.ready[:length]
        return data

    def match(self):
        while self.requests and self.some():
            length, done = self.requests.pop(next(iter(self.requests)))
            done(self.take(length))


class Interface:
    """Its number, class triple, endpoints [(address, type, packet size, interval)], class descriptors and name."""

    def __init__(self, number, triple, endpoints, extra=b"", name=0):
        self.number, self.triple, self.endpoints, self.extra, self.name = number, triple, endpoints, extra, name

    def descriptor(self):
        out = struct.pack("<9B", 9, 4, self.number, 0, len(self.endpoints), *self.triple, self.name) + self.extra
        for address, kind, size, interval in self.endpoints:
            out += struct.pack("<4BHB", 7, 5, address, kind, size, interval)
        return out


class Device:
    """The kinds in usb_serial.py add to it. All but the constructor, events and wait_event() belong to the rig's thread."""

    ids = (0x1209, 0x0001)
    version = 0x0100
    triple = (0, 0, 0)
    prefix = b""  # between the configuration and its interfaces

    def __init__(self, serial="SN1", product="Rig device", manufacturer="USB rig", interface=None, ids=None):
        """Texts may be bytes too: a string descriptor's content as it is. None: the device has no such text."""
        self.vid, self.pid = ids or self.ids
        self.strings = [manufacturer, product, serial, interface]
        self.configured = 0
        self.events = []  # (name, {what the driver set or asked}), in order
        self.news = threading.Condition()
        self.interfaces = self.make_interfaces()
        self.pipes = {address: self.make_pipe() for interface in self.interfaces
                      for address, *_ in interface.endpoints if address & IN}

    def make_pipe(self):
        return Pipe()

    def event(self, name, **more):
        with self.news:
            self.events.append((name, more))
            self.news.notify_all()

    def wait_event(self, name, after=0, **members):
        """Wait for an event with these members, from the `after`th event on; what comes behind it is at the result."""
        def find():
            for at, (event, more) in enumerate(self.events[after:], after + 1):
                if event == name and all(more.get(key) == value for key, value in members.items()):
                    return at
            return 0

        with self.news:
            if not self.news.wait_for(find, DEADLINE):
                raise AssertionError(f"no {name} {members} but {self.events[after:]}")
            return find()

    # ---- descriptors ----

    def name(self, index):
        return index if self.strings[index - 1] is not None else 0

    def device_descriptor(self):
        return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, *self.triple, 64, self.vid, self.pid, self.version,
                           self.name(1), self.name(2), self.name(3), 1)

    def configuration(self):
        body = self.prefix + b"".join(i.descriptor() for i in self.interfaces)
        return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), len(self.interfaces), 1, 0, 0x80, 50) + body

    def string(self, index):
        if index == 0:
            return struct.pack("<BBH", 4, 3, 0x0409)
        if index > len(self.strings) or self.strings[index - 1] is None:
            raise Stall
        text = self.strings[index - 1]
        text = text if isinstance(text, bytes) else text.encode("utf-16-le")
        return struct.pack("<BB", (2 + len(text)) & 0xFF, 3) + text

    # ---- requests ----

    def control(self, kind, request, value, index, data, length):
        """Answer a control transfer: the bytes for an IN one, else b""."""
        own = kind & 0x60
        answer = self.request(request, value, index, data) if own else self.standard(request, value)
        return (answer or b"")[:length]

    def standard(self, request, value):
        if request == 0:  # GET_STATUS
            return b"\0\0"
        if request == 6:
            return self.descriptor(value >> 8, value & 0xFF)
        if request == 8:
            return bytes([self.configured])
        if request == 9:
            self.configured = value
        elif request not in (1, 3, 5, 11):
            raise Stall
        return b""

    def descriptor(self, kind, number):
        if kind == 1:
            return self.device_descriptor()
        if kind == 2:
            return self.configuration()
        if kind == 3:
            return self.string(number)
        raise Stall
