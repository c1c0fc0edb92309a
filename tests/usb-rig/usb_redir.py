"""usb_redir.py - the usbredir protocol of QEMU's usb-redir device, on the side that has the device."""
import asyncio
import struct

from usb import CONTROL, IN, Stall


class Redir(asyncio.Protocol):
    (HELLO, CONNECT, DISCONNECT, RESET, INTERFACES, ENDPOINTS, SET_CONFIGURATION, GET_CONFIGURATION, CONFIGURATION_STATUS,
     SET_ALT, GET_ALT, ALT_STATUS) = range(12)
    START_INTERRUPT, STOP_INTERRUPT, INTERRUPT_STATUS, CANCEL = 15, 16, 17, 21
    CONTROL_PACKET, BULK_PACKET, INTERRUPT_PACKET = 100, 101, 103
    OK, CANCELLED, STALLED = 0, 1, 4
    ABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6  # device version, packet sizes, 64 bit ids, 32 bit bulk lengths

    def __init__(self, device):
        self.device = device
        self.buffer = bytearray()
        self.greeted = False
        self.packets = 0  # of interrupt data sent without a request

    def connection_made(self, transport):
        self.transport = transport
        self.device.loop = asyncio.get_running_loop()
        self.send(self.HELLO, 0, b"usb-rig".ljust(64, b"\0") + struct.pack("<I", self.ABILITIES))

    def connection_lost(self, _error):
        for pipe in self.device.pipes.values():
            pipe.requests.clear()
            pipe.listener = None
        self.device.waiting.clear()
        self.device.event("unplugged")

    def send(self, kind, ident, body):  # hello has the short header: nothing is agreed on before it
        head = struct.pack("<III" if kind == self.HELLO else "<IIQ", kind, len(body), ident)
        if not self.transport.is_closing():
            self.transport.write(head + body)

    def data_received(self, data):
        self.buffer += data
        while True:
            size, layout = (16, "<IIQ") if self.greeted else (12, "<III")
            if len(self.buffer) < size:
                return
            kind, length, ident = struct.unpack_from(layout, self.buffer)
            if len(self.buffer) < size + length:
                return
            body = bytes(self.buffer[size:size + length])
            del self.buffer[:size + length]
            self.packet(kind, ident, body)

    def packet(self, kind, ident, body):
        device = self.device
        if kind == self.HELLO:
            self.greeted = True
            self.describe()
            self.send(self.CONNECT, 0, struct.pack("<BBBBHHH", 1, *device.triple, device.vid, device.pid, device.version))
        elif kind == self.CONTROL_PACKET:
            self.control_packet(ident, body)
        elif kind == self.BULK_PACKET:
            endpoint, _, low, stream, high = struct.unpack_from("<BBHIH", body)
            self.transfer(kind, ident, endpoint, low | high << 16, body[10:], stream)
        elif kind == self.INTERRUPT_PACKET:
            endpoint, _, length = struct.unpack_from("<BBH", body)
            self.transfer(kind, ident, endpoint, length, body[4:], 0)
        elif kind == self.SET_CONFIGURATION:
            device.configured = body[0]
            self.describe()
            self.send(self.CONFIGURATION_STATUS, ident, bytes([self.OK, body[0]]))
        elif kind == self.GET_CONFIGURATION:
            self.send(self.CONFIGURATION_STATUS, ident, bytes([self.OK, device.configured]))
        elif kind in (self.SET_ALT, self.GET_ALT):
            self.send(self.ALT_STATUS, ident, bytes([self.OK, body[0], 0]))
        elif kind == self.START_INTERRUPT:
            self.start_interrupt(ident, body[0])
        elif kind == self.STOP_INTERRUPT:
            device.pipes[body[0]].listener = None
            self.send(self.INTERRUPT_STATUS, ident, bytes([self.OK, body[0]]))
        elif kind == self.CANCEL:
            for endpoint, pipe in device.pipes.items():
                if pipe.cancel(ident):
                    self.send(self.BULK_PACKET, ident, struct.pack("<BBHIH", endpoint, self.CANCELLED, 0, 0, 0))
        elif kind == self.RESET:
            device.configured = 0

    def describe(self):
        """Say which interfaces and endpoints there are."""
        kinds, intervals, owners, sizes = [255] * 32, [0] * 32, [0] * 32, [0] * 32
        kinds[0] = kinds[16] = CONTROL
        sizes[0] = sizes[16] = 64
        for interface in self.device.interfaces:
            for address, kind, size, interval in interface.endpoints:
                slot = (address & 15) + (16 if address & IN else 0)
                kinds[slot], intervals[slot], owners[slot], sizes[slot] = kind, interval, interface.number, size
        columns = zip(*[(i.number, *i.triple) for i in self.device.interfaces], strict=True)
        table = b"".join(bytes(column).ljust(32, b"\0") for column in columns)
        self.send(self.INTERFACES, 0, struct.pack("<I", len(self.device.interfaces)) + table)
        self.send(self.ENDPOINTS, 0, bytes(kinds + intervals + owners) + struct.pack("<32H", *sizes))

    def control_packet(self, ident, body):
        endpoint, request, kind, _, value, index, length = struct.unpack_from("<BBBBHHH", body)
        try:
            answer, status = self.device.control(kind, request, value, index, body[10:], length), self.OK
        except Stall:
            answer, status = b"", self.STALLED
        done = len(answer) if kind & IN else (length if status == self.OK else 0)
        head = struct.pack("<BBBBHHH", endpoint, request, kind, status, value, index, done)
        self.send(self.CONTROL_PACKET, ident, head + answer)

    def transfer(self, kind, ident, endpoint, length, data, stream):
        def answer(payload=b""):
            size = len(payload) if endpoint & IN else length
            if kind == self.BULK_PACKET:
                head = struct.pack("<BBHIH", endpoint, self.OK, size & 0xFFFF, stream, size >> 16)
            else:
                head = struct.pack("<BBH", endpoint, self.OK, size)
            self.send(kind, ident, head + payload)

        if endpoint & IN:
            self.device.pipes[endpoint].request(ident, length, answer)
        else:
            self.device.out(data, answer)

    def start_interrupt(self, ident, endpoint):
        def deliver(payload):
            head = struct.pack("<BBH", endpoint, self.OK, len(payload))
            self.send(self.INTERRUPT_PACKET, self.packets, head + payload)
            self.packets += 1

        self.send(self.INTERRUPT_STATUS, ident, bytes([self.OK, endpoint]))
        self.device.pipes[endpoint].listener = deliver
