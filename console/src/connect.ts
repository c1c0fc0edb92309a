// connect.ts - the page at /connect: a window through which the page that opened it reaches the daemon, for pages that the browser
// lets open a window but no socket. Whose page it is the browser says, with each message; what the page says of itself counts nothing.
const SOCKETS_MAX = 4;
const page = window.opener as Window | null;
const state = document.getElementById("state")!;
let sockets = 0;

// One socket for one port: text and bytes pass unchanged, both ways.
function relay(origin: string, port: MessagePort): void {
  const at = location.origin.replace(/^http/, "ws");
  const socket = new WebSocket(`${at}/socket.io/?EIO=4&transport=websocket&for=${encodeURIComponent(origin)}`);
  socket.binaryType = "arraybuffer";
  sockets++;
  state.textContent = `This window connects ${origin} with Peripheral Manager. Close it to end that.`;
  socket.onopen = () => port.postMessage({ open: true });
  socket.onmessage = ({ data }) => port.postMessage({ data });
  socket.onclose = ({ code }) => {
    sockets--;
    port.postMessage({ closed: code });
    port.close();
  };
  port.onmessage = ({ data }) => {
    if (data === null) socket.close();
    else if (socket.readyState === WebSocket.OPEN && (typeof data === "string" || data instanceof ArrayBuffer || ArrayBuffer.isView(data)))
      socket.send(data as string | ArrayBuffer);
  };
}

addEventListener("message", ({ source, origin, data, ports }) => {
  if (page && source === page && data === "connect" && ports.length === 1 && sockets < SOCKETS_MAX) relay(origin, ports[0]);
});

page?.postMessage("ready", "*"); // which is no secret
setInterval(() => page?.closed && close(), 1000);
