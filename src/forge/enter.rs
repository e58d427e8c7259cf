//! Entering a world: every check in its order and with its words, the start of a world that sleeps, the hold on the
//! character, the ticket to its nexus. The world is the character's own; what else the client names is ignored.

use std::net::IpAddr;
use std::time::Duration;

use deadpool_postgres::{Client, GenericClient};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::UNAVAILABLE_TEXT;
use super::spawns::{self, Declined};
use super::{App, PLATFORM_NAME, characters};
use crate::link::LinkError;
use crate::world::character::{Account, PlayerConfig, PlayerId};
use crate::world::internal::{Population, Ticket};
use crate::world::template::WorldId;

/// How long a granted entry waits for the client's game socket, in seconds.
pub const TICKET_SECONDS: i64 = 120;
/// A linked account's character that did something within this time counts as being played.
const ACTIVE_SECONDS: f64 = 300.0;
const SAVING: &str = "Character is being saved, please try again in a minute.";
const OTHER_CHARACTER: &str = "You are logged on another character.";

/// The character, its account and its world, as the checks need them.
struct Arrival {
    player: PlayerId,
    spawn: WorldId,
    root: WorldId,
    lifecycle: String,
    is_staff: bool,
    is_temporary: bool,
    is_confirmed: bool,
    is_invalid: bool,
    is_banned: bool,
    is_banned_here: bool,
    is_immortal: bool,
    is_builder: bool,
    builder_rank: i32,
    is_multiplayer: bool,
    is_disabled: bool,
    closed: Option<String>,
    site_closed: bool,
    account_name: String,
    link_id: Option<i64>,
}

/// Lets a character of an account into its world: the `job_data` of `enter_world`.
pub async fn enter_world(app: &App, account: i64, address: IpAddr, player: PlayerId) -> Result<Value, Declined> {
    let looking = async {
        let client = app.db.get().await?;
        let arrival = arrival(&client, account, player).await?;
        let sleeps = matches!(arrival.lifecycle.as_str(), "new" | "stopped");
        if sleeps {
            spawns::start_preflight(&client, arrival.spawn, arrival.is_staff).await?;
        }
        check_visitor(&client, account, &arrival).await?;
        Ok((client, arrival, sleeps))
    };
    // A database that hangs says nothing, not even that it is away.
    let most = Duration::from_secs(app.options.limits.request_seconds.max(1));
    let late = |_| Err(Declined::new(UNAVAILABLE_TEXT));
    let (client, mut arrival, sleeps) = tokio::time::timeout(most, looking).await.unwrap_or_else(late)?;
    if sleeps || arrival.lifecycle == "starting" {
        // Not before the checks: who may not come in starts nothing.
        check_address(&client, address).await?;
        drop(client);
        spawns::start(app, arrival.spawn, arrival.is_staff).await?;
        arrival.lifecycle = "running".into();
    } else {
        drop(client);
    }
    if arrival.lifecycle != "running" {
        return Err(Declined::new(format!("World cannot be entered in '{}' state.", arrival.lifecycle)));
    }
    check_siblings(app, account, &arrival).await?;
    let client = app.db.get().await?;
    check_address(&client, address).await?;
    admit(app, client, account, address, &arrival).await
}

async fn arrival(client: &impl GenericClient, account: i64, player: PlayerId) -> Result<Arrival, Declined> {
    let row = client
        .query_opt(
            "select p.id, p.spawn_id, p.root_id, s.lifecycle, p.noplay as banned_here, p.is_immortal,
                 u.is_staff, u.is_temporary, u.is_confirmed, u.is_invalid, u.noplay, u.link_id,
                 coalesce(u.name, '') as account_name, w.is_multiplayer, w.no_start or w.is_archived as disabled,
                 case when w.maintenance_mode then w.maintenance_msg end as closed,
                 (select maintenance_mode from site where name = 'prod') as site_closed,
                 u.is_staff or w.author_id is not distinct from u.id or exists
                     (select 1 from world_builder b where b.world_id = w.id and b.user_id = u.id) as is_builder,
                 case when u.is_staff or w.author_id is not distinct from u.id then 4 else coalesce
                     ((select b.rank from world_builder b where b.world_id = w.id and b.user_id = u.id), 0) end::int4 as builder_rank
             from player p join app_user u on u.id = p.user_id join spawn s on s.id = p.spawn_id
             join world w on w.id = p.root_id
             where p.id = $1 and p.user_id = $2 and p.pending_deletion_ts is null",
            &[&player, &account],
        )
        .await?
        .ok_or_else(|| Declined::new("You have no such character."))?;
    Ok(Arrival {
        player,
        spawn: row.get("spawn_id"),
        root: row.get("root_id"),
        lifecycle: row.get("lifecycle"),
        is_staff: row.get("is_staff"),
        is_temporary: row.get("is_temporary"),
        is_confirmed: row.get("is_confirmed"),
        is_invalid: row.get("is_invalid"),
        is_banned: row.get("noplay"),
        is_banned_here: row.get("banned_here"),
        is_immortal: row.get("is_immortal"),
        is_builder: row.get("is_builder"),
        builder_rank: row.get("builder_rank"),
        is_multiplayer: row.get("is_multiplayer"),
        is_disabled: row.get("disabled"),
        closed: row.get("closed"),
        site_closed: row.get("site_closed"),
        account_name: row.get("account_name"),
        link_id: row.get("link_id"),
    })
}

/// The checks before the world's state is looked at, in the order of the domain.
async fn check_visitor(client: &impl GenericClient, account: i64, arrival: &Arrival) -> Result<(), Declined> {
    if arrival.site_closed && !arrival.is_staff {
        return Err(Declined::new(format!(
            "Unable to enter world: {PLATFORM_NAME} is undergoing maintenance. Please try again later."
        )));
    }
    if arrival.is_invalid {
        return Err(Declined::new("Your e-mail address is invalid. Unable to enter worlds."));
    }
    if arrival.is_banned {
        return Err(Declined::new("You have been banned from entering worlds."));
    }
    if arrival.is_banned_here {
        return Err(Declined::new("You are banned from this world."));
    }
    if arrival.is_disabled && !arrival.is_staff {
        return Err(Declined::new("World is disabled."));
    }
    if let Some(message) = &arrival.closed
        && !arrival.is_immortal
    {
        let text = if message.is_empty() { "World is temporarily closed." } else { message };
        return Err(Declined::new(text));
    }
    if arrival.is_multiplayer && !arrival.is_immortal && plays_another(client, account, arrival).await? {
        return Err(Declined::new(OTHER_CHARACTER));
    }
    Ok(())
}

/// Whether another character of the same person plays this world. Those of the same account in the same spawn are looked
/// at where they are: see [`check_siblings`].
async fn plays_another(client: &impl GenericClient, account: i64, arrival: &Arrival) -> Result<bool, Declined> {
    let row = client
        .query_opt(
            "select 1 from player p join app_user u on u.id = p.user_id
             where p.root_id = $1 and p.id <> $2 and p.in_game and not p.is_immortal
                 and (u.id = $3 or u.link_id = $4) and not (u.id = $3 and p.spawn_id = $5)
                 and p.last_action_ts > now() - make_interval(secs => $6) limit 1",
            &[&arrival.root, &arrival.player, &account, &arrival.link_id, &arrival.spawn, &ACTIVE_SECONDS],
        )
        .await?;
    Ok(row.is_some())
}

/// Characters of the same account in the same spawn: one that is played refuses the newcomer, one without a connection
/// does not, since its world takes it out when the newcomer arrives. Only the nexus knows which is which.
async fn check_siblings(app: &App, account: i64, arrival: &Arrival) -> Result<(), Declined> {
    if !arrival.is_multiplayer || arrival.is_immortal {
        return Ok(());
    }
    let client = app.db.get().await?;
    let rows = client
        .query(
            "select p.id, n.url from player p join spawn s on s.id = p.spawn_id join nexus n on n.name = s.nexus
             where p.spawn_id = $1 and p.user_id = $2 and p.id <> $3 and p.held_by_spawn = $1 and not p.is_immortal",
            &[&arrival.spawn, &account, &arrival.player],
        )
        .await?;
    drop(client);
    let Some(first) = rows.first() else { return Ok(()) };
    let link = app.links.to(first.get(1)).map_err(|error| refusal(arrival.spawn, &error))?;
    let population: Result<Population, LinkError> = link.get(&format!("worlds/{}/population", arrival.spawn)).await;
    let inside = match population {
        Ok(population) => population,
        // It does not run there yet: nobody is in it.
        Err(LinkError::Refused { .. }) => return Ok(()),
        Err(error) => return Err(refusal(arrival.spawn, &error)),
    };
    let is_played = |id: PlayerId| inside.players.contains(&id) && !inside.linkless.contains(&id);
    if rows.iter().any(|row| is_played(row.get(0))) { Err(Declined::new(OTHER_CHARACTER)) } else { Ok(()) }
}

async fn check_address(client: &impl GenericClient, address: IpAddr) -> Result<(), Declined> {
    let banned = client.query_opt("select 1 from ip_ban where address = $1", &[&address]).await?;
    if banned.is_some() { Err(Declined::new("Your IP address has been banned.")) } else { Ok(()) }
}

/// Takes hold of the character, sends the ticket, and tells the client where to go.
async fn admit(
    app: &App,
    mut client: Client,
    account: i64,
    address: IpAddr,
    arrival: &Arrival,
) -> Result<Value, Declined> {
    let expires = OffsetDateTime::now_utc() + time::Duration::seconds(TICKET_SECONDS);
    let transaction = client.transaction().await?;
    let spawn = transaction
        .query_one(
            "select s.lifecycle, s.epoch, n.url, n.ws_uri, w.name, w.motd, w.description, w.built_by, w.created_ts,
                 coalesce((w.spec->>'is_classless')::boolean, false) as is_classless,
                 coalesce(a.name, '') as author
             from spawn s join world w on w.id = s.world_id left join nexus n on n.name = s.nexus
             left join app_user a on a.id = w.author_id where s.id = $1 for share of s",
            &[&arrival.spawn],
        )
        .await?;
    let lifecycle: String = spawn.get("lifecycle");
    let (Some(url), "running") = (spawn.get::<_, Option<String>>("url"), lifecycle.as_str()) else {
        return Err(Declined::new(format!("World cannot be entered in '{lifecycle}' state.")));
    };
    let epoch: i64 = spawn.get("epoch");
    let held = transaction
        .query_one("select held_by_spawn, saves from player where id = $1 for update", &[&arrival.player])
        .await?;
    let (held, version): (Option<WorldId>, i64) = (held.get(0), held.get(1));
    if held.is_some_and(|held| held != arrival.spawn) {
        return Err(Declined::new(SAVING));
    }
    let character = characters::load(&transaction, arrival.player).await?;
    let character = character.ok_or_else(|| Declined::new("You have no such character."))?;
    let config = player_config(&transaction, arrival.player).await?;
    transaction
        .execute(
            "update player set held_by_spawn = $2, held_epoch = $3, in_game = true, last_connection_ts = now(),
                 last_action_ts = now() where id = $1",
            &[&arrival.player, &arrival.spawn, &epoch],
        )
        .await?;
    transaction
        .execute(
            "insert into entry (player_id, spawn_id, epoch, expires_ts) values ($1, $2, $3, $4)
             on conflict (player_id) do update set spawn_id = excluded.spawn_id, epoch = excluded.epoch,
                 expires_ts = excluded.expires_ts",
            &[&arrival.player, &arrival.spawn, &epoch, &expires],
        )
        .await?;
    let factions = factions(&transaction, arrival.root).await?;
    transaction.commit().await?;
    drop(client);
    let ticket = Ticket {
        spawn: arrival.spawn,
        epoch,
        account: Account {
            id: account,
            name: arrival.account_name.clone(),
            is_staff: arrival.is_staff,
            is_temporary: arrival.is_temporary,
            is_confirmed: arrival.is_confirmed,
            is_builder: arrival.is_builder,
            builder_rank: u8::try_from(arrival.builder_rank).unwrap_or(0),
        },
        character,
        config,
        version,
        expires: expires.unix_timestamp(),
    };
    if let Err(error) = send_ticket(app, &url, &ticket).await {
        // Without an answer the ticket may have arrived: then the hold ends with it, and not before.
        if held.is_none() && matches!(error, LinkError::Refused { .. }) {
            let_go(app, arrival).await?;
        }
        return Err(refusal(arrival.spawn, &error));
    }
    record(app, arrival, address).await?;
    let ws_uri: String = spawn.get("ws_uri");
    let motd = Some(spawn.get::<_, String>("motd")).filter(|motd| !motd.is_empty());
    let author = Some(spawn.get::<_, String>("built_by")).filter(|built| !built.is_empty());
    Ok(json!({
        "player_id": arrival.player,
        "world": {
            "id": arrival.spawn, "key": format!("world.{}", arrival.spawn), "context_id": arrival.root,
            "name": spawn.get::<_, String>("name"), "description": spawn.get::<_, String>("description"),
            "author": author.unwrap_or_else(|| spawn.get("author")),
            "created_ts": spawn.get::<_, OffsetDateTime>("created_ts").format(&Rfc3339).unwrap_or_default(),
            "labels": {"attacks": {}, "effects": {}},
            "is_classless": spawn.get::<_, bool>("is_classless"), "instance_of_id": null, "factions": factions,
        },
        "player_config": config,
        "ws_uri": if ws_uri.is_empty() { &app.options.ws_uri } else { &ws_uri },
        "motd": motd,
    }))
}

/// A nexus that came back without the world is told to run it, once.
async fn send_ticket(app: &App, url: &str, ticket: &Ticket) -> Result<(), LinkError> {
    let link = app.links.to(url)?;
    match link.post::<Value>("enter", ticket).await {
        Err(LinkError::Refused { code, .. }) if code == "unknown_world" => {
            let again = spawns::start_again(app, ticket.spawn).await;
            again.map_err(|declined| LinkError::Unreachable(declined.0))?;
            link.post::<Value>("enter", ticket).await.map(|_| ())
        }
        other => other.map(|_| ()),
    }
}

/// The nexus's refusals are texts for the player, two of them with words of the contract.
fn refusal(spawn: WorldId, error: &LinkError) -> Declined {
    tracing::warn!(spawn, %error, "a nexus took no ticket");
    match error {
        LinkError::Refused { code, .. } if code == "saving" => Declined::new(SAVING),
        LinkError::Refused { code, .. } if code == "logged_on" => Declined::new(OTHER_CHARACTER),
        LinkError::Refused { code, text, .. } if code == "closed" => Declined::new(text),
        _ => Declined::new("The world cannot be reached just now. Please try again in a moment."),
    }
}

async fn let_go(app: &App, arrival: &Arrival) -> Result<(), Declined> {
    let client = app.db.get().await?;
    client
        .execute(
            "with gone as (delete from entry where player_id = $1 and spawn_id = $2 returning player_id)
             update player p set held_by_spawn = null, held_epoch = null, in_game = false
             from gone where p.id = gone.player_id and p.held_by_spawn = $2",
            &[&arrival.player, &arrival.spawn],
        )
        .await?;
    Ok(())
}

async fn record(app: &App, arrival: &Arrival, address: IpAddr) -> Result<(), Declined> {
    let client = app.db.get().await?;
    client
        .execute(
            "insert into player_event (player_id, event, address) values ($1, 'login', $2)",
            &[&arrival.player, &address],
        )
        .await?;
    client.execute("update world set last_entered_ts = now() where id = $1", &[&arrival.root]).await?;
    client
        .execute("update spawn set last_entered_ts = now(), last_played_ts = now() where id = $1", &[&arrival.spawn])
        .await?;
    Ok(())
}

async fn player_config(client: &impl GenericClient, player: PlayerId) -> Result<PlayerConfig, Declined> {
    let row = client
        .query_opt(
            "select room_brief, combat_brief, display_chat, idle_logout, mobile_map_width, display_connect
             from player_config where player_id = $1",
            &[&player],
        )
        .await?;
    Ok(row.map_or_else(PlayerConfig::default, |row| PlayerConfig {
        room_brief: row.get(0),
        combat_brief: row.get(1),
        display_chat: row.get(2),
        idle_logout: row.get(3),
        mobile_map_width: row.get(4),
        display_connect: row.get(5),
    }))
}

async fn factions(client: &impl GenericClient, root: WorldId) -> Result<Value, Declined> {
    let rows = client
        .query("select slug, name from faction where world_id = $1 and removed_ts is null order by slug", &[&root])
        .await?;
    let pair = |row: &tokio_postgres::Row| {
        let code: String = row.get(0);
        (code.clone(), json!({"code": code, "name": row.get::<_, String>(1)}))
    };
    Ok(Value::Object(rows.iter().map(pair).collect::<Map<_, _>>()))
}
