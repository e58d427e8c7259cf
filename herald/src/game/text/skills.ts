// The skill bar: which key does what.
import type { Actor, SyncWorld, World } from "@/wire/types";

export interface BarSkill {
  key: string;
  code: string;
  command: string;
  name: string;
  help: string;
}

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

/** The player's skills in the order of their keys. One that the world does not describe goes by its code. */
export function skillBar(actor: Actor | null, world: World | null): BarSkill[] {
  const keys = actor?.skills?.custom ?? {};
  const definitions = (world?.skills as SyncWorld["skills"])?.definitions ?? {};
  return KEYS.filter((key) => typeof keys[key] === "string").map((key) => {
    const code = keys[key] as string;
    const definition = definitions[code];
    return { key, code, command: definition?.skill ?? code, name: definition?.name ?? code, help: definition?.help ?? "" };
  });
}

/** What a key of the bar does, if it does anything. */
export function commandOfKey(key: string, actor: Actor | null, world: World | null): string | null {
  if (world?.allow_combat !== true) return null;
  return skillBar(actor, world).find((skill) => skill.key === key)?.command ?? null;
}
