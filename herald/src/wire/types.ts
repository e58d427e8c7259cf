// The shapes of the game socket (wire.md 4 of the contract, PROTOCOL.md of the project): frames and entities.
// Field names are the wire's. A field that the contract calls optional is optional here, and null where a server may send null.

export type Direction = "north" | "east" | "south" | "west" | "up" | "down";
export type DoorState = "open" | "closed" | "locked";

/** The other end of an exit: the room's key, or an object that carries it. */
export type ExitRef = string | { key: string } | null;

export interface MapRoom {
  key: string;
  x: number;
  y: number;
  z: number;
  type: string;
  color?: string | null;
  name?: string;
  north?: ExitRef;
  east?: ExitRef;
  south?: ExitRef;
  west?: ExitRef;
  up?: ExitRef;
  down?: ExitRef;
  north_door_state?: DoorState | null;
  east_door_state?: DoorState | null;
  south_door_state?: DoorState | null;
  west_door_state?: DoorState | null;
  up_door_state?: DoorState | null;
  down_door_state?: DoorState | null;
  flags?: string[] | null;
}

export interface Room extends MapRoom {
  id?: number;
  name: string;
  description?: string | null;
  inventory: Item[];
  chars: Char[];
  actions: string[];
  details?: string[] | null;
  houses?: { key: string; name: string; direction: string }[] | null;
  hint?: string | null;
  zone?: { key: string; name: string } | null;
}

/** Labels of actions: a list, or a map whose truthy entries count. */
export type Actions = string[] | Record<string, unknown> | null;

export interface Char {
  id: number;
  key: string;
  name: string;
  keyword: string;
  keywords: string;
  room_description?: string | null;
  char_type: "mob" | "player";
  quest_data?: { enquire?: boolean; complete?: boolean } | null;
  core_faction?: string | null;
  health?: number | null;
  health_max?: number | null;
  level?: number | null;
  target?: { key: string; name: string; keywords?: string } | null;
  title?: string | null;
  description?: string | null;
  gender?: string | null;
  archetype?: string | null;
  is_elite?: boolean;
  equipment?: Record<string, Item | null> | null;
  is_invisible?: boolean;
  is_linkless?: boolean;
  actions?: Actions;
  is_merchant?: boolean;
  is_crafter?: boolean;
  is_upgrader?: boolean;
  completion_action?: string | null;
  state?: string | null;
}

export interface ItemStat {
  label: string;
  value: number | string;
  change?: number | string | null;
  change_direction?: "positive" | "negative" | "neutral" | null;
  is_zero?: boolean;
}

export interface Item {
  key: string;
  name: string;
  keyword: string;
  keywords: string;
  quality?: string | null;
  template_id?: number | null;
  ground_description?: string | null;
  type?: string | null;
  is_container?: boolean;
  is_pickable?: boolean;
  inventory?: Item[] | null;
  in_container?: string | { key: string } | null;
  equipment_type?: string | null;
  armor_class?: string | null;
  weapon_type?: string | null;
  level?: number | null;
  description?: string | null;
  stats?: ItemStat[] | null;
  summary?: string | null;
  cost?: number | null;
  currency?: string | null;
  buy_price?: number | null;
  upgrade_cost?: number | null;
  food_value?: number | null;
  food_type?: string | null;
  label?: string | null;
  on_use_cmd?: string | null;
  on_use_description?: string | null;
  actions?: Actions;
  is_magic?: boolean;
  damage?: number | null;
  armor?: number | null;
  [attribute: string]: unknown;
}

export interface Actor {
  id: number;
  key: string;
  name: string;
  level: number;
  archetype: string;
  title?: string | null;
  gender?: string | null;
  description?: string | null;
  room: { key: string } | null;
  state: string;
  stance?: string | null;
  health: number;
  health_max: number;
  mana: number;
  mana_max: number;
  stamina: number;
  stamina_max: number;
  strength?: number;
  constitution?: number;
  dexterity?: number;
  intelligence?: number;
  attack_power?: number;
  spell_power?: number;
  damage?: number;
  armor?: number;
  armor_perc?: number;
  crit?: number;
  crit_perc?: number;
  dodge?: number;
  dodge_perc?: number;
  resilience?: number;
  resilience_perc?: number;
  experience?: number;
  experience_needed?: number;
  experience_progress?: number;
  gold?: number;
  glory?: number;
  medals?: number;
  inventory: Item[];
  equipment: Record<string, Item | null>;
  factions?: Record<string, string | number> | null;
  core_faction?: string | null;
  focus?: string | null;
  target?: { key: string; name: string } | Char | null;
  is_immortal?: boolean;
  is_temporary?: boolean;
  aliases?: Record<string, { id?: number; match: string; replacement: string }> | null;
  /** Keys of the skill bar to codes, and the codes of all that the player knows. */
  skills?: { custom?: Record<string, string>; known?: string[] } | null;
  /** What works on the player at this moment, by its key, and what has to cool down, by skill. */
  effects?: Record<string, Effect> | null;
  cooldowns?: Record<string, { skill: string; duration: number }> | null;
  [attribute: string]: unknown;
}

export interface SyncWorld {
  id: number;
  name: string;
  allow_combat: boolean;
  is_multiplayer: boolean;
  factions: Record<string, { code: string; name: string }>;
  currencies: Record<string, { code: string; name: string; is_default?: boolean }>;
  instance_ref?: string | null;
  socials?: { cmds?: Record<string, unknown>; order?: string[] } | null;
  players_can_set_title?: boolean;
  skills?: { definitions?: Record<string, SkillDefinition> } | null;
  [attribute: string]: unknown;
}

/** A skill of the world; `skill` is the command. */
export interface SkillDefinition {
  code?: string;
  skill: string;
  name: string;
  level?: number;
  cost?: number;
  cost_type?: string;
  cooldown?: number;
  cast_time?: number;
  intent?: string;
  help?: string;
}

/** What the Forge says of the world on entry; a snapshot's world is merged over it. */
export interface EnterWorld {
  id: number;
  context_id: number;
  name: string;
  labels: { attacks: Record<string, string>; effects: Record<string, string> };
  is_classless: boolean;
  instance_of_id?: number | null;
  factions?: Record<string, { code: string; name: string }>;
  key?: string;
  description?: string | null;
  author?: string | null;
  [attribute: string]: unknown;
}

export type World = EnterWorld & Partial<Omit<SyncWorld, "id" | "name">>;

export interface PlayerConfig {
  room_brief: boolean;
  combat_brief: boolean;
  display_chat: boolean;
  idle_logout?: boolean;
  mobile_map_width?: number;
  display_connect?: boolean;
}

/** The result of the Forge's `enter_world` job. */
export interface EnterJob {
  player_id: number;
  world: EnterWorld;
  player_config: PlayerConfig;
  ws_uri: string;
  motd?: string | null;
}

export interface WhoEntry {
  key: string;
  name: string;
  title?: string | null;
  level?: number | null;
  is_idle?: boolean;
  is_immortal?: boolean;
  is_invisible?: boolean;
  is_linkless?: boolean;
  gender?: string | null;
  display_faction?: string | null;
}

export interface Effect {
  key: string;
  code: string;
  target: string;
  actor?: string | { key: string } | null;
  duration: number;
  expires: number;
  custom?: boolean;
  name?: string | null;
  friendly?: boolean;
  stack?: number | null;
  removed_effects?: string[] | null;
}

export interface StateSync {
  map: MapRoom[];
  actor: Actor;
  room: Room;
  world: SyncWorld;
  who_list: WhoEntry[];
}

/** A full actor, or any part of one beside its key. */
export type ActorPart = { key: string } & Partial<Omit<Actor, "key">>;

export interface DoorChange {
  key: string;
  direction: Direction;
  door_state: DoorState | null;
}

export interface Blow {
  actor: Char;
  target: Char;
  attack?: string | null;
  label?: string | null;
  outcome?: string | null;
  damage_taken?: number | null;
  damage_absorbed?: number | null;
  is_crit_hit?: boolean;
  is_heal?: boolean;
  healing_done?: number | null;
  round_id?: string | number | null;
}

export interface CommandHelp {
  name: string;
  format?: string;
  description?: string;
  examples?: string[];
  group?: string;
}

export interface WhoPlayer extends WhoEntry {
  id?: number;
  core_faction?: string | null;
  clan?: { name: string } | null;
}

export interface WhoisPlayer {
  name: string;
  title?: string | null;
  level?: number | null;
  gender?: string | null;
  core_faction?: string | null;
  archetype?: string | null;
  description?: string | null;
  factions?: { id: number; name: string; rank?: string }[] | null;
}

/** A detail of a room or of a thing, or what lies in a direction. */
export interface Detail {
  keyword: string;
  description: string;
}

/** Everything that any frame's `data` may carry; which of it a type carries is said by the contract's catalogue. */
export interface FrameData {
  actor?: ActorPart | Char;
  target?: Room | Char | Item | Detail | string | null;
  target_type?: string;
  room?: Room | MapRoom;
  exit_room?: MapRoom | null;
  direction?: string;
  door_states?: DoorChange[];
  items?: Item[];
  inventory?: Item[];
  equipment?: Record<string, Item | null>;
  gold?: number;
  merchant?: { name: string };
  players?: WhoPlayer[];
  player?: WhoisPlayer;
  command?: CommandHelp;
  commands?: CommandHelp[];
  error?: string;
  code?: string;
  exit_to?: number;
  deceased?: { key: string };
  killer?: { key: string } | null;
  corpse?: Item;
  skill?: string;
  duration?: number;
  expires?: number;
  penalty?: string | null;
  focus?: string | null;
  is_auto?: boolean;
  /** Our extension: the token with which a dropped connection may be resumed. */
  resume?: string;
  /** Our extension: the number of the last command that the server applied. */
  last_n?: number;
  [field: string]: unknown;
}

/** One frame from the server. `data` is an array in `notification.who` only. */
export interface Frame<D = FrameData> {
  type: string;
  text: string;
  data: D;
  group?: string;
  request_id?: string;
  /** Our extension: the number of this message among those to this player. */
  seq?: number;
}

export interface ConnectFrame {
  type: "system.connect";
  token: string;
  data: { player_key: string; resume?: string; last_seq?: number };
}

export interface DisconnectFrame {
  type: "system.disconnect";
  token: string;
}

export interface CommandFrame {
  type: `cmd.${string}`;
  text: string;
  token: string;
  /** Our extension: a counter per session, so that a command sent twice is applied once. */
  n: number;
  data?: CommandData;
}

export interface CommandData {
  item?: { key?: string; name?: string };
  from?: { key: string };
}

/** Our extension: a server of ours answers with `system.pong`. */
export interface PingFrame {
  type: "system.ping";
}

export type ClientFrame = ConnectFrame | DisconnectFrame | CommandFrame | PingFrame;
