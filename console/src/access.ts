// access.ts - what pages ask the person, and what they were allowed: as far as this page may know it.
import { daemon } from "./daemon";
import { Store } from "./store";
import { Answer } from "./wire";

export interface Question {
  id: string; origin: string; since: number; "expires-in": number; reason?: string; capabilities: string[];
  devices: { id: string; description: string; address: string; serialnumber?: string }[];
  asked: number; // ms since 1970, by this machine's clock
  changed: number; // when its devices changed last
}

export interface Grant {
  id: string; origin: string; device: "*" | { id: string; description: string }; capabilities: string[]; duration: string;
  shared: boolean; created: string; "last-used"?: string; expires?: string; by: string;
}

// What happened at the door.
export interface Entry { time: string; sequence: number; kind: string; origin?: string; device?: string; result?: string }

const ENTRIES = 50;

class Access extends Store {
  allowed: boolean | null = null; // to answer; null: not known yet
  questions: Question[] = [];
  moved = 0; // when one came or went last, and the others with it to another place; ms since 1970
  grants: Grant[] = [];
  banner: string[] = [];

  constructor() {
    super();
    daemon.on("online", () => void this.refresh());
    daemon.on("offline", () => this.forget());
    daemon.on("session-ended", () => {
      this.forget();
      void this.refresh();
    });
    daemon.on("consent-requested", (question) => this.put(question));
    daemon.on("consent-changed", (question) => this.put(question));
    daemon.on("consent-ended", ({ id }) => this.set(this.questions.filter((q) => q.id !== id)));
    daemon.on("grants-changed", () => void this.refreshGrants());
  }

  revoke(what: { id: string } | { all: true }): Promise<Answer> {
    return daemon.ask("grant-revoke", what);
  }

  // The last of what happened at the door, the newest first.
  async entries(): Promise<Entry[] | null> {
    const answer = await daemon.ask("audit-read", { limit: ENTRIES });
    return answer.ok ? answer.entries.reverse() : null;
  }

  private async refresh(): Promise<void> {
    const answer = await daemon.ask("consent-list");
    this.allowed = answer.ok;
    this.set(answer.ok ? answer.requests.map((q: Question) => this.seen(q)) : []);
    if (answer.ok) await this.refreshGrants();
  }

  private async refreshGrants(): Promise<void> {
    const answer = await daemon.ask("grant-list");
    if (answer.ok) [this.grants, this.banner] = [answer.grants, answer.banner ?? []];
    this.changed();
  }

  private seen(question: Question): Question {
    const known = this.questions.find((q) => q.id === question.id), now = Date.now();
    return { ...question, asked: known?.asked ?? now - question.since * 1000, changed: now };
  }

  private put(question: Question): void {
    const seen = this.seen(question), known = this.questions.some((q) => q.id === seen.id);
    this.set(known ? this.questions.map((q) => (q.id === seen.id ? seen : q)) : [...this.questions, seen]);
  }

  private set(questions: Question[]): void {
    if (questions.length !== this.questions.length) this.moved = Date.now();
    this.questions = questions;
    document.title = questions.length ? `(${questions.length}) Peripheral Manager` : "Peripheral Manager";
    this.changed();
  }

  private forget(): void {
    this.allowed = null;
    this.grants = [];
    this.set([]);
  }
}

export const access = new Access();
