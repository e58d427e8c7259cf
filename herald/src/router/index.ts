import { createRouter, createWebHistory, type Router } from "vue-router";
import type { Store } from "vuex";
import type { RootState } from "@/store";

export function createHeraldRouter(_store: Store<RootState>): Router {
  return createRouter({
    history: createWebHistory(),
    routes: [{ path: "/game", name: "game", component: () => import("@/game/GameScreen.vue") }],
  });
}
