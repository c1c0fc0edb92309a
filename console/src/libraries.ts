// libraries.ts - what terminals and plots are drawn by: loaded behind the page itself, which is there at once.
import { useEffect, useState } from "preact/hooks";

const load = { xterm: () => import("./xterm"), uplot: () => import("./uplot") };

type Name = keyof typeof load;
type Library<N extends Name> = Awaited<ReturnType<(typeof load)[N]>>;

const RETRY_MS = 1000;
const asked = new Map<Name, Promise<unknown>>();

async function loaded<N extends Name>(name: N): Promise<Library<N>> {
  for (;;) {
    try {
      return (await load[name]()) as Library<N>;
    } catch { // the daemon is away: the page waits for it in any case
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function library<N extends Name>(name: N): Promise<Library<N>> {
  const there = asked.get(name) ?? loaded(name);
  asked.set(name, there);
  return there as Promise<Library<N>>;
}

// The library, or null while it is on its way.
export function useLibrary<N extends Name>(name: N): Library<N> | null {
  const [there, setThere] = useState<Library<N> | null>(null);
  useEffect(() => void library(name).then((found) => setThere(found)), [name]);
  return there;
}

// Get them once the page is drawn and has nothing else to do: the first view opens without a pause then.
export function loadBehind(): void {
  addEventListener("load", () => setTimeout(() => (Object.keys(load) as Name[]).forEach((name) => void library(name)), 300));
}
