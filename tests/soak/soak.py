#!/usr/bin/python3
"""soak.py - devices stream, pages of every generation read, everything goes wrong (I29); at the end every byte is accounted for: it
came once and in order, or inside a gap that was told.

    soak.py [--seed N] [--seconds N]       with PERIPHERAL_MANAGER naming the program; one line a fault, a summary at the end
"""
import argparse
import glob
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "daemon"))
sys.path.insert(0, str(HERE.parent / "cli"))

import recording  # noqa: E402
from account import Account, Wrong  # noqa: E402
from clock import Clock  # noqa: E402
from daemon import Program  # noqa: E402
from devices import Echo, Terminal  # noqa: E402
from faults import Faults  # noqa: E402
from places import Control  # noqa: E402
from readers import Page  # noqa: E402
from relay import Relay  # noqa: E402

CLIENTS = ("1.7", "2.0", "2.5", "3.1", "4", "python", "plain")
CHANGING = ("2.5", "4")  # those of either protocol that change their transport, behind a relay that meddles with it
QUIET = 90  # seconds that everybody has for catching up at the end
DISK = "64m"
JUMP = 60_000_000  # microseconds that the wall clock is ahead of the steady one: it was set


def patiently(condition, what):
    """Its value, once it is true."""
    end = time.monotonic() + QUIET
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise Wrong(f"not within {QUIET} s: {what}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Run:
    def __init__(self, seed, own_disk):
        self.rng = random.Random(seed)
        self.own_disk = own_disk
        self.home = tempfile.mkdtemp(prefix="pm-soak-")
        self.recordings = f"{self.home}/state/peripheral-manager/recordings"
        self.port = free_port()
        self.log, self.program = [], None
        self.clock = Clock(self.home)
        if own_disk:
            os.makedirs(self.recordings, 0o700)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "none", self.recordings], check=True)
        self.devices = [Terminal("slow", self.child(), 2_000), Terminal("fast", self.child(), 60_000),
                        Echo("echo", self.child(), 20_000, self.port)]
        self.start_daemon()
        for device in self.devices:
            history = 65536 if device.name == "fast" else 1 << 20
            self.control("activate-connection", {"name": device.name, "address": device.address, "history": history,
                                                 "record": True})
        names = [d.name for d in self.devices]
        self.pages = [Page(c, f"http://127.0.0.1:{self.port}", names, self.child()) for c in CLIENTS]
        self.relay = Relay(self.port, self.child())
        self.changing = [Page(c, f"http://127.0.0.1:{self.relay.own_port}", names, self.child(), ["polling", "websocket"])
                         for c in CHANGING]
        self.pages += self.changing
        self.recorded = {name: Account() for name in names}
        self.recordings_read = self.jumps = 0
        self.faults = Faults(self)

    def child(self):
        return random.Random(self.rng.randrange(1 << 30))

    # ---- the daemon ----

    def start_daemon(self):
        self.program = Program(os.environ["PERIPHERAL_MANAGER"], "--demo", "--allow-pty", "--port", str(self.port),
                               "--recording-part", "1M", home=self.home, under=self.clock.command())
        threading.Thread(target=self.drain, args=[self.program.process.stdout], daemon=True).start()

    def drain(self, stream):
        try:
            self.log += stream
        except ValueError:
            pass  # it was closed at the end of the process

    def kill_daemon(self):
        if self.program.process.poll() is not None:
            raise Wrong(f"the daemon ended by itself: {self.program.process.returncode}")
        self.program.kill()

    def pid(self):
        return self.program.process.pid

    def control(self, event, data):
        """A request as the person at the machine makes it; tried until it works, since descriptors may be gone."""
        def attempt():
            connection = Control(f"{self.home}/run/peripheral-manager/control")
            try:
                connection.request("POST", f"/api/v1/{event}", json.dumps(data), {"Content-Type": "application/json"})
                return json.loads(connection.getresponse().read())
            except (OSError, http.client.HTTPException, ValueError):
                return None
            finally:
                connection.close()
        answer = patiently(attempt, event)
        if not answer["ok"]:
            raise Wrong(f"{event} {data}: {answer}")
        return answer

    # ---- the run ----

    def check(self):
        for page in self.pages:
            if page.wrong:
                raise Wrong(f"client {page.client}: {page.wrong}")
        if self.program.process.poll() is not None:
            raise Wrong(f"the daemon ended by itself: {self.program.process.returncode}")

    def trouble(self, seconds):
        """Every kind of fault once, in any order, and again until the time is over."""
        end, waiting = time.monotonic() + seconds, []
        while time.monotonic() < end or waiting:
            waiting = waiting or self.rng.sample(self.faults.kinds(), len(self.faults.kinds()))
            name = waiting.pop()
            print(f"{name}", flush=True)
            self.faults.one(name)
            self.check()
            time.sleep(0.5 + 2 * self.rng.random())
            self.check()

    def settle(self):
        """Nothing goes wrong any more: everybody gets what is still due."""
        for page in self.pages:
            page.be_calm()
        patiently(lambda: all(c["state"] == "open" for c in self.control("list-connections", {})["connections"]), "devices")
        time.sleep(1)
        for device in self.devices:
            device.stop()
        end = time.monotonic() + QUIET
        while time.monotonic() < end and not self.all_there():
            self.check()
            time.sleep(0.1)
        for page in self.pages:
            for device in self.devices:
                if device.name not in page.accounts:
                    raise Wrong(f"client {page.client} never began to read {device.name}")
                try:
                    page.accounts[device.name].end(device.at)
                except Wrong as wrong:
                    raise Wrong(f"client {page.client}, {device.name}: {wrong}") from None

    def all_there(self):
        return all(d.name in p.accounts and p.accounts[d.name].next == d.at for p in self.pages for d in self.devices)

    def take_recordings(self):
        """While no daemon runs: they hold everything, too, but for the last moments before a kill, and what they say. A run of
        an hour has no disk for all of them."""
        items = {}
        for path in sorted(glob.glob(f"{self.recordings}/*.pmrec")):
            with open(path, "rb") as file:
                items.setdefault(os.path.basename(path).split(".")[0], []).extend(recording.read(file.read())[0])
            os.unlink(path)
        for name, account in self.recorded.items():
            mine = [r for _, r in sorted(items.items()) if r and r[0].fields()["name"] == name]
            for records in sorted(mine, key=self.beginning):
                account.gap()
                self.add(account, records)
                self.recordings_read += 1
                self.jumps += sum(abs((b.wall - a.wall) - (b.mono - a.mono)) > JUMP for a, b in zip(records, records[1:]))

    def check_recordings(self):
        self.take_recordings()
        for device in self.devices:
            account = self.recorded[device.name]
            account.end(device.at)
            print(f"{device.name}: {device.at} bytes; {account.delivered} recorded, {account.missing} in gaps")
        if self.faults.done.get("set_clock") and not self.jumps:
            raise Wrong(f"the clock was set, and none of {self.recordings_read} recordings shows it")

    def beginning(self, records):
        """How far the device was: the clock says nothing about which recording came first."""
        account = Account()
        for record in records:
            self.add(account, [record])
            if account.next is not None:
                break
        return account.next or 0

    def add(self, account, records):
        for r in records:
            if r.type == "data" and r.direction == "rx":
                account.bytes(r.body)
            elif r.type == "gap" and r.direction == "rx":
                account.gap(r.gap()[0])
            elif r.type == "opened":
                account.gap()

    def summary(self):
        for page in self.pages:
            got = sum(a.delivered for a in page.accounts.values())
            missing = sum(a.missing for a in page.accounts.values())
            print(f"client {page.client}: {got} bytes, {missing} in gaps; {page.seen}")

    def close(self):
        for page in self.pages:
            page.end()
        self.relay.close()
        for device in self.devices:
            device.running = False
        if self.program.process.poll() is None:
            self.program.process.kill()
        self.program.end()
        for device in self.devices:
            device.close()
        if self.own_disk:
            subprocess.run(["umount", "-l", self.recordings], check=False)
        shutil.rmtree(self.home, ignore_errors=True)


def soak(seed, seconds, own_disk):
    run = Run(seed, own_disk)
    try:
        for device in run.devices:
            device.start()
        run.trouble(seconds)
        run.settle()
        for page in run.pages:
            page.end()
        code = run.program.stop()
        if code != 0:
            raise Wrong(f"the daemon ended with {code}")
        run.check_recordings()
        run.summary()
        return run
    except BaseException:
        run.summary()
        print(b"".join(run.log[-50:]).decode(errors="replace"))
        for page in run.pages:
            print(page.client, page.state(), *(page.history if page.wrong else ()), sep="\n    ")
        print([(d.name, d.at) for d in run.devices])
        raise
    finally:
        run.close()


def with_own_mounts():
    """Run again where the disk can be filled without harm to anybody; True if this is that run."""
    if os.environ.get("PM_SOAK_MOUNTS"):
        return os.environ["PM_SOAK_MOUNTS"] == "yes"
    command = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    works = subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    os.environ["PM_SOAK_MOUNTS"] = "yes" if works else "no"
    if works:
        os.execvp(command[0], [*command, sys.executable, *sys.argv])
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=45)
    options = parser.parse_args()
    own_disk = with_own_mounts()
    print(f"seed {options.seed}, {options.seconds:g} seconds{'' if own_disk else ', without a disk of its own'}", flush=True)
    run = soak(options.seed, options.seconds, own_disk)
    quiet = [p.client for p in run.pages if p.seen["connected"] < 2]
    if quiet:
        raise Wrong(f"nothing ever happened to the clients {quiet}")
    for what in ("upgraded", "stayed"):
        if not any(page.seen[what] for page in run.changing):
            raise Wrong(f"no client ever {what}, though some change their transport")
    print("every byte is accounted for")


if __name__ == "__main__":
    main()
