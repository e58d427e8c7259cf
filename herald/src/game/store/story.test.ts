import { describe, expect, test } from "vitest";
import type { Blow, FrameData } from "@/wire/types";
import { combatLine } from "./blows";
import { aChar, anItem, aRoom, frame, playing } from "./samples";
import { amend, append, entryOf, STORY_ENTRIES_MAX, type EntryDraft } from "./story";

function kindOf(type: string, data: FrameData = {}, text = "text") {
  return entryOf(playing(), frame(type, data, text))?.kind ?? null;
}

describe("what is printed", () => {
  test.each([
    ["notification.regen", null],
    ["notification.who", null],
    ["notification.shorttic", null],
    ["cmd.say.success", "speech"],
    ["notification.cmd.emote.success", "speech"],
    ["notification.cmd.yell.success", "speech"],
    ["notification.cmd.social.success", "speech"],
    ["notification.cmd.chat.success", "chat"],
    ["notification.tell", "tell"],
    ["notification.movement.exit", "motion"],
    ["cmd.move.error", "problem"],
    ["error", "problem"],
    ["notification.broadcast", "system"],
    ["notification.death", "death"],
    ["something.new", "text"],
  ])("%s is %s", (type, kind) => expect(kindOf(type)).toBe(kind));

  test("without text a frame is silent, except the snapshot", () => {
    expect(kindOf("cmd.move.success", { room: aRoom(1) }, "")).toBeNull();
    expect(kindOf("cmd.state.sync.success", { room: aRoom(1) }, "")).toBe("room");
    expect(kindOf("system.connect.success", {}, "")).toBeNull();
    expect(kindOf("system.connect.success", { room: aRoom(1) }, "")).toBe("room");
  });

  test("looks by what is looked at", () => {
    expect(kindOf("cmd.look.success", { target_type: "room", target: aRoom(1) })).toBe("room");
    expect(kindOf("cmd.look.success", { target_type: "char", target: aChar(1) })).toBe("person");
    expect(kindOf("cmd.look.success", { target_type: "item", target: anItem(1) })).toBe("thing");
    expect(kindOf("cmd.look.success", { target_type: "room_detail", target: "x" })).toBe("detail");
  });

  test("a typed view without its data is text", () => {
    expect(kindOf("cmd.inventory.success", { actor: { key: "player.7", inventory: [] } })).toBe("inventory");
    expect(kindOf("cmd.inventory.success")).toBe("text");
    expect(kindOf("cmd.who.success")).toBe("text");
    expect(kindOf("cmd.who.success", { players: [] })).toBe("who");
    expect(kindOf("cmd.help.success")).toBe("text");
    expect(kindOf("cmd.move.success")).toBe("text");
    expect(kindOf("cmd.exits.success", { north: { id: 1, name: "A" } })).toBe("exits");
    expect(kindOf("notification.combat.attack")).toBe("text");
  });

  test("hidden chat is hidden, one's own is not", () => {
    const state = playing();
    state.config.display_chat = false;
    expect(entryOf(state, frame("notification.cmd.chat.success"))).toBeNull();
    expect(entryOf(state, frame("cmd.chat.success"))?.kind).toBe("chat");
  });

  test("brief rooms are brief on moving only", () => {
    const state = playing();
    state.config.room_brief = true;
    expect(entryOf(state, frame("cmd.move.success", { room: aRoom(2) }))?.brief).toBe(true);
    expect(entryOf(state, frame("cmd.look.success", { target_type: "room", target: aRoom(1) }))?.brief).toBe(false);
  });

  test("the sheet keeps the figures of its moment", () => {
    const state = playing();
    const entry = entryOf(state, frame("cmd.stats.success"));
    if (state.actor) state.actor.health = 1;
    expect((entry?.frame?.data.actor as { health: number }).health).toBe(10);
  });

  test("wounds and deaths are urgent, scenery is not", () => {
    const me = { ...aChar(7), key: "player.7" };
    const hit = (actor: unknown, target: unknown) => entryOf(playing(), frame("notification.combat.attack", { actor, target, outcome: "hit" } as FrameData));
    expect(hit(aChar(1), me)?.urgent).toBe(true);
    expect(hit(me, aChar(1))?.urgent).toBe(false);
    expect(entryOf(playing(), frame("notification.death"))?.urgent).toBe(true);
    expect(entryOf(playing(), frame("room_write"))?.urgent).toBe(false);
  });
});

describe("the list", () => {
  const blow = (round: number, text: string): EntryDraft => ({ kind: "combat", text, round, blows: [{ text, tone: "mine", crit: false }] });

  test("blows of one round are one entry", () => {
    const state = playing();
    const first = append(state, blow(1, "a"), 0);
    expect(append(state, blow(1, "b"), 0)).toBe(first);
    expect(append(state, blow(2, "c"), 0)).not.toBe(first);
    expect(state.story.map((entry) => entry.blows?.length)).toEqual([2, 1]);
    expect(state.story[0]?.text).toBe("a\nb");
  });

  test("frames of one group are joined", () => {
    const state = playing();
    const grouped = (group?: string): EntryDraft => ({ kind: "text", text: "x", frame: { ...frame("room_write"), group } });
    for (const group of ["g", "g", "h", undefined, undefined]) append(state, grouped(group), 0);
    expect(state.story.map((entry) => entry.joined ?? false)).toEqual([false, true, false, false, false]);
  });

  test("is bounded, and its ids stay", () => {
    const state = playing();
    for (let i = 0; i < STORY_ENTRIES_MAX + 600; i += 1) append(state, { kind: "text", text: `${i}` }, 0);
    expect(state.story.length).toBeGreaterThanOrEqual(STORY_ENTRIES_MAX);
    expect(state.story.length).toBeLessThan(STORY_ENTRIES_MAX + 600);
    expect(state.story[state.story.length - 1]).toMatchObject({ id: STORY_ENTRIES_MAX + 600, text: `${STORY_ENTRIES_MAX + 599}` });
  });

  test("an entry is amended in its place", () => {
    const state = playing();
    append(state, { kind: "command", text: "look", n: 1, fate: "waiting" }, 0);
    append(state, { kind: "text", text: "x" }, 0);
    amend(state, (entry) => entry.n === 1, { fate: "sent" });
    expect(state.story[0]).toMatchObject({ id: 1, text: "look", fate: "sent" });
  });
});

describe("a line of combat", () => {
  const rat = aChar(1);
  const me = { ...aChar(7), key: "player.7", name: "Bob" };
  const view = { me: "player.7", brief: true, labels: { bash: "bashes" } };
  const brief = (blow: Partial<Blow>) => combatLine({ actor: me, target: rat, ...blow }, "long text ", view);

  test("says in brief who did what to whom", () => {
    expect(brief({ attack: "bash", outcome: "hit", damage_taken: 12, is_crit_hit: true })).toEqual({ text: "You · bashes → a rat: 12!", tone: "mine", crit: true });
    expect(brief({ actor: rat, target: me, outcome: "dodged" })).toMatchObject({ text: "a rat · attack → you: dodged", tone: "miss" });
    expect(brief({ is_heal: true, label: "mend", healing_done: 5, target: me })).toMatchObject({ text: "You · mend → you: +5", tone: "heal" });
  });

  test("is the server's text otherwise", () => {
    expect(combatLine({ actor: rat, target: me, outcome: "hit" }, "long text ", { ...view, brief: false })).toMatchObject({ text: "long text", tone: "hurt" });
  });
});
