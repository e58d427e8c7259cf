import { expect, test } from "vitest";
import { createHeraldStore } from "@/store";

test("the store opens", () => {
  expect(createHeraldStore().state).toEqual({});
});
