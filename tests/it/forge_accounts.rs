//! Accounts as a client meets them, over HTTP against a real database.

use crate::support::postgres::TestDatabase;

#[tokio::test]
async fn two_forges_that_migrate_at_once_both_find_the_schema() {
    let database = TestDatabase::new().await;
    let client = database.client().await;
    client.batch_execute("drop schema public cascade; create schema public").await.unwrap();
    let (a, b) =
        tokio::join!(realms::store::postgres::open(&database.url), realms::store::postgres::open(&database.url));
    a.unwrap();
    b.unwrap();
    let row = client.query_one("select count(*) from site", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}
