//! The mirror's feed: copies what changed to Redis, cut by cut, after it is durable. It never slows or
//! stops the game: a full line or any error makes the mirror unknown, and it is written anew under a
//! new generation, and then switched to.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use serde_json::json;
use tokio::sync::mpsc;

use crate::store::mirror::{Mirror, MirrorChange, MirrorError, MirrorKind};
use crate::store::state::Loaded;
use crate::world::template::{RuleId, WorldId};

use super::keeper::KeeperJob;
use super::meters::{MIRROR_KNOWN, MIRROR_LAG};
use super::pulsar::image;
use super::pulsar::record::{Item, Mob, Place, Player, Presence, decode};
use super::pulsar::see;
use super::pulsar::table::Key as _;

/// Between two tries to write the mirror anew.
const REBUILD_EVERY: Duration = Duration::from_secs(5);

/// What a cut changed, for the mirror.
#[derive(Clone, Debug)]
pub struct Mirrored {
    pub spawn: WorldId,
    pub epoch: i64,
    pub incarnation: u64,
    pub seq: u64,
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub rules: Vec<(RuleId, u32)>,
    pub full: bool,
}

impl Mirrored {
    /// A whole world as it is stored.
    pub fn of_stored(spawn: WorldId, loaded: Loaded) -> Option<Self> {
        let meta = image::read_meta(&loaded.meta).ok()?;
        let mut rules: BTreeMap<RuleId, u32> = BTreeMap::new();
        for (key, value) in &loaded.records {
            let rule = match key.first() {
                Some(b'M') => decode::<Mob>(value).ok().and_then(|mob| mob.rule),
                Some(b'I') => decode::<Item>(value).ok().and_then(|item| item.rule),
                _ => None,
            };
            if let Some(rule) = rule {
                *rules.entry(rule).or_default() += 1;
            }
        }
        Some(Self {
            spawn,
            epoch: meta.epoch,
            incarnation: loaded.incarnation,
            seq: loaded.seq,
            changes: loaded.records.into_iter().map(|(key, value)| (key, Some(value))).collect(),
            rules: rules.into_iter().collect(),
            full: true,
        })
    }
}

/// What the line carries.
#[derive(Debug)]
pub enum Fed {
    /// With when it was stored.
    Cut(Box<Mirrored>, Instant),
    Gone(WorldId),
}

/// The keeper's end of the line.
pub struct MirrorFeed {
    line: Option<mpsc::Sender<Fed>>,
    lost: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

/// The mirror's end.
pub struct MirrorLine {
    line: mpsc::Receiver<Fed>,
    lost: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl MirrorFeed {
    /// A feed that nobody reads: there is no Redis.
    pub fn none() -> Self {
        Self { line: None, lost: Default::default() }
    }

    /// For so many cuts that wait.
    pub fn new(cuts: usize) -> (Self, MirrorLine) {
        let (line, end) = mpsc::channel(cuts);
        let lost = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        (Self { line: Some(line), lost: lost.clone() }, MirrorLine { line: end, lost })
    }

    /// How many cuts wait, for the meters; None without a Redis.
    pub fn depth(&self) -> Option<impl Fn() -> usize + Send + Sync + 'static> {
        let line = self.line.as_ref()?.downgrade();
        Some(move || line.upgrade().map_or(0, |line| line.max_capacity() - line.capacity()))
    }

    pub fn cut(&self, cut: Mirrored) {
        self.put(Fed::Cut(Box::new(cut), Instant::now()));
    }

    pub fn gone(&self, spawn: WorldId) {
        self.put(Fed::Gone(spawn));
    }

    fn put(&self, fed: Fed) {
        if let Some(line) = &self.line
            && line.try_send(fed).is_err()
        {
            self.lost.store(true, std::sync::atomic::Ordering::Release);
        }
    }
}

/// Writes the mirror until the line closes.
pub async fn run(mut line: MirrorLine, mirror: Mirror, nexus: String, boot: u64, keeper: Sender<KeeperJob>) {
    let mut rebuild = 1u64;
    // The generation that was written before the mirror became unknown: something of it may still be there.
    let mut old: Option<String> = None;
    let mut writer: Option<Writer> = None;
    loop {
        if line.lost.swap(false, std::sync::atomic::Ordering::AcqRel) {
            MIRROR_KNOWN.gauge().set(0.0);
            old = writer.take().map(|writer| writer.generation).or(old);
        }
        let Some(current) = writer.as_mut() else {
            match build(&mirror, &nexus, &format!("{boot}-{rebuild}"), old.as_deref(), &keeper).await {
                Ok(fresh) => {
                    MIRROR_KNOWN.gauge().set(1.0);
                    writer = Some(fresh);
                    old = None;
                    rebuild += 1;
                }
                Err(error) => {
                    MIRROR_KNOWN.gauge().set(0.0);
                    tracing::debug!(%error, "the mirror cannot be written; trying again");
                    if wait(&mut line, REBUILD_EVERY).await.is_none() {
                        return;
                    }
                }
            }
            continue;
        };
        let Some(fed) = line.line.recv().await else { return };
        let (spawn, stored) = match &fed {
            Fed::Cut(cut, stored) => (cut.spawn, Some(*stored)),
            Fed::Gone(spawn) => (*spawn, None),
        };
        let changes = current.changes(fed);
        match mirror.write(&nexus, &current.generation, &changes).await {
            Ok(()) => {
                stored.into_iter().for_each(|stored| MIRROR_LAG.histogram().record(stored.elapsed()));
            }
            Err(error) => {
                tracing::warn!(spawn, %error, "the mirror is unknown now and will be written anew");
                MIRROR_KNOWN.gauge().set(0.0);
                old = writer.take().map(|writer| writer.generation);
            }
        }
    }
}

/// Lets the line run dry for a while. None when it has closed.
async fn wait(line: &mut MirrorLine, most: Duration) -> Option<()> {
    let until = tokio::time::Instant::now() + most;
    loop {
        match tokio::time::timeout_at(until, line.line.recv()).await {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(_) => return Some(()),
        }
    }
}

async fn build(
    mirror: &Mirror,
    nexus: &str,
    generation: &str,
    old: Option<&str>,
    keeper: &Sender<KeeperJob>,
) -> Result<Writer, MirrorError> {
    // A Redis that is away is found out before the whole state is read.
    mirror.begin(nexus, generation).await?;
    let (done, everything) = tokio::sync::oneshot::channel();
    let _ = keeper.send(KeeperJob::Everything { done });
    let mut writer = Writer::new(generation.to_owned());
    for world in everything.await.unwrap_or_default() {
        let changes = writer.changes(Fed::Cut(Box::new(world), Instant::now()));
        mirror.write(nexus, generation, &changes).await?;
    }
    mirror.switch(nexus, generation).await?;
    if let Some(old) = old
        && let Err(error) = mirror.remove(nexus, old).await
    {
        tracing::debug!(%error, old, "something of an old mirror is left over");
    }
    Ok(writer)
}

/// What is known of the last state of what is written, where a change alone does not tell.
struct Writer {
    generation: String,
    /// Incarnation and sequence of the last cut of each world that is in. Older ones may still be in the line.
    at: HashMap<WorldId, (u64, u64)>,
    rules: HashMap<WorldId, BTreeMap<RuleId, u32>>,
    players: HashMap<i64, (String, bool, i64)>,
}

impl Writer {
    fn new(generation: String) -> Self {
        Self { generation, at: HashMap::new(), rules: HashMap::new(), players: HashMap::new() }
    }

    fn changes(&mut self, fed: Fed) -> Vec<MirrorChange> {
        let cut = match fed {
            Fed::Gone(spawn) => {
                self.at.remove(&spawn);
                self.rules.remove(&spawn);
                return vec![MirrorChange::Gone { spawn }];
            }
            Fed::Cut(cut, _) => *cut,
        };
        let (spawn, at) = (cut.spawn, (cut.incarnation, cut.seq));
        // The mirror was built of later ones: what this one changed may have changed again.
        if self.at.get(&spawn).is_some_and(|last| at <= *last) {
            return Vec::new();
        }
        self.at.insert(spawn, at);
        let mut changes = Vec::with_capacity(cut.changes.len() + 1);
        if cut.full {
            changes.push(MirrorChange::Gone { spawn });
        }
        changes.push(MirrorChange::Lease { spawn, epoch: cut.epoch, incarnation: cut.incarnation, seq: cut.seq });
        for (key, value) in cut.changes {
            changes.extend(self.thing(spawn, &key, value.as_deref()));
        }
        let rules: BTreeMap<RuleId, u32> = cut.rules.into_iter().collect();
        let before = self.rules.insert(spawn, rules.clone()).unwrap_or_default();
        let gone = before.keys().filter(|rule| !rules.contains_key(rule)).map(|rule| (*rule, 0));
        let changed = rules.iter().filter(|(rule, count)| before.get(rule) != Some(count)).map(|(r, c)| (*r, *c));
        changes.extend(gone.chain(changed).map(|(rule, count)| MirrorChange::Rule { spawn, rule, count }));
        changes
    }

    fn thing(&mut self, spawn: WorldId, key: &[u8], value: Option<&[u8]>) -> Option<MirrorChange> {
        let (tag, rest) = key.split_first()?;
        let id = i64::read(rest)?;
        let (kind, json) = match tag {
            b'M' => (
                MirrorKind::Mob,
                value.and_then(|v| decode::<Mob>(v).ok()).map(|m| json!({"template": m.template, "room": m.room})),
            ),
            b'I' => (
                MirrorKind::Item,
                value
                    .and_then(|v| decode::<Item>(v).ok())
                    .map(|i| json!({"template": i.template, "place": place(i.place)})),
            ),
            b'P' => {
                let player = value.and_then(|v| decode::<Player>(v).ok());
                let Some(player) = player else {
                    self.players.remove(&id);
                    return Some(MirrorChange::Thing { spawn, kind: MirrorKind::Player, id, json: None });
                };
                let known = self.players.entry(id).or_default();
                (known.0, known.1) = (player.name, player.is_linkless);
                (MirrorKind::Player, Some(player_json(known)))
            }
            b'p' => {
                let presence = value.and_then(|v| decode::<Presence>(v).ok())?;
                let known = self.players.entry(id).or_default();
                known.2 = presence.room;
                (MirrorKind::Player, Some(player_json(known)))
            }
            _ => return None,
        };
        Some(MirrorChange::Thing { spawn, kind, id, json: json.map(|json| json.to_string()) })
    }
}

fn player_json((name, linkless, room): &(String, bool, i64)) -> serde_json::Value {
    json!({"name": name, "room": room, "linkless": linkless})
}

fn place(place: Place) -> String {
    match place {
        Place::Room(room) => see::room_key(room),
        Place::Carried(who) | Place::Worn(who, _) => see::who_key(who),
        Place::Inside(item) => see::item_key(item),
    }
}
