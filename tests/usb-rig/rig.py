"""rig.py - a machine with a real USB stack, booted in QEMU without hardware, KVM, network or root.

The guest's file system is this machine's: a program that was just built here runs there, with the libraries of here.
Devices are played by this process (usb.py), so a test holds both ends of the wire. Everything ends with the process.
"""
import asyncio
import contextlib
import json
import os
import secrets
import shlex
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

import kernel
from usb_redir import Redir

AGENT_PORT = 1  # of the guest, whose address is QEMU's usual 10.0.2.15
BOOT_DEADLINE = 120
COMMAND_DEADLINE = 300
LIFETIME = 900  # seconds, whatever becomes of a test that asks for no more
COMMAND_LINE = ("console=ttyS0 quiet panic=-1 mitigations=off no_timer_check tsc=reliable lpj=4000000 8250.nr_uarts=4 "
                "i8042.noaux i8042.nokbd audit=0 apparmor=0 cryptomgr.notests=1 rcupdate.rcu_expedited=1 nokaslr "
                "net.ifnames=0")


class RigError(Exception):
    pass


class Rig:
    def __init__(self, lifetime=LIFETIME):
        self.lifetime = lifetime
        self.folder = tempfile.mkdtemp(prefix="pm-usb-")
        self.shared = os.path.join(self.folder, "shared")  # /run/rig in the guest
        os.mkdir(self.shared)
        self.token = secrets.token_hex(16)
        self.sockets, self.plugged = {}, 0  # of the host controller, that are taken: QEMU's name, the way to the device
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.machine = None
        try:
            self.boot()
        except BaseException:
            self.stop()
            raise

    def path(self, name):
        return os.path.join(self.folder, name)

    # ---- the machine ----

    def boot(self):
        if not os.path.exists(os.path.join(kernel.LAYER, "vmlinux")):
            raise RigError("no kernel for the guest: tools/install-deps --usb fetches it")
        with open(os.path.join(self.shared, "token"), "w") as f:
            f.write(self.token)
        kernel.call("cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-o", os.path.join(self.shared, "agent"),
                    os.path.join(kernel.HERE, "agent.c"))
        kernel.write_initramfs(self.path("initramfs"))
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.agent_port = s.getsockname()[1]
        with open(self.path("errors"), "wb") as errors:  # setpriv: ends with us; timeout: and at some time in any case
            self.machine = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "timeout", "--kill-after=5", str(self.lifetime), *self.command()],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        self.await_ready()
        self.monitor = Monitor(self.path("monitor"))

    def command(self):
        def share(name, path, options):
            return ["-fsdev", f"local,id={name},path={path},security_model=none,{options}",
                    "-device", f"virtio-9p-pci,fsdev={name},mount_tag={name}"]

        return [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine",
            "q35,hpet=off,smbus=off,sata=off,vmport=off", "-accel", "tcg,tb-size=256", "-smp", "2", "-m", "768", "-no-reboot",
            "-kernel", os.path.join(kernel.LAYER, "vmlinux"), "-initrd", self.path("initramfs"), "-append", COMMAND_LINE,
            "-chardev", f"file,id=console,path={self.path('console')}", "-serial", "chardev:console",
            "-chardev", f"socket,id=monitor,path={self.path('monitor')},server=on,wait=off",
            "-mon", "chardev=monitor,mode=control", *share("host", "/", "readonly=on,multidevs=remap"),
            *share("layer", kernel.LAYER, "readonly=on,multidevs=remap"), *share("rig", self.shared, "multidevs=remap"),
            "-netdev", f"user,id=net,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:{self.agent_port}-:{AGENT_PORT}",
            "-device", "virtio-net-pci,netdev=net,romfile=", "-device", "qemu-xhci,id=xhci,p2=15,p3=0"]

    def await_ready(self):
        end = time.monotonic() + BOOT_DEADLINE
        while time.monotonic() < end and self.machine.poll() is None:
            with contextlib.suppress(FileNotFoundError), open(self.path("console"), "rb") as f:
                if b"usb-rig: ready" in f.read():
                    return
            time.sleep(0.02)
        said = ""
        for name in ("errors", "console"):
            with contextlib.suppress(OSError), open(self.path(name), errors="replace") as f:
                said += f.read()[-2000:]
        raise RigError(f"the guest did not come up; it said:\n{said}")

    def stop(self):
        if self.machine:
            self.machine.terminate()
            self.machine.wait(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- devices ----

    def plug(self, device, port):
        """Put a device into a socket, 1 to 15. Returns when the guest's kernel and udev are done with it."""
        self.attach(device, port)
        place = f"/sys/bus/usb/devices/1-{port}"
        self.guest(f"udevadm wait --settle --timeout=60 {place}:1.0")
        return self.nodes(port)

    def attach(self, device, port):
        """The same without waiting."""
        self.plugged += 1
        name, path = f"device{self.plugged}", self.path(f"device{self.plugged}")
        backend = {"type": "socket", "data": {"addr": {"type": "unix", "data": {"path": path}}, "server": True,
                                              "wait": False}}
        self.monitor.ask("chardev-add", id=name, backend=backend)
        self.monitor.ask("device_add", driver="usb-redir", id=name, bus="xhci.0", port=str(port), chardev=name)
        connecting = self.loop.create_unix_connection(lambda: Redir(device), path)
        transport, _ = asyncio.run_coroutine_threadsafe(connecting, self.loop).result(30)
        self.sockets[port] = name, transport

    def nodes(self, port):
        """The terminals that a device in this socket made: ["/dev/ttyUSB0"]."""
        out = self.guest(f"grep -rhs --include=uevent ^DEVNAME=tty /sys/bus/usb/devices/1-{port}/*/ || true")
        return sorted({"/dev/" + line[8:] for line in out.split()})

    def unplug(self, port):
        """Pull it out, whatever is going on."""
        name, transport = self.sockets.pop(port)
        self.monitor.ask("device_del", id=name)  # its character device and socket go with it
        self.loop.call_soon_threadsafe(transport.abort)

    # ---- the guest ----

    def connect(self, verb):
        s = socket.create_connection(("127.0.0.1", self.agent_port), COMMAND_DEADLINE)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(f"{self.token} {verb}\n".encode())
        return s

    def run(self, command):
        """Run a shell command in the guest: its exit status and what it said."""
        line, said = command.encode(), b""
        with self.connect(f"exec {len(line)}") as s, s.makefile("rb") as f:
            s.sendall(line)
            while len(head := f.read(5)) == 5:
                kind, length = struct.unpack(">cI", head)
                data = f.read(length)
                if kind == b"x":
                    return int(data), said.decode(errors="replace")
                said += data
        raise RigError(f"the guest went away: {said.decode(errors='replace')}")

    def guest(self, command):
        """The same for a command that must not fail: what it said."""
        code, said = self.run(command)
        if code:
            raise RigError(f"{command}: exit status {code}: {said}")
        return said

    def spawn(self, name, *words):
        """Leave a program running in the guest; its process id there. It writes to the file that log() reads."""
        with open(os.path.join(self.shared, f"{name}.log"), "w"):
            line = f"exec {shlex.join(words)} < /dev/null >> /run/rig/{name}.log 2>&1"
        return int(self.guest(f"setsid sh -c {shlex.quote(line)} & echo $!"))

    def log(self, name):
        with open(os.path.join(self.shared, f"{name}.log"), errors="replace") as f:
            return f.read()

    def forward(self):
        """A port of 127.0.0.1 here that leads to the one of the same number of the guest's loopback."""
        async def serve(reader, writer):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.agent_port)
            port = writer.get_extra_info("sockname")[1]
            far_writer.write(f"{self.token} tcp {port}\n".encode())
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

        starting = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0), self.loop)
        return starting.result(10).sockets[0].getsockname()[1]


async def copy(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


class Monitor:
    """QEMU's monitor."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw")
        self.file.readline()  # the greeting
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while line := self.file.readline():  # events come in between
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RigError(answer["error"]["desc"])
        raise RigError("QEMU went away")
