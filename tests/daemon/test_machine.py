"""test_machine.py - machines that lack something, or are older than they look: the daemon runs in namespaces of its own."""
import json
import os
import signal
import subprocess
import time
import unittest

from client import Client
from daemon import Line, Program, environment, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
CONFORMANCE = os.environ["PM_CONFORMANCE"]
MAY = os.geteuid() == 0 and subprocess.run(["unshare", "-nmT", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0
WRAP_MS = 1 << 32
# A network of its own whose loopback interface is up, and has IPv4 alone.
IPV4_ALONE = ("unshare", "-n", "/usr/bin/python3", "-c", """
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as s:
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w") as file:
    file.write("1")
os.execv(sys.argv[1], sys.argv[1:])
""")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


@unittest.skipUnless(MAY, "needs namespaces")
class MachineTest(unittest.TestCase):
    def start(self, *options, under):
        self.program = Program(DAEMON, "--demo", "--allow-pty", *options, under=under)
        self.addCleanup(self.program.stop)
        return self.program

    def command(self, *words):
        return subprocess.run([DAEMON, *words], env=environment(self.program.home), capture_output=True, text=True, timeout=60,
                              check=True).stdout

    def test_without_ipv6(self):  # I21
        program = self.start(under=IPV4_ALONE)
        asked = subprocess.run(
            ["nsenter", "-t", str(program.process.pid), "-n", "/usr/bin/python3", "-c",
             f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{program.port}/health', timeout=30).read())"],
            capture_output=True, text=True, timeout=60, check=True)
        self.assertIn("peripheral_manager", asked.stdout)

    def test_without_a_loopback_interface(self):  # I21
        self.start(under=("unshare", "-n"))  # nobody can reach it but the commands
        self.assertIn("virtual:echo", self.command("list"))

    def test_without_devices_and_udev(self):  # I22
        self.start(under=("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev && mount -t tmpfs none /run && exec "$@"', "sh"))
        self.assertIn("virtual:echo", self.command("list"))

    def test_audit_log_on_a_full_disk(self):  # I02
        program = self.start("--local-pages", "ask", under=(
            "unshare", "-m", "sh", "-c", 'd="$XDG_STATE_HOME/peripheral-manager"; mkdir -p -m 700 "$d" && '
            'mount -t tmpfs -o size=64k,mode=700 none "$d" && exec "$@"', "sh"))
        folder = f"/proc/{program.process.pid}/root{program.home}/state/peripheral-manager"

        origin = f"https://{25 * 'stranger.'}example"

        def refused():
            self.assertEqual(program.request("GET", "/", None, {"Origin": origin})[0], 403)

        refused()
        with open(f"{folder}/ballast", "wb", buffering=0) as file:
            self.assertRaises(OSError, lambda: [file.write(bytes(1024)) for _ in range(1024)])
        for _ in range(20):
            refused()
            time.sleep(0.06)  # more in a second are counted anyway
        self.assertEqual(program.post("activate-connection", {"name": "e", "address": "virtual:echo"})[0], 200)
        self.assertEqual(program.post("send-raw", {"name": "e", "payload": "x"})[1], {"ok": True, "bytes": 1})
        os.unlink(f"{folder}/ballast")
        refused()
        with open(f"{folder}/audit.jsonl", encoding="ascii") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual((lines[-1]["kind"], lines[-1]["origin"]), ("origin_refused", origin))
        lost = sum(line.get("lost", 0) for line in lines)  # told by the first line that found room again, be it a short one before
        self.assertGreater(lost, 0)
        self.assertEqual(lines[-1]["sequence"], len(lines) + lost)

    def test_a_machine_that_runs_for_49_days(self):  # I28
        """32 bits of milliseconds are over within the test; heartbeats and streams go on."""
        seconds = WRAP_MS // 1000 - int(time.clock_gettime(time.CLOCK_MONOTONIC)) - 2
        for path, options in ((CONFORMANCE, ()), (DAEMON, ("--demo",))):
            program = Program(path, *options, under=("unshare", "-T", "--monotonic", str(seconds), "--fork"))
            client = Client(program, transports=["websocket"])
            if path == DAEMON:
                client.call("activate-connection", {"name": "c", "address": "virtual:counter"})
            time.sleep(4)
            if path == DAEMON:
                before = len(client.bytes_of("c"))
                wait_for(lambda: len(client.bytes_of("c")) > before, "the stream behind it")
                self.assertFalse(client.events("rx-gap"))
            self.assertTrue(client.io.connected)
            client.close()
            for child in children(program.process.pid):
                os.kill(child, signal.SIGTERM)
            self.assertEqual(program.end(), 0)


class HaltTest(unittest.TestCase):
    def test_stopped_and_continued_loses_nothing(self):  # I15
        program, line = Program(DAEMON, "--allow-pty"), Line()
        self.addCleanup(line.close)
        self.addCleanup(program.stop)
        client = Client(program, transports=["websocket"])
        client.call("activate-connection", {"name": "p", "address": line.path})
        client.wait_event("connection-opened", name="p")
        line.write(b"before ")
        client.wait_bytes("p", b"before ")
        program.process.send_signal(signal.SIGSTOP)
        line.write(b"while ")
        client.io.emit("send-raw", {"name": "p", "payload": "to it"})
        time.sleep(2)
        self.assertEqual(client.bytes_of("p"), b"before ")
        program.process.send_signal(signal.SIGCONT)
        line.write(b"after")
        client.wait_bytes("p", b"before while after")
        self.assertEqual(line.read(5), b"to it")
        self.assertEqual(client.events("rx-gap"), [])
        client.close()

    def test_all_processors_busy(self):  # I16
        program, line = Program(DAEMON, "--allow-pty"), Line()
        self.addCleanup(line.close)
        self.addCleanup(program.stop)
        client = Client(program, transports=["websocket"])
        client.call("activate-connection", {"name": "p", "address": line.path})
        busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2 * os.cpu_count())]
        try:
            data = bytes(i * 7 % 251 for i in range(200_000))
            for at in range(0, len(data), 1152):  # 10 ms of a line at 1152000 baud
                line.write(data[at : at + 1152])
                time.sleep(0.005)
            client.wait_bytes("p", data)
        finally:
            for process in busy:
                process.kill()
                process.wait()
        self.assertEqual(client.events("rx-gap"), [])
        client.close()


if __name__ == "__main__":
    unittest.main()
