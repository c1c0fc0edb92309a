"""network.py - the server library beside a bare relay of the same bytes: round trips, crowds, idle clients."""
import statistics
import time

from servers import BIN, Server

PING_MS = 26000  # a whole interval of the heartbeat and the second that a crowd of clients takes to join


def relay():
    return Server(BIN / "bench_relay")


def conformance():
    return Server(BIN / "pm-conformance", "--port", "0")


def echo(clients, in_flight, rounds):
    """Medians over interleaved rounds: {kind: {p50, p99, cpu}}."""
    runs = {"relay": [], "engine": [], "socketio": []}
    one, other = relay(), conformance()
    for _ in range(rounds):
        for kind in runs:
            runs[kind].append((one if kind == "relay" else other).load("echo", kind, clients, in_flight, 700))
    one.stop()
    other.stop()
    return {kind: {key: statistics.median(r[key] for r in results) for key in ("p50", "p99", "cpu")}
            for kind, results in runs.items()}


def idle(quick):
    """Every client is pinged once in the window, so its length decides whether the figure is the average."""
    empty, full = [], []
    for _ in range(1 if quick else 2):
        for count, results in ((0, empty), (10000, full)):
            server = conformance()
            results.append(server.load("idle", "engine", count, PING_MS if count and not quick else 1000))
            server.stop()
    median = lambda results, key: statistics.median(r[key] for r in results)
    return {"private": median(full, "private"), "share": median(full, "share"), "rate": median(full, "rate"),
            "p50": median(full, "p50"), "p50_empty": median(empty, "p50")}


def measure(row, quick):
    """Tell every figure to row(what, value, goal, unit). Returns what lies behind them."""
    rounds = 1 if quick else 9
    single, crowd, crowd_idle = echo(1, 1, rounds), echo(10, 16, 2 * rounds + 1), idle(quick)  # a crowd's CPU scatters more
    server = conformance()
    time.sleep(0.2)
    rss, ready = server.rss(), server.ready_ms
    server.stop()
    for kind in ("engine", "socketio"):
        row(f"library: echo of 64 bytes, one in flight, {kind}: p50", single[kind]["p50"] / single["relay"]["p50"], 1.15, "x relay")
        row(f"library: 10 clients x 16 in flight, {kind}: CPU a message", crowd[kind]["cpu"] / crowd["relay"]["cpu"], 1.5, "x relay")
    row("library: 10,000 idle clients: private memory each", crowd_idle["private"], 2048, "bytes")
    row("library: 10,000 idle clients: CPU", crowd_idle["share"], 1, "%")
    row("library: one more client beside them: p50", crowd_idle["p50"] / crowd_idle["p50_empty"], 1.2, "x empty server")
    row("library: empty server: RSS", rss, 4, "MB")
    row("library: ready after exec", ready, 20, "ms")
    return {"single": single, "crowd": crowd, "idle": crowd_idle}
