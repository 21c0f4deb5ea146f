//! What a new tenant can be made of: older schema versions, and rows to look at.

use crate::{
    archive::export,
    catalogue::{execute, homes, slots, value},
    migrations::template,
    staff::member,
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};
use tenantry_core::{
    ctx::{Clock, Ctx, Faults, System},
    placement::Placement,
    provisioning,
    workload::demo::DemoRows,
};
use tenantry_testkit::{Reply, TestApp, TestDatabase, axum::http::Method};

const LEASE: Duration = Duration::from_secs(30);

const FILES: [(&str, &str); 3] = [
    ("V1__orders.sql", "CREATE TABLE orders (workspace_id uuid NOT NULL, n int)"),
    ("V2_1__notes.sql", "CREATE TABLE notes (workspace_id uuid NOT NULL, n int)"),
    ("R__figures.sql", "CREATE OR REPLACE VIEW figures WITH (security_invoker) AS SELECT n FROM orders"),
];

async fn teams(name: &str, slots: usize) -> TestApp {
    let template = template(name, &FILES).unwrap_or_else(|error| panic!("{error}"));
    TestApp::builder().template(template).slots(slots).start().await
}

async fn ask(app: &TestApp, slug: &str, more: Value) -> Reply {
    let mut wish = json!({"slug": slug, "name": slug, "admin_email": format!("ops@{slug}.example")});
    if let (Some(wish), Value::Object(more)) = (wish.as_object_mut(), more) {
        wish.extend(more);
    }
    app.operator().post("/v1/tenants", &wish).await
}

/// The tenant's latest run, after a look of the worker.
async fn ended(app: &TestApp, slug: &str) -> Value {
    app.work().await;
    app.operator().get(&format!("/v1/tenants/{slug}/status")).await.expect(200).json
}

fn detail(run: &Value, step: &str) -> String {
    let steps = run["steps"].as_array().into_iter().flatten();
    let found = steps.filter(|one| one["name"] == step).find_map(|one| one["detail"].as_str());
    found.unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_tells_what_can_be_asked_for() {
    let ours = TestApp::builder().slots(1).start().await;
    let told = ours.operator().get("/v1/tenant-template").await.expect(200).json;
    let version =
        json!({"version": "1", "description": "agent platform", "is_default": true, "warm_slots": 1});
    assert_eq!(told, json!({"versions": [version], "demo_data": true}));
    let refused = ask(&ours, "acme", json!({"schema_version": "0"})).await.expect(422);
    assert_eq!(
        refused.json["errors"],
        json!([{"pointer": "/schema_version", "code": "unknown", "detail": "must be 1, the version that this server serves"}])
    );
    let tenant = ours.tenant("acme").await;
    assert_eq!(tenant.tenant.schema_version.as_deref(), Some("1"));
    assert_eq!(tenant.client.get("/v1/tenant-template").await.expect(403).code(), "forbidden");

    let theirs = teams("offer", 2).await;
    let told = theirs.operator().get("/v1/tenant-template").await.expect(200).json;
    assert_eq!(
        told,
        json!({"demo_data": false, "versions": [
            {"version": "2.1", "description": "notes", "is_default": true, "warm_slots": 2},
            {"version": "1", "description": "orders", "is_default": false, "warm_slots": 0},
        ]})
    );
    for (version, told) in told["versions"].as_array().into_iter().flatten().zip(["2.1", "1"]) {
        let slug = format!("at-{}", told.replace('.', "-"));
        ask(&theirs, &slug, json!({"schema_version": version["version"]})).await.expect(202);
        assert_eq!(ended(&theirs, &slug).await["status"], "succeeded", "{told}");
        let shown = theirs.operator().get(&format!("/v1/tenants/{slug}")).await.expect(200).json;
        assert_eq!(shown["schema_version"], told);
    }
    let wrong = json!({"schema_version": "3", "demo_data": true});
    let refused = ask(&theirs, "bolt", wrong).await.expect(422);
    let pointers: Vec<&Value> =
        refused.json["errors"].as_array().into_iter().flatten().map(|one| &one["pointer"]).collect();
    assert_eq!(pointers, [&json!("/schema_version"), &json!("/demo_data")]);
    assert!(refused.text.contains("bring: 2.1, 1"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_is_made_and_no_slot_of_another_is_taken() {
    let app = teams("older", 1).await;
    let asked = ask(&app, "old", json!({"schema_version": "1.0"})).await.expect(202).json;
    assert_eq!(asked["tenant"]["status"], "provisioning", "the slot is at another version");
    let run = ended(&app, "old").await;
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!(detail(&run, "migrate"), "3 files, version 1");
    assert_eq!(slots(&app.database).await, "claimed 1, ready 1");
    let schema = value(&app.database, "SELECT schema_name FROM tenants WHERE slug = 'old'").await;
    let ran =
        format!("SELECT string_agg(script, ' ' ORDER BY installed_rank) FROM {schema}.flyway_schema_history");
    assert_eq!(value(&app.database, &ran).await, "V1__orders.sql R__figures.sql");
    let recorded = "SELECT t.schema_version || ' ' || s.schema_version FROM tenants t JOIN slots s ON s.tenant_id = t.id WHERE t.slug = 'old'";
    assert_eq!(value(&app.database, recorded).await, "1 1");
    // Without a wish it is the newest, from the slot.
    let made = ask(&app, "fresh", json!({})).await.expect(202).json;
    assert_eq!(
        (&made["tenant"]["status"], &made["tenant"]["schema_version"]),
        (&json!("active"), &json!("2.1"))
    );
    let event = app.operator().get("/v1/audit-events?action=tenant.create&tenant=old").await.expect(200).json;
    assert_eq!(event["items"][0]["after"]["schema_version"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_from_before_the_newest_version_is_taken_for_the_older_one() {
    let app = teams("before", 0).await;
    let older = template("before-older", &[FILES[0], FILES[2]]).unwrap();
    Placement { template: older, ..app.database.placement.clone() }.fill(1).await.unwrap();
    let told = app.operator().get("/v1/tenant-template").await.expect(200).json;
    assert_eq!(
        (&told["versions"][0]["warm_slots"], &told["versions"][1]["warm_slots"]),
        (&json!(0), &json!(1))
    );
    let made = ask(&app, "old", json!({"schema_version": "1"})).await.expect(202).json;
    assert_eq!(
        (&made["run"]["status"], detail(&made["run"], "place")),
        (&json!("succeeded"), "warm slot".to_owned())
    );
}

/// Agents, tasks and messages that bear the mark, and those that do not, over all workspaces of a tenant.
async fn marked(app: &TestApp, slug: &str) -> String {
    let schema =
        value(&app.database, &format!("SELECT schema_name FROM tenants WHERE slug = '{slug}'")).await;
    let count = |table: &str, mark: &str| {
        format!("(SELECT count(*) FILTER (WHERE {mark}) || '/' || count(*) FROM {schema}.{table})")
    };
    let query = format!(
        "SELECT concat_ws(' ', {}, {}, {})",
        count("agents", "'demo' = ANY (capabilities)"),
        count("tasks", "progress_details @> '{\"demo\": true}'"),
        count("messages", "subject LIKE 'Demo: %'")
    );
    value(&app.database, &query).await
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_data_is_marked_and_told() {
    // With a slot, and without.
    for slots in [1, 0] {
        let app = TestApp::builder().slots(slots).start().await;
        let asked = ask(&app, "acme", json!({"demo_data": true})).await.expect(202).json;
        let done = asked["run"]["steps"].as_array().into_iter().flatten();
        let done = done.filter(|step| step["status"] != "pending").count();
        assert_eq!(done, if slots == 1 { 7 } else { 1 }, "the rest is the worker's");
        let run = ended(&app, "acme").await;
        assert_eq!(run["status"], "succeeded", "{run}");
        assert_eq!(detail(&run, "demo_data"), "3 agents, 3 tasks, 3 messages");
        assert_eq!(marked(&app, "acme").await, "3/3 3/3 3/3");
        let key = asked["api_key"].as_str().unwrap();
        let agents = app.anyone.clone().with_token(Some(key)).get("/v1/agents").await.expect(200).json;
        let first = &agents["items"][0];
        assert_eq!((&first["capabilities"][0], &first["status"]), (&json!("demo"), &json!("working")));
        let told = app.operator().get("/v1/audit-events?action=demo_data.create").await.expect(200).json;
        let rows = json!({"agents": 3, "tasks": 3, "messages": 3});
        assert_eq!(
            (
                &told["items"][0]["after"],
                &told["items"][0]["actor_kind"],
                told["items"].as_array().map(Vec::len)
            ),
            (&rows, &json!("system"), Some(1)),
            "{told}"
        );
        // Who did not ask for it has none.
        app.tenant("bolt").await;
        assert_eq!(marked(&app, "bolt").await, "0/0 0/0 0/0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_with_demo_data_leaves_nothing() {
    let app = TestApp::builder().start().await;
    // The first one makes a cell, which is the installation's and stays.
    app.tenant("first").await;
    let before = homes(&app.database).await;
    for point in
        ["create.demo_data.before", "create.demo_data.after", "create.committed.8", "create.activate.after"]
    {
        for warm in [0, 1] {
            app.database.placement.fill(warm).await.unwrap();
            app.faults.arm(point);
            ask(&app, "acme", json!({"demo_data": true})).await.expect(202);
            let run = ended(&app, "acme").await;
            app.faults.disarm();
            assert_eq!(run["status"], "rolled_back", "{point} {warm}: {run}");
            assert_eq!(homes(&app.database).await, before, "{point} {warm}: a schema or a role is left");
            assert_eq!(slots(&app.database).await, "claimed 1", "{point} {warm}");
            let left = "SELECT (SELECT count(*) FROM tenants) || ' ' || (SELECT count(*) FROM workspaces)";
            assert_eq!(value(&app.database, left).await, "1 1", "{point} {warm}");
        }
    }
    // The same run again, and it has its rows.
    let runs = app.operator().get("/v1/provisioning-runs?tenant=acme&limit=1").await.expect(200).json;
    let id = runs["items"][0]["id"].as_str().unwrap();
    app.operator().post(&format!("/v1/provisioning-runs/{id}/retry"), &json!({})).await.expect(202);
    assert_eq!(ended(&app, "acme").await["status"], "succeeded");
    assert_eq!(marked(&app, "acme").await, "3/3 3/3 3/3");
}

/// Lets another worker take the run over when its rows are written and its record is not.
struct Meddler {
    database: TestDatabase,
    met: AtomicUsize,
}

impl Faults for Meddler {
    fn at(&self, point: &str) -> tenantry_core::Result<()> {
        if point == "create.demo_data.after" && self.met.fetch_add(1, Ordering::Relaxed) == 0 {
            tokio::task::block_in_place(|| {
                let sql = "UPDATE provisioning_runs SET lease_token = gen_random_uuid()";
                tokio::runtime::Handle::current().block_on(execute(&self.database, sql));
            });
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_data_whose_record_was_lost_is_not_written_twice() {
    let app = TestApp::builder().start().await;
    ask(&app, "acme", json!({"demo_data": true})).await.expect(202);
    let mut placement = app.database.placement.clone();
    let meddler = Arc::new(Meddler { database: app.database.clone(), met: AtomicUsize::new(0) });
    placement.ctx.faults = Arc::clone(&meddler) as Arc<dyn Faults>;
    provisioning::work_with(&placement, Some(app.app.demo_data()), LEASE, None).await.unwrap_err();
    assert_eq!(marked(&app, "acme").await, "3/3 3/3 3/3", "they are committed, and the run does not know");
    execute(&app.database, "UPDATE provisioning_runs SET lease_until = now()").await;
    provisioning::work_with(&placement, Some(app.app.demo_data()), LEASE, None).await.unwrap();
    assert_eq!(ended(&app, "acme").await["status"], "succeeded");
    assert_eq!((meddler.met.load(Ordering::Relaxed), &*marked(&app, "acme").await), (2, "3/3 3/3 3/3"));
    // A worker that cannot write any undoes the run, and says why.
    ask(&app, "bolt", json!({"demo_data": true})).await.expect(202);
    let ended = provisioning::work(&app.database.placement, LEASE, None).await.unwrap().unwrap();
    assert_eq!(ended.run.error.as_deref(), Some("demo_data: this worker writes no demo data"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tenant_begins_with_is_for_operators_to_choose() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    let admin = member(&app, "acme", "ada", "admin").await.client;
    assert_eq!(admin.get("/v1/tenant-template").await.expect(403).code(), "forbidden");
    app.anyone.get("/v1/tenant-template").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_tenant_is_exported_and_imported_as_it_was() {
    let app = teams("older-archive", 1).await;
    ask(&app, "old", json!({"schema_version": "1"})).await.expect(202);
    assert_eq!(ended(&app, "old").await["status"], "succeeded");
    let archive = export(&app.operator(), "old").await;
    let client = app.operator().with_header("content-type", "application/x-tar");
    client.raw(Method::POST, "/v1/tenants/import?slug=again", archive.clone()).await.expect(202);
    let run = ended(&app, "again").await;
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!(detail(&run, "migrate"), "3 files, version 1");
    let shown = app.operator().get("/v1/tenants/again").await.expect(200).json;
    assert_eq!(shown["schema_version"], "1");
    // Who has that version of other files, or none of it, does not take the rows in.
    let altered = [("V1__orders.sql", "CREATE TABLE orders (workspace_id uuid NOT NULL, m int)"), FILES[1]];
    let none = [("V0_9__orders.sql", FILES[0].1), FILES[1]];
    for (name, files, pointer) in
        [("altered-archive", altered, "template"), ("none-archive", none, "schema_version")]
    {
        let template = template(name, &files).unwrap_or_else(|error| panic!("{error}"));
        let other = TestApp::builder().template(template).start().await;
        let client = other.operator().with_header("content-type", "application/x-tar");
        let sent = client.raw(Method::POST, "/v1/tenants/import?slug=again", archive.clone()).await;
        assert_eq!(sent.expect(422).json["errors"][0]["code"], pointer, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_demo_data_go_into_a_spoiled_slot() {
    let app = TestApp::builder().slots(1).start().await;
    let schema = value(&app.database, "SELECT schema_name FROM slots").await;
    execute(&app.database, &format!("ALTER TABLE {schema}.agents DISABLE ROW LEVEL SECURITY")).await;
    let asked = ask(&app, "acme", json!({"demo_data": true})).await.expect(202).json;
    assert_ne!(asked["tenant"]["schema_name"], schema, "it was looked at before the key was handed out");
    assert_eq!(slots(&app.database).await, "broken 1");
    assert_eq!(ended(&app, "acme").await["status"], "succeeded");
    assert_eq!(marked(&app, "acme").await, "3/3 3/3 3/3");
    let spoiled = format!(
        "SELECT (SELECT count(*) FROM {schema}.agents)::text || ' ' || state FROM slots WHERE schema_name = '{schema}'"
    );
    assert_eq!(value(&app.database, &spoiled).await, "0 broken", "kept as it was found");
}

/// Stands still when the rows are written and their event is not.
struct Halting {
    told: AtomicUsize,
    reached: mpsc::Sender<()>,
    go_on: std::sync::Mutex<mpsc::Receiver<()>>,
}

impl Clock for Halting {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        if self.told.fetch_add(1, Ordering::Relaxed) == 3 {
            tokio::task::block_in_place(|| {
                self.reached.send(()).unwrap_or_else(|error| panic!("{error}"));
                let go_on = self.go_on.lock().unwrap_or_else(|error| panic!("{error}"));
                go_on.recv_timeout(LEASE).unwrap_or_else(|error| panic!("{error}"));
            });
        }
        System.now()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_of_demo_data_are_one() {
    let app = TestApp::builder().start().await;
    ask(&app, "acme", json!({"demo_data": true})).await.expect(202);
    let ((reached, at_commit), (go, go_on)) = (mpsc::channel(), mpsc::channel());
    let clock = Halting { told: AtomicUsize::new(0), reached, go_on: std::sync::Mutex::new(go_on) };
    let ctx = Ctx { clock: Arc::new(clock), ..Ctx::system() };
    let slow = Arc::new(DemoRows { tenancy: app.app.tenancy.clone(), ctx });
    let placement = &app.database.placement;
    let (end, ended_first) = tokio::sync::oneshot::channel();
    let theirs = placement.clone();
    tenantry_pg::task::detached(async move {
        let _ = end.send(provisioning::work_with(&theirs, Some(slow), LEASE, None).await);
    });
    let second = async {
        tokio::task::block_in_place(|| at_commit.recv_timeout(LEASE)).unwrap();
        execute(&app.database, "UPDATE provisioning_runs SET lease_until = now()").await;
        provisioning::work_with(placement, Some(app.app.demo_data()), LEASE, None).await
    };
    let released = async {
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'";
        while value(&app.database, waits).await != "1" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        go.send(()).unwrap();
    };
    let (second, ()) = tokio::join!(second, released);
    assert!(ended_first.await.unwrap().is_err(), "it has lost the run");
    assert_eq!(second.unwrap().unwrap().run.status.as_str(), "succeeded");
    assert_eq!(detail(&ended(&app, "acme").await, "demo_data"), "3 agents, 3 tasks, 3 messages");
    assert_eq!(marked(&app, "acme").await, "3/3 3/3 3/3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_answered_again_whatever_versions_there_are() {
    let app = teams("answered", 0).await;
    let body = json!({"slug": "old", "name": "Old", "admin_email": "ops@old.example", "schema_version": "1"});
    let made =
        app.operator().with_header("idempotency-key", "k").post("/v1/tenants", &body).await.expect(202).json;
    let newer = template("answered-newer", &[("V3__all.sql", FILES[0].1)]).unwrap();
    let newer = TestApp::builder().database(&app.database).template(newer).start().await;
    let again =
        newer.operator().with_header("idempotency-key", "k").post("/v1/tenants", &body).await.expect(202);
    assert_eq!((&again.json["run"]["id"], &again.json["api_key"]), (&made["run"]["id"], &made["api_key"]));
    // Another request is judged by what there is now, and leaves nothing behind under its key.
    let other = newer.operator().with_header("idempotency-key", "l");
    for _ in 0..2 {
        assert_eq!(
            other.post("/v1/tenants", &body).await.expect(422).json["errors"][0]["pointer"],
            "/schema_version"
        );
    }
}
