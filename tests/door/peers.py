"""peers.py - both sides of the door: a page with an Origin, over TCP, and the person, over the control socket. Socket.IO over
WebSocket by hand, since no client library for Python takes an Origin or a UNIX socket."""
import json
import socket
import threading

from daemon import DEADLINE, wait_for

PLACEHOLDER = {"_placeholder": True, "num": 0}


class Peer:
    """Connects, and writes down every event; questions may be asked from several threads."""

    def __init__(self, connected, host, origin=None, auth=None, headers=()):
        self.socket = connected
        fields = [f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", *headers]
        if origin is not None:
            fields.append(f"Origin: {origin}")
        head = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" + "".join(f"{f}\r\n" for f in fields) + "\r\n"
        self.socket.settimeout(DEADLINE)
        self.socket.sendall(head.encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline() != b"\r\n":
            pass
        self.socket.settimeout(None)
        self.got, self.answers, self.refusal, self.joined = [], {}, None, False
        self.next_id, self.pending, self.lock = 0, None, threading.Lock()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if self.status == 101:
            self.send("40" + (json.dumps(auth) if auth is not None else ""))

    def send(self, text):
        data = text.encode()
        length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
        with self.lock:
            self.socket.sendall(b"\x81" + length + b"\0\0\0\0" + data)

    def read(self):
        try:
            while head := self.stream.read(2):
                n = head[1]
                if n > 125:
                    n = int.from_bytes(self.stream.read(2 if n == 126 else 8), "big")
                data = self.stream.read(n)
                if head[0] & 15 == 1:
                    self.take(data.decode())
                elif head[0] & 15 == 2:
                    self.got.append([self.pending, data])
        except (OSError, ValueError):
            pass  # closed, by either side

    def take(self, text):
        if text == "2":
            self.send("3")
        elif text.startswith("40"):
            self.joined = True
        elif text.startswith("44"):
            self.refusal = json.loads(text[2:])["data"]
        elif text.startswith("451-"):
            self.pending = json.loads(text[4:])[0]
        elif text.startswith("42"):
            self.got.append(json.loads(text[2:]))
        elif text.startswith("43"):
            at = text.index("[")
            self.answers[int(text[2:at])] = json.loads(text[at:])[0]

    def emit(self, event, data):
        self.send("42" + json.dumps([event, data]))

    def ask(self, event, data=None):
        with self.lock:
            self.next_id += 1
            number = self.next_id
        self.send(f"42{number}" + json.dumps([event] if data is None else [event, data]))
        wait_for(lambda: number in self.answers, f"an answer to {event}")
        return self.answers.pop(number)

    def events(self, name):
        return [args[0] if args else None for event, *args in list(self.got) if event == name]

    def bytes_of(self, name):
        return b"".join(self.events(name))

    def wait_event(self, name, /, **members):
        def found():
            return [e for e in self.events(name) if all(e.get(k) == v for k, v in members.items())]
        return wait_for(found, (name, members))[0]

    def wait_in(self):
        wait_for(lambda: self.joined, "to be let in")

    def wait_refusal(self):
        return wait_for(lambda: self.refusal, "a refusal")

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reader.join(DEADLINE)
        self.stream.close()
        self.socket.close()


def page(program, origin, **options):
    return Peer(socket.create_connection(("127.0.0.1", program.port)), f"127.0.0.1:{program.port}", origin, **options)


def person(program):
    connected = socket.socket(socket.AF_UNIX)
    connected.connect(f"{program.home}/run/peripheral-manager/control")
    peer = Peer(connected, "localhost")
    peer.wait_in()
    return peer
