// attack_rows.mjs - what pages try, row by row: the number in the list of hostile inputs, what it is, whose page tries it, the try
// (fixtures/attack.js), what the page may see of it, and what the daemon notes.
//
// Whose page: "new" is an origin of the row's own, "granted" one that the person allowed; everything else is the host of an origin.

const LIST = "/api/v1/list-devices", SEND = "/api/v1/send-raw", ACTIVATE = "/api/v1/activate-connection";
const STOLEN = '{"name":"secret","payload":"stolen"}', JSON_TYPE = "application/json", POLLING = "/socket.io/?EIO=4&transport=polling";
const SOCKET = "/socket.io/?EIO=4&transport=websocket";
const LOCAL = "local-network-access *; local-network *; loopback-network *"; // what a page can pass on to a frame
const post = (type, body, more) => ({ method: "POST", headers: type ? { "Content-Type": type } : {}, body, ...more });
const REFUSED = "origin_refused", ASKED = "consent_asked", HOST = "host_refused";
const NOT_ASKED = /^403 .*consent-required/, FORBIDDEN = /^403 .*sender-not-allowed/, NO_ORIGIN = /^blocked$/, UNREAD = /^(opaque|blocked)$/, WAITS = /^(held|closed)$/, NOTHING = /^(nothing|error|blocked)$/;

export function rows({ http, ws, other, port }) {
  const simple = [
    ["B19", "fetch says that we are here, and nothing else", "new", ["fetch", `${http}/health`], /^200 \{"peripheral_manager":1\}$/],
    ["B19", "fetch of the devices", "new", ["fetch", http + LIST], NOT_ASKED],
    ["B19", "fetch with credentials", "new", ["fetch", http + LIST, { credentials: "include" }], NOT_ASKED],
    ["B19", "fetch that may not be read", "new", ["fetch", http + LIST, { mode: "no-cors" }], UNREAD, REFUSED],
    ["B19", "fetch of JSON", "new", ["fetch", http + ACTIVATE, post(JSON_TYPE, '{"name":"x","address":"virtual:echo"}')], NOT_ASKED],
    ["B10", "fetch of JSON as text", "new", ["fetch", http + SEND, post("text/plain", STOLEN)], NOT_ASKED],
    ["B10", "fetch of JSON as text, not to be read", "new", ["fetch", http + SEND, post("text/plain", STOLEN, { mode: "no-cors" })], UNREAD],
    ["B10", "fetch of a form, not to be read", "new",
      ["fetch", http + SEND, post("application/x-www-form-urlencoded", "name=secret&payload=stolen", { mode: "no-cors", credentials: "include" })], UNREAD],
    ["B33", "fetch with PUT", "new", ["fetch", http + SEND, { method: "PUT", body: STOLEN }], /^blocked$/],
    ["B33", "fetch with DELETE", "new", ["fetch", `${http}/recordings/x`, { method: "DELETE" }], /^blocked$/],
    ["B33", "fetch with a field of its own", "new", ["fetch", http + LIST, { headers: { "X-Evil": "1" } }], /^blocked$/],
    ["B36", "fetch with a token that it made up", "new", ["fetch", http + LIST, { headers: { Authorization: `Bearer pmt_${"A".repeat(43)}` } }], /^(401 .*token-required|503)/],
    ["B36", "fetch with a token in the address", "new", ["fetch", `${http + LIST}?token=pmt_x`], /^(400 .*token-in-url|blocked)/],
    ["B11", "fetch with a callback in the address", "new", ["fetch", `${http + LIST}?j=0`], /^(400 .*jsonp|blocked)/],
    ["B17", "fetch of the console's questions", "new", ["fetch", `${http}/console/api/consent-list`], FORBIDDEN, REFUSED],
    ["B17", "fetch of a yes to itself", "new", ["fetch", `${http}/console/api/consent-approve`, post(JSON_TYPE, '{"id":"q_1"}')], /^(403 .*sender|blocked)/, REFUSED],
    ["B17", "fetch of a yes to itself, as text", "new", ["fetch", `${http}/console/api/consent-approve`, post("text/plain", '{"id":"q_1"}', { mode: "no-cors" })], UNREAD, REFUSED],
    ["B18", "fetch that guesses a code", "new", ["fetch", `${http}/console/api/session`, post("text/plain", `{"code":"${"A".repeat(22)}"}`, { mode: "no-cors" })], UNREAD, REFUSED],
    ["B14", "fetch of the console's page", "new", ["fetch", `${http}/`], FORBIDDEN, REFUSED],
    ["B14", "fetch of the console's script", "new", ["fetch", `${http}/console.js`], FORBIDDEN, REFUSED],
    ["B19", "fetch of the figures", "new", ["fetch", `${http}/metrics`], FORBIDDEN, REFUSED],
    ["B19", "fetch of a recording", "new", ["fetch", `${http}/recordings/2026`], NOT_ASKED],
    ["B19", "fetch by way of a redirect", "new", ["fetch", "/redirect"], NOT_ASKED],
    ["B08", "fetch by way of another origin's redirect", "new", ["fetch", `${other}/redirect`], NO_ORIGIN, REFUSED],
    ["B19", "XMLHttpRequest", "new", ["xhr", "GET", http + LIST], NOT_ASKED],
    ["B19", "XMLHttpRequest with credentials", "new", ["xhr", "GET", http + LIST, null, null, true], NOT_ASKED],
    ["B19", "XMLHttpRequest with JSON", "new", ["xhr", "POST", http + SEND, JSON_TYPE, STOLEN], NOT_ASKED],
    ["B10", "XMLHttpRequest with JSON as text", "new", ["xhr", "POST", http + SEND, "text/plain", STOLEN], NOT_ASKED],
    ["B10", "a beacon of text", "new", ["beacon", http + SEND, "text/plain", STOLEN], /^sent$/],
    ["B10", "a beacon to the console", "new", ["beacon", `${http}/console/api/consent-approve`, "text/plain", '{"id":"q_1"}'], /^sent$/, REFUSED],
    ["B10", "a beacon of JSON", "new", ["beacon", http + SEND, JSON_TYPE, STOLEN], /^sent$|^blocked$/],
  ];
  const form = (action, enctype, target, noted, method = "POST") =>
    ["form", http + action, method, enctype, enctype === "text/plain" ? { '{"name":"secret","payload":"stolen","x":"': '"}' } : { name: "secret", payload: "stolen" }, target, noted];
  const forms = [
    ["B10", "a form in a frame", form(SEND, "application/x-www-form-urlencoded", "inside")],
    ["B10", "a form whose text is JSON, in a frame", form(SEND, "text/plain", "inside")],
    ["B10", "a form whose text is JSON, in a window", form(SEND, "text/plain", "_blank")],
    ["B10", "a form of several parts", form(SEND, "multipart/form-data", "inside")],
    ["B10", "a form that asks the console", form("/console/api/consent-approve", "text/plain", "_blank", REFUSED)],
    ["B10", "a form that posts packets", form(POLLING, "text/plain", "inside")],
    ["B10", "a form that gets", form(SEND, "application/x-www-form-urlencoded", "inside", REFUSED, "GET")],
  ].map(([row, what, [word, action, method, enctype, fields, target, noted]]) =>
    [row, what, "new", [word, action, method, enctype, fields, target], /^sent$/, noted]);
  const element = (row, name, attributes, sees = NOTHING, noted = REFUSED) =>
    [row, `<${name}> of ${Object.values(attributes).map((v) => v.replace(http, "")).join(" ")}`, "new", ["element", name, attributes], sees, noted];
  const elements = [
    element("B11", "img", { src: `${http}/` }),
    element("B11", "img", { src: `${http}/icon.svg` }),
    element("B11", "img", { src: http + LIST }),
    element("B11", "img", { src: `${http}${POLLING}` }),
    element("B11", "img", { src: `${http}/metrics` }),
    element("B11", "img", { src: `${http}/console/api/grant-list` }),
    element("B11", "script", { src: `${http}/console.js` }),
    element("B11", "script", { src: `${http + LIST}?callback=steal` }),
    element("B11", "script", { src: `${http}${POLLING}&j=0` }, NOTHING, null),
    element("B11", "script", { src: `${http}/health` }),
    element("B11", "script", { type: "module", src: `${http}/console.js` }),
    element("B11", "link", { rel: "stylesheet", href: `${http}/console.css` }),
    element("B11", "link", { rel: "preload", as: "script", href: `${http}/console.js` }, /^(load|error|nothing)$/),
    element("B11", "audio", { src: http + LIST }),
    element("B11", "video", { src: http + LIST }),
    element("B14", "iframe", { src: `${http}/` }, /^(load|error|nothing)$/),
    element("B14", "iframe", { src: `${http}/console/#c=${"A".repeat(22)}` }, /^(load|error|nothing)$/),
    element("B14", "iframe", { src: http + LIST }, /^(load|error|nothing)$/),
    element("B14", "object", { data: `${http}/console/` }, /^(load|error|nothing)$/),
    element("B14", "embed", { src: `${http}/console/` }, /^(load|error|nothing)$/),
    ["B11", "import()", "new", ["module", `${http}/console.js`], NOTHING, REFUSED],
    ["B11", "server-sent events", "new", ["events", http + LIST], /^error$/],
    ["B13", "a window on the console that would say yes", "new", ["popup", `${http}/console/?approve=q_1`], /^(another origin|cut off)$/],
    ["B13", "a window on the console with a code", "new", ["popup", `${http}/console/#c=${"A".repeat(22)}`], /^(another origin|cut off)$/],
  ];
  const sockets = [
    ["B19", "WebSocket", "new", ["socket", ws + SOCKET], WAITS, ASKED],
    ["B19", "WebSocket under the number", "new", ["socket", `ws://127.0.0.1:${port}${SOCKET}`], WAITS, ASKED],
    ["B19", "WebSocket that does not wait", "new", ["socket", ws + SOCKET, { pm: { wait: false } }], /^refused .*consent-required/, ASKED],
    ["B36", "WebSocket with a token that it made up", "new", ["socket", ws + SOCKET, { token: `pmt_${"A".repeat(43)}` }], /^refused .*(token-required|busy)/],
    ["B17", "WebSocket with a session that it made up", "new", ["socket", ws + SOCKET, { session: "A".repeat(43) }], WAITS, ASKED],
    ["C04", "WebSocket with subprotocols", "new", ["socket", ws + SOCKET, null, ["pm", "constructor"]], WAITS],
    ["B19", "WebSocket to the API", "new", ["socket", ws + LIST], /^closed$/],
    ["B19", "WebSocket to the console", "new", ["socket", `${ws}/console/api/consent-list`], /^closed$/, REFUSED],
    ["B19", "polling", "new", ["polling", http + POLLING], WAITS, ASKED],
    ["M05", "fetch in a worker", "new", ["worker", ["fetch", http + LIST]], NOT_ASKED],
    ["M05", "WebSocket in a worker", "new", ["worker", ["socket", ws + SOCKET]], WAITS, ASKED],
    ["M05", "fetch in a shared worker", "new", ["shared", ["fetch", http + LIST]], NOT_ASKED],
    ["M05", "fetch in a service worker", "new", ["service", ["fetch", http + LIST]], NOT_ASKED],
    ["M05", "fetch in a service worker, not to be read", "new", ["service", ["fetch", http + SEND, post("text/plain", STOLEN, { mode: "no-cors" })]], UNREAD],
  ];
  const sandbox = { sandbox: "allow-scripts allow-forms" };
  const nulls = [
    ["B08", "fetch in a sandboxed frame", sandbox, ["fetch", http + LIST], NO_ORIGIN],
    ["B08", "fetch of /health in a sandboxed frame", sandbox, ["fetch", `${http}/health`], NO_ORIGIN],
    ["B08", "fetch in a sandboxed frame, not to be read", sandbox, ["fetch", http + SEND, post("text/plain", STOLEN, { mode: "no-cors" })], UNREAD],
    ["B08", "WebSocket in a sandboxed frame", sandbox, ["socket", ws + SOCKET], /^closed$/],
    ["B08", "a form in a sandboxed frame", sandbox, ["form", http + SEND, "POST", "text/plain", { "{": "}" }, "_self"], /^(sent|nothing)$/],
    ["B08", "fetch in a data: frame", { as: "data" }, ["fetch", http + LIST], NO_ORIGIN],
    ["B08", "WebSocket in a data: frame", { as: "data" }, ["socket", ws + SOCKET], /^closed$/],
  ].map(([row, what, where, how, sees]) => [row, what, "new", ["frame", where, how], sees, REFUSED]);
  const frames = [
    ["B31", "fetch in a blob: frame, whose origin is the page's", "new", ["frame", { as: "blob" }, ["fetch", http + LIST]], NOT_ASKED],
    ["B31", "fetch in a frame of the page's own", "new", ["frame", {}, ["fetch", http + LIST]], NOT_ASKED],
    ["B31", "fetch in a frame of another page, in one that may", "granted", ["frame", { at: `${other}/`, allow: LOCAL }, ["fetch", http + LIST]], NOT_ASKED],
    ["B31", "WebSocket in a frame of another page, in one that may", "granted", ["frame", { at: `${other}/`, allow: LOCAL }, ["socket", ws + SOCKET]], WAITS, ASKED],
    ["B08", "fetch from a file", "file", ["fetch", http + LIST], NO_ORIGIN, REFUSED],
    ["B08", "WebSocket from a file", "file", ["socket", ws + SOCKET], /^closed$/, REFUSED],
    ["B08", "an image in a file", "file", ["element", "img", { src: http + LIST }], NOTHING, REFUSED],
  ];
  const rebound = [
    ["B01", "fetch", ["fetch", LIST], /^403 .*host-not-allowed/],
    ["B02", "fetch of /health", ["fetch", "/health"], /^403 .*host-not-allowed/],
    ["B02", "fetch of JSON", ["fetch", SEND, post(JSON_TYPE, STOLEN)], /^403 .*host-not-allowed/],
    ["B02", "the console's session", ["fetch", "/console/api/session", post(JSON_TYPE, '{"code":"x"}')], /^403 .*host-not-allowed/],
    ["B02", "XMLHttpRequest", ["xhr", "GET", LIST], /^403 .*host-not-allowed/],
    ["B02", "polling", ["polling", POLLING], /^403 .*host-not-allowed/],
    ["B02", "WebSocket", ["socket", SOCKET], /^closed$/],
    ["B02", "an image", ["element", "img", { src: "/icon.svg" }], NOTHING],
    ["B02", "a script", ["element", "script", { src: "/console.js" }], NOTHING],
    ["B02", "a form", ["form", SEND, "POST", "text/plain", { "{": "}" }, "inside"], /^sent$/],
  ].map(([row, what, how, sees]) => [row, `a name that leads here by now: ${what}`, "rebound", how, sees, HOST]);
  const lookalike = (host) => ["B07", `a look-alike, ${host}`, host, ["fetch", http + LIST], NOT_ASKED];
  const lookalikes = [
    ...["sub.granted.localhost", "xgranted.localhost", "granted.localhost.evil.test", "localhost.evil.test", "xn--grnted-fwa.localhost", "localhost", "127.0.0.1"].map(lookalike),
    ["B07", "a look-alike, another port", "other port", ["fetch", http + LIST], NOT_ASKED],
    ["B07", "user and password of a granted name", "granted.localhost@evil.test", ["fetch", http + LIST], NOT_ASKED],
  ];
  const opened = (row, url, sees, noted) => [row, `${url.replace(port, "PORT")} is opened`, null, ["open", url], sees, noted];
  const names = [
    opened("B01", `http://rebound.test:${port}/`, /host-not-allowed/, HOST),
    opened("B01", `http://localhost.evil.test:${port}/`, /host-not-allowed/, HOST),
    opened("B06", `http://foo.localhost:${port}/`, /host-not-allowed/, HOST),
    opened("B03", `http://localhost.:${port}/`, /host-not-allowed/, HOST),
    opened("B03", `http://[::ffff:127.0.0.1]:${port}/`, /host-not-allowed|cannot be opened/),
    opened("B13", `${http}/api/v1/list-devices`, /sender-not-allowed/, REFUSED),
    opened("B13", `${http}/console/api/consent-approve?id=q_1`, /sender-not-allowed/, REFUSED),
    opened("B36", `${http}/?token=pmt_x`, /token-in-url/),
  ];
  return [...simple, ...forms, ...elements, ...sockets, ...nulls, ...frames, ...rebound, ...lookalikes, ...names];
}

// What pages that may get, and so what shows that the rows above are refused for what they are.
export function honest({ http, ws, port, granted }) {
  const DEVICES = /^200 .*virtual:echo/;
  return [
    ["B07", "fetch", "granted", ["fetch", http + LIST], DEVICES],
    ["B07", "fetch with credentials", "granted", ["fetch", http + LIST, { credentials: "include" }], DEVICES],
    ["B07", "fetch from its name in upper case", "GRANTED.localhost", ["fetch", http + LIST], DEVICES],
    ["B07", "fetch of JSON", "granted", ["fetch", http + LIST, post(JSON_TYPE, "{}")], DEVICES],
    ["B31", "a frame that may, in a page that has no say in it", "new", ["frame", { at: `http://granted.localhost:${granted}/`, allow: LOCAL }, ["fetch", http + LIST]], DEVICES],
    ["B10", "but not as text", "granted", ["fetch", http + LIST, post("text/plain", "{}")], /^415/],
    ["B07", "XMLHttpRequest", "granted", ["xhr", "POST", http + LIST, JSON_TYPE, "{}", true], DEVICES],
    ["B07", "WebSocket", "granted", ["socket", ws + SOCKET], /^in .*virtual:echo/],
    ["B05", "WebSocket under the number", "granted", ["socket", `ws://127.0.0.1:${port}${SOCKET}`], /^in .*virtual:echo/],
    ["B05", "WebSocket under the number of IPv6", "granted", ["socket", `ws://[::1]:${port}${SOCKET}`], /^in .*virtual:echo/],
    ["B07", "polling", "granted", ["polling", http + POLLING], /virtual:echo/],
    ["M05", "fetch in a worker", "granted", ["worker", ["fetch", http + LIST]], DEVICES],
    ["M05", "WebSocket in a shared worker", "granted", ["shared", ["socket", ws + SOCKET]], /^in .*virtual:echo/],
    ["M05", "WebSocket in a service worker", "granted", ["service", ["socket", ws + SOCKET]], /^in .*virtual:echo/],
    ["B05", "the console's own page", null, ["open", `http://LOCALHOST:${port}/`], /Peripheral Manager/],
    ["B05", "the console's own page under the number", null, ["open", `http://127.1:${port}/`], /Peripheral Manager/],
    ["B03", "the console's own page with a user's name", null, ["open", `http://evil@localhost:${port}/`], /Peripheral Manager/],
  ];
}
