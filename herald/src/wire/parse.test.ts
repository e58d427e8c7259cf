import { describe, expect, test } from "vitest";
import { exitsOf, isMapRoom, isRoom, parseFrame } from "./parse";

describe("parseFrame", () => {
  test("fills in what a frame may leave out", () => {
    expect(parseFrame('{"type":"system.connect.success"}')).toEqual({ type: "system.connect.success", text: "", data: {} });
    expect(parseFrame('{"type":"a","text":null,"data":null,"seq":4,"group":"g"}')).toEqual({ type: "a", text: "", data: {}, seq: 4, group: "g" });
  });

  test("keeps an array as data: the who list", () => {
    expect(parseFrame('{"type":"notification.who","text":"","data":[{"key":"player.1"}]}')?.data).toEqual([{ key: "player.1" }]);
  });

  test.each(["", "nonsense", "[]", "4", "null", '{"text":"no type"}', '{"type":7}'])("refuses %j", (raw) => {
    expect(parseFrame(raw)).toBeNull();
  });

  test("refuses what is not text", () => {
    expect(parseFrame(new ArrayBuffer(4))).toBeNull();
  });

  test("takes no fraction for a sequence number", () => {
    expect(parseFrame('{"type":"a","seq":1.5}')?.seq).toBeUndefined();
  });
});

test("a room is a map entry with things and people in it", () => {
  const entry = { key: "room.1", x: 0, y: 0, z: 0, type: "road" };
  expect(isMapRoom(entry)).toBe(true);
  expect(isRoom(entry)).toBe(false);
  expect(isRoom({ ...entry, inventory: [], chars: [] })).toBe(true);
  expect(isMapRoom({ ...entry, x: "0" })).toBe(false);
});

test("exits come in the order of the compass, whichever form they have", () => {
  const room = { key: "room.1", x: 0, y: 0, z: 0, type: "road", down: { key: "room.3" }, north: "room.2", north_door_state: "closed" as const, east: null };
  expect(exitsOf(room)).toEqual([
    { direction: "north", to: "room.2", door: "closed" },
    { direction: "down", to: "room.3", door: null },
  ]);
});
