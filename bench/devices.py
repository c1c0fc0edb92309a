"""devices.py - the daemon with devices, beside the bare relay and what people use instead."""
import statistics

from servers import DEVICE_SERVERS, Failed, Lines

# What is only measured where it matters: the rows of these modes.
VARIANTS = {"limit, spinning": ("round",), "  latency: lowest": ("round", "paced"), "  latency: throughput": ("paced",),
            "  no recovery": ("round", "flood"), "  granted page": ("round", "flood")}

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

PAGES_MAX = 64  # connections of one origin

SHOWN = {"round": ("p50", "p99", "cpu_us"), "paced": ("p50", "p99", "cpu_percent"), "stalled": ("p50", "p99", "peak_mb"),
         "flood": ("client_mb_s", "cpu_ms_mb", "lost"), "upload": ("device_mb_s", "cpu_ms_mb", "peak_mb")}


def once(name, mode, lines, clients, size, polling, milliseconds):
    start, kind, most = DEVICE_SERVERS[name]
    if lines > most or (polling and kind != "socketio") or (kind == "page" and clients > PAGES_MAX):
        return None
    terminals = Lines(lines)
    try:
        server = start(terminals.paths)
        try:
            run = server.run("bench_device", mode, "polling" if polling else kind, clients, size, milliseconds,
                             *terminals.far, pass_fds=terminals.far)
        finally:
            server.stop()
    finally:
        terminals.close()
    if not run["device_mb_s" if mode == "upload" else "client_mb_s"]:
        raise Failed("nothing came in that time")
    return run


def middle(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def is_peer(name):
    return name not in VARIANTS and name not in ("limit", "peripheral-manager")


def measure(names, rounds, peer_rounds, milliseconds, word, tell):
    """{row: {server: figures, or why there are none}} of the rows with this word; servers take turns within each round, and
    what people use instead sits out the last ones, for it is not a matter of percents there. tell() hears of each row."""
    results = {}
    for mode, title, *numbers in (row for row in ROWS if word in row[1]):
        runs = {name: [] for name in names if mode in VARIANTS.get(name, mode)}
        wrong = {}
        for turn in range(rounds):
            for name in runs:
                if name in wrong or (is_peer(name) and turn >= peer_rounds):
                    continue
                try:
                    run = once(name, mode, *numbers, milliseconds)
                    runs[name] += [run] if run else []
                except Failed as failed:
                    wrong[name] = str(failed)
        results[title] = {name: wrong[name] if name in wrong else middle(runs[name]) if runs[name] else None for name in runs}
        tell(SHOWN[mode], title, results[title])
    return results


ROUND_TRIPS = [title for mode, title, *_ in ROWS if mode == "round"]
FLOODS = {"full speed to 1 client": 1.25, "full speed to 10 clients": 1.25, "full speed to 100 clients": 1.5}


def goals(results, row):
    def ratio(title, figure, most, name="peripheral-manager", beside="limit", unit="x limit"):
        ours, other = results[title][name], results[title][beside]
        both = isinstance(ours, dict) and isinstance(other, dict) and other[figure]
        what = f"{title}{'' if name == 'peripheral-manager' else ', ' + name.strip()}: {figure}"
        row(what, ours[figure] / other[figure] if both else float("inf"), most, unit)

    for title in ROUND_TRIPS:
        ratio(title, "p50", 1.15)
        ratio(title, "p99", 1.5)
    ratio("round trip of 16 B", "p50", 0.7, "  latency: lowest")
    for title, most in FLOODS.items():
        ratio(title, "cpu_ms_mb", most)
    for title in FLOODS:
        ratio(title, "cpu_ms_mb", 1.05, "peripheral-manager", "  no recovery", "x no recovery")
    # An origin has 64 connections at most, so there is no crowd of its pages.
    for title, figure in (("round trip of 16 B", "cpu_us"), ("full speed to 1 client", "cpu_ms_mb"),
                          ("full speed to 10 clients", "cpu_ms_mb")):
        ratio(title, figure, 1.03, "  granted page", "peripheral-manager", "x a program")
    for title, most in (("3 Mbaud to 10 clients", 5), ("16 devices at 3 Mbaud to 10 clients each", 50)):
        for name in ("peripheral-manager", "  latency: throughput"):
            row(f"{title}, {name.strip()}: CPU", results[title][name]["cpu_percent"], most, "%")


# The figures of each mode in which more is worse, and those in which less is.
COMPARED = {"round": (("p50", "p99", "cpu_us", "peak_mb"), ()), "paced": (("p50", "p99", "cpu_percent", "peak_mb"), ()),
            "flood": (("cpu_ms_mb", "peak_mb"), ("client_mb_s",)), "upload": (("cpu_ms_mb", "peak_mb"), ("device_mb_s",)),
            "stalled": (("p50", "p99", "cpu_percent", "peak_mb"), ())}
TIE = 1.03  # nobody is ahead by less
TEN_TIMES = ("python-socketio", "node-socketio")


def pairs(results):
    """(mode, row, our figures, name of a peer, its figures) of each in which both have some."""
    for mode, title, *_ in ROWS:
        for name, run in results.get(title, {}).items():
            if is_peer(name) and isinstance(run, dict):
                yield mode, title, results[title]["peripheral-manager"], name, run


def cost(mode, run, what):
    """CPU for what was delivered, since one that cannot keep up takes no more than a core; or memory."""
    if what == "memory":
        return run["peak_mb"]
    if mode in ("paced", "stalled"):
        return run["cpu_percent"] / run["client_mb_s"]
    return run["cpu_us" if mode == "round" else "cpu_ms_mb"]


def behind(results):
    """[row, figure, ours, name of a peer, its] of those in which it is ahead of us. One that fails in a row is behind in
    it."""
    paced = {title for _, title, _, _, size, _ in ROWS if size}  # there the device decides how much comes
    found = []
    for mode, title, ours, name, run in pairs(results):
        more, less = COMPARED[mode]
        found += [[title, figure, ours[figure], name, run[figure]] for figure in more if ours[figure] > run[figure] * TIE]
        found += [[title, figure, ours[figure], name, run[figure]] for figure in less
                  if title not in paced and ours[figure] * TIE < run[figure]]
    return found


def ratios(results):
    """[row, what, name of a peer, times that it takes of what we take, and of what the limit takes] for the two that
    applications use."""
    found = []
    for mode, title, ours, name, run in pairs(results):
        limit = results[title].get("limit")
        for what in ("CPU", "memory") if name in TEN_TIMES else ():
            theirs = cost(mode, run, what)
            found.append([title, what, name, theirs / cost(mode, ours, what),
                          theirs / cost(mode, limit, what) if isinstance(limit, dict) else None])
    return found


def peer_goals(results, row):
    """First in every figure of every row, and ten times less than the two that applications use."""
    row("figures of all rows in which a peer is ahead", len(results["behind"]), 0, "figures")
    for peer in TEN_TIMES:
        for what in ("CPU", "memory"):
            times = [ratio for _, of, name, ratio, _ in results["ratios"] if (of, name) == (what, peer)]
            if times:
                row(f"{what} beside {peer}: least and median of all rows", min(times), 10,
                    f"x (median {statistics.median(times):.0f})", at_least=True)
