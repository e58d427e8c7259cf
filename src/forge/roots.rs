//! Root worlds as the lobby sees them: found by id, key or slug, and who may see or edit them.
//! What is in a world belongs to `worlds`; nothing here writes it.

use deadpool_postgres::GenericClient;
use tokio_postgres::{Error, Row};

use super::accounts::User;
use super::{App, AppError, names, spawns};
use crate::world::spec::WorldSpec;

/// A root world with its configuration.
pub struct Root {
    pub id: i64,
    pub author: Option<(i64, String)>,
    pub is_public: bool,
    pub spec: WorldSpec,
    /// The asker's builder rank; 4 for the author and staff, 0 for anyone else.
    pub rank: i16,
}

/// How somebody named a world.
pub enum Named<'a> {
    Id(i64),
    Slug(&'a str),
}

impl<'a> Named<'a> {
    /// From `1000`, `world.1000` or a slug.
    pub fn parse(text: &'a str) -> Self {
        let number = text.strip_prefix("world.").unwrap_or(text);
        number.parse().map_or(Self::Slug(text), Self::Id)
    }
}

impl Root {
    /// A root world that is not archived; None for anything else, spawns included.
    pub async fn find(
        client: &impl GenericClient,
        named: &Named<'_>,
        user: Option<&User>,
    ) -> Result<Option<Self>, AppError> {
        let (id, slug) = match named {
            Named::Id(id) => (Some(*id), None),
            Named::Slug(slug) => (None, Some(*slug)),
        };
        // Postgres holds no NUL, so no slug has one.
        if slug.is_some_and(|slug| slug.contains('\0')) {
            return Ok(None);
        }
        let statement = client
            .prepare_cached(
                "select w.id, w.is_public, w.spec, w.author_id, coalesce(a.name, '') as author,
                        coalesce(b.rank, 0::int2) as rank
                 from world w
                 left join app_user a on a.id = w.author_id
                 left join world_builder b on b.world_id = w.id and b.user_id = $3
                 where not w.is_archived and (w.id = $1 or w.slug = $2)",
            )
            .await?;
        let row = client.query_opt(&statement, &[&id, &slug, &user.map(|u| u.id)]).await?;
        row.map(|row| Self::of_row(&row, user)).transpose()
    }

    /// The world of a path, as somebody may see it.
    ///
    /// # Errors
    /// 404, and 403 for a private world of others.
    pub async fn visible(client: &impl GenericClient, named: &str, user: Option<&User>) -> Result<Self, AppError> {
        let root = Self::find(client, &Named::parse(named), user).await?.ok_or(AppError::NotFound)?;
        if root.is_public || root.can_edit() || root.is_home_of(client, user).await? {
            return Ok(root);
        }
        Err(AppError::Forbidden("This world is private.".into()))
    }

    pub fn can_edit(&self) -> bool {
        self.rank > 0
    }

    pub fn name_rules(&self) -> names::Rules<'_> {
        names::Rules {
            is_multiplayer: self.spec.is_multiplayer,
            non_ascii: self.spec.non_ascii_names,
            exclusions: &self.spec.name_exclusions,
        }
    }

    /// Who has a character in a world keeps seeing it when it becomes private.
    async fn is_home_of(&self, client: &impl GenericClient, user: Option<&User>) -> Result<bool, Error> {
        let Some(user) = user else { return Ok(false) };
        let statement = client
            .prepare_cached(
                "select exists (select from player where root_id = $1 and user_id = $2 and pending_deletion_ts is null)",
            )
            .await?;
        Ok(client.query_one(&statement, &[&self.id, &user.id]).await?.get(0))
    }

    fn of_row(row: &Row, user: Option<&User>) -> Result<Self, AppError> {
        let id: i64 = row.get("id");
        let spec: WorldSpec = serde_json::from_value(row.get("spec"))
            .map_err(|e| AppError::Internal(format!("the configuration of world {id} cannot be read: {e}")))?;
        let author_id: Option<i64> = row.get("author_id");
        let all = user.is_some_and(|u| u.is_staff || author_id == Some(u.id));
        Ok(Self {
            id,
            author: author_id.map(|id| (id, row.get("author"))),
            is_public: row.get("is_public"),
            spec,
            rank: if all { 4 } else { row.get("rank") },
        })
    }
}

/// The world that newcomers are shown and guests play: the configured one, or the first public one.
pub async fn intro_world(app: &App, client: &impl GenericClient) -> Result<Option<i64>, Error> {
    let configured = match app.options.intro_world.as_deref().map(Named::parse) {
        None => (None, None),
        Some(Named::Id(id)) => (Some(id), None),
        Some(Named::Slug(slug)) => (None, Some(slug)),
    };
    let statement = client
        .prepare_cached(
            "select id from world
             where not is_archived
               and case when $1::int8 is null and $2::text is null then is_public else id = $1 or slug = $2 end
             order by id limit 1",
        )
        .await?;
    Ok(client.query_opt(&statement, &[&configured.0, &configured.1]).await?.map(|row| row.get(0)))
}

/// The spawn in which a new character of a world lives: the shared one of a multiplayer world, else one of its own.
pub async fn spawn_for(client: &impl GenericClient, root: &Root) -> Result<i64, AppError> {
    Ok(spawns::create(client, root.id, root.spec.is_multiplayer).await?)
}
