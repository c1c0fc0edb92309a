"""Debian's python3-socketio by each of its transports, against the conformance server."""
import os
import queue
import re
import subprocess
import unittest

import socketio

DEADLINE = 30  # seconds, for what should take milliseconds: the machine may be busy
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}


class Server:
    """pm-conformance on a free port."""

    def __init__(self, *options):
        command = [os.environ["PM_CONFORMANCE"], "--port", "0", *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = "http://127.0.0.1:" + re.search(r":(\d+)$", self.process.stdout.readline()).group(1)

    def stop(self):
        self.process.terminate()
        code = self.process.wait(DEADLINE)
        self.process.stdout.close()
        assert code == 0, f"pm-conformance ended with {code}"


class Client:
    """A connected client whose events are read one by one."""

    def __init__(self, url, transports, namespace="/", auth=None):
        self.events = queue.Queue()
        self.namespace = namespace
        self.sio = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2)
        for name in ("auth", "message-back", "answer", "connect", "disconnect"):
            self.sio.on(name, lambda *args, name=name: self.events.put((name, list(args))), namespace=namespace)
        self.sio.on("question", lambda *args: tuple(args) + ("yes",), namespace=namespace)
        self.sio.connect(url, transports=transports, namespaces=[namespace], auth=auth, wait_timeout=DEADLINE)
        self.transport = transports[-1]

    def next(self, wanted):
        """The arguments of the next event of that name; others are left out."""
        while True:
            name, args = self.events.get(timeout=DEADLINE)
            if name == wanted:
                return args

    def emit(self, name, *args):
        self.sio.emit(name, tuple(args), namespace=self.namespace)

    def close(self):
        self.sio.disconnect()


class Python(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--max-payload", 2000000)
        cls.hasty = Server("--ping-interval", 300, "--ping-timeout", 700)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.hasty.stop()

    def by_each(self, check):
        for name, transports in TRANSPORTS.items():
            with self.subTest(transport=name):
                check(transports)

    def echo(self, client, *args):
        client.emit("message", *args)
        self.assertEqual(client.next("message-back"), list(args))

    def test_text_binary_and_megabytes(self):
        def check(transports):
            client = Client(self.server.url, transports, auth={"token": "T"})
            self.assertEqual(client.next("auth"), [{"token": "T"}])
            self.assertEqual(client.sio.transport(), client.transport)
            self.echo(client, "plain", 1, -2.5, True, None, {"nested": [{"": []}]})
            self.echo(client, "😀 é € \u2028 \u0000 \"\\")
            self.echo(client, bytes(range(256)))
            self.echo(client, {"a": [b"\x01\x02", {"b": b""}], "c": "x"}, b"\xff" * 70000)
            self.echo(client, "y" * 1000000)
            self.echo(client, b"\x00\x1e\xff\x7f" * 250000)
            client.close()
        self.by_each(check)

    def test_acknowledgements_both_ways(self):
        def check(transports):
            client = Client(self.server.url, transports)
            for args in ((1, "2", {"3": [False]}), ([b"\x05"], {"deep": {"er": b"\x06"}})):
                answer = client.sio.call("message-with-ack", args, timeout=DEADLINE)
                self.assertEqual(answer, args)
            client.emit("ask-me", "is it 😀", b"\x09")
            self.assertEqual(client.next("answer"), ["is it 😀", b"\x09", "yes"])
            client.close()
        self.by_each(check)

    def test_many_messages_by_polling_arrive(self):
        def check(transports):  # this client starts a thread for each message, so their order is its own affair
            client = Client(self.server.url, transports)
            for i in range(100):
                client.emit("message", i)
            self.assertEqual(sorted(client.next("message-back")[0] for _ in range(100)), list(range(100)))
            client.close()
        self.by_each(check)

    def test_namespaces_joined_and_refused(self):
        def check(transports):
            custom = Client(self.server.url, transports, namespace="/custom", auth={"token": "N"})
            self.assertEqual(custom.next("auth"), [{"token": "N"}])
            custom.close()
            refused = queue.Queue()
            sio = socketio.Client(reconnection=False)
            sio.on("connect_error", refused.put, namespace="/nowhere")
            sio.connect(self.server.url, transports=transports, namespaces=["/nowhere"], wait=False)
            self.assertEqual(refused.get(timeout=DEADLINE), {"message": "Invalid namespace"})
            sio.disconnect()
        self.by_each(check)

    def test_heartbeats_keep_an_idle_client_alive(self):
        clients = [Client(self.hasty.url, transports) for transports in TRANSPORTS.values()]
        for client in clients:
            client.next("auth")
        for client in clients:  # for longer than interval and timeout together, nothing happens
            with self.assertRaises(queue.Empty):
                client.events.get(timeout=1.5)
        for client in clients:
            self.echo(client, "still here")
            client.close()

    def test_a_cut_connection_is_made_anew(self):
        def check(transports):
            client = Client(self.server.url, transports)
            client.next("connect")
            first = client.sio.sid
            client.emit("drop-me")
            client.next("disconnect")
            client.next("connect")
            self.assertNotEqual(client.sio.sid, first)
            self.echo(client, "back")
            client.close()
        self.by_each(check)


if __name__ == "__main__":
    unittest.main()
