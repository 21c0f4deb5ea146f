//! What the console asks of the server: one live stream, the platform at a glance, many tenants with their sizes.

use crate::{
    catalogue::{execute, value},
    staff::{member, operator},
    support::agent,
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{collections::BTreeSet, future::poll_fn, pin::Pin, time::Duration};
use tenantry_core::registry;
use tenantry_pg::bootstrap::Superuser;
use tenantry_testkit::{
    Client, TestApp, TestDatabase,
    axum::{
        body::{Body, HttpBody},
        http::Method,
    },
};

const LIVE: &str = "/v1/events";

#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: String,
    kind: String,
    data: Value,
}

/// The live stream, read as far as a test wants.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(client: &Client) -> Self {
        let response = client.send(Method::GET, LIVE, None).await;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    async fn after(client: &Client, id: &str) -> Self {
        Self::open(&client.clone().with_header("last-event-id", id)).await
    }

    /// Reads on; false at the end.
    async fn more(&mut self) -> bool {
        let frame = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx));
        let frame = tokio::time::timeout(Duration::from_secs(30), frame).await;
        let Some(frame) = frame.unwrap_or_else(|_| panic!("nothing comes after {}", self.text)) else {
            return false;
        };
        let data = frame.unwrap_or_else(|error| panic!("{error}")).into_data().unwrap_or_default();
        self.text.push_str(&String::from_utf8_lossy(&data));
        true
    }

    fn told(&self) -> Vec<Event> {
        // What follows the last blank line is not whole yet.
        let whole = self.text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let field = |block: &str, name: &str| {
            block.lines().find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned()))
        };
        let parse = |block: &str| {
            let data = serde_json::from_str(&field(block, "data:")?).ok()?;
            Some(Event { id: field(block, "id:")?, kind: field(block, "event:")?, data })
        };
        whole.split("\n\n").filter_map(parse).collect()
    }

    /// Everything up to the event that `is_last` names.
    async fn until(&mut self, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
        loop {
            let told = self.told();
            if let Some(last) = told.iter().position(&is_last) {
                return told[..=last].to_vec();
            }
            assert!(self.more().await, "it ends: {}", self.text);
        }
    }
}

fn audited(action: &'static str) -> impl Fn(&Event) -> bool {
    move |event| event.kind == "audit" && event.data["action"] == action
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_stream_tells_of_runs_proofs_and_the_trail() {
    let app = TestApp::builder().slots(1).without_the_proof_over_http().start().await;
    let _worker = app.start_worker();
    let mut live = Stream::open(&app.operator()).await;
    app.tenant("acme").await;
    let told = live.until(audited("tenant.create")).await;
    let run = told.iter().find(|event| event.kind == "run").expect("the run is told");
    assert_eq!(
        (&run.data["kind"], &run.data["status"], &run.data["tenant_slug"]),
        (&json!("create"), &json!("succeeded"), &json!("acme"))
    );
    let steps: Vec<&Value> =
        told.iter().filter(|event| event.kind == "step").map(|event| &event.data["run_id"]).collect();
    assert_eq!(steps, [&run.data["id"]; 8], "each step names its run");
    let report = app.operator().post("/v1/isolation-reports", &json!({})).await.expect(202);
    let ended = |event: &Event| event.kind == "isolation" && event.data["finished_at"].is_string();
    let told = live.until(ended).await;
    let of_proof = || told.iter().filter(|event| event.kind == "isolation").map(|event| &event.data);
    let mut states: Vec<&str> = of_proof().filter_map(|report| report["status"].as_str()).collect();
    states.dedup();
    assert_eq!(states, ["pending", "running", "passed"]);
    assert!(of_proof().any(|report| report["progress"]["of"].as_u64() > Some(0)), "{told:?}");
    let last = told.last().unwrap();
    assert_eq!((&last.data["id"], &last.data["checks"]), (&report.json["id"], &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_stream_resumes_at_its_place() {
    let app = TestApp::builder().slots(2).start().await;
    let _worker = app.start_worker();
    let mut live = Stream::open(&app.operator()).await;
    app.tenant("acme").await;
    app.operator().patch("/v1/tenants/acme", &json!({"name": "Acme Robotics"})).await;
    app.operator().post("/v1/tenants/acme/suspend", &json!({})).await.expect(202);
    let is_last = audited("run.end");
    let suspended = |event: &Event| is_last(event) && event.data["after"]["kind"] == "suspend";
    let all = live.until(suspended).await;
    assert!(all.len() > 10, "{all:?}");
    for (seen, event) in all.iter().enumerate().take(all.len() - 1) {
        let mut rest = Stream::after(&app.operator(), &event.id).await.until(suspended).await;
        // What was told as two looks may be told as one: the order within each kind of source is what stands.
        let mut left = all[seen + 1..].to_vec();
        for events in [&mut rest, &mut left] {
            events.sort_by_key(|event| event.kind == "audit");
            for event in events.iter_mut() {
                event.id.clear();
            }
        }
        assert_eq!(rest, left, "after {}", event.id);
    }
    // An id that is none begins with what comes.
    let mut fresh = Stream::after(&app.operator(), "nonsense").await;
    app.operator().post("/v1/tenants/acme/resume", &json!({})).await.expect(202);
    let told = fresh.until(|event| event.kind == "run").await;
    assert!(told.iter().all(|event| event.data["kind"] != "suspend"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_admin_hears_of_their_tenant_alone() {
    let app = TestApp::builder().slots(2).start().await;
    let (acme, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    let ada = member(&app, "acme", "ada", "admin").await.client;
    let vera = member(&app, "acme", "vera", "viewer").await.client;
    assert_eq!(vera.get(LIVE).await.expect(403).code(), "forbidden");
    app.anyone.get(LIVE).await.expect(401);
    let _worker = app.start_worker();
    let mut live = Stream::open(&ada).await;
    agent(&bolt.client, "Bolt's").await;
    app.operator().post("/v1/tenants/bolt/suspend", &json!({})).await.expect(202);
    agent(&acme.client, "Acme's").await;
    let told = live.until(audited("agent.create")).await;
    let tenants: BTreeSet<String> = told.iter().map(|event| event.data["tenant_id"].to_string()).collect();
    assert_eq!(tenants, BTreeSet::from([json!(acme.tenant.id).to_string()]), "{told:?}");
    assert!(told.iter().all(|event| event.kind == "audit"), "{told:?}");
    acme.client.clone().with_header("x-tenant-slug", "bolt").get("/v1/agents").await.expect(403);
    app.app.mismatches.settle().await.unwrap();
    let told = live.until(|event| event.kind == "refusal").await;
    assert_eq!(told.last().unwrap().data["after"]["claimed"], json!(["bolt"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_stream_ends_with_its_identity() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    let soon = app.app.ctx().now() + TimeDelta::hours(1);
    let key = app.key("acme", &json!({"name": "ends", "role": "admin", "expires_at": soon})).await;
    let mut live = Stream::open(&app.anyone.clone().with_token(Some(&key.key))).await;
    app.clock.advance(TimeDelta::minutes(61));
    while live.more().await {}
    // And with the process.
    let mut live = Stream::open(&app.operator()).await;
    app.app.stop_streams();
    while live.more().await {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_tells_what_needs_attention() {
    let app = TestApp::builder().slots(1).without_the_proof_over_http().start().await;
    let auditor = operator(&app, "grace", "auditor").await.client;
    let glance = async || auditor.get("/v1/overview").await.expect(200).json;
    let empty = glance().await;
    assert_eq!(
        (&empty["tenants"]["total"], &empty["slots"]["ready"], &empty["isolation"]["newest"]),
        (&json!(0), &json!(1), &json!(null))
    );
    let acme = app.tenant("acme").await;
    acme.client.clone().with_header("x-tenant-slug", "rival").get("/v1/agents").await.expect(403);
    app.app.mismatches.settle().await.unwrap();
    app.faults.arm("create.verify.before");
    let body = json!({"slug": "bolt", "name": "Bolt", "admin_email": "ops@bolt.example", "plan_tier": "pro"});
    app.operator().post("/v1/tenants", &body).await.expect(202);
    let waiting = glance().await;
    assert_eq!(
        (&waiting["runs"]["pending"], &waiting["tenants"]["by_status"]["provisioning"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(waiting["tenants"]["by_tier"], json!({"free": 1, "starter": 0, "pro": 1, "enterprise": 0}));
    app.work().await;
    app.faults.disarm();
    let report = app.operator().post("/v1/isolation-reports", &json!({})).await.expect(202);
    assert_eq!(glance().await["isolation"]["at_work"], report.json["id"]);
    app.work().await;
    registry::sample(&app.database.placement.owner, app.app.ctx()).await.unwrap();
    let told = glance().await;
    assert_eq!(
        told["tenants"]["by_status"],
        json!({"provisioning": 0, "active": 1, "suspended": 0, "deleted": 0})
    );
    assert_eq!((&told["runs"]["rolled_back_24h"], &told["runs"]["pending"]), (&json!(1), &json!(0)));
    assert_eq!(
        told["cross_tenant"],
        json!({"refused_24h": 1, "behind": 0}),
        "sealed or not, a refusal counts once"
    );
    let newest = &told["isolation"]["newest"];
    assert_eq!(
        (&newest["id"], &newest["status"], &newest["open"]),
        (&report.json["id"], &json!("passed"), &json!(0))
    );
    assert!(told["schema_bytes"].as_i64().unwrap() > 100_000, "{told}");
    // A holder that is gone: its lease ends by time.
    execute(&app.database, "UPDATE isolation_reports SET status = 'running', finished_at = NULL, lease_token = gen_random_uuid(), lease_until = now() - interval '1 s'").await;
    execute(
        &app.database,
        "UPDATE provisioning_runs SET status = 'needs_attention' WHERE tenant_slug = 'bolt'",
    )
    .await;
    let told = glance().await;
    assert_eq!((&told["lost_leases"], &told["runs"]["needs_attention"]), (&json!(1), &json!(1)));
    app.clock.advance(TimeDelta::hours(25));
    assert_eq!(glance_by_token(&app).await["cross_tenant"]["refused_24h"], 0);
}

/// A session does not last a day; the operator's token does.
async fn glance_by_token(app: &TestApp) -> Value {
    app.operator().get("/v1/overview").await.expect(200).json
}

async fn slugs(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.operator().get(&format!("/v1/tenants?{query}")).await.expect(200).json;
    let items = page["items"].as_array().into_iter().flatten();
    items.filter_map(|tenant| tenant["slug"].as_str()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_weighed_in_turn() {
    let app = TestApp::builder().slots(2).start().await;
    let (acme, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    let sample = async || registry::sample(&app.database.placement.owner, app.app.ctx()).await.unwrap();
    let new = app.operator().get("/v1/tenants/acme").await.expect(200).json;
    assert_eq!((new.get("schema_bytes"), new.get("sampled_at")), (None, None));
    assert_eq!(sample().await, 2);
    assert_eq!(sample().await, 0, "nobody is weighed again so soon");
    let light =
        app.operator().get("/v1/tenants/acme").await.expect(200).json["schema_bytes"].as_i64().unwrap();
    let schema = &acme.tenant.schema_name;
    execute(
        &app.database,
        &format!(
            "CREATE TABLE {schema}.ballast AS SELECT repeat('x', 500) AS x FROM generate_series(1, 2000)"
        ),
    )
    .await;
    app.clock.advance(TimeDelta::minutes(6));
    agent(&bolt.client, "Iris").await;
    app.work().await;
    assert_eq!(sample().await, 0, "the worker's duty has done it");
    let heavy = app.operator().get("/v1/tenants/acme").await.expect(200).json;
    assert!(heavy["schema_bytes"].as_i64().unwrap() >= light + 1_000_000, "{heavy}");
    assert_eq!(slugs(&app, "sort=-schema_bytes").await, ["acme", "bolt"]);
    assert_eq!(slugs(&app, "sort=schema_bytes").await, ["bolt", "acme"]);
    app.clock.advance(TimeDelta::minutes(6));
    assert_eq!(sample().await, 2);
    assert_eq!(slugs(&app, "sort=-last_activity_at").await, ["bolt", "acme"]);
    assert_eq!(slugs(&app, "sort=last_activity_at&limit=1").await, ["acme"]);
    execute(&app.database, "DELETE FROM tenants WHERE slug = 'acme'").await;
    app.clock.advance(TimeDelta::minutes(6));
    assert_eq!(sample().await, 1);
    assert_eq!(
        value(&app.database, "SELECT count(*) FROM tenant_samples").await,
        "1",
        "what is gone is forgotten"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_tenant_is_weighed_later() {
    let app = TestApp::builder().slots(2).start().await;
    let (acme, _) = (app.tenant("acme").await, app.tenant("bolt").await);
    let held: Superuser = TestDatabase::superuser_of(app.database.target.database()).await;
    let lock = format!("BEGIN; LOCK TABLE {}.agents IN ACCESS EXCLUSIVE MODE", acme.tenant.schema_name);
    held.execute(&lock).await.unwrap();
    let owner = &app.database.placement.owner;
    assert_eq!(registry::sample(owner, app.app.ctx()).await.unwrap(), 1);
    held.execute("ROLLBACK").await.unwrap();
    assert_eq!(registry::sample(owner, app.app.ctx()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_exported_whole() {
    let app = TestApp::builder().start().await;
    // More than two pages, with keys that are alike.
    execute(
        &app.database,
        "INSERT INTO tenants (slug, name, schema_name, role_name, status, admin_email, created_at)
         SELECT 't-' || n, '=HYPERLINK(\"x\")', 'tenant_' || n, 'r' || n, 'provisioning', 'ops@acme.example', '2024-01-01' FROM generate_series(1, 450) AS n",
    )
    .await;
    let reply = app.operator().get("/v1/tenants/export?sort=name").await.expect(200);
    assert_eq!(reply.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(reply.headers["content-disposition"], "attachment; filename=\"tenants.csv\"");
    let mut lines = reply.text.split("\r\n");
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("slug,name,status,plan_tier,schema_name,schema_bytes,last_activity_at,")
    );
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let slugs: BTreeSet<&str> = lines.iter().filter_map(|line| line.split(',').next()).collect();
    assert_eq!((lines.len(), slugs.len()), (450, 450));
    assert!(lines[0].contains(",\"'=HYPERLINK(\"\"x\"\")\",provisioning,free,"), "{}", lines[0]);
    let none = app.operator().get("/v1/tenants/export?status=active").await.expect(200);
    assert_eq!(none.text.lines().count(), 1, "the header alone");
    assert_eq!(app.operator().get("/v1/tenants/export?sort=weight").await.expect(422).code(), "invalid");
    let auditor = operator(&app, "grace", "auditor").await;
    auditor.client.get("/v1/tenants/export?q=t-44").await.expect(200);
}
