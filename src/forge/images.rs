//! The Forge's images of running worlds: the last canonical snapshot of each world's whole value, brought forward by what
//! changed. A save is one transaction over records and characters, so that both are of one moment. The records mean
//! nothing here; their digest is the nexus's to check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Error;

use super::internal::InternalError;
use super::{Db, characters};
use crate::world::character::Character;
use crate::world::internal::{ImageInfo, ImageSave, Saved};
use crate::world::template::WorldId;

/// Records and removals of one save.
pub const IMAGE_RECORDS_MAX: usize = 1_000_000;

/// The image of a spawn, if one was saved.
pub async fn info(client: &impl GenericClient, spawn: WorldId) -> Result<Option<ImageInfo>, Error> {
    let row =
        client.query_opt("select incarnation, seq, records, digest from image where spawn_id = $1", &[&spawn]).await?;
    Ok(row.map(|row| ImageInfo {
        incarnation: row.get::<_, i64>(0).cast_unsigned(),
        seq: row.get::<_, i64>(1).cast_unsigned(),
        records: row.get::<_, i64>(2).cast_unsigned(),
        digest: row.get(3),
    }))
}

/// All records of a spawn's image by key, as postcard of `Vec<(Vec<u8>, Vec<u8>)>`.
pub async fn read(db: &Db, spawn: WorldId) -> Result<Vec<u8>, InternalError> {
    let client = db.get().await?;
    if info(&client, spawn).await?.is_none() {
        return Err(InternalError::not_found("unknown_image", format!("World {spawn} has no image here.")));
    }
    let rows = client.query("select key, value from image_record where spawn_id = $1 order by key", &[&spawn]).await?;
    let records: Vec<(&[u8], &[u8])> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    postcard::to_stdvec(&records).map_err(|error| InternalError::Fault(error.to_string()))
}

/// Brings an image forward, together with the characters of the same moment. A save that comes twice is answered twice and
/// written once. One that does not follow the image here is refused as `image_gap`: the nexus then sends all records.
pub async fn save(db: &Db, save: &ImageSave) -> Result<Saved, InternalError> {
    let (keys, values, removed) = decode(save)?;
    let mut client = db.get().await?;
    let transaction = client.transaction().await?;
    check_lease(&transaction, save.spawn, &save.nexus, save.epoch).await?;
    let answer = Saved {
        incarnation: save.incarnation,
        seq: save.seq,
        characters: u32::try_from(save.characters.len()).unwrap_or(u32::MAX),
    };
    let before = info(&transaction, save.spawn).await?;
    let known = |image: &ImageInfo| (image.incarnation, image.seq) == (save.incarnation, save.seq);
    if before.as_ref().is_some_and(|image| known(image) && image.digest == save.digest) {
        return Ok(answer);
    }
    match (save.since, &before) {
        (None, _) => {
            transaction.execute("delete from image_record where spawn_id = $1", &[&save.spawn]).await?;
        }
        (Some(since), Some(image)) if (image.incarnation, image.seq) == (save.incarnation, since) => {}
        (Some(since), image) => {
            let here = image.as_ref().map_or("none".to_owned(), |image| format!("{}", image.seq));
            let text = format!("The image of world {} here is {here}, not {since}; send all records.", save.spawn);
            return Err(InternalError::conflict("image_gap", text));
        }
    }
    transaction
        .execute(
            "insert into image (spawn_id, incarnation, seq, records, digest, epoch, nexus)
             values ($1, $2, $3, 0, $4, $5, $6)
             on conflict (spawn_id) do update set incarnation = excluded.incarnation, seq = excluded.seq,
                 digest = excluded.digest, epoch = excluded.epoch, nexus = excluded.nexus, saved_ts = now()",
            &[
                &save.spawn,
                &save.incarnation.cast_signed(),
                &save.seq.cast_signed(),
                &save.digest,
                &save.epoch,
                &save.nexus,
            ],
        )
        .await?;
    transaction
        .execute("delete from image_record where spawn_id = $1 and key = any($2)", &[&save.spawn, &removed])
        .await?;
    transaction
        .execute(
            "insert into image_record (spawn_id, key, value) select $1, * from unnest($2::bytea[], $3::bytea[])
             on conflict (spawn_id, key) do update set value = excluded.value",
            &[&save.spawn, &keys, &values],
        )
        .await?;
    transaction
        .execute(
            "update image set records = (select count(*) from image_record where spawn_id = $1) where spawn_id = $1",
            &[&save.spawn],
        )
        .await?;
    for character in &save.characters {
        // An image is of an earlier moment: one who has left since then was saved by the leaving.
        if store(&transaction, save.spawn, character, Hold::Needed).await?.is_none() {
            tracing::debug!(spawn = save.spawn, player = character.id, "a character is not this world's; not saved");
        }
    }
    transaction.commit().await?;
    Ok(answer)
}

/// Refuses a caller that does not hold this lease, and keeps the lease from moving until the transaction ends.
pub async fn check_lease(
    transaction: &Transaction<'_>,
    spawn: WorldId,
    nexus: &str,
    epoch: i64,
) -> Result<WorldId, InternalError> {
    let row = transaction
        .query_opt("select world_id, nexus, epoch from spawn where id = $1 for no key update", &[&spawn])
        .await?
        .ok_or_else(|| InternalError::not_found("unknown_world", format!("There is no world {spawn}.")))?;
    let (holder, current): (Option<String>, i64) = (row.get(1), row.get(2));
    if holder.as_deref() != Some(nexus) || current != epoch {
        let text = format!("The lease of world {spawn} is {current}, not {epoch} of {nexus}.");
        return Err(InternalError::conflict("epoch", text));
    }
    Ok(row.get(0))
}

/// Whether a world may store a character that nobody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    Needed,
    /// The character is its own world's still: its entry may have been given up while its save was on the way.
    NeededUnlessFree,
}

/// Stores a character of the world and says how often it was stored by now; None where it is another world's, or gone.
pub async fn store(
    transaction: &Transaction<'_>,
    spawn: WorldId,
    character: &Character,
    hold: Hold,
) -> Result<Option<i64>, Error> {
    let mine = transaction
        .query_opt(
            "update player set saves = saves + 1
             where id = $1 and spawn_id = $2 and (held_by_spawn = $2 or ($3 and held_by_spawn is null)) returning saves",
            &[&character.id, &spawn, &(hold == Hold::NeededUnlessFree)],
        )
        .await?;
    let Some(row) = mine else { return Ok(None) };
    let stored = characters::store(transaction, character).await?;
    Ok(stored.then(|| row.get(0)))
}

type Records = (Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<Vec<u8>>);

fn decode(save: &ImageSave) -> Result<Records, InternalError> {
    if save.records.len() > IMAGE_RECORDS_MAX {
        return Err(InternalError::bad_request(format!("More than {IMAGE_RECORDS_MAX} records in one save.")));
    }
    let raw = |text: &str| STANDARD.decode(text).map_err(|_| InternalError::bad_request("A record is not base64."));
    let (mut keys, mut values, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for (key, value) in &save.records {
        match value {
            Some(value) => {
                keys.push(raw(key)?);
                values.push(raw(value)?);
            }
            None => removed.push(raw(key)?),
        }
    }
    Ok((keys, values, removed))
}
