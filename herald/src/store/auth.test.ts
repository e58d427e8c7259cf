import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api } from "@/api/client";
import { fakeForge } from "@/api/fake";
import { keepSession } from "./auth";
import { ADA, testStore } from "./fixtures";

beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

const SESSION = { access: "a1", token: "a1", refresh: "r1", user: ADA };

test("a password lets one in, and the session is stored under the names of the contract", async () => {
  const calls = fakeForge(() => [201, SESSION]);
  const { store } = testStore();
  expect(await store.dispatch("auth/logIn", { email: ADA.email, password: "correct horse" })).toBe(true);
  expect(calls[0]!.body).toEqual({ email: ADA.email, password: "correct horse" });
  expect(store.getters["auth/loggedIn"]).toBe(true);
  expect(localStorage.getItem("jwtToken")).toBe("a1");
  expect(localStorage.getItem("refreshToken")).toBe("r1");
  expect(JSON.parse(localStorage.getItem("user")!)).toEqual(ADA);
});

test("without a password a link is mailed and nobody is in yet", async () => {
  const calls = fakeForge(() => [201, {}]);
  const { store } = testStore();
  expect(await store.dispatch("auth/logIn", { email: ADA.email, password: "" })).toBe(false);
  expect(calls[0]!.body).toEqual({ email: ADA.email });
  expect(store.getters["auth/loggedIn"]).toBe(false);
});

test("only `token` in the answer is enough", async () => {
  fakeForge(() => [201, { token: "t", refresh: "r", user: ADA }]);
  const { store } = testStore();
  await store.dispatch("auth/confirm", "link");
  expect(store.state.auth.access).toBe("t");
});

test("a session is still there after a reload, and gone after logging out", async () => {
  fakeForge(() => [201, SESSION]);
  await testStore().store.dispatch("auth/confirm", "link");
  const { store } = testStore();
  expect(store.state.auth).toEqual({ access: "a1", user: ADA });
  await store.dispatch("auth/logOut");
  expect(store.state.auth).toEqual({ access: "", user: null });
  expect(["jwtToken", "refreshToken", "user"].map((name) => localStorage.getItem(name))).toEqual([null, null, null]);
});

test("a stored user that cannot be read does no harm", () => {
  localStorage.setItem("jwtToken", "a1");
  localStorage.setItem("user", "{");
  expect(testStore().store.state.auth).toEqual({ access: "a1", user: null });
});

test("a guest becomes an account and keeps its place", async () => {
  const guest = { ...ADA, is_temporary: true };
  fakeForge(({ path, token }) => {
    if (path === "game/play/") return [201, { ...SESSION, user: guest, player: { id: 5, name: "Wanderer" }, world_id: 1100 }];
    expect(token).toBe("a1");
    return [201, { ...SESSION, access: "a2" }];
  });
  const { store } = testStore();
  keepSession(store);
  await store.dispatch("auth/playAsGuest");
  expect(store.getters["auth/guest"]).toBe(true);
  store.commit("forge/playing", { player: 5, name: "Wanderer", world: 1100 });
  await store.dispatch("auth/saveGuest", { email: ADA.email, username: "", send_newsletter: false });
  expect(store.getters["auth/guest"]).toBe(false);
  expect(store.state.forge.playing?.name).toBe("Wanderer");
});

test("another user finds nothing of the one before", async () => {
  fakeForge(() => [201, SESSION]);
  const { store } = testStore();
  await store.dispatch("auth/confirm", "link");
  store.commit("lobby/answered", { part: "lobby", value: { recent_characters: [] }, error: "" });
  store.commit("forge/playing", { player: 5, name: "Wanderer", world: 1100 });
  fakeForge(() => [201, { access: "b1", user: { ...ADA, id: 8 } }]);
  await store.dispatch("auth/confirm", "link");
  expect(store.state.lobby.lobby.value).toBeNull();
  expect(store.state.forge.playing).toBeNull();
  expect(localStorage.getItem("refreshToken")).toBeNull();
});

test("an account that reads plainly sets plain mode", async () => {
  fakeForge(() => [201, { ...SESSION, user: { ...ADA, accessibility_mode: true } }]);
  const { store } = testStore();
  await store.dispatch("auth/confirm", "link");
  expect(store.state.ui.plain).toBe(true);
});

test("setting a password is remembered, so that the next change asks for it", async () => {
  fakeForge(({ path }) => (path === "auth/email/confirm/" ? [201, SESSION] : [200, {}]));
  const { store } = testStore();
  await store.dispatch("auth/confirm", "link");
  await store.dispatch("auth/setPassword", { password: "correct horse" });
  expect(store.state.auth).toMatchObject({ access: "a1", user: { has_password: true } });
});

test("a changed password goes on with the session that comes with it", async () => {
  fakeForge(({ path }) => [200, path === "auth/email/confirm/" ? SESSION : { access: "a2", refresh: "r2", user: { ...ADA, has_password: true } }]);
  const { store } = testStore();
  await store.dispatch("auth/confirm", "link");
  await store.dispatch("auth/setPassword", { current: "old horse", password: "correct horse" });
  expect(store.state.auth.access).toBe("a2");
  expect(localStorage.getItem("refreshToken")).toBe("r2");
});

test("a session that cannot be continued says so once", async () => {
  fakeForge(({ path }) => (path === "auth/email/confirm/" ? [201, SESSION] : [401, { detail: "expired" }]));
  const { store } = testStore();
  keepSession(store);
  await store.dispatch("auth/confirm", "link");
  await Promise.allSettled([api.get("user/"), api.get("lobby/")]);
  expect(store.getters["auth/loggedIn"]).toBe(false);
  expect(store.state.ui.notices.map((notice) => notice.text)).toEqual(["Your login has ended. Log in again to go on."]);
});

test("logging out in another tab logs out here", async () => {
  fakeForge(() => [201, SESSION]);
  const { store } = testStore();
  keepSession(store);
  await store.dispatch("auth/confirm", "link");
  localStorage.clear();
  dispatchEvent(Object.assign(new Event("storage"), { key: null }));
  await vi.waitFor(() => expect(store.getters["auth/loggedIn"]).toBe(false));
});
