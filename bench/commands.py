#!/usr/bin/env python3
"""commands - what answers and framing cost: a question through `ask` beside send-raw and its echo, over a pseudo terminal;
and the processor's time for a megabyte delivered as lines beside bytes. Both sides of a ratio come from the same run."""
import os
import pathlib
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/daemon"))
from client import Client  # noqa: E402
from daemon import Line, Program  # noqa: E402

DAEMON = os.environ.get("PERIPHERAL_MANAGER", str(ROOT / "build/release/bin/peripheral-manager"))
ROUNDS, SECONDS, RATE = 200, 3, 5_000_000


def median_ms(ask):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        ask()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def round_trips():
    program, line = Program(DAEMON, "--allow-pty"), Line()
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
        raw_ms.append(median_ms(raw))
        ask_ms.append(median_ms(ask))
    client.close()
    program.stop()
    return statistics.median(raw_ms), statistics.median(ask_ms)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_per_megabyte(deliver):
    program = Program(DAEMON, "--demo")
    program.post("activate-connection", {"name": "d", "address": "virtual:counter"})
    client = Client(program)
    client.call("subscribe", {"names": ["d"], "deliver": deliver})
    client.call("send-raw", {"name": "d", "payload": f"RATE {RATE}\n"})
    rx = lambda: program.post("list-connections", {})[1]["connections"][0]["rx"]  # noqa: E731
    before, start = rx(), cpu_seconds(program.process.pid)
    time.sleep(SECONDS)
    cost, megabytes = cpu_seconds(program.process.pid) - start, (rx() - before) / 1e6
    client.close()
    program.stop()
    return cost * 1000 / megabytes


def row(what, value, goal):
    print(f"{what:<58}{value:>10.2f} x   goal {goal:<6} {'yes' if value <= goal else 'NO'}", flush=True)


def main():
    raw, ask = round_trips()
    row("a question and its answer beside send-raw and its echo: p50", ask / raw, 1.2)
    plain, lines = cpu_per_megabyte("bytes"), cpu_per_megabyte("lines")
    row("CPU a delivered megabyte, lines beside bytes", lines / plain, 1.1)
    print(f"in absolute figures: raw {raw:.3f} ms, ask {ask:.3f} ms; bytes {plain:.2f} ms/MB, lines {lines:.2f} ms/MB")


main()
