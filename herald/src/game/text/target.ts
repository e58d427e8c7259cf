// How a thing or a person is named in a command, and what one can do with it.
import type { Actions, Actor, Char, Item, Room } from "@/wire/types";

interface Named {
  key: string;
  keyword: string;
  keywords: string;
  name: string;
}

/** The word, with its number where it needs one, by which `entity` is found among `list`: `lamp`, `2.lamp`. */
export function targetOf(entity: Named, list: readonly Named[]): string {
  const word = (entity.keyword || wordsOf(entity)[0] || entity.name).toLowerCase();
  let count = 0;
  for (const other of list) {
    if (!wordsOf(other).includes(word)) continue;
    count += 1;
    if (other.key === entity.key) return count === 1 ? word : `${count}.${word}`;
  }
  return word;
}

/** Players go by their name, everyone else by a keyword. */
export function charTarget(char: Char, room: Room | null): string {
  if (char.char_type === "player") return char.name.split(/\s+/)[0] ?? char.name;
  return targetOf(char, room?.chars ?? [char]);
}

export function wordsOf(entity: Named): string[] {
  return (entity.keywords || entity.name || "").toLowerCase().split(/\s+/).filter(Boolean);
}

/** Where a thing is, which decides what can be done with it. */
export type Holding =
  | { where: "room" }
  | { where: "inventory" }
  | { where: "equipment"; slot: string }
  | { where: "container"; container: Item; of: "room" | "inventory" }
  | { where: "shop" }
  | { where: "offer" };

/** One thing to do: its label, the text of the command, and its structured form where it has one. */
export interface Deed {
  label: string;
  text: string;
  type?: `cmd.${string}`;
  item?: string;
  from?: string;
  all?: boolean;
  /** Only begins a command line; the player ends it. */
  fill?: boolean;
}

export interface Surround {
  room: Room | null;
  actor: Actor | null;
  combat: boolean;
}

export function itemTarget(item: Item, holding: Holding, around: Surround): string {
  switch (holding.where) {
    case "room":
      return targetOf(item, around.room?.inventory ?? [item]);
    case "inventory":
    case "offer":
      return targetOf(item, around.actor?.inventory ?? [item]);
    case "equipment":
      return targetOf(item, Object.values(around.actor?.equipment ?? {}).filter((worn): worn is Item => worn !== null));
    case "container":
      return targetOf(item, holding.container.inventory ?? [item]);
    case "shop":
      return targetOf(item, [item]);
  }
}

export function itemDeeds(item: Item, holding: Holding, around: Surround): Deed[] {
  const target = itemTarget(item, holding, around);
  const deed = (label: string, word: string): Deed => ({ label, text: `${word} ${target}`, type: `cmd.${word}`, item: item.key });
  const deeds: Deed[] = [];
  switch (holding.where) {
    case "room":
      if (item.is_pickable !== false && item.type !== "corpse") deeds.push(deed("get", "get"));
      deeds.push(...contentDeeds(item, target));
      break;
    case "inventory":
      if (item.type === "equippable") deeds.push(isWeapon(item) ? deed("wield", "wield") : deed("wear", "wear"));
      if (item.type === "consumable" || item.type === "food") deeds.push(deed("eat", "eat"));
      if (item.on_use_cmd) deeds.push(deed("use", "use"));
      deeds.push(...contentDeeds(item, target));
      if (around.room?.chars.some((char) => char.is_merchant)) deeds.push(deed("sell", "sell"));
      deeds.push(deed("drop", "drop"));
      break;
    case "equipment":
      deeds.push(deed("remove", "remove"));
      break;
    case "container": {
      const list = holding.of === "room" ? around.room?.inventory : around.actor?.inventory;
      const from = targetOf(holding.container, list ?? [holding.container]);
      deeds.push({ label: "get", text: `get ${target} ${from}`, type: "cmd.get", item: item.key, from: holding.container.key });
      break;
    }
    case "shop":
      deeds.push(deed("buy", "buy"));
      break;
    case "offer":
      deeds.push(deed("sell", "sell"));
      break;
  }
  if (holding.where !== "shop") deeds.push({ label: "look", text: `look ${target}` });
  for (const label of actionLabels(item.actions)) {
    if (!deeds.some((known) => known.label === label)) deeds.push({ label, text: label.includes(" ") ? label : `${label} ${target}` });
  }
  return deeds;
}

function contentDeeds(item: Item, target: string): Deed[] {
  if (!isContainer(item)) return [];
  const label = item.type === "corpse" ? "loot" : "get all";
  const all: Deed = { label, text: `get all ${target}`, type: "cmd.get", from: item.key, all: true };
  return (item.inventory?.length ?? 0) > 0 ? [all] : [];
}

export function isContainer(item: Item): boolean {
  return item.is_container === true || item.type === "container" || item.type === "corpse";
}

function isWeapon(item: Item): boolean {
  return Boolean(item.weapon_type) || (item.equipment_type ?? "").startsWith("weapon");
}

/** Commands that a char's `actions` may name and that take the char as their target. */
const CHAR_DEEDS = new Set(["enquire", "list", "offer", "complete", "follow", "unfollow", "group", "kill"]);

export function charDeeds(char: Char, around: Surround): Deed[] {
  const target = charTarget(char, around.room);
  const to = (label: string): Deed => ({ label, text: `${label} ${target}` });
  const deeds: Deed[] = [to("look")];
  if (char.quest_data?.complete) deeds.push({ label: char.completion_action || "complete", text: char.completion_action || `complete ${target}` });
  if (char.quest_data?.enquire) deeds.push(to("enquire"));
  if (char.is_merchant) deeds.push(to("list"), to("offer"));
  if (char.is_crafter) deeds.push({ label: "craft", text: "craft" });
  if (char.is_upgrader) deeds.push({ label: "upgrade", text: "upgrade" });
  const talks = char.is_merchant || char.quest_data?.enquire || char.quest_data?.complete;
  if (char.char_type === "mob" && around.combat && !talks) deeds.push(to("kill"));
  if (char.char_type === "player") deeds.push({ label: "tell", text: `tell ${target} `, fill: true });
  for (const label of actionLabels(char.actions)) {
    if (deeds.some((deed) => deed.label === label)) continue;
    if (label === "kill" && !around.combat) continue;
    if (CHAR_DEEDS.has(label)) deeds.push(to(label));
    else deeds.push({ label, text: label.includes(" ") ? label : `${label} ${target}` });
  }
  return deeds;
}

/** The labels of an `actions` field, whichever of its two forms it has. */
export function actionLabels(actions: Actions | undefined): string[] {
  if (Array.isArray(actions)) return actions.filter((label) => typeof label === "string");
  if (!actions) return [];
  return Object.keys(actions).filter((label) => actions[label]);
}
