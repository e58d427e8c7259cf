import { expect, test } from "vitest";
import { backoff, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, finalReason } from "./link";

test("the back-off doubles, is bounded, and never waits less than half of its span", () => {
  expect(backoff(1, 0)).toBe(BACKOFF_FIRST_MS / 2);
  expect(backoff(3, 0.999)).toBeCloseTo(BACKOFF_FIRST_MS * 4, -1);
  expect(backoff(500, 0)).toBe(BACKOFF_MAX_MS / 2);
  expect(backoff(500, 0.9999)).toBeLessThanOrEqual(BACKOFF_MAX_MS);
});

test("only closings that another try cannot help are final", () => {
  expect(finalReason(4000)).toMatch(/another window/);
  expect(finalReason(4401)).toMatch(/log in/i);
  for (const code of [1000, 1001, 1006, 1012, 1013]) expect(finalReason(code)).toBeNull();
});
