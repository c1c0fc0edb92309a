"""test_ratchet.py - what a message costs in instructions, allocations and system calls, held to what it cost before. Times
differ from run to run; these do not, so a change that makes the hot paths dearer fails here. One who means it, or made
them cheaper, writes the new figures into ratchet.json: PM_RATCHET=write python3 -m unittest test_ratchet"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).parent
RELEASE = os.environ["PM_RELEASE"]
os.environ.setdefault("PM_CONFORMANCE", f"{RELEASE}/pm-conformance")
os.environ.setdefault("PERIPHERAL_MANAGER", f"{RELEASE}/peripheral-manager")
sys.path[:0] = [str(HERE.parent / "hostile"), str(HERE.parent / "daemon")]
from daemon import Line, Program, wait_for  # noqa: E402
from raw import BINARY, Raw, WebSocket, frame, request  # noqa: E402

FEW, MANY = 30, 230
ALLOCATORS = ("malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign")
SLACK = {"instructions": 1.04, "allocations": 1.0, "system-calls": 1.05}  # of what is written down
SCATTER = {"instructions": 100, "allocations": 0.1, "system-calls": 0.1}  # of a run: a timer may fire in it


class EngineEcho:
    """A text message of 64 bytes and back, by WebSocket."""

    program, options = "pm-conformance", ()

    def __init__(self, server):
        self.ws = WebSocket(server.port)
        self.ws.frame()

    def once(self):
        self.ws.send(frame("4" + "x" * 63))
        self.ws.frame()

    def close(self):
        self.ws.socket.close()


class EventEcho(EngineEcho):
    """An event with arguments and back."""

    def __init__(self, server):
        self.ws = WebSocket(server.port, "/socket.io/?EIO=4&transport=websocket")
        self.ws.frame()
        self.ws.send(frame("40"))
        self.ws.frame(), self.ws.frame()

    def once(self):
        self.ws.send(frame('42["message",{"number":12345,"text":"some words"},[1,2,3]]'))
        self.ws.frame()


class PollingEcho:
    """A message by post and back by poll."""

    program, options = "pm-conformance", ()

    def __init__(self, server):
        self.talk = Raw(server.port)
        self.path = "/engine.io/?EIO=4&transport=polling"
        self.path += "&sid=" + self.talk.send(request(target=self.path)).answer()[2].split('"')[3]

    def once(self):
        self.talk.send(request("POST", self.path, body=b"4" + b"x" * 63)).answer()
        self.talk.send(request(target=self.path)).answer()

    def close(self):
        self.talk.socket.close()


class Device:
    """Pages on bare WebSockets, and a device that the test plays."""

    program, options, pages, origin = "peripheral-manager", ("--allow-pty", "--ephemeral"), 1, ()

    def __init__(self, server):
        self.line = Line()
        headers = {"Content-Type": "application/json"} | dict(field.split(": ") for field in self.origin)
        server.request("POST", "/api/v1/activate-connection",
                       json.dumps({"name": "pump", "address": self.line.path}).encode(), headers)
        self.all = [self.page(server.port) for _ in range(self.pages)]

    def page(self, port):
        ws = WebSocket(port, "/socket.io/?EIO=4&transport=websocket", self.origin, host=f"localhost:{port}")
        ws.frame()
        ws.send(frame("40"))
        ws.frame()
        return ws

    def take(self, n):
        for ws in self.all:
            got = 0
            while got < n:
                opcode, data = ws.frame()
                got += len(data) if opcode == BINARY else 0

    def close(self):
        for ws in self.all:
            ws.socket.close()
        self.line.close()


class DeviceRound(Device):
    """16 bytes from a page to the device and back."""

    def once(self):
        self.all[0].send(frame('451-["send-raw",{"name":"pump","payload":{"_placeholder":true,"num":0}}]') +
                         frame(b"0123456789abcdef", BINARY))
        self.line.read(16)
        self.line.write(b"0123456789abcdef")
        self.take(16)


class GrantedRound(DeviceRound):
    """The same of a page that was granted the device."""

    options, origin = (*Device.options, "--allow-origin", "https://lab.example"), ("Origin: https://lab.example",)


class DeviceToOne(Device):
    """1000 bytes from the device to a page, so slowly that it is no stream, and that even a daemon under callgrind does
    not feel busy: else it would rest between (src/hub/rest.c), and how often depends on the machine."""

    pause = 0.015

    def once(self):
        time.sleep(self.pause)
        self.line.write(bytes(1000))
        self.take(1000)


class DeviceToTen(DeviceToOne):
    """The same to ten pages."""

    pages = 10


class DeviceToOneForgotten(DeviceToOne):
    """The same with state recovery switched off."""

    options = (*Device.options, "--recovery-window", "0")


PATHS = {"engine-echo": EngineEcho, "event-echo": EventEcho, "polling-echo": PollingEcho, "device-round": DeviceRound,
         "granted-round": GrantedRound, "device-to-ten": DeviceToTen, "device-to-one": DeviceToOne,
         "device-to-one-forgotten": DeviceToOneForgotten}


def run(path, count, *under):
    """Run a server under a tool and `count` exchanges with it."""
    server = Program(f"{RELEASE}/{path.program}", *path.options, under=under)
    try:
        exchange = path(server)
        for _ in range(count):
            exchange.once()
        exchange.close()
    finally:
        code = server.stop()
    assert code == 0, f"{path.program} ended with {code}"


def calls_of(text):
    """Instructions, and calls of the allocators, from callgrind's file."""
    names, calls, callee = {}, 0, None
    for line in text.splitlines():
        if found := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
            number, name = found.groups()
            if name:
                names[number] = name
            if line.startswith("cfn="):
                callee = names[number]
        elif line.startswith("calls=") and callee in ALLOCATORS:
            calls += int(line[6:].split()[0])
    return {"instructions": int(re.search(r"^(?:summary|totals): (\d+)", text, re.M).group(1)), "allocations": calls}


def counts(path, count):
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out"
        run(path, count, "valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", "--compress-pos=no")
        result = calls_of(pathlib.Path(out).read_text())
        run(path, count, "strace", "-D", "-f", "-qq", "-e", "signal=none", "-o", out)
        text = wait_for(lambda: (text := pathlib.Path(out).read_text()) and "exit_group(" in text and text, "strace's end")
        result["system-calls"] = sum("resumed>" not in line for line in text.splitlines())
        return result


def cost(path):
    few, many = counts(path, FEW), counts(path, MANY)
    return {figure: round((many[figure] - few[figure]) / (MANY - FEW), 2) for figure in SLACK}


def dearer(now, known):
    return [figure for figure, value in now.items() if value > known[figure] * SLACK[figure] + SCATTER[figure]]


class RatchetTest(unittest.TestCase):
    def test_messages_cost_no_more_than_they_did(self):
        """What is dearer is measured again: what came between on a busy machine does not come each time."""
        file = HERE / "ratchet.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        now = {name: cost(path) for name, path in PATHS.items()}
        if os.environ.get("PM_RATCHET") == "write":
            file.write_text(json.dumps(now, indent=2) + "\n")
            return
        with self.subTest("access checks cost 3 % of a round trip at most"):
            most = now["device-round"]["instructions"] * 1.03 + SCATTER["instructions"]
            self.assertLessEqual(now["granted-round"]["instructions"], most)
        with self.subTest("state recovery costs 5 % of a piece at most"):
            most = now["device-to-one-forgotten"]["instructions"] * 1.05 + SCATTER["instructions"]
            self.assertLessEqual(now["device-to-one"]["instructions"], most)
        for name, path in PATHS.items():
            for _ in range(2):
                if dearer(now[name], known[name]):
                    again = cost(path)
                    now[name] = {figure: min(value, again[figure]) for figure, value in now[name].items()}
            with self.subTest(path=name, now=now[name], known=known[name]):
                self.assertEqual(dearer(now[name], known[name]), [])


if __name__ == "__main__":
    unittest.main()
