import type { Router } from "vue-router";
import type { Store } from "vuex";
import type { RootState } from "@/store";

/**
 * Adds the Vuex module `game` to the store. The shell calls it, in a chunk of its own, before the first
 * `game/enter` and before it shows `/game`; calling it again does nothing.
 */
export function installGame(store: Store<RootState>, _router: Router): void {
  if (store.hasModule("game")) return;
  store.registerModule("game", { namespaced: true });
}
