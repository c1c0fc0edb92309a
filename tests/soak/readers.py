"""readers.py - the pages of a run, each a process that comes again when it crashes, and the account of what each got."""
import base64
import collections
import json
import os
import pathlib
import subprocess
import threading

from account import Account, Wrong

HERE = pathlib.Path(__file__).parent


SCRIPTS = {"python": ["/usr/bin/python3", str(HERE / "page.py")], "plain": ["/usr/bin/python3", str(HERE / "plain.py")]}


class Page:
    """`transports` are those that it uses; else it takes others with each visit."""

    def __init__(self, client, url, names, rng, transports=None):
        self.client, self.url, self.names, self.rng, self.transports = client, url, names, rng, transports
        self.accounts, self.places = {}, {}
        self.seen = {"connected": 0, "recovered": 0, "crashed": 0, "gap": 0, "restored": 0, "upgraded": 0, "stayed": 0}
        self.wrong = None
        self.history = collections.deque(maxlen=40)
        self.calm = self.ended = False
        self.process = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def spawn(self):
        options = {"client": self.client, "url": self.url, "names": self.names, "places": self.places,
                   "seed": self.rng.randrange(1 << 30), "calm": self.calm, "transports": self.transports}
        command = SCRIPTS.get(self.client, ["node", str(HERE / "page.mjs")])
        self.process = subprocess.Popen([*command, json.dumps(options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=os.environ | {"PM_CLIENTS": str(HERE.parent / "clients")})

    def run(self):
        while not self.ended and not self.wrong:
            self.spawn()
            for line in self.process.stdout:
                told = json.loads(line)
                try:
                    self.take(told)
                except Wrong as wrong:
                    self.wrong = f"{told['name']}: {wrong}"
                    break
            self.process.stdout.close()
            self.process.stdin.close()
            self.process.kill()
            self.process.wait()

    def take(self, told):
        kind, name = told["kind"], told.get("name")
        if kind in self.seen:
            self.seen[kind] += 1
        self.seen["recovered"] += bool(told.get("recovered"))
        before = self.places.get(name)
        self.history.append({k: v for k, v in told.items() if k != "bytes"})
        if "place" in told:
            self.places[name] = dict(told["place"])
        if kind == "begun":
            self.accounts[name] = Account()
        elif kind == "bytes":
            self.accounts[name].bytes(base64.b64decode(told["bytes"]))
        elif kind == "gap":
            if told["from"] != before["offset"]:
                raise Wrong(f"the gap {told} begins elsewhere than the reader stands: {before}")
            self.accounts[name].gap(told["to"] - told["from"] if told["reason"] == "slow" else None)
        elif kind == "restored":
            self.accounts[name].gap()  # what the device said while it was away, nobody knows

    def be_calm(self):
        self.calm = True
        try:
            self.process.stdin.write(b"calm\n")
            self.process.stdin.flush()
        except (OSError, ValueError):
            pass  # it has just crashed, and comes again calm

    def end(self):
        self.ended = True
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.thread.join(10)

    def state(self):
        return {name: (a.next, a.low, len(a.found)) for name, a in self.accounts.items()}
