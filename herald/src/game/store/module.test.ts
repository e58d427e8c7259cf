import { beforeEach, describe, expect, test, vi } from "vitest";
import { createStore, type Store } from "vuex";
import type { GameSocketHost } from "@/socket/GameSocket";
import type { EnterJob, Frame, PlayerConfig } from "@/wire/types";
import { gameModule } from "./module";
import { aChar, anActor, aRoom, frame } from "./samples";
import type { GameState } from "./state";

const JOB: EnterJob = {
  player_id: 7,
  ws_uri: "ws://x/",
  motd: "Mind the step.",
  world: { id: 50, context_id: 5, name: "Test", labels: { attacks: {}, effects: {} }, is_classless: false },
  player_config: { room_brief: true, combat_brief: false, display_chat: true },
};

let store: Store<{ game: GameState }>;
let host: GameSocketHost;
let sent: [string, string | undefined, unknown][];
let closed: number;
let live: boolean;
let number: number;
const entered = vi.fn();
const left = vi.fn();
const saveConfig = vi.fn<(player: number, config: PlayerConfig) => Promise<void>>();

beforeEach(() => {
  sent = [];
  closed = 0;
  live = true;
  number = 0;
  entered.mockReset();
  left.mockReset();
  saveConfig.mockReset().mockResolvedValue();
  const module = gameModule({
    token: () => "T",
    reenter: () => Promise.resolve(JOB),
    saveConfig,
    entered,
    left,
    now: () => 1_000,
    socket: (given) => {
      host = given;
      return {
        enter: () => host.onLink({ state: "connecting", attempt: 1 }),
        command: (text, type, data) => {
          sent.push([text, type, data]);
          return (number += 1);
        },
        quit: () => live,
        retryNow: () => undefined,
        close: () => (closed += 1),
      };
    },
  });
  store = createStore({ modules: { game: module as never } });
});

function say(given: Frame, missed = false): void {
  host.onFrame(given, missed);
}

function snapshot(): void {
  const world = { id: 50, name: "Test", allow_combat: true, is_multiplayer: true, factions: {}, currencies: {} };
  const room = aRoom(1, { east: "room.2", chars: [aChar(4)] });
  const map = [room, aRoom(2, { west: "room.1", east: "room.3" }), aRoom(3, { west: "room.2" })];
  say(frame("cmd.state.sync.success", { map, actor: anActor(), room, world, who_list: [] }));
  host.onLink({ state: "live" });
}

async function enter(): Promise<void> {
  const done = store.dispatch("game/enter", JOB);
  snapshot();
  await done;
}

const game = () => store.state.game;
const kinds = () => game().story.map((entry) => entry.kind);

describe("entering", () => {
  test("resolves with the snapshot, opens with the title page, and shows the game", async () => {
    await enter();
    expect(game()).toMatchObject({ phase: "playing", playerId: 7, motd: "Mind the step." });
    expect(game().config.room_brief).toBe(true);
    expect(game().world).toMatchObject({ context_id: 5, is_multiplayer: true });
    expect(kinds()).toEqual(["motd", "room"]);
    expect(entered).toHaveBeenCalledOnce();
  });

  test("rejects with what the world says, and leaves no socket behind", async () => {
    const done = store.dispatch("game/enter", JOB);
    say(frame("system.connect.error", {}, "That is not your character."));
    await expect(done).rejects.toThrow("That is not your character.");
    expect(closed).toBe(1);
    expect(entered).not.toHaveBeenCalled();
  });

  test("rejects when the world cannot be reached", async () => {
    const done = store.dispatch("game/enter", JOB);
    host.onLink({ state: "offline", retryAt: 0, attempt: 2, reason: "The world cannot be reached." });
    await expect(done).rejects.toThrow("cannot be reached");
  });

  test("called off, it closes quietly", async () => {
    void store.dispatch("game/enter", JOB);
    await store.dispatch("game/exited", {});
    expect(closed).toBe(1);
    expect(left).not.toHaveBeenCalled();
  });

  test("anew begins a new story", async () => {
    await enter();
    await store.dispatch("game/send", "look");
    await enter();
    expect(kinds()).toEqual(["motd", "room"]);
  });
});

describe("sending", () => {
  beforeEach(enter);

  test("splits at semicolons and echoes each piece", async () => {
    await store.dispatch("game/send", "north; get lamp ;;say hi");
    expect(sent.map(([text]) => text)).toEqual(["north", "get lamp", "say hi"]);
    expect(game().story.slice(2).map((entry) => [entry.text, entry.fate])).toEqual([["north", "sent"], ["get lamp", "sent"], ["say hi", "sent"]]);
  });

  test("structured commands go as they are", async () => {
    await store.dispatch("game/send", { text: "get lamp", type: "cmd.get", data: { item: { key: "item.1" } } });
    expect(sent).toEqual([["get lamp", "cmd.get", { item: { key: "item.1" } }]]);
  });

  test("while offline shows that the command waits, and that it has gone", async () => {
    host.onLink({ state: "offline", retryAt: 0, attempt: 1, reason: "The connection was lost." });
    await store.dispatch("game/send", "north");
    expect(game().story[game().story.length - 1]).toMatchObject({ text: "north", fate: "waiting" });
    host.onFate([1], "sent");
    expect(game().story[game().story.length - 1]?.fate).toBe("sent");
  });

  test("clears the hint", async () => {
    say(frame("cmd.move.success", { room: aRoom(2, { hint: "1:Look around." }) }));
    expect(game().hint).toBe("Look around.");
    await store.dispatch("game/send", "look");
    expect(game().hint).toBeNull();
  });
});

describe("a lost connection", () => {
  beforeEach(enter);

  test("is told once, and so is its return", () => {
    host.onLink({ state: "offline", retryAt: 0, attempt: 1, reason: "The connection was lost." });
    host.onLink({ state: "connecting", attempt: 1 });
    host.onLink({ state: "offline", retryAt: 0, attempt: 2, reason: "The world cannot be reached." });
    host.onLink({ state: "connecting", attempt: 2 });
    host.onLink({ state: "live" });
    const gaps = game().story.filter((entry) => entry.kind === "gap");
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.text).toMatch(/^Connected again/);
  });

  test("silence is no loss", () => {
    host.onLink({ state: "silent", since: 0 });
    host.onLink({ state: "live" });
    expect(kinds()).not.toContain("gap");
  });

  test("what was missed is filled in behind the gap, before what was typed since", async () => {
    host.onLink({ state: "offline", retryAt: 0, attempt: 1, reason: "Lost." });
    await store.dispatch("game/send", "north");
    host.onLink({ state: "live" });
    say(frame("room_write", {}, "missed one"), true);
    say(frame("room_write", {}, "missed two"), true);
    say(frame("room_write", {}, "new"));
    expect(game().story.slice(2).map((entry) => entry.text)).toEqual(["Connected again after 1 s.", "missed one", "missed two", "north", "new"]);
  });
});

describe("leaving", () => {
  beforeEach(enter);

  test("quit asks; the answer leads to the world's page", async () => {
    await store.dispatch("game/send", "QUIT");
    expect(sent).toEqual([]);
    expect(left).not.toHaveBeenCalled();
    say(frame("system.disconnect.success", {}, ""));
    expect(left).toHaveBeenCalledWith(5);
    expect(game().phase).toBe("left");
  });

  test("the server may name another world", () => {
    say(frame("system.disconnect.success", { exit_to: 9 }, ""));
    expect(left).toHaveBeenCalledWith(9);
  });

  test("quit without a connection leaves all the same", async () => {
    live = false;
    await store.dispatch("game/send", "quit");
    expect(left).toHaveBeenCalledWith(5);
  });

  test("a refusal is shown and nothing ends", async () => {
    await store.dispatch("game/quit");
    say(frame("system.disconnect.error", {}, "Not in a fight."));
    expect(game().phase).toBe("playing");
    expect(kinds()).toContain("problem");
  });
});

describe("walking on the map", () => {
  beforeEach(enter);

  test("goes step by step, each after the one before arrived", async () => {
    await store.dispatch("game/walkTo", "room.3");
    expect(sent.map(([text]) => text)).toEqual(["east"]);
    say(frame("cmd.move.success", { room: aRoom(2) }));
    expect(sent.map(([text]) => text)).toEqual(["east", "east"]);
    say(frame("cmd.move.success", { room: aRoom(3) }));
    expect(sent).toHaveLength(2);
  });

  test("ends where the way is blocked, or when the player does something else", async () => {
    await store.dispatch("game/walkTo", "room.3");
    say(frame("cmd.move.error", {}));
    say(frame("cmd.move.success", { room: aRoom(1, { east: "room.2" }) }));
    expect(sent).toHaveLength(1);
    await store.dispatch("game/walkTo", "room.3");
    await store.dispatch("game/send", "look");
    say(frame("cmd.move.success", { room: aRoom(2) }));
    expect(sent.map(([text]) => text)).toEqual(["east", "east", "look"]);
  });
});

describe("settings", () => {
  beforeEach(enter);

  test("are posted whole", async () => {
    await store.dispatch("game/configure", { display_chat: false });
    expect(saveConfig).toHaveBeenCalledWith(7, expect.objectContaining({ display_chat: false, room_brief: true }));
    expect(game().config.display_chat).toBe(false);
  });

  test("go back when the platform refuses", async () => {
    saveConfig.mockRejectedValue(new Error("no"));
    await expect(store.dispatch("game/configure", { display_chat: false })).rejects.toThrow("no");
    expect(game().config.display_chat).toBe(true);
  });
});
