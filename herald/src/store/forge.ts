/** The way into a world and out of it: the Forge's jobs, and what to show while they take their time. */
import type { ActionContext, Module } from "vuex";
import { refreshAccess } from "@/api/client";
import { messageOf } from "@/api/errors";
import { ForgeError, ForgeSocket, type JobData } from "@/api/forge";
import type { RootState } from "./index";

export interface Entering {
  player: number;
  /** The character's name, to be shown. */
  name: string;
  world: number | string;
  /** Asking the Forge, then waiting for the world's first words; or refused. */
  stage: "asking" | "opening" | "refused";
  error: string;
}

export interface Enter {
  player: number;
  name: string;
  world: number | string;
}

export interface ForgeState {
  entering: Entering | null;
  /** Who is in a world now, in this tab. */
  playing: Enter | null;
}

// Kept by tab, so that a reload of the game comes back into the game.
const PLAYING = "herald.playing";

/** Who was in a world when this tab was last loaded. */
export function lastPlaying(): Enter | null {
  try {
    const last = JSON.parse(sessionStorage.getItem(PLAYING) ?? "null") as Enter | null;
    return typeof last?.player === "number" ? last : null;
  } catch {
    return null;
  }
}

function keepPlaying(playing: Enter | null): void {
  try {
    if (playing) sessionStorage.setItem(PLAYING, JSON.stringify(playing));
    else sessionStorage.removeItem(PLAYING);
  } catch {
    // Without storage a reload leads to the lobby; nothing else is lost.
  }
}

/** What the module needs from outside: the socket's token comes with the session, the game is a chunk of its own. */
export interface ForgeOutside {
  socket?: (options: ConstructorParameters<typeof ForgeSocket>[0]) => ForgeSocket;
  /** Fetches the game and adds the module `game` to the store. */
  loadGame: () => Promise<unknown>;
}

type Context = ActionContext<ForgeState, RootState>;

function socketUrl(): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/forge/`;
}

export function forgeModule(outside: ForgeOutside): Module<ForgeState, RootState> {
  let socket: ForgeSocket | null = null;
  // Who gives up waiting must not be drawn into the world when the answer comes after all.
  let turn = 0;

  function theSocket({ dispatch, rootState }: Context): ForgeSocket {
    const make = outside.socket ?? ((options) => new ForgeSocket(options));
    socket ??= make({
      url: socketUrl(),
      token: () => rootState.auth.access,
      renew: () => refreshAccess(),
      exited: (data) => void dispatch("exited", data),
    });
    return socket;
  }

  return {
    namespaced: true,
    state: () => ({ entering: null, playing: null }),
    mutations: {
      entering(state, entering: Entering | null) {
        state.entering = entering;
      },
      playing(state, playing: Enter | null) {
        state.playing = playing;
        keepPlaying(playing);
      },
      stage(state, change: Partial<Entering>) {
        if (state.entering) Object.assign(state.entering, change);
      },
    },
    actions: {
      job: (context: Context, { job, fields }: { job: string; fields?: JobData }) => theSocket(context).job(job, fields),

      /** Enters a world. Refusals are shown where one waits, so the promise resolves in any case. */
      async enter(context: Context, { player, name, world }: Enter) {
        const { commit, dispatch } = context;
        const mine = ++turn;
        commit("entering", { player, name, world, stage: "asking", error: "" });
        try {
          const fields = { player_id: player, world_id: world };
          const ask = () => theSocket(context).job("enter_world", fields);
          // Entering twice is entering once, so a lost answer is worth one more question.
          const asked = ask().catch((error: unknown) => {
            if (error instanceof ForgeError && error.lost && mine === turn) return ask();
            throw error;
          });
          const [data] = await Promise.all([asked, outside.loadGame()]);
          if (mine !== turn) return;
          commit("stage", { stage: "opening" });
          await dispatch("game/enter", data, { root: true });
        } catch (error) {
          if (mine === turn) commit("stage", { stage: "refused", error: messageOf(error) });
        }
      },
      /** The world is on the screen. */
      entered({ commit, state }: Context) {
        turn++;
        if (!state.entering) return;
        const { player, name, world } = state.entering;
        commit("playing", { player, name, world });
        commit("entering", null);
      },
      /** The character has left, by whatever way. */
      left: ({ commit }: Context) => commit("playing", null),
      cancel({ commit, dispatch, state }: Context) {
        const opening = state.entering?.stage === "opening";
        turn++;
        commit("entering", null);
        if (opening) dispatch("game/exited", {}, { root: true });
      },
      async exited({ dispatch }: Context, data: JobData) {
        await outside.loadGame();
        await dispatch("game/exited", data, { root: true });
      },
      wake: () => socket?.wake(),
      close({ commit }: Context) {
        turn++;
        socket?.close();
        socket = null;
        commit("entering", null);
        commit("playing", null);
      },
    },
  };
}
