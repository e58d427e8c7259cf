// One line of combat: whom it concerns, how it is coloured, and its short form.
import type { Blow } from "@/wire/types";

/** `mine`: I struck. `hurt`: I was struck. `miss`: nothing came of it. `heal`: someone was healed. `other`: a fight of others. */
export type CombatTone = "mine" | "hurt" | "miss" | "heal" | "other";

export interface CombatLine {
  text: string;
  tone: CombatTone;
  crit: boolean;
}

export interface CombatView {
  me: string;
  brief: boolean;
  labels: Record<string, string>;
}

export function combatLine(blow: Blow, text: string, view: CombatView): CombatLine {
  return {
    text: view.brief ? briefLine(blow, view) : text.trim(),
    tone: toneOf(blow, view.me),
    crit: blow.is_crit_hit === true,
  };
}

function toneOf(blow: Blow, me: string): CombatTone {
  if (blow.is_heal) return "heal";
  if (blow.outcome && blow.outcome !== "hit") return "miss";
  if (blow.target.key === me) return "hurt";
  return blow.actor.key === me ? "mine" : "other";
}

function briefLine(blow: Blow, view: CombatView): string {
  const actor = blow.actor.key === view.me ? "You" : blow.actor.name;
  const target = blow.target.key === view.me ? "you" : blow.target.name;
  const code = blow.attack ?? "";
  const attack = blow.label || view.labels[code] || code || "attack";
  if (blow.is_heal) return `${actor} · ${attack} → ${target}: +${blow.healing_done ?? 0}`;
  if (blow.outcome && blow.outcome !== "hit") return `${actor} · ${attack} → ${target}: ${blow.outcome}`;
  const absorbed = blow.damage_absorbed ? `, ${blow.damage_absorbed} absorbed` : "";
  return `${actor} · ${attack} → ${target}: ${blow.damage_taken ?? 0}${blow.is_crit_hit ? "!" : ""}${absorbed}`;
}
