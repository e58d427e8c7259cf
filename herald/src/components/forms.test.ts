import { mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeForge } from "@/api/fake";
import type { LobbyWorld } from "@/api/types";
import { CHARACTER, testStore, WORLD } from "@/store/fixtures";
import CharacterForm from "./CharacterForm.vue";

beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

function form(world: Partial<LobbyWorld>) {
  const { store } = testStore();
  return mount(CharacterForm, { props: { world: { ...WORLD, ...world } }, global: { plugins: [store] } });
}

const FACTIONS = [
  { code: "salvors", name: "Salvors", is_selectable: true },
  { code: "lamp", name: "Lamplighters", is_selectable: true, is_default: true },
  { code: "sea", name: "The Sea", is_selectable: false },
];

test.each<[string, Partial<LobbyWorld>, string[], Record<string, unknown>]>([
  ["a world of classes", {}, ["Gender", "Calling"], { archetype: "warrior", faction: null }],
  ["a world without classes", { is_classless: true }, ["Gender"], { archetype: "", faction: null }],
  ["a story", { is_narrative: true }, ["Gender"], { archetype: "warrior" }],
  ["a peaceful world", { allow_combat: false, can_select_gender: false, default_gender: "non_binary" }, [], { archetype: "warrior", gender: "non_binary" }],
  ["a world of peoples", { can_select_faction: true, core_factions: FACTIONS }, ["Gender", "Calling", "People"], { faction: "lamp" }],
])("%s asks for what it allows", async (_what, world, asked, sent) => {
  const calls = fakeForge(() => [201, CHARACTER]);
  const wrapper = form(world);
  expect(wrapper.findAll("legend").map((legend) => legend.text())).toEqual(asked);
  expect(wrapper.text()).not.toContain("The Sea");
  await wrapper.find("input").setValue(" Ada ");
  await wrapper.find("form").trigger("submit");
  await vi.waitFor(() => expect(wrapper.emitted("made")).toEqual([[CHARACTER]]));
  expect(calls[0]).toMatchObject({ method: "POST", path: "lobby/worlds/1000/chars/", body: { name: "Ada", gender: "female", ...sent } });
});

test("what is wrong with a field stands at the field, in words and for screen readers", async () => {
  fakeForge(() => [400, { name: ["Names have letters only."] }]);
  const wrapper = form({});
  await wrapper.find("input").setValue("R2");
  await wrapper.find("form").trigger("submit");
  await vi.waitFor(() => expect(wrapper.find('[role="alert"]').text()).toBe("Names have letters only."));
  const input = wrapper.find("input");
  expect(input.attributes("aria-invalid")).toBe("true");
  expect(input.attributes("aria-describedby")).toContain(wrapper.find('[role="alert"]').attributes("id"));
  expect(wrapper.emitted("made")).toBeUndefined();
});

test("a refusal of the whole stands above the form", async () => {
  fakeForge(() => [400, ["You have enough characters here."]]);
  const wrapper = form({});
  await wrapper.find("input").setValue("Ada");
  await wrapper.find("form").trigger("submit");
  await vi.waitFor(() => expect(wrapper.find('[role="alert"]').text()).toBe("You have enough characters here."));
});
