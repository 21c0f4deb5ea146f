//! The other ways to make a tenant, through the API: of a schema that exists, of an archive; and the same wish twice.

use crate::{
    catalogue::{execute, homes, value},
    idempotency_outage::end_who_waits,
    migrations::template,
};
use serde_json::{Value, json};
use std::time::Duration;
use tenantry_core::{Error, placement::BUILT_IN};
use tenantry_testkit::axum::{
    body::{Body, to_bytes},
    http::Method,
};
use tenantry_testkit::{Client, TestApp};

/// A schema of the owner's with the template's tables and a row in one of them.
async fn old_schema(app: &TestApp) {
    let tables: String = BUILT_IN.iter().map(|(_, sql)| *sql).collect::<Vec<_>>().join(";\n");
    let made: Result<(), Error> = app
        .database
        .placement
        .owner
        .run("old_schema", tables, |tx, tables| {
            Box::pin(async move {
                tx.batch("CREATE SCHEMA old_acme; SET LOCAL search_path = old_acme").await?;
                tx.batch(tables).await?;
                tx.batch(
                    "INSERT INTO agents (id, workspace_id, name, role)
                     VALUES (gen_random_uuid(), '7d8f3b1e-0000-7000-8000-000000000001', 'Iris', 'r')",
                )
                .await?;
                Ok(())
            })
        })
        .await;
    made.unwrap_or_else(|error| panic!("{error}"));
}

fn adoption(dry: bool) -> Value {
    json!({"schema": "old_acme", "slug": "acme", "name": "Acme", "admin_email": "a@acme.example", "baseline": "1", "dry_run": dry})
}

async fn ended(app: &TestApp, made: &Value) -> Value {
    app.work().await;
    let run = text(&made["run"]["id"]);
    app.operator().get(&format!("/v1/provisioning-runs/{run}")).await.expect(200).json
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn keyed(app: &TestApp, made: &Value) -> Client {
    app.anyone.clone().with_token(Some(text(&made["api_key"])))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adoption_through_the_api() {
    let app = TestApp::builder().start().await;
    app.tenant("first").await;
    old_schema(&app).await;
    let made = app.operator().post("/v1/tenants/adopt", &adoption(false)).await.expect(202).json;
    assert_eq!(made["tenant"]["status"], "provisioning", "the server never enters the schema");
    let run = ended(&app, &made).await;
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!(run["result"]["adoption"]["schema"], "old_acme");
    assert!(run["result"]["console_url"].as_str().unwrap().ends_with("/t/acme"));
    let agents = keyed(&app, &made).get("/v1/agents").await.expect(200);
    assert_eq!(agents.json["items"][0]["name"], "Iris", "its rows are there for its own");
    let shown = app.operator().get("/v1/tenants/acme").await.expect(200).json;
    assert_eq!(shown["adopted"]["from"], "old_acme");

    let rolled = app.operator().post("/v1/tenants/acme/rollback", &json!({"confirm": "acme"})).await;
    rolled.expect(202);
    assert_eq!(ended(&app, &made).await["status"], "rolled_back");
    let rows = value(&app.database, "SELECT count(*) FROM old_acme.agents").await;
    assert_eq!(rows, "1", "the schema has its name and its rows again");
    app.operator().get("/v1/tenants/acme").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_of_an_adoption_names_what_the_schema_alone_fences() {
    let app = TestApp::builder().start().await;
    let made: Result<(), Error> = app
        .database
        .placement
        .owner
        .run("old_schema", (), |tx, ()| {
            Box::pin(async move {
                tx.batch(
                    "CREATE SCHEMA old_acme; CREATE TABLE old_acme.orders (id bigint PRIMARY KEY);
                     CREATE TABLE old_acme.notes (id bigint PRIMARY KEY, workspace_id uuid NOT NULL);
                     CREATE TABLE old_acme.users (id bigint PRIMARY KEY)",
                )
                .await?;
                Ok(())
            })
        })
        .await;
    made.unwrap();
    let wish = json!({"schema": "old_acme", "slug": "acme", "name": "Acme", "admin_email": "a@acme.example"});
    let made = app.operator().post("/v1/tenants/adopt", &wish).await.expect(202).json;
    let run = ended(&app, &made).await;
    assert_eq!(run["status"], "succeeded", "{run}");
    let mut steps = run["steps"].as_array().into_iter().flatten();
    let proof = steps.find(|step| step["name"] == "verify").unwrap();
    assert_eq!(proof["detail"], "closed to others; fenced by schema only: orders, users");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let app = TestApp::builder().start().await;
    app.tenant("first").await;
    old_schema(&app).await;
    let before = homes(&app.database).await;
    let made = app.operator().post("/v1/tenants/adopt", &adoption(true)).await.expect(202).json;
    assert_eq!((&made["tenant"], made["api_key"].is_null()), (&Value::Null, true));
    let run = ended(&app, &made).await;
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!(run["result"]["schema"], "old_acme");
    assert!(!run["result"]["tables"].as_array().unwrap().is_empty());
    assert_eq!(homes(&app.database).await, before);
    app.operator().get("/v1/tenants/acme").await.expect(404);

    let missing = json!({"schema": "nowhere", "slug": "acme", "name": "A", "admin_email": "a@b.example"});
    let made = app.operator().post("/v1/tenants/adopt", &missing).await.expect(202).json;
    let run = ended(&app, &made).await;
    assert_eq!(run["status"], "rolled_back");
    assert!(run["error"].as_str().unwrap().starts_with("inspect: "), "{run}");
}

async fn export(app: &TestApp, slug: &str) -> Vec<u8> {
    let response = app.operator().send(Method::POST, &format!("/v1/tenants/{slug}/export"), None).await;
    assert_eq!(response.status(), 200);
    let body = to_bytes(response.into_body(), 1 << 26).await;
    body.unwrap_or_else(|error| panic!("{error}")).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_import_finds_its_archive() {
    let app = TestApp::builder().start().await;
    let acme = app.tenant("acme").await;
    acme.client.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
    let archive = export(&app, "acme").await;
    let importing = app.operator().with_header("content-type", "application/x-tar");
    let path = "/v1/tenants/import?slug=copy";

    app.faults.arm("import.activate.before");
    let made = importing.raw(Method::POST, path, Body::from(archive)).await.expect(202).json;
    assert_eq!(ended(&app, &made).await["status"], "rolled_back");
    app.faults.disarm();
    app.operator().get("/v1/tenants/copy").await.expect(404);

    let run = made["run"]["id"].as_str().unwrap();
    app.operator().post(&format!("/v1/provisioning-runs/{run}/retry"), &json!({})).await.expect(202);
    let run = ended(&app, &made).await;
    assert_eq!(run["status"], "succeeded", "{run}");
    let agents = keyed(&app, &made).get("/v1/agents").await.expect(200);
    assert_eq!(agents.json["items"][0]["name"], "Iris");
    assert_eq!(value(&app.database, "SELECT count(*) FROM archives").await, "0", "nobody needs it any more");
}

/// A table that takes rows only while nobody has lock 7: a test can stop COPY in the middle.
const GATED: &str = "CREATE TABLE notes (id uuid PRIMARY KEY, workspace_id uuid NOT NULL,
                                         CHECK (pg_advisory_xact_lock_shared(7)::text IS NOT NULL));";

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_during_a_load_is_none_of_the_archives() {
    let gated = template("gated", &[("V1__gated.sql", GATED)]).unwrap();
    let app = TestApp::builder().template(gated).start().await;
    let acme = app.tenant("acme").await;
    let rows = format!(
        "INSERT INTO {}.notes SELECT gen_random_uuid(), '{}' FROM generate_series(1, 9)",
        acme.tenant.schema_name, acme.key.workspace_id.0
    );
    execute(&app.database, &rows).await;
    let archive = export(&app, "acme").await;
    let importing = app.operator().with_header("content-type", "application/x-tar");
    let made = importing.raw(Method::POST, "/v1/tenants/import?slug=copy", Body::from(archive)).await;
    let made = made.expect(202).json;
    let path = format!("/v1/provisioning-runs/{}", text(&made["run"]["id"]));

    let holder = app.database.admin().await;
    holder.execute("SELECT pg_advisory_lock(7)").await.unwrap();
    let (worker, mut slots) = (app.worker(), 0);
    let loading = tenantry_pg::task::detached(async move { worker.look(&mut slots).await });
    end_who_waits(&app.database).await;
    loading.await.unwrap();
    let run = app.operator().get(&path).await.expect(200).json;
    assert_eq!((&run["status"], run["error"].is_null()), (&json!("running"), true), "{run}");

    holder.execute("SELECT pg_advisory_unlock(7)").await.unwrap();
    let ended = async {
        loop {
            app.work().await;
            let run = app.operator().get(&path).await.expect(200).json;
            if !run["finished_at"].is_null() {
                return run;
            }
        }
    };
    let run = tokio::time::timeout(Duration::from_secs(30), ended).await.expect("it goes on");
    assert_eq!(run["status"], "succeeded", "{run}");
    let copy = value(&app.database, "SELECT schema_name FROM tenants WHERE slug = 'copy'").await;
    assert_eq!(value(&app.database, &format!("SELECT count(*) FROM {copy}.notes")).await, "9");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_wish_shows_the_same_first_access() {
    let app = TestApp::start().await;
    let operator = app.operator().with_header("idempotency-key", "wish-1");
    let wish = json!({"slug": "acme", "name": "Acme", "admin_email": "a@acme.example"});
    let first = operator.post("/v1/tenants", &wish).await.expect(202);
    let again = operator.post("/v1/tenants", &wish).await.expect(202);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    for field in ["api_key", "owner_invitation"] {
        assert!(!first.json[field].is_null());
        assert_eq!(first.json[field], again.json[field], "{field}");
    }
    keyed(&app, &again.json).get("/v1/me").await.expect(200);
}
