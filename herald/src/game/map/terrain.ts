// The kinds of ground and the flags that the map tells apart. Their colours are variables of the theme.
import { FLAGS, type Palette } from "./draw";

/** The types of rooms that have a colour of their own. */
export const TERRAINS = ["road", "city", "indoor", "field", "trail", "forest", "mountain", "desert", "shallow", "water"] as const;

export const FLAG_NAMES: Record<(typeof FLAGS)[number], string> = {
  smob: "someone of note",
  trainer: "trainer",
  exp: "experience",
  shop: "shop",
  inn: "inn",
  horse: "horses",
  herb: "herbs",
  fountain: "water to drink",
  action: "something to do",
};

/** Reads the colours of the theme that is shown. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const variable = (name: string) => style.getPropertyValue(name).trim();
  return {
    paper: variable("--paper"),
    ink: variable("--ink"),
    soft: variable("--ink-soft"),
    room: variable("--map-room"),
    here: variable("--map-here"),
    path: variable("--map-path"),
    door: variable("--map-door"),
    terrain: Object.fromEntries(TERRAINS.map((type) => [type, variable(`--terrain-${type}`)])),
    flag: Object.fromEntries(FLAGS.map((flag) => [flag, variable(`--flag-${flag}`)])),
  };
}
