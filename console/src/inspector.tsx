// inspector.tsx - the events as they go: what each client says and gets, live; without a console session this page's own.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useStore } from "./store";
import { clock, escaped, size } from "./text";
import { Does, Row, traffic } from "./traffic";
import { Choice, DeviceText, Toggle } from "./ui";
import { workspace } from "./workspace";

const SHOWN = 300;
const SIGNS: Record<Does, [sign: string, spoken: string]> = {
  comes: ["＋", "comes"], away: ["…", "is away"], back: ["＋", "is back"], leaves: ["−", "leaves"], asks: ["→", "says"], answered: ["←", "is answered"], gets: ["←", "gets"],
};

// Whom to show: everybody, everybody else, all of a page's address, or one client.
function fits(row: Row, whom: string): boolean {
  if (whom === "others") return !traffic.all || row.client !== traffic.own;
  return whom === "all" || whom === row.origin || whom === row.who;
}

function choices(rows: Row[]): Record<string, string> {
  const out: Record<string, string> = { others: "All but this page", all: "All clients" };
  for (const { origin } of rows) if (origin) out[origin] = origin;
  for (const { who, origin } of rows) if (who) out[who] = origin ? `${who}: ${origin}` : who;
  return out;
}

function Line(p: { row: Row }) {
  const { row } = p, [sign, spoken] = SIGNS[row.does];
  return (
    <p>
      <small>{clock(row.time)}</small> {row.who && <span class="who" title={row.origin}>{row.who}</span>} <b><span aria-hidden="true">{sign}</span><span class="unseen">{spoken}</span> {row.event || spoken}</b>
      {row.bytes > 0 && <small> {size(row.bytes)}{row.count > 1 && ` in ${row.count}`}</small>} {row.text && <code><DeviceText text={row.text} /></code>}
      {row.answer !== null && <> <b class="answer"><span aria-hidden="true">⇒</span><span class="unseen">answered</span></b> <code><DeviceText text={row.answer || "…"} /></code></>}
    </p>
  );
}

export function Inspector(p: { onClose: () => void }) {
  const { rows, all, missed } = useStore(traffic);
  const [frozen, setFrozen] = useState<Row[] | null>(null);
  const [filter, setFilter] = useState("");
  const [whom, setWhom] = useState("others");
  const place = useRef<HTMLElement>(null);
  useLayoutEffect(() => workspace.goTo(place.current), []);
  useEffect(() => traffic.look(), []);
  const wanted = filter.toLowerCase();
  const there = (frozen ?? rows).filter((r) => fits(r, whom) && `${r.who} ${r.origin} ${r.event} ${escaped(r.text)} ${escaped(r.answer ?? "")}`.toLowerCase().includes(wanted));
  return (
    <article class="view whole" ref={place} tabIndex={-1} aria-label="Events">
      <header>
        <h2>{all ? "Events of all clients" : "Events of this page"}</h2>
        <span class="handles"><button type="button" class="quiet" aria-label="Close the events" onClick={p.onClose}>✕</button></span>
      </header>
      <div class="tools" role="toolbar" aria-label="Events">
        <Toggle on={frozen !== null} onChange={(on) => setFrozen(on ? [...rows] : null)} title="Stand still">Pause</Toggle>
        {all && <Choice label="Whose events" value={whom} options={choices(rows)} onChange={setWhom} />}
        <input type="search" aria-label="Only events with" placeholder="Filter" value={filter} onInput={(e) => setFilter(e.currentTarget.value)} />
        <button type="button" class="quiet" onClick={() => { traffic.clear(); setFrozen(null); setFilter(""); }}>Clear</button>
        {missed > 0 && <small role="status">{missed.toLocaleString("en")} more were only counted</small>}
      </div>
      <div class="events" tabIndex={0} role="log" aria-label="Events, the newest last" aria-live="off">
        {there.length === 0 && <p class="hint">{all ? "What other clients say to the daemon and get from it appears here; choose All clients to see this page too."
          : <>What this page says to the daemon and gets from it appears here. To see every client, run <code>peripheral-manager console</code>.</>}</p>}
        {there.slice(-SHOWN).map((row) => <Line key={row.id} row={row} />)}
      </div>
    </article>
  );
}
