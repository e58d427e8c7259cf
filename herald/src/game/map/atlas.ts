// The known rooms of a world, found by key and by place. It lives outside of Vue's reactivity: 10,000 rooms as proxies
// would cost more than drawing them.
import { markRaw } from "vue";
import { exitKey, DIRECTIONS } from "@/wire/parse";
import type { Direction, MapRoom } from "@/wire/types";

/** The side of a cell of the index, in rooms. */
const CELL = 16;

export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export class Atlas {
  /** Names of rooms that were seen: the map of a snapshot may come without them. */
  private readonly names = new Map<string, string>();
  private readonly rooms = new Map<string, MapRoom>();
  private readonly cells = new Map<string, Set<MapRoom>>();
  /** How many rooms each floor has. */
  private readonly storeys = new Map<number, number>();

  constructor() {
    markRaw(this);
  }

  get size(): number {
    return this.rooms.size;
  }

  get(key: string): MapRoom | undefined {
    return this.rooms.get(key);
  }

  all(): IterableIterator<MapRoom> {
    return this.rooms.values();
  }

  put(given: MapRoom): void {
    if (given.name) this.names.set(given.key, given.name);
    const name = this.names.get(given.key);
    const room = given.name || !name ? given : { ...given, name };
    const known = this.rooms.get(room.key);
    if (known) this.forget(known);
    this.rooms.set(room.key, room);
    const cell = cellOf(room.x, room.y, room.z);
    let members = this.cells.get(cell);
    if (!members) this.cells.set(cell, (members = new Set()));
    members.add(room);
    this.storeys.set(room.z, (this.storeys.get(room.z) ?? 0) + 1);
  }

  clear(): void {
    this.rooms.clear();
    this.cells.clear();
    this.storeys.clear();
  }

  /** The floors that have rooms, from the lowest. */
  floors(): number[] {
    return [...this.storeys.keys()].sort((a, b) => a - b);
  }

  /** The rooms of a floor inside of a box, whose edges count. */
  *within(box: Box, z: number): Generator<MapRoom> {
    const cells = ((box.x1 - box.x0) / CELL + 1) * ((box.y1 - box.y0) / CELL + 1);
    if (cells > this.rooms.size) {
      for (const room of this.rooms.values()) if (room.z === z && inside(room, box)) yield room;
      return;
    }
    for (let cx = Math.floor(box.x0 / CELL); cx <= Math.floor(box.x1 / CELL); cx += 1) {
      for (let cy = Math.floor(box.y0 / CELL); cy <= Math.floor(box.y1 / CELL); cy += 1) {
        for (const room of this.cells.get(`${cx},${cy},${z}`) ?? []) {
          if (inside(room, box)) yield room;
        }
      }
    }
  }

  at(x: number, y: number, z: number): MapRoom | undefined {
    for (const room of this.cells.get(cellOf(x, y, z)) ?? []) if (room.x === x && room.y === y) return room;
    return undefined;
  }

  /** The smallest box around the rooms of a floor, or null when it has none. */
  extent(z: number): Box | null {
    let box: Box | null = null;
    for (const room of this.rooms.values()) {
      if (room.z !== z) continue;
      box ??= { x0: room.x, y0: room.y, x1: room.x, y1: room.y };
      box.x0 = Math.min(box.x0, room.x);
      box.x1 = Math.max(box.x1, room.x);
      box.y0 = Math.min(box.y0, room.y);
      box.y1 = Math.max(box.y1, room.y);
    }
    return box;
  }

  /** The shortest walk between two known rooms that passes no locked or closed door, or null. */
  path(from: string, to: string): Direction[] | null {
    const came = new Map<string, { key: string; direction: Direction } | null>([[from, null]]);
    const queue = [from];
    for (let i = 0; i < queue.length && !came.has(to); i += 1) {
      const key = queue[i] as string;
      const room = this.rooms.get(key);
      if (!room) continue;
      for (const direction of DIRECTIONS) {
        const next = exitKey(room[direction]);
        const door = room[`${direction}_door_state`];
        if (!next || came.has(next) || !this.rooms.has(next) || door === "closed" || door === "locked") continue;
        came.set(next, { key, direction });
        queue.push(next);
      }
    }
    if (!came.has(to)) return null;
    const steps: Direction[] = [];
    for (let step = came.get(to); step; step = came.get(step.key)) steps.unshift(step.direction);
    return steps;
  }

  private forget(room: MapRoom): void {
    const cell = cellOf(room.x, room.y, room.z);
    const members = this.cells.get(cell);
    members?.delete(room);
    if (members?.size === 0) this.cells.delete(cell);
    const left = (this.storeys.get(room.z) ?? 1) - 1;
    if (left > 0) this.storeys.set(room.z, left);
    else this.storeys.delete(room.z);
  }
}

function inside(room: MapRoom, box: Box): boolean {
  return room.x >= box.x0 && room.x <= box.x1 && room.y >= box.y0 && room.y <= box.y1;
}

function cellOf(x: number, y: number, z: number): string {
  return `${Math.floor(x / CELL)},${Math.floor(y / CELL)},${z}`;
}
