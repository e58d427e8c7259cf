// Turns frames into entries of the story: what kind of paragraph each one is, and which are never printed.
import { markRaw } from "vue";
import { isRoom } from "@/wire/parse";
import type { Blow, Frame, FrameData } from "@/wire/types";
import type { CommandFate } from "@/socket/GameSocket";
import { combatLine, type CombatLine } from "./blows";
import type { GameState } from "./state";

/** Entries kept. Older ones leave in slices, so that leaving costs nothing per line. */
export const STORY_ENTRIES_MAX = 5_000;
const STORY_SLICE = 500;

export type StoryKind =
  | "command"
  | "room"
  | "person"
  | "thing"
  | "detail"
  | "inventory"
  | "equipment"
  | "who"
  | "whois"
  | "exits"
  | "stats"
  | "help"
  | "shop"
  | "combat"
  | "death"
  | "speech"
  | "chat"
  | "tell"
  | "motion"
  | "motd"
  | "problem"
  | "system"
  | "gap"
  | "text";

export interface StoryEntry {
  id: number;
  kind: StoryKind;
  text: string;
  at: number;
  frame?: Frame;
  /** Whether the description of a room is left out. */
  brief?: boolean;
  /** Continues the entry before it: no space between them. */
  joined?: boolean;
  /** A matter of life and death: screen readers say it at once. */
  urgent?: boolean;
  blows?: CombatLine[];
  round?: string | number;
  /** Of own commands. */
  n?: number;
  fate?: CommandFate;
}

export type EntryDraft = Omit<StoryEntry, "id" | "at">;

const SILENT = new Set(["notification.who", "notification.shorttic", "notification.longtic", "notification.regen"]);

export const CHAT_TYPES = new Set([
  "cmd.chat.success",
  "notification.cmd.chat.success",
  "cmd.cchat.success",
  "notification.cmd.cchat.success",
  "cmd.gossip.success",
  "notification.cmd.gossip.success",
]);

export const TELL_TYPES = new Set(["cmd.tell.success", "notification.tell", "cmd.reply.success", "notification.reply"]);

const ROOM_TYPES = new Set(["cmd.move.success", "affect.flee.success", "affect.death", "cmd./jump.success"]);

const KIND_BY_TYPE: Record<string, StoryKind> = {
  "cmd.inventory.success": "inventory",
  "cmd.equipment.success": "equipment",
  "cmd.who.success": "who",
  "cmd.whois.success": "whois",
  "cmd./whois.success": "whois",
  "cmd.exits.success": "exits",
  "cmd.stats.success": "stats",
  "cmd.help.success": "help",
  "cmd.list.success": "shop",
  "cmd.offer.success": "shop",
  "notification.combat.attack": "combat",
  "notification.combat.healing": "combat",
  "notification.death": "death",
  "cmd./chat.success": "chat",
};

/** The data that a typed view cannot do without. A frame that lacks it is printed as text. */
const NEEDED: Partial<Record<StoryKind, (data: FrameData) => boolean>> = {
  inventory: (data) => Array.isArray((data.actor as { inventory?: unknown } | undefined)?.inventory),
  equipment: (data) => typeof data.equipment === "object" && data.equipment !== null,
  who: (data) => Array.isArray(data.players),
  whois: (data) => typeof data.player === "object" && data.player !== null,
  exits: (data) => Object.values(data).some((exit) => typeof exit === "object" && exit !== null),
  help: (data) => Boolean(data.command) || Array.isArray(data.commands),
  shop: (data) => Array.isArray(data.inventory),
  combat: (data) => Boolean(data.actor && data.target),
};

/** The entry that a frame makes in the story, or null when it is not printed. `state` is the one after the frame. */
export function entryOf(state: GameState, frame: Frame): EntryDraft | null {
  if (SILENT.has(frame.type)) return null;
  if (frame.type === "cmd.state.sync.success") return roomEntry(state, frame, false);
  if (frame.type === "system.connect.success") return frame.data.room ? roomEntry(state, frame, false) : null;
  if (frame.text.trim() === "") return null;
  if (frame.type === "notification.cmd.chat.success" && !state.config.display_chat) return null;
  const kind = kindOf(frame);
  if (kind === "room") return roomEntry(state, frame, state.config.room_brief && frame.type === "cmd.move.success");
  if (kind === "combat") return combatEntry(state, frame);
  if (kind === "stats") {
    if (!state.actor) return textEntry("text", frame);
    // The sheet shows the figures of this moment, not those of whenever it is drawn.
    return { kind, text: frame.text, frame: markRaw({ ...frame, data: { ...frame.data, actor: { ...state.actor } } }) };
  }
  return textEntry(kind, frame);
}

function kindOf(frame: Frame): StoryKind {
  const { type, data } = frame;
  if (type.endsWith(".error") || type === "error") return "problem";
  if (type === "cmd.look.success") {
    if (data.target_type === "room") return isRoom(data.target) ? "room" : "text";
    if (data.target_type === "char" && data.target) return "person";
    if (data.target_type === "item" && data.target) return "thing";
    return "detail";
  }
  if (ROOM_TYPES.has(type)) return isRoom(data.room) || isRoom(data.target) ? "room" : "text";
  if (CHAT_TYPES.has(type)) return "chat";
  if (TELL_TYPES.has(type)) return "tell";
  if (/^(notification\.)?cmd\.(say|yell|emote|social)\.success$/.test(type)) return "speech";
  if (/^notification\..*\.(enter|exit)$/.test(type)) return "motion";
  if (type.startsWith("system.") || type === "notification.broadcast" || type === "write.game") return "system";
  const kind = KIND_BY_TYPE[type];
  if (kind && (NEEDED[kind]?.(data) ?? true)) return kind;
  return "text";
}

function roomEntry(state: GameState, frame: Frame, brief: boolean): EntryDraft {
  const entry: EntryDraft = { kind: "room", text: frame.text || state.room?.name || "", frame: markRaw(frame), brief };
  if (frame.type === "affect.death") entry.urgent = true;
  return entry;
}

function combatEntry(state: GameState, frame: Frame): EntryDraft {
  const line = combatLine(frame.data as unknown as Blow, frame.text, {
    me: state.actor?.key ?? "",
    brief: state.config.combat_brief,
    labels: state.world?.labels?.attacks ?? {},
  });
  const entry: EntryDraft = { kind: "combat", text: line.text, blows: [line], urgent: line.tone === "hurt" };
  const round = frame.data.round_id ?? frame.group;
  if (typeof round === "string" || typeof round === "number") entry.round = round;
  return entry;
}

function textEntry(kind: StoryKind, frame: Frame): EntryDraft {
  return { kind, text: frame.text.replace(/\s+$/, ""), frame: markRaw(frame), urgent: kind === "death" };
}

/** Puts an entry at the end, or at `index`; combat of one round and frames of one group grow together. Returns its id. */
export function append(state: GameState, draft: EntryDraft, at: number, index?: number): number {
  const place = index ?? state.story.length;
  const before = state.story[place - 1];
  if (draft.blows && before?.blows && draft.round !== undefined && before.round === draft.round) {
    const grown: StoryEntry = {
      ...before,
      text: `${before.text}\n${draft.text}`,
      blows: [...before.blows, ...draft.blows],
      urgent: before.urgent === true || draft.urgent === true,
    };
    state.story[place - 1] = markRaw(grown);
    return before.id;
  }
  const entry: StoryEntry = { ...draft, id: state.nextStoryId, at };
  const group = draft.frame?.group;
  if (group && before?.frame?.group === group) entry.joined = true;
  state.nextStoryId += 1;
  if (place === state.story.length) state.story.push(markRaw(entry));
  else state.story.splice(place, 0, markRaw(entry));
  if (state.story.length >= STORY_ENTRIES_MAX + STORY_SLICE) state.story.splice(0, STORY_SLICE);
  return entry.id;
}

/** Replaces an entry by a changed copy. Searches from the end, where what changes is. */
export function amend(state: GameState, match: (entry: StoryEntry) => boolean, change: Partial<StoryEntry>): void {
  for (let i = state.story.length - 1; i >= 0; i -= 1) {
    const entry = state.story[i] as StoryEntry;
    if (!match(entry)) continue;
    state.story[i] = markRaw({ ...entry, ...change });
    return;
  }
}

/** The sort under which only the newest entry keeps its names clickable; null for entries without such names. */
export function freshSort(kind: StoryKind): string | null {
  return ["room", "person", "thing", "inventory", "equipment", "shop", "exits"].includes(kind) ? kind : null;
}
