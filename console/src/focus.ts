// focus.ts - where the focus goes when what has it leaves the page: to the nearest thing around it, not to the page's beginning.
const FOCUSABLE = "button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea, a[href], summary, [tabindex]";

let last: Element | null = null; // what has the focus, or had it when it left the page
let around: Element[] = []; // it, up to the part of the page that it is in

function remember(element: Element): void {
  const part = element.closest("main, aside");
  last = part ? element : null;
  around = [];
  for (let e: Element | null = element; part && e; e = e === part ? null : e.parentElement) around.push(e);
}

function follow(): void {
  if (!last || last.isConnected || document.activeElement !== document.body) return;
  last = null;
  for (const place of around.filter((e) => e.isConnected)) {
    const next = place.matches("[tabindex]") ? place : place.querySelector(FOCUSABLE);
    if (next) return (next as HTMLElement).focus({ preventScroll: true });
  }
}

// A key that is held presses a button once, and not the one that gets the focus then.
function pressOnce(e: KeyboardEvent): void {
  if (e.repeat && e.key === "Enter" && (e.target as Element).matches("button, input")) e.preventDefault();
}

export function keepFocus(): void {
  addEventListener("keydown", pressOnce, true);
  addEventListener("focusin", (e) => remember(e.target as Element));
  // Also when it leaves the page, in some browsers: that is known once the page is drawn.
  addEventListener("focusout", () => queueMicrotask(() => {
    if (last?.isConnected && document.activeElement !== last) last = null;
  }));
  // Not at once: the key that did it would press what gets the focus, too.
  new MutationObserver(() => void (last && !last.isConnected && setTimeout(follow))).observe(document.body, { childList: true, subtree: true });
}
