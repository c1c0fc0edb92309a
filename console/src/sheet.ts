// sheet.ts - <pm-sheet>: a style element that a strict content security policy allows, for xterm.js (see build.mjs).

class Sheet extends HTMLElement {
  private sheet = new CSSStyleSheet();

  override set textContent(text: string) {
    this.sheet.replaceSync(text);
  }

  override get textContent(): string {
    return "";
  }

  connectedCallback(): void {
    document.adoptedStyleSheets.push(this.sheet);
  }

  disconnectedCallback(): void {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== this.sheet);
  }
}

customElements.define("pm-sheet", Sheet);
