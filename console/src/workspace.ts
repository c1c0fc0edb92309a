// workspace.ts - which views are open, side by side, and what each looks like; kept for the next visit.
import { daemon } from "./daemon";
import { recall, remember, Store } from "./store";

export type ViewKind = "terminal" | "plotter" | "commands" | "lines" | "code";

export interface View { id: number; name: string; kind: ViewKind }

export const KINDS: Record<ViewKind, string> = {
  terminal: "Terminal", plotter: "Plotter", commands: "Commands", lines: "Port settings", code: "Code",
};

const VIEWS_MAX = 12;

class Workspace extends Store {
  views: View[] = recall<View[]>("views", []).filter((v) => v.kind in KINDS).slice(0, VIEWS_MAX);
  private fresh = 0; // the view that was opened last, until it is shown
  private lastId = this.views.reduce((n, v) => Math.max(n, v.id), 0);

  constructor() {
    super();
    daemon.on("renamed", ({ old, name }) => this.set(this.views.map((v) => (v.name === old ? { ...v, name } : v))));
  }

  // Show the connection: go to a view of it, of this kind if that matters, or open one.
  show(name: string, kind?: ViewKind): void {
    const there = this.views.find((v) => v.name === name && (!kind || v.kind === kind));
    if (there) this.goTo(document.getElementById(`view-${there.id}`));
    else this.open(name, kind ?? "terminal");
  }

  // A view is in the page now: a new one comes into sight, wherever it stands.
  shown(id: number): void {
    if (id !== this.fresh) return;
    this.fresh = 0;
    this.goTo(document.getElementById(`view-${id}`));
  }

  // One more view of it.
  open(name: string, kind: ViewKind): void {
    if (this.views.length >= VIEWS_MAX) return;
    this.fresh = ++this.lastId;
    this.set([...this.views, { id: this.fresh, name, kind }]);
  }

  change(id: number, change: Partial<View>): void {
    this.set(this.views.map((v) => (v.id === id ? { ...v, ...change } : v)));
  }

  close(id: number): void {
    const view = this.views.find((v) => v.id === id);
    this.set(this.views.filter((v) => v.id !== id));
    if (view && !this.views.some((v) => v.name === view.name)) daemon.forget(view.name);
  }

  // Bring a view, or what stands among them, into sight; what a person does next goes to it.
  goTo(element: HTMLElement | null): void {
    const whole = element !== null && element.offsetHeight > innerHeight * 0.8; // beside it there is no room for anything
    element?.scrollIntoView({ block: whole ? "start" : "nearest" });
    const touch = matchMedia("(pointer: coarse)").matches; // a field that gets the focus brings a keyboard over half the page there
    const field = touch ? null : element?.querySelector<HTMLElement>(".send input");
    (field ?? element)?.focus({ preventScroll: true });
  }

  private set(views: View[]): void {
    this.views = views;
    remember("views", views);
    this.changed();
  }
}

export const workspace = new Workspace();
