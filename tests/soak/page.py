"""page.py - page.mjs with python-socketio, which knows no recovery: it comes back with `since`, or crashes."""
import base64
import json
import os
import pathlib
import random
import sys
import threading
import time

import socketio

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "daemon"))

from client import in_order  # noqa: E402


class Page:
    def __init__(self, options):
        self.options, self.places = options, options["places"]
        self.rng = random.Random(options["seed"])
        self.lock = threading.RLock()
        self.known, self.calm = False, options["calm"]
        self.io = None

    def tell(self, **what):
        os.write(1, (json.dumps(what) + "\n").encode())

    def on_event(self, client, event, *args):
        with self.lock:
            if client is not self.io:
                return  # of a visit that is over: this one gets them, too
            data = args[0] if args else None
            if event in self.places and self.known:
                self.places[event]["offset"] += len(data)
                self.tell(kind="bytes", name=event, bytes=base64.b64encode(data).decode(), place=self.places[event])
            elif event == "rx-gap" and self.known and data["name"] in self.places:
                self.places[data["name"]] = {"offset": data["to"], "epoch": data["epoch"]}
                self.tell(kind="gap", **data, place=self.places[data["name"]])
            elif event == "connection-restored" and self.known and data["name"] in self.places:
                self.places[data["name"]]["epoch"] = data["epoch"]
                self.tell(kind="restored", name=data["name"], place=self.places[data["name"]])

    def on_disconnect(self, client):
        """Before the library forgets the packet whose bytes it waits for: from here on it loses events, and gives out others."""
        with self.lock:
            if client is self.io:
                self.io = None

    def on_answer(self, client, answer):
        with self.lock:
            if client is not self.io:
                return
            if not answer["ok"] or any("error" in s for s in answer["subscriptions"].values()):
                threading.Timer(0.1, self.subscribe, [client]).start()
                return
            for name, place in answer["subscriptions"].items():
                if name not in self.places:
                    self.places[name] = place
                    self.tell(kind="begun", name=name, place=place)
            self.known = True

    def subscribe(self, client):
        with self.lock:
            if client is not self.io or not client.connected:
                return
            since = {name: place["offset"] for name, place in self.places.items()}
            epoch = {name: place["epoch"] for name, place in self.places.items()}
            try:
                client.emit("subscribe", {"names": self.options["names"], "since": since, "epoch": epoch},
                            callback=lambda answer: self.on_answer(client, answer))
            except socketio.exceptions.SocketIOError:
                pass  # it is gone again

    def visit(self):
        """Connect until it works, then read until the connection ends."""
        client = in_order(socketio.Client(reconnection=False))
        client.on("disconnect", lambda: self.on_disconnect(client))
        client.on("*", lambda event, *args: self.on_event(client, event, *args))
        with self.lock:
            self.known, self.io = False, client
        try:
            client.connect(self.options["url"], transports=self.rng.choice((["websocket"], ["polling"])), wait_timeout=10)
        except socketio.exceptions.ConnectionError:
            time.sleep(0.2)
            return
        self.tell(kind="connected")
        self.subscribe(client)
        end = time.monotonic() + 1 + 4 * self.rng.random()
        while client.connected and (self.calm or time.monotonic() < end):
            time.sleep(0.05)
        with self.lock:
            self.io = None
        if not self.calm and self.rng.randrange(3) == 0:
            self.tell(kind="crashed")
            os._exit(9)
        client.disconnect()

    def wait_for_the_end(self):
        sys.stdin.readline()
        self.calm = True
        sys.stdin.read()
        os._exit(0)


def main():
    page = Page(json.loads(sys.argv[1]))
    threading.Thread(target=page.wait_for_the_end, daemon=True).start()
    while True:
        page.visit()


if __name__ == "__main__":
    main()
