// What the parts of the game screen share besides the store: the card that is open, the command line, the dialogs.
import { inject, onBeforeUnmount, onMounted, provide, reactive, ref, type InjectionKey, type Ref } from "vue";
import type { Char, Item } from "@/wire/types";
import type { Holding } from "../text/target";

export type CardSubject = { kind: "char"; char: Char } | { kind: "item"; item: Item; holding: Holding };

export interface OpenCard {
  subject: CardSubject;
  anchor: HTMLElement;
  /** Opened by a click or key: it has the focus and stays until it is put away. */
  pinned: boolean;
}

export type Dialog = "none" | "settings" | "map" | "palette";
export type Width = "phone" | "tablet" | "desk";

export interface Screen {
  card: OpenCard | null;
  dialog: Dialog;
  width: Ref<Width> | Width;
  showCard(subject: CardSubject, anchor: HTMLElement, pinned: boolean): void;
  hideCard(): void;
  /** Keeps a hovered card open while the pointer is on it. */
  holdCard(): void;
  letCardGo(): void;
  /** Puts text into the command line and the focus behind it. */
  fill(text: string): void;
  focusLine(): void;
  line: { fill(text: string): void; focus(): void } | null;
}

const KEY: InjectionKey<Screen> = Symbol("game screen");

/** A hovered card opens after this long, and closes this long after the pointer left. */
const HOVER_MS = 150;
const LEAVE_MS = 220;

export function provideScreen(): Screen {
  let opening: ReturnType<typeof setTimeout> | undefined;
  let closing: ReturnType<typeof setTimeout> | undefined;
  const screen: Screen = reactive({
    card: null as OpenCard | null,
    dialog: "none" as Dialog,
    width: useWidth(),
    line: null,
    showCard(subject: CardSubject, anchor: HTMLElement, pinned: boolean) {
      clearTimeout(opening);
      clearTimeout(closing);
      if (pinned) {
        screen.card = { subject, anchor, pinned };
        return;
      }
      if (screen.card?.pinned) return;
      opening = setTimeout(() => (screen.card = { subject, anchor, pinned }), screen.card ? 60 : HOVER_MS);
    },
    hideCard() {
      clearTimeout(opening);
      const card = screen.card;
      screen.card = null;
      if (card?.pinned && card.anchor.isConnected) card.anchor.focus();
    },
    holdCard() {
      clearTimeout(closing);
    },
    letCardGo() {
      clearTimeout(opening);
      clearTimeout(closing);
      if (!screen.card?.pinned) closing = setTimeout(() => (screen.card = null), LEAVE_MS);
    },
    fill(text: string) {
      screen.line?.fill(text);
    },
    focusLine() {
      screen.line?.focus();
    },
  });
  provide(KEY, screen);
  onBeforeUnmount(() => {
    clearTimeout(opening);
    clearTimeout(closing);
  });
  return screen;
}

export function useScreen(): Screen {
  const screen = inject(KEY);
  if (!screen) throw new Error("This component lives inside of the game screen.");
  return screen;
}

const PHONE = "(max-width: 719.98px)";
const TABLET = "(max-width: 1139.98px)";

function useWidth(): Ref<Width> {
  const measure = (): Width => (matchMedia(PHONE).matches ? "phone" : matchMedia(TABLET).matches ? "tablet" : "desk");
  const width = ref<Width>(measure());
  const changed = () => (width.value = measure());
  onMounted(() => {
    for (const query of [PHONE, TABLET]) matchMedia(query).addEventListener("change", changed);
  });
  onBeforeUnmount(() => {
    for (const query of [PHONE, TABLET]) matchMedia(query).removeEventListener("change", changed);
  });
  return width;
}
