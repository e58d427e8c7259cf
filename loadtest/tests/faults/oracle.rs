//! Holds what a client was shown of its own character against what the worlds say after a crash. It knows the rules of
//! the game by itself, and nothing of the engine: what was shown is true, or has been changed by a command that was sent
//! and applied and not yet answered, or by a gift.

use std::collections::{BTreeMap, BTreeSet};

use realms::nexus::pulsar::world::World;
use realms::world::character::{Character, ItemId, PlayerId};
use realms::world::kinds::Direction;
use realms::world::template::{Templates, WorldId};

use crate::client::{Client, Deed, Sent};
use crate::ledger::{leaving, things_of};

/// Where a character was found, and with what.
struct Found {
    /// The number of its last command that was applied; none once it has left.
    last: Option<u64>,
    room: Option<i64>,
    gold: i64,
    things: BTreeSet<ItemId>,
}

/// What is wrong with the worlds in the eyes of the clients.
pub fn judge(worlds: &BTreeMap<WorldId, World>, kept: &[Character], clients: &[Client]) -> Vec<String> {
    let mut problems = Vec::new();
    for client in clients {
        let said = |problem: String| format!("player {} ({}): {problem}", client.player, client.name);
        problems.extend(client.problems.iter().cloned().map(said));
        problems.extend(one(client, &worlds[&client.spawn], kept, clients).into_iter().map(said));
    }
    problems
}

fn one(client: &Client, world: &World, kept: &[Character], clients: &[Client]) -> Vec<String> {
    let view = &client.view;
    let never_came = view.room.is_empty();
    let quits = client.open.iter().any(|sent| sent.deed == Deed::Quit);
    let found = match in_world(world, client.player) {
        Some(_) if !view.in_world && !client.entering => return vec!["left, and is in the world".into()],
        Some(found) => found,
        None if view.in_world && !quits => return vec!["was in the world, and is not".into()],
        None => {
            let away = leaving(world).chain(kept).find(|character| character.id == client.player);
            match away {
                Some(character) => left(character),
                None if never_came => return Vec::new(),
                None => return vec!["is nowhere".into()],
            }
        }
    };
    if never_came {
        return Vec::new();
    }
    let mut problems = Vec::new();
    // It had left, and came in once more: its commands are counted from the beginning.
    let anew = found.last == Some(0) && (quits || !view.in_world);
    if let Some(last) = found.last.filter(|_| !anew)
        && (last < client.answered || last > client.n)
    {
        let (answered, n) = (client.answered, client.n);
        problems.push(format!("command {last} was applied last; {answered} was answered, {n} sent"));
    }
    // Whoever has left did everything that came before.
    let done = |sent: &&Sent| anew || found.last.is_none_or(|last| sent.n <= last);
    let applied: Vec<&Sent> = client.open.iter().filter(done).collect();

    let room = applied.iter().fold(view.room.clone(), |room, sent| walk(&world.templates, room, &sent.deed));
    if found.room.map(|id| format!("room.{id}")).as_ref() != Some(&room) {
        problems.push(format!("should be in {room}, and is in {:?}", found.room));
    }
    let gives = |sent: &Sent| matches!(sent.deed, Deed::Drop(_) | Deed::Eat(_) | Deed::Put(..) | Deed::Give(..));
    if !applied.iter().any(|sent| gives(sent)) {
        let lost: Vec<_> = view.things.difference(&found.things).collect();
        if !lost.is_empty() {
            problems.push(format!("had {lost:?}, and has not"));
        }
    }
    let takes = applied.iter().any(|sent| matches!(sent.deed, Deed::Get(_)));
    let gifts: BTreeSet<ItemId> = clients.iter().flat_map(|other| given(other, client.player)).collect();
    let more: Vec<_> = found.things.difference(&view.things).filter(|id| !gifts.contains(id)).collect();
    // A basket comes with what is in it.
    if !takes && gifts.is_empty() && !more.is_empty() {
        problems.push(format!("has {more:?}, which nobody gave"));
    }
    let spent: i64 = applied.iter().map(|sent| if let Deed::Pay(amount, _) = sent.deed { amount } else { 0 }).sum();
    let unseen: i64 = clients.iter().map(|other| unseen(other, client)).sum();
    if !(view.gold - spent..=view.gold + unseen).contains(&found.gold) {
        problems.push(format!(
            "had {} gold, may have spent {spent} and got {unseen} since, and has {}",
            view.gold, found.gold
        ));
    }
    problems
}

fn in_world(world: &World, player: PlayerId) -> Option<Found> {
    let (row, presence) = (world.players.get(player)?, world.presences.get(player)?);
    let things = things_of(world, player);
    Some(Found { last: Some(presence.commands), room: Some(presence.room), gold: row.gold, things })
}

fn left(character: &Character) -> Found {
    let things = character.items.iter().map(|item| item.id).collect();
    Found { last: None, room: character.room, gold: character.gold, things }
}

/// Where one is after a deed.
fn walk(templates: &Templates, room: String, deed: &Deed) -> String {
    let Deed::Move(name) = deed else { return room };
    let direction = Direction::ALL.iter().find(|direction| direction.as_str() == *name);
    let here = templates.rooms.values().find(|one| one.key == room);
    let exit = here.zip(direction).and_then(|(here, direction)| here.exit(*direction));
    exit.map_or(room, |exit| exit.to_key.clone())
}

/// Things that a client gave someone, or may have given.
fn given(client: &Client, to: PlayerId) -> impl Iterator<Item = ItemId> + '_ {
    let open = client.open.iter().filter_map(move |sent| match &sent.deed {
        Deed::Give(item, receiver) if receiver.player == Some(to) => Some(*item),
        _ => None,
    });
    client.gave.iter().filter(move |(_, other)| *other == to).map(|(item, _)| *item).chain(open)
}

/// Gold that a client paid someone, or may have paid, and that was not shown to them yet.
fn unseen(client: &Client, to: &Client) -> i64 {
    let open = client.open.iter().filter_map(|sent| match &sent.deed {
        Deed::Pay(amount, receiver) if receiver.player == Some(to.player) => Some(*amount),
        _ => None,
    });
    let paid: i64 =
        client.paid.iter().filter(|(_, other)| *other == to.player).map(|(amount, _)| *amount).chain(open).sum();
    let seen: i64 = to.received.iter().filter(|(_, from)| *from == client.name).map(|(amount, _)| *amount).sum();
    (paid - seen).max(0)
}
