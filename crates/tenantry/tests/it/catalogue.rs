//! What a superuser sees in the database of a test.

use tenantry_pg::{Error, ErrorKind};
use tenantry_testkit::TestDatabase;

/// A value as text; empty for NULL and for no row. `query` gives one column of text.
pub async fn value(database: &TestDatabase, query: &str) -> String {
    let wrapped = format!("SELECT coalesce((SELECT v::text FROM ({query}) AS q (v)), '')");
    let found = database.admin().await.value(&wrapped).await;
    found.unwrap_or_else(|error| panic!("{query}: {error}")).unwrap_or_default()
}

/// Runs statements as a superuser.
pub async fn execute(database: &TestDatabase, sql: &str) {
    database.admin().await.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Every schema of a tenant, and every role of this installation: what a failed run must not add to.
pub async fn homes(database: &TestDatabase) -> String {
    let query = format!(
        "SELECT concat((SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'tenant\\_%'), ' | ',
                       (SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE '{}\\_%'))",
        database.installation.prefix()
    );
    value(database, &query).await
}

/// Slots by state, such as `claimed 1, ready 7`.
pub async fn slots(database: &TestDatabase) -> String {
    value(database, "SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM slots GROUP BY state) AS s").await
}

/// Fails the test unless PostgreSQL refused with SQLSTATE 42501.
pub fn assert_denied<T: std::fmt::Debug>(what: &str, outcome: Result<T, Error>) {
    match outcome {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Denied, "{what}: {error}"),
        Ok(value) => panic!("{what}: not refused, but {value:?}"),
    }
}
