/** A small map drawn from a name: every world has its own mark before anyone has painted one for it. */

export interface Spot {
  x: number;
  y: number;
}

export interface Sigil {
  rooms: Spot[];
  paths: [Spot, Spot][];
  here: Spot;
}

/** Rooms along each side of the mark. */
export const SIGIL_SIDE = 4;
const ROOMS = 8;

/** A random sequence that depends on nothing but the text. */
function sequence(text: string): () => number {
  let state = 2166136261;
  for (const char of text) state = Math.imul(state ^ char.codePointAt(0)!, 16777619);
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822507) + 0x9e3779b9;
    const mixed = Math.imul(state ^ (state >>> 13), 3266489909);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

export function sigilOf(name: string): Sigil {
  const random = sequence(name);
  const pick = (below: number) => Math.floor(random() * below);
  const rooms: Spot[] = [{ x: pick(SIGIL_SIDE), y: pick(SIGIL_SIDE) }];
  const paths: [Spot, Spot][] = [];
  const at = (x: number, y: number) => rooms.find((room) => room.x === x && room.y === y);
  for (let tries = 0; rooms.length < ROOMS && tries < 200; tries++) {
    const from = rooms[pick(rooms.length)]!;
    const [dx, dy] = ([[0, -1], [1, 0], [0, 1], [-1, 0]] as const)[pick(4)]!;
    const x = from.x + dx;
    const y = from.y + dy;
    if (x < 0 || y < 0 || x >= SIGIL_SIDE || y >= SIGIL_SIDE || at(x, y)) continue;
    const room = { x, y };
    rooms.push(room);
    paths.push([from, room]);
  }
  centre(rooms);
  return { rooms, paths, here: rooms[pick(rooms.length)]! };
}

/** Moves the rooms to the middle of the mark, by halves of a step where it must be. */
function centre(rooms: Spot[]): void {
  for (const side of ["x", "y"] as const) {
    const all = rooms.map((room) => room[side]);
    const shift = (SIGIL_SIDE - 1 - Math.min(...all) - Math.max(...all)) / 2;
    for (const room of rooms) room[side] += shift;
  }
}
