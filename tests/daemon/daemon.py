"""daemon.py - starts a program on a free port and ends it: what the tests of whole programs share."""
import json
import os
import pty
import re
import select
import subprocess
import tempfile
import time
import tty
import urllib.error
import urllib.request

DEADLINE = 30  # seconds for anything that is awaited


def environment(home):
    """Variables that keep a daemon's configuration, state and runtime files in a folder of the test's own."""
    mine = {key: value for key, value in os.environ.items() if key != "DBUS_SESSION_BUS_ADDRESS"}  # a person's own desktop
    return mine | {"XDG_CONFIG_HOME": f"{home}/config", "XDG_STATE_HOME": f"{home}/state",
                         "XDG_RUNTIME_DIR": f"{home}/run"}


class Server:
    """One that listens on `port` of this machine."""

    def request(self, method, path, body=None, headers=None):
        """Status, headers and body of one request."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def post(self, event, data):
        status, _, body = self.request("POST", f"/api/v1/{event}", json.dumps(data).encode(),
                                       {"Content-Type": "application/json"})
        return status, json.loads(body)


class Program(Server):
    """A server process; `port` is where it says that it listens. Its folders are in `home`, which ends with it unless the
    test brings one; `under` is a command that runs it."""

    def __init__(self, path, *options, home=None, under=()):
        self.own_home = None if home else tempfile.TemporaryDirectory(prefix="pm-test-")
        self.home = home or self.own_home.name
        if os.path.basename(path) == "peripheral-manager":
            options = ("--allow-root", *options)
        options = options if "--port" in options else ("--port", "0", *options)
        self.process = subprocess.Popen([*under, path, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
                                        env=environment(self.home))
        while not (found := re.search(r"(?:localhost|port|127\.0\.0\.1)[: ](\d+)", text := self.line())):
            if not text:
                raise AssertionError("the program ended at once")
        self.port = int(found.group(1))

    def line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        if not ready:
            raise TimeoutError("the program says nothing")
        return self.process.stdout.readline().decode()

    def stop(self):
        self.process.terminate()
        return self.end()

    def kill(self):
        """As a power cut would end it, but for what the kernel has already."""
        self.process.kill()
        return self.end()

    def end(self):
        code = self.process.wait(DEADLINE)
        self.process.stdout.close()
        if self.own_home:
            self.own_home.cleanup()
        return code


class Line:
    """A serial line whose far end the test plays: a pseudo terminal."""

    def __init__(self):
        self.far, near = pty.openpty()
        tty.setraw(near)
        self.path = os.ttyname(near)
        self.near = near

    def read(self, n):
        """n bytes, or what there is when none has come for a while: a busy machine may take long for all of them."""
        data = b""
        while len(data) < n and select.select([self.far], [], [], DEADLINE)[0]:
            data += os.read(self.far, n - len(data))
        return data

    def write(self, data):
        os.write(self.far, data)

    def close(self):
        os.close(self.near)
        os.close(self.far)


def wait_for(condition, what):
    """Wait until condition() is true; its value is returned."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {DEADLINE} s: {what}")


def resident(program):
    """Bytes of memory that are the process's own. 0 where a sanitizer's are among them, which keeps what was freed: it is
    the plain build that is held to the bounds."""
    with open(program.process.args[0], "rb") as file:
        program_text = file.read()
        if b"__asan_init" in program_text or b"__tsan_init" in program_text:
            return 0
    with open(f"/proc/{program.process.pid}/statm") as file:
        pages = file.read().split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
