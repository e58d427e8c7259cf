import { expect, test } from "vitest";
import { HINTS, nextHint, taughtBy } from "./hints";

test("each of the first five commands is taught until it was used", () => {
  let learnt: string[] = [];
  for (const [command, id] of [["l", "look"], ["n", "move"], ["get rope", "get"], ["say hi", "say"], ["he", "help"]] as const) {
    expect(nextHint(learnt)?.id).toBe(id);
    expect(taughtBy(command)).toBe(id);
    learnt = [...learnt, id];
  }
  expect(nextHint(learnt)).toBeNull();
  expect(HINTS).toHaveLength(5);
});

test("other commands teach nothing", () => {
  for (const command of ["", "who", "north now", "h", "xyzzy"]) expect(taughtBy(command)).toBeNull();
});
