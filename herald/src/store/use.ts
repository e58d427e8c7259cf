import { useStore, type Store } from "vuex";
import type { RootState } from "./index";

/** The store, with its types, inside a component. */
export function useHeraldStore(): Store<RootState> {
  return useStore<RootState>();
}
