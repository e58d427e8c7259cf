//! Writes what apply found different: per table one statement, whatever the number of rows. References go into columns
//! with foreign keys; the database checks again what the compiler has checked.

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::types::ToSql;

use super::{Applied, Things, WorldsError, rows};
use crate::world::compile::Ids;
use crate::world::kinds::DocumentKind;
use crate::world::manifest::Problem;
use crate::world::spec::*;
use crate::world::template::WorldId;

/// What every table of things has, as columns.
#[derive(Default)]
struct Common<'a> {
    ids: Vec<i64>,
    slugs: Vec<&'a str>,
    names: Vec<&'a str>,
    specs: Vec<String>,
}

/// The created and changed things of the world, and how to find the numbers of others.
struct Writer<'a> {
    transaction: &'a Transaction<'a>,
    world: WorldId,
    numbers: &'a Ids,
    fresh: Vec<&'a Document>,
}

type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

pub(super) async fn write(
    transaction: &Transaction<'_>,
    numbers: &Ids,
    slug: &str,
    things: &Things,
    applied: &Applied,
    author: Option<i64>,
) -> Result<(), WorldsError> {
    let fresh = applied.created.iter().chain(&applied.changed);
    let fresh: Vec<&Document> =
        fresh.filter_map(|key| things.get(key)?.after.as_ref()).map(|after| &after.document).collect();
    let writer = Writer { transaction, world: applied.world, numbers, fresh };
    writer.world_row(slug, author).await?;
    writer.remove(things, applied).await?;
    writer.simple().await?;
    writer.zones().await?;
    writer.rooms().await?;
    writer.items().await?;
    writer.exits().await?;
    writer.factions().await?;
    writer.mobs().await?;
    writer.loaders().await?;
    writer.starting_equipment().await?;
    writer.triggers().await?;
    writer.fact_schedules().await
}

/// Stores a compiled set and makes it the world's.
pub(super) async fn set(
    transaction: &Transaction<'_>,
    world: WorldId,
    hash: &str,
    bytes: &[u8],
) -> Result<(), tokio_postgres::Error> {
    transaction
        .execute(
            "insert into template_set (hash, world_id, bytes) values ($1, $2, $3) on conflict do nothing",
            &[&hash, &world, &bytes],
        )
        .await?;
    transaction
        .execute(
            "update world set templates = $2, changed_ts = now() where id = $1 and templates is distinct from $2",
            &[&world, &hash],
        )
        .await?;
    Ok(())
}

impl<'a> Writer<'a> {
    fn number(&self, kind: DocumentKind, slug: &str) -> Option<i64> {
        self.numbers.get(kind, slug)
    }

    fn room(&self, slug: Option<&str>) -> Option<i64> {
        self.number(DocumentKind::Room, slug?)
    }

    fn item(&self, slug: &str) -> Option<i64> {
        self.number(DocumentKind::Item, slug)
    }

    /// Id, slug and spec of the documents that `pick` wants.
    fn common<T>(
        &self,
        kind: DocumentKind,
        pick: impl Fn(&'a Document) -> Option<(&'a T, &'a str)>,
    ) -> Result<(Common<'a>, Vec<&'a T>), WorldsError>
    where
        T: serde::Serialize,
    {
        let (mut common, mut specs) = (Common::default(), Vec::new());
        for document in self.fresh.iter().copied() {
            let Some((spec, name)) = pick(document) else { continue };
            let Some(id) = self.number(kind, document.slug()) else { continue };
            common.ids.push(id);
            common.slugs.push(document.slug());
            common.names.push(name);
            common.specs.push(json(document, spec)?);
            specs.push(spec);
        }
        Ok((common, specs))
    }

    async fn run(&self, sql: &str, params: Params<'_>) -> Result<(), WorldsError> {
        self.transaction.execute(sql, params).await?;
        Ok(())
    }

    /// Rows for `id`, `slug`, `spec` and more columns; existing ones are changed and are no longer removed.
    async fn upsert(
        &self,
        table: &str,
        common: &Common<'_>,
        columns: &[(&str, &str)],
        values: Params<'_>,
    ) -> Result<(), WorldsError> {
        if common.ids.is_empty() {
            return Ok(());
        }
        let names: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
        let arrays: String =
            columns.iter().enumerate().map(|(n, (_, kind))| format!(", ${}::{kind}[]", n + 5)).collect();
        let updates: String = columns.iter().map(|(name, _)| format!(", {name} = excluded.{name}")).collect();
        let sql = format!(
            "insert into {table} (world_id, id, slug, spec{names})
             select $1, id, slug, spec::jsonb{names}
             from unnest($2::int8[], $3::text[], $4::text[]{arrays}) as t(id, slug, spec{names})
             on conflict (id) do update set spec = excluded.spec, removed_ts = null{updates}"
        );
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&self.world, &common.ids, &common.slugs, &common.specs];
        params.extend(values);
        self.run(&sql, &params).await
    }

    async fn world_row(&self, slug: &str, author: Option<i64>) -> Result<(), WorldsError> {
        let spec = self.fresh.iter().find_map(|document| match document {
            Document::World { spec, .. } => Some((*document, spec)),
            _ => None,
        });
        let Some((document, spec)) = spec else { return Ok(()) };
        let (starting, death) = (self.room(Some(&spec.starting_room)), self.room(Some(&spec.death_room)));
        self.run(
            "insert into world (id, slug, name, short_description, description, motd, built_by, is_multiplayer,
                 is_public, starting_room_id, death_room_id, spec, author_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb, $13)
             on conflict (id) do update set name = excluded.name, short_description = excluded.short_description,
                 description = excluded.description, motd = excluded.motd, built_by = excluded.built_by,
                 is_multiplayer = excluded.is_multiplayer, is_public = excluded.is_public,
                 starting_room_id = excluded.starting_room_id, death_room_id = excluded.death_room_id,
                 spec = excluded.spec, changed_ts = now()",
            &[
                &self.world,
                &slug,
                &spec.name,
                &spec.short_description,
                &spec.description,
                &spec.motd,
                &spec.built_by,
                &spec.is_multiplayer,
                &spec.is_public,
                &starting,
                &death,
                &json(document, spec)?,
                &author,
            ],
        )
        .await
    }

    /// Marks what is removed, and clears what changed and removed things referred to.
    async fn remove(&self, things: &Things, applied: &Applied) -> Result<(), WorldsError> {
        let of = |keys: &[(DocumentKind, String)], kind: DocumentKind| -> Vec<i64> {
            keys.iter().filter(|key| key.0 == kind).filter_map(|key| things.get(key)?.id).collect()
        };
        for kind in DocumentKind::ALL {
            let removed = of(&applied.removed, *kind);
            if removed.is_empty() {
                continue;
            }
            let place = if *kind == DocumentKind::Room { ", x = null, y = null, z = null" } else { "" };
            let sql = format!("update {} set removed_ts = now(){place} where id = any($1)", rows::table(*kind));
            self.run(&sql, &[&removed]).await?;
        }
        let gone = of(&applied.removed, DocumentKind::Room);
        self.run("update player set room_id = null where room_id = any($1) and held_by_spawn is null", &[&gone])
            .await?;
        let stale = |kind| [of(&applied.removed, kind), of(&applied.changed, kind)].concat();
        self.run("delete from room_exit where room_id = any($1)", &[&stale(DocumentKind::Room)]).await?;
        self.run("delete from item_stock where container_id = any($1)", &[&stale(DocumentKind::Item)]).await?;
        let mobs = stale(DocumentKind::Mob);
        self.run("delete from mob_stock where mob_id = any($1)", &[&mobs]).await?;
        self.run("delete from mob_standing where mob_id = any($1)", &[&mobs]).await?;
        let loaders = stale(DocumentKind::Loader);
        let kept: Vec<i64> = self.numbers.rules.values().copied().collect();
        self.run(
            "update loader_rule set removed_ts = now(), position = null
             where loader_id = any($1) and id <> all($2) and removed_ts is null",
            &[&loaders, &kept],
        )
        .await
    }

    async fn simple(&self) -> Result<(), WorldsError> {
        let (common, _) = self.common(DocumentKind::Currency, |document| match document {
            Document::Currency { spec, .. } => Some((&**spec, spec.name.as_str())),
            _ => None,
        })?;
        self.upsert("currency", &common, &[("name", "text")], &[&common.names]).await?;
        let (common, specs) = self.common(DocumentKind::Social, |document| match document {
            Document::Social { spec, .. } => Some((&**spec, "")),
            _ => None,
        })?;
        let priorities: Vec<i32> = specs.iter().map(|spec| spec.priority).collect();
        self.upsert("social", &common, &[("priority", "int4")], &[&priorities]).await?;
        let (common, specs) = self.common(DocumentKind::Skill, |document| match document {
            Document::Skill { spec, .. } => Some((&**spec, spec.name.as_str())),
            _ => None,
        })?;
        let levels: Vec<i32> = specs.iter().map(|spec| small(spec.level)).collect();
        self.upsert("skill", &common, &[("name", "text"), ("level", "int4")], &[&common.names, &levels]).await
    }

    async fn zones(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::Zone, |document| match document {
            Document::Zone { spec, .. } => Some((&**spec, spec.name.as_str())),
            _ => None,
        })?;
        let centers: Vec<Option<i64>> = specs.iter().map(|spec| self.room(spec.center.as_deref())).collect();
        self.upsert("zone", &common, &[("name", "text"), ("center_room_id", "int8")], &[&common.names, &centers]).await
    }

    async fn rooms(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::Room, |document| match document {
            Document::Room { spec, .. } => Some((&**spec, spec.name.as_str())),
            _ => None,
        })?;
        let zones: Vec<Option<i64>> = specs.iter().map(|spec| self.number(DocumentKind::Zone, &spec.zone)).collect();
        let kinds: Vec<&str> = specs.iter().map(|spec| spec.room_type.as_str()).collect();
        let axis = |n: usize| -> Vec<i32> { specs.iter().map(|spec| spec.at[n]).collect() };
        let columns =
            [("name", "text"), ("zone_id", "int8"), ("room_type", "text"), ("x", "int4"), ("y", "int4"), ("z", "int4")];
        self.upsert("room", &common, &columns, &[&common.names, &zones, &kinds, &axis(0), &axis(1), &axis(2)]).await
    }

    async fn items(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::Item, |document| match document {
            Document::Item { spec, .. } => Some((&**spec, spec.name.as_str())),
            _ => None,
        })?;
        let kinds: Vec<&str> = specs.iter().map(|spec| spec.item_type.as_str()).collect();
        let levels: Vec<i32> = specs.iter().map(|spec| small(spec.level)).collect();
        let currencies: Vec<Option<i64>> =
            specs.iter().map(|spec| self.number(DocumentKind::Currency, &spec.currency)).collect();
        let columns = [("name", "text"), ("item_type", "text"), ("level", "int4"), ("currency_id", "int8")];
        self.upsert("item_template", &common, &columns, &[&common.names, &kinds, &levels, &currencies]).await?;
        let (mut containers, mut positions, mut items) = (Vec::new(), Vec::new(), Vec::new());
        for (id, spec) in common.ids.iter().zip(specs) {
            for (position, stock) in (0i32..).zip(&spec.inventory) {
                containers.push(*id);
                positions.push(position);
                items.push(self.item(&stock.item));
            }
        }
        self.run(
            "insert into item_stock (container_id, position, item_id)
             select * from unnest($1::int8[], $2::int4[], $3::int8[])",
            &[&containers, &positions, &items],
        )
        .await
    }

    async fn exits(&self) -> Result<(), WorldsError> {
        let (mut rooms, mut directions, mut targets, mut keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for document in &self.fresh {
            let Document::Room { metadata, spec } = document else { continue };
            for (direction, exit) in &spec.exits {
                rooms.push(self.room(Some(&metadata.slug)));
                directions.push(direction.as_str());
                targets.push(self.room(Some(exit.to())));
                keys.push(exit.door().and_then(|door| self.item(door.key.as_deref()?)));
            }
        }
        self.run(
            "insert into room_exit (room_id, direction, target_id, door_key_id)
             select * from unnest($1::int8[], $2::text[], $3::int8[], $4::int8[])",
            &[&rooms, &directions, &targets, &keys],
        )
        .await
    }

    async fn factions(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::Faction, |document| match document {
            Document::Faction { spec, .. } => Some((&**spec, spec.name.as_str())),
            _ => None,
        })?;
        let texts: Vec<&str> = specs.iter().map(|spec| spec.description.as_str()).collect();
        let flag = |of: fn(&FactionSpec) -> bool| -> Vec<bool> { specs.iter().map(|spec| of(spec)).collect() };
        let starts: Vec<Option<i64>> = specs.iter().map(|spec| self.room(spec.starting_room.as_deref())).collect();
        let deaths: Vec<Option<i64>> = specs.iter().map(|spec| self.room(spec.death_room.as_deref())).collect();
        let columns = [
            ("name", "text"),
            ("description", "text"),
            ("is_core", "bool"),
            ("is_default", "bool"),
            ("is_selectable", "bool"),
            ("starting_room_id", "int8"),
            ("death_room_id", "int8"),
        ];
        let values: Params<'_> = &[
            &common.names,
            &texts,
            &flag(|spec| spec.is_core),
            &flag(|spec| spec.is_default),
            &flag(|spec| spec.is_selectable),
            &starts,
            &deaths,
        ];
        self.upsert("faction", &common, &columns, values).await
    }

    async fn mobs(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::Mob, |document| match document {
            Document::Mob { spec, .. } => Some((&**spec, spec.name.as_str())),
            _ => None,
        })?;
        let levels: Vec<i32> = specs.iter().map(|spec| small(spec.level)).collect();
        let core = |spec: &&MobSpec| self.number(DocumentKind::Faction, spec.core_faction.as_deref()?);
        let cores: Vec<Option<i64>> = specs.iter().map(core).collect();
        let columns = [("name", "text"), ("level", "int4"), ("core_faction_id", "int8")];
        self.upsert("mob_template", &common, &columns, &[&common.names, &levels, &cores]).await?;
        let (mut mobs, mut sold, mut positions, mut items) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut standing_mobs, mut factions, mut standings) = (Vec::new(), Vec::new(), Vec::new());
        for (id, spec) in common.ids.iter().zip(specs) {
            let carried = spec.inventory.iter().map(|stock| (false, &stock.item));
            let shelf = spec.merchant.iter().flat_map(|merchant| &merchant.stock).map(|stock| (true, &stock.item));
            for (position, (is_sold, item)) in (0i32..).zip(carried.chain(shelf)) {
                mobs.push(*id);
                sold.push(is_sold);
                positions.push(position);
                items.push(self.item(item));
            }
            for (faction, standing) in &spec.factions {
                standing_mobs.push(*id);
                factions.push(self.number(DocumentKind::Faction, faction));
                standings.push(*standing);
            }
        }
        self.run(
            "insert into mob_stock (mob_id, is_merchandise, position, item_id)
             select * from unnest($1::int8[], $2::bool[], $3::int4[], $4::int8[])",
            &[&mobs, &sold, &positions, &items],
        )
        .await?;
        self.run(
            "insert into mob_standing (mob_id, faction_id, standing)
             select * from unnest($1::int8[], $2::int8[], $3::int8[])",
            &[&standing_mobs, &factions, &standings],
        )
        .await
    }

    async fn loaders(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::Loader, |document| match document {
            Document::Loader { spec, .. } => Some((&**spec, spec.name.as_str())),
            _ => None,
        })?;
        let zones: Vec<Option<i64>> = specs.iter().map(|spec| self.number(DocumentKind::Zone, &spec.zone)).collect();
        let columns = [("name", "text"), ("zone_id", "int8")];
        self.upsert("loader", &common, &columns, &[&common.names, &zones]).await?;
        let mut rules = Rules::default();
        for ((id, slug), spec) in common.ids.iter().zip(&common.slugs).zip(specs) {
            let number = |index: u32| self.numbers.rules.get(&((*slug).to_owned(), index)).copied();
            for (index, rule) in (0u32..).zip(&spec.rules) {
                let earlier = rule.rule.as_ref().and_then(|name| {
                    let at = spec.rules.iter().position(|other| other.name.as_ref() == Some(name))?;
                    number(u32::try_from(at).ok()?)
                });
                rules.ids.push(number(index));
                rules.loaders.push(*id);
                rules.positions.push(small(index));
                rules.mobs.push(rule.mob.as_deref().and_then(|slug| self.number(DocumentKind::Mob, slug)));
                rules.items.push(rule.item.as_deref().and_then(|slug| self.item(slug)));
                rules.rooms.push(self.room(rule.room.as_deref()));
                rules.zones.push(rule.zone.as_deref().and_then(|slug| self.number(DocumentKind::Zone, slug)));
                rules.earlier.push(earlier);
                rules.copies.push(small(rule.copies));
            }
        }
        self.run(
            "insert into loader_rule (id, loader_id, position, mob_id, item_id, room_id, zone_id, rule_id, copies)
             select * from unnest($1::int8[], $2::int8[], $3::int4[], $4::int8[], $5::int8[], $6::int8[], $7::int8[],
                 $8::int8[], $9::int4[])
             on conflict (id) do update set position = excluded.position, mob_id = excluded.mob_id,
                 item_id = excluded.item_id, room_id = excluded.room_id, zone_id = excluded.zone_id,
                 rule_id = excluded.rule_id, copies = excluded.copies, removed_ts = null",
            &[
                &rules.ids,
                &rules.loaders,
                &rules.positions,
                &rules.mobs,
                &rules.items,
                &rules.rooms,
                &rules.zones,
                &rules.earlier,
                &rules.copies,
            ],
        )
        .await
    }

    async fn starting_equipment(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::StartingEquipment, |document| match document {
            Document::StartingEquipment { spec, .. } => Some((&**spec, "")),
            _ => None,
        })?;
        let items: Vec<Option<i64>> = specs.iter().map(|spec| self.item(&spec.item)).collect();
        let archetypes: Vec<Option<&str>> =
            specs.iter().map(|spec| spec.archetype.map(|archetype| archetype.as_str())).collect();
        let numbers: Vec<i32> = specs.iter().map(|spec| small(spec.num)).collect();
        let columns = [("item_id", "int8"), ("archetype", "text"), ("num", "int4")];
        self.upsert("starting_equipment", &common, &columns, &[&items, &archetypes, &numbers]).await
    }

    async fn triggers(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::Trigger, |document| match document {
            Document::Trigger { spec, .. } => Some((&**spec, "")),
            _ => None,
        })?;
        let of = |kind: DocumentKind, pick: fn(&TriggerSpec) -> Option<&Slug>| -> Vec<Option<i64>> {
            specs.iter().map(|spec| self.number(kind, pick(spec)?)).collect()
        };
        let columns = [("room_id", "int8"), ("zone_id", "int8"), ("item_id", "int8"), ("mob_id", "int8")];
        let values: Params<'_> = &[
            &of(DocumentKind::Room, |spec| spec.room.as_ref()),
            &of(DocumentKind::Zone, |spec| spec.zone.as_ref()),
            &of(DocumentKind::Item, |spec| spec.item.as_ref()),
            &of(DocumentKind::Mob, |spec| spec.mob.as_ref()),
        ];
        self.upsert("trigger", &common, &columns, values).await
    }

    async fn fact_schedules(&self) -> Result<(), WorldsError> {
        let (common, specs) = self.common(DocumentKind::FactSchedule, |document| match document {
            Document::FactSchedule { spec, .. } => Some((&**spec, "")),
            _ => None,
        })?;
        let facts: Vec<&str> = specs.iter().map(|spec| spec.fact.as_str()).collect();
        self.upsert("fact_schedule", &common, &[("fact", "text")], &[&facts]).await
    }
}

#[derive(Default)]
struct Rules {
    ids: Vec<Option<i64>>,
    loaders: Vec<i64>,
    positions: Vec<i32>,
    mobs: Vec<Option<i64>>,
    items: Vec<Option<i64>>,
    rooms: Vec<Option<i64>>,
    zones: Vec<Option<i64>>,
    earlier: Vec<Option<i64>>,
    copies: Vec<i32>,
}

/// The spec as it is stored. Postgres cannot hold NUL in JSON.
fn json(document: &Document, spec: &impl serde::Serialize) -> Result<String, WorldsError> {
    let fault = |message: String| {
        let mut problem = Problem::error("", 0, message);
        problem.subject = crate::world::manifest::subject(document.kind(), document.slug());
        WorldsError::Problems(vec![problem])
    };
    let text = serde_json::to_string(spec).map_err(|error| fault(error.to_string()))?;
    if text.contains("\\u0000") {
        return Err(fault("a text contains a NUL character".into()));
    }
    Ok(text)
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
