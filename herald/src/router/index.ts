/** The addresses of Herald, who may open them, and what happens to title and focus when one arrives. */
import { createRouter, createWebHistory, type RouteRecordRaw, type Router, type RouterHistory } from "vue-router";
import type { Store } from "vuex";
import type { RootState } from "@/store";
import { lastPlaying } from "@/store/forge";
import HomePage from "@/pages/HomePage.vue";

declare module "vue-router" {
  interface RouteMeta {
    /** For the window's title. */
    title?: string;
    /** Only for those who are logged in. */
    account?: boolean;
    /** Only for those who are not. */
    visitor?: boolean;
    /** Without header and footer. */
    bare?: boolean;
  }
}

const routes: RouteRecordRaw[] = [
  { path: "/", name: "home", component: HomePage, meta: { visitor: true } },
  { path: "/login", name: "login", component: () => import("@/pages/LoginPage.vue"), meta: { title: "Log in", visitor: true } },
  { path: "/signup", name: "signup", component: () => import("@/pages/SignupPage.vue"), meta: { title: "Make an account", visitor: true } },
  { path: "/forgot-password", name: "forgot", component: () => import("@/pages/ForgotPage.vue"), meta: { title: "Get a login link", visitor: true } },
  { path: "/login-link/:token", name: "login-link", component: () => import("@/pages/LoginLinkPage.vue"), meta: { title: "Login link" } },
  { path: "/keep", name: "keep", component: () => import("@/pages/KeepPage.vue"), meta: { title: "Keep your character", account: true } },
  { path: "/account", name: "account", component: () => import("@/pages/AccountPage.vue"), meta: { title: "Account", account: true } },
  { path: "/display", name: "display", component: () => import("@/pages/DisplayPage.vue"), meta: { title: "Display" } },
  { path: "/lobby", name: "lobby", component: () => import("@/pages/LobbyPage.vue"), meta: { title: "Worlds", account: true } },
  { path: "/lobby/search", name: "search", component: () => import("@/pages/SearchPage.vue"), meta: { title: "Search", account: true } },
  { path: "/lobby/:section(playing|building|reviewed|public)", name: "section", component: () => import("@/pages/SectionPage.vue"), meta: { title: "Worlds", account: true } },
  { path: "/worlds/:world", name: "world", component: () => import("@/pages/WorldPage.vue"), meta: { title: "World" } },
  { path: "/game", name: "game", component: () => import("@/game/GameScreen.vue"), meta: { title: "Playing", account: true, bare: true } },
  { path: "/styleguide", name: "styleguide", component: () => import("@/pages/StyleguidePage.vue"), meta: { title: "Style guide" } },
  { path: "/:path(.*)*", name: "nowhere", component: () => import("@/pages/NowherePage.vue"), meta: { title: "Nothing here" } },
];

/** A path inside Herald, or the lobby: an address must not lead elsewhere through our login. */
export function safeRedirect(wanted: unknown): string {
  return typeof wanted === "string" && /^\/(?![/\\])/.test(wanted) ? wanted : "/lobby";
}

export function createHeraldRouter(store: Store<RootState>, history: RouterHistory = createWebHistory()): Router {
  const router = createRouter({
    history,
    routes,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
  });

  router.beforeEach((to) => {
    const loggedIn = store.getters["auth/loggedIn"] as boolean;
    if (to.meta.account && !loggedIn) return { name: "login", query: { redirect: to.fullPath } };
    if (to.meta.visitor && loggedIn) return to.query.redirect ? safeRedirect(to.query.redirect) : { name: "lobby" };
    if (to.name !== "game") return true;
    const { entering, playing } = store.state.forge;
    if (playing || entering?.stage === "opening") return true;
    // A reload of the game: ask for the way in again, and show the lobby behind it.
    const last = lastPlaying();
    if (last && !entering) void store.dispatch("forge/enter", last);
    return { name: "lobby" };
  });

  router.afterEach((to, _from, failure) => {
    if (failure) return;
    if (to.name === "game") void store.dispatch("forge/entered");
    setTitle(store, to.meta.title);
  });

  return router;
}

export function setTitle(store: Store<RootState>, title: string | undefined): void {
  const name = store.state.platform.name;
  document.title = title ? `${title} · ${name}` : name;
}
