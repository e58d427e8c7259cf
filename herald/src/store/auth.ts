/**
 * Who is here: the session's tokens and user, and every way in and out. Tokens lie in the browser's storage
 * under the names of the wire contract, and other tabs' changes arrive through it.
 */
import type { ActionContext, Module, Store } from "vuex";
import { api, setTokenKeeper } from "@/api/client";
import type { GuestStart, Session, Tokens, User } from "@/api/types";
import { keep, kept, keptJson } from "./keep";
import type { RootState } from "./index";

const ACCESS = "jwtToken";
const REFRESH = "refreshToken";
const USER = "user";

export interface AuthState {
  access: string;
  user: User | null;
}

export interface SignUp {
  email: string;
  username: string;
  send_newsletter: boolean;
}

type Context = ActionContext<AuthState, RootState>;

function accessOf(tokens: Tokens): string {
  return tokens.access ?? tokens.token ?? "";
}

export const auth: Module<AuthState, RootState> = {
  namespaced: true,
  state: () => ({ access: kept(ACCESS), user: kept(ACCESS) ? keptJson<User>(USER) : null }),
  getters: {
    loggedIn: (state) => state.access !== "",
    guest: (state) => state.access !== "" && state.user?.is_temporary === true,
  },
  mutations: {
    tokens(state, tokens: Tokens) {
      state.access = accessOf(tokens);
      keep(ACCESS, state.access);
      // Rotation: an answer without a new refresh token leaves the old one valid.
      if (tokens.refresh) keep(REFRESH, tokens.refresh);
    },
    user(state, user: User) {
      state.user = user;
      keep(USER, JSON.stringify(user));
    },
    cleared(state) {
      state.access = "";
      state.user = null;
      for (const name of [ACCESS, REFRESH, USER]) keep(name, "");
    },
    /** Takes over what another tab has stored. */
    reread(state) {
      state.access = kept(ACCESS);
      state.user = state.access ? keptJson<User>(USER) : null;
    },
  },
  actions: {
    begin({ commit, dispatch, state }: Context, session: Session) {
      // Nothing of who was here before may outlive a change of user: not a token, not a socket, not a list.
      if (state.user?.id !== session.user.id) dispatch("logOut");
      commit("tokens", session);
      commit("user", session.user);
      if (session.user.accessibility_mode) dispatch("ui/display", { plain: true }, { root: true });
    },
    /** Resolves to whether one is in; otherwise a link is on its way by mail. */
    async logIn({ dispatch }: Context, form: { email: string; password?: string }): Promise<boolean> {
      const body = form.password ? form : { email: form.email };
      const answer = await api.post<Partial<Session> | null>("auth/login/", body, { anonymous: true });
      if (!answer || !accessOf(answer) || !answer.user) return false;
      await dispatch("begin", answer);
      return true;
    },
    async requestLink(_: Context, email: string) {
      await api.post("auth/email/request/", { email }, { anonymous: true });
    },
    async signUp(_: Context, form: SignUp) {
      await api.post("auth/signup/", form, { anonymous: true });
    },
    async confirm({ dispatch }: Context, token: string) {
      await dispatch("begin", await api.post<Session>("auth/email/confirm/", { token }, { anonymous: true }));
    },
    async playAsGuest({ dispatch }: Context): Promise<GuestStart> {
      const start = await api.post<GuestStart>("game/play/", {}, { anonymous: true });
      await dispatch("begin", start);
      return start;
    },
    /** Turns the guest into an account; the character stays. */
    async saveGuest({ dispatch }: Context, form: SignUp) {
      await dispatch("begin", await api.post<Session>("auth/save/", form));
    },
    async fetchUser({ commit }: Context) {
      commit("user", await api.get<User>("user/"));
    },
    async updateUser({ commit }: Context, change: Partial<User>) {
      commit("user", await api.put<User>("user/", change));
    },
    async setPassword({ commit, state }: Context, form: { current?: string; password: string }) {
      const answer = await api.put<Partial<Session> | null>("user/password/", form);
      // A changed password ends every session; this one goes on with what the answer brings.
      if (answer && accessOf(answer)) commit("tokens", answer);
      if (state.user) commit("user", { ...state.user, ...answer?.user, has_password: true });
    },
    /** The session ended without anyone's wish: here, or in another tab. */
    async ended({ dispatch, state }: Context) {
      if (!state.access) return;
      await dispatch("logOut");
      await dispatch("ui/notify", { tone: "warn", text: "Your login has ended. Log in again to go on." }, { root: true });
    },
    logOut({ commit, dispatch }: Context) {
      commit("cleared");
      dispatch("forge/close", null, { root: true });
      dispatch("lobby/forget", null, { root: true });
    },
  },
};

/** Lets the REST client use the session, and follows logins and logouts of other tabs. */
export function keepSession(store: Store<RootState>): void {
  setTokenKeeper({
    access: () => kept(ACCESS),
    refresh: () => kept(REFRESH),
    keep: (tokens) => store.commit("auth/tokens", tokens),
    ended: () => void store.dispatch("auth/ended"),
  });
  addEventListener("storage", (event) => {
    if (event.key !== null && ![ACCESS, USER].includes(event.key)) return;
    if (kept(ACCESS)) store.commit("auth/reread");
    else void store.dispatch("auth/ended");
  });
}
