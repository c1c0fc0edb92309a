"""scale.py - starting, memory, connecting, and clients that do nothing: the daemon beside a bare relay and what people use."""
import statistics

from network import PING_MS
from servers import BIN, DEVICE_SERVERS, Server, start_daemon, with_server

# A crowd has no use for the limit's terminals, and more clients than a daemon takes unless told.
CROWDS = {"limit": lambda paths: Server(BIN / "bench_relay"),
          "peripheral-manager": lambda paths: start_daemon(paths, "--max-clients", "20000")}
KINDS = {"raw": "raw", "socketio": "page"}  # what the clients of a server speak, and what bench_load calls it
COUNTS = (1, 100, 1000, 10000)
MOST = {"python-socketio": 1000, "ser2net+websockify": 1, "websocketd+socat": 100}  # a process for each client is too much
SHOWN = ("private", "rate", "share")


def crowd(name, count, quick):
    """The whole crowd is watched for as long as the daemon takes to ping each of them once."""
    start, kind, _ = DEVICE_SERVERS[name]
    if count > MOST.get(name, count):
        return None
    whole = name == "peripheral-manager" and count == COUNTS[-1] and not quick
    return with_server(CROWDS.get(name, start), 1,
                       lambda server, _: server.load("idle", KINDS[kind], count, PING_MS if whole else 300))


def beginning(name, quick):
    start, kind, _ = DEVICE_SERVERS[name]

    def look(server, terminals):
        ready, empty = server.ready_ms, server.rss()
        far = terminals.far
        run = server.run("bench_device", "paced", kind, 10, 11520, 300, *far, pass_fds=far)
        return {"ready_ms": ready, "rss_mb": empty, "peak_mb": run["peak_mb"]}
    runs = [with_server(start, 1, look) for _ in range(1 if quick else 3)]
    wrong = next((run for run in runs if isinstance(run, str)), None)
    return wrong or {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def figure(run, key):
    return float("inf") if isinstance(run, str) else run[key]  # a goal that is not met: the table tells why


def measure(names, quick, row, tell):
    """{title: {server: figures, or why there are none}}; tell() hears of each title, row() of what has a goal."""
    results = {}

    def table(title, shown, one):
        results[title] = {name: one(name) for name in names}
        tell(shown, title, results[title])

    table("start", ("ready_ms", "rss_mb", "peak_mb"), lambda name: beginning(name, quick))
    for count in COUNTS:
        table(f"idle clients: {count:,}", SHOWN, lambda name: crowd(name, count, quick))
    ours, most = (results[title]["peripheral-manager"] for title in ("start", f"idle clients: {COUNTS[-1]:,}"))
    empty = start_daemon([])
    row("daemon ready after exec", figure(ours, "ready_ms"), 20, "ms")
    row("empty daemon: RSS", empty.rss(), 4, "MB")
    empty.stop()
    row("daemon with a device and ten clients: peak RSS", figure(ours, "peak_mb"), 5, "MB")
    row("10,000 idle clients of the daemon: private memory each", figure(most, "private"), 2048, "bytes")
    row("10,000 idle clients of the daemon: CPU", figure(most, "share"), 1, "%")
    return results
