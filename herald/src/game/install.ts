import type { Router } from "vue-router";
import type { Store } from "vuex";
import { api } from "@/api/client";
import type { RootState } from "@/store";
import type { EnterJob, PlayerConfig } from "@/wire/types";
import { gameModule } from "./store/module";

/**
 * Adds the Vuex module `game` to the store. The shell calls it, in a chunk of its own, before the first
 * `game/enter` and before it shows `/game`; calling it again does nothing.
 */
export function installGame(store: Store<RootState>, router: Router): void {
  if (store.hasModule("game")) return;
  const reenter = (player: number, world: number): Promise<EnterJob> =>
    store.dispatch("forge/job", { job: "enter_world", fields: { player_id: player, world_id: world } });
  store.registerModule(
    "game",
    gameModule({
      token: () => store.state.auth.access,
      reenter,
      saveConfig: (player: number, config: PlayerConfig) =>
        api.post("game/player/config/", config, { headers: { "X-PLAYER-ID": String(player) } }),
      // The router tells the shell that the game is on the screen.
      entered: () => void router.push("/game"),
      left: (exitTo) => void router.push(exitTo === null ? "/lobby" : `/worlds/${exitTo}`),
    }),
  );
}
