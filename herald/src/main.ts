import { createApp } from "vue";
import App from "./App.vue";
import { createHeraldRouter } from "./router";
import { createHeraldStore } from "./store";
import { keepSession } from "./store/auth";
import { followDisplay } from "./theme/apply";
import "@fontsource-variable/literata/wght.css";
import "@fontsource-variable/literata/wght-italic.css";
import "@fontsource-variable/source-sans-3/wght.css";
import "./theme/theme.css";
import "./theme/base.css";

const store = createHeraldStore({
  loadGame: async () => {
    const [{ installGame }] = await Promise.all([import("./game/install"), import("./game/GameScreen.vue")]);
    installGame(store, router);
  },
});
keepSession(store);
followDisplay(store);
const router = createHeraldRouter(store);

addEventListener("online", () => {
  store.commit("ui/online", true);
  void store.dispatch("forge/wake");
});
addEventListener("offline", () => store.commit("ui/online", false));

store.subscribeAction({
  after({ type }) {
    // However a character leaves, from then on a reload must not lead back into the world.
    if (type === "game/exited") void store.dispatch("forge/left");
    if (type !== "auth/ended") return;
    // A session that ends on a page for accounts ends at the login, and comes back to that page.
    const here = router.currentRoute.value;
    if (here.meta.account) void router.push({ name: "login", query: { redirect: here.fullPath } });
  },
});

void store.dispatch("platform/load");
createApp(App).use(store).use(router).mount("#app");
