//! The lobby: which worlds there are, for whom, and what one sees of a world before entering it.
//! Every list is a page; the sections of the front page are short pages of the same lists.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use deadpool_postgres::GenericClient;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{User, UserView};
use super::body::{Asked, Page, Paging, Params};
use super::roots::{Root, intro_world};
use super::summary::{self, PlayerSummary};
use super::world_page::{LobbyWorld, detail, filled};
use super::{App, AppError};

/// Worlds per section of the front page.
const SECTION_LENGTH: i64 = 10;
/// Characters of a search text that are looked at.
const SEARCH_MAX: usize = 100;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(front))
        .routes(routes!(home))
        .routes(routes!(search))
        .routes(routes!(world_or_section))
}

/// A world in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorldCard {
    pub id: i64,
    pub key: String,
    /// In capitals.
    pub name: String,
    pub short_description: String,
    pub description: String,
    pub built_by: String,
    pub is_multiplayer: bool,
    pub num_characters: i64,
    pub small_background: Option<String>,
}

/// Which worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    /// Public, those with the latest visitors first.
    Featured,
    /// Public, by members of the staff.
    StaffPicks,
    /// Not public yet; seen by those who build them and by staff.
    InDevelopment,
    /// Where the asker has characters.
    Playing,
    /// Which the asker builds.
    Building,
    /// The one for newcomers.
    Intro,
    /// Public.
    Public,
    /// Public, or visible to the asker.
    All,
    /// With somebody in them now.
    Online,
}

impl Section {
    fn of_path(name: &str) -> Option<Self> {
        Some(match name {
            "featured" => Self::Featured,
            "playing" => Self::Playing,
            "building" | "user" => Self::Building,
            "dev" => Self::InDevelopment,
            "intro" => Self::Intro,
            "public" | "reviewed" | "published" | "discover" => Self::Public,
            "all" => Self::All,
            "online" => Self::Online,
            _ => return None,
        })
    }

    /// A condition on world `w` for the asker `$1` (null: nobody) and the intro world `$2`, and an order.
    fn sql(self) -> (&'static str, &'static str) {
        const NEWEST: &str = "w.last_entered_ts desc nulls last, w.id";
        const MINE: &str = "(w.author_id = $1 or exists (select from world_builder b
                                where b.world_id = w.id and b.user_id = $1))";
        match self {
            Self::Featured => ("w.is_public", NEWEST),
            Self::StaffPicks => (
                "w.is_public and (w.author_id is null
                    or exists (select from app_user a where a.id = w.author_id and a.is_staff))",
                NEWEST,
            ),
            Self::InDevelopment => (
                "not w.is_public and (w.author_id = $1
                    or exists (select from world_builder b where b.world_id = w.id and b.user_id = $1)
                    or exists (select from app_user a where a.id = $1 and a.is_staff))",
                "w.changed_ts desc, w.id",
            ),
            Self::Playing => (
                "exists (select from player p
                    where p.root_id = w.id and p.user_id = $1 and p.pending_deletion_ts is null)",
                "(select max(coalesce(p.last_connection_ts, p.created_ts)) from player p
                    where p.root_id = w.id and p.user_id = $1 and p.pending_deletion_ts is null) desc, w.id",
            ),
            Self::Building => (MINE, "w.changed_ts desc, w.id"),
            Self::Intro => ("w.id = $2", "w.id"),
            Self::Public => ("w.is_public", "w.name, w.id"),
            Self::All => (
                "(w.is_public or w.author_id = $1
                    or exists (select from world_builder b where b.world_id = w.id and b.user_id = $1)
                    or exists (select from app_user a where a.id = $1 and a.is_staff))",
                "w.name, w.id",
            ),
            Self::Online => {
                ("w.is_public and exists (select from player p where p.root_id = w.id and p.in_game)", NEWEST)
            }
        }
    }
}

/// Everything of the lobby's first page.
#[derive(Serialize, ToSchema)]
struct Front {
    /// At most four.
    recent_characters: Vec<PlayerSummary>,
    featured: Vec<WorldCard>,
    staff_picks: Vec<WorldCard>,
    in_development: Vec<WorldCard>,
    playing: Vec<WorldCard>,
    building: Vec<WorldCard>,
    intro: Vec<WorldCard>,
}

/// The lobby's first page.
#[utoipa::path(get, path = "/lobby/", tag = "lobby", responses((status = 200, body = Front)),
               security(("bearer" = [])))]
async fn front(State(app): State<App>, user: User) -> Result<Json<Front>, AppError> {
    let client = app.db.get().await?;
    let user_id = Some(user.id);
    let section = async |section| cards(&app, &client, section, user_id, SECTION_LENGTH, 0).await;
    Ok(Json(Front {
        recent_characters: summary::recent(&client, user.id, summary::RECENT_LENGTH, 0).await?,
        featured: section(Section::Featured).await?,
        staff_picks: section(Section::StaffPicks).await?,
        in_development: section(Section::InDevelopment).await?,
        playing: section(Section::Playing).await?,
        building: section(Section::Building).await?,
        intro: section(Section::Intro).await?,
    }))
}

#[derive(Serialize, ToSchema)]
struct Home {
    patrons: Vec<UserView>,
    worlds: Vec<WorldCard>,
}

/// What strangers see. It never fails: without its database it is empty.
#[utoipa::path(get, path = "/lobby/homedata/", tag = "lobby", responses((status = 200, body = Home)))]
async fn home(State(app): State<App>) -> Json<Home> {
    let worlds = async {
        let client = app.db.get().await?;
        cards(&app, &client, Section::Featured, None, SECTION_LENGTH, 0).await
    };
    let worlds = worlds.await.unwrap_or_else(|error: AppError| {
        tracing::warn!(?error, "the home page shows no worlds");
        Vec::new()
    });
    Json(Home { patrons: Vec::new(), worlds })
}

#[derive(Deserialize, IntoParams)]
struct Search {
    /// Part of a name, or an id. Empty finds nothing.
    #[serde(default)]
    q: String,
    /// "false" also finds worlds that are not public but visible to the asker.
    #[serde(default)]
    reviewed: String,
}

/// Worlds by name.
#[utoipa::path(get, path = "/lobby/worlds/search/", tag = "lobby", params(Search),
               responses((status = 200, body = Page<WorldCard>)),
               security((), ("bearer" = [])))]
async fn search(
    State(app): State<App>,
    user: Option<User>,
    Asked(search): Asked<Search>,
    paging: Paging,
) -> Result<Page<WorldCard>, AppError> {
    let text: String = search.q.trim().chars().filter(|c| *c != '\0').take(SEARCH_MAX).collect();
    if text.is_empty() {
        return paging.envelope(0, Vec::new());
    }
    let section = if search.reviewed.eq_ignore_ascii_case("false") { Section::All } else { Section::Public };
    let client = app.db.get().await?;
    let (condition, order) = section.sql();
    let id: Option<i64> = text.parse().ok();
    // A number is an id; anything else a part of the name, its wildcards taken literally.
    let from = format!(
        "from world w where not w.is_archived and {condition} and {TYPED}
         and case when $2::int8 is null then position(lower($3) in lower(w.name)) > 0 else w.id = $2 end"
    );
    let user_id = user.map(|u| u.id);
    let count = format!("select count(*) {from}");
    let total: i64 = client.query_one(&count, &[&user_id, &id, &text]).await?.get(0);
    let sql = format!("select {CARD_COLUMNS} {from} order by {order} limit $4 offset $5");
    let rows = client.query(&sql, &[&user_id, &id, &text, &paging.size, &paging.offset()]).await?;
    paging.envelope(total, rows.iter().map(card).collect())
}

/// A world by id, key (`world.N`) or slug; or a section: `playing`, `building`, `public`, `reviewed`, `published`,
/// `featured`, `discover`, `dev`, `intro`, `all`, `user`, `online`.
#[utoipa::path(get, path = "/lobby/worlds/{world}/", tag = "lobby", params(("world" = String, Path)),
               responses((status = 200, body = LobbyWorld)),
               security((), ("bearer" = [])))]
async fn world_or_section(
    State(app): State<App>,
    user: Option<User>,
    Params(name): Params<String>,
    paging: Paging,
) -> Result<Response, AppError> {
    let client = app.db.get().await?;
    let Some(section) = Section::of_path(&name) else {
        let root = Root::visible(&client, &name, user.as_ref()).await?;
        return Ok(Json(detail(&client, &root, user.as_ref()).await?).into_response());
    };
    if user.is_none() && matches!(section, Section::Playing | Section::Building | Section::InDevelopment) {
        return Err(AppError::login_required());
    }
    let user_id = user.map(|u| u.id);
    let total = count(&app, &client, section, user_id).await?;
    let results = cards(&app, &client, section, user_id, paging.size, paging.offset()).await?;
    Ok(paging.envelope(total, results)?.into_response())
}

/// Tells Postgres the types of parameters that a section does not use. Always true.
const TYPED: &str = "($1::int8 is null or true) and ($2::int8 is null or true)";

const CARD_COLUMNS: &str = "w.id, w.name, w.short_description, w.description, w.built_by, w.is_multiplayer,
    w.spec->>'small_background' as small_background,
    (select count(*) from player p where p.root_id = w.id and p.pending_deletion_ts is null) as num_characters";

async fn cards(
    app: &App,
    client: &impl GenericClient,
    section: Section,
    user_id: Option<i64>,
    limit: i64,
    offset: i64,
) -> Result<Vec<WorldCard>, AppError> {
    let (condition, order) = section.sql();
    let intro = if section == Section::Intro { intro_world(app, client).await? } else { None };
    let sql = format!(
        "select {CARD_COLUMNS} from world w
         where not w.is_archived and {condition} and {TYPED}
         order by {order} limit $3 offset $4"
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&user_id, &intro, &limit, &offset]).await?;
    Ok(rows.iter().map(card).collect())
}

async fn count(
    app: &App,
    client: &impl GenericClient,
    section: Section,
    user_id: Option<i64>,
) -> Result<i64, AppError> {
    let (condition, _) = section.sql();
    let intro = if section == Section::Intro { intro_world(app, client).await? } else { None };
    let sql = format!(
        "select count(*) from world w
         where not w.is_archived and {condition} and {TYPED}"
    );
    let statement = client.prepare_cached(&sql).await?;
    Ok(client.query_one(&statement, &[&user_id, &intro]).await?.get(0))
}

fn card(row: &Row) -> WorldCard {
    let id: i64 = row.get("id");
    WorldCard {
        id,
        key: format!("world.{id}"),
        name: row.get::<_, String>("name").to_uppercase(),
        short_description: row.get("short_description"),
        description: row.get("description"),
        built_by: row.get("built_by"),
        is_multiplayer: row.get("is_multiplayer"),
        num_characters: row.get("num_characters"),
        small_background: filled(row.get("small_background")),
    }
}
