import { mount, type VueWrapper } from "@vue/test-utils";
import { defineComponent, h, nextTick } from "vue";
import { beforeEach, describe, expect, test } from "vitest";
import { createStore, type Store } from "vuex";
import type { GameSocketHost } from "@/socket/GameSocket";
import CommandLine from "./command/CommandLine.vue";
import FoeBox from "./panels/FoeBox.vue";
import SkillBar from "./panels/SkillBar.vue";
import { gameModule } from "./store/module";
import { aChar, anActor, anItem, aRoom, frame } from "./store/samples";
import type { GameState } from "./store/state";
import StoryEntryView from "./story/StoryEntryView.vue";
import EntityCard from "./ui/EntityCard.vue";
import { provideScreen } from "./ui/screen";

let store: Store<{ game: GameState }>;
let host: GameSocketHost;
let sent: { text: string; type?: string; data?: unknown }[];

beforeEach(async () => {
  localStorage.clear();
  sent = [];
  const game = gameModule({
    token: () => "T",
    reenter: () => Promise.reject(new Error("none")),
    saveConfig: () => Promise.resolve(),
    entered: () => undefined,
    left: () => undefined,
    socket: (given) => {
      host = given;
      return {
        enter: () => undefined,
        command: (text, type, data) => sent.push({ text, ...(type ? { type, data } : {}) }),
        quit: () => true,
        retryNow: () => undefined,
        close: () => undefined,
      };
    },
  });
  const ui = { namespaced: true, state: () => ({ plain: false }) };
  store = createStore({ modules: { game: game as never, ui } });
  void store.dispatch("game/enter", {
    player_id: 7, ws_uri: "", player_config: { room_brief: false, combat_brief: false, display_chat: true },
    world: { id: 50, context_id: 5, name: "Test", labels: { attacks: {}, effects: {} }, is_classless: false },
  });
  const room = aRoom(1, { description: "Iron rings hang here.", details: ["rings"], north: "room.2", chars: [aChar(1), aChar(2)], inventory: [anItem(1)], actions: ["ring bell"] });
  const world = { id: 50, name: "Test", allow_combat: true, is_multiplayer: true, factions: {}, currencies: {} };
  host.onFrame(frame("cmd.state.sync.success", { map: [], actor: anActor(), room, world, who_list: [] }), false);
  host.onLink({ state: "live" });
});

/** Mounts parts of the screen inside of one that provides what they share. */
function show(render: () => unknown): VueWrapper {
  const Around = defineComponent({
    setup() {
      provideScreen();
      return () => [render(), h(EntityCard)] as never;
    },
  });
  return mount(Around, { global: { plugins: [store] }, attachTo: document.body });
}

function story(): VueWrapper {
  return show(() => store.state.game.story.map((entry) => h(StoryEntryView, { entry, key: entry.id })));
}

describe("the story", () => {
  test("draws the room with everything that can be clicked", async () => {
    const page = story();
    expect(page.find("h2").text()).toBe("Room 1");
    await page.find(".detail").trigger("click");
    await page.find(".exits button").trigger("click");
    await page.find(".actions button").trigger("click");
    expect(sent.map(({ text }) => text)).toEqual(["look rings", "north", "ring bell"]);
  });

  test("only the newest room can be clicked", async () => {
    const page = story();
    host.onFrame(frame("cmd.move.success", { room: aRoom(2, { south: "room.1" }) }), false);
    await nextTick();
    const rooms = page.findAll(".room");
    expect(rooms[0]?.findAll("button")).toHaveLength(0);
    expect(rooms[1]?.findAll("button").length).toBeGreaterThan(0);
  });

  test("what players write stays text", async () => {
    const page = story();
    const bad = "<img src=x onerror=alert(1)><b>bold</b>";
    host.onFrame(frame("notification.cmd.say.success", {}, `Ann says '${bad}'`), false);
    host.onFrame(frame("notification.cmd.chat.success", {}, `Ann chats ${bad} https://a.example/"onmouseover=x`), false);
    host.onFrame(frame("notification.tell", {}, `Ann tells you ${bad} javascript:alert(1)`), false);
    await nextTick();
    expect(page.findAll("img, b")).toHaveLength(0);
    expect(page.text()).toContain(bad);
    expect(page.findAll("a").map((link) => link.attributes("href"))).toEqual(["https://a.example/"]);
    expect(page.find("a").attributes("rel")).toContain("noopener");
  });

  test("a name opens a card whose deeds are structured commands", async () => {
    const page = story();
    await page.find(".things .entity").trigger("click");
    await nextTick();
    const card = page.find("[role=dialog]");
    await card.findAll("button").find((button) => button.text() === "get")?.trigger("click");
    expect(sent).toEqual([{ text: "get lamp", type: "cmd.get", data: { item: { key: "item.1" } } }]);
    expect(page.find("[role=dialog]").exists()).toBe(false);
  });

  test("the second of two equals is addressed as the second", async () => {
    const page = story();
    await page.findAll(".people .entity")[1]?.trigger("click");
    await nextTick();
    await page.find("[role=dialog] button").trigger("click");
    expect(sent).toEqual([{ text: "look 2.rat" }]);
  });

  test.each([
    ["cmd.inventory.success", { actor: { key: "player.7", inventory: [], gold: 3 } }, "get"],
    ["cmd.equipment.success", { equipment: {} }, "wield"],
    ["cmd.list.success", { inventory: [] }, "Nothing at the moment"],
  ])("an empty %s says what one could do", async (type, data, words) => {
    const page = story();
    host.onFrame(frame(type, data as never), false);
    await nextTick();
    expect(page.text()).toContain(words);
  });

  test("a command that waits says so", async () => {
    const page = story();
    host.onLink({ state: "offline", retryAt: 0, attempt: 1, reason: "The connection was lost." });
    await store.dispatch("game/send", "north");
    await nextTick();
    expect(page.text()).toContain("The connection was lost.");
    expect(page.text()).toContain("waits for the connection");
  });
});

describe("the command line", () => {
  function line() {
    const page = show(() => h(CommandLine));
    const input = page.find("input");
    const type = async (text: string) => {
      await input.setValue(text);
      await input.trigger("submit");
    };
    const press = (key: string, more: object = {}) => input.trigger("keydown", { key, ...more });
    return { input, type, press, value: () => (input.element as HTMLInputElement).value };
  }
  const texts = () => sent.map(({ text }) => text);

  test("sends, empties itself, and repeats the last command that is no speech", async () => {
    const { type, value } = line();
    await type("look");
    expect(value()).toBe("");
    await type("say hello");
    await type("");
    expect(texts()).toEqual(["look", "say hello", "look"]);
  });

  test("arrows walk while it is empty, and bring earlier lines while it is not", async () => {
    const { input, type, press, value } = line();
    await press("ArrowUp");
    await press("ArrowDown", { shiftKey: true });
    expect(texts()).toEqual(["north", "down"]);
    await type("look rings");
    await input.setValue("lo");
    await press("ArrowUp");
    expect(value()).toBe("look rings");
    await press("ArrowDown");
    expect(value()).toBe("lo");
  });

  test("Tab completes and goes through what fits", async () => {
    const { input, press, value } = line();
    await input.setValue("look r");
    await press("Tab");
    expect(value()).toBe("look rat ");
    await press("Tab");
    expect(value()).toBe("look 2.rat ");
    await press("Tab");
    expect(value()).toBe("look rings ");
  });

  test("Ctrl-R finds an earlier line", async () => {
    const { input, type, press, value } = line();
    await type("get lamp");
    await type("look");
    await press("r", { ctrlKey: true });
    await input.setValue("amp");
    await press("Enter");
    expect(value()).toBe("get lamp");
    expect(texts()).toEqual(["get lamp", "look"]);
  });

  test("a key of the skill bar does what is on it, while nothing is typed", async () => {
    const { input, press } = line();
    await press("1");
    expect(texts()).toEqual([]);
    learned();
    await press("1");
    await press("2");
    await input.setValue("x");
    await press("1");
    expect(texts()).toEqual(["bash"]);
  });

  test("Escape empties it", async () => {
    const { input, press, value } = line();
    await input.setValue("say oops");
    await press("Escape");
    expect(value()).toBe("");
  });
});

/** From here on the player knows a skill, on key 1. */
function learned(): void {
  const world = { id: 50, name: "Test", allow_combat: true, is_multiplayer: true, factions: {}, currencies: {}, skills: { definitions: { bash: { skill: "bash", name: "Bash", help: "A heavy blow." } } } };
  const actor = anActor({ skills: { custom: { 1: "bash" }, known: ["bash"] } });
  host.onFrame(frame("cmd.state.sync.success", { map: [], actor, room: aRoom(1), world, who_list: [] } as never), false);
}

describe("the skill bar", () => {
  test("is not there for those who know nothing", () => {
    expect(show(() => h(SkillBar)).find("ul").exists()).toBe(false);
  });

  test("shows keys and what cools down, and uses what is clicked", async () => {
    learned();
    const page = show(() => h(SkillBar));
    expect(page.find("button").attributes("aria-label")).toBe("Bash, key 1");
    await page.find("button").trigger("click");
    expect(sent.map(({ text }) => text)).toEqual(["bash"]);
    host.onFrame(frame("skill.cooldown.start", { skill: "bash", duration: 6 }, ""), false);
    await nextTick();
    expect(page.find("button").attributes("aria-label")).toBe("Bash, key 1, ready in 6 s");
    expect(page.find(".left").text()).toBe("6 s");
  });
});

describe("the box of the foe", () => {
  test("offers flight while it lives, and its corpse afterwards", async () => {
    const page = show(() => h(FoeBox));
    const me = { ...aChar(7), key: "player.7" };
    host.onFrame(frame("notification.cmd.kill.success", { actor: aChar(1), target: me } as never), false);
    await nextTick();
    expect(page.text()).toContain("a rat");
    await page.find("button").trigger("click");
    const corpse = anItem(9, { name: "the corpse of a rat", keyword: "corpse", keywords: "corpse rat", type: "corpse", inventory: [] });
    host.onFrame(frame("notification.death", { deceased: { key: "mob.1" }, killer: { key: "player.7" }, corpse } as never), false);
    await nextTick();
    await page.find("button").trigger("click");
    expect(sent.map(({ text }) => text)).toEqual(["flee", "get all corpse"]);
  });
});
