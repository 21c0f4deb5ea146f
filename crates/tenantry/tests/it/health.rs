//! Whether the process lives and can serve, and who may know what about it.

use crate::support::nowhere;
use serde_json::{Value, json};
use tenantry_testkit::{Reply, TestApp};

fn names(reply: &Reply) -> Vec<String> {
    let checks = reply.json["checks"].as_array().cloned().unwrap_or_default();
    checks.iter().map(|check| check["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_of_a_lost_database() {
    let app = TestApp::builder().elsewhere(nowhere()).start().await;
    assert_eq!(app.anyone.get("/livez").await.expect(200).json["status"], "ok", "a restart would not help");
    for path in ["/readyz", "/health", "/readyz?verbose"] {
        assert_eq!(app.anyone.get(path).await.expect(503).json["status"], "failing", "{path}");
    }
    let seen = app.operator().get("/readyz?verbose=1").await.expect(503);
    let database = &seen.json["checks"][0];
    assert_eq!((&database["name"], &database["status"]), (&json!("database"), &json!("failing")));
    assert!(database["detail"].as_str().unwrap().contains("cannot connect"), "{database}");
    let doctor = app.operator().get("/v1/doctor").await.expect(503);
    assert_eq!((doctor.code(), doctor.headers["retry-after"].to_str().unwrap()), ("unavailable", "1"));
    assert!(!doctor.text.contains("connect to PostgreSQL"), "{}", doctor.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_see_no_details() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.client.get("/v1/agents").await.expect(200);
    let parts = ["database", "control_login", "warm_slots", "pool_cell_1"];
    for stranger in [&app.anyone, &acme.client, &app.anyone.clone().with_token(Some("wrong"))] {
        assert_eq!(names(&stranger.get("/readyz").await.expect(200)), [""; 0]);
        let told = stranger.get("/readyz?verbose").await.expect(200);
        assert_eq!(names(&told), parts);
        for check in told.json["checks"].as_array().unwrap() {
            assert_eq!((check.get("detail"), check.get("advice")), (None, None), "{check}");
        }
    }
    let told = app.operator().get("/readyz?verbose").await.expect(200);
    assert!(
        told.json["checks"].as_array().unwrap().iter().all(|check| check["detail"].is_string()),
        "{}",
        told.text
    );
    app.anyone.get("/v1/doctor").await.expect(401);
    acme.client.get("/v1/doctor").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_slot_left_is_a_warning() {
    let app = TestApp::builder().slots(1).start().await;
    assert_eq!(app.anyone.get("/readyz").await.expect(200).json["status"], "ok");
    app.tenant("acme").await;
    let told = app.operator().get("/readyz?verbose").await.expect(200);
    assert_eq!((&told.json["status"], &told.json["checks"][2]["status"]), (&json!("warn"), &json!("warn")));
    assert!(told.json["checks"][2]["advice"].as_str().unwrap().contains("tenantry worker"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_each_item() {
    let app = TestApp::start().await;
    let told = app.operator().get("/v1/doctor").await.expect(200);
    insta::assert_snapshot!(names(&told).join(" "), @"postgresql_version createrole public_create warm_slots broken_slots stuck_runs runs_for_a_person wish_and_world failed_jobs mail audit_sealed fullest_cell clock secrets");
    for check in told.json["checks"].as_array().unwrap() {
        let fine = check["status"] == "ok";
        assert_eq!((check["detail"].is_string(), check["advice"].is_string()), (true, !fine), "{check}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_sees_what_is_wrong() {
    let app = TestApp::start().await;
    let wrong = "GRANT CREATE ON SCHEMA public TO PUBLIC;
                 UPDATE public.slots SET state = 'broken', claimed_at = now() WHERE id = (SELECT id FROM public.slots LIMIT 1);
                 INSERT INTO public.provisioning_runs (id, kind, tenant_id, tenant_slug, status, input, created_at)
                 VALUES (gen_random_uuid(), 'create', gen_random_uuid(), 'old', 'pending', '{}', now() - interval '3 minutes')";
    crate::support::as_superuser(&app, wrong).await;
    let told = app.operator().get("/v1/doctor").await.expect(200);
    assert_eq!(told.json["status"], "failing");
    let failing = |check: &&Value| check["status"] == "failing";
    let found: Vec<_> = told.json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(failing)
        .map(|check| check["name"].clone())
        .collect();
    assert_eq!(found, ["public_create", "broken_slots", "stuck_runs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checklist_is_judged_by_what_is_there() {
    let app = TestApp::start().await;
    let told = async || {
        let told = app.operator().get("/v1/doctor?security=true").await.expect(200);
        let checks = told.json["checks"].as_array().cloned().unwrap_or_default();
        let word = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
        checks
            .iter()
            .map(|check| format!("{} {}", word(check, "name"), word(check, "status")))
            .collect::<Vec<_>>()
    };
    insta::assert_snapshot!(told().await.join("\n"), @r"
    tables_guarded warn
    tokens_on_protected_routes ok
    isolation_proof_fresh warn
    keys_scoped ok
    limits_per_workspace warn
    metering_per_workspace warn
    secrets_encrypted ok
    statements_parameterised ok
    inputs_validated ok
    tls_enforced warn
    ");
    let acme = app.tenant("acme").await;
    crate::proof::proved(&app, &json!({})).await;
    let after = told().await;
    assert_eq!((after[0].as_str(), after[2].as_str()), ("tables_guarded ok", "isolation_proof_fresh ok"));
    // A proof of one tenant says nothing of the others.
    let opened = format!("ALTER TABLE {}.agents DISABLE ROW LEVEL SECURITY", acme.tenant.schema_name);
    crate::support::as_superuser(&app, &opened).await;
    crate::proof::proved(&app, &json!({"tenant": "acme"})).await;
    assert_eq!(told().await, after);
    crate::proof::proved(&app, &json!({})).await;
    let after = told().await;
    assert_eq!(
        (after[0].as_str(), after[2].as_str()),
        ("tables_guarded failing", "isolation_proof_fresh failing")
    );
    assert_eq!(acme.client.get("/v1/doctor?security=true").await.expect(403).code(), "forbidden");
    assert_eq!(app.operator().get("/v1/doctor?security=perhaps").await.expect(422).code(), "invalid");
}
