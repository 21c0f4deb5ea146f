//! The audit trail: written, sealed, read, exported, verified, and tampered with.

use crate::support::{agent, as_superuser, superuser_sees, told};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tenantry_core::{Error, audit};
use tenantry_server::worker::{Worker, WorkerSettings};
use tenantry_testkit::{Client, TestApp, TestFaults, TestTenant};
use tenantry_types::{TenantId, audit::AuditVerification};

/// Seals everything, as the worker does.
async fn seal(app: &TestApp) -> audit::Backlog {
    app.clock.advance(TimeDelta::seconds(1));
    audit::seal(&app.database.placement.owner, app.app.ctx()).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn admin(app: &TestApp, slug: &str) -> Client {
    let key = app.key(slug, &json!({"name": "admin", "role": "admin"})).await;
    app.anyone.clone().with_token(Some(&key.key))
}

async fn listed(client: &Client, query: &str) -> Vec<Value> {
    let reply = client.get(&format!("/v1/audit-events?{query}")).await.expect(200);
    reply.json["items"].as_array().cloned().unwrap_or_default()
}

async fn verified(client: &Client, tenant: &str) -> AuditVerification {
    client.get(&format!("/v1/audit-events/verify?tenant={tenant}")).await.expect(200).parse()
}

/// A tenant whose chain has six events of its own after the two that made it.
async fn acme(app: &TestApp) -> TestTenant {
    let acme = app.tenant("acme").await;
    for name in ["Ada", "Bea", "Cleo", "Dora", "Eva", "Flo"] {
        agent(&acme.client, name).await;
    }
    acme
}

fn actions(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["action"].as_str().unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_shown_by_its_id() {
    let app = TestApp::builder().slots(2).start().await;
    let (acme, rival) = (acme(&app).await, admin_of_rival(&app).await);
    let path = |event: &Value| format!("/v1/audit-events/{}", event["id"].as_str().unwrap_or_default());
    let unsealed = listed(&app.operator(), "tenant=acme&action=tenant.create").await;
    assert_eq!(app.operator().get(&path(&unsealed[0])).await.expect(200).json, unsealed[0]);
    seal(&app).await;
    let own = admin(&app, "acme").await;
    let events = listed(&own, "").await;
    assert!(!events.is_empty());
    for event in events {
        assert_eq!(own.get(&path(&event)).await.expect(200).json, event);
        assert_eq!(app.operator().get(&path(&event)).await.expect(200).json, event);
        let absent = rival.get("/v1/audit-events/evt_00000000000000000000000007").await.expect(404);
        assert_eq!(told(&rival.get(&path(&event)).await), told(&absent));
        acme.client.get(&path(&event)).await.expect(403);
    }
    // A tenant's role may choose the id of an event that is there already: the first that bore it is shown.
    let first = &listed(&app.operator(), "tenant=acme&action=tenant.create").await[0];
    let uuid = superuser_sees(
        &app,
        "SELECT id::text FROM public.audit_events WHERE action = 'tenant.create' ORDER BY position LIMIT 1",
    )
    .await;
    as_superuser(&app, &format!("INSERT INTO public.audit_unsealed (id, occurred_at, actor_kind, actor, action) VALUES ('{uuid}', now(), 'agent', 'forged', 'tenant.create')")).await;
    assert_eq!(&app.operator().get(&path(first)).await.expect(200).json, first);
    for bad in ["evt_1", "run_00000000000000000000000007", "%00"] {
        app.operator().get(&format!("/v1/audit-events/{bad}")).await.expect(404);
    }
}

async fn admin_of_rival(app: &TestApp) -> Client {
    app.tenant("rival").await;
    admin(app, "rival").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_of_the_worker_seals_what_was_done() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let iris = agent(&acme.client.clone().with_header("x-request-id", "r-1"), "Iris").await;
    let before = listed(&app.operator(), "tenant=acme").await;
    assert_eq!(actions(&before), ["api_key.create", "tenant.create"]);
    assert!(
        before.iter().all(|item| item["sealed"] == false && item["seq"].is_null() && item["hash"].is_null())
    );
    app.work().await;
    let after = listed(&app.operator(), "tenant=acme").await;
    assert_eq!(actions(&after), ["agent.create", "api_key.create", "tenant.create"]);
    let seqs: Vec<_> = after.iter().map(|item| (item["sealed"].clone(), item["seq"].clone())).collect();
    assert_eq!(seqs, [(json!(true), json!(3)), (json!(true), json!(2)), (json!(true), json!(1))]);
    let made = &after[0];
    assert_eq!((&made["target"], &made["target_kind"]), (&json!(iris), &json!("agent")));
    assert_eq!((&made["actor"], &made["request_id"]), (&json!(acme.key.id), &json!("r-1")));
    assert_eq!(
        (&made["workspace_id"], &made["after"]["name"]),
        (&json!(acme.key.workspace_id), &json!("Iris"))
    );
    assert_eq!(made["hash"].as_str().map(str::len), Some(64));
    let left = "SELECT (SELECT count(*) FROM audit_unsealed) || ' ' || (SELECT count(*) FROM audit_due)";
    assert_eq!(superuser_sees(&app, left).await, "0 0");
    let schema = &acme.tenant.schema_name;
    assert_eq!(superuser_sees(&app, &format!("SELECT count(*)::text FROM {schema}._events")).await, "0");
    assert!(verified(&app.operator(), "acme").await.ok);
    assert!(app.app.metrics.render().contains("tenantry_audit_unsealed 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_deed_is_sealed_without_a_sweep() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    seal(&app).await;
    // The next look of the sweep is beyond the last tenant: what is found was noted.
    let beyond = "UPDATE audit_sweep SET hurry = false, after = 'ffffffff-ffff-ffff-ffff-ffffffffffff'";
    as_superuser(&app, beyond).await;
    let mut woken = app.app.woken();
    woken.mark_unchanged();
    agent(&acme.client, "Iris").await;
    tokio::time::timeout(Duration::from_secs(10), woken.changed())
        .await
        .expect("the worker is woken")
        .unwrap();
    assert_eq!(
        superuser_sees(&app, "SELECT string_agg(tenant_id::text, ' ') FROM audit_due").await,
        acme.tenant.id.0.to_string()
    );
    let done = audit::seal(&app.database.placement.owner, app.app.ctx()).await.unwrap();
    assert_eq!((done.sealed, done.unsealed), (1, 0));
    assert_eq!(actions(&listed(&app.operator(), "tenant=acme").await)[0], "agent.create");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_finds_what_was_never_noted() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    seal(&app).await;
    let schema = &acme.tenant.schema_name;
    let event = format!(
        "INSERT INTO {schema}._events (actor, actor_kind, action) VALUES ('a', 'agent', 'note.lost')"
    );
    as_superuser(&app, &event).await;
    // 120 more, whose schemas are not there: a slice is 50.
    as_superuser(&app, "INSERT INTO tenants (slug, name, schema_name, role_name, status, admin_email)
        SELECT 't' || n || 'x', 'x', 'tenant_none_' || n, 'none_' || n, 'provisioning', 'a@b.example' FROM generate_series(1, 120) AS n").await;
    let mut sealed = 0;
    for _ in 0..3 {
        sealed += seal(&app).await.sealed;
    }
    assert_eq!(sealed, 1);
    // A worker that starts is in a hurry: one look is enough.
    as_superuser(&app, &event).await;
    audit::hurry(&app.database.placement.owner).await.unwrap();
    let done = audit::seal(&app.database.placement.owner, app.app.ctx()).await.unwrap();
    assert_eq!((done.sealed, done.unsealed), (1, 0));
    assert_eq!(actions(&listed(&app.operator(), "action=note.").await), ["note.lost", "note.lost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sealers_never_fork_a_chain() {
    let app = TestApp::start().await;
    let (acme, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    let other = TestApp::builder().database(&app.database).start().await;
    let writing = async {
        for round in 0..20 {
            let name = format!("agent-{round}");
            tokio::join!(agent(&acme.client, &name), agent(&bolt.client, &name));
            app.key("acme", &json!({"name": name})).await;
        }
    };
    let sealing = async |app: &TestApp| {
        for _ in 0..40 {
            seal(app).await;
        }
    };
    tokio::join!(writing, sealing(&app), sealing(&other));
    seal(&app).await;
    for (slug, events) in [("acme", 42), ("bolt", 22)] {
        let found = verified(&app.operator(), slug).await;
        assert_eq!((found.ok, found.events, found.head.seq), (true, events, events), "{found:?}");
    }
    let forks =
        "SELECT count(*)::text FROM (SELECT FROM audit_events GROUP BY chain, seq HAVING count(*) > 1) AS f";
    assert_eq!(superuser_sees(&app, forks).await, "0");
    let positions = "SELECT (count(DISTINCT position) = max(position) AND count(*) = max(position))::text FROM audit_events";
    assert_eq!(superuser_sees(&app, positions).await, "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_do_not_wait_for_one_another() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    seal(&app).await;
    let holding = app.database.admin().await;
    holding
        .execute("BEGIN; SELECT FROM audit_heads FOR UPDATE; SELECT FROM audit_sealing FOR UPDATE")
        .await
        .unwrap();
    // Another deed of the same tenant is under way and not committed.
    let slow = app.database.admin().await;
    slow.execute(&format!(
        "BEGIN; INSERT INTO {0}._events (actor, actor_kind, action) VALUES ('a', 'agent', 'x.y');
         INSERT INTO audit_unsealed (id, occurred_at, tenant_id, actor_kind, actor, action) VALUES (gen_random_uuid(), now(), '{1}', 'system', 'a', 'x.y')",
        acme.tenant.schema_name, acme.tenant.id.0
    ))
    .await
    .unwrap();
    let mut all = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (client, operator) = (acme.client.clone(), app.operator());
        all.spawn(async move {
            if number % 2 == 0 {
                agent(&client, &format!("together-{number}")).await;
            } else {
                let body = json!({"name": format!("together-{number}")});
                operator.post("/v1/tenants/acme/api-keys", &body).await.expect(201);
            }
        });
    }
    tokio::time::timeout(Duration::from_secs(20), async {
        while all.join_next().await.transpose().unwrap().is_some() {}
    })
    .await
    .expect("no writer waits for a head, or for another writer");
    let counted = "SELECT count(*)::text FROM audit_unsealed";
    assert_eq!(superuser_sees(&app, counted).await, "16", "and the sealer has done nothing meanwhile");
    holding.execute("ROLLBACK").await.unwrap();
    slow.execute("ROLLBACK").await.unwrap();
    assert_eq!(seal(&app).await.sealed, 32);
    assert!(verified(&app.operator(), "acme").await.ok);
}

/// What a superuser does to the trail of acme, whose chain is `{C}`; and what is then found.
const TAMPERING: &[(&str, &[(i64, &str)])] = &[
    ("UPDATE audit_events SET actor = 'nobody' WHERE chain = {C} AND seq = 3", &[(3, "changed")]),
    ("UPDATE audit_events SET after = after || '{\"name\": \"Mallory\"}' WHERE chain = {C} AND seq = 4", &[(4, "changed")]),
    ("UPDATE audit_events SET occurred_at = 'infinity' WHERE chain = {C} AND seq = 4", &[(4, "changed")]),
    ("UPDATE audit_events SET hash = sha256('x') WHERE chain = {C} AND seq = 5", &[(5, "changed")]),
    ("UPDATE audit_events SET position = position + 1000 WHERE chain = {C} AND seq = 8", &[(8, "changed")]),
    ("DELETE FROM audit_events WHERE chain = {C} AND seq = 1", &[(1, "removed")]),
    ("DELETE FROM audit_events WHERE chain = {C} AND seq IN (3, 4)", &[(3, "removed")]),
    ("DELETE FROM audit_events WHERE chain = {C} AND seq >= 7", &[(7, "truncated")]),
    ("DELETE FROM audit_heads WHERE chain = {C}", &[(0, "truncated")]),
    (
        "INSERT INTO audit_events SELECT (e).* FROM (SELECT jsonb_populate_record(a, '{\"sealed_at\": \"2020-01-01T00:00:00Z\", \"actor\": \"nobody\"}') AS e
             FROM audit_events a WHERE chain = {C} AND seq = 3) AS forged",
        &[(3, "inserted")],
    ),
    (
        "INSERT INTO audit_events SELECT (e).* FROM (SELECT jsonb_populate_record(a, '{\"seq\": 9, \"actor\": \"nobody\"}') AS e
             FROM audit_events a WHERE chain = {C} AND seq = 8) AS forged",
        &[(9, "inserted")],
    ),
    (
        "UPDATE audit_events SET seq = 100 WHERE chain = {C} AND seq = 3; UPDATE audit_events SET seq = 3 WHERE chain = {C} AND seq = 5;
         UPDATE audit_events SET seq = 5 WHERE chain = {C} AND seq = 100",
        &[(3, "reordered"), (5, "reordered")],
    ),
    ("UPDATE audit_heads SET seq = 6, hash = (SELECT hash FROM audit_events WHERE chain = {C} AND seq = 6) WHERE chain = {C}", &[(7, "inserted"), (8, "inserted")]),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_tampering_is_found_and_named() {
    let app = TestApp::start().await;
    let acme = acme(&app).await;
    seal(&app).await;
    let chain = acme.tenant.id.0;
    let whole = verified(&app.operator(), "acme").await;
    assert_eq!((whole.ok, whole.events, whole.head.seq), (true, 8, 8), "{whole:?}");
    as_superuser(
        &app,
        "CREATE TABLE kept_events AS TABLE audit_events; CREATE TABLE kept_heads AS TABLE audit_heads",
    )
    .await;
    as_superuser(&app, "CREATE TABLE audit.events_2020_01 PARTITION OF audit_events FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z')").await;
    for (sql, expected) in TAMPERING {
        let sql = sql.replace("{C}", &format!("'{chain}'"));
        as_superuser(&app, &format!("SET session_replication_role = replica; {sql}")).await;
        let found = verified(&app.operator(), "acme").await;
        let told: Vec<_> =
            found.problems.iter().map(|problem| (problem.seq, problem.kind.as_str())).collect();
        assert_eq!((found.ok, told.as_slice()), (false, *expected), "{sql}\n{found:?}");
        for problem in &found.problems {
            let there = format!(
                "SELECT count(*)::text FROM audit_events WHERE chain = '{chain}' AND seq = {} AND id = '{}'",
                problem.seq,
                problem.id.map_or_else(uuid::Uuid::nil, |id| id.0)
            );
            let named = !matches!(problem.kind.as_str(), "removed" | "truncated");
            assert_eq!(superuser_sees(&app, &there).await != "0", named, "{sql}: {problem:?}");
        }
        as_superuser(&app, "SET session_replication_role = replica; DELETE FROM audit_events; INSERT INTO audit_events TABLE kept_events;
            DELETE FROM audit_heads; INSERT INTO audit_heads TABLE kept_heads").await;
        assert_eq!(verified(&app.operator(), "acme").await, whole, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_chains_are_verified_in_one_go() {
    let app = TestApp::start().await;
    let (acme, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    as_superuser(&app, "INSERT INTO audit_unsealed (id, occurred_at, actor_kind, actor, action) VALUES (gen_random_uuid(), now(), 'system', 'worker', 'platform.test')").await;
    seal(&app).await;
    as_superuser(&app, &format!(
        "SET session_replication_role = replica; UPDATE audit_events SET actor = 'nobody' WHERE seq = 1 AND chain = '{0}'; DELETE FROM audit_heads WHERE chain = '{0}'",
        bolt.tenant.id.0
    ))
    .await;
    let reply = app.operator().get("/v1/audit-events/verify?all=true").await.expect(200);
    assert_eq!(reply.headers["content-type"], "application/x-ndjson");
    let found: Vec<AuditVerification> =
        reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: BTreeSet<_> = found.iter().map(|one| (one.chain.clone(), one.ok, one.events)).collect();
    let expected = [
        ("platform".to_owned(), true, 1),
        (acme.tenant.id.to_string(), true, 2),
        (bolt.tenant.id.to_string(), false, 2),
    ];
    assert_eq!(told, BTreeSet::from(expected));
    assert!(app.operator().get("/v1/audit-events/verify").await.expect(200).json["ok"] == true);
    app.operator().get("/v1/audit-events/verify?all=true&tenant=acme").await.expect(422);
    app.operator().get("/v1/audit-events/verify?tenant=No%20Slug").await.expect(422);
    app.operator().get("/v1/audit-events/verify?tenant=nobody").await.expect(404);
    app.operator()
        .get(&format!("/v1/audit-events/verify?tenant={}", TenantId(uuid::Uuid::from_u128(7))))
        .await
        .expect(404);
    // An admin's own chain is the only one there is.
    let own = admin(&app, "acme").await;
    let reply = own.get("/v1/audit-events/verify?all=true").await.expect(200);
    assert_eq!(reply.text.lines().count(), 1);
    assert_eq!(own.get("/v1/audit-events/verify").await.expect(200).json["chain"], json!(acme.tenant.id));
    own.get("/v1/audit-events/verify?tenant=bolt").await.expect(404);
    own.get("/v1/audit-events/verify?tenant=platform").await.expect(404);
    own.get(&format!("/v1/audit-events/verify?tenant={}", bolt.tenant.id)).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sees_its_own_trail_only() {
    let app = TestApp::start().await;
    let (acme, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    agent(&acme.client, "Iris").await;
    agent(&bolt.client, "Iris").await;
    seal(&app).await;
    // Some sealed, some not.
    let own = admin(&app, "acme").await;
    let all = listed(&app.operator(), "").await;
    assert_eq!(all.len(), 7);
    let mine = listed(&own, "").await;
    assert_eq!(actions(&mine), ["api_key.create", "agent.create", "api_key.create", "tenant.create"]);
    assert_eq!((&mine[0]["sealed"], &mine[1]["sealed"]), (&json!(false), &json!(true)));
    assert!(mine.iter().all(|item| item["tenant_id"] == json!(acme.tenant.id)));
    for foreign in ["bolt".to_owned(), bolt.tenant.id.to_string(), "platform".to_owned()] {
        assert_eq!(listed(&own, &format!("tenant={foreign}")).await, [] as [Value; 0], "{foreign}");
        assert_eq!(own.get(&format!("/v1/audit-events/export?tenant={foreign}")).await.expect(200).text, "");
    }
    let exported = own.get("/v1/audit-events/export").await.expect(200).text;
    assert_eq!(exported.lines().count(), 3);
    assert!(!exported.contains(&bolt.tenant.id.0.to_string()));
    for path in ["", "/export", "/verify"] {
        let reply = acme.client.get(&format!("/v1/audit-events{path}")).await.expect(403);
        assert_eq!(reply.code(), "forbidden", "a member's key reads no trail");
        app.anyone.get(&format!("/v1/audit-events{path}")).await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_what_they_name() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    app.tenant("bolt").await;
    let iris = agent(&acme.client, "Iris").await;
    acme.client.delete(&format!("/v1/agents/{iris}")).await.expect(204);
    for sealed in [false, true] {
        if sealed {
            seal(&app).await;
        }
        let found = async |query: &str| listed(&app.operator(), query).await.len();
        assert_eq!(found("action=tenant.create").await, 2);
        assert_eq!(found("action=tenant.").await, 2);
        assert_eq!(found("action=tenant").await, 0);
        assert_eq!(found("tenant=acme&action=api_key.").await, 1);
        assert_eq!(found(&format!("tenant={}&actor=operator", acme.tenant.id)).await, 2);
        assert_eq!(found(&format!("target={}", acme.tenant.id)).await, 1);
        assert_eq!(found("tenant=nobody").await, 0);
        assert_eq!(found("from=2099-01-01T00:00:00Z").await, 0);
        assert_eq!(found("to=2020-01-01T00:00:00Z").await, 0);
        assert_eq!(
            found("from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00%2B02:00&action=tenant.create").await,
            2
        );
    }
    let agents = listed(&app.operator(), &format!("actor={}&target={iris}", acme.key.id)).await;
    assert_eq!(actions(&agents), ["agent.delete", "agent.create"]);
    for (query, field) in [
        ("tenant=No%20Slug", "tenant"),
        ("tenant=ten_7", "tenant"),
        ("actor=", "actor"),
        ("action=%00", "action"),
        ("target=%07", "target"),
        ("from=yesterday", "from"),
        ("to=2026-13-01T00:00:00Z", "to"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("cursor=1", "cursor"),
        ("cursor=p99999999999999999999", "cursor"),
        ("colour=red", "colour"),
    ] {
        let reply = app.operator().get(&format!("/v1/audit-events?{query}")).await.expect(422);
        assert_eq!(reply.json["errors"][0]["pointer"], field, "{query}: {}", reply.text);
    }
    for query in ["format=xml", "from=yesterday", "limit=5"] {
        app.operator().get(&format!("/v1/audit-events/export?{query}")).await.expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_through_a_growing_trail_repeats_and_skips_nothing() {
    let app = TestApp::start().await;
    let acme = acme(&app).await;
    seal(&app).await;
    for name in ["one", "two", "three", "four"] {
        app.key("acme", &json!({"name": name})).await;
    }
    let wanted: Vec<Value> =
        listed(&app.operator(), "").await.iter().map(|item| item["id"].clone()).collect();
    assert_eq!(wanted.len(), 12);
    for limit in [1, 3, 4, 5, 12] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        let known: BTreeSet<String> =
            listed(&app.operator(), "limit=200").await.iter().map(|item| item["id"].to_string()).collect();
        loop {
            let page =
                app.operator().get(&format!("/v1/audit-events?limit={limit}{cursor}")).await.expect(200).json;
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].to_string()));
            // More comes in, and some of what was shown is sealed meanwhile.
            app.key("acme", &json!({"name": format!("more-{limit}-{}", seen.len())})).await;
            agent(&acme.client, &format!("more-{limit}-{}", seen.len())).await;
            if seen.len() % 2 == 0 || limit > 3 {
                seal(&app).await;
            }
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "limit {limit}: nothing twice");
        assert!(known.is_subset(&once), "limit {limit}: nothing is skipped");
    }
}

/// An export as its lines.
async fn exported(client: &Client, query: &str) -> Vec<Value> {
    let reply = client.get(&format!("/v1/audit-events/export?format=jsonl&{query}")).await.expect(200);
    assert_eq!(reply.headers["content-type"], "application/x-ndjson");
    assert_eq!(reply.headers["content-disposition"], "attachment; filename=\"audit-events.jsonl\"");
    assert_eq!(reply.headers["cache-control"], "no-store");
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    reply.text.lines().map(read).collect()
}

/// What docs/guides/audit.md tells an outsider to do, with the database's own SHA-256.
async fn hash_of(app: &TestApp, line: &Value) -> String {
    let mut encoded = "16:tenantry-audit-1,".to_owned();
    for name in [
        "prev_hash",
        "position",
        "chain",
        "seq",
        "sealed_at",
        "arrived",
        "id",
        "occurred_at",
        "tenant_id",
        "workspace_id",
        "actor_kind",
        "actor",
        "action",
        "target_kind",
        "target",
        "request_id",
        "address",
        "before_json",
        "after_json",
    ] {
        let text = match &line[name] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        encoded.push_str(&text.map_or("-,".to_owned(), |text| format!("{}:{text},", text.len())));
    }
    let sql = format!(
        "SELECT encode(sha256(convert_to({}, 'UTF8')), 'hex')",
        tenantry_pg::sql::quote_literal(&encoded)
    );
    superuser_sees(app, &sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_export_verifies_by_itself() {
    let app = TestApp::start().await;
    let acme = acme(&app).await;
    let body = json!({"name": "Ünïcode \"quotes\", \\ and = signs", "role": "r", "tool_permissions": {"n": 1.10, "big": 12_345_678_901_234_567_u64}});
    acme.client.post("/v1/agents", &body).await.expect(201);
    seal(&app).await;
    let lines = exported(&app.operator(), "tenant=acme").await;
    assert_eq!(lines.len(), 9);
    let mut prev_hash = "0".repeat(64);
    for (number, line) in lines.iter().enumerate() {
        assert_eq!((&line["seq"], &line["prev_hash"]), (&json!(number + 1), &json!(prev_hash)));
        prev_hash = hash_of(&app, line).await;
        assert_eq!(line["hash"], json!(prev_hash));
    }
    let head = verified(&app.operator(), "acme").await.head;
    assert_eq!((head.seq, head.hash), (9, prev_hash));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_loses_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    // More than two pieces, and more than two batches of the sealer.
    let many = format!("INSERT INTO {}._events (actor, actor_kind, action, target_type, target_id, after)
        SELECT '=cmd()', 'agent', 'row.' || n, 'row', E'two\nlines, \"quoted\"', jsonb_build_object('n', n) FROM generate_series(1, 1234) AS n", acme.tenant.schema_name);
    as_superuser(&app, &many).await;
    seal(&app).await;
    let operator = app.operator();
    let lines = exported(&operator, "tenant=acme").await;
    assert_eq!(
        lines.iter().map(|line| line["seq"].as_i64().unwrap()).collect::<Vec<_>>(),
        (1..=1236).collect::<Vec<_>>()
    );
    let chosen = exported(&operator, "action=row.7").await;
    assert_eq!((chosen.len(), &chosen[0]["after_json"]), (1, &json!("{\"n\": 7}")));
    assert!(verified(&operator, "acme").await.ok);
    let csv = operator.get("/v1/audit-events/export?format=CSV&tenant=acme").await.expect(200);
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let rows = csv_rows(&csv.text);
    assert_eq!(rows.len(), 1237);
    let (header, rows) = rows.split_first().unwrap();
    for (row, line) in rows.iter().zip(&lines) {
        assert_eq!(row.len(), header.len());
        for (name, cell) in header.iter().zip(row) {
            let told = match &line[name] {
                Value::Null => String::new(),
                Value::String(text) if text.starts_with('=') => format!("'{text}"),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(*cell, told, "{name}");
        }
    }
}

/// Rows of a CSV, as RFC 4180 reads them.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_reaches_the_trail() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let body = json!({"name": "Iris", "role": "r", "tool_permissions": {"mail": {"smtp_password": "hunter2", "api_key": ["sk-live-1"]}, "max_tokens": 7}});
    acme.client.post("/v1/agents", &body).await.expect(201);
    as_superuser(&app, &format!(
        "INSERT INTO {}._events (actor, actor_kind, action, after) VALUES ('a', 'agent', 'x.huge', jsonb_build_object('text', repeat('x', 70000)))",
        acme.tenant.schema_name
    ))
    .await;
    seal(&app).await;
    let found = listed(&app.operator(), "tenant=acme").await;
    let made = found.iter().find(|item| item["action"] == "agent.create").unwrap();
    assert_eq!(
        made["after"]["tool_permissions"],
        json!({"mail": {"smtp_password": "[redacted]", "api_key": "[redacted]"}, "max_tokens": 7})
    );
    let huge = found.iter().find(|item| item["action"] == "x.huge").unwrap();
    assert_eq!(huge["after"], json!({"left_out": "too large", "bytes": 70_012}));
    let kept = "SELECT count(*)::text FROM audit_events e WHERE e::text LIKE '%hunter2%' OR e::text LIKE '%sk-live-1%'";
    assert_eq!(superuser_sees(&app, kept).await, "0");
    assert!(verified(&app.operator(), "acme").await.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strange_event_does_not_stop_the_trail() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    // All that a tenant's role may write there.
    for (columns, values) in [
        ("occurred_at", "'infinity'"),
        ("occurred_at", "'-infinity'"),
        ("occurred_at", "'20000-01-01'"),
        ("occurred_at", "'0044-03-15 BC'"),
        ("address", "'10.0.0.0/8'"),
        ("after", "(repeat('[', 900) || repeat(']', 900))::jsonb"),
        ("after", "('[' || repeat('9', 500) || ']')::jsonb"),
        ("id", "'00000000-0000-0000-0000-000000000001'"),
        ("id", "'00000000-0000-0000-0000-000000000001'"),
        ("target_type, target_id", "repeat('é', 100), repeat('é', 200)"),
    ] {
        let one = format!(
            "INSERT INTO {}._events (actor, actor_kind, action, {columns}) VALUES (repeat('é', 200), 'agent', repeat('é', 100), {values})",
            acme.tenant.schema_name
        );
        // One row may go in once only.
        let admin = app.database.admin().await;
        let outcome = admin.execute(&one).await;
        assert!(outcome.is_ok() || values.contains("0001"), "{one}: {outcome:?}");
    }
    assert_eq!(seal(&app).await.sealed, 11);
    assert_eq!(listed(&app.operator(), "tenant=acme").await.len(), 11);
    assert!(verified(&app.operator(), "acme").await.ok);
    assert_eq!(exported(&app.operator(), "").await.len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_two_steps_loses_nothing() {
    let app = TestApp::start().await;
    let acme = acme(&app).await;
    let owner = &app.database.placement.owner;
    app.faults.arm("audit.fetched");
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(audit::seal(owner, app.app.ctx()).await.unwrap().sealed, 2, "the platform's own go on");
    let waiting = format!("SELECT count(*)::text FROM {}._events", acme.tenant.schema_name);
    assert_eq!(superuser_sees(&app, &waiting).await, "6");
    app.faults.disarm();
    app.faults.arm("audit.sealed");
    app.clock.advance(TimeDelta::seconds(1));
    let Err(Error::Fault(why)) = audit::seal(owner, app.app.ctx()).await else { panic!("must fail") };
    assert_eq!(why, TestFaults::MESSAGE);
    let counts = "SELECT (SELECT count(*) FROM audit_unsealed) || ' ' || (SELECT count(*) FROM audit_events)";
    assert_eq!(superuser_sees(&app, counts).await, "6 2");
    app.faults.disarm();
    assert_eq!(seal(&app).await.sealed, 6);
    let found = verified(&app.operator(), "acme").await;
    assert_eq!((found.ok, found.events), (true, 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_begins_without_a_gap() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let months = "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'audit_events'::regclass";
    seal(&app).await;
    assert_eq!(superuser_sees(&app, months).await, "2", "this month and the next");
    for days in [31, 31, 400] {
        app.clock.advance(TimeDelta::days(days));
        agent(&acme.client, &format!("agent-{days}-{}", superuser_sees(&app, months).await)).await;
        assert_eq!(seal(&app).await.sealed, 1);
    }
    let used = "SELECT count(DISTINCT tableoid)::text FROM audit_events";
    assert_eq!(superuser_sees(&app, used).await, "4");
    let found = verified(&app.operator(), "acme").await;
    assert_eq!((found.ok, found.events), (true, 5));
    assert_eq!(listed(&app.operator(), "tenant=acme").await.len(), 5);
    assert_eq!(exported(&app.operator(), "tenant=acme").await.len(), 5);
    let guarded = "SELECT bool_and(EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = i.inhrelid AND t.tgname = 'audit_events_append_only'))::text FROM pg_inherits i WHERE inhparent = 'audit_events'::regclass";
    assert_eq!(superuser_sees(&app, guarded).await, "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_of_a_tenant_that_is_gone_is_found() {
    let app = TestApp::start().await;
    let acme = acme(&app).await;
    let id = acme.tenant.id;
    let input = (app.app.ctx().clone(), id, acme.tenant.schema_name.clone());
    let owner = &app.database.placement.owner;
    owner
        .run("purge", input, |tx, (ctx, id, schema)| {
            Box::pin(async move {
                audit::carry_out(tx, ctx, *id, schema).await?;
                tx.batch(&format!("DROP SCHEMA {schema} CASCADE")).await?;
                audit::seal_tenant(tx, ctx, *id).await?;
                tx.batch("DELETE FROM tenants WHERE slug = 'acme'").await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
    let counts = "SELECT (SELECT count(*) FROM audit_unsealed) || ' ' || (SELECT count(*) FROM audit_events)";
    assert_eq!(superuser_sees(&app, counts).await, "0 8");
    // A note that comes too late is for nobody.
    as_superuser(&app, &format!("INSERT INTO audit_due VALUES ('{}', now()) ON CONFLICT DO NOTHING", id.0))
        .await;
    assert_eq!(seal(&app).await.unsealed, 0);
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM audit_due").await, "0");
    let operator = app.operator();
    for name in ["acme".to_owned(), id.to_string()] {
        assert_eq!(listed(&operator, &format!("tenant={name}")).await.len(), 8);
        let found = verified(&operator, &name).await;
        assert_eq!((found.ok, found.tenant.as_deref(), found.chain), (true, Some("acme"), id.to_string()));
    }
    // The slug's next tenant has a chain of its own, and is the one that is meant.
    let next = app.tenant("acme").await;
    seal(&app).await;
    assert_eq!(verified(&operator, "acme").await.chain, next.tenant.id.to_string());
    assert_eq!(listed(&operator, "tenant=acme").await.len(), 10);
    assert_eq!(listed(&admin(&app, "acme").await, "tenant=acme").await.len(), 3);
}

/// A tenant whose purge was asked for, and another one.
async fn one_to_purge(app: &TestApp) -> (TestTenant, TestTenant) {
    let both = (app.tenant("acme").await, app.tenant("bolt").await);
    app.operator().delete("/v1/tenants/acme").await.expect(202);
    app.work().await;
    app.operator().post("/v1/tenants/acme/purge", &json!({"confirm": "acme"})).await.expect(202);
    both
}

/// Counts who waits to drop a schema's agents.
fn waiting(schema: &str) -> String {
    format!(
        "SELECT count(*)::text FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND relation = '{schema}.agents'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted"
    )
}

/// Returns once the purge of a schema waits for whoever reads it.
async fn purge_waits(app: &TestApp, schema: &str) {
    let waits = async { while superuser_sees(app, &waiting(schema)).await != "1" {} };
    let waited = tokio::time::timeout(Duration::from_secs(20), waits).await;
    assert!(waited.is_ok(), "the purge waits for who reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_seals_while_its_run_waits() {
    let app = TestApp::start().await;
    let (acme, bolt) = one_to_purge(&app).await;
    let reading = app.database.admin().await;
    let read = format!("BEGIN; LOCK TABLE {}.agents IN ACCESS SHARE MODE", acme.tenant.schema_name);
    reading.execute(&read).await.unwrap();
    let worker = app.worker();
    let worker =
        Worker { settings: WorkerSettings { poll: Duration::from_millis(20), ..worker.settings }, ..worker };
    let mut made = 0;
    let working = tenantry_pg::task::detached(async move { worker.look(&mut made).await });
    purge_waits(&app, &acme.tenant.schema_name).await;
    agent(&bolt.client, "Iris").await;
    let sealed = async {
        let done = async || listed(&app.operator(), "tenant=bolt&action=agent.create").await;
        while done().await.first().is_none_or(|item| item["sealed"] != true) {}
    };
    tokio::time::timeout(Duration::from_secs(20), sealed).await.expect("the one worker seals meanwhile");
    let acme = app.operator().get("/v1/tenants/acme/status").await.expect(200).json;
    assert_eq!((&acme["kind"], &acme["status"]), (&json!("purge"), &json!("running")));
    reading.execute("ROLLBACK").await.unwrap();
    working.await.unwrap();
    app.operator().get("/v1/tenants/acme").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_waits_keeps_no_other_tenant_waiting() {
    let app = TestApp::start().await;
    let (acme, bolt) = one_to_purge(&app).await;
    // As an export does: its picture is read for as long as its client takes. And an event of acme's that somebody noted.
    let (schema, id) = (&acme.tenant.schema_name, acme.tenant.id.0);
    let reading = app.database.admin().await;
    reading.execute(&format!("BEGIN; LOCK TABLE {schema}.agents IN ACCESS SHARE MODE")).await.unwrap();
    as_superuser(&app, &format!("INSERT INTO {schema}._events (actor, actor_kind, action) VALUES ('a', 'agent', 'last.word'); INSERT INTO audit_due VALUES ('{id}', now())")).await;
    let (worker, mut made) = (app.worker(), 0);
    let purging = tenantry_pg::task::detached(async move { worker.look(&mut made).await });
    purge_waits(&app, schema).await;

    agent(&bolt.client, "Iris").await;
    tokio::time::timeout(Duration::from_secs(10), seal(&app)).await.expect("the sealer waits for nobody");
    let sealed = &listed(&app.operator(), "tenant=bolt&action=agent.create").await[0]["sealed"];
    assert_eq!(sealed, true, "another tenant's event");
    assert_eq!(superuser_sees(&app, &waiting(schema)).await, "1", "and the purge still waits");

    reading.execute("ROLLBACK").await.unwrap();
    purging.await.unwrap();
    app.operator().get("/v1/tenants/acme").await.expect(404);
    seal(&app).await;
    let found = verified(&app.operator(), "acme").await;
    assert_eq!((found.ok, found.tenant.as_deref()), (true, Some("acme")));
    let trail = listed(&app.operator(), &format!("tenant={}", acme.tenant.id)).await;
    assert!(actions(&trail).contains(&"last.word") && trail.iter().all(|item| item["sealed"] == true));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_of_a_trail_that_is_not_sealed() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let check = async || {
        let told = app.operator().get("/v1/doctor").await.expect(200).json;
        let checks = told["checks"].as_array().cloned().unwrap_or_default();
        checks.into_iter().find(|check| check["name"] == "audit_sealed").unwrap_or_default()["status"].clone()
    };
    assert_eq!(check().await, "ok");
    app.clock.advance(TimeDelta::seconds(12));
    assert_eq!(check().await, "warn");
    seal(&app).await;
    assert_eq!(check().await, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_that_had_two_tenants_shows_both() {
    let app = TestApp::start().await;
    let first = app.tenant("acme").await;
    seal(&app).await;
    as_superuser(&app, "UPDATE tenants SET slug = 'gone' WHERE slug = 'acme'").await;
    let second = app.tenant("acme").await;
    for sealed in [false, true] {
        if sealed {
            seal(&app).await;
        }
        let found = listed(&app.operator(), "tenant=acme").await;
        let tenants: Vec<_> = found.iter().map(|item| item["tenant_id"].clone()).collect();
        let (one, two) = (json!(first.tenant.id), json!(second.tenant.id));
        assert_eq!(tenants, [two.clone(), two, one.clone(), one]);
    }
    assert_eq!(exported(&app.operator(), "tenant=acme").await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_worker_seals_by_itself() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let _worker = app.start_worker();
    let mut woken = app.app.woken();
    agent(&acme.client, "Iris").await;
    let sealed = async {
        loop {
            let found = listed(&app.operator(), "tenant=acme&action=agent.create").await;
            if found.first().is_some_and(|item| item["sealed"] == true) {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_millis(20), woken.changed()).await;
        }
    };
    // A second where nothing else is at work; tests run side by side.
    tokio::time::timeout(Duration::from_secs(20), sealed).await.expect("sealed");
}
