"""raw.py - Socket.IO clients on bare sockets, for tests that need many of them, or such that do not read."""
import socket
import struct


class Raw:
    """A client of protocol 4 on a WebSocket, joined. `room` is how many bytes its kernel may hold for it."""

    def __init__(self, program, room=None):
        self.socket = socket.socket()
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", program.port))
        self.socket.sendall(b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
                            b"Host: localhost:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" % program.port)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.take(1)
        assert head.startswith(b"HTTP/1.1 101"), head
        assert self.frame()[1].startswith(b"0{")
        self.send(b"40")
        assert self.frame()[1].startswith(b"40")

    def take(self, n):
        data = bytearray()
        while len(data) < n:
            part = self.socket.recv(n - len(data))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def frame(self):
        """Opcode and payload of the next one."""
        first, second = self.take(2)
        n = second & 127
        if n == 126:
            n = struct.unpack(">H", self.take(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.take(8))[0]
        return first & 15, self.take(n)

    def send(self, payload, opcode=1):
        """One masked frame; the mask is zeros, which is as good as any."""
        n = len(payload)
        length = bytes([128 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n) if n < 65536 else b"\xff" + struct.pack(">Q", n)
        self.socket.sendall(bytes([128 | opcode]) + length + bytes(4) + payload)

    def attachment(self):
        """The bytes of the next rx event; pings are answered, other events passed over."""
        while True:
            opcode, payload = self.frame()
            if opcode == 2:
                return payload
            if payload == b"2":
                self.send(b"3")

    def close(self):
        self.socket.close()
