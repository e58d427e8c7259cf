interface Known {
  currencies?: Record<string, { name?: string; is_default?: boolean }>;
}

/** What the world calls its money: the name of its default currency. The snapshot brings it; before that it is gold. */
export function moneyName(world: object | null | undefined): string {
  const { currencies = {} } = (world ?? {}) as Known;
  return Object.values(currencies).find((currency) => currency.is_default)?.name || "gold";
}
