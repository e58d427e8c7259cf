//! Errands: what worlds ask of the Forge, each carried out exactly once. An answer is stored in the transaction that did
//! the work, under the errand's id and the hash of its content; the same id gets the same answer, and another content under
//! a known id is refused loudly, because then two histories of one world exist.

use sha2::{Digest, Sha256};

use super::internal::InternalError;
use super::{App, Db, images, loaders, population, spawns};
use crate::world::character::Character;
use crate::world::internal::{Answer, Errand, ErrandCall, ErrandReply, LoaderQuery, Population, WhoisCard};
use crate::world::kinds::{Archetype, Gender};
use crate::world::template::WorldId;

/// Answers are kept for so many days: a nexus that was down for longer has its errands carried out again, which its
/// world still waits for.
const ANSWERS_KEPT_DAYS: i32 = 30;

/// Carries an errand out, or says again what it was answered.
pub async fn answer(app: &App, call: &ErrandCall) -> Result<ErrandReply, InternalError> {
    let hash = content_hash(&call.errand)?;
    let mut client = app.db.get().await?;
    if let Some(answer) = known(&client, call, &hash).await? {
        return Ok(ErrandReply { id: call.id, answer });
    }
    // Population and templates may take a while: they are asked for before the transaction, and outside of it.
    let plan = match &call.errand {
        Errand::RunLoaders(query) => {
            drop(client);
            let plan = run_loaders(app, call, query).await?;
            client = app.db.get().await?;
            Some(plan)
        }
        _ => None,
    };
    let transaction = client.transaction().await?;
    let root = images::check_lease(&transaction, call.spawn, &call.nexus, call.epoch).await?;
    // The lease's row is locked now: of two that send the same errand the second finds the first one's answer.
    if let Some(answer) = known(&transaction, call, &hash).await? {
        return Ok(ErrandReply { id: call.id, answer });
    }
    let answer = match (&call.errand, plan) {
        (Errand::RunLoaders(_), plan) => Answer::Load(plan.unwrap_or_default()),
        (Errand::SaveCharacter { character, release }, _) => save(&transaction, call, character, *release).await?,
        (Errand::GrantIds, _) => {
            let (start, end) = spawns::grant_ids(&transaction, call.spawn, call.epoch).await?;
            Answer::Ids { start, end }
        }
        (Errand::Whois { name }, _) => Answer::Whois { found: whois(&transaction, root, name).await? },
    };
    let stored = serde_json::to_value(&answer).map_err(|error| InternalError::Fault(error.to_string()))?;
    transaction
        .execute(
            "insert into errand (spawn_id, incarnation, seq, ordinal, kind, content_hash, answer)
             values ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &call.spawn,
                &call.id.incarnation.cast_signed(),
                &call.id.seq.cast_signed(),
                &call.id.ordinal.cast_signed(),
                &kind(&call.errand),
                &&hash[..],
                &stored,
            ],
        )
        .await?;
    transaction.commit().await?;
    Ok(ErrandReply { id: call.id, answer })
}

/// Forgets answers that no world can ask for again. Called now and then.
pub async fn forget_old(db: &Db) -> Result<u64, InternalError> {
    let client = db.get().await?;
    let old = "delete from errand where answered_ts < now() - make_interval(days => $1)";
    Ok(client.execute(old, &[&ANSWERS_KEPT_DAYS]).await?)
}

async fn known(
    client: &impl deadpool_postgres::GenericClient,
    call: &ErrandCall,
    hash: &[u8; 32],
) -> Result<Option<Answer>, InternalError> {
    let row = client
        .query_opt(
            "select content_hash, answer from errand
             where spawn_id = $1 and incarnation = $2 and seq = $3 and ordinal = $4",
            &[
                &call.spawn,
                &call.id.incarnation.cast_signed(),
                &call.id.seq.cast_signed(),
                &call.id.ordinal.cast_signed(),
            ],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.get::<_, &[u8]>(0) != hash {
        tracing::error!(nexus = %call.nexus, spawn = call.spawn, id = ?call.id, "an errand's id came with another content");
        let text = format!("Errand {:?} of world {} is known with another content.", call.id, call.spawn);
        return Err(InternalError::conflict("content", text));
    }
    let answer = serde_json::from_value(row.get(1));
    answer.map(Some).map_err(|error| InternalError::Fault(format!("a stored answer is not understood: {error}")))
}

async fn run_loaders(
    app: &App,
    call: &ErrandCall,
    query: &LoaderQuery,
) -> Result<crate::world::internal::LoadPlan, InternalError> {
    let client = app.db.get().await?;
    let row = client
        .query_opt(
            "select coalesce(s.templates, w.templates), n.url from spawn s join world w on w.id = s.world_id
             join nexus n on n.name = s.nexus where s.id = $1 and s.nexus = $2 and s.epoch = $3",
            &[&call.spawn, &call.nexus, &call.epoch],
        )
        .await?
        .ok_or_else(|| InternalError::conflict("epoch", format!("{} holds no such lease.", call.nexus)))?;
    let (hash, url): (Option<String>, String) = (row.get(0), row.get(1));
    let hash = hash.ok_or_else(|| InternalError::Fault(format!("world {} has no templates", call.spawn)))?;
    let templates = app.template_sets.get(&client, &hash).await?;
    drop(client);
    let population = if query.initial {
        Population::default()
    } else {
        population::of(app, &call.nexus, &url, call.spawn, call.epoch).await?
    };
    Ok(loaders::plan(&templates, &population, query, |conditions| loaders::facts_hold(conditions, &query.facts)))
}

async fn save(
    transaction: &deadpool_postgres::Transaction<'_>,
    call: &ErrandCall,
    character: &Character,
    release: bool,
) -> Result<Answer, InternalError> {
    let Some(version) = images::store(transaction, call.spawn, character, images::Hold::NeededUnlessFree).await? else {
        let text = format!("Character {} is not held by world {}.", character.id, call.spawn);
        tracing::error!(nexus = %call.nexus, %text, "a save was refused");
        return Ok(Answer::Refused { code: "not_held".into(), text });
    };
    if release {
        transaction
            .execute(
                "update player set held_by_spawn = null, held_epoch = null, in_game = false, last_action_ts = now()
                 where id = $1",
                &[&character.id],
            )
            .await?;
        transaction.execute("delete from entry where player_id = $1", &[&character.id]).await?;
        transaction
            .execute("insert into player_event (player_id, event) values ($1, 'logout')", &[&character.id])
            .await?;
    }
    Ok(Answer::Saved { version })
}

async fn whois(
    client: &impl deadpool_postgres::GenericClient,
    root: WorldId,
    name: &str,
) -> Result<Option<WhoisCard>, InternalError> {
    let row = client
        .query_opt(
            "select id, name, title, level, gender, archetype, core_faction, description from player
             where root_id = $1 and lower(name) = $2 and pending_deletion_ts is null order by id limit 1",
            &[&root, &name.trim().replace('\0', "").to_lowercase()],
        )
        .await?;
    Ok(row.map(|row| WhoisCard {
        id: row.get(0),
        name: row.get(1),
        title: row.get(2),
        level: u32::try_from(row.get::<_, i32>(3)).unwrap_or(1),
        gender: Gender::parse(row.get(4)).unwrap_or_default(),
        archetype: Archetype::parse(row.get(5)).unwrap_or_default(),
        core_faction: row.get(6),
        description: row.get(7),
    }))
}

/// Of the errand alone: one that is open over a change of lease is still the same.
fn content_hash(errand: &Errand) -> Result<[u8; 32], InternalError> {
    let bytes = serde_json::to_vec(errand).map_err(|error| InternalError::Fault(error.to_string()))?;
    Ok(Sha256::digest(bytes).into())
}

fn kind(errand: &Errand) -> &'static str {
    match errand {
        Errand::RunLoaders(_) => "run_loaders",
        Errand::SaveCharacter { .. } => "save_character",
        Errand::GrantIds => "grant_ids",
        Errand::Whois { .. } => "whois",
    }
}
