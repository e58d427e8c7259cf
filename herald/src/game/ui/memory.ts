// What the game remembers in the browser: which panels are open, which hints are learnt, what was typed.
import { effectScope, reactive, watch } from "vue";
import { keep, keptJson } from "@/store/keep";

const LAYOUT = "herald.game.layout";
const HINTS = "herald.game.hints";
const HISTORY = "herald.game.history";

/** The panels by name, and how the reader likes the screen. */
export interface Layout {
  open: Record<string, boolean>;
  phoneTab: "look" | "map" | "type" | "more";
  arrowsWalk: boolean;
  mapUnit: number;
}

const LAYOUT_DEFAULT: Layout = {
  open: { map: true, vitals: true, inventory: true, equipment: false, stats: false, here: true, who: true, log: true },
  phoneTab: "look",
  arrowsWalk: true,
  mapUnit: 9,
};

let layout: Layout | null = null;

/** The one layout of this browser; changes are kept. */
export function useLayout(): Layout {
  if (layout) return layout;
  const kept = keptJson<Partial<Layout>>(LAYOUT);
  const made = reactive<Layout>({ ...LAYOUT_DEFAULT, ...kept, open: { ...LAYOUT_DEFAULT.open, ...kept?.open } });
  // The layout outlives the component that asks for it first.
  effectScope(true).run(() => watch(made, (value) => keep(LAYOUT, JSON.stringify(value))));
  layout = made;
  return made;
}

/** The hints that were followed or put away. */
export function learntHints(): string[] {
  const value = keptJson<unknown>(HINTS);
  return Array.isArray(value) ? value.filter((hint) => typeof hint === "string") : [];
}

export function keepLearntHints(hints: string[]): void {
  keep(HINTS, JSON.stringify(hints));
}

/** The command lines of a character, the newest last. */
export function keptHistory(player: string): string[] {
  const value = keptJson<unknown>(`${HISTORY}.${player}`);
  return Array.isArray(value) ? value.filter((line) => typeof line === "string") : [];
}

export function keepHistory(player: string, lines: readonly string[]): void {
  keep(`${HISTORY}.${player}`, JSON.stringify(lines));
}
