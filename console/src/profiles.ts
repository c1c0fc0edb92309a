// profiles.ts - the profiles of devices that the daemon knows: their commands, and what they make of what a device sends.
import { useEffect } from "preact/hooks";
import { daemon } from "./daemon";
import { Store, useStore } from "./store";

export interface Argument {
  name: string; type: string; required?: boolean; expected?: string; min?: number; max?: number; unit?: string; words?: string[]; purpose?: string;
  default?: unknown; list?: { min: number; max: number };
}
export interface Command { name: string; purpose?: string; arguments: Argument[] }
export interface Profile { id: string; name: string; purpose?: string; commands?: Command[]; identify?: { command: string; args: Record<string, unknown> }; events?: { name: string }[] }

class Profiles extends Store {
  list: Profile[] = [];

  async refresh(): Promise<void> {
    const answer = await daemon.ask("list-profiles");
    if (answer.ok) this.list = answer.profiles;
    this.changed();
  }
}

const profiles = new Profiles();

// As they are now: their files may change.
export function useProfiles(): Profile[] {
  useEffect(() => void profiles.refresh(), []);
  return useStore(profiles).list;
}
