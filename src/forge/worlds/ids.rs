//! Numbers for slugs and rules. A thing keeps its number for ever. A rule keeps its number as long as its loader loads the
//! same thing into the same place, wherever it stands in the list and however many copies it asks for, because the
//! live counts of running worlds go by it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use deadpool_postgres::GenericClient;

use super::{Things, rows};
use crate::world::compile::Ids;
use crate::world::kinds::DocumentKind;
use crate::world::spec::{Document, RuleSpec};
use crate::world::template::WorldId;

/// The numbers of everything that shall be there; new ones come from the sequences.
pub(super) async fn assign(
    client: &impl GenericClient,
    world: Option<WorldId>,
    things: &Things,
) -> Result<Ids, tokio_postgres::Error> {
    let mut ids = Ids::default();
    for kind in DocumentKind::ALL {
        let of_kind = || things.iter().filter(|((k, _), thing)| k == kind && thing.after.is_some());
        let missing = of_kind().filter(|(_, thing)| thing.id.is_none()).count();
        let mut fresh = numbers(client, rows::table(*kind), missing).await?.into_iter();
        for ((_, slug), thing) in of_kind() {
            if let Some(id) = thing.id.or_else(|| fresh.next()) {
                ids.things.insert((*kind, slug.clone()), id);
            }
        }
    }
    assign_rules(client, world, things, &mut ids).await?;
    Ok(ids)
}

async fn assign_rules(
    client: &impl GenericClient,
    world: Option<WorldId>,
    things: &Things,
    ids: &mut Ids,
) -> Result<(), tokio_postgres::Error> {
    let mut known: HashMap<String, Vec<i64>> = HashMap::new();
    if let Some(world) = world {
        let rows = client
            .query(
                "select l.slug, r.id from loader_rule r join loader l on l.id = r.loader_id
                 where l.world_id = $1 and r.removed_ts is null order by r.loader_id, r.position",
                &[&world],
            )
            .await?;
        for row in rows {
            known.entry(row.get(0)).or_default().push(row.get(1));
        }
    }
    let mut nameless = Vec::new();
    for ((kind, slug), thing) in things {
        let Some(Document::Loader { spec, .. }) = thing.after.as_ref().map(|after| &after.document) else { continue };
        debug_assert_eq!(*kind, DocumentKind::Loader);
        let before = match &thing.before {
            Some(Document::Loader { spec, .. }) => spec.rules.as_slice(),
            _ => &[],
        };
        let mut kept = keep(before, known.get(slug).map_or(&[], Vec::as_slice), &spec.rules);
        for index in 0..spec.rules.len() as u32 {
            match kept.remove(&index) {
                Some(id) => drop(ids.rules.insert((slug.clone(), index), id)),
                None => nameless.push((slug.clone(), index)),
            }
        }
    }
    let fresh = numbers(client, "loader_rule", nameless.len()).await?;
    ids.rules.extend(nameless.into_iter().zip(fresh));
    Ok(())
}

/// Which of the new rules are old ones: index in `after` to the number.
fn keep(before: &[RuleSpec], numbers: &[i64], after: &[RuleSpec]) -> BTreeMap<u32, i64> {
    let mut free: BTreeMap<Identity<'_>, VecDeque<i64>> = BTreeMap::new();
    for (rule, number) in before.iter().zip(numbers) {
        free.entry(identity(before, rule)).or_default().push_back(*number);
    }
    let mut kept = BTreeMap::new();
    for (index, rule) in (0u32..).zip(after) {
        if let Some(number) = free.get_mut(&identity(after, rule)).and_then(VecDeque::pop_front) {
            kept.insert(index, number);
        }
    }
    kept
}

type Identity<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<&'a str>, Vec<Option<&'a str>>);

/// What it loads and where to; an earlier rule counts by what that one loads, not by its name.
fn identity<'a>(rules: &'a [RuleSpec], rule: &'a RuleSpec) -> Identity<'a> {
    let mut path = Vec::new();
    let mut at = rule;
    // A rule points at earlier ones only, which the check has made sure of; the bound is for stored faults.
    while let Some(name) = &at.rule
        && path.len() <= rules.len()
    {
        let Some(target) = rules.iter().find(|other| other.name.as_ref() == Some(name)) else { break };
        path.extend([target.mob.as_deref(), target.item.as_deref(), target.room.as_deref(), target.zone.as_deref()]);
        at = target;
    }
    (rule.mob.as_deref(), rule.item.as_deref(), rule.room.as_deref(), rule.zone.as_deref(), path)
}

async fn numbers(client: &impl GenericClient, table: &str, count: usize) -> Result<Vec<i64>, tokio_postgres::Error> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    let sequence = match table {
        "world" => "world_id_seq".to_owned(),
        "room" => "room_id_seq".to_owned(),
        other => format!("{other}_id_seq"),
    };
    let rows =
        client.query("select nextval($1::text::regclass) from generate_series(1, $2)", &[&sequence, &count]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(mob: &str, room: &str, copies: u32) -> RuleSpec {
        RuleSpec {
            name: None,
            mob: Some(mob.into()),
            item: None,
            room: Some(room.into()),
            zone: None,
            rule: None,
            copies,
        }
    }

    #[test]
    fn a_rule_keeps_its_number_by_what_it_does() {
        let before = [rule("rat", "cellar", 1), rule("cat", "attic", 1), rule("rat", "cellar", 2)];
        let after =
            [rule("cat", "attic", 5), rule("dog", "attic", 1), rule("rat", "cellar", 1), rule("rat", "cellar", 1)];
        let kept = keep(&before, &[11, 12, 13], &after);
        assert_eq!(kept, BTreeMap::from([(0, 12), (2, 11), (3, 13)]));
    }

    #[test]
    fn what_a_rule_fills_is_part_of_what_it_does() {
        let named = |name: &str, mut rule: RuleSpec| {
            rule.name = Some(name.into());
            rule
        };
        let sword = |of: &str| RuleSpec {
            name: None,
            mob: None,
            item: Some("sword".into()),
            room: None,
            zone: None,
            rule: Some(of.into()),
            copies: 1,
        };
        let before = [named("a", rule("guard", "gate", 1)), sword("a")];
        let renamed = [named("b", rule("guard", "gate", 1)), sword("b")];
        assert_eq!(keep(&before, &[1, 2], &renamed), BTreeMap::from([(0, 1), (1, 2)]));
        let other = [named("a", rule("thief", "gate", 1)), sword("a")];
        assert_eq!(keep(&before, &[1, 2], &other), BTreeMap::new());
    }
}
