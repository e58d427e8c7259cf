/** What this platform is called, and what it offers to someone without an account. */
import type { ActionContext, Module } from "vuex";
import { api } from "@/api/client";
import type { Platform, WorldCard } from "@/api/types";
import type { RootState } from "./index";

export interface PlatformState {
  name: string;
  guests: boolean;
  introWorld: number | null;
  /** Worlds shown to everyone on the landing page. */
  worlds: WorldCard[];
  known: boolean;
}

type Context = ActionContext<PlatformState, RootState>;

export const platform: Module<PlatformState, RootState> = {
  namespaced: true,
  state: () => ({ name: "Realms", guests: false, introWorld: null, worlds: [], known: false }),
  mutations: {
    known(state, answer: Platform) {
      state.name = answer.name || "Realms";
      // Guests need a world to be guests in; null says that there is none yet.
      state.guests = answer.guests === true && answer.intro_world !== null;
      state.introWorld = answer.intro_world ?? null;
      state.known = true;
    },
    worlds(state, worlds: WorldCard[]) {
      state.worlds = worlds;
    },
  },
  actions: {
    /** Failing is fine: the landing page then offers what every platform has. */
    async load({ commit }: Context) {
      const [answer, home] = await Promise.allSettled([
        api.get<Platform>("platform/", { anonymous: true }),
        api.get<{ worlds?: WorldCard[] }>("lobby/homedata/", { anonymous: true }),
      ]);
      if (answer.status === "fulfilled" && answer.value) commit("known", answer.value);
      if (home.status === "fulfilled") commit("worlds", home.value?.worlds ?? []);
    },
  },
};
