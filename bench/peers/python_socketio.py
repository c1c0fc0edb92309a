"""python_socketio.py TERMINAL... - the usual server in Python: python-socketio on eventlet, pyserial for the devices, a room
for each device."""
import sys

import eventlet

eventlet.monkey_patch()
import eventlet.tpool  # noqa: E402
import serial  # noqa: E402
import socketio  # noqa: E402

server = socketio.Server(async_mode="eventlet", cors_allowed_origins="*", max_http_buffer_size=10_000_000)
ports = {}


@server.on("send-raw")
def send_raw(sid, data):
    ports[data["name"]].write(data["payload"])


@server.on("connect")
def connect(sid, environ):
    for name in ports:
        server.enter_room(sid, name)


@server.on("subscribe")
def subscribe(sid, data):
    for name in ports.keys() - set(data["names"]):
        server.leave_room(sid, name)
    return True


def read(name, port):
    while True:
        data = eventlet.tpool.execute(lambda: port.read(max(1, min(65536, port.in_waiting))))
        if data:
            server.emit(name, data, room=name)


for number, path in enumerate(sys.argv[1:]):
    ports[f"bench{number}"] = serial.Serial(path, 115200, timeout=None)
    eventlet.spawn(read, f"bench{number}", ports[f"bench{number}"])
listener = eventlet.listen(("127.0.0.1", 0))
print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
eventlet.wsgi.server(listener, socketio.WSGIApp(server), log_output=False)
