import { createStore, type Store } from "vuex";
import { auth, type AuthState } from "./auth";
import { forgeModule, type ForgeOutside, type ForgeState } from "./forge";
import { lobby, type LobbyState } from "./lobby";
import { platform, type PlatformState } from "./platform";
import { ui, type UiState } from "./ui";

/** What every module may see of the others. The module `game` comes with its own chunk and is not part of it. */
export interface RootState {
  auth: AuthState;
  forge: ForgeState;
  lobby: LobbyState;
  platform: PlatformState;
  ui: UiState;
}

export function createHeraldStore(outside: ForgeOutside): Store<RootState> {
  return createStore<RootState>({
    modules: { auth, forge: forgeModule(outside), lobby, platform, ui },
    strict: import.meta.env.DEV,
  });
}
