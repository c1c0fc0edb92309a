"""commands.py - what answers and framing cost: a question through `ask` beside send-raw and its echo, over a pseudo
terminal; and the processor's time for a megabyte delivered as lines or COBS frames beside the same megabyte as bytes. Both
sides of a ratio come from the same run."""
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

from servers import BIN, ROOT

sys.path.insert(0, str(ROOT / "tests/daemon"))
from client import Client  # noqa: E402
from daemon import Line, Program  # noqa: E402

RATE = 5_000_000  # bytes a second
UNITS = {"bytes": b"12345678\r\n", "lines": b"12345678\r\n", "COBS frames": b"\x0912345678\0"}  # ten bytes each
WANTED = {"bytes": {}, "lines": {"deliver": "lines"}, "COBS frames": {"deliver": "frames", "framing": {"kind": "cobs"}}}

# A device in a process of its own: it sends a unit over and over, as much in each millisecond as the rate allows.
FEED = """import os, sys, time
far, unit, rate = int(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3])
start, sent = time.monotonic(), 0
while True:
    due = int((time.monotonic() - start) * rate) // len(unit) * len(unit)
    if due > sent:
        piece = unit * ((min(due - sent, 4000)) // len(unit))
        while piece:
            n = os.write(far, piece)
            piece, sent = piece[n:], sent + n
    else:
        time.sleep(0.001)
"""


def median_ms(ask, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        ask()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def round_trips(rounds):
    program, line = Program(str(BIN / "peripheral-manager"), "--allow-pty"), Line()
    threading.Thread(target=lambda: [line.write(os.read(line.far, 4096)) for _ in iter(int, 1)], daemon=True).start()
    program.post("activate-connection", {"name": "d", "address": line.path})
    client, came = Client(program), threading.Event()
    client.io.on("d", lambda data: came.set())

    def raw():
        came.clear()
        client.call("send-raw", {"name": "d", "payload": "0123456789\n"})  # acknowledged, as the answer is
        came.wait(5)

    def ask():
        client.call("ask", {"name": "d", "payload": "0123456789\n"})

    raw_ms, ask_ms = [], []
    for _ in range(3):
        raw_ms.append(median_ms(raw, rounds))
        ask_ms.append(median_ms(ask, rounds))
    client.close()
    program.stop()
    return {"raw_ms": statistics.median(raw_ms), "ask_ms": statistics.median(ask_ms)}


def cpu_ms(pid):
    """What the scheduler has given to all threads of the process."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e6


def cpu_per_megabyte(kind, seconds):
    program, line = Program(str(BIN / "peripheral-manager"), "--allow-pty"), Line()
    program.post("activate-connection", {"name": "d", "address": line.path})
    client = Client(program)
    client.call("subscribe", {"names": ["d"], **WANTED[kind]})
    feeder = subprocess.Popen([sys.executable, "-c", FEED, str(line.far), UNITS[kind].hex(), str(RATE)], pass_fds=[line.far])
    rx = lambda: program.post("list-connections", {})[1]["connections"][0]["rx"]  # noqa: E731
    time.sleep(seconds / 5)
    before, start = rx(), cpu_ms(program.process.pid)
    time.sleep(seconds)
    cost, megabytes = cpu_ms(program.process.pid) - start, (rx() - before) / 1e6
    feeder.kill()
    feeder.wait()
    client.close()
    program.stop()
    line.close()
    return cost / megabytes


def measure(row, quick):
    """Tell every figure to row(what, value, goal, unit). Returns what lies behind them."""
    trips = round_trips(20 if quick else 200)
    row("a question and its answer beside send-raw and its echo: p50", trips["ask_ms"] / trips["raw_ms"], 1.2, "x send-raw")
    runs = {kind: [] for kind in UNITS}
    for _ in range(1 if quick else 3):
        for kind, results in runs.items():
            results.append(cpu_per_megabyte(kind, 0.5 if quick else 2))
    cpu = {kind: statistics.median(results) for kind, results in runs.items()}
    for kind in ("lines", "COBS frames"):
        row(f"a megabyte as {kind} beside bytes: CPU", cpu[kind] / cpu["bytes"], 1.1, "x bytes")
    return {**trips, "cpu_ms_mb": cpu}
