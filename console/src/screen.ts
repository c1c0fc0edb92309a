// screen.ts - an xterm.js terminal that shows a stream: draws at the browser's pace, never more than it can, and answers no device.
import type { FitAddon } from "@xterm/addon-fit";
import type { SearchAddon } from "@xterm/addon-search";
import type { IDisposable, ITheme, Terminal } from "@xterm/xterm";
import { Formatter, Look } from "./format";
import { Cursor, Stream } from "./stream";

const LINES = 10000; // of scroll-back
const PIECE = 64 * 1024;
const FRAME_BYTES = 128 * 1024; // drawn in one frame at most
const BEHIND_MAX = 512 * 1024; // further behind, it goes to the newest bytes at once
const REPLAY = 1024 * 1024; // how much of the stream is drawn again when the look changes

const THEMES: Record<string, ITheme> = {
  dark: {
    background: "#10151c", foreground: "#d7dee8", cursor: "#7cc4ff", selectionBackground: "#2f5d8a", black: "#5c6773", red: "#ff8b80",
    green: "#8fd694", yellow: "#e8c170", blue: "#82b6ff", magenta: "#d5a6ff", cyan: "#6fd6d6", white: "#d7dee8", brightBlack: "#8795a5",
    brightRed: "#ffaea6", brightGreen: "#b2e8b5", brightYellow: "#f3d79b", brightBlue: "#abd0ff", brightMagenta: "#e5c9ff",
    brightCyan: "#9fe9e9", brightWhite: "#ffffff",
  },
  light: {
    background: "#ffffff", foreground: "#1c2530", cursor: "#0b62b8", selectionBackground: "#b9dcff", black: "#1c2530", red: "#b3261e",
    green: "#1a6b2a", yellow: "#7a5200", blue: "#0b55b5", magenta: "#8a2ba8", cyan: "#006a72", white: "#5c6773", brightBlack: "#5c6773",
    brightRed: "#b3261e", brightGreen: "#1a6b2a", brightYellow: "#7a5200", brightBlue: "#0b55b5", brightMagenta: "#8a2ba8",
    brightCyan: "#006a72", brightWhite: "#1c2530",
  },
};

// What a terminal would answer by itself: a device must get only what a person or a program sends.
function answerNothing(terminal: Terminal): IDisposable[] {
  const { parser } = terminal, swallow = () => true;
  const sequences = [
    { final: "c" }, { prefix: ">", final: "c" }, { prefix: "=", final: "c" }, { final: "n" }, { prefix: "?", final: "n" },
    { intermediates: "$", final: "p" }, { prefix: "?", intermediates: "$", final: "p" }, { final: "t" }, { prefix: ">", final: "q" },
  ];
  const asks = (data: string) => data.split(";").includes("?");
  return [
    ...sequences.map((id) => parser.registerCsiHandler(id, swallow)),
    parser.registerDcsHandler({ intermediates: "$", final: "q" }, swallow),
    parser.registerDcsHandler({ intermediates: "+", final: "q" }, swallow),
    ...[4, 10, 11, 12, 52].map((id) => parser.registerOscHandler(id, (data) => id === 52 || asks(data))),
    parser.registerOscHandler(8, swallow), // links: nothing here opens an address
  ];
}

type Library = typeof import("./xterm");

export class Screen {
  readonly terminal: Terminal;
  private fit: FitAddon;
  private search: SearchAddon;
  private formatter: Formatter;
  private cursor: Cursor;
  private frame = 0;
  private writing = false;
  private tab = false; // goes to the device; Shift and Tab leave the terminal in any case
  private resized: ResizeObserver;
  private disposables: IDisposable[];

  constructor(library: Library, private element: HTMLElement, private stream: Stream, private look: Look, onKeys: (text: string) => void) {
    [this.fit, this.search] = [new library.FitAddon(), new library.SearchAddon()];
    this.terminal = new library.Terminal({
      scrollback: LINES, convertEol: true, fontSize: 13, lineHeight: 1.25, cursorStyle: "bar", cursorInactiveStyle: "none",
      fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace', allowProposedApi: true, minimumContrastRatio: 4.5,
      logLevel: "off",
    });
    this.terminal.loadAddon(this.fit);
    this.terminal.loadAddon(this.search);
    this.terminal.open(element);
    this.disposables = [...answerNothing(this.terminal), this.terminal.onData(onKeys)];
    this.terminal.attachCustomKeyEventHandler((e) => e.key !== "Tab" || (this.tab && !e.shiftKey));
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(element);
    this.fit.fit();
    this.cursor = stream.back(REPLAY);
    this.formatter = new Formatter(this.full());
    this.draw();
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.resized.disconnect();
    this.disposables.forEach((d) => d.dispose());
    this.terminal.dispose();
  }

  // Draw what the stream still has in another way.
  show(look: Look): void {
    if (JSON.stringify(look) === JSON.stringify(this.look)) return;
    this.look = look;
    this.restart(this.stream.back(REPLAY));
  }

  clear(): void {
    this.restart(this.stream.newest());
  }

  theme(name: "dark" | "light"): void {
    this.terminal.options.theme = THEMES[name];
  }

  reader(on: boolean): void {
    this.terminal.options.screenReaderMode = on;
  }

  takeTab(on: boolean): void {
    this.tab = on;
  }

  find(text: string, back: boolean): boolean {
    return back ? this.search.findPrevious(text) : this.search.findNext(text);
  }

  unfind(): void {
    this.search.clearDecorations();
    this.terminal.clearSelection();
  }

  private full(): Look {
    return { ...this.look, columns: this.terminal.cols, colours: true };
  }

  private restart(cursor: Cursor): void {
    this.cursor = cursor;
    this.formatter = new Formatter(this.full());
    this.terminal.reset();
  }

  private resize(): void {
    if (this.element.clientWidth === 0) return;
    const { cols } = this.terminal;
    this.fit.fit();
    if (cols !== this.terminal.cols && this.look.display === "hex") this.restart(this.stream.back(REPLAY));
  }

  // Once a frame: a hidden page draws nothing, and goes to the newest bytes when it is shown again.
  private draw = (): void => {
    this.frame = requestAnimationFrame(this.draw);
    if (this.writing) return;
    const behind = this.stream.behind(this.cursor);
    if (behind > BEHIND_MAX && !this.look.filter) this.skip(behind);
    const parts: (string | Uint8Array)[] = [];
    for (let n = 0; n < FRAME_BYTES; ) {
      const piece = this.stream.read(this.cursor, PIECE);
      if (!piece) break;
      n += piece.bytes.length + 1;
      parts.push(this.formatter.feed(piece.block, piece.bytes));
    }
    if (parts.length === 0) return;
    this.writing = true;
    parts.forEach((part, i) => this.terminal.write(part, i === parts.length - 1 ? () => (this.writing = false) : undefined));
  };

  private skip(behind: number): void {
    const tail = BEHIND_MAX / 4;
    this.cursor = this.stream.back(tail);
    this.formatter = new Formatter(this.full());
    this.terminal.write(`\r\n\x1b[33m[${(behind - tail).toLocaleString("en")} bytes came too fast to be drawn; "Save" has them]\x1b[0m\r\n`);
  }
}
