"""servers.py - the servers that are measured: each on core 0, in a home of its own, the load on the last core."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import tempfile
import time
import tty
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"
PEERS = ROOT / "bench/peers"
PAGE = "https://bench.example"  # what bench_device's pages say
LAST = str((os.cpu_count() or 1) - 1)


class Failed(Exception):
    """The load generator found something wrong, or the server went away."""


class Server:
    """A process that says where it listens."""

    def __init__(self, *command):
        self.home = tempfile.TemporaryDirectory(prefix="pm-bench-")
        folders = {f"XDG_{name}": self.home.name for name in ("CONFIG_HOME", "STATE_HOME", "RUNTIME_DIR")}
        started = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", "0", *map(str, command)], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=os.environ | folders, start_new_session=True)
        line = b""
        while not (found := re.search(rb"(?:127\.0\.0\.1|localhost):(\d+)", line)):
            line = self.process.stdout.readline()
            if not line:
                raise Failed(f"{command[0]} does not start")
        self.ready_ms = (time.monotonic() - started) * 1000
        self.port = int(found.group(1))

    def run(self, program, mode, *words, **options):
        command = ["taskset", "-c", LAST, BIN / program, mode, self.port, self.process.pid, *words]
        try:
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **options)
        except subprocess.TimeoutExpired as late:
            raise Failed("it took too long") from late
        if done.returncode != 0:
            raise Failed(done.stderr.strip())
        return json.loads(done.stdout)

    def load(self, mode, kind, *numbers):
        return self.run("bench_load", mode, kind, *numbers)

    def rss(self):
        """Megabytes: what of the process is resident, and what its children have for themselves alone."""
        def kilobytes(process, file, words):
            return sum(int(n) for n in re.findall(rf"^(?:{words}):\s+(\d+)", process.joinpath(file).read_text(), re.M))

        def of_children(process):
            children = [process.parent / child for task in process.joinpath("task").iterdir()
                        for child in task.joinpath("children").read_text().split()]
            return sum(kilobytes(child, "smaps_rollup", "Private_Clean|Private_Dirty") + of_children(child) for child in children)

        process = pathlib.Path(f"/proc/{self.process.pid}")
        return (kilobytes(process, "status", "VmRSS") + of_children(process)) / 1024

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        self.home.cleanup()


class Lines:
    """Pseudo terminals; the load generator plays their far ends."""

    def __init__(self, count):
        self.far, self.near = zip(*(pty.openpty() for _ in range(count)))
        for near in self.near:
            tty.setraw(near)
        self.paths = [os.ttyname(near) for near in self.near]

    def close(self):
        for descriptor in self.far + self.near:
            os.close(descriptor)


def start_daemon(paths, *options, origin=None, **activation):
    """Who opened a connection may use it, and who may use all: a program, or the pages of that origin."""
    headers = {"Content-Type": "application/json"} | ({"Origin": origin} if origin else {})
    server = Server(BIN / "peripheral-manager", "--port", "0", "--allow-pty", "--allow-root", *options)
    for i, path in enumerate(paths):
        data = json.dumps({"name": f"bench{i}", "address": path, **activation}).encode()
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{server.port}/api/v1/activate-connection", data,
                                                      headers), timeout=10).close()
    return server


def with_server(start, lines, do):
    """What do(server, terminals) returns for a server of so many terminals, or why there is nothing."""
    terminals = Lines(lines)
    try:
        server = start(terminals.paths)
        try:
            return do(server, terminals)
        finally:
            server.stop()
    except Failed as failed:
        return str(failed)
    finally:
        terminals.close()


# name: how it is started for these terminals, what its clients speak, and how many terminals it can have
DEVICE_SERVERS = {
    "limit": (lambda paths: Server(BIN / "bench_line_relay", *paths), "raw", 64),
    "limit, spinning": (lambda paths: Server(BIN / "bench_line_relay", "--spin", *paths), "raw", 64),
    "peripheral-manager": (start_daemon, "socketio", 64),
    "  latency: lowest": (lambda paths: start_daemon(paths, latency="lowest"), "socketio", 64),
    "  latency: throughput": (lambda paths: start_daemon(paths, latency="throughput"), "socketio", 64),
    "  granted page": (lambda paths: start_daemon(paths, "--allow-origin", PAGE, origin=PAGE), "page", 64),
    "  no recovery": (lambda paths: start_daemon(paths, "--recovery-window", "0"), "socketio", 64),
    "python-socketio": (lambda paths: Server("/usr/bin/python3", "-W", "ignore", PEERS / "python_socketio.py", *paths), "socketio", 64),
    "node-socketio": (lambda paths: Server("node", PEERS / "node_socketio.mjs", *paths), "socketio", 64),
    "node-ws": (lambda paths: Server("node", PEERS / "node_ws.mjs", *paths), "raw", 64),
    "ser2net+websockify": (lambda paths: Server(PEERS / "ser2net_websockify", *paths), "raw", 1),
    "websocketd+socat": (lambda paths: Server(PEERS / "websocketd_socat", *paths), "raw", 1),
}
