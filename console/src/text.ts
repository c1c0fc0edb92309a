// text.ts - between bytes and what a person types or reads: escapes, hex, line endings, control characters made visible.

export const encoder = new TextEncoder();
export const ENDINGS: Record<string, string> = { none: "", LF: "\n", CR: "\r", "CR LF": "\r\n" };

// What a person is told; `code` is the daemon's, where it comes from there.
export class InputError extends Error {
  constructor(message: string, readonly code = "") {
    super(message);
  }
}

const ESCAPES: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, a: 7, f: 12, v: 11, e: 27, 0: 0, "\\": 92 };

// "48 65 6c", "48656c" or "0x48, 0x65".
export function parseHex(text: string): Uint8Array {
  const digits = text.replace(/0x/gi, " ").replace(/[\s,;:]+/g, " ").trim();
  const bytes: number[] = [];
  for (const word of digits ? digits.split(" ") : []) {
    const whole = word.length === 1 ? `0${word}` : word;
    if (!/^[0-9a-f]+$/i.test(word) || whole.length % 2) throw new InputError(`"${word}" is not hex: write bytes as 48 65 6C`);
    for (let i = 0; i < whole.length; i += 2) bytes.push(parseInt(whole.slice(i, i + 2), 16));
  }
  return Uint8Array.from(bytes);
}

// Text with \r \n \t \e \0 \\ \xHH and \u{H…}; anything else is sent as UTF-8.
export function parseEscapes(text: string): Uint8Array {
  const bytes: number[] = [];
  const pattern = /\\(?:x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\}|(.?))|([^\\]+)/gisu;
  for (const [all, byte, point, letter, plain] of text.matchAll(pattern)) {
    if (byte) bytes.push(parseInt(byte, 16));
    else if (point && parseInt(point, 16) <= 0x10ffff) bytes.push(...encoder.encode(String.fromCodePoint(parseInt(point, 16))));
    else if (plain) bytes.push(...encoder.encode(plain));
    else if (letter !== undefined && letter in ESCAPES) bytes.push(ESCAPES[letter]);
    else throw new InputError(`"${all}" is no escape: there are \\r \\n \\t \\e \\0 \\\\ \\xHH and \\u{H}`);
  }
  return Uint8Array.from(bytes);
}

export function parseInput(mode: string, text: string, ending: string): Uint8Array {
  if (mode === "hex") return parseHex(text);
  const body = mode === "escapes" ? parseEscapes(text) : encoder.encode(text);
  return concat([body, encoder.encode(ENDINGS[ending] ?? "")]);
}

export function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// Bytes of an answer, which come as base64.
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export const hexByte = (b: number): string => (b < 16 ? "0" : "") + b.toString(16);

export function two(n: number, width = 2): string {
  return String(n).padStart(width, "0");
}

// "12:34:56.789", as the clock of this machine shows it.
export function clock(ms: number): string {
  const t = new Date(ms);
  return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}.${two(t.getMilliseconds(), 3)}`;
}

const CONTROLS = [
  "NUL null", "SOH start of heading", "STX start of text", "ETX end of text", "EOT end of transmission", "ENQ enquiry", "ACK acknowledge", "BEL bell",
  "BS backspace", "HT tab", "LF line feed", "VT vertical tab", "FF form feed", "CR carriage return", "SO shift out", "SI shift in",
  "DLE data link escape", "DC1 device control 1, XON", "DC2 device control 2", "DC3 device control 3, XOFF", "DC4 device control 4",
  "NAK negative acknowledge", "SYN synchronous idle", "ETB end of transmission block", "CAN cancel", "EM end of medium", "SUB substitute", "ESC escape",
  "FS file separator", "GS group separator", "RS record separator", "US unit separator",
];

// What a control character is called: "carriage return (CR, 0D)".
export function controlName(c: string): string {
  const code = c.charCodeAt(0), [, short, name] = /^(\S+) (.*)$/.exec(code === 127 ? "DEL delete" : CONTROLS[code] ?? "C1 control character")!;
  return `${name} (${short}, ${hexByte(code).toUpperCase()})`;
}

function escapeOf(c: string): string {
  const code = c.charCodeAt(0), letter = Object.keys(ESCAPES).find((l) => ESCAPES[l] === code);
  return letter ? `\\${letter}` : code < 128 ? `\\x${hexByte(code)}` : `\\u{${hexByte(code)}}`;
}

// Control characters as the escapes that the send box takes; no font needs a picture of them.
export function escaped(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, escapeOf);
}

// The same in lines, set off by `mark`.
export function visible(text: string, mark = (escape: string) => escape): string {
  return text.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, (c) => mark(escapeOf(c)));
}

// Without the sequences that colour text and move the cursor.
export function withoutAnsi(text: string): string {
  return text.replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g, "");
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
