// node_socketio.mjs TERMINAL... - the usual server in Node: socket.io and serialport; a room for each device.
import { createServer } from "node:http";
import { SerialPort } from "serialport";
import { Server } from "socket.io";

const http = createServer(), io = new Server(http, { cors: { origin: "*" } });
const ports = Object.fromEntries(process.argv.slice(2).map((path, i) => [`bench${i}`, new SerialPort({ path, baudRate: 115200 })]));
for (const [name, port] of Object.entries(ports)) port.on("data", (data) => io.to(name).emit(name, data));
io.on("connection", (socket) => {
  socket.join(Object.keys(ports));
  socket.on("send-raw", ({ name, payload }) => ports[name].write(payload));
  socket.on("subscribe", ({ names }, done) => {
    for (const name of Object.keys(ports)) names.includes(name) || socket.leave(name);
    done();
  });
});
http.listen(0, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${http.address().port}`));
