"""revoke.py - how long a page still gets bytes once the person takes its grant back: from sending `grant-revoke` to the event
behind the last byte, at the last of the pages, while a device sends as fast as it is read. The pages are threads of one
program in Python, which has its share of these times."""
import socket
import statistics
import subprocess
import sys
import time

from servers import BIN, ROOT

sys.path[:0] = [str(ROOT / "tests/daemon"), str(ROOT / "tests/door")]
import peers  # noqa: E402
from daemon import Line, Program, wait_for  # noqa: E402

GOAL_MS = 100
FEED = "import os, sys\nfar, data = int(sys.argv[1]), bytes(4096)\nwhile True: os.write(far, data)"


class Page(peers.Peer):
    """Notes when its stream was ended."""

    ended = 0.0

    def take(self, text):
        if text.startswith('42["connection-closed"'):
            self.ended = time.perf_counter()
        super().take(text)


def one_round(program, person, n, origin):
    """Milliseconds until the last of n pages of this origin was told, and until the person had the answer."""
    host = f"127.0.0.1:{program.port}"
    pages = [Page(socket.create_connection(("127.0.0.1", program.port)), host, origin) for _ in range(n)]
    request = person.wait_event("consent-requested")
    person.got.clear()
    person.ask("consent-approve", {"id": request["id"], "duration": "session"})
    for page in pages:
        wait_for(lambda: len(page.events("load")) > 20, "a stream")
    start = time.perf_counter()
    person.ask("grant-revoke", {"origin": origin})
    answered = time.perf_counter()
    for page in pages:
        wait_for(lambda: page.ended, "its end")
        page.close()
    return (max(page.ended for page in pages) - start) * 1000, (answered - start) * 1000


def rounds(n, count):
    program, line = Program(str(BIN / "peripheral-manager"), "--allow-pty"), Line()
    person = peers.person(program)
    person.ask("activate-connection", {"name": "load", "address": line.path})
    person.ask("unsubscribe", {"names": "*"})
    feeder = subprocess.Popen([sys.executable, "-c", FEED, str(line.far)], pass_fds=[line.far])
    times = [one_round(program, person, n, f"https://page{i}.example") for i in range(count)]  # one origin may not ask often
    feeder.kill()
    feeder.wait()
    person.close()
    program.stop()
    line.close()
    return times


def spread(times):
    ordered = sorted(times)
    return {"p50": statistics.median(ordered), "p99": ordered[int((len(ordered) - 1) * 0.99)], "max": ordered[-1]}


def measure(row, quick):
    """Tell every figure to row(what, value, goal, unit). Returns what lies behind them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    figures = {}
    for n in (1, 10):
        told, answered = zip(*rounds(n, 10 if quick else 100))
        figures[n] = {"told_ms": spread(told), "answered_ms": spread(answered)}
        for part, value in figures[n]["told_ms"].items():
            row(f"a grant revoked under load, {n} page{'s' * (n > 1)}: {part}", value, GOAL_MS, "ms")
    sys.setswitchinterval(before)
    return figures
