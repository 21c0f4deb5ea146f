//! Provisioning runs: what happens when they fail, lose their holder, or are watched.

use crate::catalogue::{execute, homes, slots, value};
use serde_json::{Value, json};
use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};
use tenantry_core::{ctx::Faults, placement::Placement, provisioning};
use tenantry_pg::Listener;
use tenantry_testkit::axum::{
    body::{Body, HttpBody},
    http::Method,
};
use tenantry_testkit::{TestApp, TestDatabase};
use tenantry_types::run::{Run, RunStatus};

const LEASE: Duration = Duration::from_secs(30);

/// Asks for a tenant that no slot is ready for.
async fn ask(app: &TestApp, slug: &str) -> Run {
    let body = json!({"slug": slug, "name": slug, "admin_email": "ops@acme.example"});
    let reply = app.operator().post("/v1/tenants", &body).await.expect(202);
    serde_json::from_value(reply.json["run"].clone()).unwrap_or_else(|error| panic!("{error}"))
}

async fn run(app: &TestApp, run: &Run) -> Run {
    app.operator().get(&format!("/v1/provisioning-runs/{}", run.id)).await.expect(200).parse()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_leaves_nothing() {
    let app = TestApp::builder().start().await;
    // The first one makes a cell, which is the installation's and stays.
    app.tenant("first").await;
    let before = homes(&app.database).await;
    for step in ["place", "migrate", "isolate", "seed", "extras", "verify", "activate"] {
        app.faults.arm(&format!("create.{step}.before"));
        let asked = ask(&app, "acme").await;
        app.work().await;
        app.faults.disarm();
        let run = run(&app, &asked).await;
        assert_eq!(run.status, RunStatus::RolledBack, "{step}");
        assert!(run.error.unwrap().starts_with(&format!("{step}: ")), "the error names the step");
        assert_eq!(homes(&app.database).await, before, "{step}: a schema or a role is left");
        assert_eq!(slots(&app.database).await, "claimed 1", "{step}: a slot is left");
        app.operator().get("/v1/tenants/acme").await.expect(404);
        assert_eq!(app.operator().get("/v1/slugs/acme").await.expect(200).json["available"], true, "{step}");
        for table in ["tenants", "workspaces", "api_keys", "invitations"] {
            let rows = value(&app.database, &format!("SELECT count(*) FROM {table}")).await;
            assert_eq!(rows, if table == "api_keys" { "2" } else { "1" }, "{step}: {table}");
        }
    }
    app.tenant("acme").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_claim_gives_its_slot_back() {
    let app = TestApp::start().await;
    for step in ["place", "seed", "verify", "activate"] {
        app.faults.arm(&format!("create.{step}.before"));
        let body = json!({"slug": "acme", "name": "Acme", "admin_email": "ops@acme.example"});
        assert_eq!(app.operator().post("/v1/tenants", &body).await.expect(500).code(), "internal");
        app.faults.disarm();
        assert_eq!(slots(&app.database).await, "ready 2", "{step}");
        assert_eq!(value(&app.database, "SELECT count(*) FROM tenants").await, "0", "{step}");
    }
    app.tenant("acme").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_undo_needs_a_person() {
    let app = TestApp::builder().start().await;
    app.faults.arm("create.migrate.before");
    app.faults.arm("create.reserve.undo.before");
    let asked = ask(&app, "acme").await;
    app.work().await;
    app.faults.disarm();
    let run = run(&app, &asked).await;
    assert_eq!(run.status, RunStatus::NeedsAttention);
    assert!(run.error.unwrap().contains("and the undo failed"));
    app.work().await;
    assert_eq!(
        value(&app.database, "SELECT status FROM provisioning_runs").await,
        "needs_attention",
        "it is final"
    );
    let doctor = app.operator().get("/v1/doctor").await.expect(200);
    let check = doctor.json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "runs_for_a_person")
        .unwrap()
        .clone();
    assert_eq!(check["status"], "failing");
}

/// Lets another worker take the run over while this one is in the middle of it, or ends this one's connection.
struct Meddler {
    database: TestDatabase,
    sql: String,
}

impl Faults for Meddler {
    fn at(&self, point: &str) -> tenantry_core::Result<()> {
        if point == "create.seed.before" {
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(execute(&self.database, &self.sql));
            });
        }
        Ok(())
    }
}

fn meddled(app: &TestApp, sql: &str) -> Placement {
    let mut placement = app.database.placement.clone();
    placement.ctx.faults = Arc::new(Meddler { database: app.database.clone(), sql: sql.to_owned() });
    placement
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_changes_nothing() {
    let app = TestApp::builder().start().await;
    let (asked, before) = (ask(&app, "acme").await, homes(&app.database).await);
    let placement = meddled(&app, "UPDATE provisioning_runs SET lease_token = gen_random_uuid()");
    provisioning::work(&placement, LEASE, None).await.unwrap_err();
    assert_eq!(run(&app, &asked).await.status, RunStatus::Running, "the run is its new holder's");
    assert_eq!(value(&app.database, "SELECT status FROM tenants").await, "provisioning");
    assert_eq!(homes(&app.database).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_lease_is_taken_again() {
    let app = TestApp::builder().start().await;
    let asked = ask(&app, "acme").await;
    // As a worker leaves it that was killed after it had taken the run.
    execute(&app.database, "UPDATE provisioning_runs SET status = 'running', lease_token = gen_random_uuid(), lease_until = now() + '30 s'").await;
    assert!(
        provisioning::work(&app.database.placement, LEASE, None).await.unwrap().is_none(),
        "it belongs to somebody"
    );
    execute(&app.database, "UPDATE provisioning_runs SET lease_until = now()").await;
    app.work().await;
    assert_eq!(run(&app, &asked).await.status, RunStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gone_holder_frees_its_lease() {
    let app = TestApp::builder().start().await;
    let asked = ask(&app, "acme").await;
    let listener = Listener::beside(&app.database.placement.owner, &["any"]);
    let holder = listener.presence().wait_for(Option::is_some).await.unwrap().unwrap();
    execute(
        &app.database,
        &format!(
            "UPDATE provisioning_runs SET status = 'running', lease_token = gen_random_uuid(), lease_until = now() + '1 h',
                    holder_pid = {}, holder_started = '{}'",
            holder.pid,
            holder.started.to_rfc3339()
        ),
    )
    .await;
    let work = async || provisioning::work(&app.database.placement, LEASE, None).await.unwrap();
    assert!(work().await.is_none(), "its holder is there");
    execute(&app.database, &format!("SELECT pg_terminate_backend({}, 5000)", holder.pid)).await;
    let taken = work().await.expect("its holder is gone: nobody waits for an hour");
    assert_eq!((taken.run.id, taken.run.status), (asked.id, RunStatus::Succeeded));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_no_failure() {
    let app = TestApp::builder().start().await;
    let (asked, before) = (ask(&app, "acme").await, homes(&app.database).await);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND usename = 'tenantry_test_owner' AND state LIKE 'idle in transaction%'";
    let meddled = meddled(&app, end);
    let again = "UPDATE provisioning_runs SET lease_until = now() WHERE finished_at IS NULL";
    for _ in 1..5 {
        provisioning::work(&meddled, LEASE, None).await.unwrap_err();
        assert_eq!(run(&app, &asked).await.status, RunStatus::Running, "the run waits");
        assert_eq!(homes(&app.database).await, before);
        assert!(provisioning::work(&meddled, LEASE, None).await.unwrap().is_none(), "for a moment");
        execute(&app.database, again).await;
    }
    let ended = provisioning::work(&meddled, LEASE, None).await.unwrap().unwrap();
    assert_eq!(ended.run.status, RunStatus::RolledBack, "but not for ever");
    assert_eq!(homes(&app.database).await, before);
    app.tenant("acme").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_goes_on() {
    let app = TestApp::builder().start().await;
    let asked = ask(&app, "acme").await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND usename = 'tenantry_test_owner' AND state LIKE 'idle in transaction%'";
    provisioning::work(&meddled(&app, end), LEASE, None).await.unwrap_err();
    execute(&app.database, "UPDATE provisioning_runs SET lease_until = now() WHERE finished_at IS NULL")
        .await;
    app.work().await;
    let run = run(&app, &asked).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    assert_eq!(run.steps[1].attempts, 2, "both attempts are told of");
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_is_repeatable() {
    let app = TestApp::builder().start().await;
    app.faults.arm("create.seed.before");
    let asked = ask(&app, "acme").await;
    app.work().await;
    execute(&app.database, "UPDATE provisioning_runs SET status = 'rolling_back', finished_at = NULL").await;
    app.work().await;
    assert_eq!(run(&app, &asked).await.status, RunStatus::RolledBack);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_make_the_first_cell_once() {
    let app = TestApp::builder().start().await;
    ask(&app, "acme").await;
    ask(&app, "bolt").await;
    let placement = &app.database.placement;
    let (one, other, slots) = tokio::join!(
        provisioning::work(placement, LEASE, None),
        provisioning::work(placement, LEASE, None),
        placement.fill(4)
    );
    for outcome in [one.unwrap().unwrap(), other.unwrap().unwrap()] {
        assert_eq!(outcome.run.status, RunStatus::Succeeded, "{:?}", outcome.run.error);
    }
    assert_eq!(slots.unwrap(), 4);
    assert_eq!(value(&app.database, "SELECT count(*) FROM cells").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_newest_first_and_filtered() {
    let app = TestApp::builder().slots(3).start().await;
    for slug in ["acme", "bolt", "core"] {
        app.tenant(slug).await;
    }
    ask(&app, "duct").await;
    let slugs = |reply: tenantry_testkit::Reply| -> Vec<String> {
        reply.json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["tenant_slug"].as_str().unwrap().to_owned())
            .collect()
    };
    let get = async |query: &str| app.operator().get(&format!("/v1/provisioning-runs{query}")).await;
    assert_eq!(slugs(get("").await), ["duct", "core", "bolt", "acme"]);
    assert_eq!(slugs(get("?tenant=bolt").await), ["bolt"]);
    assert_eq!(slugs(get("?status=Pending").await), ["duct"]);
    assert_eq!(slugs(get("?status=pending,SUCCEEDED&limit=2").await), ["duct", "core"]);
    assert_eq!(slugs(get("?status=rolled_back,needs_attention").await), [""; 0]);
    let first = get("?limit=3").await.expect(200);
    let next = first.json["next_cursor"].as_str().unwrap().to_owned();
    ask(&app, "edge").await;
    assert_eq!(
        slugs(get(&format!("?limit=3&cursor={next}")).await),
        ["acme"],
        "what came later is not on later pages"
    );
    for (query, pointer) in [
        ("status=done", "status"),
        ("status=pending,done", "status"),
        ("status=pending,", "status"),
        ("status=", "status"),
        ("status=pending&status=succeeded", "status"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=x", "cursor"),
        ("tenant=A%00", "tenant"),
    ] {
        let reply = get(&format!("?{query}")).await.expect(422);
        assert_eq!(reply.json["errors"][0]["pointer"], pointer, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_run_is_absent() {
    let app = TestApp::builder().start().await;
    for id in ["run_00000000000000000000000000", "ten_00000000000000000000000000", "1", "%00"] {
        for path in [format!("/v1/provisioning-runs/{id}"), format!("/v1/provisioning-runs/{id}/events")] {
            assert_eq!(app.operator().get(&path).await.expect(404).code(), "not_found", "{path}");
        }
    }
}

/// A server-sent event.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: i64,
    kind: String,
    data: Value,
}

fn events(text: &str) -> Vec<Event> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned()))
    };
    text.split("\n\n")
        .filter_map(|block| {
            let data = serde_json::from_str(&field(block, "data:")?).ok()?;
            Some(Event { id: field(block, "id:")?.parse().ok()?, kind: field(block, "event:")?, data })
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_resumes() {
    let app = TestApp::start().await;
    let path = format!("/v1/provisioning-runs/{}/events", ask(&app, "acme").await.id);
    let after = async |id: &str| {
        let client = app.operator().with_header("last-event-id", id);
        let reply = tokio::time::timeout(LEASE, client.get(&path))
            .await
            .unwrap_or_else(|_| panic!("the stream after {id} does not end"));
        events(&reply.expect(200).text)
    };
    let all = after("0").await;
    assert!(all.len() == 9 && all.is_sorted_by_key(|event| event.id));
    assert_eq!(all[8].data["status"], "succeeded", "it ends after the final event");
    for (seen, event) in all.iter().enumerate() {
        assert_eq!(after(&event.id.to_string()).await, all[seen + 1..], "after {} events", seen + 1);
    }
    assert_eq!(after("no number").await, all);
    assert_eq!(after(&i64::MAX.to_string()).await, []);
}

async fn next_chunk(body: &mut Body) -> String {
    let frame = tokio::time::timeout(LEASE, poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx))).await;
    let frame = frame.unwrap_or_else(|_| panic!("nothing comes"));
    let data = frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok());
    data.map(|data| String::from_utf8_lossy(&data).into_owned()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_a_cold_run_is_live() {
    let app = TestApp::builder().start().await;
    let path = format!("/v1/provisioning-runs/{}/events", ask(&app, "acme").await.id);
    let response = app.operator().send(Method::GET, &path, None).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let mut told = String::new();
    while !told.contains("\"status\":\"pending\"") || !told.contains("event: run") {
        told.push_str(&next_chunk(&mut body).await);
    }
    app.work().await;
    loop {
        let chunk = next_chunk(&mut body).await;
        if chunk.is_empty() {
            break;
        }
        told.push_str(&chunk);
    }
    let mut runs: Vec<Value> = events(&told)
        .into_iter()
        .filter(|event| event.kind == "run")
        .map(|event| event.data["status"].clone())
        .collect();
    runs.dedup();
    assert_eq!(runs, ["pending", "running", "succeeded"]);
}

/// Each transaction of the way back begins from what the one before it left, the result too.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_back_run_has_no_result() {
    let app = TestApp::builder().start().await;
    let asked = ask(&app, "acme").await;
    app.work().await;
    assert!(run(&app, &asked).await.result.is_some());
    let path = format!("/v1/provisioning-runs/{}/rollback", asked.id);
    app.operator().post(&path, &json!({"confirm": "acme"})).await.expect(202);
    app.work().await;
    let run = run(&app, &asked).await;
    assert_eq!((run.status, run.result), (RunStatus::RolledBack, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_its_end_has_no_holder() {
    let app = TestApp::builder().start().await;
    ask(&app, "acme").await;
    let listener = Listener::beside(&app.database.placement.owner, &["any"]);
    listener.presence().wait_for(Option::is_some).await.unwrap();
    let mut worker = app.worker();
    worker.presence = listener.presence();
    worker.look(&mut 0).await;
    for table in ["provisioning_runs", "jobs"] {
        let held = format!(
            "SELECT concat(count(*) > 0, ' ', count(holder_pid)) FROM {table} WHERE finished_at IS NOT NULL"
        );
        assert_eq!(value(&app.database, &held).await, "t 0", "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_another_version_is_left_to_a_person() {
    let app = TestApp::builder().start().await;
    let asked = ask(&app, "acme").await;
    execute(&app.database, "UPDATE provisioning_steps SET name = 'load' WHERE position = 3").await;
    app.work().await;
    let run = run(&app, &asked).await;
    assert_eq!(
        run.status,
        RunStatus::NeedsAttention,
        "nothing is done or undone in the place of something else"
    );
    assert!(run.error.unwrap().contains("the run has load where this version has migrate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_steps_of_another_version_waits_and_holds_up_nobody() {
    let app = TestApp::builder().start().await;
    let theirs = ask(&app, "acme").await;
    let ours = ask(&app, "bolt").await;
    let rename = |to: &str| {
        format!(
            "UPDATE provisioning_steps SET name = '{to}' WHERE run_id = '{}' AND position = 7",
            theirs.id.0
        )
    };
    execute(&app.database, &rename("polish")).await;
    app.work().await;
    assert_eq!(run(&app, &ours).await.status, RunStatus::Succeeded, "it is behind one that nobody can do");
    let waiting = run(&app, &theirs).await;
    assert_eq!(waiting.status, RunStatus::Pending, "not failed, not undone: another worker knows it");
    let step = &waiting.steps[6];
    assert_eq!(
        (step.name.as_str(), step.detail.as_deref()),
        ("unknown", Some("polish, which another version of Tenantry does"))
    );
    let listed = app.operator().get("/v1/provisioning-runs").await.expect(200).json;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    // Whoever knows it goes on where it was.
    execute(&app.database, &rename("verify")).await;
    app.work().await;
    assert_eq!(run(&app, &theirs).await.status, RunStatus::Succeeded);
}
