import { describe, expect, test } from "vitest";
import type { Actor, Char, FrameData } from "@/wire/types";
import { reduce } from "./reduce";
import { LOG_LINES_MAX } from "./reduceTalk";
import { aChar, anActor, anItem, apply, aRoom, frame, playing } from "./samples";

const NOW = 1_000_000;

function after(state = playing(), type = "", data: FrameData | unknown[] = {}, text = "text") {
  return apply(state, reduce(state, frame(type, data as FrameData, text), NOW));
}

describe("a snapshot", () => {
  test("fills everything, and never leaves a collection empty-handed", () => {
    const state = after(playing(), "cmd.state.sync.success", {
      map: [aRoom(1), { key: "broken" }], actor: { ...anActor(), inventory: null, equipment: null }, world: { id: 50, name: "New" },
      room: { ...aRoom(3), inventory: null, chars: null, actions: null }, who_list: [{ key: "player.7", name: "Bob" }],
    } as unknown as FrameData);
    expect(state.phase).toBe("playing");
    expect(state.room).toMatchObject({ key: "room.3", inventory: [], chars: [], actions: [] });
    expect(state.actor).toMatchObject({ inventory: [], equipment: {} });
    expect(state.world).toMatchObject({ name: "New", context_id: 5 });
    expect(state.atlas.get("room.3")).toBeDefined();
    expect(state.atlas.get("broken")).toBeUndefined();
    expect(state.who).toHaveLength(1);
  });

  test("may come inside of the welcome", () => {
    const state = after(playing(), "system.connect.success", { map: [], actor: anActor(), room: aRoom(2), world: { id: 1, name: "W" } } as unknown as FrameData);
    expect(state.room?.key).toBe("room.2");
  });
});

describe("the own character", () => {
  test("takes over partial news and keeps the rest", () => {
    const state = after(playing(), "notification.regen", { actor: { key: "player.7", health: 15 } });
    expect(state.actor).toMatchObject({ health: 15, health_max: 20, name: "Bob" });
  });

  test("is not robbed by the form in which others see it", () => {
    const start = playing({}, { equipment: { weapon: anItem(1) }, inventory: [anItem(2)] });
    const seen = { ...aChar(7), key: "player.7", equipment: null, inventory: null } as unknown as Char;
    const state = after(start, "cmd.say.success", { actor: seen });
    expect(state.actor?.equipment.weapon?.key).toBe("item.1");
    expect(state.actor?.inventory).toHaveLength(1);
    expect(state.actor?.room).toEqual({ key: "room.1" });
  });

  test("others' frames change nothing of it", () => {
    const state = after(playing(), "notification.cmd.say.success", { actor: { key: "player.8", health: 1 } });
    expect(state.actor?.health).toBe(10);
  });

  test("knows its room from the room, the target or itself, in that order", () => {
    const actor = { key: "player.7", room: { key: "room.9" } };
    expect(after(playing(), "x", { actor, room: aRoom(2) }).roomKey).toBe("room.2");
    expect(after(playing(), "x", { actor, target: aRoom(3), target_type: "room" }).roomKey).toBe("room.3");
    expect(after(playing(), "x", { actor, target: aRoom(3), target_type: "char" }).roomKey).toBe("room.9");
  });
});

describe("moving and looking", () => {
  test.each(["cmd.move.success", "affect.flee.success", "affect.death", "affect.transfer", "notification.transport.exit"])("%s brings the new room and clears the foe", (type) => {
    const start = playing();
    start.foe = aChar(1);
    const state = after(start, type, { room: aRoom(2, { hint: "3:Mind the step." }) });
    expect(state.roomKey).toBe("room.2");
    expect(state.room?.name).toBe("Room 2");
    expect(state.foe).toBeNull();
    expect(state.hint).toBe("Mind the step.");
  });

  test("looking at the room refreshes it and its place on the map, and keeps the foe", () => {
    const start = playing();
    start.foe = aChar(1);
    const state = after(start, "cmd.look.success", { target_type: "room", target: aRoom(1, { north: "room.2", chars: [aChar(4)] }) });
    expect(state.room?.chars).toHaveLength(1);
    expect(state.atlas.get("room.1")?.north).toBe("room.2");
    expect(state.foe).not.toBeNull();
  });

  test("looking at a person moves nobody", () => {
    const state = after(playing(), "cmd.look.success", { target_type: "char", target: aChar(4), actor: { key: "player.7", room: { key: "room.1" } } });
    expect(state.room?.key).toBe("room.1");
  });

  test("the map keeps no things and no people", () => {
    const state = after(playing(), "cmd.move.success", { room: aRoom(2, { chars: [aChar(1)], inventory: [anItem(1)] }) });
    expect(state.atlas.get("room.2")).not.toHaveProperty("chars");
    expect(state.atlas.get("room.2")).not.toHaveProperty("inventory");
  });

  test("rooms that a move reveals appear on the map", () => {
    const state = after(playing(), "cmd.move.success", { room: aRoom(2), map: [aRoom(8)] });
    expect(state.atlas.get("room.8")).toBeDefined();
  });

  test("door states that come with a move are drawn", () => {
    const state = after(playing(), "cmd.move.success", { room: aRoom(2, { east: "room.3" }), door_states: [{ key: "room.1", direction: "east", door_state: "closed" }] });
    expect(state.atlas.get("room.1")?.east_door_state).toBe("closed");
  });
});

test("a door that opens is open on both sides, in the room and on the map", () => {
  const start = playing({ north: "room.2", north_door_state: "closed" });
  const state = after(start, "notification.door.open", {
    room: { ...aRoom(1), north: "room.2", north_door_state: "open" },
    exit_room: { ...aRoom(2), south: "room.1", south_door_state: "open" },
  });
  expect(state.room?.north_door_state).toBe("open");
  expect(state.room?.chars).toEqual([]);
  expect(state.atlas.get("room.2")?.south_door_state).toBe("open");
});

describe("who comes and goes", () => {
  test.each(["notification.movement.enter", "notification.cmd.flee.enter", "notification./transfer.enter", "notification./jump.enter"])("%s adds, and never twice", (type) => {
    const once = after(playing(), type, { actor: aChar(4), direction: "north" });
    const twice = after(once, type, { actor: aChar(4, { health: 3 }), direction: "north" });
    expect(twice.room?.chars).toHaveLength(1);
    expect(twice.room?.chars[0]?.health).toBe(3);
  });

  test("leaving removes, and takes the foe along", () => {
    const start = playing({ chars: [aChar(4), aChar(5)] });
    start.foe = aChar(4);
    const state = after(start, "notification.movement.exit", { actor: { key: "mob.4" }, direction: "north" });
    expect(state.room?.chars.map((char) => char.key)).toEqual(["mob.5"]);
    expect(state.foe).toBeNull();
  });

  test("the player is not one of the others", () => {
    const state = after(playing(), "notification.movement.enter", { actor: { ...aChar(7), key: "player.7" } });
    expect(state.room?.chars).toEqual([]);
  });

  test("keywords are strings even when the server forgets them", () => {
    const state = after(playing(), "notification.movement.enter", { actor: { ...aChar(4), keywords: null } as unknown as Char });
    expect(state.room?.chars[0]?.keywords).toBe("");
  });
});

describe("things", () => {
  test("what is picked up moves from the room to the player", () => {
    const start = playing({ inventory: [anItem(1)] });
    const state = after(start, "cmd.get.success", { actor: { ...anActor({ inventory: [anItem(1)] }) }, room: aRoom(1), items: [anItem(1)] });
    expect(state.room?.inventory).toEqual([]);
    expect(state.actor?.inventory).toHaveLength(1);
  });

  test("a frame about another room leaves this one alone", () => {
    const start = playing({ inventory: [anItem(1)] });
    const state = after(start, "notification.cmd.drop.success", { room: aRoom(2) });
    expect(state.room?.key).toBe("room.1");
    expect(state.room?.inventory).toHaveLength(1);
  });

  test("what dissolves leaves the inventory", () => {
    const start = playing({}, { inventory: [anItem(1), anItem(2)] });
    expect(after(start, "affect.inventory.remove", { items: [anItem(1)] }).actor?.inventory.map((item) => item.key)).toEqual(["item.2"]);
  });
});

describe("company and talk", () => {
  test("the who list is replaced", () => {
    const state = after(playing(), "notification.who", [{ key: "player.7", name: "Bob" }, { broken: true }], "");
    expect(state.who.map((entry) => entry.name)).toEqual(["Bob"]);
  });

  test("chat and tells are logged, and others' count as unread", () => {
    let state = after(playing(), "notification.cmd.chat.success", {}, "Ann chats 'Hi'");
    state = after(state, "cmd.tell.success", {}, "You tell Ann 'Hi'");
    expect(state.log.map(({ kind, text }) => [kind, text])).toEqual([["chat", "Ann chats 'Hi'"], ["tell", "You tell Ann 'Hi'"]]);
    expect(state.unreadLog).toBe(1);
  });

  test("hidden chat is not logged, and say is not chat", () => {
    const start = playing();
    start.config.display_chat = false;
    expect(after(start, "notification.cmd.chat.success").log).toEqual([]);
    expect(after(start, "notification.cmd.say.success").log).toEqual([]);
    expect(after(start, "notification.tell").log).toHaveLength(1);
  });

  test("a new alias is known to completion", () => {
    const told = { k: { id: 1, match: "k", replacement: "kill" } };
    expect(after(playing(), "cmd.alias.success", { aliases: told }).actor?.aliases).toEqual(told);
  });

  test("the log is bounded", () => {
    let state = playing();
    for (let i = 0; i < LOG_LINES_MAX + 5; i += 1) state = after(state, "notification.tell", {}, `line ${i}`);
    expect(state.log).toHaveLength(LOG_LINES_MAX);
    expect(new Set(state.log.map((line) => line.id)).size).toBe(LOG_LINES_MAX);
  });

  test("the server's commands replace the built-in ones, a single topic does not", () => {
    expect(after(playing(), "cmd.help.success", { commands: [{ name: "dance" }] }).commands).toEqual([{ name: "dance" }]);
    expect(after(playing(), "cmd.help.success", { command: { name: "look" } }).commands).toEqual([]);
  });
});

describe("fights", () => {
  const me = { ...aChar(7), key: "player.7", health: 4, health_max: 20, equipment: null };

  test("kill sets the foe", () => {
    expect(after(playing(), "cmd.kill.success", { actor: { key: "player.7", target: aChar(4) } as unknown as Actor }).foe?.key).toBe("mob.4");
  });

  test("a blow shows in the room, on the foe and on oneself, and takes nothing off one's body", () => {
    const start = playing({ chars: [aChar(4)] }, { equipment: { weapon: anItem(1) } });
    let state = after(start, "notification.combat.attack", { actor: me as unknown as Char, target: aChar(4, { health: 3 }), outcome: "hit" });
    expect(state.room?.chars[0]?.health).toBe(3);
    expect(state.foe?.health).toBe(3);
    state = after(state, "notification.combat.attack", { actor: aChar(4, { health: 3 }), target: me as unknown as Char, outcome: "hit" });
    expect(state.actor?.health).toBe(4);
    expect(state.actor?.equipment.weapon).toBeTruthy();
  });

  test("the fight of others sets no foe", () => {
    expect(after(playing(), "notification.combat.attack", { actor: aChar(4), target: aChar(5) }).foe).toBeNull();
  });

  test("who dies leaves a corpse once, and stays in the panel as fallen", () => {
    const start = playing({ chars: [aChar(4)] });
    start.foe = aChar(4);
    const data = { deceased: { key: "mob.4" }, corpse: anItem(9, { type: "corpse", inventory: [] }) };
    const state = after(after(start, "notification.death", data), "notification.death", data);
    expect(state.room?.chars).toEqual([]);
    expect(state.room?.inventory).toHaveLength(1);
    expect(state.foe).toMatchObject({ fallen: true, health: 0 });
  });

  test("effects start, end by target and number, and push others out", () => {
    const burn = { key: "e1", code: "burn", target: "player.7", duration: 5, expires: 11 };
    let state = after(playing(), "effect.start", burn);
    expect(state.effects[0]?.endsAt).toBe(NOW + 5000);
    state = after(state, "effect.start", { ...burn, key: "e2", code: "purge", expires: 12, removed_effects: ["burn"] });
    expect(state.effects.map((effect) => effect.code)).toEqual(["purge"]);
    expect(after(state, "effect.end", { target: "player.7", expires: 12 }).effects).toEqual([]);
  });

  test("combust spends the burning of its target", () => {
    const start = after(playing(), "effect.start", { key: "e", code: "burn", target: "mob.4", duration: 5, expires: 1 });
    expect(after(start, "notification.combat.attack", { actor: me as unknown as Char, target: aChar(4), attack: "combust" }).effects).toEqual([]);
  });

  test("casts and cooldowns run", () => {
    let state = after(playing(), "cmd.bolt.success", { skill: "bolt", method: "cast", duration: 2, expires: 3 });
    expect(state.cast).toMatchObject({ skill: "bolt", endsAt: NOW + 2000 });
    state = after(state, "skill.cooldown.start", { skill: "bolt", duration: 4 });
    expect(state.cooldowns).toEqual([{ skill: "bolt", startedAt: NOW, endsAt: NOW + 4000 }]);
  });

  test("who attacks the player is a foe, unless there is one", () => {
    const attack = (actor: Char, target: Char) => ({ actor, target }) as unknown as FrameData;
    const start = playing({ chars: [aChar(4), aChar(5)] });
    let state = after(start, "notification.cmd.kill.success", attack(aChar(4, { state: "combat" }), { ...me, state: "combat" } as unknown as Char));
    expect(state.foe?.key).toBe("mob.4");
    expect(state.actor?.state).toBe("combat");
    expect(state.room?.chars[0]?.state).toBe("combat");
    state = after(state, "notification.cmd.kill.success", attack(aChar(5), me as unknown as Char));
    expect(state.foe?.key).toBe("mob.4");
    expect(after(playing({ chars: [aChar(4)] }), "notification.cmd.kill.success", attack(aChar(4), aChar(5))).foe).toBeNull();
  });

  test("a corpse that crumbles is gone from the room", () => {
    const start = playing({ inventory: [anItem(9, { type: "corpse" }), anItem(1)] });
    const state = after(start, "notification.decay", { items: [{ key: "item.9" }] } as unknown as FrameData);
    expect(state.room?.inventory.map((item) => item.key)).toEqual(["item.1"]);
  });

  test("a snapshot brings what works and what cools down along", () => {
    const effect = { key: "effect.3", code: "burn", target: "player.7", duration: 5, expires: 3 };
    const actor = anActor({ effects: { "effect.3": effect }, cooldowns: { bash: { skill: "bash", duration: 4 } } });
    const world = { id: 50, name: "Test", allow_combat: true, is_multiplayer: true, factions: {}, currencies: {} };
    const state = after(playing(), "cmd.state.sync.success", { map: [], actor, room: aRoom(1), world, who_list: [] } as unknown as FrameData);
    expect(state.effects).toEqual([{ ...effect, endsAt: NOW + 5000 }]);
    expect(state.cooldowns).toEqual([{ skill: "bash", startedAt: NOW, endsAt: NOW + 4000 }]);
  });

  test("focus is set and cleared", () => {
    const state = after(playing(), "cmd.focus.success", { focus: "rat" });
    expect(state.actor?.focus).toBe("rat");
    expect(after(state, "cmd.focus.success", { focus: null }).actor?.focus).toBe("");
  });
});

test("a reducer changes nothing by itself", () => {
  const state = playing({ chars: [aChar(4)] });
  const before = JSON.stringify(state.room);
  reduce(state, frame("notification.movement.exit", { actor: { key: "mob.4" } }), NOW);
  expect(JSON.stringify(state.room)).toBe(before);
});

test("unknown frames change nothing", () => {
  expect(reduce(playing(), frame("something.new", { whatever: 1 }), NOW)).toEqual({});
  expect(reduce(playing(), frame("something.new", [] as unknown as FrameData), NOW)).toEqual({});
});
