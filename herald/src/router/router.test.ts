import { beforeEach, expect, test, vi } from "vitest";
import { createMemoryHistory, type Router } from "vue-router";
import { ADA, testStore } from "@/store/fixtures";
import { createHeraldRouter, safeRedirect } from "./index";

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

function setting(loggedIn: boolean) {
  if (loggedIn) {
    localStorage.setItem("jwtToken", "a1");
    localStorage.setItem("user", JSON.stringify(ADA));
  }
  const { store } = testStore();
  return { store, router: createHeraldRouter(store, createMemoryHistory()) };
}

async function go(router: Router, to: string): Promise<string> {
  await router.push(to);
  return router.currentRoute.value.fullPath;
}

test.each(["/lobby", "/account", "/lobby/search?q=sea", "/lobby/playing", "/game", "/keep"])("%s asks a visitor to log in and remembers the way", async (path) => {
  const { router } = setting(false);
  await go(router, path);
  expect(router.currentRoute.value.name).toBe("login");
  expect(router.currentRoute.value.query.redirect).toBe(path);
});

test.each(["/", "/worlds/1000", "/signup", "/login-link/abc", "/display", "/styleguide"])("%s is open to a visitor", async (path) => {
  expect(await go(setting(false).router, path)).toBe(path);
});

test.each(["/", "/login", "/signup", "/forgot-password"])("%s leads someone who is in to the lobby", async (path) => {
  expect(await go(setting(true).router, path)).toBe("/lobby");
});

test("a login that another tab did meanwhile goes on to where one wanted", async () => {
  expect(await go(setting(true).router, "/login?redirect=/account")).toBe("/account");
});

test.each(["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", undefined, ["/a"]])("%s is no way out of our login", (wanted) => {
  expect(safeRedirect(wanted)).toBe("/lobby");
});

test("an unknown address is a page of its own", async () => {
  const { router } = setting(false);
  await go(router, "/no/such/thing");
  expect(router.currentRoute.value.name).toBe("nowhere");
});

test("the game opens only to who enters, and takes note of it", async () => {
  const { router, store } = setting(true);
  expect(await go(router, "/game")).toBe("/lobby");
  store.commit("forge/entering", { player: 3, name: "Ada", world: 1100, stage: "opening", error: "" });
  expect(await go(router, "/game")).toBe("/game");
  expect(store.state.forge.playing).toEqual({ player: 3, name: "Ada", world: 1100 });
  expect(document.title).toBe("Playing · Realms");
});

test("a reload of the game asks for the way in again", async () => {
  setting(true).store.commit("forge/playing", { player: 3, name: "Ada", world: 1100 });
  const { router, store } = setting(true);
  const enter = vi.spyOn(store, "dispatch").mockResolvedValue(undefined);
  expect(await go(router, "/game")).toBe("/lobby");
  expect(enter).toHaveBeenCalledWith("forge/enter", { player: 3, name: "Ada", world: 1100 });
});
