// The Vuex module `game`: one session of play. It holds the socket, applies what frames change, and tells the story.
import type { ActionContext, Module } from "vuex";
import { GameSocket, type CommandFate, type GameSocketHost } from "@/socket/GameSocket";
import type { Link } from "@/socket/link";
import type { CommandData, Direction, EnterJob, Frame, PlayerConfig } from "@/wire/types";
import type { RootState } from "@/store";
import { isDirectionCommand, splitCommands, substituteFocus } from "../text/command";
import { reduce, type Patch } from "./reduce";
import { DEFAULT_CONFIG, freshState, type GameState } from "./state";
import { amend, append, entryOf, freshSort, type EntryDraft } from "./story";

export interface GameOutside {
  /** Tests bring their own socket. */
  socket?: (host: GameSocketHost) => Pick<GameSocket, "enter" | "command" | "quit" | "retryNow" | "close">;
  token: () => string | Promise<string>;
  /** Runs the Forge's job again for the character that is being played. */
  reenter: (player: number, world: number) => Promise<EnterJob>;
  saveConfig: (player: number, config: PlayerConfig) => Promise<unknown>;
  /** The first snapshot is there: the game may be shown. */
  entered: () => void;
  /** The character is out: where to go, when that is known. */
  left: (exitTo: number | null) => void;
  now?: () => number;
}

export interface SendOptions {
  type?: `cmd.${string}`;
  data?: CommandData;
  /** Does not appear in the story. */
  quiet?: boolean;
}

type Context = ActionContext<GameState, RootState>;
type Echo = { text: string; n?: number; fate?: CommandFate; at: number };

export function gameModule(outside: GameOutside): Module<GameState, RootState> {
  const now = outside.now ?? (() => Date.now());
  let socket: ReturnType<NonNullable<GameOutside["socket"]>> | null = null;
  let settle: { done: () => void; fail: (error: Error) => void } | null = null;
  let walk: Direction[] = [];

  function open(context: Context): NonNullable<typeof socket> {
    const { commit, dispatch, state } = context;
    const host: GameSocketHost = {
      token: outside.token,
      reenter: () => outside.reenter(state.playerId ?? 0, state.world?.id ?? 0),
      onFrame: (frame, missed) => void dispatch("frame", { frame, missed }),
      onLink: (link) => void dispatch("link", link),
      onJob: (job) => commit("job", job),
      onFate: (numbers, fate) => commit("fate", { numbers, fate }),
    };
    socket ??= outside.socket ? outside.socket(host) : new GameSocket(host);
    return socket;
  }

  function over(): void {
    walk = [];
    const opened = socket;
    socket = null;
    opened?.close();
  }

  return {
    namespaced: true,
    state: freshState,
    mutations: {
      begun(state, job: EnterJob) {
        Object.assign(state, freshState(), { phase: "entering", playerId: job.player_id, world: job.world, motd: job.motd ?? null });
        state.config = { ...DEFAULT_CONFIG, ...job.player_config };
      },
      /** A re-entry brings the same facts again; the story stays. */
      job(state, job: EnterJob) {
        state.world = { ...state.world, ...job.world };
        state.config = { ...DEFAULT_CONFIG, ...job.player_config };
      },
      patched(state, patch: Patch) {
        const { mapReset, mapPut, ...fields } = patch;
        if (mapReset) state.atlas.clear();
        for (const room of [...(mapReset ?? []), ...(mapPut ?? [])]) state.atlas.put(room);
        if (mapReset || mapPut) state.atlasVersion += 1;
        Object.assign(state, fields);
      },
      told(state, { draft, at, missed }: { draft: EntryDraft; at: number; missed?: boolean }) {
        let index: number | undefined;
        if (missed && state.gapId !== null) {
          const gap = state.story.findIndex((entry) => entry.id === state.gapId);
          if (gap >= 0) index = gap + 1 + state.missedCount;
        }
        const last = state.nextStoryId;
        const id = append(state, draft, at, index);
        if (index !== undefined && id === last) state.missedCount += 1;
        const sort = freshSort(draft.kind);
        if (sort) state.fresh[sort] = id;
      },
      echoed(state, { text, n, fate, at }: Echo) {
        append(state, { kind: "command", text, n, fate }, at);
      },
      fate(state, { numbers, fate }: { numbers: number[]; fate: CommandFate }) {
        for (const n of numbers) amend(state, (entry) => entry.kind === "command" && entry.n === n, { fate });
      },
      linked(state, { link, at }: { link: Link; at: number }) {
        const was = state.link.state;
        state.link = link;
        const up = (name: Link["state"]) => name === "live" || name === "silent";
        if (state.phase !== "playing" || up(was) === up(link.state)) return;
        if (up(was) && link.state !== "idle") {
          const reason = link.state === "offline" || link.state === "stopped" ? link.reason : "";
          state.gapId = append(state, { kind: "gap", text: reason || "The connection was lost.", urgent: true }, at);
          state.gapSince = at;
          state.missedCount = 0;
        } else if (up(link.state) && state.gapId !== null) {
          const seconds = Math.max(1, Math.round((at - state.gapSince) / 1000));
          amend(state, (entry) => entry.id === state.gapId, { text: `Connected again after ${seconds} s.`, urgent: false });
        }
      },
      hintGone(state) {
        state.hint = null;
      },
      configured(state, config: PlayerConfig) {
        state.config = config;
      },
      logRead(state) {
        state.unreadLog = 0;
      },
      expired(state, at: number) {
        state.effects = state.effects.filter((effect) => effect.endsAt > at);
        state.cooldowns = state.cooldowns.filter((cooldown) => cooldown.endsAt > at);
        if (state.cast && state.cast.endsAt <= at) state.cast = null;
      },
      foeGone(state, key: string) {
        if (state.foe?.key === key && state.foe.fallen) state.foe = null;
      },
      ended(state, exitTo: number | null) {
        state.phase = "left";
        state.exitTo = exitTo;
        state.link = { state: "idle" };
      },
    },
    actions: {
      /** Begins to play with the result of the Forge's job. Resolves with the first snapshot, rejects with what went wrong. */
      enter(context: Context, job: EnterJob): Promise<void> {
        over();
        settle?.fail(new Error("Another world was entered."));
        context.commit("begun", job);
        return new Promise((done, fail) => {
          settle = { done, fail };
          open(context).enter(job);
        });
      },

      frame({ commit, dispatch, state }: Context, { frame, missed }: { frame: Frame; missed: boolean }) {
        const at = now();
        const first = state.phase === "entering";
        commit("patched", reduce(state, frame, at));
        const entered = first && state.phase === "playing";
        if (entered && state.motd) commit("told", { draft: { kind: "motd", text: state.motd }, at });
        const draft = entryOf(state, frame);
        if (draft) commit("told", { draft, at, missed });
        if (entered) {
          settle?.done();
          settle = null;
          outside.entered();
        }
        if (state.effects.length + state.cooldowns.length > 0 || state.cast) setTimeout(() => commit("expired", now()), soonest(state, at));
        if (frame.type === "notification.death" && state.foe?.fallen) setTimeout(commit, FALLEN_MS, "foeGone", state.foe.key);
        stepOn(frame);
        if (frame.type === "system.connect.error" && first) settleWith(frame.text);
        if (frame.type === "system.disconnect.success") void dispatch("exited", { exit_to: frame.data.exit_to });
      },

      link({ commit, state }: Context, link: Link) {
        if (state.phase === "left") return;
        commit("linked", { link, at: now() });
        if (state.phase === "entering" && (link.state === "offline" || link.state === "stopped")) settleWith(link.reason);
      },

      /** Sends what was typed or clicked: splits at `;`, fills in the focus, echoes, and knows `quit`. */
      send(context: Context, input: string | ({ text: string } & SendOptions)) {
        const { text, type, data, quiet }: { text: string } & SendOptions = typeof input === "string" ? { text: input } : input;
        walk = [];
        for (const piece of type ? [text] : splitCommands(text)) {
          const command = type ? piece : substituteFocus(piece, context.state.actor?.focus ?? "");
          transmit(context, command, { type, data, quiet });
        }
        if (context.state.hint) context.commit("hintGone");
      },

      /** Walks to a room that the map shows, one step after the other, until something stands in the way. */
      walkTo(context: Context, key: string) {
        const { state } = context;
        if (!state.roomKey) return;
        const path = state.atlas.path(state.roomKey, key);
        walk = [];
        if (!path || path.length === 0) return;
        transmit(context, path[0] as string, {});
        walk = path.slice(1);
      },

      retry: () => socket?.retryNow(),

      /** Asks to be let out; when nobody can be asked, leaves the screen all the same and says so. */
      quit({ commit, dispatch }: Context) {
        if (socket?.quit()) {
          commit("told", { draft: { kind: "system", text: "Leaving…" }, at: now() });
          return;
        }
        void dispatch("exited", {});
      },

      /** The character is out, by its own wish or by the Forge's; or entering was called off. */
      exited({ commit, state }: Context, data: { exit_to?: number }) {
        const { phase } = state;
        if (phase === "away" || phase === "left") return;
        over();
        settle = null;
        const exitTo = data.exit_to ?? state.world?.context_id ?? null;
        commit("ended", exitTo);
        if (phase === "playing") outside.left(exitTo);
      },

      async configure({ commit, state }: Context, change: Partial<PlayerConfig>) {
        const before = state.config;
        commit("configured", { ...before, ...change });
        try {
          await outside.saveConfig(state.playerId ?? 0, state.config);
        } catch (error) {
          commit("configured", before);
          throw error;
        }
      },
    },
  };

  function transmit({ commit, dispatch, state }: Context, text: string, options: SendOptions): void {
    if (/^quit$/i.test(text.trim())) {
      void dispatch("quit");
      return;
    }
    const live = state.link.state === "live" || state.link.state === "silent";
    // Answers come in a later turn of the event loop, so the echo below still stands before them.
    const n = socket?.command(text, options.type, options.data) ?? null;
    if (n === null) {
      commit("told", { draft: { kind: "problem", text: `Not kept, too much is waiting already: ${text}` }, at: now() });
      return;
    }
    if (!options.quiet) commit("echoed", { text, n, fate: live ? "sent" : "waiting", at: now() });
  }

  function settleWith(reason: string): void {
    const entering = settle;
    if (!entering) return;
    settle = null;
    over();
    entering.fail(new Error(reason || "The world did not let you in."));
  }

  function stepOn(frame: Frame): void {
    if (frame.type === "cmd.move.error") walk = [];
    if (frame.type !== "cmd.move.success") return;
    const next = walk.shift();
    if (next && isDirectionCommand(next)) socket?.command(next);
  }
}

/** How long a fallen foe stays in the panel. */
const FALLEN_MS = 5_000;

/** Milliseconds until the first of what runs out has run out. */
function soonest(state: GameState, at: number): number {
  const ends = [...state.effects, ...state.cooldowns, ...(state.cast ? [state.cast] : [])].map((running) => running.endsAt);
  return Math.max(0, Math.min(...ends) - at) + 20;
}
