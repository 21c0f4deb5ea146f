//! Making tenants: at once from a warm slot, through the worker without one, and not at all where something is wrong.

use crate::catalogue::{slots, value};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenantry_testkit::{Reply, TestApp};
use tenantry_types::{run::RunStatus, tenant::TenantAndRun};
use tokio::task::JoinSet;

fn wish(slug: &str) -> Value {
    json!({"slug": slug, "name": "Acme Inc.", "admin_email": "ops@acme.example"})
}

/// As many callers at once as there are slugs.
async fn create_all(app: &TestApp, slugs: Vec<String>) -> Vec<Reply> {
    let mut callers = JoinSet::new();
    for slug in slugs {
        let operator = app.operator();
        callers.spawn(async move { operator.post("/v1/tenants", &wish(&slug)).await });
    }
    callers.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_tenant_is_active_in_the_answer() {
    let app = TestApp::start().await;
    let reply = app.operator().post("/v1/tenants", &wish("acme")).await.expect(202);
    let TenantAndRun { tenant, run, .. } = reply.parse();
    assert_eq!((tenant.status.as_str(), run.status), ("active", RunStatus::Succeeded));
    assert_eq!(reply.headers["location"], format!("/v1/provisioning-runs/{}", run.id));
    assert!(tenant.console_url.ends_with("/t/acme"), "{}", tenant.console_url);
    assert!(
        run.duration_ms.is_some()
            && run.steps.iter().all(|step| step.attempts == 1 && step.duration_ms.is_some())
    );
    let steps: Vec<String> = run
        .steps
        .iter()
        .map(|step| format!("{} {} ({})", step.name, step.status, step.detail.as_deref().unwrap_or("")))
        .collect();
    insta::assert_snapshot!(steps.join("\n"), @r"
    reserve succeeded (slug held)
    place succeeded (warm slot)
    migrate skipped (the slot has it)
    isolate skipped (the slot has it)
    seed succeeded (default workspace, its first API key, the owner's invitation)
    extras skipped (none configured)
    verify succeeded (closed to others)
    activate succeeded (acme serves requests)
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_tenant_runs_no_ddl() {
    let app = TestApp::start().await;
    let prefix = app.database.installation.prefix();
    // Each row of a catalogue carries the transaction that wrote it.
    let rows = |table: &str, which: &str| {
        format!(
            "(SELECT count(*) || md5(string_agg(ctid::text || xmin::text, ',' ORDER BY ctid)) FROM {table} WHERE {which})"
        )
    };
    let ours = format!("rolname LIKE '{prefix}\\_%'");
    let members = format!("member IN (SELECT oid FROM pg_authid WHERE {ours})");
    let picture = [
        ("pg_class", "relkind <> 'i'"),
        ("pg_namespace", "true"),
        ("pg_attribute", "true"),
        ("pg_policy", "true"),
        ("pg_authid", &ours),
        ("pg_auth_members", &members),
        ("pg_database", "datname = current_database()"),
        ("pg_description", "true"),
    ];
    let picture = picture.map(|(table, which)| rows(table, which)).join(" || ' ' || ");
    let before = value(&app.database, &format!("SELECT {picture}")).await;
    let made: TenantAndRun = app.operator().post("/v1/tenants", &wish("acme")).await.expect(202).parse();
    assert_eq!(made.run.status, RunStatus::Succeeded);
    assert_eq!(value(&app.database, &format!("SELECT {picture}")).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_tenant_waits_for_the_worker() {
    let app = TestApp::builder().start().await;
    let made: TenantAndRun = app.operator().post("/v1/tenants", &wish("acme")).await.expect(202).parse();
    assert_eq!((made.tenant.status.as_str(), made.run.status), ("provisioning", RunStatus::Pending));
    let key = json!({"name": "too early"});
    assert_eq!(app.operator().post("/v1/tenants/acme/api-keys", &key).await.expect(409).code(), "conflict");
    app.work().await;
    let run: tenantry_types::run::Run =
        app.operator().get("/v1/tenants/acme/status").await.expect(200).parse();
    assert_eq!((run.id, run.status, run.steps.len()), (made.run.id, RunStatus::Succeeded, 8));
    let tenant = app.operator().get("/v1/tenants/acme").await.expect(200);
    assert_eq!(tenant.json["status"], "active");
    assert_eq!(
        tenant.json["schema_name"], made.tenant.schema_name,
        "names are chosen when the slug is reserved"
    );
    assert_eq!(slots(&app.database).await, "claimed 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_wait_for_the_worker() {
    let app = TestApp::builder().start().await;
    let stop = app.start_worker();
    let reply =
        app.operator().with_header("prefer", "wait=20").post("/v1/tenants", &wish("acme")).await.expect(202);
    assert_eq!(
        (&reply.json["run"]["status"], &reply.json["tenant"]["status"]),
        (&json!("succeeded"), &json!("active"))
    );
    assert_eq!(reply.headers["preference-applied"], "wait");
    drop(stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_stop_waiting() {
    let app = TestApp::builder().start().await;
    let reply =
        app.operator().with_header("prefer", "wait=0").post("/v1/tenants", &wish("acme")).await.expect(202);
    assert_eq!(reply.json["run"]["status"], "pending");
    app.work().await;
    assert_eq!(app.operator().get("/v1/tenants/acme").await.expect(200).json["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_creators_of_one_slug_make_one_tenant() {
    let app = TestApp::builder().slots(8).start().await;
    let replies = create_all(&app, vec!["acme".to_owned(); 64]).await;
    let made = replies.iter().filter(|reply| reply.status == 202).count();
    let taken = replies.iter().filter(|reply| reply.status == 409 && reply.code() == "slug_taken").count();
    assert_eq!((made, taken), (1, 63));
    assert_eq!(slots(&app.database).await, "claimed 1, ready 7");
    assert_eq!(value(&app.database, "SELECT count(*) FROM provisioning_runs").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_claims_get_sixteen_slots() {
    let app = TestApp::builder().slots(16).start().await;
    let replies = create_all(&app, (0..16).map(|n| format!("tenant-{n}")).collect()).await;
    let made: Vec<TenantAndRun> = replies.into_iter().map(|reply| reply.expect(202).parse()).collect();
    assert!(made.iter().all(|made| made.run.status == RunStatus::Succeeded));
    let schemas: BTreeSet<_> = made.iter().map(|made| &made.tenant.schema_name).collect();
    assert_eq!(schemas.len(), 16);
    assert_eq!(slots(&app.database).await, "claimed 16");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_slug_says_what_to_do() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let reply = app.operator().post("/v1/tenants", &wish("acme")).await.expect(409);
    assert_eq!(reply.code(), "slug_taken");
    assert!(reply.json["next_steps"][0].as_str().unwrap().contains("/v1/slugs/"));
    assert_eq!(slots(&app.database).await, "claimed 1, ready 1", "a refused wish claims no slot");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_wish_is_checked() {
    let app = TestApp::builder().start().await;
    let long = "x".repeat(201);
    let many: Vec<String> = (0..21).map(|n| format!("d{n}.example")).collect();
    for (field, wrong, pointer) in [
        ("slug", json!("a"), "/slug"),
        ("slug", json!("Acme"), "/slug"),
        ("slug", json!("admin"), "/slug"),
        ("slug", json!(7), "/slug"),
        ("slug", Value::Null, "/slug"),
        ("name", json!(" "), "/name"),
        ("name", json!(long), "/name"),
        ("name", json!("a\u{0}b"), "/name"),
        ("admin_email", json!("nobody"), "/admin_email"),
        ("plan_tier", json!("gold"), "/plan_tier"),
        ("allowed_domains", json!(["com"]), "/allowed_domains/0"),
        ("allowed_domains", json!(many), "/allowed_domains"),
        ("colour", json!("red"), "/colour"),
    ] {
        let mut body = wish("acme");
        body[field] = wrong;
        let reply = app.operator().post("/v1/tenants", &body).await.expect(422);
        assert_eq!(
            (reply.code(), &reply.json["errors"][0]["pointer"]),
            ("invalid", &json!(pointer)),
            "{body}"
        );
    }
    for field in ["slug", "name", "admin_email"] {
        let mut body = wish("acme");
        body.as_object_mut().unwrap().remove(field);
        let reply = app.operator().post("/v1/tenants", &body).await.expect(422);
        assert_eq!(
            reply.json["errors"][0],
            json!({"pointer": format!("/{field}"), "code": "required", "detail": "This field is required."})
        );
    }
    assert_eq!(value(&app.database, "SELECT count(*) FROM tenants").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_is_kept_as_it_was_made() {
    let app = TestApp::start().await;
    let body = json!({"slug": "acme", "name": "  Acme — \u{1F680} ", "admin_email": "ops@acme.example", "plan_tier": "PRO",
        "allowed_domains": ["Acme.example", "acme.org"]});
    let made: TenantAndRun = app.operator().post("/v1/tenants", &body).await.expect(202).parse();
    let shown = app.operator().get("/v1/tenants/acme").await.expect(200);
    assert_eq!((&shown.json["name"], &shown.json["plan_tier"]), (&json!("Acme — \u{1F680}"), &json!("pro")));
    assert_eq!(shown.json["allowed_domains"], json!(["acme.example", "acme.org"]));
    assert_eq!(shown.parse::<tenantry_types::tenant::Tenant>(), made.tenant);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_tier_is_configurable() {
    let app = TestApp::builder().slots(1).set("TENANTRY_DEFAULT_TIER", "starter").start().await;
    assert_eq!(app.tenant("acme").await.tenant.plan_tier.as_str(), "starter");
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_a_tenant_is_audited() {
    let app = TestApp::start().await;
    let operator = app.operator().with_header("x-request-id", "audit-me");
    let made: TenantAndRun = operator.post("/v1/tenants", &wish("acme")).await.expect(202).parse();
    assert_eq!(operator.post("/v1/tenants", &wish("acme")).await.expect(409).code(), "slug_taken");
    let events = value(&app.database,
        "SELECT string_agg(concat_ws(' ', actor_kind, actor, action, target_kind, request_id, after ->> 'slug', after ->> 'plan_tier'), E'\\n') FROM audit_unsealed").await;
    assert_eq!(
        events, "operator operator tenant.create tenant audit-me acme free",
        "and a refused wish leaves no event"
    );
    let target = value(
        &app.database,
        "SELECT concat_ws(' ', target, after ->> 'run_id', tenant_id) FROM audit_unsealed",
    )
    .await;
    assert_eq!(target, format!("{} {} {}", made.tenant.id, made.run.id, made.tenant.id.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_writes_the_slug_on_the_schema() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let query = format!("SELECT obj_description('{}'::regnamespace)", acme.tenant.schema_name);
    assert_eq!(value(&app.database, &query).await, "");
    app.work().await;
    assert_eq!(value(&app.database, &query).await, "acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_tenant_is_absent_everywhere() {
    let app = TestApp::builder().start().await;
    for path in [
        "/v1/tenants/nobody",
        "/v1/tenants/nobody/status",
        "/v1/tenants/NO%00BODY",
        "/v1/tenants/NO%00BODY/status",
    ] {
        assert_eq!(app.operator().get(path).await.expect(404).code(), "not_found", "{path}");
    }
}
