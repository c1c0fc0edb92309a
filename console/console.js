// console.js - the page at "/": devices and connections live, their bytes, and a line to send. Speaks Socket.IO by itself.
"use strict";

const $ = (id) => document.getElementById(id);
const decoder = new TextDecoder();
const terminals = new Map(); // connection name -> {element, text}
let socket = null;

/* ---- a Socket.IO client, as much of it as this page needs ---- */

function connect(onEvent, onState) {
  const ws = new WebSocket(`ws://${location.host}/socket.io/?EIO=4&transport=websocket`);
  const waiting = new Map();
  let nextId = 0, header = null, parts = [];
  ws.binaryType = "arraybuffer";

  function fill(value) {
    if (value && value._placeholder === true) return parts[value.num];
    if (Array.isArray(value)) return value.map(fill);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v)]));
    return value;
  }
  function dispatch(type, id, args) {
    if (type === "2" || type === "5") onEvent(args[0], args.slice(1));
    else if (waiting.has(id)) { waiting.get(id)(args[0]); waiting.delete(id); }
  }
  ws.onmessage = ({ data }) => {
    if (typeof data !== "string") {
      parts.push(data);
      if (header && parts.length === header.count) {
        const done = header;
        header = null;
        dispatch(done.type, done.id, fill(done.args));
      }
    } else if (data[0] === "0") ws.send("40");
    else if (data === "2") ws.send("3");
    else if (data.startsWith("40")) onState(true);
    else if (data.startsWith("44")) ws.close();
    else if (data[0] === "4") {
      const [, type, count, id, json] = /^4(\d)(?:(\d+)-)?(\d*)(.*)$/s.exec(data);
      const args = JSON.parse(json);
      if (count > 0) { header = { type, count: Number(count), id: Number(id), args }; parts = []; }
      else dispatch(type, Number(id), args);
    }
  };
  ws.onclose = () => onState(false);
  return {
    ask: (event, data) => new Promise((resolve) => {
      waiting.set(nextId, resolve);
      ws.send(`42${nextId++}${JSON.stringify(data === undefined ? [event] : [event, data])}`);
    }),
  };
}

/* ---- what is shown ---- */

function element(tag, text, attributes = {}) {
  const e = document.createElement(tag);
  if (text) e.textContent = text;
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  return e;
}

function showError(answer) {
  $("error").hidden = answer.ok;
  if (!answer.ok) $("error").textContent = answer.error.message;
}

async function ask(event, data) {
  const answer = await socket.ask(event, data);
  showError(answer);
  return answer;
}

function freeName(device) {
  const base = device.name.replace(/^virtual:/, "");
  let name = base;
  for (let i = 2; terminals.has(name); i++) name = `${base}-${i}`;
  return name;
}

function showDevices(devices) {
  $("no-devices").hidden = devices.length > 0;
  $("devices").replaceChildren(...devices.map((d) => {
    const li = element("li"), text = element("div");
    text.append(element("strong", d.product || d.description), element("small", `${d.address} — ${d.description}`));
    const button = element("button", d.connection ? "Connected" : "Connect", { "aria-label": `Connect ${d.product || d.address}` });
    button.disabled = d.connection !== null;
    button.onclick = () => ask("activate-connection", { name: freeName(d), address: d.address });
    li.append(text, button);
    return li;
  }));
}

function addConnection(c) {
  if (terminals.has(c.name)) return;
  const box = element("article", "", { class: "connection", "aria-label": c.name });
  const head = element("div", "", { class: "head" }), title = element("div");
  const close = element("button", "Disconnect", { "aria-label": `Disconnect ${c.name}` });
  title.append(element("strong", c.name), element("small", ` ${c.address}, ${c.options["baud-rate"]} baud`));
  close.onclick = () => ask("deactivate-connection", { name: c.name });
  head.append(title, close);
  const output = element("pre", "", { tabindex: "0", "aria-label": `Received from ${c.name}` });
  const form = element("form"), line = element("input", "", { "aria-label": `Send to ${c.name}`, placeholder: "text to send" });
  form.append(line, element("button", "Send"));
  form.onsubmit = (e) => {
    e.preventDefault();
    ask("send-raw", { name: c.name, payload: `${line.value}\r\n` });
    line.value = "";
  };
  box.append(head, output, form);
  $("connections").append(box);
  terminals.set(c.name, { box, output });
  $("no-connections").hidden = true;
}

function removeConnection(name) {
  const t = terminals.get(name);
  if (!t) return;
  t.box.remove();
  terminals.delete(name);
  $("no-connections").hidden = terminals.size > 0;
}

function receive(name, bytes) {
  const t = terminals.get(name);
  if (!t) return;
  const atEnd = t.output.scrollTop + t.output.clientHeight >= t.output.scrollHeight - 8;
  t.output.textContent = (t.output.textContent + decoder.decode(bytes)).slice(-20000);
  if (atEnd) t.output.scrollTop = t.output.scrollHeight;
}

async function refresh() {
  const [devices, connections] = [await socket.ask("list-devices"), await socket.ask("list-connections")];
  showDevices(devices.devices);
  for (const name of terminals.keys()) if (!connections.connections.some((c) => c.name === name)) removeConnection(name);
  connections.connections.forEach(addConnection);
}

function onEvent(event, args) {
  if (args[0] instanceof ArrayBuffer) receive(event, args[0]);
  else if (event === "rx-gap") receive(args[0].name, new TextEncoder().encode(`\n[${args[0].to - args[0].from} bytes missed]\n`));
  else refresh();
}

function start() {
  socket = connect(onEvent, (up) => {
    $("state").textContent = up ? "connected" : "The daemon does not answer. Trying again…";
    if (up) refresh();
    else setTimeout(start, 1000);
  });
}

start();
