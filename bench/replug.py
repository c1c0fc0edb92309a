#!/usr/bin/python3
"""replug.py - how long a person or a program waits for what is not the way of a byte: a device that is plugged in again, and a
connection that is safe on the disk. Both beside streams, which neither may hold up.

    tools/install-deps --test && bench/replug.py [--times N]

The device's events are udev's, sent by umockdev, and its line is a pseudo terminal: it is plugged into another socket each
time, and at another path. Its first words wait in it, more follow while it is opened; every byte is compared."""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/daemon"))

if "UMOCKDEV" not in os.environ.get("LD_PRELOAD", "").upper():
    os.execvp("umockdev-wrapper", ["umockdev-wrapper", sys.executable, *sys.argv])

from daemon import Line  # noqa: E402  behind the wrapper
from raw import Raw  # noqa: E402
from servers import BIN, Server  # noqa: E402
from usb_bed import Bed, Usb  # noqa: E402

GOAL_MS = 100  # from the event to `connection-restored`


class Page(Raw):
    """One that asks, and that notes a connection's bytes."""

    def __init__(self, server):
        super().__init__(server)
        self.acks, self.bytes = 0, b""

    def take_event(self):
        """The next event or answer, as its text; None for bytes."""
        opcode, payload = self.frame()
        if opcode == 2:
            self.bytes += payload
            return None
        if payload == b"2":
            self.send(b"3")
        return payload

    def until(self, start):
        while not (payload := self.take_event() or b"").startswith(start):
            pass
        return payload

    def ask(self, event, **data):
        """Its answer, and how many milliseconds that took."""
        self.acks += 1
        began = time.monotonic()
        self.send(b"42%d" % self.acks + json.dumps([event, data]).encode())
        payload = self.until(b"43%d[" % self.acks)
        took = (time.monotonic() - began) * 1000
        answer = json.loads(payload[payload.index(b"["):])[0]
        if not answer["ok"]:
            raise SystemExit(f"{event}: {answer}")
        return answer, took


def show(what, times, more=""):
    cuts = statistics.quantiles(times, n=100)
    print(f"{what:<58} p50 {statistics.median(times):7.2f}  p99 {cuts[98]:7.2f}  max {max(times):7.2f} ms{more}", flush=True)


@contextlib.contextmanager
def daemon(*options):
    """With its state on the disk that the build is on, which need not be what /tmp is."""
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as state:
        server = Server(BIN / "peripheral-manager", "--allow-root", "--port", "0", "--demo", *Bed.options,
                        *(options or ("--state-dir", state)))
        try:
            yield server
        finally:
            server.stop()


class Busy:
    """Another device's stream of 3 MB/s to a client in a process of its own; or none."""

    def __init__(self, server, wanted):
        self.server, self.process = server, None
        if wanted:
            self.process = subprocess.Popen([sys.executable, __file__, "--drain", str(server.port)])

    def __enter__(self):
        if self.process:
            page = Page(self.server)
            page.ask("activate-connection", name="counter", address="virtual:counter")
            page.ask("send-raw", name="counter", payload="RATE 3000000\r")
            page.close()

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()


def replugs(server, bed, times):
    """Milliseconds from the event to the client each time; and how many bytes did not come, or not as they were."""
    page, took, said = Page(server), [], b""
    page.ask("subscribe", names=[])  # no bytes but those that it asks for
    for n in range(times + 1):
        line = Line()
        device = Usb(n % 2, serial="BENCH", line=line.path)
        words = [b"boot %d: " % n + bytes(range(256)), b" ready %d\r\n" % n]
        line.write(words[0])
        bus, _, terminal = device.description.rpartition("P: ")
        bed.bed.add_from_string(bus)
        began = time.monotonic()
        bed.bed.add_from_string("P: " + terminal)
        line.write(words[1])
        if n == 0:  # it is made, and not given back
            page.until(b'42["device-attached"')
            page.ask("activate-connection", name="a", address="usb-0403:6001-BENCH-00")
            page.ask("subscribe", names=["a"], since=0)
        else:
            page.until(b'42["connection-restored"')
            took.append((time.monotonic() - began) * 1000)
        said += b"".join(words)
        while len(page.bytes) < len(said):
            page.take_event()
        bed.unplug(device)
        line.close()
        page.until(b'42["connection-lost"')
        time.sleep(0.2)  # a port that comes and goes more than 20 times a second is told of at its rest (--device-news)
    wrong = sum(a != b for a, b in zip(page.bytes, said)) + abs(len(page.bytes) - len(said))
    page.ask("deactivate-connection", name="a")
    page.close()
    return took, len(said), wrong


def answers(server, times):
    """Milliseconds for making a connection, and for a byte's acknowledgement to others meanwhile."""
    page, other, took, beside, over = Page(server), Page(server), [], [], threading.Event()
    other.ask("activate-connection", name="echo", address="virtual:echo")
    other.ask("subscribe", names=["echo"])

    def trips():
        while not over.is_set():
            beside.append(other.ask("send-raw", name="echo", payload="x")[1])
            time.sleep(0.001)
    thread = threading.Thread(target=trips)
    thread.start()
    for _ in range(times):
        took.append(page.ask("activate-connection", name="pump", address="virtual:pump")[1])
        page.ask("deactivate-connection", name="pump")
    over.set()
    thread.join()
    other.ask("deactivate-connection", name="echo")
    page.close()
    other.close()
    return took, beside


def drain(port):
    class Target:
        pass
    Target.port = port
    page = Raw(Target)
    while True:
        page.attachment()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--drain", type=int, help="only take everything that comes from this port")
    options = parser.parse_args()
    if options.drain:
        drain(options.drain)
    bed = Bed()
    bed.start_bed()
    wrong = 0
    for busy, words in ((False, ""), (True, ", beside 3 MB/s")):
        with daemon() as server, Busy(server, busy):
            took, n, bad = replugs(server, bed, options.times)
            met = "met" if max(took) <= GOAL_MS else "MISSED"
            show(f"plugged in again, to connection-restored{words}", took,
                 f"; goal {GOAL_MS} ms: {met}; {n} bytes, {bad} missing or changed")
            took, beside = answers(server, options.times)
            show(f"activate-connection, kept on the disk{words}", took)
            show(f"send-raw of another client meanwhile{words}", beside)
            wrong += bad
    with daemon("--ephemeral") as server:
        took, beside = answers(server, options.times)
        show("activate-connection, --ephemeral", took)
        show("send-raw of another client meanwhile, --ephemeral", beside)
    if wrong:
        raise SystemExit("bytes are missing")


main()
