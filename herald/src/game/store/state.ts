// The state of one session of play, and its beginning.
import type { Link } from "@/socket/link";
import type { Actor, Char, CommandHelp, Effect, PlayerConfig, Room, WhoEntry, World } from "@/wire/types";
import type { StoryEntry } from "./story";
import { Atlas } from "../map/atlas";

export interface LogLine {
  id: number;
  kind: "chat" | "tell";
  text: string;
  at: number;
}

/** An effect with the moment at which it ends, in milliseconds of the browser's clock. */
export type RunningEffect = Effect & { endsAt: number };

export interface Cast {
  skill: string;
  method: string;
  startedAt: number;
  endsAt: number;
}

export interface Cooldown {
  skill: string;
  startedAt: number;
  endsAt: number;
}

/** Whom one fights, as last seen. `fallen` keeps the corpse's key for a moment after a death. */
export interface Foe extends Char {
  fallen?: boolean;
}

export interface GameState {
  /** `entering` until the first snapshot, `left` after the character was taken out. */
  phase: "away" | "entering" | "playing" | "left";
  playerId: number | null;
  world: World | null;
  config: PlayerConfig;
  motd: string | null;
  link: Link;
  actor: Actor | null;
  room: Room | null;
  roomKey: string | null;
  atlas: Atlas;
  /** Counts changes of the atlas, which is itself outside of reactivity. */
  atlasVersion: number;
  who: WhoEntry[];
  foe: Foe | null;
  effects: RunningEffect[];
  cooldowns: Cooldown[];
  cast: Cast | null;
  hint: string | null;
  log: LogLine[];
  /** Lines of the communication log since it was last looked at. */
  unreadLog: number;
  story: StoryEntry[];
  nextStoryId: number;
  /** The newest entry of each sort whose names can still be clicked. */
  fresh: Record<string, number>;
  /** The entry that tells of a lost connection, while it lasts. */
  gapId: number | null;
  gapSince: number;
  missedCount: number;
  commands: CommandHelp[];
  /** The root world to show after leaving. */
  exitTo: number | null;
}

export const DEFAULT_CONFIG: PlayerConfig = { room_brief: false, combat_brief: false, display_chat: true };

export function freshState(): GameState {
  return {
    phase: "away",
    playerId: null,
    world: null,
    config: { ...DEFAULT_CONFIG },
    motd: null,
    link: { state: "idle" },
    actor: null,
    room: null,
    roomKey: null,
    atlas: new Atlas(),
    atlasVersion: 0,
    who: [],
    foe: null,
    effects: [],
    cooldowns: [],
    cast: null,
    hint: null,
    log: [],
    unreadLog: 0,
    story: [],
    nextStoryId: 1,
    fresh: {},
    gapId: null,
    gapSince: 0,
    missedCount: 0,
    commands: [],
    exitTo: null,
  };
}
