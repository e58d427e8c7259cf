/** A store and the objects of the wire for tests. */
import { vi } from "vitest";
import type { Store } from "vuex";
import type { Character, LobbyWorld, User } from "@/api/types";
import { createHeraldStore, type RootState } from "./index";

export const ADA: User = {
  id: 7, email: "ada@example.org", name: "ada", is_staff: false, is_temporary: false, is_confirmed: true, is_invalid: false,
  send_newsletter: false, accessibility_mode: false,
};

export const CHARACTER: Character = { id: 3, name: "Ada", level: 4, gender: "female", archetype: "mage", world_id: 1100 };

export const WORLD: LobbyWorld = {
  id: 1000, name: "Low Water", description: "A harbour.", built_by: "us", instance_of: {}, can_edit: false, is_multiplayer: true,
  is_private: false, is_narrative: false, allow_combat: true, core_factions: [], can_select_faction: false, can_select_gender: true,
  is_classless: false,
};

export function pageOf<T>(results: T[]) {
  return { count: results.length, next: null, previous: null, results };
}

/** A store with a game that does what the test says. */
export function testStore(enter: (data: unknown) => unknown = () => {}): { store: Store<RootState>; exited: ReturnType<typeof vi.fn> } {
  const exited = vi.fn();
  const store: Store<RootState> = createHeraldStore({
    loadGame: async () => {
      if (store.hasModule("game")) return;
      store.registerModule("game", {
        namespaced: true,
        actions: { enter: (_, data: unknown) => enter(data), exited: (_, data: unknown) => exited(data) },
      });
    },
  });
  return { store, exited };
}
