//! From the tables of the first release to those of this one, with what an installation had in them by then.

use crate::catalogue::{execute, value};
use serde_json::Value;
use tenantry_core::{
    ctx::Ctx,
    identity::{Environment, KeyText},
    placement::Template,
};
use tenantry_pg::roles::hex;
use tenantry_testkit::{TestApp, TestDatabase};

/// Tenants of every state, keys, the trail, runs of every status; nothing of it later than 2025, but for a deletion, whose retention is not to end here.
const FILLED: &str = "
INSERT INTO installation (prefix, key_check, access_check) VALUES ('{prefix}', '{key_check}', 'of another version');
INSERT INTO shards VALUES ('00000000-0000-7000-8000-0000000000a1', 'first', 'open', '2025-01-01Z');
INSERT INTO cells VALUES (1, '00000000-0000-7000-8000-0000000000a1', '{cell}', '2025-01-01Z');
INSERT INTO tenants (id, slug, name, schema_name, role_name, shard_id, cell, schema_version, status, admin_email, created_at, updated_at, deleted_at)
SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, slug, initcap(slug), 'tenant_old' || n, '{prefix}_t_old' || n,
       '00000000-0000-7000-8000-0000000000a1', 1, '1', status, 'ops@' || slug || '.example', '2025-02-01Z', '2025-03-01Z',
       CASE WHEN status = 'deleted' THEN now() END
FROM (VALUES (1, 'acme', 'active'), (2, 'bolt', 'suspended'), (3, 'core', 'deleted'), (4, 'duct', 'provisioning')) AS t (n, slug, status);
INSERT INTO slots (id, shard_id, cell, schema_name, role_name, schema_version, template, state, tenant_id, created_at, claimed_at)
SELECT gen_random_uuid(), shard_id, cell, schema_name, role_name, '1', 'of the first release', 'claimed', id, '2025-01-02Z', '2025-02-01Z'
FROM tenants WHERE status <> 'provisioning';
INSERT INTO workspaces (id, tenant_id, slug, name, is_default, created_at, updated_at)
SELECT id, id, 'default', 'Default', true, '2025-02-01Z', '2025-02-01Z' FROM tenants WHERE status <> 'provisioning';
INSERT INTO api_keys (id, public_id, key_hash, tenant_id, workspace_id, name, role, created_at)
SELECT gen_random_uuid(), '{public_id}', decode('{key_hash}', 'hex'), id, id, 'first', 'admin', '2025-02-01Z' FROM tenants WHERE slug = 'acme';
INSERT INTO provisioning_runs (id, tenant_id, tenant_slug, status, error, lease_token, lease_until, created_at, started_at, finished_at)
SELECT ('00000000-0000-7000-8000-00000000001' || n)::uuid, ('00000000-0000-7000-8000-00000000000' || n)::uuid, slug, status, error,
       CASE WHEN done IS NULL THEN gen_random_uuid() END, CASE WHEN done IS NULL THEN timestamptz '2025-02-01 00:01Z' END,
       '2025-02-01Z', '2025-02-01 00:00:01Z', done
FROM (VALUES (1, 'acme', 'succeeded', NULL, timestamptz '2025-02-01 00:00:02Z'), (2, 'bolt', 'succeeded', NULL, '2025-02-01 00:00:03Z'),
             (3, 'core', 'succeeded', NULL, '2025-02-01 00:00:04Z'), (4, 'duct', 'running', NULL, NULL),
             (5, 'gone', 'rolled_back', 'verify: open', '2025-02-01 00:00:05Z'),
             (6, 'left', 'needs_attention', 'place: full; and the undo failed', '2025-02-01 00:00:06Z')) AS r (n, slug, status, error, done);
INSERT INTO provisioning_steps (run_id, position, name, status, attempts, detail, started_at, finished_at)
SELECT r.id, s.position, s.name,
       CASE r.status WHEN 'succeeded' THEN 'succeeded' WHEN 'rolled_back' THEN 'undone' WHEN 'needs_attention' THEN 'failed'
                     ELSE CASE WHEN s.position = 1 THEN 'succeeded' ELSE 'pending' END END,
       CASE WHEN r.finished_at IS NULL AND s.position > 1 THEN 0 ELSE 1 END, 'told then', r.started_at,
       CASE WHEN r.finished_at IS NULL AND s.position > 1 THEN NULL ELSE r.created_at + interval '1 s' END
FROM provisioning_runs r,
     unnest(ARRAY['reserve', 'place', 'migrate', 'isolate', 'seed', 'extras', 'verify', 'activate']) WITH ORDINALITY AS s (name, position);
INSERT INTO provisioning_events (run_id, event, data, created_at)
SELECT id, 'run', jsonb_build_object('status', status), '2025-02-01Z' FROM provisioning_runs;
INSERT INTO psql_sessions (id, tenant_id, login, role_name, verifier, status, requested_at, expires_at, ended_at)
SELECT gen_random_uuid(), id, '{prefix}_psql_old', role_name, '', 'ended', '2025-02-02Z', '2025-02-02 01:00Z', '2025-02-02 00:30Z'
FROM tenants WHERE slug = 'acme';
-- Not in the order of their times; two at one time; of the platform alone; of a tenant that is no more.
INSERT INTO audit_events (id, occurred_at, tenant_id, actor_kind, actor, action, target_kind, target, request_id, address, before, after)
SELECT ('00000000-0000-7000-9000-00000000000' || n)::uuid, at::timestamptz, tenant::uuid, kind, 'somebody', action, 'tenant', coalesce(tenant, 'all'), 'r-' || at, '192.0.2.7',
       CASE WHEN action = 'tenant.suspend' THEN '{\"status\": \"active\"}'::jsonb END, jsonb_build_object('n', n, 'odd', E'\\u00e4 \\\\ \"')
FROM (VALUES (1, '2025-02-03Z', '00000000-0000-7000-8000-000000000001', 'operator', 'api_key.create'),
             (2, '2025-02-01Z', '00000000-0000-7000-8000-000000000001', 'operator', 'tenant.create'),
             (3, '2025-02-03Z', '00000000-0000-7000-8000-000000000001', 'api_key', 'api_key.create'),
             (4, '2025-02-01Z', '00000000-0000-7000-8000-000000000002', 'operator', 'tenant.create'),
             (5, '2025-03-01Z', '00000000-0000-7000-8000-000000000002', 'operator', 'tenant.suspend'),
             (6, '2025-01-01Z', NULL, 'system', 'installation.set_up'),
             (7, '2025-01-15Z', '00000000-0000-7000-8000-0000000000ff', 'user', 'tenant.create')) AS e (n, at, tenant, kind, action);
";

/// What an event says, whichever table it is in.
const TRAIL: &str = "SELECT string_agg(concat_ws('|', id, occurred_at, tenant_id, actor_kind, actor, action, target_kind, target, request_id,
                                                 address, before, after), E'\\n' ORDER BY id)
                     FROM audit_events WHERE occurred_at < '2026-01-01Z'";
/// What a run of then says, with its steps.
const RUNS: &str = "SELECT string_agg(concat_ws('|', r.id, r.tenant_id, r.tenant_slug, r.status, r.error, r.created_at, r.finished_at,
                        (SELECT string_agg(concat_ws(' ', s.name, s.status, s.attempts, s.detail), ',' ORDER BY s.position)
                         FROM provisioning_steps s WHERE s.run_id = r.id)), E'\\n' ORDER BY r.id)
                    FROM provisioning_runs r WHERE r.finished_at < '2026-01-01Z'";

/// An installation of the first release, and the API key that was handed out there.
async fn filled() -> (TestDatabase, KeyText) {
    let template = Template::built_in().unwrap_or_else(|error| panic!("{error}"));
    let database = TestDatabase::of_the_first_release(Ctx::system(), template).await;
    let key = KeyText::generate(Environment::Dev).unwrap_or_else(|error| panic!("{error}"));
    let installation = &database.installation;
    let rows = FILLED
        .replace("{prefix}", installation.prefix())
        .replace("{key_check}", &installation.key_check())
        .replace("{cell}", &installation.cell(1))
        .replace("{public_id}", key.public_id())
        .replace("{key_hash}", &hex(&key.hash()));
    execute(&database, &rows).await;
    (database, key)
}

async fn items(app: &TestApp, path: &str) -> Vec<Value> {
    app.operator().get(path).await.expect(200).json["items"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_carried_over_and_verifies() {
    let (database, _) = filled().await;
    let before = value(&database, TRAIL).await;
    assert_eq!(before.lines().count(), 7);
    assert_eq!(database.placement.set_up().await.unwrap().migrations, 11);
    assert_eq!(database.placement.set_up().await.unwrap().migrations, 0);
    let app = TestApp::builder().database(&database).start().await;
    let early = items(&app, "/v1/audit-events?to=2026-01-01T00:00:00Z").await;
    assert_eq!(early.len(), 7);
    assert!(early.iter().all(|event| event["sealed"] == false), "shown before they are sealed");
    app.work().await;
    assert_eq!(value(&database, TRAIL).await, before, "not a word of it has changed");
    let found = app.operator().get("/v1/audit-events/verify?all=true").await.expect(200).text;
    let chains: Vec<Value> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(chains.len() == 5 && chains.iter().all(|chain| chain["ok"] == true), "{found}");
    let acme = items(&app, "/v1/audit-events?tenant=acme").await;
    let told: Vec<_> =
        acme.iter().map(|event| (event["seq"].as_i64(), event["after"]["n"].as_i64())).collect();
    let oldest_is_first = [(Some(1), Some(2)), (Some(2), Some(1)), (Some(3), Some(3))];
    assert_eq!(told.into_iter().rev().collect::<Vec<_>>(), oldest_is_first);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_is_served_after() {
    let (database, key) = filled().await;
    let runs = value(&database, RUNS).await;
    assert_eq!(runs.lines().count(), 5);
    database.placement.set_up().await.unwrap();
    let app = TestApp::builder().database(&database).start().await;
    let tenants = items(&app, "/v1/tenants").await;
    let mut told: Vec<_> =
        tenants.iter().map(|one| format!("{} {}", one["slug"], one["status"]).replace('"', "")).collect();
    told.sort();
    assert_eq!(told, ["acme active", "bolt suspended", "core deleted", "duct provisioning"]);
    let me = app.anyone.clone().with_token(Some(&key.expose())).get("/v1/me").await.expect(200);
    assert!(me.text.contains("acme"), "{}", me.text);
    let since = "SELECT suspended_at = updated_at FROM tenants WHERE slug = 'bolt'";
    assert_eq!(value(&database, since).await, "true");

    // The run that was under way is not guessed at: what it was to make, its record did not say then.
    app.work().await;
    assert_eq!(value(&database, RUNS).await, runs);
    for run in items(&app, "/v1/provisioning-runs").await {
        let path = format!("/v1/provisioning-runs/{}", run["id"].as_str().unwrap());
        let shown = app.operator().get(&path).await.expect(200).json;
        assert_eq!((&shown["kind"], shown["steps"].as_array().map(Vec::len)), (&"create".into(), Some(8)));
        if shown["tenant_slug"] == "duct" {
            assert_eq!(shown["status"], "needs_attention", "{shown}");
            assert!(shown["error"].as_str().unwrap().contains("does not say which"), "{shown}");
        }
    }
}
