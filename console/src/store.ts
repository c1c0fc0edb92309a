// store.ts - what several parts of the page show: whoever uses it is drawn anew when it changes.
import { useLayoutEffect, useReducer, useState } from "preact/hooks";

export class Store {
  private listeners = new Set<() => void>();
  private told = false;

  // Tell everybody once, after all changes of this turn.
  protected changed(): void {
    if (this.told) return;
    this.told = true;
    queueMicrotask(() => {
      this.told = false;
      [...this.listeners].forEach((listener) => listener());
    });
  }

  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

export function useStore<T extends Store>(store: T): T {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useLayoutEffect(() => store.watch(() => redraw(undefined as never)), [store]); // at once: no change may fall between
  return store;
}

// A value that outlives the page, in localStorage; what cannot be read or kept there is forgotten.
export function recall<T>(key: string, initial: T): T {
  try {
    return (JSON.parse(localStorage.getItem(`pm:${key}`) ?? "null") as T | null) ?? initial;
  } catch {
    return initial;
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`pm:${key}`, JSON.stringify(value));
  } catch {
    // full, or forbidden: it holds for this page only
  }
}

export function usePersistent<T>(key: string, initial: T): [T, (value: T) => void] {
  const [value, set] = useState(() => recall(key, initial));
  return [value, (v) => { set(v); remember(key, v); }];
}
