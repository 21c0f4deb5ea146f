//! A change of who may do what reaches every server, and every write in its own transaction.

use crate::{
    catalogue::{execute, value},
    people::{self, PASSWORD, cheap, refresh},
    staff::{email, member, operator, soon, text},
    support::{as_superuser, superuser_sees},
};
use chrono::TimeDelta;
use serde_json::json;
use std::{future::Future, time::Duration};
use tenantry_core::{
    access::{Mark, News},
    authz::{Action, TenantScope},
    ctx::Clock,
};
use tenantry_testkit::{Reply, TestApp, TestTenant, axum::http::Method};
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

/// Of what was changed by hand.
async fn tell(app: &TestApp, acme: &TestTenant) {
    let tenant = acme.tenant.id;
    let told = app.app.access.tell("by_hand", async { Ok(()) }, move |()| News::of([tenant])).await;
    told.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_identity_cannot_write() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let scope = app.scope(&acme.key).await;
    write(&app, &scope).await.unwrap();
    change(&app, "UPDATE api_keys SET revoked_at = now()").await;
    tell(&app, &acme).await;
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
    tell(&app, &acme).await;
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
    tell(&app, &acme).await;
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
    tell(&app, &acme).await;
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

/// Sends a request and hangs up when its transaction has come to the trail; what it changes is committed after that. Returns where this process stood then.
pub(crate) async fn hang_up(app: &TestApp, what: &str, request: impl Future<Output = Reply>) -> Mark {
    let trail = app.database.admin().await;
    let held = trail.execute("BEGIN; LOCK TABLE public.audit_unsealed IN SHARE MODE").await;
    held.unwrap_or_else(|error| panic!("{error}"));
    // Of this database: the tables of others, which were copied from the same one, have the same numbers.
    let waits = "SELECT count(*)::text FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE d.datname = current_database() AND l.relation = 'public.audit_unsealed'::regclass AND NOT l.granted";
    let come = until(what, async || superuser_sees(app, waits).await != "0");
    tokio::select! {
        reply = request => panic!("{what} is not written down: {}", reply.text),
        () = come => {}
    }
    let stood = app.app.access.mark();
    trail.execute("ROLLBACK").await.unwrap_or_else(|error| panic!("{error}"));
    stood
}

/// Waits until that is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), waiting).await.is_ok(), "{what}: it never comes");
}

/// Waits until the change is there, and what the tenants' own schemas know is what the registry knows.
pub(crate) async fn told_of(app: &TestApp, what: &str, action: &str) {
    let events = format!("SELECT (count(*) > 0)::text FROM public.audit_unsealed WHERE action = '{action}'");
    until(what, async || superuser_sees(app, &events).await == "true").await;
    let lag = "SELECT count(*)::text FROM public.tenants WHERE access_published < access_version";
    until(what, async || superuser_sees(app, lag).await == "0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_changes_a_tenant_all_the_same() {
    let app = cheap().start().await;
    let acme = app.tenant("acme").await;
    let olga = member(&app, "acme", "olga", "owner").await.client;
    let (bob, cleo) =
        (member(&app, "acme", "bob", "viewer").await.id, member(&app, "acme", "cleo", "viewer").await.id);
    let eve = operator(&app, "eve", "support").await;
    let grant = async || {
        let ask = eve.client.post("/v1/tenants/acme/access-grants", &json!({"reason": "ticket 7"})).await;
        text(&ask.expect(201), "id")
    };
    let key = format!("/v1/api-keys/{}", acme.key.id);
    let (operators, ops) = (format!("/v1/operators/{}", eve.id), app.operator());
    hang_up(&app, "reroll", olga.post(&format!("{key}/reroll"), &json!({"overlap_minutes": 5}))).await;
    told_of(&app, "reroll", "api_key.reroll").await;
    hang_up(&app, "revoke", olga.delete(&key)).await;
    told_of(&app, "revoke", "api_key.revoke").await;
    hang_up(&app, "end", olga.delete(&format!("/v1/access-grants/{}", grant().await))).await;
    told_of(&app, "end", "access_grant.end").await;
    grant().await;
    hang_up(&app, "demote", ops.patch(&operators, &json!({"role": "auditor"}))).await;
    told_of(&app, "demote", "operator.update").await;
    hang_up(&app, "change", olga.patch(&format!("/v1/members/{bob}"), &json!({"role": "member"}))).await;
    told_of(&app, "change", "member.update").await;
    hang_up(&app, "remove", olga.delete(&format!("/v1/members/{bob}"))).await;
    told_of(&app, "remove", "member.remove").await;
    hang_up(&app, "erase", ops.delete(&format!("/v1/users/{cleo}"))).await;
    told_of(&app, "erase", "user.erase").await;
    hang_up(&app, "suspend", ops.post("/v1/tenants/acme/suspend", &json!({}))).await;
    told_of(&app, "suspend", "tenant.suspend").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_ends_a_session_all_the_same() {
    for deed in ["end", "log out", "reuse", "reset", "change"] {
        // Each on its own: until its deed nothing was told of here.
        let app = cheap().slots(0).start().await;
        operator(&app, "eve", "support").await;
        let answer = people::sign_in(&app, &email("eve"), json!({"operator": true})).await;
        let (eve, anyone) = (people::bearer(&app, &answer), app.anyone.clone());
        let link = people::link(&app, &email("eve"), "reset_password").await;
        let request = async {
            match deed {
                "end" => {
                    let session = answer["session_id"].as_str().unwrap_or_default();
                    eve.delete(&format!("/v1/sessions/{session}")).await
                }
                "log out" => eve.post("/v1/auth/logout", &json!({})).await,
                "reuse" => {
                    as_superuser(&app, "UPDATE public.refresh_tokens SET used_at = now()").await;
                    anyone.post("/v1/auth/refresh", &refresh(&answer)).await
                }
                "reset" => people::set_password(&app, &link, "nine blue barges").await,
                _ => {
                    let body = json!({"current_password": PASSWORD, "password": "nine blue barges"});
                    eve.call(Method::PUT, "/v1/me/password", Some(&body)).await
                }
            }
        };
        let known = hang_up(&app, deed, Box::pin(request)).await;
        until(deed, async || app.app.access.mark() != known).await;
    }
}
