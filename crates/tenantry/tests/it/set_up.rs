//! Set-up by an owner that is no superuser, and what it refuses.

use crate::catalogue::{execute, value};
use tenantry_core::{ctx::Ctx, placement::Template};
use tenantry_pg::roles::{Installation, MasterKey};
use tenantry_testkit::TestDatabase;

async fn bare() -> TestDatabase {
    TestDatabase::bare(Ctx::system(), Template::built_in().unwrap_or_else(|error| panic!("{error}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_no_superuser() {
    let database = TestDatabase::new(Ctx::system()).await;
    let owner = TestDatabase::owner_login().user;
    let rights = "concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls)";
    let of_owner =
        value(&database, &format!("SELECT {rights} FROM pg_roles WHERE rolname = '{owner}'")).await;
    assert_eq!(of_owner, "f t f f f");
    let ours = format!("rolname LIKE '{}\\_%'", database.installation.prefix());
    let strong = format!(
        "SELECT count(*) FROM pg_roles WHERE {ours} AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls)"
    );
    assert_eq!(value(&database, &strong).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_during_set_up_is_an_error() {
    let database = bare().await;
    // The owner may use the schema and not pass it on: GRANT then only warns that nothing was granted.
    execute(
        &database,
        "ALTER SCHEMA public OWNER TO postgres; GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC",
    )
    .await;
    let error = database.placement.set_up().await.unwrap_err().to_string();
    assert!(error.contains("PostgreSQL warned: no privileges"), "{error}");
    let left =
        format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '{}\\_%'", database.installation.prefix());
    assert_eq!(value(&database, &left).await, "0", "and nothing of it stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_database_is_refused() {
    let database = TestDatabase::new(Ctx::system()).await;
    let mut placement = database.placement.clone();
    placement.installation = Installation::of_database("another_name", MasterKey::new([7; 32]), None);
    let error = placement.set_up().await.unwrap_err().to_string();
    assert!(error.contains(database.installation.prefix()) && error.contains("rename it back"), "{error}");
}
