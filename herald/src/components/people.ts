/** The words for what a character is. */
import type { Character } from "@/api/types";

export const GENDERS = [
  { value: "female", label: "Female" },
  { value: "male", label: "Male" },
  { value: "non_binary", label: "Non-binary" },
];

export const ARCHETYPES = [
  { value: "warrior", label: "Warrior", text: "Heavy armour and the nearest weapon. Stands where others fall back." },
  { value: "mage", label: "Mage", text: "Fire, frost and planning. Strikes hard from far away, and is best not struck." },
  { value: "cleric", label: "Cleric", text: "Mends friends, and has firm words for everyone else." },
  { value: "assassin", label: "Assassin", text: "Quick blades and patience. Is gone when the shouting starts." },
];

/** One line under a name: "Level 4 mage of the Harbour". */
export function summary(character: Character): string {
  const parts = [`Level ${character.level}`];
  if (character.archetype) parts.push(character.archetype);
  const faction = character.core_faction;
  if (faction && faction.toLowerCase() !== "human") parts.push(`of ${faction}`);
  return parts.join(" ");
}

/** "just now", "3 hours ago", "on 2 May": when someone was last here. Empty when that is not known. */
export function ago(time: string | number | null | undefined, now = Date.now()): string {
  if (time === null || time === undefined) return "";
  // The wire has seconds or ISO text for times, depending on the object.
  const then = typeof time === "number" ? time * 1000 : Date.parse(time);
  if (!Number.isFinite(then)) return "";
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 2) return "just now";
  if (minutes < 60) return `${minutes} minutes ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return hours === 1 ? "an hour ago" : `${hours} hours ago`;
  const days = Math.floor(hours / 24);
  if (days < 30) return `${days} days ago`;
  return `on ${new Date(then).toLocaleDateString(undefined, { day: "numeric", month: "long", year: "numeric" })}`;
}
