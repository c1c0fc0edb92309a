// inspector.tsx - the events as they go over this page's connection: what it says, what it gets, live.
import { useEffect, useState } from "preact/hooks";
import { daemon, Traffic } from "./daemon";
import { useStore } from "./store";
import { clock } from "./text";
import { Toggle } from "./ui";

const SHOWN = 200;
const TEXT_MAX = 400; // characters of one event

// Its arguments as JSON, binary ones as their length.
function argumentsOf({ args }: Traffic): string {
  const text = args.map((a) => JSON.stringify(a, (_, v) => {
    if (v instanceof ArrayBuffer) return `${v.byteLength} bytes`;
    return v instanceof Uint8Array ? `${v.length} bytes` : v;
  })).join(", ");
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

export function Inspector(p: { onClose: () => void }) {
  const { traffic } = useStore(daemon);
  const [frozen, setFrozen] = useState<Traffic[] | null>(null);
  const [filter, setFilter] = useState("");
  useEffect(() => {
    daemon.trafficWanted = true;
    return () => void (daemon.trafficWanted = false);
  }, []);
  const wanted = filter.toLowerCase();
  const rows = (frozen ?? traffic).slice(-SHOWN).filter((t) => `${t.event} ${argumentsOf(t)}`.toLowerCase().includes(wanted));
  return (
    <article class="view inspector" aria-label="Events">
      <header>
        <h2>Events of this page</h2>
        <span class="handles"><button type="button" class="quiet" aria-label="Close the events" onClick={p.onClose}>✕</button></span>
      </header>
      <div class="tools" role="toolbar" aria-label="Events">
        <Toggle on={frozen !== null} onChange={(on) => setFrozen(on ? [...traffic] : null)} title="Stand still">Pause</Toggle>
        <input type="search" aria-label="Only events with" placeholder="Filter events" value={filter} onInput={(e) => setFilter(e.currentTarget.value)} />
        <button type="button" class="quiet" onClick={() => { traffic.length = 0; setFrozen(null); setFilter(""); }}>Clear</button>
      </div>
      <div class="events" tabIndex={0} role="log" aria-label="Events, the newest last" aria-live="off">
        {rows.length === 0 && <p class="hint">What this page says to the daemon and gets from it appears here, as any page would.</p>}
        {rows.map((t, i) => (
          <p key={i}>
            <small>{clock(t.time)}</small> <b>{t.direction === "out" ? "→" : "←"}<span class="unseen">{t.direction === "out" ? " said" : " got"}</span> {t.event}</b> <code>{argumentsOf(t)}</code>
          </p>
        ))}
      </div>
    </article>
  );
}
