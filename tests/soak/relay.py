"""relay.py - stands between a page and the daemon and meddles with its change from polling to a WebSocket, while bytes stream: it
comes late, is refused, or breaks off when the first word is spoken over it."""
import asyncio
import contextlib
import threading

PIECE = 65536


class Relay:
    def __init__(self, port, rng):
        self.port, self.rng = port, rng
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        starting = asyncio.run_coroutine_threadsafe(asyncio.start_server(self.serve, "127.0.0.1", 0), self.loop)
        self.own_port = starting.result(10).sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        with contextlib.suppress(OSError):
            await self.pass_on(reader, writer)
        writer.close()

    async def pass_on(self, reader, writer):
        first = await reader.read(PIECE)
        changes = b"sid=" in first.split(b"\r\n")[0] and b"upgrade: websocket" in first.lower()
        fate = self.rng.choice(("late", "refused", "broken")) if changes else None
        if fate == "refused":
            return
        if fate == "late":
            await asyncio.sleep(1.5 * self.rng.random())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        far_writer.write(self.as_for_the_daemon(first))
        ways = [asyncio.ensure_future(copy(far_reader, writer))]
        if fate == "broken":
            await reader.read(1)
            ways[0].cancel()
        else:
            ways.append(asyncio.ensure_future(copy(reader, far_writer, self.as_for_the_daemon)))
        await asyncio.wait(ways)
        far_writer.close()

    def as_for_the_daemon(self, data):
        """Under the name that it has, as a proxy in front of it would ask: others are not served."""
        return data.replace(b"127.0.0.1:%d" % self.own_port, b"127.0.0.1:%d" % self.port)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)


async def copy(reader, writer, edit=lambda data: data):
    with contextlib.suppress(OSError):
        while data := await reader.read(PIECE):
            writer.write(edit(data))
            await writer.drain()
    writer.close()
