import { describe, expect, test } from "vitest";
import { aRoom } from "../store/samples";
import { Atlas } from "./atlas";
import { drawMap } from "./draw";
import { fit, PITCH_MAX, PITCH_MIN, toScreen, toWorld, visible, zoomAt, type View } from "./view";

const VIEW: View = { x: 0, y: 0, z: 0, pitch: 20, width: 200, height: 100 };

function atlas(...rooms: Parameters<Atlas["put"]>[0][]): Atlas {
  const made = new Atlas();
  for (const room of rooms) made.put(room);
  return made;
}

describe("the atlas", () => {
  test("finds rooms by place, and moves those that move", () => {
    const map = atlas(aRoom(1, { x: -20, y: 3 }));
    expect(map.at(-20, 3, 0)?.key).toBe("room.1");
    map.put(aRoom(1, { x: 5, y: 5, z: 2 }));
    expect(map.at(-20, 3, 0)).toBeUndefined();
    expect(map.floors()).toEqual([2]);
    expect(map.size).toBe(1);
  });

  test("remembers names that a later map leaves out", () => {
    const map = atlas(aRoom(1, { name: "The Stair" }));
    map.clear();
    map.put({ key: "room.1", x: 0, y: 0, z: 0, type: "road" });
    expect(map.get("room.1")?.name).toBe("The Stair");
  });

  test("gives the rooms of a box of one floor, near and far", () => {
    const map = new Atlas();
    for (let x = -40; x <= 40; x += 1) map.put(aRoom(x + 100, { x, y: x % 3 }));
    map.put(aRoom(500, { x: 0, y: 0, z: 1 }));
    const keys = (x0: number, x1: number) => [...map.within({ x0, y0: -5, x1, y1: 5 }, 0)].length;
    expect(keys(-2, 2)).toBe(5);
    expect(keys(-1000, 1000)).toBe(81);
    expect(map.extent(0)).toEqual({ x0: -40, y0: -2, x1: 40, y1: 2 });
    expect(map.extent(9)).toBeNull();
  });

  test("knows the shortest way around a closed door", () => {
    const map = atlas(
      aRoom(1, { east: "room.2", east_door_state: "closed", north: "room.3" }),
      aRoom(2),
      aRoom(3, { east: { key: "room.4" } }),
      aRoom(4, { south: "room.2" }),
    );
    expect(map.path("room.1", "room.2")).toEqual(["north", "east", "south"]);
    expect(map.path("room.1", "room.1")).toEqual([]);
    expect(map.path("room.2", "room.1")).toBeNull();
    expect(map.path("room.1", "room.99")).toBeNull();
  });
});

describe("the view", () => {
  test("has north above and east to the right, and turns back", () => {
    expect(toScreen(VIEW, 1, 1)).toEqual({ sx: 120, sy: 30 });
    expect(toWorld(VIEW, 120, 30)).toEqual({ x: 1, y: 1 });
  });

  test("zooms around the pointer, within bounds", () => {
    const zoomed = zoomAt(VIEW, 2, 120, 30);
    expect(toScreen(zoomed, 1, 1)).toEqual({ sx: 120, sy: 30 });
    expect(zoomAt(VIEW, 1000, 0, 0).pitch).toBe(PITCH_MAX);
    expect(zoomAt(VIEW, 0.001, 0, 0).pitch).toBe(PITCH_MIN);
  });

  test("fits a floor", () => {
    const fitted = fit(VIEW, { x0: 0, y0: 0, x1: 8, y1: 3 });
    expect(fitted).toMatchObject({ x: 4, y: 1.5 });
    expect(visible(fitted).x0).toBeLessThanOrEqual(0);
    expect(visible(fitted).x1).toBeGreaterThanOrEqual(8);
  });
});

test("only what is visible is drawn", () => {
  class Path {
    moveTo() {}
    lineTo() {}
    closePath() {}
  }
  Object.assign(globalThis, { Path2D: Path });
  const nothing = () => undefined;
  const ctx = new Proxy({} as Record<string, unknown>, { get: (target, name: string) => target[name] ?? nothing, set: () => true });
  const map = new Atlas();
  for (let i = 0; i < 10_000; i += 1) map.put(aRoom(i, { x: i % 100, y: Math.floor(i / 100), up: "room.1", flags: ["shop"], east: `room.${i + 1}` }));
  const palette = { paper: "", ink: "", soft: "", room: "", here: "", path: "", door: "", terrain: {}, flag: {} };
  const drawn = drawMap(ctx as unknown as CanvasRenderingContext2D, map, { ...VIEW, x: 50, y: 50 }, palette);
  expect(drawn).toBeGreaterThan(50);
  expect(drawn).toBeLessThan(150);
});
