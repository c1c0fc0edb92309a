// node_ws.mjs TERMINAL... - ws and serialport: raw bytes over WebSocket; path /0 is the first terminal.
import { SerialPort } from "serialport";
import { WebSocketServer } from "ws";

const ports = process.argv.slice(2).map((path) => new SerialPort({ path, baudRate: 115200 }));
const clients = ports.map(() => new Set());
ports.forEach((port, i) => port.on("data", (data) => clients[i].forEach((client) => client.send(data))));
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false }, () =>
  console.log(`listening on 127.0.0.1:${server.address().port}`));
server.on("connection", (socket, request) => {
  const line = Number(request.url.slice(1));
  clients[line].add(socket);
  socket.on("close", () => clients[line].delete(socket));
  socket.on("message", (data) => ports[line].write(data));
});
