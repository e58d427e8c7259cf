/** The equipment slots in the order in which they are read, from what is in the hands down to the feet. */
export const SLOTS: readonly string[] = ["weapon", "offhand", "head", "body", "arms", "hands", "waist", "legs", "feet", "accessory"];
