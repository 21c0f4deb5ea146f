//! The reconciler: what it mends by itself, and what it leaves to a person.

use crate::{catalogue::value, support::as_superuser};
use serde_json::Value;
use tenantry_testkit::TestApp;

/// A look a minute later, and what doctor says of it.
async fn look(app: &TestApp) -> Value {
    app.clock.advance(chrono::TimeDelta::minutes(2));
    app.work().await;
    let told = app.operator().get("/v1/doctor").await.expect(200).json;
    let mut checks = told["checks"].as_array().into_iter().flatten();
    let found = checks.find(|check| check["name"] == "wish_and_world");
    found.unwrap_or_else(|| panic!("doctor does not say: {told}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_as_it_should_be_is_left_alone() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    assert_eq!(look(&app).await["status"], "ok");
    assert_eq!(
        value(&app.database, "SELECT string_agg(state, ' ' ORDER BY state) FROM slots").await,
        "claimed ready ready"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stray_role_is_dropped() {
    let app = TestApp::start().await;
    let prefix = app.database.installation.prefix().to_owned();
    let owner = "tenantry_test_owner";
    as_superuser(
        &app,
        &format!(
            "CREATE ROLE {prefix}_t_stray NOLOGIN; CREATE ROLE {prefix}_psql_stray LOGIN;
             GRANT {prefix}_t_stray, {prefix}_psql_stray TO {owner} WITH ADMIN OPTION;
             GRANT CONNECT ON DATABASE {} TO {prefix}_psql_stray",
            app.database.target.database()
        ),
    )
    .await;
    assert_eq!(look(&app).await["status"], "ok", "nothing is left for a person");
    let left = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '{prefix}%stray'");
    assert_eq!(value(&app.database, &left).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_stays_does_not_spoil_the_look() {
    let app = TestApp::start().await;
    let prefix = app.database.installation.prefix().to_owned();
    // Only a superuser drops a superuser. In order of names the ones that stay come first.
    let (role, login) = (format!("{prefix}_t_a_stuck"), format!("{prefix}_psql_a_stuck"));
    as_superuser(
        &app,
        &format!(
            "CREATE ROLE {role} SUPERUSER NOLOGIN; CREATE ROLE {login} SUPERUSER LOGIN;
             CREATE ROLE {prefix}_t_stray NOLOGIN; CREATE ROLE {prefix}_psql_stray LOGIN;
             GRANT {prefix}_t_stray, {prefix}_psql_stray TO tenantry_test_owner WITH ADMIN OPTION;
             CREATE SCHEMA tenant_orphan"
        ),
    )
    .await;
    let check = look(&app).await;
    let left = format!(
        "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname ~ '^{prefix}_.*(stray|stuck)$'"
    );
    assert_eq!(value(&app.database, &left).await, format!("{login} {role}"), "the others are dropped");
    let detail = check["detail"].as_str().unwrap();
    for told in
        [format!("{role}: nothing"), format!("{login}: nothing"), "tenant_orphan: a schema".to_owned()]
    {
        assert!(detail.contains(&told), "{detail}");
    }
    let failed =
        "SELECT count(*) FROM jobs WHERE kind = 'reconcile' AND (status = 'failed' OR error IS NOT NULL)";
    assert_eq!(value(&app.database, failed).await, "0");
    as_superuser(&app, &format!("DROP SCHEMA tenant_orphan; DROP ROLE {role}, {login}")).await;
    assert_eq!(look(&app).await["status"], "ok", "what is gone is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orphan_schema_is_told_and_kept() {
    let app = TestApp::start().await;
    as_superuser(&app, "CREATE SCHEMA tenant_orphan; CREATE TABLE tenant_orphan.kept (id int)").await;
    let check = look(&app).await;
    assert_eq!(check["status"], "failing");
    assert!(check["detail"].as_str().unwrap().contains("tenant_orphan"), "{check}");
    assert_eq!(value(&app.database, "SELECT count(*) FROM tenant_orphan.kept").await, "0", "it is there");
    as_superuser(&app, "DROP SCHEMA tenant_orphan CASCADE").await;
    assert_eq!(look(&app).await["status"], "ok", "what is gone is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_told() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    app.tenant("bolt").await;
    as_superuser(
        &app,
        &format!(
            "DROP SCHEMA {} CASCADE; DELETE FROM slots WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'bolt')",
            acme.tenant.schema_name
        ),
    )
    .await;
    let check = look(&app).await;
    let detail = check["detail"].as_str().unwrap();
    assert!(detail.contains("acme: a tenant's schema or role is gone"), "{detail}");
    assert!(detail.contains("bolt: the tenant has no slot"), "{detail}");
    assert!(detail.contains("a schema of a tenant's name that no slot knows"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_lost_its_schema_is_never_handed_out() {
    let app = TestApp::start().await;
    let schema = value(&app.database, "SELECT min(schema_name) FROM slots WHERE state = 'ready'").await;
    as_superuser(&app, &format!("DROP SCHEMA {schema} CASCADE")).await;
    look(&app).await;
    let state = format!("SELECT state FROM slots WHERE schema_name = '{schema}'");
    assert_eq!(value(&app.database, &state).await, "broken");
}
