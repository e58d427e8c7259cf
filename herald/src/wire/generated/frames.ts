// Made by a test of the engine from the frames that it sends; not to be edited. REALMS_BLESS=1 makes it anew.

export type Direction = "north" | "east" | "south" | "west" | "up" | "down";
export type DoorState = "open" | "closed" | "locked";
export type Attribute = "constitution" | "dexterity" | "intelligence" | "strength" | "attack_power" | "spell_power" | "crit" | "dodge" | "resilience" | "health_max" | "mana_max" | "stamina_max" | "health_regen" | "mana_regen" | "stamina_regen";

export type Actor = {
  aliases: Record<string, {
    id: number;
    match: string;
    replacement: string;
  }>;
  archetype: string;
  armor: number;
  armor_perc: number;
  attack_power: number;
  char_type: "player";
  constitution: number;
  cooldowns: Record<string, {
    actor: Named;
    duration: number;
    expires: number;
    skill: string;
    start: number;
  }>;
  core_faction: string;
  crit: number;
  crit_perc: number;
  currencies: Record<string, number>;
  damage: number;
  description: string;
  dexterity: number;
  display_faction: string | null;
  dodge: number;
  dodge_perc: number;
  effects: Record<string, never>;
  equipment: Record<string, Item>;
  experience: number;
  experience_needed: number;
  experience_progress: number;
  factions: Record<string, number | string>;
  focus: string;
  gender: string;
  glory: number;
  gold: number;
  health: number;
  health_max: number;
  health_regen: number;
  id: number;
  intelligence: number;
  inventory: Item[];
  is_builder: boolean;
  is_confirmed: boolean;
  is_immortal: boolean;
  is_invisible: boolean;
  is_muted: boolean;
  is_staff: boolean;
  is_temporary: boolean;
  key: string;
  keyword: string;
  keywords: string;
  level: number;
  mana: number;
  mana_max: number;
  mana_regen: number;
  marks: Record<string, string>;
  medals: number;
  mute_list: string[];
  name: string;
  resilience: number;
  resilience_perc: number;
  room: KeyRef;
  skills: {
    custom: Record<string, string>;
    known: string[];
  };
  spell_power: number;
  stamina: number;
  stamina_max: number;
  stamina_regen: number;
  stance: null;
  state: string;
  strength: number;
  title: string;
  user_id: number;
  user_name: string;
};

export type ActorPart = {
  health: number;
  health_max?: number;
  health_regen?: number;
  key: string;
  mana: number;
  mana_max?: number;
  mana_regen?: number;
  name: string;
  room: KeyRef;
  stamina: number;
  stamina_max?: number;
  stamina_regen?: number;
  state?: string;
};

export type Char = {
  actions: string[];
  archetype?: string;
  char_type: "mob" | "player";
  core_faction: string;
  description?: string;
  display_faction?: string | null;
  equipment?: Record<string, Item>;
  gender: string;
  group_id?: null;
  health: number;
  health_max: number;
  id: number;
  is_crafter?: boolean;
  is_elite: boolean;
  is_invisible: boolean;
  is_linkless: boolean;
  is_merchant?: boolean;
  is_upgrader?: boolean;
  key: string;
  keyword: string;
  keywords: string;
  level: number;
  merchant_profit?: number | null;
  name: string;
  pronouns?: {
    object: string;
    possessive: string;
    reflexive: string;
    subject: string;
  };
  quest_data: {
    complete: boolean;
    enquire: boolean;
  };
  room_description: string;
  stance?: null;
  state: string;
  target: Named | null;
  template_id: number | null;
  title: string;
};

export type CommandHelp = {
  description: string;
  examples: string[];
  format: string;
  group: string;
  name: string;
};

export type Item = {
  actions: string[];
  armor: number;
  armor_class?: string;
  cost: number;
  currency: string;
  damage: number;
  description: string;
  equipment_type?: string;
  food_type?: string;
  food_value?: number;
  ground_description: string;
  in_container: string;
  inventory?: Item[];
  is_boat: boolean;
  is_container: boolean;
  is_magic: boolean;
  is_pickable: boolean;
  key: string;
  keyword: string;
  keywords: string;
  label: string;
  level: number;
  name: string;
  on_use_cmd: string;
  on_use_description: string;
  quality: string;
  template_id: number;
  type: string;
  weapon_type?: string;
} & Partial<Record<Attribute, number>>;

export type KeyRef = {
  key: string;
};

export type MapRoom = {
  color: string;
  down: string | null;
  down_door_state?: DoorState;
  east: string | null;
  east_door_state?: DoorState;
  flags: string[];
  key: string;
  name: string;
  north: string | null;
  north_door_state?: DoorState;
  south: string | null;
  south_door_state?: DoorState;
  type: string;
  up: string | null;
  up_door_state?: DoorState;
  west: string | null;
  west_door_state?: DoorState;
  x: number;
  y: number;
  z: number;
};

export type Named = {
  key: string;
  keywords: string;
  name: string;
};

export type Room = {
  actions: string[];
  chars: Char[];
  color: string;
  description: string;
  details: string[];
  down: string | null;
  down_door_state?: DoorState;
  east: string | null;
  east_door_state?: DoorState;
  flags: string[];
  hint?: string;
  id: number;
  inventory: Item[];
  key: string;
  name: string;
  north: string | null;
  north_door_state?: DoorState;
  south: string | null;
  south_door_state?: DoorState;
  type: string;
  up: string | null;
  up_door_state?: DoorState;
  west: string | null;
  west_door_state?: DoorState;
  x: number;
  y: number;
  z: number;
  zone: {
    key: string;
    name: string;
  };
};

export type StateSync = {
  actor: Actor;
  map: MapRoom[];
  room: Room;
  who_list: WhoEntry[];
  world: SyncWorld;
};

export type SyncWorld = {
  allow_combat: boolean;
  allow_pvp: boolean;
  auto_equip: boolean;
  classless: boolean;
  currencies: Record<string, {
    code: string;
    is_default: boolean;
    name: string;
  }>;
  death_room: string;
  factions: Record<string, {
    code: string;
    is_core: boolean;
    name: string;
  }>;
  facts: Record<string, string>;
  globals_enabled: boolean;
  id: number;
  instance_ref: null;
  is_multiplayer: boolean;
  key: string;
  name: string;
  players_can_set_title: boolean;
  skills: {
    custom: {
      definitions: Record<string, {
        archetype: string | null;
        cast_time: number;
        code: string;
        cooldown: number;
        cost: number;
        cost_calc: string;
        cost_type: string;
        help: string;
        intent: string;
        level: number;
        name: string;
        skill: string;
      }>;
    };
    definitions: Record<string, {
      archetype: string | null;
      cast_time: number;
      code: string;
      cooldown: number;
      cost: number;
      cost_calc: string;
      cost_type: string;
      help: string;
      intent: string;
      level: number;
      name: string;
      skill: string;
    }>;
  };
  socials: {
    cmds: Record<string, string[]>;
    order: string[];
  };
  starting_room: string;
  tier: number;
};

export type WhoEntry = {
  clan: null;
  core_faction: string;
  display_faction: string | null;
  gender: string;
  id: number;
  is_idle: boolean;
  is_immortal: boolean;
  is_invisible: boolean;
  is_linkless: boolean;
  key: string;
  level: number;
  name: string;
  name_recognition: boolean;
  title: string;
};

/** What the data of each type of frame is. */
export type FrameData = {
  "affect.award": {
    actor: Actor;
    items: never[];
  };
  "affect.cast.interrupt": Record<string, never>;
  "affect.combat.end": {
    actor: ActorPart;
  };
  "affect.death": {
    actor: ActorPart;
    door_states: ({
      direction: Direction;
      door_state: DoorState;
      key: string;
    })[];
    is_auto: boolean;
    map: never[];
    room: Room;
  };
  "affect.experience": {
    actor: {
      experience: number;
      experience_needed: number;
      experience_progress: number;
      gold: number;
      key: string;
      level: number;
      name: string;
    };
  };
  "affect.flee.success": {
    actor: ActorPart;
    direction: Direction;
    door_states: ({
      direction: Direction;
      door_state: DoorState;
      key: string;
    })[];
    is_auto: boolean;
    map: never[];
    room: Room;
  };
  "affect.inventory.remove": {
    actor: Actor;
    items: Item[];
  };
  "affect.level": {
    actor: Actor;
  };
  "affect.revival": {
    actor: Actor;
  };
  "affect.transfer": {
    actor: ActorPart;
    direction: "";
    door_states: never[];
    map: MapRoom[];
    room: Room;
  };
  "cmd./award.success": Record<string, never>;
  "cmd./close.success": Record<string, never>;
  "cmd./cmd.success": Record<string, never>;
  "cmd./echo.success": {
    actor: Named;
    message: string;
  };
  "cmd./fact.success": Record<string, never>;
  "cmd./find.success": Record<string, never>;
  "cmd./help.success": Record<string, never>;
  "cmd./invisible.success": Record<string, never>;
  "cmd./jump.success": {
    actor: ActorPart;
    map: MapRoom[];
    target: Room;
    target_type: "room";
  };
  "cmd./kick.success": Record<string, never>;
  "cmd./load.success": {
    actor?: Actor;
    items?: Item[];
    room?: Room;
  };
  "cmd./lock.success": Record<string, never>;
  "cmd./mark.success": Record<string, never>;
  "cmd./mute.success": Record<string, never>;
  "cmd./notify.success": Record<string, never>;
  "cmd./open.success": Record<string, never>;
  "cmd./ping.success": Record<string, never>;
  "cmd./purge.success": {
    actor: Actor;
    items: never[];
    room: Room;
  };
  "cmd./regen.success": Record<string, never>;
  "cmd./repop.success": Record<string, never>;
  "cmd./resync.success": Record<string, never>;
  "cmd./send.success": Record<string, never>;
  "cmd./sendexcept.success": Record<string, never>;
  "cmd./stat.success": Record<string, never>;
  "cmd./take.success": Record<string, never>;
  "cmd./trace.note": Record<string, never>;
  "cmd./trace.success": Record<string, never>;
  "cmd./transfer.success": Record<string, never>;
  "cmd./trouble.success": Record<string, never>;
  "cmd./why.success": Record<string, never>;
  "cmd.<command>.error": {
    code: string;
    error: string;
  };
  "cmd.alias.note": Record<string, never>;
  "cmd.alias.success": {
    aliases: Record<string, {
      id: number;
      match: string;
      replacement: string;
    }>;
  };
  "cmd.autoflee.success": Record<string, never>;
  "cmd.cast.success": {
    duration: number;
    expires: number;
    method: string;
    skill: string;
  };
  "cmd.chat.success": {
    actor: Named;
    faction: string | null;
    is_builder: boolean;
    message: string;
    player: {
      core_faction: string;
    };
  };
  "cmd.drop.success": {
    actor: Actor;
    items: Item[];
    room: Room;
  };
  "cmd.eat.success": {
    actor: Actor;
    items: never[];
    room: Room;
  };
  "cmd.emote.success": {
    actor: Named;
    message: string;
  };
  "cmd.equipment.success": {
    equipment: Record<string, Item>;
  };
  "cmd.exits.success": Record<string, {
    id: number;
    name: string;
  }>;
  "cmd.focus.success": {
    focus: string;
  };
  "cmd.forget.success": {
    actor: Actor;
  };
  "cmd.get.success": {
    actor: Actor;
    items: Item[];
    room: Room;
    source?: Item;
  };
  "cmd.give.success": {
    actor: Actor;
    items: Item[];
    room: Room;
  };
  "cmd.help.success": {
    command?: CommandHelp;
    commands?: CommandHelp[];
  };
  "cmd.hotkey.success": {
    actor: Actor;
  };
  "cmd.inventory.success": {
    actor: {
      gold: number;
      inventory: Item[];
      key: string;
    };
  };
  "cmd.kill.success": {
    actor: {
      key: string;
      state: string;
      target: Char;
    };
  };
  "cmd.learn.success": {
    actor?: Actor;
  };
  "cmd.look.success": {
    actor: ActorPart;
    map?: never[];
    target: Char | Item | Room | {
      description: string;
      keyword: string;
    };
    target_type: "char" | "item" | "room" | "room_detail";
  };
  "cmd.move.success": {
    actor: ActorPart;
    direction: Direction;
    door_states: ({
      direction: Direction;
      door_state: DoorState;
      key: string;
    })[];
    map: never[];
    room: Room;
  };
  "cmd.put.success": {
    actor: Actor;
    items: Item[];
    room: Room;
    target: Item;
  };
  "cmd.remove.success": {
    actor: Actor;
    items: Item[];
    room: Room;
  };
  "cmd.reply.success": {
    actor: Named;
    message: string;
  };
  "cmd.rest.success": {
    actor: ActorPart;
  };
  "cmd.roll.success": {
    actor: Named;
    die: string;
    outcome: number;
  };
  "cmd.say.success": {
    actor: Named;
    message: string;
  };
  "cmd.skills.success": {
    hotkeys: {
      1: string;
      2?: string;
      3?: string;
    };
    known: ({
      archetype: string | null;
      cast_time: number;
      code: string;
      cooldown: number;
      cost: number;
      cost_calc: string;
      cost_type: string;
      help: string;
      intent: string;
      level: number;
      name: string;
      skill: string;
    })[];
  };
  "cmd.social.success": {
    actor: Named;
    cmd: string;
    target: Named | null;
  };
  "cmd.socials.success": Record<string, never>;
  "cmd.stand.success": {
    actor: ActorPart;
  };
  "cmd.state.sync.success": StateSync;
  "cmd.stats.success": {
    stats: {
      armor: number;
      attack_power: number;
      constitution: number;
      crit: number;
      dexterity: number;
      dodge: number;
      health_max: number;
      health_regen: number;
      intelligence: number;
      mana_base: number;
      mana_max: number;
      mana_regen: number;
      resilience: number;
      spell_power: number;
      stamina_max: number;
      stamina_regen: number;
      strength: number;
    };
  };
  "cmd.tell.note": Record<string, never>;
  "cmd.tell.success": {
    actor: Named;
    message: string;
  };
  "cmd.text.echo": {
    original_command: string;
  };
  "cmd.text.trigger": Record<string, never>;
  "cmd.wear.success": {
    actor: Actor;
    items: Item[];
    room: Room;
  };
  "cmd.who.success": {
    players: WhoEntry[];
  };
  "cmd.whois.success": {
    player: {
      archetype: string;
      core_faction: string;
      description: string;
      factions: ({
        id: number;
        name: string;
        rank: string;
      })[];
      gender: string;
      id: number;
      is_online: boolean;
      level: number;
      name: string;
      title: string;
    };
  };
  "cmd.wield.success": {
    actor: Actor;
    items: Item[];
    room: Room;
  };
  "cmd.yell.success": {
    actor: Named;
    message: string;
  };
  "door.close": {
    direction: Direction;
    door_state: DoorState;
    exit_room: MapRoom;
    room: MapRoom;
  };
  "door.lock": {
    direction: Direction;
    door_state: DoorState;
    exit_room: MapRoom;
    room: MapRoom;
  };
  "door.open": {
    direction: Direction;
    door_state: DoorState;
    exit_room: MapRoom;
    room: MapRoom;
  };
  "door.unlock": {
    direction: Direction;
    door_state: DoorState;
    exit_room: MapRoom;
    room: MapRoom;
  };
  "effect.end": {
    code: string;
    expires: number;
    key: string;
    target: string;
  };
  "effect.start": {
    actor: string;
    code: string;
    custom: boolean;
    duration: number;
    expires: number;
    friendly: boolean;
    key: string;
    name: string;
    removed_effects: string[];
    start: number;
    target: string;
  };
  "notification./echo": {
    actor: Named;
    message: string;
  };
  "notification./invisible.enter": {
    actor: Char;
    direction: null;
    room: KeyRef;
  };
  "notification./invisible.exit": {
    actor: Named;
    direction: null;
  };
  "notification./jump.enter": {
    actor: Char;
    direction: null;
    room: KeyRef;
  };
  "notification./jump.exit": {
    actor: Named;
    direction: null;
  };
  "notification./load": {
    items: Item[];
    room: Room;
  };
  "notification./purge": {
    items: never[];
    room: Room;
  };
  "notification./purge.exit": {
    actor: Named;
    direction: null;
  };
  "notification./transfer.enter": {
    actor: Char;
    direction: null;
    room: KeyRef;
  };
  "notification./transfer.exit": {
    actor: Named;
    direction: null;
  };
  "notification.broadcast": Record<string, never>;
  "notification.cast": Record<string, never>;
  "notification.cmd.chat.success": {
    actor: Named;
    faction: string | null;
    is_builder: boolean;
    message: string;
    player: {
      core_faction: string;
    };
  };
  "notification.cmd.drop.success": {
    actor: Named;
    items: Item[];
    room: Room;
  };
  "notification.cmd.eat.success": {
    actor: Named;
    items: never[];
    room: Room;
  };
  "notification.cmd.emote.success": {
    actor: Named;
    message: string;
  };
  "notification.cmd.flee.exit": {
    actor: Named;
    direction: Direction;
  };
  "notification.cmd.get.success": {
    actor: Named;
    items: Item[];
    room: Room;
    source?: Item;
  };
  "notification.cmd.give.success": {
    actor: Actor | Named;
    items: Item[];
    room?: Room;
  };
  "notification.cmd.kill.success": {
    actor: Char;
    target: Char;
  };
  "notification.cmd.look": Record<string, never>;
  "notification.cmd.put.success": {
    actor: Named;
    items: Item[];
    room: Room;
    target: Item;
  };
  "notification.cmd.remove.success": {
    actor: Named;
    items: Item[];
    room: Room;
  };
  "notification.cmd.rest.success": {
    actor: Named;
    message: string;
  };
  "notification.cmd.roll.success": {
    actor: Named;
    die: string;
    outcome: number;
  };
  "notification.cmd.say.success": {
    actor: Named;
    message: string;
  };
  "notification.cmd.social.success": {
    actor: Named;
    cmd: string;
    target: Named | null;
  };
  "notification.cmd.stand.success": {
    actor: Named;
    message: string;
  };
  "notification.cmd.wear.success": {
    actor: Named;
    items: Item[];
    room: Room;
  };
  "notification.cmd.wield.success": {
    actor: Named;
    items: Item[];
    room: Room;
  };
  "notification.cmd.yell.success": {
    actor: Named;
    message: string;
  };
  "notification.combat.attack": {
    actor: Char;
    attack: string;
    damage_absorbed: number;
    damage_taken: number;
    healing_done: number;
    is_crit_hit: boolean;
    is_heal: boolean;
    label: string;
    outcome: string;
    round_id: number;
    target: Char;
  };
  "notification.combat.healing": {
    actor: Char;
    attack: string;
    damage_absorbed: number;
    damage_taken: number;
    healing_done: number;
    is_crit_hit: boolean;
    is_heal: boolean;
    label: string;
    outcome: string;
    round_id: number;
    target: Char;
  };
  "notification.death": {
    corpse: Item;
    deceased: Char;
    killer: Char;
  };
  "notification.decay": {
    items: KeyRef[];
  };
  "notification.door.close": {
    direction: Direction;
    door_state: DoorState;
    exit_room: MapRoom;
    room: MapRoom;
  };
  "notification.door.open": {
    direction: Direction;
    door_state: DoorState;
    exit_room: MapRoom;
    room: MapRoom;
  };
  "notification.movement.enter": {
    actor: Char;
    direction: Direction | null;
    room: KeyRef;
  };
  "notification.movement.exit": {
    actor: Named;
    direction: Direction | null;
  };
  "notification.regen": {
    actor: ActorPart;
  };
  "notification.reply": {
    actor: Named;
    message: string;
  };
  "notification.tell": {
    actor: Named;
    message: string;
  };
  "notification.who": WhoEntry[];
  "skill.cooldown.start": {
    actor: Named;
    duration: number;
    expires: number;
    skill: string;
    start: number;
  };
  "system.connect.success": {
    last_n?: number;
    resume: string;
    resumed: boolean;
    seq?: number;
  };
  "system.disconnect.error": Record<string, never>;
  "system.disconnect.success": {
    exit_to: number;
  };
  "write.game": Record<string, never>;
  "write.send": Record<string, never>;
  "write.sendexcept": Record<string, never>;
};
