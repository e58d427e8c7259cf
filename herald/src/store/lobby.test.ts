import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeForge } from "@/api/fake";
import { CHARACTER, pageOf, testStore, WORLD } from "./fixtures";

beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

function forgeWithWorld() {
  return fakeForge(({ method, path }) => {
    if (method === "DELETE") return [204];
    if (method === "PATCH") return [200, { ...CHARACTER, description: "Ink on her fingers." }];
    if (path.endsWith("/reset/")) return [200, CHARACTER];
    if (method === "POST") return [201, { ...CHARACTER, id: 4, name: "Bo" }];
    if (path.includes("/chars/")) return [200, pageOf([CHARACTER])];
    if (path.includes("/leaders/")) return [200, pageOf([])];
    if (path === "lobby/worlds/low-water/") return [200, WORLD];
    return [404, { detail: "Not found." }];
  });
}

test("a world comes with its characters and leaders", async () => {
  forgeWithWorld();
  const { store } = testStore();
  await store.dispatch("lobby/view", "low-water");
  expect(store.state.lobby.view.value).toEqual({ address: "low-water", world: WORLD, characters: [CHARACTER], leaders: [] });
});

test("a world that is not there is an error with words, not a wait", async () => {
  forgeWithWorld();
  const { store } = testStore();
  await store.dispatch("lobby/view", "nowhere");
  expect(store.state.lobby.view).toEqual({ value: null, loading: false, error: "Not found." });
});

test("characters are made, described and deleted in place", async () => {
  const calls = forgeWithWorld();
  const { store } = testStore();
  await store.dispatch("lobby/view", "low-water");
  const names = () => store.state.lobby.view.value!.characters.map((one) => one.name);
  await store.dispatch("lobby/createCharacter", { world: 1000, form: { name: "Bo", gender: "male", archetype: "", faction: null } });
  expect(names()).toEqual(["Bo", "Ada"]);
  await store.dispatch("lobby/describeCharacter", { world: 1000, id: 3, description: "Ink on her fingers." });
  expect(store.state.lobby.view.value!.characters[1]!.description).toBe("Ink on her fingers.");
  await store.dispatch("lobby/resetCharacter", { world: 1000, id: 3 });
  expect(calls[calls.length - 1]).toMatchObject({ method: "POST", path: "lobby/worlds/1000/chars/3/reset/" });
  expect(names()).toEqual(["Bo", "Ada"]);
  await store.dispatch("lobby/deleteCharacter", { world: 1000, id: 3 });
  expect(names()).toEqual(["Bo"]);
  expect(calls[calls.length - 1]).toMatchObject({ method: "DELETE", path: "lobby/worlds/1000/chars/3/" });
});

test("a refused deletion leaves the character", async () => {
  forgeWithWorld();
  const { store } = testStore();
  await store.dispatch("lobby/view", "low-water");
  fakeForge(() => [400, ["Ada is in the world at the moment."]]);
  await expect(store.dispatch("lobby/deleteCharacter", { world: 1000, id: 3 })).rejects.toThrow("in the world");
  expect(store.state.lobby.view.value!.characters).toHaveLength(1);
});

test("the answer to an older search does not replace a newer one's", async () => {
  const release: (() => void)[] = [];
  fakeForge(async ({ path }) => {
    if (path.includes("q=old")) await new Promise<void>((resolve) => release.push(resolve));
    return [200, pageOf([{ id: 1, name: path.includes("q=old") ? "Old" : "New" }])];
  });
  const { store } = testStore();
  const old = store.dispatch("lobby/search", { q: "old", unpublished: true });
  await store.dispatch("lobby/search", { q: "new", unpublished: true });
  release.forEach((go) => go());
  await old;
  expect(store.state.lobby.listing.value!.results[0]!.name).toBe("New");
});

test("searching says whether unpublished worlds are wanted, and escapes the words", async () => {
  const calls = fakeForge(() => [200, pageOf([])]);
  const { store } = testStore();
  await store.dispatch("lobby/search", { q: "salt & sea", unpublished: true });
  await store.dispatch("lobby/search", { q: "sea", unpublished: false });
  expect(calls.map((c) => c.path)).toEqual([
    "lobby/worlds/search/?q=salt%20%26%20sea&reviewed=false",
    "lobby/worlds/search/?q=sea&reviewed=true",
  ]);
});

test("a lobby that fails to load again keeps what it has", async () => {
  fakeForge(() => [200, { recent_characters: [CHARACTER] }]);
  const { store } = testStore();
  await store.dispatch("lobby/load");
  fakeForge(() => [503, { detail: "Catching its breath." }]);
  await store.dispatch("lobby/load");
  expect(store.state.lobby.lobby.error).toBe("Catching its breath.");
  expect(store.state.lobby.lobby.value?.recent_characters).toHaveLength(1);
});
