"""carry.py - what one machine carries: more and more devices at their line rate, each with more and more clients, until
something gives way; the daemon beside the bare relay, and what it was that gave way first."""
from servers import BIN, Server, start_daemon, with_server

SERVERS = {"limit": (lambda paths: Server(BIN / "bench_line_relay", *paths), "raw"),
           "peripheral-manager": (lambda paths: start_daemon(paths, "--max-clients", "2000"), "socketio")}

# devices, clients of each, bytes a second of each device
LOADS = [(1, 1, 300000), (4, 4, 300000), (16, 4, 300000), (16, 16, 300000), (64, 1, 300000), (64, 4, 300000), (64, 16, 300000),
         (64, 1, 11520), (64, 16, 11520), (16, 4, 1200000), (64, 4, 1200000)]
BAUD = {11520: "115200 baud", 300000: "3 Mbaud", 1200000: "12 Mbaud"}
WHOLE = 0.98  # of a core, or of the bytes: more is all of it
LATE_US = 50000


def gave_way(run, wanted):
    """In the order in which it would be noticed; the generator is no part of what is measured."""
    if run["own_percent"] > WHOLE * 100:
        return "the load generator"
    if run["lost"]:
        return "bytes: clients fell behind the journal"
    if run["client_mb_s"] < wanted * WHOLE:
        return "bytes: devices had to wait"
    if run["p99"] > LATE_US:
        return "time"
    return "nothing"


def once(name, devices, clients, rate, milliseconds):
    start, kind = SERVERS[name]
    run = with_server(start, devices, lambda server, terminals: server.run(
        "bench_device", "paced", kind, clients, rate, milliseconds, *terminals.far, pass_fds=terminals.far))
    if isinstance(run, str):
        return run
    return run | {"delivered": run["client_mb_s"] * 1e6 / rate * 100, "gave_way": gave_way(run, rate / 1e6)}


def measure(quick, tell):
    """{load: {server: figures, or why there are none}}; tell() hears of each load."""
    results = {}
    for devices, clients, rate in LOADS:
        title = f"{devices} at {BAUD[rate]}, {clients} client{'' if clients == 1 else 's'} each"
        results[title] = {name: once(name, devices, clients, rate, 300 if quick else 1500) for name in SERVERS}
        tell(("delivered", "p50", "p99", "cpu_percent", "own_percent", "peak_mb"), title, results[title])
    return results
