"""devices.py - the daemon with devices, beside the bare relay and what people use instead."""
import statistics

from servers import DEVICE_SERVERS, Failed, Lines

# mode, what it is called, lines, clients of each, bytes (see device.c), whether by polling
ROWS = [
    ("round", "round trip of 16 B", 1, 1, 16, False),
    ("round", "round trip of 1 KiB", 1, 1, 1024, False),
    ("round", "round trip of 4 KiB", 1, 1, 4096, False),
    ("round", "round trip of 16 B, 10 listeners", 1, 10, 16, False),
    ("round", "round trip of 16 B, 100 listeners", 1, 100, 16, False),
    ("round", "round trip of 16 B, 16 devices", 16, 1, 16, False),
    ("paced", "115200 baud", 1, 1, 11520, False),
    ("paced", "921600 baud", 1, 1, 92160, False),
    ("paced", "3 Mbaud", 1, 1, 300000, False),
    ("paced", "3 Mbaud to 10 clients", 1, 10, 300000, False),
    ("paced", "12 Mbaud to 10 clients", 1, 10, 1200000, False),
    ("paced", "16 devices at 3 Mbaud to 10 clients each", 16, 10, 300000, False),
    ("flood", "full speed to 1 client", 1, 1, 0, False),
    ("flood", "full speed to 10 clients", 1, 10, 0, False),
    ("flood", "full speed to 100 clients", 1, 100, 0, False),
    ("flood", "full speed to 1 client by polling", 1, 1, 0, True),
    ("flood", "full speed to 10 clients by polling", 1, 10, 0, True),
    ("upload", "messages of 16 KiB to the device", 1, 1, 0, False),
    ("upload", "messages of 16 KiB, the device takes 1 MB/s", 1, 1, 1000000, False),
    ("stalled", "8 MB/s to 4 clients, one does not read", 1, 4, 8000000, False),
]

SHOWN = {"round": ("p50", "p99", "cpu_us"), "paced": ("p50", "p99", "cpu_percent"), "stalled": ("p50", "p99", "peak_mb"),
         "flood": ("client_mb_s", "cpu_ms_mb", "lost"), "upload": ("device_mb_s", "cpu_ms_mb", "peak_mb")}


def once(name, mode, lines, clients, size, polling, milliseconds):
    start, kind, most = DEVICE_SERVERS[name]
    if lines > most or (polling and kind != "socketio"):
        return None
    terminals = Lines(lines)
    try:
        server = start(terminals.paths)
        try:
            return server.run("bench_device", mode, "polling" if polling else kind, clients, size, milliseconds,
                              *terminals.far, pass_fds=terminals.far)
        finally:
            server.stop()
    finally:
        terminals.close()


def middle(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def measure(names, rounds, milliseconds, tell):
    """{row: {server: figures, or why there are none}}; servers take turns within each round. tell() hears of each row."""
    results = {}
    for mode, title, *numbers in ROWS:
        runs = {name: [] for name in names}
        wrong = {}
        for _ in range(rounds):
            for name in names:
                if name in wrong:
                    continue
                try:
                    run = once(name, mode, *numbers, milliseconds)
                    runs[name] += [run] if run else []
                except Failed as failed:
                    wrong[name] = str(failed)
        results[title] = {name: wrong[name] if name in wrong else middle(runs[name]) if runs[name] else None for name in names}
        tell(mode, title, results[title])
    return results


# row, figure, at most so many times the limit
GOALS = [
    *[(f"round trip of {what}", "p50", 1.15) for what in ("16 B", "1 KiB", "4 KiB", "16 B, 10 listeners")],
    *[(f"round trip of {what}", "p99", 1.5) for what in ("16 B", "1 KiB", "4 KiB", "16 B, 10 listeners")],
    ("full speed to 1 client", "cpu_ms_mb", 1.25),
    ("full speed to 10 clients", "cpu_ms_mb", 1.25),
    ("full speed to 100 clients", "cpu_ms_mb", 1.5),
]


def goals(results, row):
    for title, figure, most in GOALS:
        ours, limit = results[title]["peripheral-manager"], results[title]["limit"]
        row(f"{title}: {figure}", ours[figure] / limit[figure] if limit[figure] else float("inf"), most, "x limit")
    for title in ("full speed to 1 client", "full speed to 10 clients", "full speed to 100 clients"):
        with_it, without = results[title]["peripheral-manager"]["cpu_ms_mb"], results[title]["  no recovery"]["cpu_ms_mb"]
        row(f"{title}: cpu_ms_mb of recovery", with_it / without, 1.05, "x without")
    title = "round trip of 16 B"
    row(f"{title}, latency: lowest: p50", results[title]["  latency: lowest"]["p50"] / results[title]["limit"]["p50"], 0.7, "x limit")
    for title, most in (("3 Mbaud to 10 clients", 5), ("16 devices at 3 Mbaud to 10 clients each", 50)):
        row(f"{title}: CPU", results[title]["peripheral-manager"]["cpu_percent"], most, "%")
