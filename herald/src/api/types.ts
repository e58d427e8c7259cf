/** The objects of the Forge's REST answers, as the wire has them. */

export interface User {
  id: number;
  key?: string;
  email: string;
  name: string;
  is_staff: boolean;
  is_temporary: boolean;
  is_confirmed: boolean;
  is_invalid: boolean;
  send_newsletter: boolean;
  accessibility_mode: boolean;
  has_password?: boolean;
}

export interface Tokens {
  access?: string;
  token?: string;
  refresh?: string;
}

export interface Session extends Tokens {
  user: User;
}

/** What this platform offers to someone who has no account yet. */
export interface Platform {
  name: string;
  guests: boolean;
  intro_world?: number | null;
}

export interface WorldCard {
  id: number;
  name: string;
  description?: string;
  short_description?: string;
  num_characters?: number;
  small_background?: string | null;
}

export interface Faction {
  code: string;
  name: string;
  description?: string;
  is_selectable?: boolean;
  is_default?: boolean;
}

export type Gender = "female" | "male" | "non_binary";
export type Archetype = "warrior" | "mage" | "cleric" | "assassin";

export interface LobbyWorld extends WorldCard {
  description: string;
  built_by: string;
  instance_of?: { id?: number; name?: string };
  can_edit: boolean;
  is_multiplayer: boolean;
  is_private: boolean;
  is_narrative: boolean;
  allow_combat: boolean;
  large_background?: string | null;
  core_factions: Faction[];
  can_select_faction: boolean;
  can_select_gender: boolean;
  is_classless: boolean;
  default_gender?: Gender;
  can_create_chars?: boolean;
}

export interface Character {
  id: number;
  name: string;
  title?: string;
  level: number;
  gender: string;
  archetype: string;
  core_faction?: string;
  description?: string;
  is_immortal?: boolean;
  world_id?: number;
  root_world_id?: number;
  world_name?: string;
  world_is_multi?: boolean;
  last_connection_ts?: string | null;
  glory?: number;
}

export interface NewCharacter {
  name: string;
  gender: string;
  archetype: string;
  faction: string | null;
}

export interface Page<T> {
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

export const SECTIONS = ["featured", "staff_picks", "in_development", "playing", "building", "intro"] as const;
export type Section = (typeof SECTIONS)[number];

export type Lobby = { recent_characters: Character[] } & Record<Section, WorldCard[]>;

export interface GuestStart extends Session {
  player: Character;
  world_id: number;
}
