// devices.tsx - what is plugged in and what is connected: one click connects, names change in place.
import { useRef, useState } from "preact/hooks";
import { Connection, daemon, Device, Link, title } from "./daemon";
import { recall, remember, useStore } from "./store";
import { Choice, Problem, useProblem } from "./ui";
import { workspace } from "./workspace";

// A name for a new connection that nobody has yet.
export function freeName(device: Device, taken: (name: string) => boolean): string {
  const base = device.name.replace(/^.*[:/]/, "").slice(0, 48) || "device";
  let name = base;
  for (let i = 2; taken(name); i++) name = `${base}-${i}`;
  return name;
}

// With what it was used with last; else with the profile that it is recognised by, if that is one and no more.
function initialProfile(device: Device): string {
  const { profile } = recall<{ profile?: string }>(`options:${device.id}`, {});
  return profile ?? (device.profiles.length === 1 ? device.profiles[0] : "");
}

function connectDevice(device: Device, profile: string) {
  const name = recall<string | null>(`name:${device.id}`, null);
  const taken = (n: string) => daemon.open.some((l) => l.name === n);
  const options = recall<Record<string, unknown>>(`options:${device.id}`, {});
  return daemon.ask("activate-connection",
    { ...options, profile, name: name && !taken(name) ? name : freeName(device, taken), address: device.address });
}

function Rename(p: { link: Link }) {
  const [editing, setEditing] = useState(false);
  const [problem, setProblem] = useProblem();
  const over = useRef(false); // Escape or Enter came first; leaving the field changes nothing then
  const save = async (name: string) => {
    setEditing(false);
    if (name === p.link.name || name === "") return;
    const answer = await daemon.ask("rename-reference", { old: p.link.name, new: name });
    setProblem(answer.error ?? null);
    if (answer.ok) remember(`name:${p.link.device}`, name);
  };
  if (!editing)
    return (
      <>
        <button type="button" class="name" title={`Rename ${p.link.name}`} aria-label={`Rename ${p.link.name}`}
          onClick={() => { over.current = false; setEditing(true); }}><span>{p.link.name}</span></button>
        <Problem text={problem} onClose={() => setProblem(null)} />
      </>
    );
  return (
    <input class="name" aria-label={`New name of ${p.link.name}`} value={p.link.name} maxLength={64} ref={(e) => e?.select()}
      onBlur={(e) => { if (!over.current) void save(e.currentTarget.value.trim()); }}
      onKeyDown={(e) => {
        if (e.key !== "Enter" && e.key !== "Escape") return;
        over.current = true;
        if (e.key === "Enter") void save(e.currentTarget.value.trim());
        else setEditing(false);
      }} />
  );
}

const settings = ({ options: o }: Connection) =>
  `${o["baud-rate"]} baud, ${o["data-bits"]}${o.parity[0].toUpperCase()}${o["stop-bits"]}`;

export const lostText = (link: Link) => link.trouble ?? "Unplugged. Opens again when it comes back.";

// Show stands where Connect was, in the same size: the second click of a double click does no harm.
function ConnectionRow(p: { link: Link }) {
  const { link } = p, lost = link.state !== "open";
  const [problem, setProblem] = useProblem(link);
  const disconnect = async () => {
    const answer = await daemon.ask("deactivate-connection", { name: link.name });
    setProblem(answer.error ?? null);
  };
  return (
    <>
      <button type="button" aria-label={`Show ${link.name}`} onClick={() => workspace.show(link.name)}>Show</button>
      <div class="connected">
        <Rename link={link} />
        {lost ? <span class="state lost">{lostText(link)}</span>
          : <button type="button" class="settings" title="Change the settings" aria-label={`Settings of ${link.name}: ${settings(link)}`}
            onClick={() => workspace.show(link.name, "lines")}>{settings(link)}</button>}
      </div>
      <button type="button" class="quiet" aria-label={`Disconnect ${link.name}`} onClick={disconnect}>Disconnect</button>
      <Problem text={problem} onClose={() => setProblem(null)} />
    </>
  );
}

function DeviceCard(p: { device: Device; link: Link | undefined }) {
  const { device: d, link } = p;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useProblem();
  const [chosen, setChosen] = useState<string | null>(null);
  const profile = chosen ?? initialProfile(d);
  const click = async () => {
    if (busy) return;
    setBusy(true);
    const answer = await connectDevice(d, profile);
    setBusy(false);
    setProblem(answer.error ?? null);
    if (answer.ok && chosen !== null) remember(`options:${d.id}`, { ...recall(`options:${d.id}`, {}), profile });
    if (answer.ok) workspace.show(answer.connection.name);
  };
  const user = d["in-use-by"];
  return (
    <li class={link ? "device beside in-use" : "device beside"}>
      <div class="what">
        <strong>{title(d)}</strong>
        <small>{d.address}{d.serialnumber && ` · ${d.serialnumber}`}</small>
      </div>
      {link ? <ConnectionRow link={link} />
        : <button type="button" class="primary" aria-disabled={busy} aria-label={`Connect ${title(d)}`} onClick={click}>Connect</button>}
      <div class="about">
        {d.kind === "virtual" && <small>{d.description}</small>}
        {d["identity-conflict"] && <small class="warn">Two devices say that they are this one: it does not come back by itself.</small>}
        {!link && user && !d.connection && <small class="warn">In use by {user}. Close it there to connect here.</small>}
        {!link && d.unusable && <small class="warn">{d.unusable}</small>}
      </div>
      {!link && d.profiles.length > 0 && (
        <label class="row">Profile <Choice label={`Profile of ${title(d)}`} value={profile} onChange={setChosen}
          options={Object.fromEntries(["", ...d.profiles, profile].map((id) => [id, id || "None"]))} /></label>
      )}
      <Problem text={problem} onClose={() => setProblem(null)} />
    </li>
  );
}

// Connections whose device is not in the list: unplugged, or a pseudo terminal.
function OtherConnections(p: { links: Link[] }) {
  return (
    <>
      {p.links.map((link) => (
        <li class="device beside in-use" key={link.name}>
          <div class="what"><small>{link.address}</small></div>
          <ConnectionRow link={link} />
        </li>
      ))}
    </>
  );
}

export function DevicesPane() {
  const { devices, open } = useStore(daemon);
  const of = (d: Device) => open.find((l) => l.name === d.connection || l.device === d.id);
  const shown = new Set(devices.map(of));
  const usable = devices.filter((d) => !d.unusable || of(d)), others = devices.filter((d) => d.unusable && !of(d));
  return (
    <section aria-labelledby="devices-title">
      <h2 id="devices-title">Devices</h2>
      <ul class="devices">
        {usable.map((d) => <DeviceCard key={d.address} device={d} link={of(d)} />)}
        <OtherConnections links={open.filter((l) => !shown.has(l))} />
      </ul>
      {usable.length === 0 && open.length === 0 && (
        <p class="hint">Nothing is plugged in. Plug a device in and it appears here, or start with <code>--demo</code> to try virtual ones.</p>
      )}
      {others.length > 0 && (
        <details>
          <summary>{others.length} that cannot be used</summary>
          <ul class="devices">{others.map((d) => (
            <li class="device" key={d.address}><div class="what"><strong>{title(d)}</strong><small>{d.address}</small><small class="warn">{d.unusable}</small></div></li>
          ))}</ul>
        </details>
      )}
    </section>
  );
}
