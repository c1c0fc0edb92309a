"""guest-watch.py PORT NAME - runs in the guest: says when the kernel told of a terminal, when udev did, and when the daemon
told that the connection NAME is back; on the clock of the guest, in seconds, as one JSON object."""
import json
import select
import socket
import sys
import time

import websocket

port, name = sys.argv[1:]
KERNEL, UDEV = 1, 2  # multicast groups of NETLINK_KOBJECT_UEVENT
NETLINK_KOBJECT_UEVENT = 15


def listen(group):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
    s.bind((0, group))
    return s


kernel, udev = listen(KERNEL), listen(UDEV)
daemon = websocket.create_connection(f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket", timeout=60)
daemon.send("40")
print("ready", flush=True)
times = {}
while "restored" not in times:
    for ready in select.select([kernel, udev, daemon.sock], [], [], 60)[0]:
        now = time.monotonic()
        if ready is daemon.sock:
            said = daemon.recv()
            if said == "2":
                daemon.send("3")
            if isinstance(said, str) and said.startswith('42["connection-restored"') and f'"name":"{name}"' in said:
                times["restored"] = now
        else:
            message = ready.recv(65536)
            if b"SUBSYSTEM=tty" in message and b"ACTION=add" in message:
                times.setdefault("kernel" if ready is kernel else "udev", now)
print(json.dumps(times))
