//! From documents to the templates that the engine runs: slugs become ids, defaults become
//! values. The result depends on the documents and ids alone, not on the order in which the
//! documents stand.

mod skills;
mod things;
mod triggers;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::by_id::ById;
use super::check;
use super::kept::Kept;
use super::kinds::*;
use super::manifest::{Located, Problem, Severity, canonical, subject};
use super::spec::*;
use super::template::*;

/// The numbers of things: one per (kind, slug), and one per (loader, index of the rule).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    pub things: BTreeMap<(DocumentKind, Slug), i64>,
    pub rules: BTreeMap<(Slug, u32), i64>,
}

impl Ids {
    /// Ids for tests and tools that have no Forge: worlds from 1000, rooms from 20000, all else from 1,
    /// each kind in the order of its slugs.
    pub fn sequential(documents: &[Document]) -> Self {
        let mut ids = Self::default();
        let mut next: BTreeMap<DocumentKind, i64> =
            BTreeMap::from([(DocumentKind::World, 1_000), (DocumentKind::Room, 20_000)]);
        let mut sorted: Vec<&Document> = documents.iter().collect();
        sorted.sort_by_key(|document| (document.kind(), document.slug()));
        let mut next_rule = 1;
        for document in sorted {
            let (kind, slug) = (document.kind(), document.slug().to_owned());
            let id = next.entry(kind).or_insert(1);
            ids.things.entry((kind, slug.clone())).or_insert_with(|| {
                *id += 1;
                *id - 1
            });
            if let Document::Loader { spec, .. } = document {
                for index in 0..spec.rules.len() as u32 {
                    ids.rules.insert((slug.clone(), index), next_rule);
                    next_rule += 1;
                }
            }
        }
        ids
    }

    pub fn get(&self, kind: DocumentKind, slug: &str) -> Option<i64> {
        self.things.get(&(kind, slug.to_owned())).copied()
    }
}

/// Checks and compiles one world. Problems carry no places: check located documents first to have them.
pub fn compile(documents: &[Document], ids: &Ids) -> Result<Templates, Vec<Problem>> {
    let located: Vec<Located> = documents.iter().cloned().map(Located::from).collect();
    let mut problems = check::check(&located);
    problems.retain(|problem| problem.severity == Severity::Error);
    if !problems.is_empty() {
        return Err(problems);
    }
    let documents = canonical(documents);
    Compiler { ids, documents: &documents }.templates().map_err(|problem| vec![problem])
}

struct Compiler<'a> {
    ids: &'a Ids,
    documents: &'a [Document],
}

impl Compiler<'_> {
    fn templates(&self) -> Result<Templates, Problem> {
        let world = self
            .documents
            .iter()
            .find_map(|document| match document {
                Document::World { metadata, spec } => Some(self.world(&metadata.slug, spec)),
                _ => None,
            })
            .unwrap_or_else(|| Err(Problem::error("", 0, "there is no `world` document")))?;
        let mut set = Templates {
            world,
            zones: ById::default(),
            rooms: ById::default(),
            items: ById::default(),
            mobs: ById::default(),
            loaders: ById::default(),
            factions: IndexMap::new(),
            currencies: IndexMap::new(),
            socials: IndexMap::new(),
            starting_equipment: Vec::new(),
            triggers: ById::default(),
            fact_schedules: ById::default(),
            skills: IndexMap::new(),
            ground: Kept::default(),
            watch: Kept::default(),
        };
        set.items.insert(CORPSE, Arc::new(corpse()));
        self.core_skills(&mut set);
        for document in self.documents {
            self.add(&mut set, document)?;
        }
        let zones: BTreeMap<ZoneId, (String, Vec<RoomId>)> = set
            .zones
            .values()
            .map(|zone| {
                let rooms = set.rooms.values().filter(|room| room.zone == zone.id).map(|room| room.id);
                let mut rooms: Vec<RoomId> = rooms.collect();
                rooms.sort_unstable();
                (zone.id, (zone.name.clone(), rooms))
            })
            .collect();
        for (id, (name, rooms)) in zones {
            for room in &rooms {
                Arc::make_mut(&mut set.rooms[room]).zone_name = name.clone();
            }
            Arc::make_mut(&mut set.zones[&id]).rooms = rooms;
        }
        set.zones.sort_unstable_keys();
        set.rooms.sort_unstable_keys();
        set.items.sort_unstable_keys();
        set.mobs.sort_unstable_keys();
        set.loaders.sort_unstable_keys();
        set.triggers.sort_unstable_keys();
        set.fact_schedules.sort_unstable_keys();
        set.skills.sort_keys();
        set.socials.sort_by(|a, x, b, y| y.priority.cmp(&x.priority).then_with(|| a.cmp(b)));
        Ok(set)
    }

    fn add(&self, set: &mut Templates, document: &Document) -> Result<(), Problem> {
        match document {
            Document::World { .. } => {}
            Document::Zone { metadata, spec } => {
                let id = self.id(DocumentKind::Zone, &metadata.slug)?;
                let zone = Zone {
                    id,
                    slug: metadata.slug.clone(),
                    name: spec.name.clone(),
                    respawn_wait: spec.respawn_wait,
                    is_warzone: spec.is_warzone,
                    pvp_zone: spec.pvp_zone,
                    rooms: Vec::new(),
                };
                set.zones.insert(id, Arc::new(zone));
            }
            Document::Room { metadata, spec } => {
                let room = self.room(&metadata.slug, spec)?;
                set.rooms.insert(room.id, Arc::new(room));
            }
            Document::Item { metadata, spec } => {
                let item = self.item(&metadata.slug, spec)?;
                set.items.insert(item.id, Arc::new(item));
            }
            Document::Mob { metadata, spec } => {
                let mob = self.mob(&metadata.slug, spec)?;
                set.mobs.insert(mob.id, Arc::new(mob));
            }
            Document::Loader { metadata, spec } => {
                let loader = self.loader(&metadata.slug, spec)?;
                set.loaders.insert(loader.id, Arc::new(loader));
            }
            Document::Faction { metadata, spec } => {
                set.factions.insert(metadata.slug.clone(), self.faction(&metadata.slug, spec)?);
            }
            Document::Currency { metadata, spec } => {
                let currency = Currency {
                    id: self.id(DocumentKind::Currency, &metadata.slug)?,
                    code: metadata.slug.clone(),
                    name: spec.name.clone(),
                    is_default: spec.is_default,
                };
                set.currencies.insert(metadata.slug.clone(), currency);
            }
            Document::Social { metadata, spec } => {
                let spec = (**spec).clone();
                let social = Social {
                    cmd: metadata.slug.clone(),
                    priority: spec.priority,
                    targetless_self: spec.targetless_self,
                    targetless_other: spec.targetless_other,
                    targeted_self: spec.targeted_self,
                    targeted_target: spec.targeted_target,
                    targeted_other: spec.targeted_other,
                };
                set.socials.insert(metadata.slug.clone(), social);
            }
            Document::StartingEquipment { spec, .. } => set.starting_equipment.push(StartingEquipment {
                item: self.id(DocumentKind::Item, &spec.item)?,
                archetype: spec.archetype,
                num: spec.num,
            }),
            Document::Trigger { metadata, spec } => {
                let trigger = self.trigger(&metadata.slug, spec)?;
                set.triggers.insert(trigger.id, Arc::new(trigger));
            }
            Document::FactSchedule { metadata, spec } => {
                let schedule = self.fact_schedule(&metadata.slug, spec)?;
                set.fact_schedules.insert(schedule.id, Arc::new(schedule));
            }
            Document::Skill { metadata, spec } => {
                let skill = self.skill(&metadata.slug, spec)?;
                set.skills.insert(metadata.slug.clone(), Arc::new(skill));
            }
        }
        Ok(())
    }

    fn id(&self, kind: DocumentKind, slug: &str) -> Result<i64, Problem> {
        self.ids.get(kind, slug).ok_or_else(|| Problem::error("", 0, format!("{} has no id", subject(kind, slug))))
    }

    fn id_of(&self, kind: DocumentKind, slug: Option<&Slug>) -> Result<Option<i64>, Problem> {
        slug.map(|slug| self.id(kind, slug)).transpose()
    }

    fn world(&self, slug: &str, spec: &WorldSpec) -> Result<WorldTemplate, Problem> {
        Ok(WorldTemplate {
            id: self.id(DocumentKind::World, slug)?,
            slug: slug.to_owned(),
            starting_room: self.id(DocumentKind::Room, &spec.starting_room)?,
            death_room: self.id(DocumentKind::Room, &spec.death_room)?,
            config: WorldConfig::from(spec),
        })
    }

    fn room(&self, slug: &str, spec: &RoomSpec) -> Result<Room, Problem> {
        let id = self.id(DocumentKind::Room, slug)?;
        let zone = self.id(DocumentKind::Zone, &spec.zone)?;
        let mut exits: [Option<Exit>; 6] = [const { None }; 6];
        for (direction, exit) in &spec.exits {
            let to = self.id(DocumentKind::Room, exit.to())?;
            exits[*direction as usize] = Some(Exit {
                to,
                to_key: format!("room.{to}"),
                look: exit.look().to_owned(),
                door: self.door(slug, *direction, exit)?,
            });
        }
        let mut flags = spec.flags.clone();
        flags.sort_unstable();
        flags.dedup();
        Ok(Room {
            id,
            slug: slug.to_owned(),
            zone,
            key: format!("room.{id}"),
            zone_key: format!("zone.{zone}"),
            zone_name: String::new(),
            name: spec.name.clone(),
            description: spec.description.clone(),
            room_type: spec.room_type,
            at: spec.at,
            color: spec.color.clone(),
            flags,
            exits,
            details: details(&spec.details),
            checks: spec.checks.iter().map(triggers::room_check).collect(),
            on_get: self.get_triggers(&spec.on_get)?,
            hint: spec.hint.clone(),
            shown: Kept::default(),
        })
    }

    /// The exit's own door, else the door that the way back has.
    fn door(&self, slug: &str, direction: Direction, exit: &ExitSpec) -> Result<Option<Door>, Problem> {
        let written = exit.door().or_else(|| {
            let back = self.room_spec(exit.to())?.exits.get(&direction.opposite())?;
            if back.to() == slug { back.door() } else { None }
        });
        let Some(door) = written else { return Ok(None) };
        Ok(Some(Door {
            name: door.name.clone(),
            default_state: door.state,
            key: self.id_of(DocumentKind::Item, door.key.as_ref())?,
            destroy_key: door.destroy_key,
        }))
    }

    /// Documents are in canonical order, so that a room is found by halving.
    fn room_spec(&self, slug: &str) -> Option<&RoomSpec> {
        let at = self.documents.binary_search_by(|d| (d.kind(), d.slug()).cmp(&(DocumentKind::Room, slug))).ok()?;
        match &self.documents[at] {
            Document::Room { spec, .. } => Some(spec),
            _ => None,
        }
    }

    fn loader(&self, slug: &str, spec: &LoaderSpec) -> Result<Loader, Problem> {
        let rule_id = |index: usize| {
            let id = self.ids.rules.get(&(slug.to_owned(), index as u32)).copied();
            id.ok_or_else(|| Problem::error("", 0, format!("rule {index} of loader `{slug}` has no id")))
        };
        let mut rules = Vec::with_capacity(spec.rules.len());
        for (index, rule) in spec.rules.iter().enumerate() {
            let load = match (&rule.mob, &rule.item) {
                (Some(mob), _) => Load::Mob(self.id(DocumentKind::Mob, mob)?),
                (None, item) => Load::Item(self.id(DocumentKind::Item, item.as_deref().unwrap_or_default())?),
            };
            let into = match (&rule.room, &rule.zone, &rule.rule) {
                (Some(room), ..) => Place::Room(self.id(DocumentKind::Room, room)?),
                (_, Some(zone), _) => Place::Zone(self.id(DocumentKind::Zone, zone)?),
                (_, _, target) => {
                    let earlier = spec.rules[..index].iter().position(|earlier| earlier.name == *target);
                    Place::Rule(rule_id(earlier.unwrap_or(index))?)
                }
            };
            rules.push(Rule { id: rule_id(index)?, load, into, copies: rule.copies });
        }
        Ok(Loader {
            id: self.id(DocumentKind::Loader, slug)?,
            slug: slug.to_owned(),
            zone: self.id(DocumentKind::Zone, &spec.zone)?,
            name: spec.name.clone(),
            respawn_wait: spec.respawn_wait,
            conditions: spec.conditions.clone(),
            is_group: spec.is_group,
            rules,
        })
    }

    fn faction(&self, slug: &str, spec: &FactionSpec) -> Result<Faction, Problem> {
        Ok(Faction {
            id: self.id(DocumentKind::Faction, slug)?,
            code: slug.to_owned(),
            name: spec.name.clone(),
            description: spec.description.clone(),
            is_core: spec.is_core,
            is_default: spec.is_default,
            is_selectable: spec.is_selectable,
            starting_room: self.id_of(DocumentKind::Room, spec.starting_room.as_ref())?,
            death_room: self.id_of(DocumentKind::Room, spec.death_room.as_ref())?,
            ranks: spec.ranks.iter().map(|rank| (rank.standing, rank.name.clone())).collect(),
        })
    }
}

fn details(written: &[DetailSpec]) -> Vec<Detail> {
    let detail = |d: &DetailSpec| Detail { words: d.words.clone(), text: d.text.clone(), hidden: d.hidden };
    written.iter().map(detail).collect()
}

/// What is left of the dead; each has its own name.
fn corpse() -> ItemTemplate {
    ItemTemplate {
        id: CORPSE,
        slug: String::new(),
        name: "a corpse".into(),
        keywords: ["corpse", "item", "container"].map(String::from).into(),
        description: String::new(),
        ground_description: "A corpse is lying here.".into(),
        item_type: ItemType::Corpse,
        level: 1,
        quality: Quality::Normal,
        equipment_type: None,
        armor_class: ArmorClass::Light,
        weapon_type: None,
        stats: Vec::new(),
        cost: 0,
        currency: "gold".into(),
        food_value: 0,
        food_type: FoodType::Stamina,
        is_boat: false,
        is_pickable: false,
        is_persistent: false,
        capacity: 0,
        hit_msg_first: "hit".into(),
        hit_msg_third: "hits".into(),
        on_use_cmd: String::new(),
        on_use_description: String::new(),
        on_use_equipped: false,
        details: Vec::new(),
        inventory: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
