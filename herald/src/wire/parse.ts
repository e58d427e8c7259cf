// Reads frames off the socket. What is not a frame is refused here, and what is missing from one is filled in, so that no
// later code has to ask whether `data` is there.
import type { Direction, DoorState, ExitRef, Frame, MapRoom, Room } from "./types";

/** The longest frame that is read, in UTF-16 units. A snapshot of 10,000 rooms takes about 2 million. */
export const FRAME_LENGTH_MAX = 32_000_000;

export const DIRECTIONS: readonly Direction[] = ["north", "east", "south", "west", "up", "down"];

export const OPPOSITE: Readonly<Record<Direction, Direction>> = {
  north: "south",
  south: "north",
  east: "west",
  west: "east",
  up: "down",
  down: "up",
};

/** One frame, or null when `raw` is not one. */
export function parseFrame(raw: unknown): Frame | null {
  if (typeof raw !== "string" || raw.length > FRAME_LENGTH_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return null;
  }
  if (!isObject(value) || typeof value.type !== "string") return null;
  const frame: Frame = {
    type: value.type,
    text: typeof value.text === "string" ? value.text : "",
    data: isObject(value.data) || Array.isArray(value.data) ? (value.data as Frame["data"]) : {},
  };
  if (typeof value.group === "string") frame.group = value.group;
  if (typeof value.request_id === "string") frame.request_id = value.request_id;
  if (Number.isInteger(value.seq)) frame.seq = value.seq as number;
  return frame;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isDirection(word: unknown): word is Direction {
  return typeof word === "string" && (DIRECTIONS as readonly string[]).includes(word);
}

/** Whether `value` has what a room must have to be drawn on the map. */
export function isMapRoom(value: unknown): value is MapRoom {
  return (
    isObject(value) &&
    typeof value.key === "string" &&
    Number.isFinite(value.x) &&
    Number.isFinite(value.y) &&
    Number.isFinite(value.z)
  );
}

/** Whether `value` is a whole room and not its map entry only. */
export function isRoom(value: unknown): value is Room {
  return isMapRoom(value) && "inventory" in value && "chars" in value;
}

/** The key of the room behind an exit, or null. */
export function exitKey(exit: ExitRef | undefined): string | null {
  if (!exit) return null;
  return typeof exit === "string" ? exit : (exit.key ?? null);
}

export function doorState(room: MapRoom, direction: Direction): DoorState | null {
  return room[`${direction}_door_state`] ?? null;
}

/** The exits of a room in the order of the compass. */
export function exitsOf(room: MapRoom): { direction: Direction; to: string; door: DoorState | null }[] {
  const exits = [];
  for (const direction of DIRECTIONS) {
    const to = exitKey(room[direction]);
    if (to) exits.push({ direction, to, door: doorState(room, direction) });
  }
  return exits;
}
