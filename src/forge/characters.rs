//! Whole characters in and out of Postgres: what `enter_world` sends to a nexus and what saves bring back.
//! Each call is a handful of set-based statements, however much a character carries. It decides nothing: who may
//! write which character when is for its callers. Texts keep their words; NUL, which Postgres cannot hold, goes.

use std::borrow::Cow;
use std::collections::HashSet;

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use crate::world::character::{Character, ItemId, PlayerId, Prowess, SavedEffect, SavedItem, SavedPlace};
use crate::world::kinds::{Archetype, Gender, Slot};

/// The character with everything that it owns; None when there is none of this id.
///
/// # Errors
/// Of the database.
pub async fn load(client: &impl GenericClient, player_id: PlayerId) -> Result<Option<Character>, Error> {
    let summary = client
        .prepare_cached(
            "select id, name, title, description, level, archetype, gender, experience, health, mana, stamina, gold,
                    glory, medals, is_immortal, is_muted, room_id, core_faction, is_initialised, autoflee, focus
             from player where id = $1",
        )
        .await?;
    let Some(row) = client.query_opt(&summary, &[&player_id]).await? else { return Ok(None) };
    let mut character = of_summary(&row);
    character.items = load_items(client, player_id).await?;
    let list = async |table: &str, columns: &str| {
        let sql = format!("select {columns} from {table} where player_id = $1 order by position");
        let statement = client.prepare_cached(&sql).await?;
        client.query(&statement, &[&player_id]).await
    };
    character.viewed_rooms = list("player_room", "room_id").await?.iter().map(|r| r.get(0)).collect();
    character.currencies = list("player_currency", "code, amount").await?.iter().map(pair).collect();
    character.factions = list("player_faction", "code, standing").await?.iter().map(pair).collect();
    character.aliases = list("player_alias", "match, replacement").await?.iter().map(pair).collect();
    character.marks = list("player_mark", "name, value").await?.iter().map(pair).collect();
    character.mute_list = list("player_mute", "name").await?.iter().map(|r| r.get(0)).collect();
    character.prowess.skills = list("player_learned", "code, hotkey").await?.iter().map(pair).collect();
    character.prowess.cooldowns = list("player_cooldown", "code, remaining").await?.iter().map(pair).collect();
    let effects = list("player_effect", "state").await?;
    // One that this version cannot read any more has worn off.
    character.prowess.effects = effects.iter().filter_map(|row| serde_json::from_str(row.get(0)).ok()).collect();
    Ok(Some(character))
}

/// Writes everything of a character but its name, which is the Forge's own. False when there is none of this id;
/// then nothing was written. The caller's transaction makes it one with whatever else was saved at that moment.
///
/// # Errors
/// Of the database; the transaction is then of no more use.
pub async fn store(transaction: &Transaction<'_>, character: &Character) -> Result<bool, Error> {
    if !store_summary(transaction, character).await? {
        return Ok(false);
    }
    store_items(transaction, character).await?;
    store_rooms(transaction, character).await?;
    let id = character.id;
    replace(transaction, id, ("player_currency", "code", "amount", "int8"), numbers(&character.currencies)).await?;
    replace(transaction, id, ("player_faction", "code", "standing", "int8"), numbers(&character.factions)).await?;
    replace(transaction, id, ("player_alias", "match", "replacement", "text"), texts(&character.aliases)).await?;
    replace(transaction, id, ("player_mark", "name", "value", "text"), texts(&character.marks)).await?;
    let prowess = &character.prowess;
    replace(transaction, id, ("player_learned", "code", "hotkey", "text"), texts(&prowess.skills)).await?;
    replace(transaction, id, ("player_cooldown", "code", "remaining", "int8"), numbers(&prowess.cooldowns)).await?;
    replace(transaction, id, ("player_effect", "code", "state", "text"), states(&prowess.effects)).await?;
    store_mutes(transaction, character).await?;
    Ok(true)
}

fn of_summary(row: &Row) -> Character {
    Character {
        id: row.get("id"),
        name: row.get("name"),
        title: row.get("title"),
        description: row.get("description"),
        level: u32::try_from(row.get::<_, i32>("level")).unwrap_or(1),
        // The table's checks admit nothing else.
        archetype: Archetype::parse(row.get("archetype")).unwrap_or_default(),
        gender: Gender::parse(row.get("gender")).unwrap_or_default(),
        experience: row.get("experience"),
        health: row.get("health"),
        mana: row.get("mana"),
        stamina: row.get("stamina"),
        gold: row.get("gold"),
        glory: row.get("glory"),
        medals: row.get("medals"),
        currencies: Vec::new(),
        is_immortal: row.get("is_immortal"),
        is_muted: row.get("is_muted"),
        room: row.get("room_id"),
        core_faction: row.get("core_faction"),
        factions: Vec::new(),
        viewed_rooms: Vec::new(),
        aliases: Vec::new(),
        marks: Vec::new(),
        mute_list: Vec::new(),
        is_initialised: row.get("is_initialised"),
        items: Vec::new(),
        prowess: Prowess {
            autoflee: u32::try_from(row.get::<_, i16>("autoflee")).unwrap_or(0),
            focus: row.get("focus"),
            ..Prowess::default()
        },
    }
}

async fn load_items(client: &impl GenericClient, player_id: PlayerId) -> Result<Vec<SavedItem>, Error> {
    let statement = client
        .prepare_cached(
            "select id, template_id, container_id, slot, label from item where player_id = $1 order by position",
        )
        .await?;
    let rows = client.query(&statement, &[&player_id]).await?;
    let item = |row: &Row| {
        let place = match (row.get::<_, Option<ItemId>>(2), row.get::<_, Option<&str>>(3).and_then(Slot::parse)) {
            (Some(container), _) => SavedPlace::Inside(container),
            (None, Some(slot)) => SavedPlace::Worn(slot),
            (None, None) => SavedPlace::Inventory,
        };
        SavedItem { id: row.get(0), template: row.get(1), place, label: row.get(4) }
    };
    Ok(rows.iter().map(item).collect())
}

fn pair<'a, V: tokio_postgres::types::FromSql<'a>>(row: &'a Row) -> (String, V) {
    (row.get(0), row.get(1))
}

async fn store_summary(transaction: &Transaction<'_>, c: &Character) -> Result<bool, Error> {
    let statement = transaction
        .prepare_cached(
            "update player set title = $2, description = $3, level = $4, archetype = $5, gender = $6,
                    experience = $7, health = $8, mana = $9, stamina = $10, gold = $11, glory = $12, medals = $13,
                    is_immortal = $14, is_muted = $15, room_id = $16, core_faction = $17, is_initialised = $18,
                    autoflee = $19, focus = $20
             where id = $1",
        )
        .await?;
    let level = i32::try_from(c.level).unwrap_or(i32::MAX);
    let (title, description, core) = (clean(&c.title), clean(&c.description), c.core_faction.as_deref().map(clean));
    let (archetype, gender) = (c.archetype.as_str(), c.gender.as_str());
    let autoflee = i16::try_from(c.prowess.autoflee.min(100)).unwrap_or(0);
    let focus = clean(&c.prowess.focus);
    let values: [&(dyn ToSql + Sync); 20] = [
        &c.id,
        &title,
        &description,
        &level,
        &archetype,
        &gender,
        &c.experience,
        &c.health,
        &c.mana,
        &c.stamina,
        &c.gold,
        &c.glory,
        &c.medals,
        &c.is_immortal,
        &c.is_muted,
        &c.room,
        &core,
        &c.is_initialised,
        &autoflee,
        &focus,
    ];
    Ok(transaction.execute(&statement, &values).await? == 1)
}

async fn store_items(transaction: &Transaction<'_>, character: &Character) -> Result<(), Error> {
    let rows = item_rows(character);
    let upsert = transaction
        .prepare_cached(
            "insert into item (id, player_id, template_id, container_id, slot, position, label)
             select id, $1, template_id, container_id, slot, position, label
             from unnest($2::int8[], $3::int8[], $4::int8[], $5::text[], $6::int4[], $7::text[])
                  as t(id, template_id, container_id, slot, position, label)
             on conflict (id) do update set player_id = excluded.player_id, template_id = excluded.template_id,
                  container_id = excluded.container_id, slot = excluded.slot, position = excluded.position,
                  label = excluded.label
             where (item.player_id, item.template_id, item.container_id, item.slot, item.position, item.label)
                   is distinct from (excluded.player_id, excluded.template_id, excluded.container_id, excluded.slot,
                                     excluded.position, excluded.label)",
        )
        .await?;
    let values: [&(dyn ToSql + Sync); 7] =
        [&character.id, &rows.ids, &rows.templates, &rows.containers, &rows.slots, &rows.positions, &rows.labels];
    transaction.execute(&upsert, &values).await?;
    // After the upsert: what was taken out of a container that is gone must not go with it.
    let remove = transaction.prepare_cached("delete from item where player_id = $1 and id <> all($2)").await?;
    transaction.execute(&remove, &[&character.id, &rows.ids]).await?;
    Ok(())
}

#[derive(Default)]
struct ItemRows<'a> {
    ids: Vec<ItemId>,
    templates: Vec<i64>,
    containers: Vec<Option<ItemId>>,
    slots: Vec<Option<&'static str>>,
    positions: Vec<i32>,
    labels: Vec<Cow<'a, str>>,
}

/// A save must not fail for ever over one odd item: an id that comes twice counts once, and a thing in a container that
/// did not come before it is in the inventory.
fn item_rows(character: &Character) -> ItemRows<'_> {
    let mut rows = ItemRows::default();
    let mut seen = HashSet::new();
    for item in &character.items {
        let (container, slot) = match item.place {
            SavedPlace::Inventory => (None, None),
            SavedPlace::Worn(slot) => (None, Some(slot.as_str())),
            SavedPlace::Inside(container) if seen.contains(&container) => (Some(container), None),
            SavedPlace::Inside(container) => {
                tracing::error!(player = character.id, item = item.id, container, "an item's container is missing");
                (None, None)
            }
        };
        if !seen.insert(item.id) {
            tracing::error!(player = character.id, item = item.id, "an item was saved twice");
            continue;
        }
        rows.positions.push(position(rows.ids.len()));
        rows.ids.push(item.id);
        rows.templates.push(item.template);
        rows.containers.push(container);
        rows.slots.push(slot);
        rows.labels.push(clean(&item.label));
    }
    rows
}

async fn store_rooms(transaction: &Transaction<'_>, character: &Character) -> Result<(), Error> {
    let mut seen = HashSet::new();
    let rooms: Vec<i64> = character.viewed_rooms.iter().copied().filter(|room| seen.insert(*room)).collect();
    let positions: Vec<i32> = (0..rooms.len()).map(position).collect();
    let upsert = transaction
        .prepare_cached(
            "insert into player_room (player_id, room_id, position)
             select $1, room_id, position from unnest($2::int8[], $3::int4[]) as t(room_id, position)
             on conflict (player_id, room_id) do update set position = excluded.position
             where player_room.position <> excluded.position",
        )
        .await?;
    transaction.execute(&upsert, &[&character.id, &rooms, &positions]).await?;
    let remove =
        transaction.prepare_cached("delete from player_room where player_id = $1 and room_id <> all($2)").await?;
    transaction.execute(&remove, &[&character.id, &rooms]).await?;
    Ok(())
}

async fn store_mutes(transaction: &Transaction<'_>, character: &Character) -> Result<(), Error> {
    let mut seen = HashSet::new();
    let names: Vec<_> = character.mute_list.iter().map(|n| clean(n)).filter(|n| seen.insert(n.clone())).collect();
    let positions: Vec<i32> = (0..names.len()).map(position).collect();
    let remove = transaction.prepare_cached("delete from player_mute where player_id = $1").await?;
    transaction.execute(&remove, &[&character.id]).await?;
    let insert = transaction
        .prepare_cached(
            "insert into player_mute (player_id, name, position)
             select $1, name, position from unnest($2::text[], $3::int4[]) as t(name, position)",
        )
        .await?;
    transaction.execute(&insert, &[&character.id, &names, &positions]).await?;
    Ok(())
}

/// Makes a table of (key, value) of a player hold exactly these pairs; a key that comes twice keeps its first value.
async fn replace<K, V>(
    transaction: &Transaction<'_>,
    player_id: PlayerId,
    (table, key, value, kind): (&str, &str, &str, &str),
    pairs: Vec<(K, V)>,
) -> Result<(), Error>
where
    K: ToSql + Sync + Clone + Eq + std::hash::Hash,
    V: ToSql + Sync,
{
    let mut seen = HashSet::new();
    let (mut keys, mut values, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for (k, v) in pairs {
        if seen.insert(k.clone()) {
            positions.push(position(keys.len()));
            keys.push(k);
            values.push(v);
        }
    }
    let upsert = transaction
        .prepare_cached(&format!(
            "insert into {table} (player_id, {key}, {value}, position)
             select $1, k, v, position from unnest($2::text[], $3::{kind}[], $4::int4[]) as t(k, v, position)
             on conflict (player_id, {key}) do update set {value} = excluded.{value}, position = excluded.position
             where ({table}.{value}, {table}.position) <> (excluded.{value}, excluded.position)"
        ))
        .await?;
    transaction.execute(&upsert, &[&player_id, &keys, &values, &positions]).await?;
    let sql = format!("delete from {table} where player_id = $1 and {key} <> all($2)");
    let remove = transaction.prepare_cached(&sql).await?;
    transaction.execute(&remove, &[&player_id, &keys]).await?;
    Ok(())
}

fn numbers(list: &[(String, i64)]) -> Vec<(Cow<'_, str>, i64)> {
    list.iter().map(|(key, value)| (clean(key), *value)).collect()
}

fn texts(list: &[(String, String)]) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    list.iter().map(|(key, value)| (clean(key), clean(value))).collect()
}

/// Effects as texts, numbered in their order.
fn states(effects: &[SavedEffect]) -> Vec<(String, String)> {
    let text = |effect: &SavedEffect| serde_json::to_string(effect).unwrap_or_default();
    effects.iter().enumerate().map(|(nth, effect)| (nth.to_string(), text(effect))).collect()
}

fn position(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "").into() } else { text.into() }
}
