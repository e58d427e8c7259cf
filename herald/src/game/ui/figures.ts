// The figures of things and characters under the names by which people know them.
import type { Actor, Item } from "@/wire/types";

const ITEM_FIGURES: [field: string, label: string][] = [
  ["damage", "damage"],
  ["armor", "armour"],
  ["strength", "strength"],
  ["constitution", "constitution"],
  ["dexterity", "dexterity"],
  ["intelligence", "intelligence"],
  ["attack_power", "attack power"],
  ["spell_power", "spell power"],
  ["crit", "critical"],
  ["resilience", "resilience"],
  ["dodge", "dodge"],
  ["health_max", "health"],
  ["health_regen", "health regen."],
  ["mana_max", "mana"],
  ["mana_regen", "mana regen."],
  ["stamina_max", "stamina"],
  ["stamina_regen", "stamina regen."],
];

export interface Figure {
  label: string;
  value: string;
  change?: "positive" | "negative";
}

/** What a thing gives, zeros left out. The server's own list goes first. */
export function itemFigures(item: Item): Figure[] {
  if (item.stats && item.stats.length > 0) {
    return item.stats
      .filter((stat) => !stat.is_zero)
      .map((stat) => {
        const direction = stat.change_direction;
        const figure: Figure = { label: stat.label, value: String(stat.value) };
        if (direction === "positive" || direction === "negative") figure.change = direction;
        return figure;
      });
  }
  return ITEM_FIGURES.flatMap(([field, label]) => {
    const value = item[field];
    return typeof value === "number" && value !== 0 ? [{ label, value: String(value) }] : [];
  });
}

/** What sort of thing it is, in words. */
export function itemSort(item: Item): string {
  if (item.summary) return item.summary;
  const sort = item.weapon_type ?? item.equipment_type ?? item.type ?? "";
  const parts = [item.armor_class ? `${item.armor_class} ${sort}` : sort.replace(/_/g, " ")];
  if (item.level) parts.push(`level ${item.level}`);
  if (item.food_value) parts.push(`restores ${item.food_value} ${item.food_type ?? ""}`.trim());
  return parts.filter((part) => part !== "" && part !== "inert").join(" · ");
}

const ACTOR_FIGURES: [field: keyof Actor & string, label: string, percent?: keyof Actor & string][] = [
  ["strength", "Strength"],
  ["constitution", "Constitution"],
  ["dexterity", "Dexterity"],
  ["intelligence", "Intelligence"],
  ["attack_power", "Attack power"],
  ["spell_power", "Spell power"],
  ["damage", "Damage"],
  ["armor", "Armour", "armor_perc"],
  ["crit", "Critical", "crit_perc"],
  ["dodge", "Dodge", "dodge_perc"],
  ["resilience", "Resilience", "resilience_perc"],
];

export function actorFigures(actor: Actor): Figure[] {
  return ACTOR_FIGURES.flatMap(([field, label, percent]) => {
    const value = actor[field];
    if (typeof value !== "number") return [];
    const share = percent ? actor[percent] : undefined;
    return [{ label, value: typeof share === "number" ? `${value} (${share} %)` : String(value) }];
  });
}

/** How much of the way to the next level lies behind, between 0 and 1; null when the server does not say. */
export function progress(actor: Actor): number | null {
  const { experience_needed: needed, experience_progress: done } = actor;
  if (typeof needed !== "number" || typeof done !== "number" || needed + done <= 0) return null;
  return Math.min(1, Math.max(0, done / (needed + done)));
}
