import type { SyncWorld } from "../../wire/types";

/** What the world calls its money: the name of its default currency. */
export function moneyName(world: SyncWorld | null | undefined): string {
  const known = Object.values(world?.currencies ?? {}).find((currency) => currency.is_default);
  return known?.name || "gold";
}
