// Small rooms, people and things for the tests.
import type { Actor, Char, Frame, FrameData, Item, Room } from "@/wire/types";
import { freshState, type GameState } from "./state";
import { snapshot, type Patch } from "./reduce";

export function frame(type: string, data: FrameData = {}, text = type): Frame {
  return { type, text, data };
}

export function aRoom(n: number, more: Partial<Room> = {}): Room {
  return { id: n, key: `room.${n}`, name: `Room ${n}`, description: "", x: n, y: 0, z: 0, type: "road", inventory: [], chars: [], actions: [], ...more };
}

export function aChar(n: number, more: Partial<Char> = {}): Char {
  return { id: n, key: `mob.${n}`, name: `a rat`, keyword: "rat", keywords: "rat", room_description: "A rat is here.", char_type: "mob", quest_data: {}, health: 10, health_max: 10, level: 1, target: null, ...more };
}

export function anItem(n: number, more: Partial<Item> = {}): Item {
  return { key: `item.${n}`, name: "a lamp", keyword: "lamp", keywords: "lamp", type: "inert", inventory: [], ...more };
}

export function anActor(more: Partial<Actor> = {}): Actor {
  return {
    id: 7, key: "player.7", name: "Bob", level: 1, archetype: "warrior", room: { key: "room.1" }, state: "standing",
    health: 10, health_max: 20, mana: 0, mana_max: 0, stamina: 50, stamina_max: 100,
    inventory: [], equipment: {}, factions: {}, core_faction: "human", ...more,
  };
}

/** A state in which Bob stands in room 1. */
export function playing(room: Partial<Room> = {}, actor: Partial<Actor> = {}): GameState {
  const state = freshState();
  state.world = { id: 50, context_id: 5, name: "Test", labels: { attacks: { bash: "bash" }, effects: {} }, is_classless: false };
  const world = { id: 50, name: "Test", allow_combat: true, is_multiplayer: true, factions: {}, currencies: {} };
  const sync = frame("cmd.state.sync.success", { map: [aRoom(1), aRoom(2)], actor: anActor(actor), room: aRoom(1, room), world, who_list: [] });
  return apply(state, snapshot(state, sync) ?? {});
}

export function apply(state: GameState, patch: Patch): GameState {
  const { mapReset, mapPut, ...fields } = patch;
  for (const entry of [...(mapReset ?? []), ...(mapPut ?? [])]) state.atlas.put(entry);
  return Object.assign(state, fields);
}
