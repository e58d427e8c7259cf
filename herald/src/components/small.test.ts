import { expect, test } from "vitest";
import { ago, summary } from "./people";
import { SIGIL_SIDE, sigilOf } from "./sigil";
import { answer, FIRST_NOOK, NOOKS } from "./vignette";
import { CHARACTER } from "@/store/fixtures";

test("a world's mark depends on its name alone, and its rooms hang together", () => {
  for (const name of ["Low Water", "The Long Stair", "", "∅"]) {
    const sigil = sigilOf(name);
    expect(sigilOf(name)).toEqual(sigil);
    expect(sigil.paths).toHaveLength(sigil.rooms.length - 1);
    for (const room of sigil.rooms) {
      for (const at of [room.x, room.y]) expect(at >= 0 && at <= SIGIL_SIDE - 1).toBe(true);
    }
  }
  expect(sigilOf("Low Water")).not.toEqual(sigilOf("Saltmarsh Letters"));
});

test("every exit of the sketch leads somewhere, and everything it names can be looked at", () => {
  for (const [at, nook] of Object.entries(NOOKS)) {
    for (const [way, next] of Object.entries(nook.exits)) expect(answer(at, way)).toMatchObject({ at: next, moved: true });
    for (const [thing, words] of Object.entries(nook.things)) {
      expect(nook.text).toMatch(new RegExp(`\\b${thing}\\b`));
      expect(answer(at, `look ${thing}`).text).toBe(words);
      expect(answer(at, `l at the ${thing}`).text).toBe(words);
    }
  }
});

test("the sketch answers whatever is typed", () => {
  expect(answer(FIRST_NOOK, "n")).toMatchObject({ at: "orchard", moved: true });
  expect(answer(FIRST_NOOK, " WEST ")).toMatchObject({ at: FIRST_NOOK, text: "Nobody has drawn anything to the west." });
  expect(answer(FIRST_NOOK, "look").text).toBe(NOOKS[FIRST_NOOK]!.text);
  expect(answer(FIRST_NOOK, "").text).toBe("");
  for (const line of ["xyzzy", "look constructor", "toString", "say :("]) expect(answer(FIRST_NOOK, line).text).toContain("Try an exit");
});

test("a character in one line", () => {
  expect(summary(CHARACTER)).toBe("Level 4 mage");
  expect(summary({ ...CHARACTER, archetype: "", core_faction: "human" })).toBe("Level 4");
  expect(summary({ ...CHARACTER, core_faction: "the Weigh-House" })).toBe("Level 4 mage of the Weigh-House");
});

test.each([
  [0, "just now"], [5, "5 minutes ago"], [61, "an hour ago"], [60 * 30, "30 hours ago"], [60 * 24 * 3, "3 days ago"],
])("%i minutes ago", (minutes, words) => {
  const now = Date.parse("2026-05-02T12:00:00Z");
  expect(ago(new Date(now - minutes * 60_000).toISOString(), now)).toBe(words);
  expect(ago(now / 1000 - minutes * 60, now)).toBe(words);
});

test.each([[null], [undefined], ["never"]])("no time, no words", (time) => {
  expect(ago(time)).toBe("");
});
