// recordings.tsx - what the daemon writes down by itself, also while no page is open.
import { daemon } from "./daemon";
import { Store, useStore } from "./store";
import { size } from "./text";

export interface Recording { id: string; name: string; device: string; state: string; started: number; size: number; lost: number }

const FORMATS = { text: "Text", csv: "CSV", pcapng: "Wireshark", native: "Native" };

class Recordings extends Store {
  list: Recording[] = [];

  constructor() {
    super();
    for (const event of ["online", "recording-started", "recording-stopped", "recording-stalled", "recording-resumed"])
      daemon.on(event, () => void this.refresh());
  }

  of(name: string): Recording | undefined {
    return this.list.find((r) => r.name === name && r.state === "recording");
  }

  private async refresh(): Promise<void> {
    const answer = await daemon.ask("list-recordings");
    if (answer.ok) this.list = answer.recordings;
    this.changed();
  }
}

export const recordings = new Recordings();

export function RecordingsPane() {
  const { list } = useStore(recordings);
  if (list.length === 0) return null;
  return (
    <section aria-labelledby="recordings-title">
      <h2 id="recordings-title">Recordings</h2>
      <ul class="devices">
        {list.slice(0, 20).map((r) => (
          <li class="device" key={r.id}>
            <div class="what">
              <strong>{r.name}</strong>
              <small>{new Date(r.started * 1000).toLocaleString()} · {r.state === "recording" ? "being recorded" : size(r.size)}</small>
              {r.lost > 0 && <small class="warn">{r.lost.toLocaleString("en")} bytes are missing: the disk took no more.</small>}
            </div>
            <span class="links">
              {Object.entries(FORMATS).map(([format, label]) => (
                <a key={format} href={`/recordings/${encodeURIComponent(r.id)}?format=${format}`} download>{label}<span class="unseen"> of {r.name}</span></a>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
