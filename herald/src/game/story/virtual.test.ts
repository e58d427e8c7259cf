import { expect, test } from "vitest";
import { Offsets, OVERSCAN_PX } from "./virtual";

function laid(count: number, height = 100): Offsets {
  const offsets = new Offsets(() => height);
  offsets.lay(Array.from({ length: count }, (_, i) => i + 1));
  return offsets;
}

test("entries lie one below the other", () => {
  const offsets = laid(5);
  expect(offsets.total).toBe(500);
  expect(offsets.top(3)).toBe(300);
  expect([0, 99, 100, 499, 9999].map((y) => offsets.indexAt(y))).toEqual([0, 0, 1, 4, 4]);
});

test("a measured height takes the place of the guess", () => {
  const offsets = laid(3);
  expect(offsets.measure(1, 40)).toBe(true);
  expect(offsets.measure(1, 40)).toBe(false);
  offsets.lay([1, 2, 3]);
  expect(offsets.total).toBe(240);
  offsets.lay([2, 3]);
  expect(offsets.total).toBe(200);
  offsets.forgetMeasures();
  offsets.lay([1, 2, 3]);
  expect(offsets.total).toBe(300);
});

test("of five thousand entries a window draws a few", () => {
  const offsets = laid(5_000);
  const { first, end } = offsets.range(250_000, 800);
  expect(first).toBe((250_000 - OVERSCAN_PX) / 100);
  expect(end - first).toBeLessThan(25);
  expect(offsets.top(first)).toBeLessThanOrEqual(250_000);
  expect(offsets.top(end)).toBeGreaterThanOrEqual(250_800);
});

test("an empty list draws nothing", () => {
  expect(laid(0).range(0, 800)).toEqual({ first: 0, end: 0 });
  expect(laid(0).total).toBe(0);
});
