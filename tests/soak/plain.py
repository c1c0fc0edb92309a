"""plain.py - page.py without a library for Socket.IO: a program that knows WebSockets and what docs/api.md says of them."""
import json
import os
import re
import sys
import threading
import time

import websocket
from page import Page

PACKET = re.compile(r"4([0-6])(?:(\d+)-)?(\d*)(.*)", re.DOTALL)
EVENT, ACK, BINARY_EVENT = "2", "3", "5"


class Wire:
    """One connection: what is read is given to `page`."""

    def __init__(self, url, page):
        self.page, self.answers, self.waiting = page, {}, None
        self.connected = True
        self.socket = websocket.create_connection(url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket", timeout=10)
        self.socket.recv()  # the session
        self.socket.send("40")
        self.socket.recv()
        self.socket.settimeout(0.2)

    def emit(self, event, data, callback):
        number = len(self.answers)
        self.answers[number] = callback
        try:
            self.socket.send(f"42{number}{json.dumps([event, data])}")
        except (OSError, websocket.WebSocketException):
            pass  # the reading side sees it, too

    def read(self):
        """One message, if one comes within the time; False at the end."""
        try:
            message = self.socket.recv()
        except websocket.WebSocketTimeoutException:
            return True
        except (OSError, websocket.WebSocketException):
            return False
        if isinstance(message, bytes):
            self.page.on_event(self, self.waiting[0], message)
        elif message == "2":
            self.socket.send("3")
        elif match := PACKET.fullmatch(message):
            self.take(match[1], match[3], match[4])
        return bool(message)

    def take(self, kind, number, text):
        if kind == EVENT:
            self.page.on_event(self, *json.loads(text))
        elif kind == BINARY_EVENT:
            self.waiting = json.loads(text)
        elif kind == ACK:
            self.answers[int(number)](*json.loads(text))


class PlainPage(Page):
    def visit(self):
        try:
            wire = Wire(self.options["url"], self)
        except (OSError, websocket.WebSocketException):
            time.sleep(0.2)
            return
        with self.lock:
            self.known, self.io = False, wire
        self.tell(kind="connected")
        self.subscribe(wire)
        end = time.monotonic() + 1 + 4 * self.rng.random()
        while wire.read() and (self.calm or time.monotonic() < end):
            pass
        with self.lock:
            self.io = None
        if not self.calm and self.rng.randrange(3) == 0:
            self.tell(kind="crashed")
            os._exit(9)
        wire.socket.close()


def main():
    page = PlainPage(json.loads(sys.argv[1]))
    threading.Thread(target=page.wait_for_the_end, daemon=True).start()
    while True:
        page.visit()


if __name__ == "__main__":
    main()
