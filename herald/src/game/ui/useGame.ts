// The game's part of the store as components use it.
import { computed } from "vue";
import { useStore } from "vuex";
import type { RootState } from "@/store";
import type { SendOptions } from "../store/module";
import type { GameState } from "../store/state";
import { isContainer, type Deed, type Surround } from "../text/target";
import type { Item, Room } from "@/wire/types";

export function useGame() {
  const store = useStore<RootState & { game: GameState }>();
  const state = computed(() => store.state.game);
  const around = computed<Surround>(() => ({
    room: state.value.room,
    actor: state.value.actor,
    combat: state.value.world?.allow_combat === true,
  }));

  function send(text: string, options: SendOptions = {}): void {
    void store.dispatch("game/send", { text, ...options });
  }

  /** Does what a deed says, in its structured form where it has one. */
  function perform(deed: Deed): void {
    if (!deed.type) return send(deed.text);
    const data: NonNullable<SendOptions["data"]> = {};
    if (deed.all) data.item = { name: "all" };
    else if (deed.item) data.item = { key: deed.item };
    if (deed.from) data.from = { key: deed.from };
    send(deed.text, { type: deed.type, data });
  }

  return { store, state, around, send, perform };
}

/** Everyone in the room but the player. */
export function othersIn(room: Room | null, myKey: string | undefined): Room["chars"] {
  return (room?.chars ?? []).filter((char) => char.key !== myKey);
}

/** Equal things counted once, in the order of the first of each. Containers stand for themselves. */
export function stacked(items: readonly Item[]): { item: Item; count: number }[] {
  const stacks: { item: Item; count: number }[] = [];
  for (const item of items) {
    const like = stacks.find((stack) => item.template_id != null && stack.item.template_id === item.template_id && !isContainer(item));
    if (like && like.item.label === item.label) like.count += 1;
    else stacks.push({ item, count: 1 });
  }
  return stacks;
}
