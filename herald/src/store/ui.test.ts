import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { testStore } from "./fixtures";
import { NOTICE_MS, NOTICES_MAX, readDisplay, TEXT_SIZES } from "./ui";

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test("the display is kept between visits", async () => {
  await testStore().store.dispatch("ui/display", { theme: "light", textSize: 1.2 });
  expect(testStore().store.state.ui).toMatchObject({ theme: "light", textSize: 1.2, measure: 66, plain: false });
});

test.each([
  [null], ["nonsense"], [[]], [{ theme: "pink", textSize: "big", measure: Number.NaN, plain: "yes" }],
])("a stored display that makes no sense is the usual one", (stored) => {
  expect(readDisplay(stored)).toEqual({ theme: "system", textSize: 1, measure: 66, plain: false });
});

test("text stays readable whatever is asked for", () => {
  expect(readDisplay({ textSize: 40 }).textSize).toBe(TEXT_SIZES.max);
  expect(readDisplay({ textSize: 0 }).textSize).toBe(TEXT_SIZES.min);
});

test("notices leave by themselves, failures wait to be put away", async () => {
  const { store } = testStore();
  await store.dispatch("ui/notify", { text: "Saved." });
  const id = await store.dispatch("ui/notify", { tone: "danger", text: "Not saved." });
  vi.advanceTimersByTime(NOTICE_MS);
  expect(store.state.ui.notices.map((notice) => notice.text)).toEqual(["Not saved."]);
  store.commit("ui/dismissed", id);
  expect(store.state.ui.notices).toEqual([]);
});

test("the same words are shown once, and not too many at a time", async () => {
  const { store } = testStore();
  for (let n = 0; n < 3; n++) await store.dispatch("ui/notify", { text: "Again." });
  expect(store.state.ui.notices).toHaveLength(1);
  for (let n = 0; n < 10; n++) await store.dispatch("ui/notify", { text: `Notice ${n}` });
  expect(store.state.ui.notices).toHaveLength(NOTICES_MAX);
});
