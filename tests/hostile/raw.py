"""raw.py - bare sockets to a server under test: HTTP, WebSockets and Engine.IO sessions, byte by byte, right or wrong."""
import json
import os
import socket
import struct
import sys
import threading
import time
import unittest

import websocket

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "daemon"))
from daemon import Program, resident, wait_for  # noqa: E402

SOCKETS = "/socket.io/?EIO=4&transport="
DEADLINE = 30
CONFORMANCE = os.environ["PM_CONFORMANCE"]
DAEMON = os.environ["PERIPHERAL_MANAGER"]
SESSION = "/engine.io/?EIO=4&transport=polling"


class Raw:
    """One TCP connection, and what came back on it."""

    def __init__(self, port, **options):
        self.socket = socket.socket()
        if "receive_buffer" in options:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["receive_buffer"])
        self.socket.settimeout(DEADLINE)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Send all, or as much as the server takes before it hangs up."""
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def take(self, n):
        while len(self.buffer) < n:
            if not self.more():
                raise EOFError(self.buffer)
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def head(self):
        """Status and fields (lower case) of the next answer's head."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                raise EOFError(self.buffer)
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}

    def answer(self, bodiless=False):
        """Status, fields and body of the next answer."""
        status, fields = self.head()
        body = b"" if bodiless or status < 200 else self.take(int(fields.get("content-length", 0)))
        return status, fields, body.decode()

    def ended(self):
        """True once the server hung up, with nothing more said."""
        while not self.buffer and self.more():
            pass
        return not self.buffer

    def reset(self):
        """Close with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def request(method="GET", target=SESSION, fields=(), body=b"", host="localhost"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
    if body and not any(f.lower().startswith(("content-length", "transfer-encoding")) for f in fields):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def code_of(body):
    """The code of an error's body, in the form of HTTP or of Engine.IO."""
    try:
        error = json.loads(body)
    except ValueError:
        return body
    return error["error"]["code"] if "error" in error else error.get("code")


KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(data=b"", opcode=TEXT, fin=True, reserved=0, masked=True, length=None):
    """A client's frame; its mask is not zero, so that a server must undo it."""
    data = data if isinstance(data, bytes) else data.encode()
    n, mask = len(data) if length is None else length, 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    if n < 126:
        head += bytes([mask | n])
    elif n < 65536:
        head += bytes([mask | 126]) + struct.pack(">H", n)
    else:
        head += bytes([mask | 127]) + struct.pack(">Q", n)
    if not masked:
        return head + data
    key = b"\x11\x22\x33\x44"
    long_key = key * (len(data) // 4 + 1)
    return head + key + bytes(a ^ b for a, b in zip(data, long_key))


class WebSocket(Raw):
    """A bare WebSocket: what it sends may be as wrong as can be."""

    def __init__(self, port, path="/engine.io/?EIO=4&transport=websocket", fields=(), host="localhost", **options):
        super().__init__(port, **options)
        self.send(request(target=path, host=host, fields=[
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY, *fields]))
        self.status, self.fields = self.head()

    def frame(self):
        """Opcode and payload of the next frame."""
        opcode, n = self.take(2)
        if n == 126:
            n = struct.unpack(">H", self.take(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.take(8))[0]
        return opcode & 15, self.take(n)

    def text(self):
        """The next text message; a heartbeat in between is answered."""
        while True:
            opcode, data = self.frame()
            if opcode == TEXT and data != b"2":
                return data.decode()
            if opcode == TEXT:
                self.send(frame("3"))
            elif opcode == CLOSE:
                raise EOFError(data)

    def code(self):
        """The code of the server's close frame (1005 for none), whatever comes before it; None if it just hung up."""
        try:
            while True:
                opcode, data = self.frame()
                if opcode == CLOSE:
                    return struct.unpack(">H", data[:2])[0] if data else 1005
        except EOFError:
            return None


class Bystander:
    """An honest client that exchanges numbered messages all the while; it must miss none and get no other."""

    def __init__(self, port):
        self.ws = websocket.create_connection(f"ws://127.0.0.1:{port}/engine.io/?EIO=4&transport=websocket", timeout=DEADLINE)
        self.ws.recv()
        self.count, self.error, self.going = 0, None, True
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while self.going:
                message = f"4message {self.count}"
                self.ws.send(message)
                got = self.ws.recv()
                while got == "2":
                    self.ws.send("3")
                    got = self.ws.recv()
                assert got == message, got
                self.count += 1
                time.sleep(0.01)
        except Exception as error:  # told by stop(), in the test's own thread
            self.error = error

    def stop(self):
        self.going = False
        self.thread.join()
        self.ws.close()
        if self.error:
            raise self.error
        assert self.count > 0


class HostileTest(unittest.TestCase):
    """Each test gets a server of its own and a bystander; afterwards the server has let go of all it held, the bystander
    missed nothing, and the server ends well."""

    program, options, bystanders = CONFORMANCE, (), True

    def setUp(self):
        self.server = Program(self.program, *map(str, self.options))
        self.addCleanup(self.end)
        self.descriptors_before = self.descriptors()
        self.bystander = Bystander(self.server.port) if self.bystanders else None

    def end(self):
        try:
            if self.bystander:
                self.bystander.stop()
            wait_for(lambda: self.descriptors() <= self.descriptors_before, "all descriptors to be closed")
        finally:
            self.server.process.terminate()
            self.server.process.wait(DEADLINE)
            said = self.server.process.stdout.read().decode()
            self.assertEqual(self.server.stop(), 0, said)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def memory(self):
        return resident(self.server)

    def assert_grown_by_less(self, before, limit):
        """Sanitizers keep what was freed for a while: with them the bound says little, and leaks are their own business."""
        if not os.environ["PM_SANITIZE"]:
            self.assertLess(self.memory() - before, limit)

    def cpu(self):
        """Seconds of processor time that the server used so far."""
        with open(f"/proc/{self.server.process.pid}/schedstat") as f:
            return int(f.read().split()[0]) / 1e9

    def raw(self, **options):
        raw = Raw(self.server.port, **options)
        self.addCleanup(raw.socket.close)
        return raw

    def joined(self):
        """A client in the namespace "/"."""
        page = self.websocket(f"{SOCKETS}websocket", host=f"localhost:{self.server.port}")
        page.text()
        page.send(frame("40"))
        self.assertEqual(page.text()[:2], "40")
        return page

    def websocket(self, *args, **options):
        ws = WebSocket(self.server.port, *args, **options)
        self.addCleanup(ws.socket.close)
        return ws

    def once(self, data, **options):
        """Status and code of the answer to these bytes on a connection of their own."""
        with Raw(self.server.port) as raw:
            status, _, body = raw.send(data).answer(**options)
            return status, code_of(body)
