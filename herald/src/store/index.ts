import { createStore, type Store } from "vuex";

/** What every module of the store may see of the others. Modules add their own part. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface RootState {}

export function createHeraldStore(): Store<RootState> {
  return createStore<RootState>({ modules: {} });
}
