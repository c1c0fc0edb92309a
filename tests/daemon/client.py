"""client.py - a Socket.IO client that writes down every event, whatever its name, in the order in which they came."""
import daemon
import socketio
from daemon import wait_for


def in_order(io):
    """The same client, which hands over what arrives as it arrives: the library starts a thread for each message, and they
    race."""
    trigger = io.eio._trigger_event
    io.eio._trigger_event = lambda event, *args, run_async=False: trigger(event, *args)
    return io


class Client:
    def __init__(self, program, **options):
        self.got = []
        self.io = in_order(socketio.Client(reconnection=False, request_timeout=daemon.DEADLINE))
        self.io.on("*", lambda event, *args: self.got.append((event, *args)))
        self.io.connect(f"http://127.0.0.1:{program.port}", **{"wait_timeout": daemon.DEADLINE} | options)

    def call(self, event, data=None):
        return self.io.call(event, data, timeout=30)

    def events(self, name):
        return [args[0] for event, *args in self.got if event == name]

    def bytes_of(self, name):
        return b"".join(self.events(name))

    def wait_bytes(self, name, expected):
        wait_for(lambda: len(self.bytes_of(name)) >= len(expected), f"{len(expected)} bytes")
        assert self.bytes_of(name) == expected

    def wait_event(self, event, /, **members):
        """The first event of this name whose object has these members."""
        def found():
            return [e for e in self.events(event) if all(e.get(k) == v for k, v in members.items())]
        return wait_for(found, (event, members))[0]

    def close(self):
        self.io.disconnect()
