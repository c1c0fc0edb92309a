"""devices.py - devices that stream the sequence: pseudo terminals, which stay over a restart of the daemon, and the virtual echo,
which is fed through the daemon itself and can be unplugged."""
import base64
import http.client
import json
import os
import threading
import time

from account import piece
from daemon import Line

CHUNK = 1500
PATIENCE = 60  # seconds


class Device:
    """Runs until stop(); `at` is how far its sequence has come."""

    def __init__(self, name, rng, rate):
        self.name, self.rng, self.rate = name, rng, rate
        self.at = 0
        self.running = True
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()

    def run(self):
        while self.running:
            n = self.rng.randrange(1, CHUNK)
            self.say(n)
            time.sleep(n / self.rate)

    def stop(self):
        """The last bytes tell everybody where it ended."""
        self.running = False
        self.thread.join()
        end, late = self.at + 64, time.monotonic() + PATIENCE
        while self.at < end:
            if time.monotonic() > late:
                raise AssertionError(f"{self.name}: nobody takes its last bytes, at {self.at}")
            self.say(end - self.at)


class Terminal(Device):
    def __init__(self, name, rng, rate):
        super().__init__(name, rng, rate)
        self.line = Line()
        self.address = self.line.path
        os.set_blocking(self.line.far, False)

    def say(self, n):
        try:
            self.at += os.write(self.line.far, piece(self.at, n))
        except BlockingIOError:
            time.sleep(0.01)  # nobody reads: a device with flow control waits

    def close(self):
        self.line.close()


class Echo(Device):
    address = "virtual:echo"

    def __init__(self, name, rng, rate, port):
        super().__init__(name, rng, rate)
        self.port = port

    def say(self, n):
        """What the daemon took is said. If nobody knows whether it was, it counts as said: a gap is due there anyway."""
        data = {"name": self.name, "payload": {"base64": base64.b64encode(piece(self.at, n)).decode()}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.05)  # it is not there: nothing was said
            return
        try:
            connection.request("POST", "/api/v1/send-raw", json.dumps(data), {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            self.at += n
            return
        finally:
            connection.close()
        self.at += answer["bytes"] if answer["ok"] else answer["error"].get("bytes", 0)
        if not answer["ok"]:
            time.sleep(0.05)

    def close(self):
        pass
