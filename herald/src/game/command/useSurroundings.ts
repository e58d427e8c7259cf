// What completion, palette and suggestions may speak of: the commands and everything around the player.
import { computed } from "vue";
import { BUILT_IN_COMMANDS } from "../text/commands";
import type { Surroundings } from "../text/complete";
import { useGame } from "../ui/useGame";

export function useSurroundings() {
  const { state } = useGame();
  return computed<Surroundings>(() => ({
    commands: state.value.commands.length > 0 ? state.value.commands : BUILT_IN_COMMANDS,
    room: state.value.room,
    actor: state.value.actor,
    who: state.value.who,
    socials: (state.value.world?.socials as { order?: string[] } | null | undefined)?.order ?? [],
  }));
}
