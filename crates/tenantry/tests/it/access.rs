//! A change of who may do what reaches every server, and every write in its own transaction.

use crate::{
    catalogue::{execute, value},
    staff::soon,
};
use chrono::TimeDelta;
use serde_json::json;
use tenantry_core::{
    authz::{Action, TenantScope},
    ctx::Clock,
};
use tenantry_testkit::{TestApp, TestTenant};
use tenantry_types::ErrorCode;

/// One row through the scope, as every write of a tenant goes.
async fn write(app: &TestApp, scope: &TenantScope) -> Result<(), tenantry_core::Error> {
    app.app
        .tenancy
        .write(scope, "test_write", (), |tx, ()| {
            Box::pin(async move {
                tx.query(
                    "INSERT INTO tenant._counters (name, period, workspace_id, used) VALUES ('written', 'all', NULL, 1)
                     ON CONFLICT ON CONSTRAINT _counters_one DO UPDATE SET used = _counters.used + 1",
                    &[],
                )
                .await?;
                Ok(())
            })
        })
        .await
}

async fn written(app: &TestApp, acme: &TestTenant) -> String {
    let count = format!(
        "SELECT coalesce(max(used), 0)::text FROM {}._counters WHERE name = 'written'",
        acme.tenant.schema_name
    );
    value(&app.database, &count).await
}

/// As an operation would, by hand: the change and the version of access in one transaction.
async fn change(app: &TestApp, change: &str) {
    execute(
        &app.database,
        &format!("BEGIN; {change}; UPDATE tenants SET access_version = access_version + 1; COMMIT"),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_identity_cannot_write() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let scope = app.scope(&acme.key).await;
    write(&app, &scope).await.unwrap();
    change(&app, "UPDATE api_keys SET revoked_at = now()").await;
    app.app.access.changed_in(acme.tenant.id).await;
    // The scope is one that was minted before: a request that was under way.
    let refused = write(&app, &scope).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Unauthenticated, "{refused}");
    assert_eq!(written(&app, &acme).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_others_stops_nobody() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let scope = app.scope(&acme.key).await;
    change(&app, "SELECT 1").await;
    app.app.access.changed_in(acme.tenant.id).await;
    write(&app, &scope).await.unwrap();
    write(&app, &scope).await.unwrap();
    assert_eq!(written(&app, &acme).await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_became_too_low_cannot_write() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let scope = app.scope_for(&acme.key, Action::WriteAgents).await;
    change(&app, "UPDATE api_keys SET role = 'viewer'").await;
    app.app.access.changed_in(acme.tenant.id).await;
    let refused = write(&app, &scope).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Forbidden, "{refused}");
    assert_eq!(written(&app, &acme).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_cannot_write() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let scope = app.scope(&acme.key).await;
    app.operator().post("/v1/tenants/acme/suspend", &json!({})).await.expect(202);
    let refused = write(&app, &scope).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TenantInactive, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_publication_is_made_good() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    // The server went away between the commit and the publication.
    change(&app, "SELECT 1").await;
    let known = format!(
        "SELECT coalesce(max(used), 0)::text FROM {}._counters WHERE name = 'access'",
        acme.tenant.schema_name
    );
    assert_eq!(value(&app.database, &known).await, "0");
    app.clock.advance(TimeDelta::minutes(2));
    app.work().await;
    let version = value(&app.database, "SELECT access_version::text FROM tenants").await;
    assert_eq!(value(&app.database, &known).await, version);
    assert_eq!(value(&app.database, "SELECT access_published::text FROM tenants").await, version);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_reaches_every_server() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let other = TestApp::builder().database(&app.database).start().await;
    let there = other.anyone.clone().with_token(Some(&acme.key.key));
    there.get("/v1/me").await.expect(200);
    change(&app, "UPDATE api_keys SET revoked_at = now()").await;
    app.app.access.changed_in(acme.tenant.id).await;
    acme.client.get("/v1/me").await.expect(401);
    soon(&there, "/v1/me", 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_told_of_is_seen_too() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.client.get("/v1/me").await.expect(200);
    // No version, no wake-up: as if every notification were lost.
    execute(&app.database, "UPDATE api_keys SET revoked_at = now()").await;
    soon(&acme.client, "/v1/me", 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_key_ends_on_time() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let soon = app.clock.now() + TimeDelta::minutes(1);
    let key = app.key("acme", &json!({"name": "short", "expires_at": soon})).await;
    let client = app.anyone.clone().with_token(Some(&key.key));
    client.get("/v1/me").await.expect(200);
    app.clock.advance(TimeDelta::minutes(1));
    client.get("/v1/me").await.expect(401);
}
