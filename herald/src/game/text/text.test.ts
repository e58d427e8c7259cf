import { moneyName } from "./money";
import { describe, expect, test } from "vitest";
import { aChar, anActor, anItem, aRoom } from "../store/samples";
import { directionOf, isSpeech, splitCommands, substituteFocus } from "./command";
import { BUILT_IN_COMMANDS, grouped } from "./commands";
import { complete, type Surroundings } from "./complete";
import { History, HISTORY_LINES_MAX } from "./history";
import { detailSegments, linkSegments, nameSegments, speechParts } from "./segments";
import { actionLabels, charDeeds, charTarget, itemDeeds, targetOf } from "./target";

describe("a typed line", () => {
  test("is split at semicolons, blanks dropped", () => {
    expect(splitCommands(" north ;; say a; ")).toEqual(["north", "say a"]);
    expect(splitCommands("  ")).toEqual([]);
  });

  test("with a focus fills it in where it is meant", () => {
    expect(substituteFocus("k", "rat")).toBe("k rat");
    expect(substituteFocus("kill", "rat")).toBe("kill rat");
    expect(substituteFocus("bash f", "rat")).toBe("bash rat");
    expect(substituteFocus("help f", "rat")).toBe("help f");
    expect(substituteFocus("say fo you", "rat")).toBe("say fo you");
    expect(substituteFocus("kill", "")).toBe("kill");
    expect(substituteFocus("say :(", "rat")).toBe("say :(");
  });

  test("speech is not repeated by an empty line, walking is", () => {
    for (const line of ["say hi", "tell ann hi", "te ann hi", "chat x", "yell x"]) expect(isSpeech(line)).toBe(true);
    for (const line of ["e", "s", "look", "emerald", "sa-lute", "get rope"]) expect(isSpeech(line)).toBe(false);
  });

  test("directions may be shortened", () => {
    expect(directionOf("n")).toBe("north");
    expect(directionOf("Up")).toBe("up");
    expect(directionOf("x")).toBeNull();
    expect(directionOf("")).toBeNull();
  });
});

describe("history", () => {
  test("walks back and forth and gives the unfinished line back", () => {
    const history = new History(["look", "north"]);
    expect(history.older("sa")).toBeNull();
    expect(history.older("")).toBe("north");
    expect(history.older("north")).toBe("look");
    expect(history.older("look")).toBeNull();
    expect(history.newer("look")).toBe("north");
    expect(history.newer("north")).toBe("");
    expect(history.newer("")).toBeNull();
  });

  test("walks among lines that start as the unfinished one", () => {
    const history = new History(["say a", "look", "say b"]);
    expect(history.older("say")).toBe("say b");
    expect(history.older("say b")).toBe("say a");
    expect(history.newer("say a")).toBe("say b");
    expect(history.newer("say b")).toBe("say");
  });

  test("keeps no line twice in a row, and not for ever", () => {
    const history = new History();
    history.add("look");
    history.add("look ");
    expect(history.lines).toEqual(["look"]);
    for (let i = 0; i < HISTORY_LINES_MAX + 10; i += 1) history.add(`say ${i}`);
    expect(history.lines).toHaveLength(HISTORY_LINES_MAX);
  });

  test("is searched from the newest, each line once", () => {
    const history = new History(["get lamp", "look", "get rope", "look"]);
    expect(history.search("GET")).toEqual(["get rope", "get lamp"]);
    expect(history.search("oo")).toEqual(["look"]);
    expect(history.search("zz")).toEqual([]);
  });
});

describe("targets", () => {
  const rats = [aChar(1), aChar(2), aChar(3, { keyword: "cat", keywords: "cat rat-like" })];

  test("are numbered from the second on", () => {
    expect(targetOf(rats[0]!, rats)).toBe("rat");
    expect(targetOf(rats[1]!, rats)).toBe("2.rat");
    expect(targetOf(rats[2]!, rats)).toBe("cat");
  });

  test("players go by name, and nothing is ever called undefined", () => {
    expect(charTarget(aChar(5, { char_type: "player", name: "Ann Smith" }), null)).toBe("Ann");
    expect(targetOf(anItem(1, { keyword: "", keywords: "old lamp" }), [])).toBe("old");
    expect(targetOf(anItem(1, { keyword: "", keywords: "" }), [])).toBe("a");
  });
});

describe("what one can do", () => {
  const around = { room: aRoom(1, { inventory: [anItem(1), anItem(2)] }), actor: anActor(), combat: true };
  const labels = (deeds: { label: string }[]) => deeds.map((deed) => deed.label);

  test("with things, by where they are", () => {
    expect(itemDeeds(anItem(2), { where: "room" }, around)[0]).toEqual({ label: "get", text: "get 2.lamp", type: "cmd.get", item: "item.2" });
    expect(labels(itemDeeds(anItem(1, { is_pickable: false }), { where: "room" }, around))).toEqual(["look"]);
    expect(labels(itemDeeds(anItem(1, { type: "equippable", weapon_type: "axe" }), { where: "inventory" }, around))).toEqual(["wield", "drop", "look"]);
    expect(labels(itemDeeds(anItem(1, { type: "equippable", equipment_type: "head" }), { where: "inventory" }, around))).toContain("wear");
    expect(labels(itemDeeds(anItem(1), { where: "equipment", slot: "head" }, around))).toContain("remove");
    expect(labels(itemDeeds(anItem(1), { where: "shop" }, around))).toEqual(["buy"]);
  });

  test("with what lies in something", () => {
    const chest = anItem(9, { key: "item.9", keyword: "chest", keywords: "chest", is_container: true, inventory: [anItem(1)] });
    const inside = itemDeeds(anItem(1), { where: "container", container: chest, of: "room" }, { ...around, room: aRoom(1, { inventory: [chest] }) });
    expect(inside[0]).toEqual({ label: "get", text: "get lamp chest", type: "cmd.get", item: "item.1", from: "item.9" });
    const corpse = { ...chest, type: "corpse" };
    expect(itemDeeds(corpse, { where: "room" }, around)[0]).toMatchObject({ label: "loot", all: true, from: "item.9" });
    expect(labels(itemDeeds({ ...corpse, inventory: [] }, { where: "room" }, around))).toEqual(["look"]);
  });

  test("with people", () => {
    expect(labels(charDeeds(aChar(1), around))).toEqual(["look", "kill"]);
    expect(labels(charDeeds(aChar(1), { ...around, combat: false }))).toEqual(["look"]);
    expect(labels(charDeeds(aChar(1, { is_merchant: true, quest_data: { enquire: true } }), around))).toEqual(["look", "enquire", "list", "offer"]);
    expect(charDeeds(aChar(1, { actions: ["pull the lever", "pet"] }), around).slice(2)).toEqual([
      { label: "pull the lever", text: "pull the lever" },
      { label: "pet", text: "pet rat" },
    ]);
    expect(charDeeds(aChar(1, { char_type: "player", name: "Ann" }), around)[1]).toEqual({ label: "tell", text: "tell Ann ", fill: true });
  });

  test("labels come as a list or as a map", () => {
    expect(actionLabels(["a"])).toEqual(["a"]);
    expect(actionLabels({ a: 1, b: 0 })).toEqual(["a"]);
    expect(actionLabels(null)).toEqual([]);
  });
});

describe("completion", () => {
  const around: Surroundings = {
    commands: BUILT_IN_COMMANDS,
    room: aRoom(1, { inventory: [anItem(1)], chars: [aChar(1), aChar(2), { ...aChar(7), key: "player.7" }], details: ["Rings"], east: "room.2", east_door_state: "locked", north: "room.3" }),
    actor: anActor({ inventory: [anItem(4, { name: "a long knife", keyword: "knife", keywords: "long knife" })] }),
    who: [{ key: "player.7", name: "Bob" }, { key: "player.8", name: "Ann" }],
    socials: ["wave"],
  };
  const texts = (line: string) => complete(line, around).candidates.map((candidate) => candidate.text);

  test("offers commands first, in the server's order", () => {
    expect(texts("lo")).toEqual(["look", "lock"]);
    expect(texts("wav")).toEqual(["wave"]);
    expect(complete("north; lo", around).from).toBe(7);
  });

  test("offers what the command takes", () => {
    expect(texts("get ")).toEqual(["lamp", "all", "knife"]);
    expect(texts("drop k")).toEqual(["knife"]);
    expect(texts("drop lo")).toEqual(["knife"]);
    expect(texts("look r")).toEqual(["rat", "2.rat", "rings"]);
    expect(texts("unlock ")).toEqual(["east"]);
    expect(texts("tell a")).toEqual(["Ann"]);
    expect(texts("say hello a")).toEqual(["Ann"]);
    expect(texts("give knife ")).toEqual(["rat", "2.rat"]);
    expect(texts("help wh")).toEqual(["who", "whois"]);
    expect(texts("north x")).toEqual([]);
  });

  test("knows shortened commands", () => {
    expect(texts("l ri")).toEqual(["rings"]);
  });
});

describe("pieces of text", () => {
  test("details are found wherever they stand, also in the plural", () => {
    expect(detailSegments("The boats, a Ring and rings.", ["boat", "ring"])).toEqual([
      { text: "The " }, { text: "boats", word: "boat" }, { text: ", a " }, { text: "Ring", word: "ring" }, { text: " and " }, { text: "rings", word: "ring" }, { text: "." },
    ]);
    expect(detailSegments("Nothing.", [])).toEqual([{ text: "Nothing." }]);
  });

  test("names are found without their article, or the line is the name", () => {
    expect(nameSegments("Here a wharf rat sits.", "a wharf rat")).toEqual([{ text: "Here " }, { text: "a wharf rat", name: true }, { text: " sits." }]);
    expect(nameSegments("The wharf rat sits.", "a wharf rat")[1]).toEqual({ text: "wharf rat", name: true });
    expect(nameSegments("Something sits.", "a rat")).toEqual([{ text: "Something sits.", name: true }]);
  });

  test("only web addresses become links, and the sentence keeps its punctuation", () => {
    expect(linkSegments("See https://a.example/x?y=1. Bye")).toEqual([{ text: "See " }, { text: "https://a.example/x?y=1", href: "https://a.example/x?y=1" }, { text: ". Bye" }]);
    for (const text of ["javascript:alert(1)", "data:text/html,x", "https://", "<a href=x>", "ftp://a.b"]) {
      expect(linkSegments(text).some((segment) => segment.href)).toBe(false);
    }
    expect(linkSegments('https://a.example/"><img src=x>')[0]?.href).toBe("https://a.example/");
    expect(linkSegments("")).toEqual([]);
  });

  test("speech is cut before what is said", () => {
    expect(speechParts("Ann says 'It's late.'")).toEqual({ before: "Ann says ", said: "'It's late.'" });
    expect(speechParts("You say \"hi\"")).toEqual({ before: "You say ", said: "\"hi\"" });
    expect(speechParts("Ann waves.")).toBeNull();
  });
});

test("commands are grouped in their order", () => {
  expect(grouped([{ name: "a", group: "X" }, { name: "b" }, { name: "c", group: "X" }]).map(({ group, commands }) => [group, commands.length])).toEqual([["X", 2], ["Commands", 1]]);
});

describe("money", () => {
  test("has the name of the world's default currency", () => {
    const currencies = { "1": { code: "gold", name: "marks", is_default: true }, "2": { code: "medals", name: "medals" } };
    expect(moneyName({ currencies } as never)).toBe("marks");
    expect(moneyName(null)).toBe("gold");
  });
});
