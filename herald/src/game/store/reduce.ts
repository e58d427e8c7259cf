// What a frame changes in the state: pure functions, run one after the other, each seeing what the ones before it changed.
// They change nothing themselves; the module applies the patch.
import { exitKey, isMapRoom, isObject, isRoom } from "@/wire/parse";
import type { Actor, ActorPart, Char, Frame, Item, MapRoom, Room, StateSync, WhoEntry } from "@/wire/types";
import { combat, effects, runningOf } from "./reduceCombat";
import { aliases, communication, help } from "./reduceTalk";
import type { GameState } from "./state";

/** The changed fields of the state, and what the atlas gets. */
export type Patch = Partial<GameState> & {
  /** Replaces the whole map. */
  mapReset?: MapRoom[];
  mapPut?: MapRoom[];
};

export type Reducer = (state: Readonly<GameState>, frame: Frame, now: number) => Patch | null;

const STEPS: readonly Reducer[] = [snapshot, ownActor, place, doors, occupants, things, company, communication, aliases, help, combat, effects];

/** Everything that `frame` changes. */
export function reduce(state: Readonly<GameState>, frame: Frame, now: number): Patch {
  let current: Readonly<GameState> = state;
  let patch: Patch = {};
  for (const step of STEPS) {
    const more = step(current, frame, now);
    if (!more) continue;
    const mapPut = [...(patch.mapPut ?? []), ...(more.mapPut ?? [])];
    patch = { ...patch, ...more };
    if (mapPut.length > 0) patch.mapPut = mapPut;
    current = { ...current, ...more };
  }
  return patch;
}

/** The whole state at once: on entry, and whenever the server finds it simpler to say everything again. */
export function snapshot(state: Readonly<GameState>, frame: Frame, now = Date.now()): Patch | null {
  const sync = frame.type === "cmd.state.sync.success" || frame.type === "system.connect.success";
  if (!sync || !isRoom(frame.data.room) || !isObject(frame.data.actor)) return null;
  const data = frame.data as unknown as StateSync;
  const room = wholeRoom(data.room);
  return {
    phase: "playing",
    actor: wholeActor(data.actor),
    room,
    roomKey: data.actor.room?.key ?? room.key,
    world: { ...(state.world as NonNullable<GameState["world"]>), ...data.world },
    who: Array.isArray(data.who_list) ? data.who_list : [],
    foe: null,
    ...runningOf(data.actor, now),
    cast: null,
    hint: hintOf(room),
    mapReset: [...(Array.isArray(data.map) ? data.map.filter(isMapRoom) : []), mapEntry(room)],
  };
}

/** Wire 4.6.1: what a frame says of the own character is merged over what is known. */
export function ownActor(state: Readonly<GameState>, frame: Frame): Patch | null {
  const part = frame.data.actor as ActorPart | undefined;
  if (!state.actor || !isObject(part) || part.key !== state.actor.key) return null;
  const actor = mergeActor(state.actor, part);
  const patch: Patch = { actor };
  const { room, target, target_type: targetType } = frame.data;
  const roomKey = keyOf(room) ?? (targetType === "room" ? keyOf(target) : undefined) ?? keyOf(part.room);
  if (roomKey) patch.roomKey = roomKey;
  return patch;
}

function keyOf(value: unknown): string | undefined {
  return isObject(value) && typeof value.key === "string" ? value.key : undefined;
}

const ARRIVAL_TYPES = new Set([
  "cmd.move.success",
  "affect.flee.success",
  "affect.death",
  "affect.transfer",
  "notification.transport.exit",
]);

/** A new room around the character, or the same one looked at again. */
export function place(_state: Readonly<GameState>, frame: Frame): Patch | null {
  const { type, data } = frame;
  const seen = Array.isArray(data.map) && frame.type !== "cmd.state.sync.success" ? data.map.filter(isMapRoom) : [];
  const arrived = ARRIVAL_TYPES.has(type);
  const looked = (type === "cmd.look.success" || type === "cmd./jump.success") && data.target_type === "room";
  const found = looked ? data.target : arrived ? data.room : undefined;
  if (!isRoom(found)) return seen.length > 0 ? { mapPut: seen } : null;
  const room = wholeRoom(found);
  const patch: Patch = { room, roomKey: room.key, hint: hintOf(room), mapPut: [...seen, mapEntry(room)] };
  if (arrived) patch.foe = null;
  return patch;
}

/** Doors that open and close, here and as seen from the other side. */
export function doors(state: Readonly<GameState>, frame: Frame): Patch | null {
  const patch: Patch = {};
  const put: MapRoom[] = [];
  if (/^(notification\.)?(cmd\.)?door\./.test(frame.type) || /^cmd\.(open|close|lock|unlock)\.success$/.test(frame.type)) {
    for (const side of [frame.data.room, frame.data.exit_room]) if (isMapRoom(side)) put.push(mapEntry(side));
  }
  for (const change of Array.isArray(frame.data.door_states) ? frame.data.door_states : []) {
    const known = put.find((room) => room.key === change.key) ?? state.atlas.get(change.key);
    if (known) put.push({ ...known, [`${change.direction}_door_state`]: change.door_state });
  }
  if (put.length === 0) return null;
  patch.mapPut = put;
  const here = put.filter((room) => room.key === state.room?.key).pop();
  if (here && state.room) patch.room = { ...state.room, ...doorFields(here) };
  return patch;
}

/** Those who come and go in the room. */
export function occupants(state: Readonly<GameState>, frame: Frame): Patch | null {
  const move = /^notification\..*\.(enter|exit)$/.exec(frame.type);
  const actor = frame.data.actor as Char | undefined;
  if (!move || !state.room || !isObject(actor) || actor.key === state.actor?.key) return null;
  const others = state.room.chars.filter((char) => char.key !== actor.key);
  if (move[1] === "enter") {
    if (typeof actor.name !== "string") return null;
    return { room: { ...state.room, chars: [...others, wholeChar(actor)] } };
  }
  const patch: Patch = { room: { ...state.room, chars: others } };
  if (state.foe?.key === actor.key) patch.foe = null;
  return patch;
}

/** Things that change hands: a refreshed room, and what leaves the inventory. */
export function things(state: Readonly<GameState>, frame: Frame): Patch | null {
  const { type, data } = frame;
  if (type === "affect.inventory.remove" && state.actor && Array.isArray(data.items)) {
    const gone = new Set(data.items.map((item: Item) => item.key));
    return { actor: { ...state.actor, inventory: state.actor.inventory.filter((item) => !gone.has(item.key)) } };
  }
  if (type === "notification.decay" && state.room && Array.isArray(data.items)) {
    const gone = new Set(data.items.map((item: Item) => item.key));
    return { room: { ...state.room, inventory: state.room.inventory.filter((item) => !gone.has(item.key)) } };
  }
  if (!isRoom(data.room) || data.room.key !== state.room?.key || ARRIVAL_TYPES.has(type)) return null;
  const room = wholeRoom(data.room);
  return { room, mapPut: [mapEntry(room)] };
}

/** Who is in the world. */
export function company(_state: Readonly<GameState>, frame: Frame): Patch | null {
  if (frame.type !== "notification.who" || !Array.isArray(frame.data)) return null;
  return { who: (frame.data as unknown as WhoEntry[]).filter((entry) => isObject(entry) && typeof entry.name === "string") };
}

/** An actor with the collections that every panel takes for granted. */
export function wholeActor(actor: Actor): Actor {
  return { ...actor, inventory: actor.inventory ?? [], equipment: actor.equipment ?? {} };
}

/**
 * Shallow merge, except that a collection is never wiped by null: a character told of in the short form that others see
 * carries `equipment: null`, and that says nothing about what the player wears.
 */
export function mergeActor(actor: Actor, part: ActorPart): Actor {
  const merged: Actor = { ...actor, ...part } as Actor;
  for (const field of ["inventory", "equipment", "room", "factions"] as const) {
    if (merged[field] == null) Object.assign(merged, { [field]: actor[field] });
  }
  return merged;
}

export function wholeRoom(room: Room): Room {
  return {
    ...room,
    inventory: Array.isArray(room.inventory) ? room.inventory : [],
    chars: Array.isArray(room.chars) ? room.chars.map(wholeChar) : [],
    actions: Array.isArray(room.actions) ? room.actions : [],
  };
}

export function wholeChar(char: Char): Char {
  return { ...char, keyword: char.keyword ?? "", keywords: char.keywords ?? "" };
}

/** The part of a room that the map keeps. */
export function mapEntry(room: MapRoom): MapRoom {
  const { key, x, y, z, type, color, name, flags } = room;
  return { key, x, y, z, type, color, name, flags, ...doorFields(room) };
}

function doorFields(room: MapRoom): Partial<MapRoom> {
  return {
    north: exitKey(room.north),
    east: exitKey(room.east),
    south: exitKey(room.south),
    west: exitKey(room.west),
    up: exitKey(room.up),
    down: exitKey(room.down),
    north_door_state: room.north_door_state,
    east_door_state: room.east_door_state,
    south_door_state: room.south_door_state,
    west_door_state: room.west_door_state,
    up_door_state: room.up_door_state,
    down_door_state: room.down_door_state,
  };
}

/** The room's hint without its number: "3:Try the rope." says "Try the rope." */
export function hintOf(room: Room): string | null {
  return room.hint ? room.hint.replace(/^\d+:/, "").trim() || null : null;
}
