/** Puts the chosen display onto the document, and follows the system where that is the choice. */
import type { Store } from "vuex";
import type { RootState } from "@/store";
import type { Display, Theme } from "@/store/ui";

type Shown = Exclude<Theme, "system">;

function wants(query: string): boolean {
  return typeof matchMedia === "function" && matchMedia(query).matches;
}

export function shownTheme(theme: Theme): Shown {
  if (theme !== "system") return theme;
  if (wants("(prefers-contrast: more)")) return "contrast";
  return wants("(prefers-color-scheme: light)") ? "light" : "dark";
}

function apply(display: Display): void {
  const root = document.documentElement;
  root.dataset.theme = shownTheme(display.theme);
  root.dataset.plain = String(display.plain);
  root.style.setProperty("--text-scale", String(display.textSize));
  root.style.setProperty("--measure", `${display.measure}ch`);
}

export function followDisplay(store: Store<RootState>): void {
  const show = () => apply(store.state.ui);
  show();
  store.watch((state) => [state.ui.theme, state.ui.textSize, state.ui.measure, state.ui.plain], show);
  for (const query of ["(prefers-contrast: more)", "(prefers-color-scheme: light)"]) {
    matchMedia(query).addEventListener("change", show);
  }
}
