/** How Herald looks on this device, the notices at its edge, and whether the browser is online. */
import type { ActionContext, Module } from "vuex";
import { keep, keptJson } from "./keep";
import type { RootState } from "./index";

export const THEMES = ["system", "dark", "light", "contrast"] as const;
export type Theme = (typeof THEMES)[number];

/** Text size as a factor of the browser's own. */
export const TEXT_SIZES = { min: 0.85, max: 1.6, step: 0.05 };
/** Width of the story column in characters. */
export const MEASURES = { min: 50, max: 90, step: 2 };
/** How long a notice stays, in milliseconds. Failures stay until they are put away. */
export const NOTICE_MS = 6_000;
/** Notices on the screen at once; older ones leave. */
export const NOTICES_MAX = 4;

export type Tone = "info" | "good" | "warn" | "danger";

export interface Notice {
  id: number;
  tone: Tone;
  text: string;
  sticky: boolean;
}

export interface Display {
  theme: Theme;
  textSize: number;
  measure: number;
  /** Plain mode: text only, in reading order, for screen readers and for quiet. */
  plain: boolean;
}

export interface UiState extends Display {
  notices: Notice[];
  online: boolean;
}

const KEY = "herald.display";
const DEFAULTS: Display = { theme: "system", textSize: 1, measure: 66, plain: false };

let lastNotice = 0;

function clamp(value: unknown, range: { min: number; max: number }, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.min(range.max, Math.max(range.min, value)) : otherwise;
}

/** A display out of whatever was stored, by this or by another version of Herald. */
export function readDisplay(stored: unknown): Display {
  const from = (stored ?? {}) as Partial<Record<keyof Display, unknown>>;
  return {
    theme: THEMES.find((theme) => theme === from.theme) ?? DEFAULTS.theme,
    textSize: clamp(from.textSize, TEXT_SIZES, DEFAULTS.textSize),
    measure: clamp(from.measure, MEASURES, DEFAULTS.measure),
    plain: from.plain === true,
  };
}

type Context = ActionContext<UiState, RootState>;

export const ui: Module<UiState, RootState> = {
  namespaced: true,
  state: () => ({ ...readDisplay(keptJson(KEY)), notices: [], online: navigator.onLine !== false }),
  mutations: {
    display(state, change: Partial<Display>) {
      Object.assign(state, readDisplay({ ...state, ...change }));
    },
    noticed(state, notice: Notice) {
      // The same words twice are one notice that starts anew.
      state.notices = [...state.notices.filter((n) => n.text !== notice.text), notice].slice(-NOTICES_MAX);
    },
    dismissed(state, id: number) {
      state.notices = state.notices.filter((notice) => notice.id !== id);
    },
    online(state, online: boolean) {
      state.online = online;
    },
  },
  actions: {
    display({ commit, state }: Context, change: Partial<Display>) {
      commit("display", change);
      const { theme, textSize, measure, plain } = state;
      keep(KEY, JSON.stringify({ theme, textSize, measure, plain }));
    },
    notify({ commit }: Context, notice: { tone?: Tone; text: string; sticky?: boolean }): number {
      const tone = notice.tone ?? "info";
      const id = ++lastNotice;
      const sticky = notice.sticky ?? tone === "danger";
      commit("noticed", { id, tone, text: notice.text, sticky });
      if (!sticky) setTimeout(() => commit("dismissed", id), NOTICE_MS);
      return id;
    },
  },
};
