"""faults.py - what goes wrong around the daemon in a run: it is killed, stopped, runs out of descriptors and disk, its devices are
pulled out, somebody sets the clock."""
import os
import resource
import signal
import socket
import time


class Faults:
    """Each fault is a method; it ends with everything as it was."""

    def __init__(self, run):
        self.run, self.rng = run, run.rng
        self.done = {}

    def kinds(self):
        names = ["kill", "stand_still", "replug", "exhaust_descriptors", "set_clock"]
        return names + (["fill_disk"] if self.run.own_disk else [])

    def one(self, name):
        getattr(self, name)()
        self.done[name] = self.done.get(name, 0) + 1

    def wait(self, least, most):
        time.sleep(least + (most - least) * self.rng.random())

    def kill(self):
        self.run.kill_daemon()
        self.run.take_recordings()
        self.wait(0, 1)
        self.run.start_daemon()

    def stand_still(self):  # I15
        os.kill(self.run.pid(), signal.SIGSTOP)
        self.wait(0.2, 2)
        os.kill(self.run.pid(), signal.SIGCONT)

    def replug(self):
        for event in ("unplug-virtual", "plug-virtual"):
            self.run.control(event, {"address": "virtual:echo"})
            self.wait(0, 0.5)

    def set_clock(self):
        """By minutes or years, forth or back, and sometimes to what it should be (I13). It stays so until the next time."""
        wrong = (0, 0.1, 2, 24, 24 * 365 * 10, -0.1, -2, -24, -24 * 365 * 10)
        self.run.clock.set(self.rng.choice([hours for hours in wrong if hours != self.run.clock.hours]))
        self.wait(0.5, 2)

    def exhaust_descriptors(self):
        """As many as are open now are all that it may have (I09)."""
        pid = self.run.pid()
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
        callers = [socket.socket() for _ in range(10)]
        for caller in callers:
            caller.settimeout(1)
            try:
                caller.connect(("127.0.0.1", self.run.port))
            except OSError:
                pass  # this is what is tried
        self.wait(0.5, 2)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        for caller in callers:
            caller.close()

    def fill_disk(self):
        """Recordings get gaps, devices go on (I02)."""
        ballast = f"{self.run.recordings}/ballast"
        try:
            with open(ballast, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(65536))
        except OSError:
            self.wait(1, 3)
        os.unlink(ballast)
