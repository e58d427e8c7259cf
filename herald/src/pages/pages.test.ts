import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Component } from "vue";
import { createMemoryHistory } from "vue-router";
import { fakeForge } from "@/api/fake";
import { createHeraldRouter } from "@/router";
import { keepSession } from "@/store/auth";
import { ADA, CHARACTER, pageOf, testStore, WORLD } from "@/store/fixtures";
import KeepPage from "./KeepPage.vue";
import WorldPage from "./WorldPage.vue";

beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

async function page(component: Component, path: string, user = ADA) {
  localStorage.setItem("jwtToken", "a1");
  localStorage.setItem("user", JSON.stringify(user));
  const { store } = testStore();
  keepSession(store);
  const router = createHeraldRouter(store, createMemoryHistory());
  await router.push(path);
  const enter = vi.fn();
  const dispatch = store.dispatch.bind(store);
  vi.spyOn(store, "dispatch").mockImplementation(((type: string, payload: unknown) =>
    type === "forge/enter" ? enter(payload) : dispatch(type, payload)) as typeof store.dispatch);
  const wrapper = mount(component, { global: { plugins: [store, router] } });
  await flushPromises();
  return { wrapper, store, router, enter };
}

function forgeWith(characters: unknown[]) {
  return fakeForge(({ method, path }) => {
    if (method === "POST") return [201, CHARACTER];
    if (path.includes("/chars/")) return [200, pageOf(characters)];
    if (path.includes("/leaders/")) return [200, pageOf([])];
    return [200, WORLD];
  });
}

test("who makes the first character in a world enters with it at once", async () => {
  forgeWith([]);
  const { wrapper, enter } = await page(WorldPage, "/worlds/1000");
  await wrapper.find('input:not([type="radio"])').setValue("Ada");
  await wrapper.find("form").trigger("submit");
  await flushPromises();
  expect(enter).toHaveBeenCalledWith({ player: CHARACTER.id, name: "Ada", world: WORLD.id });
  expect(wrapper.find("form").exists()).toBe(false);
  expect(wrapper.text()).toContain("New character");
});

test("who has a character sees it, and the form only when asked for", async () => {
  forgeWith([CHARACTER]);
  const { wrapper, enter } = await page(WorldPage, "/worlds/1000");
  expect(wrapper.find("form").exists()).toBe(false);
  await wrapper.find('[aria-label="Enter as Ada"]').trigger("click");
  expect(enter).toHaveBeenCalledTimes(1);
});

test("a visitor of a world is shown the way in", async () => {
  forgeWith([]);
  const { wrapper, store } = await page(WorldPage, "/worlds/1000");
  await store.dispatch("auth/logOut");
  await flushPromises();
  expect(wrapper.find("form").exists()).toBe(false);
});

test("a guest who keeps the character is told so and goes on", async () => {
  fakeForge(() => [201, { access: "a2", refresh: "r2", user: ADA, login_link_sent: true }]);
  const { wrapper, store, router } = await page(KeepPage, "/keep", { ...ADA, is_temporary: true });
  await wrapper.find('input[type="email"]').setValue("ada@example.org");
  await wrapper.find("form").trigger("submit");
  await flushPromises();
  await vi.waitFor(() => expect(router.currentRoute.value.name).toBe("lobby"));
  expect(store.state.ui.notices[0]!.text).toContain("Kept.");
});
