//! The closed sets of the domain: directions, types, flags. Their wire names are snake case,
//! as the contract has them. Nothing here has behaviour beyond its own names.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The wire name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value of a wire name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

macro_rules! defaults {
    ($($name:ident = $variant:ident),+ $(,)?) => { $(impl Default for $name { fn default() -> Self { Self::$variant } })+ };
}

kinds!(
    /// What a manifest document describes.
    DocumentKind {
        World = "world", Zone = "zone", Room = "room", Item = "item", Mob = "mob", Loader = "loader",
        Faction = "faction", Currency = "currency", Social = "social", StartingEquipment = "starting_equipment",
        Trigger = "trigger", FactSchedule = "fact_schedule",
        Skill = "skill",
    }
);

kinds!(Direction { North = "north", East = "east", South = "south", West = "west", Up = "up", Down = "down" });

impl Direction {
    pub const fn opposite(self) -> Self {
        match self {
            Self::North => Self::South,
            Self::South => Self::North,
            Self::East => Self::West,
            Self::West => Self::East,
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    /// The step on the map: x grows east, y north, z up.
    pub const fn step(self) -> [i32; 3] {
        match self {
            Self::North => [0, 1, 0],
            Self::South => [0, -1, 0],
            Self::East => [1, 0, 0],
            Self::West => [-1, 0, 0],
            Self::Up => [0, 0, 1],
            Self::Down => [0, 0, -1],
        }
    }
}

kinds!(RoomType {
    Road = "road", City = "city", Indoor = "indoor", Field = "field", Mountain = "mountain",
    Forest = "forest", Desert = "desert", Water = "water", Shallow = "shallow", Trail = "trail",
});

kinds!(RoomFlag {
    NoRide = "no_ride", NoLoad = "no_load", NoRoam = "no_roam", Dark = "dark", NoSpell = "no_spell",
    Peaceful = "peaceful", Interest = "interest", Fountain = "fountain", Trainer = "trainer", Inn = "inn",
    Exp = "exp", Horse = "horse", Shop = "shop", Food = "food", Choke = "choke", Smob = "smob",
    Action = "action", Herb = "herb", Workshop = "workshop", NoQuit = "no_quit",
    /// Always on the map of every player.
    Landmark = "landmark",
});

kinds!(DoorState { Open = "open", Closed = "closed", Locked = "locked" });

kinds!(ItemType {
    Equippable = "equippable", Consumable = "consumable", Food = "food", Light = "light",
    Container = "container", Key = "key", Inert = "inert", Corpse = "corpse",
    /// Destroys whatever is put in it.
    Trash = "trash",
    Quest = "quest", Ammunition = "ammunition", Augment = "augment",
});

kinds!(Quality { Normal = "normal", Imbued = "imbued", Enchanted = "enchanted" });

kinds!(EquipmentType {
    Weapon1h = "weapon_1h", Weapon2h = "weapon_2h", Shield = "shield", Head = "head", Body = "body",
    Arms = "arms", Hands = "hands", Waist = "waist", Legs = "legs", Feet = "feet", Accessory = "accessory",
});

kinds!(Slot {
    Weapon = "weapon", Offhand = "offhand", Head = "head", Body = "body", Arms = "arms", Hands = "hands",
    Waist = "waist", Legs = "legs", Feet = "feet", Accessory = "accessory",
});

kinds!(ArmorClass { Light = "light", Heavy = "heavy" });

kinds!(WeaponType {
    Sword = "sword", Axe = "axe", Club = "club", Spear = "spear", Staff = "staff", Dagger = "dagger",
    Polearm = "polearm", Bow = "bow", Gun = "gun",
});

kinds!(Attribute {
    Constitution = "constitution", Dexterity = "dexterity", Intelligence = "intelligence", Strength = "strength",
    AttackPower = "attack_power", SpellPower = "spell_power", Crit = "crit", Dodge = "dodge",
    Resilience = "resilience", HealthMax = "health_max", ManaMax = "mana_max", StaminaMax = "stamina_max",
    HealthRegen = "health_regen", ManaRegen = "mana_regen", StaminaRegen = "stamina_regen",
    /// Explicit armour of mobs; items derive theirs from slot, class and level.
    Armor = "armor",
});

kinds!(FoodType { Stamina = "stamina", Mana = "mana", Health = "health" });

kinds!(MobType {
    Aberration = "aberration", Beast = "beast", Celestial = "celestial", Construct = "construct", Dragon = "dragon",
    Elemental = "elemental", Fey = "fey", Fiend = "fiend", Giant = "giant", Humanoid = "humanoid",
    Monstrosity = "monstrosity", Ooze = "ooze", Plant = "plant", Undead = "undead",
});

kinds!(Archetype {
    Warrior = "warrior", Mage = "mage", Cleric = "cleric", Assassin = "assassin",
    /// No archetype.
    Classless = "",
});

kinds!(Gender { Male = "male", Female = "female", NonBinary = "non_binary" });

impl Gender {
    /// (subject, object, possessive, reflexive)
    pub const fn pronouns(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Male => ("he", "him", "his", "himself"),
            Self::Female => ("she", "her", "her", "herself"),
            Self::NonBinary => ("they", "them", "their", "themself"),
        }
    }
}

kinds!(Roaming { Static = "static", All = "all", Zone = "zone", Path = "path" });

kinds!(Aggression {
    Passive = "passive", Normal = "normal", Players = "players", All = "all", Friendly = "friendly",
});

kinds!(ReactionEvent {
    Enter = "enter", Say = "say", Receive = "receive", Periodic = "periodic", Connect = "connect", Load = "load",
    Death = "death", Health = "health", Social = "social", CombatEnter = "combat_enter",
    CombatExit = "combat_exit", NewRoom = "new_room", Notify = "notify",
});

impl ReactionEvent {
    /// May a place (a room, a zone, the world) answer it, without a mob?
    pub const fn is_of_places(self) -> bool {
        matches!(self, Self::Enter | Self::Say | Self::Connect | Self::Periodic | Self::Notify)
    }

    /// Does the `match` of its triggers hold a number instead of words: seconds, or per cent?
    pub const fn is_measured(self) -> bool {
        matches!(self, Self::Periodic | Self::Health)
    }
}

kinds!(
    /// Where a trigger holds.
    TriggerScope { Room = "room", Zone = "zone", World = "world" }
);

kinds!(
    /// Which way a room's check bars.
    Prevent { All = "all", Enter = "enter", Exit = "exit" }
);

kinds!(
    /// Which of its values a fact's schedule takes next.
    FactSelection {
        First = "first",
        /// The one after the present one, and the first after the last.
        Cycle = "cycle",
        Random = "random",
    }
);

kinds!(DeathMode {
    LoseAll = "lose_all", LoseNone = "lose_none", LoseEq = "lose_eq", DestroyEq = "destroy_eq",
    LoseGold = "lose_gold", LoseInv = "lose_inv",
});

kinds!(DeathRoute {
    TopFaction = "top_faction", NearRoom = "near_room", FarRoom = "far_room", NearestInZone = "nearest_in_zone",
});

kinds!(PvpMode { FreeForAll = "free_for_all", Disabled = "disabled", Zone = "zone" });

kinds!(CharacterState {
    Standing = "standing", Resting = "resting", Sitting = "sitting", Sleeping = "sleeping", Combat = "combat",
});

kinds!(
    /// What a skill is paid with.
    CostType { Stamina = "stamina", Mana = "mana", Health = "health" }
);

kinds!(
    /// How the cost of a skill is meant: as it is, or as per cent of what there can be without items, or with them.
    CostCalc { PercBase = "perc_base", PercMax = "perc_max", Fixed = "fixed" }
);

kinds!(DamageType { Physical = "physical", Magical = "magical" });

kinds!(
    /// Whether a number is per cent of an ordinary hit of its user, or itself.
    DamageCalc { Normal = "normal", Fixed = "fixed" }
);

kinds!(Intent { Damage = "damage", Healing = "healing", SelfHealing = "self_healing" });

kinds!(EffectKind {
    /// Damage with every Beat.
    Dot = "dot",
    /// Health with every Beat.
    Hot = "hot",
    /// Nothing can be done.
    Stun = "stun",
    /// The same, until something hurts.
    Sleep = "sleep",
    /// Damage that is taken away before it hurts.
    Absorb = "absorb",
    Buff = "buff",
    Debuff = "debuff",
    /// Two strokes a round.
    Haste = "haste",
    Invisibility = "invisibility",
    /// Hidden from all but the keen.
    Stealth = "stealth",
    /// Whoever strikes is hurt.
    Thorns = "thorns",
    Summon = "summon",
    /// Takes what helps away from an enemy.
    Dispel = "dispel",
    /// Takes what harms away from a friend.
    Purge = "purge",
});

defaults!(
    CostType = Stamina,
    CostCalc = PercBase,
    DamageType = Physical,
    DamageCalc = Normal,
    Intent = Damage,
    RoomType = Indoor,
    DoorState = Closed,
    ItemType = Inert,
    Quality = Normal,
    ArmorClass = Light,
    FoodType = Stamina,
    MobType = Beast,
    Archetype = Warrior,
    Gender = Female,
    Roaming = Static,
    Aggression = Passive,
    CharacterState = Standing,
    Prevent = All,
    FactSelection = First,
);
