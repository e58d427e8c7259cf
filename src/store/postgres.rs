//! The Forge's database: one pool of connections and the migrations.
//! It knows nothing of accounts or worlds; each resource of the Forge brings its own SQL.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;

/// The pool that every query of the Forge goes through.
pub type Db = Pool;

/// Connections per Forge process.
pub const CONNECTIONS_MAX: usize = 16;
/// A request waits this long for a free connection, and as long again for a new one.
pub const CONNECTION_WAIT: Duration = Duration::from_secs(5);
/// No single statement of the Forge may take longer.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// A transaction left open by a fault is ended by the server.
pub const IDLE_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Key of the advisory lock that lets one process migrate at a time.
const MIGRATION_LOCK: i64 = 0x5265_616c_6d73;

mod embedded {
    refinery::embed_migrations!("src/store/migrations");
}

/// Why the database cannot be used; each text is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error(
        "DATABASE_URL is not a valid Postgres address ({0}); it looks like postgres://user:password@host:5432/name"
    )]
    Address(String),
    #[error("cannot reach Postgres at {place}: {cause}; check that it runs and that DATABASE_URL is right")]
    Unreachable { place: String, cause: String },
    #[error("the database at {place} could not be migrated: {cause}")]
    Migration { place: String, cause: String },
    #[error("the connection pool could not be built: {0}")]
    Pool(String),
}

/// Migrates the database to this version's schema and opens the pool.
///
/// # Errors
/// A bad address, an unreachable server, or a schema that another version of the platform has changed.
pub async fn open(url: &str) -> Result<Db, DatabaseError> {
    migrate(url).await?;
    let manager = Manager::from_config(parse(url)?, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    Pool::builder(manager)
        .max_size(CONNECTIONS_MAX)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(CONNECTION_WAIT))
        .create_timeout(Some(CONNECTION_WAIT))
        .recycle_timeout(Some(CONNECTION_WAIT))
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move {
                let limits = format!(
                    "set statement_timeout = {}; set idle_in_transaction_session_timeout = {}",
                    STATEMENT_TIMEOUT.as_millis(),
                    IDLE_TRANSACTION_TIMEOUT.as_millis()
                );
                client.batch_execute(&limits).await.map_err(HookError::Backend)
            })
        }))
        .build()
        .map_err(|e| DatabaseError::Pool(e.to_string()))
}

/// Brings the schema up to date. Several processes may start at once: one migrates, the others wait for it.
///
/// # Errors
/// As [`open`].
pub async fn migrate(url: &str) -> Result<(), DatabaseError> {
    let config = parse(url)?;
    let place = place(&config);
    let unreachable = |e: tokio_postgres::Error| DatabaseError::Unreachable { place: place.clone(), cause: cause(&e) };
    let migration = |cause: String| DatabaseError::Migration { place: place.clone(), cause };
    let connecting = tokio::time::timeout(CONNECTION_WAIT, config.connect(NoTls)).await;
    let (mut client, connection) = connecting
        .map_err(|_| DatabaseError::Unreachable { place: place.clone(), cause: "no answer in time".into() })?
        .map_err(unreachable)?;
    let pump = tokio::spawn(connection);
    // The lock belongs to this connection and goes with it, also when this process dies.
    client.execute("select pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await.map_err(|e| migration(cause(&e)))?;
    let mut runner = embedded::migrations::runner();
    runner = runner.set_abort_divergent(true);
    let outcome = runner.run_async(&mut client).await;
    drop(client);
    pump.abort();
    outcome.map(|_| ()).map_err(|e| migration(e.to_string().replace('\n', " ")))
}

/// True when the error is about the connection and not about the statement: worth a later try.
pub fn is_outage(error: &PoolError) -> bool {
    match error {
        PoolError::Backend(e) | PoolError::PostCreateHook(HookError::Backend(e)) => is_connection_lost(e),
        PoolError::Timeout(_) => true,
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => false,
    }
}

/// True when the server went away, was never there, or had no room or time for the statement.
pub fn is_connection_lost(error: &tokio_postgres::Error) -> bool {
    if error.is_closed() {
        return true;
    }
    match error.code() {
        // Classes: 08 connection, 53 out of resources, 57 operator intervention (shutdown, statement timeout).
        Some(code) => ["08", "53", "57"].iter().any(|class| code.code().starts_with(class)),
        None => std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>()),
    }
}

/// The name of the constraint that a write ran into, if it did.
pub fn violated_constraint(error: &tokio_postgres::Error) -> Option<&str> {
    error.as_db_error().and_then(|e| e.constraint())
}

fn parse(url: &str) -> Result<tokio_postgres::Config, DatabaseError> {
    let mut config: tokio_postgres::Config = url.parse().map_err(|e| DatabaseError::Address(cause(&e)))?;
    if config.get_application_name().is_none() {
        config.application_name("realms-forge");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECTION_WAIT);
    }
    Ok(config)
}

/// Host and database for messages; never the password.
fn place(config: &tokio_postgres::Config) -> String {
    let host = match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => {
            format!("{host}:{}", config.get_ports().first().copied().unwrap_or(5432))
        }
        #[cfg(unix)]
        Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
        None => "localhost".into(),
    };
    format!("{host}/{}", config.get_dbname().unwrap_or("postgres"))
}

/// The innermost reason, in one line.
fn cause(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unreachable_database_is_named_in_one_line_without_its_password() {
        let error = open("postgres://someone:topsecret@127.0.0.1:1/realms").await.unwrap_err().to_string();
        assert!(error.contains("127.0.0.1:1/realms"), "{error}");
        assert!(!error.contains("topsecret") && !error.contains('\n'), "{error}");
    }

    #[tokio::test]
    async fn a_bad_address_is_explained() {
        let error = open("mysql://x").await.unwrap_err().to_string();
        assert!(error.starts_with("DATABASE_URL is not a valid Postgres address"), "{error}");
    }
}
