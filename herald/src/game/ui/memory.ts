// What the game remembers in the browser: which panels are open, which hints are learnt, whom one plays in this tab.
import { reactive, watch } from "vue";

interface Session {
  player: number;
  world: number;
}

const SESSION = "herald.game.session";
const LAYOUT = "herald.game.layout";
const HINTS = "herald.game.hints";
const HISTORY = "herald.game.history";

function read(storage: () => Storage, key: string): unknown {
  try {
    return JSON.parse(storage().getItem(key) ?? "null");
  } catch {
    // Storage may be forbidden or hold something foreign: then nothing is remembered.
    return null;
  }
}

function write(storage: () => Storage, key: string, value: unknown): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    // The game works without memory.
  }
}

const tab = () => sessionStorage;
const browser = () => localStorage;

/** Whom this tab plays, so that a reload of the page comes back. Null forgets. */
export function rememberSession(session: Session | null): void {
  write(tab, SESSION, session);
}

export function rememberedSession(): Session | null {
  const value = read(tab, SESSION) as Session | null;
  return value && Number.isInteger(value.player) && Number.isInteger(value.world) ? value : null;
}

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
  const kept = read(browser, LAYOUT) as Partial<Layout> | null;
  const made = reactive<Layout>({ ...LAYOUT_DEFAULT, ...kept, open: { ...LAYOUT_DEFAULT.open, ...kept?.open } });
  watch(made, (value) => write(browser, LAYOUT, value));
  layout = made;
  return made;
}

/** The hints that were followed or put away. */
export function learntHints(): string[] {
  const value = read(browser, HINTS);
  return Array.isArray(value) ? value.filter((hint) => typeof hint === "string") : [];
}

export function keepLearntHints(hints: string[]): void {
  write(browser, HINTS, hints);
}

/** The command lines of a character, the newest last. */
export function keptHistory(player: string): string[] {
  const value = read(browser, `${HISTORY}.${player}`);
  return Array.isArray(value) ? value.filter((line) => typeof line === "string") : [];
}

export function keepHistory(player: string, lines: readonly string[]): void {
  write(browser, `${HISTORY}.${player}`, lines);
}
