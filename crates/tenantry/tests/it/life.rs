//! A tenant's life: suspended, resumed, deleted, restored, purged; by hand, by two hands at once, and by the retention.

use crate::{
    catalogue::{execute, homes, slots, value},
    support::{Ids, NOBODY, agent, operations, told_by},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;
use tenantry_pg::{Login, bootstrap::Superuser};
use tenantry_server::worker::{Worker, WorkerSettings};
use tenantry_testkit::{Reply, TestApp};
use tenantry_types::{
    run::{Run, RunStatus},
    tenant::{PsqlSession, TenantAndRun},
};
use tokio::task::JoinSet;

/// Asks for a change; `delete` is the method, the others are routes.
async fn ask(app: &TestApp, slug: &str, verb: &str) -> Reply {
    let path = format!("/v1/tenants/{slug}");
    match verb {
        "delete" => app.operator().delete(&path).await,
        "purge" => app.operator().post(&format!("{path}/purge"), &json!({"confirm": slug})).await,
        _ => app.operator().post(&format!("{path}/{verb}"), &json!({"reason": "a test"})).await,
    }
}

/// The same, and the worker does its part.
async fn change(app: &TestApp, slug: &str, verb: &str) -> Run {
    let TenantAndRun { run, .. } = ask(app, slug, verb).await.expect(202).parse();
    app.work().await;
    app.operator().get(&format!("/v1/provisioning-runs/{}", run.id)).await.expect(200).parse()
}

async fn done(app: &TestApp, slug: &str, verb: &str) {
    let run = change(app, slug, verb).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{verb}: {:?}", run.error);
}

async fn status(app: &TestApp, slug: &str) -> String {
    value(&app.database, &format!("SELECT status FROM tenants WHERE slug = '{slug}'")).await
}

async fn open_psql(app: &TestApp, slug: &str) -> (PsqlSession, Superuser) {
    let stop = app.start_worker();
    let opened = app.operator().post(&format!("/v1/tenants/{slug}/psql-session"), &json!({})).await;
    let _ = stop.send(true);
    let session: PsqlSession = opened.expect(201).parse();
    let login = Login { user: session.user.clone(), passwords: vec![session.password.clone()] };
    let connected = Superuser::connect(&app.database.target, &login).await;
    (session, connected.unwrap_or_else(|error| panic!("{error}")))
}

/// Whether a psql login and what was connected by it are gone.
async fn is_cut(app: &TestApp, session: &PsqlSession, psql: &Superuser) {
    let user = &session.user;
    let left = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'");
    let ended = async { while value(&app.database, &left).await != "0" {} };
    let ended = tokio::time::timeout(Duration::from_secs(30), ended).await;
    assert!(ended.is_ok(), "it is still connected");
    assert!(psql.execute("SELECT 1").await.is_err(), "it still answers");
    let known = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{user}'");
    assert_eq!(value(&app.database, &known).await, "0", "its login is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_is_refused_everywhere() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    let agent = agent(&acme.client, "Iris").await;
    let ids = Ids { slug: "acme", agent: &agent, ..NOBODY };
    let other = TestApp::builder().database(&app.database).start().await;
    let clients = [acme.client.clone(), other.anyone.clone().with_token(Some(&acme.key.key))];
    for client in &clients {
        client.get("/v1/agents").await.expect(200);
    }
    let TenantAndRun { tenant, run, .. } = ask(&app, "acme", "suspend").await.expect(202).parse();
    assert_eq!((tenant.status.as_str(), run.status), ("suspended", RunStatus::Pending));
    // No worker has looked, and nobody waited: the answer itself means that requests are refused.
    let mut answers = Vec::new();
    for client in &clients {
        for operation in operations().into_iter().filter(|operation| !operation.open) {
            let path = operation.path(&ids);
            let reply = client.call(operation.method.clone(), &path, operation.body().as_ref()).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (403, "tenant_inactive"), "{}", operation.id);
            answers.push(told_by(&operation, &reply));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    app.work().await;
    done(&app, "acme", "resume").await;
    for client in &clients {
        client.get(&format!("/v1/agents/{agent}")).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_was_made_without_a_slot_is_resumed() {
    let app = TestApp::builder().start().await;
    let acme = app.tenant("acme").await;
    done(&app, "acme", "suspend").await;
    // Its fence is looked at by the server, which owns nothing of it.
    done(&app, "acme", "resume").await;
    acme.client.get("/v1/agents").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_tenant_is_kept_and_restored() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    let agent = agent(&acme.client, "Iris").await;
    let reply = ask(&app, "acme", "delete").await.expect(202);
    let TenantAndRun { tenant, restorable_until, .. } = reply.parse();
    let kept = restorable_until.unwrap() - tenant.deleted_at.unwrap();
    assert_eq!((tenant.status.as_str(), kept), ("deleted", TimeDelta::days(30)));
    app.work().await;
    // Told later too, of one and in the list.
    let shown = app.operator().get("/v1/tenants/acme").await.expect(200).json;
    let listed = app.operator().get("/v1/tenants?status=deleted").await.expect(200).json;
    for told in [&shown, &listed["items"][0]] {
        let until: DateTime<Utc> = told["restorable_until"].as_str().unwrap().parse().unwrap();
        assert_eq!(Some(until), restorable_until, "{told}");
    }
    acme.client.get("/v1/agents").await.expect(403);
    let wish = json!({"slug": "acme", "name": "Other", "admin_email": "ops@other.example"});
    assert_eq!(app.operator().post("/v1/tenants", &wish).await.expect(409).code(), "slug_taken");
    assert_eq!(app.operator().get("/v1/slugs/acme").await.expect(200).json["available"], false);
    app.operator().post("/v1/tenants/acme/psql-session", &json!({})).await.expect(409);
    app.operator().post("/v1/tenants/acme/api-keys", &json!({"name": "x"})).await.expect(409);
    done(&app, "acme", "restore").await;
    acme.client.get(&format!("/v1/agents/{agent}")).await.expect(200);
    let shown = app.operator().get("/v1/tenants/acme").await.expect(200);
    assert_eq!((&shown.json["status"], shown.json.get("deleted_at")), (&json!("active"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_tenant_stays_suspended() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    for (verb, after) in [
        ("suspend", "suspended"),
        ("delete", "deleted"),
        ("restore", "suspended"),
        ("resume", "active"),
        ("delete", "deleted"),
        ("restore", "active"),
    ] {
        done(&app, "acme", verb).await;
        assert_eq!(status(&app, "acme").await, after, "{verb}");
        let served = acme.client.get("/v1/agents").await.status.as_u16();
        assert_eq!(served, if after == "active" { 200 } else { 403 }, "{verb}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_retention_ends_in_a_purge() {
    let app = TestApp::builder().slots(2).start().await;
    let (acme, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    done(&app, "acme", "delete").await;
    app.clock.advance(TimeDelta::days(29));
    done(&app, "bolt", "delete").await;
    app.work().await;
    app.work().await;
    assert_eq!(status(&app, "acme").await, "deleted", "its time is not over");
    app.clock.advance(TimeDelta::days(2));
    // One look finds it and begins the run, the next one does it.
    app.work().await;
    app.work().await;
    assert_eq!(
        (status(&app, "acme").await, status(&app, "bolt").await),
        (String::new(), "deleted".to_owned())
    );
    acme.client.get("/v1/me").await.expect(401);
    bolt.client.get("/v1/me").await.expect(403);
    let deed = "SELECT concat_ws('|', actor_kind, actor, after ->> 'reason') FROM audit_events WHERE action = 'tenant.purge'";
    assert_eq!(value(&app.database, deed).await, "system|worker|the retention is over");
    let failed = "SELECT string_agg(kind || ': ' || error, ', ') FROM jobs WHERE status = 'failed' OR error IS NOT NULL";
    assert_eq!(value(&app.database, failed).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_runs_ahead_purges_nothing() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    done(&app, "acme", "delete").await;
    let clock = async || {
        let told = app.operator().get("/v1/doctor").await.expect(200).json;
        let mut checks = told["checks"].as_array().into_iter().flatten();
        checks.find(|check| check["name"] == "clock").unwrap_or_else(|| panic!("{told}"))["status"].clone()
    };
    assert_eq!(clock().await, "ok");
    app.clock.drift(TimeDelta::days(31));
    assert_eq!(clock().await, "warn");
    app.work().await;
    app.work().await;
    assert_eq!(status(&app, "acme").await, "deleted", "by the database's clock its time is not over");
    app.clock.advance(TimeDelta::days(31));
    app.work().await;
    app.work().await;
    assert_eq!(status(&app, "acme").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_retention_a_tenant_is_kept() {
    let app = TestApp::builder().slots(1).set("TENANTRY_RETENTION_DAYS", "never").start().await;
    app.tenant("acme").await;
    let TenantAndRun { restorable_until, .. } = ask(&app, "acme", "delete").await.expect(202).parse();
    assert_eq!(restorable_until, None);
    app.clock.advance(TimeDelta::days(10_000));
    for _ in 0..3 {
        let worker = app.worker();
        let settings = WorkerSettings { retention: app.config.retention, ..worker.settings };
        Worker { settings, ..worker }.look(&mut 0).await;
    }
    assert_eq!(status(&app, "acme").await, "deleted");
    done(&app, "acme", "restore").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_tenant_is_not_purged_by_what_was_found_before() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    done(&app, "acme", "delete").await;
    app.clock.advance(TimeDelta::days(31));
    let job = "INSERT INTO jobs (id, kind, key, input, status, run_at, created_at)
               VALUES (gen_random_uuid(), 'purge', 'acme', to_jsonb(now() + interval '1 year'), 'pending', now() - interval '1 s', now())";
    ask(&app, "acme", "restore").await.expect(202);
    execute(&app.database, job).await;
    app.work().await;
    app.work().await;
    // It was done, and found nothing to do.
    let left =
        "SELECT concat_ws(' ', (SELECT count(*) FROM jobs WHERE kind = 'purge' AND status <> 'succeeded'),
                       (SELECT count(*) FROM provisioning_runs WHERE kind = 'purge'))";
    assert_eq!(value(&app.database, left).await, "0 0");
    acme.client.get("/v1/agents").await.expect(200);
}

/// Rows of the tenant with this id, table by table, where there are any.
async fn rows_of(app: &TestApp, tenant: &str) -> String {
    let tables = value(
        &app.database,
        "SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'tenant_id'",
    )
    .await;
    let mut found = Vec::new();
    for table in tables.split(' ') {
        let count = format!("SELECT count(*) FROM public.{table} WHERE tenant_id = {tenant}");
        if value(&app.database, &count).await != "0" {
            found.push(table);
        }
    }
    found.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_leaves_the_audit_trail_alone() {
    let app = TestApp::builder().start().await;
    app.tenant("first").await;
    let before = homes(&app.database).await;
    let acme = app.tenant("acme").await;
    agent(&acme.client, "Iris").await;
    let (_, psql) = open_psql(&app, "acme").await;
    drop(psql);
    let id = value(&app.database, "SELECT quote_literal(id) FROM tenants WHERE slug = 'acme'").await;
    let events = format!("SELECT count(*) FROM audit_events WHERE tenant_id = {id}");
    done(&app, "acme", "delete").await;
    let trail = value(&app.database, &events).await.parse::<u32>().unwrap();
    done(&app, "acme", "purge").await;
    assert_eq!(homes(&app.database).await, before, "a schema or a role is left");
    assert_eq!(slots(&app.database).await, "claimed 1");
    let left = rows_of(&app, &id).await;
    assert!(left.contains("audit_events") && left.contains("provisioning_runs"), "{left}");
    for gone in ["workspaces", "api_keys", "invitations", "psql_sessions", "slots", "tenants"] {
        assert!(!left.split(' ').any(|table| table == gone), "rows are left in {gone}");
    }
    assert!(value(&app.database, &events).await.parse::<u32>().unwrap() >= trail + 2, "asked for and ended");
    acme.client.get("/v1/me").await.expect(401);
    app.operator().get("/v1/tenants/acme").await.expect(404);
    assert_eq!(app.operator().get("/v1/tenants/acme/status").await.expect(200).json["kind"], "purge");
    let again = app.tenant("acme").await;
    assert_ne!((again.tenant.id, &again.tenant.schema_name), (acme.tenant.id, &acme.tenant.schema_name));
    assert_eq!(again.client.get("/v1/agents").await.expect(200).json["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_sessions_are_ended() {
    let app = TestApp::builder().slots(2).start().await;
    for (slug, verb) in [("acme", "suspend"), ("bolt", "delete")] {
        app.tenant(slug).await;
        let (session, psql) = open_psql(&app, slug).await;
        psql.execute("BEGIN; SELECT 1").await.unwrap();
        let run = change(&app, slug, verb).await;
        let told: Vec<_> = run.steps.iter().filter_map(|step| step.detail.as_deref()).collect();
        assert_eq!(told[1], "1 psql sessions ended", "{verb}");
        is_cut(&app, &session, &psql).await;
        app.operator().post(&format!("/v1/tenants/{slug}/psql-session"), &json!({})).await.expect(409);
    }
}

/// What was asked for while the tenant served, and comes to the worker's turn when it does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_a_suspended_tenant_is_not_opened() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    done(&app, "acme", "suspend").await;
    let late = format!(
        "INSERT INTO psql_sessions (id, tenant_id, login, role_name, verifier, status, requested_at, expires_at)
         SELECT gen_random_uuid(), id, '{}', role_name, '', 'requested', now(), now() + interval '1 hour' FROM tenants",
        app.database.installation.psql("late")
    );
    execute(&app.database, &late).await;
    app.work().await;
    assert_eq!(value(&app.database, "SELECT string_agg(status, ' ') FROM psql_sessions").await, "ended");
    let logins =
        format!("SELECT count(*) FROM pg_roles WHERE rolname = '{}'", app.database.installation.psql("late"));
    assert_eq!(value(&app.database, &logins).await, "0");
}

/// Asks for all of these at once; their statuses, sorted.
async fn at_once(app: &TestApp, verbs: &[&'static str]) -> Vec<u16> {
    let mut callers = JoinSet::new();
    for verb in verbs.iter().copied() {
        let (operator, path) = (app.operator(), "/v1/tenants/acme");
        callers.spawn(async move {
            let reply = match verb {
                "delete" => operator.delete(path).await,
                "purge" => operator.post(&format!("{path}/purge"), &json!({"confirm": "acme"})).await,
                verb => operator.post(&format!("{path}/{verb}"), &json!({})).await,
            };
            if reply.status != 202 {
                assert_eq!(reply.code(), "conflict", "{verb}: {}", reply.text);
                assert!(reply.json["next_steps"].as_array().is_some_and(|steps| !steps.is_empty()), "{verb}");
            }
            reply.status.as_u16()
        });
    }
    let mut statuses = callers.join_all().await;
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn two_changes_at_once_are_one() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    for _ in 0..4 {
        let asked = at_once(&app, &["suspend", "delete", "purge", "suspend", "delete"]).await;
        assert_eq!(asked, [202, 409, 409, 409, 409]);
        app.work().await;
        let back = if status(&app, "acme").await == "deleted" { "restore" } else { "resume" };
        done(&app, "acme", back).await;
    }
    done(&app, "acme", "delete").await;
    assert_eq!(at_once(&app, &["purge", "restore", "purge", "restore"]).await, [202, 409, 409, 409]);
    app.work().await;
    let open = "SELECT count(*) FROM provisioning_runs WHERE finished_at IS NULL";
    assert_eq!(value(&app.database, open).await, "0");
    let after = status(&app, "acme").await;
    assert!(matches!(after.as_str(), "" | "active"), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_deleted_tenant_is_purged() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    done(&app, "acme", "delete").await;
    let purge: TenantAndRun = ask(&app, "acme", "purge").await.expect(202).parse();
    assert_eq!(purge.restorable_until, None, "a purge cannot be taken back");
    let shown = app.operator().get("/v1/tenants/acme").await.expect(200).json;
    assert_eq!((&shown["status"], &shown["restorable_until"]), (&json!("deleted"), &Value::Null));
    assert!(ask(&app, "acme", "restore").await.expect(409).text.contains("Another run is at work"));
    // What no route allows: the tenant serves by the time the worker comes.
    execute(&app.database, "UPDATE tenants SET status = 'active', deleted_at = NULL").await;
    app.work().await;
    let run: Run = app.operator().get("/v1/tenants/acme/status").await.expect(200).parse();
    assert_eq!(run.status, RunStatus::RolledBack);
    assert!(run.error.is_some_and(|error| error.contains("only a deleted tenant is purged")));
    acme.client.get("/v1/agents").await.expect(200);
}

async fn refused(app: &TestApp, state: &str, verbs: &[&str]) {
    for verb in verbs {
        let reply = ask(app, "acme", verb).await.expect(409);
        assert_eq!(reply.code(), "conflict", "{verb} of {state}");
        assert!(
            reply.json["next_steps"][0].as_str().is_some_and(|next| !next.is_empty()),
            "{verb} of {state}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_is_refused() {
    let app = TestApp::builder().start().await;
    app.tenant("acme").await;
    let runs = async || value(&app.database, "SELECT count(*) FROM provisioning_runs").await;
    refused(&app, "active", &["resume", "restore", "purge"]).await;
    assert_eq!(runs().await, "1", "no run was begun");
    done(&app, "acme", "suspend").await;
    refused(&app, "suspended", &["suspend", "restore", "purge"]).await;
    done(&app, "acme", "delete").await;
    refused(&app, "deleted", &["suspend", "resume", "delete"]).await;
    assert_eq!(runs().await, "3");
    for wrong in [json!({"confirm": "acm"}), json!({"confirm": ""})] {
        let reply = app.operator().post("/v1/tenants/acme/purge", &wrong).await.expect(422);
        assert_eq!(reply.json["errors"][0]["pointer"], "/confirm");
    }
    app.operator().post("/v1/tenants/acme/purge", &json!({})).await.expect(422);
    for verb in ["suspend", "resume", "restore", "delete", "purge"] {
        ask(&app, "nobody", verb).await.expect(404);
    }
    let long = json!({"reason": "x".repeat(501)});
    let reply = app.operator().post("/v1/tenants/acme/restore", &long).await.expect(422);
    assert_eq!(reply.json["errors"][0]["pointer"], "/reason");
    let body = json!({"slug": "bolt", "name": "Bolt", "admin_email": "ops@bolt.example"});
    app.operator().post("/v1/tenants", &body).await.expect(202);
    for verb in ["suspend", "resume", "restore", "delete", "purge"] {
        let reply = ask(&app, "bolt", verb).await.expect(409);
        assert!(reply.json["next_steps"][0].as_str().is_some_and(|next| next.contains("status")), "{verb}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_audited() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    for verb in ["suspend", "resume", "delete", "restore", "delete", "purge"] {
        done(&app, "acme", verb).await;
    }
    let trail = value(
        &app.database,
        "SELECT string_agg(concat_ws(' ', actor, action, after ->> 'from', after ->> 'to', '(' || (after ->> 'reason') || ')', after ->> 'status'),
                           E'\\n' ORDER BY occurred_at, id)
         FROM audit_events WHERE action LIKE 'tenant.%' AND action <> 'tenant.create' OR action = 'run.end'",
    )
    .await;
    insta::assert_snapshot!(trail, @r"
    operator tenant.suspend active suspended (a test)
    worker run.end succeeded
    operator tenant.resume suspended active (a test)
    operator tenant.delete active deleted
    worker run.end succeeded
    operator tenant.restore deleted active (a test)
    operator tenant.delete active deleted
    worker run.end succeeded
    operator tenant.purge deleted deleted
    worker run.end succeeded
    ");
    let named = "SELECT count(*) FROM audit_events e WHERE action LIKE 'tenant.%' AND request_id <> ''
                 AND EXISTS (SELECT FROM provisioning_runs r WHERE r.tenant_id = e.tenant_id)";
    assert_eq!(
        value(&app.database, named).await,
        "7",
        "each names its request, and its tenant though that is gone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_change_is_taken_back() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    for (verb, after) in [("suspend", "active"), ("delete", "active")] {
        app.faults.arm(&format!("{verb}.sessions.before"));
        let run = change(&app, "acme", verb).await;
        app.faults.disarm();
        assert_eq!(
            (run.status, status(&app, "acme").await.as_str()),
            (RunStatus::RolledBack, after),
            "{verb}"
        );
        acme.client.get("/v1/agents").await.expect(200);
    }
    done(&app, "acme", "delete").await;
    let before = homes(&app.database).await;
    for step in ["sessions", "audit", "drop", "forget"] {
        app.faults.arm(&format!("purge.{step}.after"));
        let run = change(&app, "acme", "purge").await;
        app.faults.disarm();
        assert_eq!(run.status, RunStatus::RolledBack, "{step}");
        assert_eq!(
            (homes(&app.database).await, status(&app, "acme").await.as_str()),
            (before.clone(), "deleted")
        );
    }
    done(&app, "acme", "restore").await;
    assert_eq!(acme.client.get("/v1/me").await.expect(200).json["tenant"], Value::from("acme"));
}
