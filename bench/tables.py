#!/usr/bin/python3
"""tables.py - writes what bench/run measured into the tables of docs/performance.md: those of the parts that ran, each in
place of the table below its heading.

  bench/tables.py [RESULTS.json]      build/bench/results.json unless another is named"""
import json
import pathlib
import re
import sys

from devices import ROWS, VARIANTS, is_peer
from servers import ROOT

PAGE = ROOT / "docs/performance.md"
PEERS = "Beside what people use instead"
AHEAD = "Where one of them is ahead"
TEN = "Where Python and Node take less than ten times as much"
CARRIES = "Scale, by simulation"
GOALS = "Goals, and what was reached"
# mode: how its heading begins, and the figures of a cell
TABLES = {"round": ("Round trip: client", ("p50", "cpu_us")), "paced": ("A device at its line rate", ("p50", "cpu_percent")),
          "flood": ("A device at full speed", ("client_mb_s", "cpu_ms_mb")),
          "upload": ("Messages of 16 KiB", ("cpu_ms_mb", "peak_mb")), "stalled": ("8 MB/s to four", ("p50", "peak_mb"))}


def number(n):
    return f"{n:,.0f}" if n >= 200 else f"{n:.1f}"


def cell(run, figures):
    if run is None:
        return "–"
    return "fails" if isinstance(run, str) else " / ".join(number(run[figure]) for figure in figures)


def table(head, rows):
    lines = ["".join(f"| {word} " if word else "| " for word in row) + "|\n" for row in (head, *rows)]
    return lines[0] + "|" + "---|" * len(head) + "\n" + "".join(lines[1:])


def of_mode(results, mode, wanted):
    titles = [title for of, title, *_ in ROWS if of == mode]
    names = [name for name in results[titles[0]] if wanted(name) and any(results[title][name] for title in titles)]
    return table(["", *(name.strip() for name in names)],
                 ([title, *(cell(results[title].get(name), TABLES[mode][1]) for name in names)] for title in titles))


def of_goals(goals):
    return table(["", "reached", "goal", ""],
                 ([goal["what"], f"{goal['value']:g} {goal['unit']}", f"{'at least ' if goal['at_least'] else ''}{goal['goal']:g}",
                   "yes" if goal["met"] else "**no**"] for goal in goals))


def of_behind(behind):
    return table(["", "peripheral-manager", "ahead of it"],
                 ([f"{title}: {figure}", number(ours), f"{name} {number(theirs)}"] for title, figure, ours, name, theirs in behind))


def of_ratios(ratios):
    """Those below ten."""
    return table(["", "of peripheral-manager's", "of the limit's"],
                 ([f"{title}: {what} of {name}", f"{ours:.1f} x", f"{limit:.1f} x" if limit else "–"]
                  for title, what, name, ours, limit in ratios if ours < 10))


def of_carries(loads):
    def one(run):
        return [run, "–"] if isinstance(run, str) else [
            f"{run['delivered']:.0f} / {number(run['p50'])} / {number(run['p99'])} / {run['cpu_percent']:.0f}", run["gave_way"]]
    return table(["", "limit", "gave way", "peripheral-manager", "gave way", "peak memory in MB"],
                 ([title, *one(servers["limit"]), *one(ours), "–" if isinstance(ours, str) else number(ours["peak_mb"])]
                  for title, servers in loads.items() for ours in [servers["peripheral-manager"]]))


def replace(text, heading, new, start=0):
    """The first table below the first heading that begins so, from `start` on."""
    at = re.compile(rf"^##+ {re.escape(heading)}.*$", re.M).search(text, start)
    old = re.compile(r"^\|.*\n(?:\|.*\n)*", re.M).search(text, at.end())
    return text[:old.start()] + new + text[old.end():]


def say_where(text, start, run, in_rounds=True):
    """The paragraph that begins with "Measured" tells how what is below it came about."""
    machine = run["machine"]
    said = (f"Measured on {machine['cores']} cores ({machine['cpu']}, Linux {machine['kernel']}), load {machine['load']:.1f} at the "
            f"start.\n")
    if in_rounds:
        said += f"Rounds: {run['rounds']}, of what people use instead {run['peer_rounds']}.\n"
    old = re.compile(r"^Measured.*\n(?:.+\n)*", re.M).search(text, start)
    return text[:old.start()] + said + text[old.end():]


def main():
    run = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/bench/results.json").read_text())
    text, devices = PAGE.read_text(), run.get("devices")
    if devices:
        text = say_where(text, 0, run)
        for mode, (heading, _) in TABLES.items():
            text = replace(text, heading, of_mode(devices, mode, lambda name: not is_peer(name) and name.strip() != "no recovery"))
    if "behind" in run:
        text = say_where(text, text.index(f"## {PEERS}"), run)
        for mode, (heading, _) in TABLES.items():
            ours = lambda name: is_peer(name) or name == "peripheral-manager"
            text = replace(text, heading, of_mode(devices, mode, ours), text.index(f"## {PEERS}"))
        text = replace(text, AHEAD, of_behind(run["behind"]))
        text = replace(text, TEN, of_ratios(run["ratios"]))
    if "carry" in run:
        text = say_where(text, text.index(f"## {CARRIES}"), run, in_rounds=False)
        text = replace(text, CARRIES, of_carries(run["carry"]))
    if "behind" in run and "network" in run:
        text = replace(text, GOALS, of_goals(run["goals"]))
    PAGE.write_text(text)


main()
