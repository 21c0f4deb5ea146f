//! psql sessions: logins that see one tenant, and end.

use crate::catalogue::{assert_denied, execute, slots, value};
use chrono::TimeDelta;
use serde_json::json;
use std::time::Duration;
use tenantry_core::{authz::Actor, ctx::Request, psql};
use tenantry_pg::{Login, bootstrap::Superuser};
use tenantry_testkit::{TestApp, TestDatabase};
use tenantry_types::{
    ErrorCode,
    tenant::{CreatePsqlSession, PsqlSession},
};

/// A session that the application's worker made.
async fn open(app: &TestApp, slug: &str, minutes: u32) -> PsqlSession {
    let stop = app.start_worker();
    let reply = app
        .operator()
        .post(&format!("/v1/tenants/{slug}/psql-session"), &json!({"minutes": minutes}))
        .await
        .expect(201);
    let _ = stop.send(true);
    reply.parse()
}

async fn connect(app: &TestApp, session: &PsqlSession) -> Result<Superuser, tenantry_pg::Error> {
    let login = Login { user: session.user.clone(), passwords: vec![session.password.clone()] };
    Superuser::connect(&app.database.target, &login).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_psql_session_sees_its_tenants_rows() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.client.post("/v1/agents", &json!({"name": "Iris", "role": "support"})).await.expect(201);
    let session = open(&app, "acme", 5).await;
    assert_eq!(
        (session.schema_name.as_str(), session.workspace_id),
        (acme.tenant.schema_name.as_str(), acme.key.workspace_id)
    );
    let psql = connect(&app, &session).await.unwrap();
    let count = "SELECT count(*)::text FROM agents";
    assert_eq!(psql.value(count).await.unwrap().as_deref(), Some("0"), "no workspace, no row");
    psql.execute(&format!("SET tenantry.workspace_id = '{}'", session.workspace_uuid)).await.unwrap();
    assert_eq!(psql.value(count).await.unwrap().as_deref(), Some("1"));
    psql.execute("UPDATE agents SET name = 'Ida'").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_psql_session_cannot_leave() {
    let app = TestApp::start().await;
    let (_, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    let session = open(&app, "acme", 5).await;
    let psql = connect(&app, &session).await.unwrap();
    let (user, installation, foreign) = (&session.user, &app.database.installation, &bolt.tenant.schema_name);
    let roles = value(&app.database, "SELECT string_agg(role_name, ' ' ORDER BY slug) FROM tenants").await;
    let (own, other) = roles.split_once(' ').unwrap();
    let mut refused: Vec<String> = [
        "SELECT * FROM public.tenants",
        "SELECT * FROM public.api_keys",
        "CREATE TABLE x ()",
        "CREATE TABLE public.x ()",
        "CREATE TEMP TABLE x ()",
        "CREATE SCHEMA x",
        "CREATE ROLE x",
        "SELECT * FROM _events",
        "SELECT * FROM flyway_schema_history",
        "TRUNCATE agents",
        "DROP TABLE agents",
        "ALTER TABLE agents DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenantry_workspace ON agents",
        "SELECT rolpassword FROM pg_authid",
        "COPY agents TO PROGRAM 'true'",
        "SELECT pg_read_file('PG_VERSION')",
        "LOAD '/tmp/x.so'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET SESSION AUTHORIZATION postgres",
        "SET session_replication_role = 'replica'",
        "INSERT INTO agents (workspace_id, name, role) VALUES (gen_random_uuid(), 'x', 'y')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenantry_test_owner'",
    ]
    .map(str::to_owned)
    .into();
    refused.push(format!("SELECT * FROM {foreign}.agents"));
    let wide = format!("{own}_wide");
    for role in [
        other,
        &wide,
        &installation.cell(1),
        &installation.platform(),
        &installation.control(),
        "tenantry_test_owner",
        "postgres",
    ] {
        refused.push(format!("SET ROLE {role}"));
        refused.push(format!("GRANT {role} TO {user}"));
    }
    for change in ["CREATEROLE", "SUPERUSER", "BYPASSRLS", "CONNECTION LIMIT 99", "VALID UNTIL 'infinity'"] {
        refused.push(format!("ALTER ROLE {user} {change}"));
    }
    refused.push(format!("GRANT {own} TO {other}"));
    for sql in refused {
        assert_denied(&sql, psql.execute(&sql).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_psql_session_has_two_connections() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let session = open(&app, "acme", 5).await;
    let held = (connect(&app, &session).await.unwrap(), connect(&app, &session).await.unwrap());
    let third = connect(&app, &session).await.err().unwrap();
    assert_eq!(third.sql_state(), Some("53300"), "{third}");
    drop(held);
    let wrong = PsqlSession { password: "wrong".to_owned(), ..session };
    assert_eq!(connect(&app, &wrong).await.err().unwrap().sql_state(), Some("28P01"));
}

/// Waits until PostgreSQL has ended every connection of a login.
async fn wait_for_end(app: &TestApp, user: &str) {
    let left = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'");
    let ended = async { while value(&app.database, &left).await != "0" {} };
    tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .unwrap_or_else(|_| panic!("{user} is still connected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_psql_session_is_ended() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let session = open(&app, "acme", 1).await;
    let psql = connect(&app, &session).await.unwrap();
    app.clock.advance(TimeDelta::seconds(59));
    app.work().await;
    psql.execute("SELECT 1").await.unwrap();
    app.clock.advance(TimeDelta::seconds(2));
    app.work().await;
    wait_for_end(&app, &session.user).await;
    psql.execute("SELECT 1").await.unwrap_err();
    assert_eq!(connect(&app, &session).await.err().unwrap().sql_state(), Some("28P01"));
    assert_eq!(
        value(&app.database, &format!("SELECT count(*) FROM pg_roles WHERE rolname = '{}'", session.user))
            .await,
        "0"
    );
    assert_eq!(
        value(
            &app.database,
            "SELECT concat_ws(' ', status, verifier, ended_at IS NOT NULL) FROM psql_sessions"
        )
        .await,
        "ended  t"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_made_something_is_dropped_with_it() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let session = open(&app, "acme", 1).await;
    let psql = connect(&app, &session).await.unwrap();
    psql.execute("SELECT lo_create(0); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
        .await
        .unwrap();
    app.clock.advance(TimeDelta::minutes(2));
    app.work().await;
    assert_eq!(
        value(&app.database, &format!("SELECT count(*) FROM pg_roles WHERE rolname = '{}'", session.user))
            .await,
        "0"
    );
    assert_eq!(value(&app.database, "SELECT count(*) FROM pg_largeobject_metadata").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_end_keeps_no_other_from_beginning() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let stuck = open(&app, "acme", 1).await;
    // Something in another database, which nobody here can drop.
    let postgres = TestDatabase::superuser().await;
    postgres.execute(&format!("CREATE SCHEMA {0} AUTHORIZATION {0}", stuck.user)).await.unwrap();
    app.clock.advance(TimeDelta::minutes(2));
    psql::work(&app.database.placement).await.unwrap_err();
    let next = open(&app, "acme", 5).await;
    connect(&app, &next).await.unwrap();
    postgres.execute(&format!("DROP SCHEMA {}", stuck.user)).await.unwrap();
    app.work().await;
    assert_eq!(
        value(&app.database, "SELECT string_agg(status, ' ' ORDER BY requested_at) FROM psql_sessions").await,
        "ended open"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_worker_a_session_is_unavailable() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let request = Request { actor: Actor::operator(), request_id: "test".to_owned(), address: None };
    let psql = psql::Psql { patience: Duration::from_millis(1), ..app.app.psql.clone() };
    let error =
        psql.open(&request, None, "acme", CreatePsqlSession::default(), app.app.woken()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Unavailable);
    assert!(error.to_string().contains("worker"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_be_is_refused() {
    let app = TestApp::builder().start().await;
    app.tenant("acme").await;
    let body = json!({"slug": "bolt", "name": "x", "admin_email": "ops@bolt.example"});
    app.operator().post("/v1/tenants", &body).await.expect(202);
    for (slug, body, status) in [
        ("acme", json!({"minutes": 0}), 422),
        ("acme", json!({"minutes": 481}), 422),
        ("acme", json!({"minutes": -1}), 422),
        ("acme", json!({"hours": 1}), 422),
        ("acme", json!({"workspace": "none"}), 404),
        ("acme", json!({"workspace": "a\u{0}"}), 422),
        ("nobody", json!({}), 404),
        ("a%00b", json!({}), 404),
        ("bolt", json!({}), 409),
    ] {
        let _ = app.operator().post(&format!("/v1/tenants/{slug}/psql-session"), &body).await.expect(status);
    }
    assert_eq!(value(&app.database, "SELECT count(*) FROM psql_sessions").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_audited_and_its_password_is_nowhere() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let session = open(&app, "acme", 5).await;
    let event = value(&app.database, "SELECT concat_ws(' ', actor, action, after ->> 'login') FROM (TABLE audit_unsealed UNION ALL SELECT e.arrived, e.id, e.occurred_at, e.tenant_id, e.workspace_id, e.actor_kind, e.actor, e.action, e.target_kind, e.target, e.request_id, e.address, e.before, e.after FROM audit_events e) AS trail WHERE action = 'psql.open'").await;
    assert_eq!(event, format!("operator psql.open {}", session.user));
    let kept = value(&app.database, "SELECT concat((SELECT string_agg(s::text, ' ') FROM psql_sessions s), (SELECT string_agg(a::text, ' ') FROM audit_events a), (SELECT string_agg(a::text, ' ') FROM audit_unsealed a))").await;
    assert!(
        kept.contains(&session.user) && !kept.contains(&session.password) && !kept.contains("SCRAM"),
        "{kept}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_cannot_direct_the_owner() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    let cell = app.database.installation.cell(1);
    let insert = |login: &str, role: &str, until: &str| {
        format!(
            "INSERT INTO psql_sessions (id, tenant_id, login, role_name, verifier, status, requested_at, expires_at)
             SELECT gen_random_uuid(), id, '{login}', '{role}', '', 'requested', now(), now() + interval '{until}' FROM tenants"
        )
    };
    // What a server that was taken over could write: the end of a login that is not its own, the role of somebody stronger.
    let (stray, owner) = (app.database.installation.psql("stray"), TestDatabase::owner_login().user);
    execute(&app.database, &insert(&cell, "x", "-1 minute")).await;
    execute(&app.database, &insert(&stray, &owner, "1 hour")).await;
    app.work().await;
    let member_of = format!(
        "SELECT string_agg(r.rolname, ',') FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
         WHERE m.member = (SELECT oid FROM pg_roles WHERE rolname = '{stray}')"
    );
    let own = app.database.installation.tenant_role(acme.tenant.schema_name.trim_start_matches("tenant_"));
    assert_eq!(value(&app.database, &member_of).await, own);
    acme.client.get("/v1/agents").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_psql_session_cannot_hold_up_the_worker() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    let admin = app.database.admin().await;
    for lock in ["set_up", "fill_slots", "new_cell", "database_acl"] {
        let take = format!("SELECT pg_advisory_lock(hashtextextended('tenantry.{lock}', 0))");
        admin.execute(&take).await.unwrap();
    }
    app.database.placement.fill(2).await.unwrap();
    assert_eq!(slots(&app.database).await, "claimed 1, ready 2");
}
