// theme.ts - dark or light: as the system has it, or as the person chose.
import { recall, remember, Store } from "./store";

export type Choice = "auto" | "light" | "dark";

class Theme extends Store {
  choice = recall<Choice>("theme", "auto");
  private system = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    super();
    this.system.addEventListener("change", () => this.changed());
    this.apply();
  }

  get name(): "dark" | "light" {
    if (this.choice !== "auto") return this.choice;
    return this.system.matches ? "dark" : "light";
  }

  choose(choice: Choice): void {
    this.choice = choice;
    remember("theme", choice);
    this.apply();
    this.changed();
  }

  private apply(): void {
    if (this.choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.choice;
  }
}

export const theme = new Theme();
