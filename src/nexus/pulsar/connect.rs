//! Coming into the world, and losing and regaining one's link to it. Who may play whom was decided
//! before (`nexus/session.rs`); here a socket is attached to a character, which is made from its save
//! when the world does not have it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::nexus::message::view::*;
use crate::nexus::message::{Data, ErrorData, Frame, Text};
use crate::world::character::{Account, Character, PlayerConfig, PlayerId, SavedPlace};
use crate::world::internal::Errand;
use crate::world::kinds::*;
use crate::world::template::{Currency, Faction, RoomId};

use super::combat::aggro;
use super::instruction::{Instruction, Stay};
use super::record::{Ask, Item, Place, Player, Presence, Viewed, Who};
use super::see;
use super::turn::{Out, Return, Turn, Welcome};
use super::{beat, equip, react, skill};

/// A socket that takes up a character.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub player: PlayerId,
    pub session: u64,
    /// Where the character lies staged.
    pub stage: Option<u64>,
    /// How often the Forge had stored it when it was read.
    pub version: i64,
}

/// A socket takes up a character.
pub fn connect(turn: &mut Turn, entry: Entry, account: Account, config: PlayerConfig) -> bool {
    let Entry { player, session, stage, version } = entry;
    let staged = stage.and_then(|stage| turn.world.staged.remove(stage));
    let resumed = turn.world.players.contains(player);
    if !resumed {
        let character = staged.and_then(|staged| postcard::from_bytes::<Character>(&staged.bytes).ok());
        let refusal = match &character {
            Some(character) if character.id == player => is_being_saved(turn, player, version).then_some(SAVING),
            _ => Some("Your character could not be brought into the world. Please enter again."),
        };
        if let Some(text) = refusal {
            let frame = Frame::new("system.connect.error", text, Data::Empty {});
            turn.out.outs.push(Out::Reject { session, frame: frame.into() });
            return stage.is_some();
        }
        leave_others_of(turn, player, account.id);
        turn.world.departed.remove(player);
        if let Some(character) = character {
            enter(turn, character);
        }
    }
    if let Some(row) = turn.world.players.edit(player) {
        row.account = account;
        row.config = config;
    }
    // A client that does not come back, but comes, numbers its commands from one.
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.commands = 0;
    }
    attach(turn, player, session, Welcome { resumed, back: None });
    sync(turn, player);
    if !resumed {
        let room = turn.world.room_of(Who::Player(player));
        if let (Some(room), Some(actor)) = (room, turn.world.char_view(Who::Player(player))) {
            if let Some(room_ref) = turn.world.room_ref(room).filter(|_| !actor.is_invisible) {
                let text = format!("{} has arrived.", actor.name);
                let data = Data::Enter { actor, direction: None, room: room_ref };
                turn.tell_room(room, &[player], Frame::new("notification.movement.enter", text, data));
            }
            react::entered_from(turn, player, room, None);
            react::connected(turn, player, room);
            aggro::entered(turn, player, room);
        }
    }
    who_changed(turn);
    true
}

/// A socket takes a character up again where it left it: nothing is sent but what it missed.
pub fn resume(turn: &mut Turn, player: PlayerId, session: u64, stay: Stay, last: u64) -> bool {
    let known = turn.world.presences.get(player).filter(|presence| {
        let same = turn.world.meta.incarnation == stay.incarnation && presence.entered == stay.entered;
        same && last <= presence.messages
    });
    let owned = turn.world.players.get(player).is_some_and(|row| row.account.id == stay.account);
    let Some(presence) = known.filter(|_| owned) else {
        let data = Data::Error(ErrorData { error: GONE.into(), code: "gone".into() });
        let frame = Frame::new("system.connect.error", GONE, data);
        turn.out.outs.push(Out::Reject { session, frame: frame.into() });
        return false;
    };
    let back = Return { last, newest: presence.messages, last_n: presence.commands };
    attach(turn, player, session, Welcome { resumed: true, back: Some(back) });
    who_changed(turn);
    true
}

const GONE: &str = "Too much has happened since you were here. Please enter again.";

/// From here on the character is played by this socket.
fn attach(turn: &mut Turn, player: PlayerId, session: u64, welcome: Welcome) {
    let now = turn.world.meta.now;
    let mut account = 0;
    if let Some(row) = turn.world.players.edit(player) {
        row.is_linkless = false;
        account = row.account.id;
    }
    let mut entered = 0;
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.session = Some(session);
        presence.linkless_since = None;
        presence.last_action = now;
        entered = presence.entered;
    }
    turn.world.index.linkless.remove(&player);
    let incarnation = turn.world.meta.incarnation;
    turn.out.outs.push(Out::Attach { player, session, account, incarnation, entered, welcome });
}

const SAVING: &str = "Character is being saved, please try again in a minute.";

/// Is what the Forge gave older than what this world sent it last? Then using it would undo what happened here.
fn is_being_saved(turn: &Turn, player: PlayerId, version: i64) -> bool {
    let on_its_way = turn.world.errands.iter().any(|(_, open)| match &open.what {
        Ask::Forge(Errand::SaveCharacter { character, release: true }) => character.id == player,
        _ => false,
    });
    let stored = turn.world.departed.get(player).map(|stamp| stamp.0);
    on_its_way || stored.is_some_and(|stored| version < stored as i64)
}

/// Another character of the same account that is here without a link leaves first.
fn leave_others_of(turn: &mut Turn, player: PlayerId, account: i64) {
    let others: Vec<PlayerId> = turn
        .world
        .players
        .iter()
        .filter(|(id, other)| *id != player && other.account.id == account && other.is_linkless && !other.is_immortal)
        .map(|(id, _)| id)
        .collect();
    for other in others {
        super::leave::expel(turn, other, "You have come back as someone else.");
    }
}

/// The socket of a character is gone: it stays in the world, linkless.
pub fn unlink(turn: &mut Turn, player: PlayerId, session: u64) -> bool {
    let now = turn.world.meta.now;
    match turn.world.presences.get(player) {
        Some(presence) if presence.session == Some(session) => {}
        _ => return false,
    }
    if let Some(presence) = turn.world.presences.edit(player) {
        presence.session = None;
        presence.linkless_since = Some(now);
    }
    if let Some(row) = turn.world.players.edit(player) {
        row.is_linkless = true;
    }
    turn.world.index.linkless.insert(player);
    who_changed(turn);
    true
}

/// The whole state, for a client that begins or begins anew.
pub fn sync(turn: &mut Turn, player: PlayerId) {
    let who_list = turn.world.who_list(player, WHO_LIST_MAX).0;
    sync_with(turn, player, who_list);
}

fn sync_with(turn: &mut Turn, player: PlayerId, who_list: Arc<WhoList>) {
    let Some(room_id) = turn.world.room_of(Who::Player(player)) else { return };
    let (Some(actor), Some(room)) = (turn.world.actor(player), turn.world.room_view(room_id, player)) else { return };
    let text = Text::OfRoom { viewer: player, brief: false };
    let state = StateSync { map: turn.world.map(player), actor, room, world: sync_world(turn), who_list };
    turn.tell(player, Frame::new("cmd.state.sync.success", text, Data::Sync(Box::new(state))));
}

/// Players of one turn who get everything anew, and rooms on all their maps, about.
pub const RENEW_CHUNK: usize = 16;
pub const RENEW_ROOMS: usize = 4_000;

/// The world has another set of templates: everyone after this player gets everything anew, some in each turn.
pub fn renew(turn: &mut Turn, after: PlayerId) {
    let players: Vec<PlayerId> = turn.world.players.after(after).map(|(id, _)| id).take(RENEW_CHUNK).collect();
    let mut lists: BTreeMap<see::WhoKind, Arc<WhoList>> = BTreeMap::new();
    let (mut rooms, mut last) = (0, after);
    for player in players {
        if rooms > RENEW_ROOMS {
            break;
        }
        last = player;
        rooms += turn.world.viewed.get(player).map_or(0, |viewed| viewed.rooms.len());
        clamp_vitals(turn.world, player);
        turn.print(player, "write.game", "The world shifts a little around you: its builders have been at work.");
        if let Some(kind) = turn.world.who_kind(player) {
            let list = lists.entry(kind).or_insert_with(|| turn.world.who_list(player, WHO_LIST_MAX).0).clone();
            sync_with(turn, player, list);
        }
    }
    if turn.world.players.after(last).next().is_some() {
        turn.world.schedule(0, Instruction::Renew { after: last });
    }
}

/// Everyone's who list is out of date.
pub fn who_changed(turn: &mut Turn) {
    if turn.world.index.names.len() > WHO_PUSH_PLAYERS_MAX {
        return;
    }
    // Lists differ between viewers by faction and rank; most share one.
    let mut viewers: BTreeMap<see::WhoKind, Vec<PlayerId>> = BTreeMap::new();
    for id in turn.world.index.names.values() {
        if turn.world.presences.get(*id).is_some_and(|presence| presence.session.is_some())
            && let Some(kind) = turn.world.who_kind(*id)
        {
            viewers.entry(kind).or_default().push(*id);
        }
    }
    for players in viewers.into_values() {
        let list = turn.world.who_list(players[0], WHO_LIST_MAX).0;
        turn.tell_all(players, Frame::new("notification.who", "", Data::WhoList(list)));
    }
}

/// Entries of a who list that is not asked for: with thousands in the world, each who comes would be sent all of them.
pub const WHO_LIST_MAX: usize = 200;
/// Above this many players the who list is not pushed on each coming and going; clients ask for it.
pub const WHO_PUSH_PLAYERS_MAX: usize = 60;

fn sync_world(turn: &Turn) -> SyncWorld {
    let (meta, templates) = (&turn.world.meta, &turn.world.templates);
    let config = &templates.world.config;
    let faction = |f: &Faction| FactionView { code: f.code.clone(), name: f.name.clone(), is_core: f.is_core };
    let currency = |c: &Currency| CurrencyView { code: c.code.clone(), name: c.name.clone(), is_default: c.is_default };
    let texts = |s: &crate::world::template::Social| {
        [&s.targetless_self, &s.targetless_other, &s.targeted_self, &s.targeted_target, &s.targeted_other]
            .map(Clone::clone)
    };
    let skills = templates.skills.values();
    let definitions: BTreeMap<String, SkillView> = skills.map(|s| (s.code.clone(), (&**s).into())).collect();
    SyncWorld {
        id: meta.spawn,
        key: format!("world.{}", meta.spawn),
        name: config.name.clone(),
        is_multiplayer: config.is_multiplayer,
        allow_combat: !config.is_narrative,
        allow_pvp: config.allow_pvp,
        players_can_set_title: config.players_can_set_title,
        globals_enabled: config.globals_enabled,
        auto_equip: config.auto_equip,
        classless: config.is_classless,
        tier: 1,
        instance_ref: None,
        starting_room: see::room_key(templates.world.starting_room),
        death_room: see::room_key(templates.world.death_room),
        factions: templates.factions.values().map(|f| (f.code.clone(), faction(f))).collect(),
        currencies: templates.currencies.values().map(|c| (c.id.to_string(), currency(c))).collect(),
        skills: WorldSkills { definitions: definitions.clone(), custom: SkillDefinitions { definitions } },
        socials: Socials {
            cmds: templates.socials.values().map(|s| (s.cmd.clone(), texts(s))).collect(),
            order: templates.socials.keys().cloned().collect(),
        },
        facts: meta.facts.clone(),
    }
}

/// Makes the rows of a character that the world does not have.
fn enter(turn: &mut Turn, save: Character) {
    let world = &mut *turn.world;
    // Whoever comes in begins the world's next run, should it have been stopped and gone on.
    world.meta.is_stopped = false;
    let templates = world.templates.clone();
    let faction_start = save
        .core_faction
        .as_ref()
        .and_then(|code| templates.factions.get(code))
        .and_then(|faction| faction.starting_room);
    let start = faction_start.unwrap_or(templates.world.starting_room);
    let room: RoomId = save.room.filter(|room| templates.rooms.contains_key(room)).unwrap_or(start);
    let id = save.id;
    let player = Player {
        id,
        name: save.name.clone(),
        title: save.title,
        description: save.description,
        level: save.level,
        archetype: save.archetype,
        gender: save.gender,
        experience: save.experience,
        health: save.health.unwrap_or(i32::MAX),
        gold: save.gold,
        glory: save.glory,
        medals: save.medals,
        currencies: save.currencies.into_iter().collect(),
        is_immortal: save.is_immortal,
        is_muted: save.is_muted,
        is_invisible: false,
        is_linkless: false,
        core_faction: save.core_faction,
        factions: save.factions.into_iter().collect(),
        aliases: save.aliases.into_iter().collect(),
        marks: save.marks.into_iter().collect(),
        mute_list: save.mute_list.into_iter().collect(),
        account: Account::default(),
        config: PlayerConfig::default(),
        state: CharacterState::Standing,
        items: Vec::new(),
        worn: BTreeMap::new(),
        reply_to: None,
        is_tracing: false,
        autoflee: save.prowess.autoflee,
        focus: save.prowess.focus.clone(),
        skills: save.prowess.skills.iter().cloned().collect(),
    };
    world.players.insert(id, Box::new(player));
    let presence = Presence {
        room,
        mana: save.mana.unwrap_or(i32::MAX),
        stamina: save.stamina.unwrap_or(i32::MAX),
        session: None,
        last_action: world.meta.now,
        linkless_since: None,
        messages: 0,
        commands: 0,
        entered: world.meta.seq,
    };
    world.presences.insert(id, presence);
    let mut rooms: BTreeSet<RoomId> = save.viewed_rooms.into_iter().collect();
    rooms.insert(room);
    world.viewed.insert(id, Viewed { rooms });
    world.index.names.insert(save.name.to_lowercase(), id);
    for saved in save.items {
        // An item that lives in this world already is not made a second time.
        if world.items.contains(saved.id) || !templates.items.contains_key(&saved.template) {
            continue;
        }
        let place = match saved.place {
            SavedPlace::Worn(slot) if world.players.get(id).is_some_and(|p| !p.worn.contains_key(&slot)) => {
                Place::Worn(Who::Player(id), slot)
            }
            SavedPlace::Inside(outer) if world.items.contains(outer) => Place::Inside(outer),
            _ => Place::Carried(Who::Player(id)),
        };
        world.add_item(Item {
            id: saved.id,
            template: saved.template,
            place,
            rule: None,
            items: Vec::new(),
            label: saved.label,
            own: None,
            gold: 0,
        });
    }
    if !save.is_initialised {
        equip::starting_equipment(world, id);
    }
    skill::saved::restore(world, id, &save.prowess);
    beat::wake(world, room);
    world.arrive(Who::Player(id), room);
    clamp_vitals(world, id);
}

/// Vitals never exceed what they can be; a character without saved ones is at its best.
pub fn clamp_vitals(world: &mut super::world::World, id: PlayerId) {
    let Some(stats) = world.stats_of(id) else { return };
    let mut tired = false;
    if let Some(player) = world.players.get(id) {
        tired |= player.health < stats.health_max;
        if player.health > stats.health_max
            && let Some(player) = world.players.edit(id)
        {
            player.health = stats.health_max;
        }
    }
    if let Some(presence) = world.presences.edit(id) {
        presence.mana = presence.mana.min(stats.mana_max);
        presence.stamina = presence.stamina.min(stats.stamina_max);
        tired |= presence.mana < stats.mana_max || presence.stamina < stats.stamina_max;
    }
    if tired {
        world.index.tired_players.insert(id);
    }
}
