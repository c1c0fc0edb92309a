// xterm.ts - the terminal's library, a file of its own: the page is shown before it is there.
import "./sheet";
export { FitAddon } from "@xterm/addon-fit";
export { SearchAddon } from "@xterm/addon-search";
export { Terminal } from "@xterm/xterm";
