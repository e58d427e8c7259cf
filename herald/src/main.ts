import { createApp } from "vue";
import App from "./App.vue";
import { createHeraldRouter } from "./router";
import { createHeraldStore } from "./store";

const store = createHeraldStore();
const router = createHeraldRouter(store);

createApp(App).use(store).use(router).mount("#app");
