/** The worlds one can see: the lobby's sections, pages of a section, search, and one world with its characters. */
import type { ActionContext, Module } from "vuex";
import { api } from "@/api/client";
import { messageOf } from "@/api/errors";
import type { Character, Lobby, LobbyWorld, NewCharacter, Page, WorldCard } from "@/api/types";
import type { RootState } from "./index";

/** A thing that is fetched: what we have, and how the last attempt went. */
export interface Fetched<T> {
  value: T | null;
  loading: boolean;
  error: string;
}

export interface WorldView {
  /** What the address calls it: an id or a slug. */
  address: string;
  world: LobbyWorld;
  characters: Character[];
  leaders: Character[];
}

export interface LobbyState {
  lobby: Fetched<Lobby>;
  listing: Fetched<Page<WorldCard>>;
  view: Fetched<WorldView>;
}

type Context = ActionContext<LobbyState, RootState>;
type Part = keyof LobbyState;

export function nothing<T>(): Fetched<T> {
  return { value: null, loading: false, error: "" };
}

/** Characters shown on a world's page; more than anyone should own in one world. */
const CHARACTERS_SHOWN = 30;
const LISTED = 100;

// The answer to an older question must not replace the answer to a newer one.
const asked: Record<Part, number> = { lobby: 0, listing: 0, view: 0 };

async function fetchInto<P extends Part>(
  commit: Context["commit"], part: P, keepOld: boolean, get: () => Promise<NonNullable<LobbyState[P]["value"]>>,
): Promise<void> {
  const turn = ++asked[part];
  commit("asked", { part, keepOld });
  try {
    const value = await get();
    if (turn === asked[part]) commit("answered", { part, value, error: "" });
  } catch (error) {
    if (turn === asked[part]) commit("answered", { part, value: null, error: messageOf(error) });
  }
}

export const lobby: Module<LobbyState, RootState> = {
  namespaced: true,
  state: () => ({ lobby: nothing(), listing: nothing(), view: nothing() }),
  mutations: {
    asked(state, { part, keepOld }: { part: Part; keepOld: boolean }) {
      const entry = state[part];
      entry.loading = true;
      entry.error = "";
      if (!keepOld) entry.value = null;
    },
    answered(state, { part, value, error }: { part: Part; value: never; error: string }) {
      const entry = state[part];
      entry.loading = false;
      entry.error = error;
      if (value !== null) entry.value = value;
    },
    characters(state, change: (all: Character[]) => Character[]) {
      if (state.view.value) state.view.value.characters = change(state.view.value.characters);
    },
    forgotten(state) {
      Object.assign(state, { lobby: nothing(), listing: nothing(), view: nothing() });
    },
  },
  actions: {
    load: ({ commit }: Context) => fetchInto(commit, "lobby", true, () => api.get<Lobby>("lobby/")),
    section: ({ commit }: Context, name: string) =>
      fetchInto(commit, "listing", false, () => api.get(`lobby/worlds/${name}/?page_size=${LISTED}`)),
    search: ({ commit }: Context, { q, unpublished }: { q: string; unpublished: boolean }) =>
      fetchInto(commit, "listing", false, () =>
        api.get(`lobby/worlds/search/?q=${encodeURIComponent(q)}&reviewed=${!unpublished}`)),
    async view({ commit, state }: Context, address: string) {
      const path = `lobby/worlds/${encodeURIComponent(address)}/`;
      const same = state.view.value?.address === address;
      await fetchInto(commit, "view", same, async () => {
        const [world, characters, leaders] = await Promise.all([
          api.get<LobbyWorld>(path),
          api.get<Page<Character>>(`${path}chars/?page_size=${CHARACTERS_SHOWN}`),
          api.get<Page<Character>>(`${path}leaders/`),
        ]);
        return { address, world, characters: characters.results, leaders: leaders.results };
      });
    },
    async createCharacter({ commit }: Context, { world, form }: { world: number; form: NewCharacter }) {
      const made = await api.post<Character>(`lobby/worlds/${world}/chars/`, form);
      commit("characters", (all: Character[]) => [made, ...all]);
      return made;
    },
    async describeCharacter({ commit }: Context, { world, id, description }: Record<"world" | "id", number> & { description: string }) {
      const changed = await api.patch<Character>(`lobby/worlds/${world}/chars/${id}/`, { description });
      commit("characters", (all: Character[]) => all.map((one) => (one.id === id ? { ...one, ...changed } : one)));
    },
    async deleteCharacter({ commit }: Context, { world, id }: { world: number; id: number }) {
      await api.delete(`lobby/worlds/${world}/chars/${id}/`);
      commit("characters", (all: Character[]) => all.filter((one) => one.id !== id));
    },
    async resetCharacter({ commit }: Context, { world, id }: { world: number; id: number }) {
      const anew = await api.post<Character>(`lobby/worlds/${world}/chars/${id}/reset/`, {});
      commit("characters", (all: Character[]) => all.map((one) => (one.id === id ? { ...one, ...anew } : one)));
    },
    forget({ commit }: Context) {
      for (const part of Object.keys(asked) as Part[]) asked[part]++;
      commit("forgotten");
    },
  },
};
