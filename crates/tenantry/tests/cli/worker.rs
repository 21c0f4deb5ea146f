//! Workers: killed, followed, stopped, and busy with slots while somebody waits.

use crate::{
    http::{get, post},
    process::{eventually, run, until},
    start::{Server, database, wish, worker},
};
use serde_json::json;
use tenantry_testkit::OPERATOR;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_is_followed_by_another() {
    let database = database(0).await;
    let (server, admin) = (Server::start(&database), database.admin().await);
    let made = post(&server.url, "/v1/tenants", OPERATOR, &[], &wish("acme")).reply().json();
    // The worker gets as far as the first step that needs a cell, and no further.
    admin.execute("BEGIN; LOCK TABLE cells IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let first = worker(&database, 0);
    let path = format!("/v1/provisioning-runs/{}", made["run"]["id"].as_str().unwrap());
    let blocked = "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'cells'::regclass";
    until("a blocked worker", || async { admin.value(blocked).await.unwrap().as_deref() != Some("0") }).await;
    first.signal("KILL");
    assert_eq!(first.wait().signal, Some(9));
    assert_eq!(get(&server.url, &path, OPERATOR).json()["status"], "running");
    admin.execute("ROLLBACK").await.unwrap();
    // Half a minute passes for the lease of the dead.
    admin.execute("UPDATE provisioning_runs SET lease_until = now() - interval '1 second'").await.unwrap();
    let _second = worker(&database, 0);
    eventually("the run's end", || get(&server.url, &path, OPERATOR).json()["status"] == "succeeded");
    assert_eq!(get(&server.url, "/v1/tenants/acme", OPERATOR).json()["status"], "active");
    let schemas = "SELECT count(*)::text FROM pg_namespace WHERE nspname LIKE 'tenant\\_%'";
    assert_eq!(
        admin.value(schemas).await.unwrap().as_deref(),
        Some("1"),
        "the dead one's schema was rolled back"
    );
}

/// A worker with hundreds of slots to make makes a login in between, and stops in between.
#[tokio::test(flavor = "multi_thread")]
async fn filling_slots_keeps_nobody_waiting() {
    let database = database(1).await;
    let server = Server::start(&database);
    post(&server.url, "/v1/tenants", OPERATOR, &[], &wish("acme")).reply();
    let worker = worker(&database, 400);
    until("a first batch", || async { database.placement.ready().await.unwrap() > 0 }).await;
    let key = ["Idempotency-Key: one-session"];
    let session = post(&server.url, "/v1/tenants/acme/psql-session", OPERATOR, &key, &json!({})).reply();
    assert_eq!(session.status, 201, "{}", session.body);
    worker.signal("TERM");
    worker.wait().expect(0);
    let ready = database.placement.ready().await.unwrap();
    assert!(ready < 400, "it made all slots first");
    assert_eq!(ready % 8, 0, "batches are whole");
}

/// A cold tenant whose tables cannot be made: nothing is left of it, and the client says so by its exit code.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_migration_is_exit_code_3() {
    let database = database(0).await;
    let scratch = crate::process::Scratch::new("badsql");
    scratch.folder("sql");
    scratch.file(
        "sql/V1__broken.sql",
        "CREATE TABLE things (workspace_id uuid NOT NULL);\nSELECT no_such_function();\n",
        0o644,
    );
    let server = Server::start(&database);
    let mut environment = crate::start::worker_environment(&database, 0);
    environment.insert("TENANTRY_TENANT_MIGRATIONS".to_owned(), scratch.join("sql").display().to_string());
    let _worker = crate::process::Process::start(&mut crate::start::with("worker", &environment));
    let line = "tenant create acme --name Acme --admin-email a@acme.example";
    let ended = run(&mut server.cli(line)).expect(3);
    assert!(
        ended.err.contains("nothing of it is left") && ended.err.contains("V1__broken.sql"),
        "{}",
        ended.err
    );
    let id = ended.out.split_whitespace().find(|word| word.starts_with("run_")).unwrap();
    run(&mut server.cli(&format!("run watch {id}"))).expect(3);
    assert!(run(&mut server.cli(&format!("run show {id}"))).expect(0).out.contains("rolled_back"));
    assert!(run(&mut server.cli("tenant show acme")).expect(1).err.contains("error:"));
}

/// What a person has to finish is said by exit code 4. The state is written by hand: an undo that fails cannot be had from outside.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_for_a_person_is_exit_code_4() {
    let database = database(0).await;
    let server = Server::start(&database);
    let line = "tenant create acme --name Acme --admin-email a@acme.example --no-wait -o json";
    let made = run(&mut server.cli(line)).expect(0).json();
    let id = made["run"]["id"].as_str().unwrap();
    let stuck = "UPDATE provisioning_runs SET status = 'needs_attention', error = 'undo failed', started_at = now(), finished_at = now()";
    database.admin().await.execute(stuck).await.unwrap();
    let ended = run(&mut server.cli(&format!("run watch {id}"))).expect(4);
    assert!(ended.err.contains("a person has to finish it"), "{}", ended.err);
    assert_eq!(run(&mut server.cli("doctor")).expect(1).out.matches("failing").count(), 1);
}
