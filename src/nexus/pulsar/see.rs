//! What the world looks like to clients: views of rooms, characters and items, and the text of a
//! room. Reading only; views of rows are kept in their tables until the row changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::nexus::message::view::{self, *};
use crate::world::character::{ItemId, PlayerId};
use crate::world::formulas;
use crate::world::kinds::*;
use crate::world::template::{ItemTemplate, Room, RoomId, Stats};

use super::record::{self, MobId, Place, Who};
use super::skill::{cooldown, effect};
use super::trigger;
use super::world::World;

/// After this long without a command a player is shown as idle; world milliseconds.
pub const IDLE_AFTER: u64 = 5 * 60 * 1000;
/// The faction that everyone without one shows, so that nobody is drawn hostile for having none.
const NO_FACTION: &str = "none";

impl World {
    /// The numbers of a player with what is worn.
    pub fn player_stats(&self, player: &record::Player) -> Stats {
        let worn: Vec<&ItemTemplate> = player
            .worn
            .values()
            .filter_map(|id| self.items.get(*id))
            .filter_map(|item| self.templates.items.get(&item.template).map(|t| &**t))
            .collect();
        self.altered(player.id, formulas::compute_stats(player.level, player.archetype, &worn, false))
    }

    /// Whom someone strikes, by name.
    fn target_called(&self, who: Who) -> Option<Called> {
        let target = self.target_of(who)?;
        let key = who_key(target);
        Some(match target {
            Who::Player(id) => {
                let name = &self.players.get(id)?.name;
                Called { key, name: name.clone(), keywords: name.to_lowercase() }
            }
            Who::Mob(id) => {
                let template = self.templates.mobs.get(&self.mobs.get(id)?.template)?;
                Called { key, name: template.name.clone(), keywords: template.keywords.join(" ") }
            }
        })
    }

    /// The same, of a player who is here; worked out once between changes of what is worn and the like.
    pub fn stats_of(&self, player: PlayerId) -> Option<Stats> {
        self.char_view(Who::Player(player)).map(|view| view.stats)
    }

    /// A character as others see it.
    pub fn char_view(&self, who: Who) -> Option<Arc<Char>> {
        match who {
            Who::Player(id) => self.players.view(id, |player| self.player_view(player)),
            Who::Mob(id) => self.mobs.view(id, |mob| self.mob_view(id, mob)),
        }
    }

    /// A character, by name.
    pub fn named(&self, who: Who) -> Named {
        self.char_view(who).map_or_else(Named::default, Named::Seen)
    }

    fn player_view(&self, player: &record::Player) -> Char {
        let lower = player.name.to_lowercase();
        let doing = match player.state {
            CharacterState::Resting => "is resting here",
            CharacterState::Sitting => "is sitting here",
            CharacterState::Sleeping => "is asleep here",
            CharacterState::Combat => "is fighting here",
            _ => "is here",
        };
        let name = display_name(&player.name, &player.title);
        let stats = self.player_stats(player);
        Char {
            id: player.id,
            key: player_key(player.id),
            title: player.title.clone(),
            keyword: lower.clone(),
            keywords: lower,
            description: player.description.clone(),
            room_description: format!("{name} {doing}."),
            name: player.name.clone(),
            char_type: "player",
            level: player.level,
            gender: player.gender.as_str(),
            archetype: player.archetype.as_str(),
            pronouns: pronouns(player.gender),
            core_faction: self.core_faction(player.core_faction.as_deref()),
            display_faction: self.faction_name(player.core_faction.as_deref()),
            state: player.state.as_str(),
            health: player.health,
            health_max: stats.health_max,
            stats,
            target: self.target_called(Who::Player(player.id)),
            is_invisible: player.is_invisible || effect::hidden_by(self, Who::Player(player.id)).is_some(),
            is_linkless: player.is_linkless,
            equipment: self.equipment_view(player.worn.iter().map(|(slot, id)| (*slot, *id))),
            ..Char::default()
        }
    }

    fn mob_view(&self, id: MobId, mob: &record::Mob) -> Char {
        let Some(template) = self.templates.mobs.get(&mob.template) else {
            return Char { id, key: mob_key(id), name: "Someone".into(), char_type: "mob", ..Char::default() };
        };
        Char {
            id,
            key: mob_key(id),
            name: template.name.clone(),
            title: template.title.clone(),
            keyword: template.keywords.first().cloned().unwrap_or_else(|| "mob".into()),
            keywords: template.keywords.join(" "),
            description: template.description.clone(),
            room_description: template.room_description.clone(),
            char_type: "mob",
            template_id: Some(template.id),
            level: template.level,
            gender: template.gender.as_str(),
            archetype: template.archetype.as_str(),
            pronouns: pronouns(template.gender),
            core_faction: self.core_faction(template.core_faction.as_deref()),
            display_faction: self.faction_name(template.core_faction.as_deref()),
            state: if self.is_fighting(Who::Mob(id)) { CharacterState::Combat } else { CharacterState::Standing }
                .as_str(),
            health: mob.health,
            health_max: self.altered(id, template.stats).health_max,
            target: self.target_called(Who::Mob(id)),
            is_elite: template.is_elite,
            is_invisible: template.is_invisible || effect::hidden_by(self, Who::Mob(id)).is_some(),
            is_merchant: template.merchant.is_some(),
            merchant_profit: template.merchant.as_ref().map(|m| f64::from(m.profit_percent) / 100.0),
            equipment: self.equipment_view(mob.worn.iter().copied()),
            actions: self.templates.watch().mob_actions.get(&template.id).cloned().unwrap_or_default(),
            ..Char::default()
        }
    }

    fn core_faction(&self, own: Option<&str>) -> String {
        own.unwrap_or(NO_FACTION).to_owned()
    }

    fn faction_name(&self, own: Option<&str>) -> Option<String> {
        own.and_then(|code| self.templates.factions.get(code)).map(|f| f.name.clone())
    }

    fn equipment_view(&self, worn: impl Iterator<Item = (Slot, ItemId)>) -> Equipment {
        worn.filter_map(|(slot, id)| Some((slot.as_str(), self.item_view(id)?))).collect()
    }

    /// An item. Containers show what is in them, and are made anew each time.
    pub fn item_view(&self, id: ItemId) -> Option<Arc<view::Item>> {
        let item = self.items.get(id)?;
        let holds = self
            .templates
            .items
            .get(&item.template)
            .is_some_and(|t| matches!(t.item_type, ItemType::Container | ItemType::Corpse | ItemType::Trash));
        if holds { Some(Arc::new(self.make_item(item))) } else { self.items.view(id, |item| self.make_item(item)) }
    }

    fn make_item(&self, item: &record::Item) -> view::Item {
        let Some(template) = self.templates.items.get(&item.template) else {
            return view::Item {
                key: item_key(item.id),
                name: "something".into(),
                keyword: "something".into(),
                keywords: "something".into(),
                item_type: ItemType::Inert.as_str(),
                quality: Quality::Normal.as_str(),
                ..view::Item::default()
            };
        };
        let holds = matches!(template.item_type, ItemType::Container | ItemType::Corpse | ItemType::Trash);
        let is_food = template.item_type == ItemType::Food;
        let own = item.own.as_deref();
        let keywords = own.map_or(&template.keywords, |own| &own.keywords);
        view::Item {
            key: item_key(item.id),
            name: own.map_or(&template.name, |own| &own.name).clone(),
            keyword: keywords.first().cloned().unwrap_or_else(|| "item".into()),
            keywords: keywords.join(" "),
            template_id: template.id,
            description: template.description.clone(),
            ground_description: own.map_or(&template.ground_description, |own| &own.ground).clone(),
            item_type: template.item_type.as_str(),
            quality: template.quality.as_str(),
            level: template.level,
            label: item.label.clone(),
            is_container: holds,
            is_pickable: template.is_pickable,
            is_boat: template.is_boat,
            is_magic: template.quality != Quality::Normal,
            in_container: Some(match item.place {
                Place::Room(room) => room_key(room),
                Place::Carried(who) | Place::Worn(who, _) => who_key(who),
                Place::Inside(outer) => item_key(outer),
            }),
            inventory: holds.then(|| self.item_views(&item.items)),
            equipment_type: template.equipment_type.map(EquipmentType::as_str),
            armor_class: template.equipment_type.map(|_| template.armor_class.as_str()),
            weapon_type: template.weapon_type.map(WeaponType::as_str),
            damage: formulas::item_damage(template),
            armor: formulas::item_armor(template),
            attributes: template.stats.iter().map(|(a, n)| (a.as_str(), *n)).filter(|(a, _)| *a != "armor").collect(),
            cost: template.cost,
            currency: template.currency.clone(),
            food_value: is_food.then_some(template.food_value),
            food_type: is_food.then(|| template.food_type.as_str()),
            on_use_cmd: template.on_use_cmd.clone(),
            on_use_description: template.on_use_description.clone(),
            actions: self.templates.watch().item_actions.get(&template.id).cloned().unwrap_or_default(),
            ..view::Item::default()
        }
    }

    pub fn item_views(&self, ids: &[ItemId]) -> Vec<Arc<view::Item>> {
        ids.iter().filter_map(|id| self.item_view(*id)).collect()
    }

    /// The state of each door of a room, where it differs from its default.
    pub fn doors(&self, room: RoomId) -> [Option<DoorState>; 6] {
        self.rooms.get(room).map_or([None; 6], |r| r.doors)
    }

    /// The state of the door in that direction; none where there is no door.
    pub fn door_state(&self, room: RoomId, direction: Direction) -> Option<DoorState> {
        let door = self.templates.rooms.get(&room)?.exit(direction)?.door.as_ref()?;
        Some(self.doors(room)[direction as usize].unwrap_or(door.default_state))
    }

    /// A room as someone in it sees it. Invisible others are not shown to mortals.
    pub fn room_view(&self, room: RoomId, viewer: PlayerId) -> Option<RoomView> {
        let sees_all = self.players.get(viewer).is_some_and(|p| p.is_immortal);
        Some(self.room_view_of(self.templates.rooms.get(&room)?, viewer, sees_all))
    }

    /// The same, where template and viewer are known already.
    pub fn room_view_of(&self, room: &Arc<Room>, viewer: PlayerId, sees_all: bool) -> RoomView {
        let Some(row) = self.rooms.get(room.id) else {
            return RoomView {
                room: room.clone(),
                doors: [None; 6],
                inventory: Vec::new(),
                chars: Vec::new(),
                actions: trigger::actions(self, room.id, viewer),
            };
        };
        let mut chars = Vec::with_capacity(row.chars.len());
        let seen = row.chars.iter().filter_map(|who| self.char_view(*who));
        chars.extend(seen.filter(|c| sees_all || !c.is_invisible || c.id == viewer));
        RoomView {
            room: room.clone(),
            doors: row.doors,
            inventory: self.item_views(&row.items),
            chars,
            actions: trigger::actions(self, room.id, viewer),
        }
    }

    /// A room, by its key.
    pub fn room_ref(&self, room: RoomId) -> Option<RoomRef> {
        self.templates.rooms.get(&room).cloned().map(RoomRef)
    }

    pub fn map_room(&self, room: RoomId) -> Option<MapRoom> {
        let template = self.templates.rooms.get(&room)?;
        let doors = if template.has_doors() { self.doors(room) } else { [None; 6] };
        Some(MapRoom { room: template.clone(), doors })
    }

    /// The map that a player has: where they were, landmarks, where they are, and the start.
    pub fn map(&self, player: PlayerId) -> Vec<MapRoom> {
        let viewed = self.viewed.get(player).map(|viewed| &viewed.rooms);
        let mut others: BTreeSet<RoomId> = self.templates.ground().landmarks.iter().copied().collect();
        others.insert(self.templates.world.starting_room);
        others.extend(self.presences.get(player).map(|p| p.room));
        others.retain(|room| viewed.is_none_or(|viewed| !viewed.contains(room)));
        let (mut viewed, mut others) = (viewed.into_iter().flatten().peekable(), others.iter().peekable());
        let mut map = Vec::with_capacity(viewed.size_hint().0 + others.len());
        while let Some(room) = match (viewed.peek(), others.peek()) {
            (Some(a), Some(b)) if b < a => others.next(),
            (Some(_), _) => viewed.next(),
            (None, _) => others.next(),
        } {
            map.extend(self.map_room(*room));
        }
        map
    }

    /// A patch of the own character that says where it is and how much strength is left.
    pub fn actor_patch(&self, player: PlayerId) -> ActorPatch {
        let (Some(row), Some(presence)) = (self.players.get(player), self.presences.get(player)) else {
            return ActorPatch::default();
        };
        ActorPatch {
            who: self.named(Who::Player(player)),
            room: self.room_ref(presence.room),
            state: Some(row.state.as_str()),
            health: Vital::now(row.health),
            mana: Vital::now(presence.mana),
            stamina: Vital::now(presence.stamina),
        }
    }

    /// The own character, whole.
    pub fn actor(&self, id: PlayerId) -> Option<Actor> {
        let (player, presence) = (self.players.get(id)?, self.presences.get(id)?);
        let stats = self.player_stats(player);
        let (progress, needed) = formulas::experience_progress(player.level, player.experience);
        let worn = |slot: Slot| player.worn.get(&slot).and_then(|id| self.items.get(*id));
        let template = |item: &record::Item| self.templates.items.get(&item.template).cloned();
        let damage = worn(Slot::Weapon).and_then(template).map_or(0, |t| formulas::item_damage(&t));
        let armor: i32 =
            player.worn.keys().filter_map(|s| worn(*s)).filter_map(template).map(|t| formulas::item_armor(&t)).sum();
        let with_shield =
            worn(Slot::Offhand).and_then(template).is_some_and(|t| t.equipment_type == Some(EquipmentType::Shield));
        let percent = |per_mille: u32| f64::from(per_mille) / 10.0;
        let regen = formulas::player_regeneration(&stats, player.state);
        let level = player.level;
        let mut factions: BTreeMap<String, serde_json::Value> =
            player.factions.iter().map(|(code, standing)| (code.clone(), (*standing).into())).collect();
        factions.insert("core".into(), self.core_faction(player.core_faction.as_deref()).into());
        let lower = player.name.to_lowercase();
        Some(Actor {
            id,
            key: player_key(id),
            name: player.name.clone(),
            title: player.title.clone(),
            description: player.description.clone(),
            level,
            archetype: player.archetype.as_str(),
            gender: player.gender.as_str(),
            char_type: "player",
            keyword: lower.clone(),
            keywords: lower,
            room: KeyRef { key: room_key(presence.room) },
            state: player.state.as_str(),
            stance: None,
            health: player.health,
            health_max: stats.health_max,
            health_regen: regen[0],
            mana: presence.mana,
            mana_max: stats.mana_max,
            mana_regen: regen[1],
            stamina: presence.stamina,
            stamina_max: stats.stamina_max,
            stamina_regen: regen[2],
            strength: stats.strength,
            constitution: stats.constitution,
            dexterity: stats.dexterity,
            intelligence: stats.intelligence,
            attack_power: stats.attack_power,
            spell_power: stats.spell_power,
            damage,
            armor,
            armor_perc: percent(formulas::armor_per_mille(armor, level)),
            crit: stats.crit,
            crit_perc: percent(formulas::crit_per_mille(stats.crit, level)),
            dodge: stats.dodge,
            dodge_perc: percent(formulas::dodge_per_mille(stats.dodge, level)),
            resilience: stats.resilience,
            resilience_perc: percent(formulas::resilience_per_mille(stats.resilience, level, with_shield)),
            experience: player.experience,
            experience_progress: progress,
            experience_needed: needed,
            gold: player.gold,
            glory: player.glory,
            medals: player.medals,
            currencies: player.currencies.clone(),
            inventory: self.item_views(&player.items),
            equipment: self.equipment_view(player.worn.iter().map(|(slot, id)| (*slot, *id))),
            factions,
            core_faction: self.core_faction(player.core_faction.as_deref()),
            display_faction: self.faction_name(player.core_faction.as_deref()),
            skills: self.skills_view(id),
            focus: player.focus.clone(),
            marks: player.marks.clone(),
            aliases: alias_views(&player.aliases),
            mute_list: player.mute_list.iter().cloned().collect(),
            effects: effect::views(self, Who::Player(id)).into_iter().map(|view| (view.key.clone(), view)).collect(),
            cooldowns: self.cooldown_views(id),
            is_immortal: player.is_immortal,
            is_builder: player.account.is_builder,
            is_temporary: player.account.is_temporary,
            is_invisible: player.is_invisible,
            is_muted: player.is_muted,
            is_staff: player.account.is_staff,
            is_confirmed: player.account.is_confirmed,
            user_id: player.account.id,
            user_name: player.account.name.clone(),
        })
    }

    fn skills_view(&self, player: PlayerId) -> Skills {
        Skills {
            custom: self.hotkeys(player).into_iter().map(|(key, skill)| (key.to_owned(), skill.code.clone())).collect(),
            known: self.known_skills(player).into_iter().map(|skill| skill.code.clone()).collect(),
        }
    }

    fn cooldown_views(&self, player: PlayerId) -> BTreeMap<String, CooldownView> {
        let view = |(code, start, until): &(String, u64, u64)| {
            let duration = until.saturating_sub(self.meta.now) as f64 / 1_000.0;
            let actor = self.named(Who::Player(player));
            let view = CooldownView { skill: code.clone(), duration, start: *start, expires: *until, actor };
            (code.clone(), view)
        };
        cooldown::running(self, Who::Player(player)).filter(|(code, ..)| !code.is_empty()).map(view).collect()
    }

    /// Who is in the world, as this player may know it, by name, at most `most` of them; and how many there are.
    pub fn who_list(&self, viewer: PlayerId, most: usize) -> (Arc<WhoList>, usize) {
        let Some(own) = self.players.get(viewer) else { return Default::default() };
        let (mut entries, mut all) = (Vec::with_capacity(self.index.names.len().min(most)), 0);
        for id in self.index.names.values() {
            let (Some(other), Some(presence)) = (self.players.get(*id), self.presences.get(*id)) else { continue };
            let friend = other.core_faction == own.core_faction || own.is_immortal || other.is_immortal;
            if *id != viewer && !(friend && (own.is_immortal || !other.is_invisible)) {
                continue;
            }
            all += 1;
            if entries.len() >= most {
                continue;
            }
            let is_idle = self.meta.now.saturating_sub(presence.last_action) >= IDLE_AFTER;
            let is_immortal = other.is_immortal;
            entries.extend(self.char_view(Who::Player(*id)).map(|who| WhoEntry { who, is_idle, is_immortal }));
        }
        (Arc::new(WhoList { entries, ..WhoList::default() }), all)
    }

    /// What of a player decides which list of the others they see: those for whom it is the same see the same.
    pub fn who_kind(&self, viewer: PlayerId) -> Option<WhoKind> {
        let row = self.players.get(viewer)?;
        // Whom their own kind does not see sees themselves all the same.
        let alone = (row.is_invisible && !row.is_immortal).then_some(viewer);
        Some((row.core_faction.clone(), row.is_immortal, alone))
    }
}

/// See [`World::who_kind`].
pub type WhoKind = (Option<String>, bool, Option<PlayerId>);

pub fn alias_views(aliases: &BTreeMap<String, String>) -> BTreeMap<String, AliasView> {
    aliases
        .iter()
        .enumerate()
        .map(|(at, (matches, replacement))| {
            let view = AliasView { id: at as u32 + 1, matches: matches.clone(), replacement: replacement.clone() };
            (matches.clone(), view)
        })
        .collect()
}

pub fn pronouns(gender: Gender) -> Pronouns {
    let (subject, object, possessive, reflexive) = gender.pronouns();
    Pronouns { subject, object, possessive, reflexive }
}

pub fn display_name(name: &str, title: &str) -> String {
    if title.is_empty() { name.to_owned() } else { format!("{name} {title}") }
}

pub fn player_key(id: PlayerId) -> String {
    format!("player.{id}")
}

pub fn mob_key(id: MobId) -> String {
    format!("mob.{id}")
}

pub fn item_key(id: ItemId) -> String {
    format!("item.{id}")
}

pub fn room_key(id: RoomId) -> String {
    format!("room.{id}")
}

pub fn who_key(who: Who) -> String {
    match who {
        Who::Player(id) => player_key(id),
        Who::Mob(id) => mob_key(id),
    }
}
