//! What an operator asks of a run: taken back, tried again; and the first key, which outlives both.

use crate::catalogue::{execute, homes, slots, value};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tenantry_core::{ctx::Faults, provisioning};
use tenantry_testkit::{Client, Reply, TestApp};
use tenantry_types::{
    RunId,
    run::{Run, RunStatus},
    tenant::TenantAndRun,
};
use tokio::task::JoinSet;

async fn wish(app: &TestApp, slug: &str) -> TenantAndRun {
    let body = json!({"slug": slug, "name": slug, "admin_email": format!("ops@{slug}.example")});
    app.operator().post("/v1/tenants", &body).await.expect(202).parse()
}

async fn roll_back(app: &TestApp, id: RunId, slug: &str) -> Reply {
    let path = format!("/v1/provisioning-runs/{id}/rollback");
    app.operator().post(&path, &json!({"confirm": slug})).await
}

async fn retry(app: &TestApp, id: RunId) -> Reply {
    app.operator().post(&format!("/v1/provisioning-runs/{id}/retry"), &json!({})).await
}

async fn run(app: &TestApp, id: RunId) -> Run {
    app.operator().get(&format!("/v1/provisioning-runs/{id}")).await.expect(200).parse()
}

/// A caller with the key that the answer showed.
fn holder(app: &TestApp, made: &TenantAndRun) -> Client {
    app.anyone.clone().with_token(made.api_key.as_deref())
}

/// A cold run that failed and was undone.
async fn rolled_back(app: &TestApp, slug: &str) -> TenantAndRun {
    app.faults.arm("create.verify.before");
    let made = wish(app, slug).await;
    app.work().await;
    app.faults.disarm();
    assert_eq!(run(app, made.run.id).await.status, RunStatus::RolledBack);
    made
}

async fn nothing_is_left_of(app: &TestApp, slug: &str) {
    app.operator().get(&format!("/v1/tenants/{slug}")).await.expect(404);
    assert_eq!(app.operator().get(&format!("/v1/slugs/{slug}")).await.expect(200).json["available"], true);
    let rows = "SELECT concat_ws(' ', (SELECT count(*) FROM tenants), (SELECT count(*) FROM workspaces),
                       (SELECT count(*) FROM api_keys), (SELECT count(*) FROM invitations))";
    assert_eq!(value(&app.database, rows).await, "0 0 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tenant_is_rolled_back() {
    for warm in [1, 0] {
        let app = TestApp::builder().slots(warm).start().await;
        let made = wish(&app, "acme").await;
        app.work().await;
        let client = holder(&app, &made);
        client.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
        let reply = roll_back(&app, made.run.id, "acme").await.expect(202);
        assert_eq!(reply.json["status"], "rolling_back");
        app.work().await;
        let run = run(&app, made.run.id).await;
        assert_eq!((run.status, run.result), (RunStatus::RolledBack, None), "{:?}", run.error);
        assert!(run.steps.iter().all(|step| step.status.as_str() == "undone"), "{:?}", run.steps);
        nothing_is_left_of(&app, "acme").await;
        let schema = &made.tenant.schema_name;
        assert!(
            !homes(&app.database).await.contains(schema.trim_start_matches("tenant_")),
            "{schema} is left"
        );
        client.get("/v1/me").await.expect(401);
        let deeds = "SELECT string_agg(concat_ws(' ', actor, action, after ->> 'status'), ', ' ORDER BY occurred_at, id)
                     FROM audit_events WHERE action LIKE 'run.%' AND after ->> 'status' IS DISTINCT FROM 'succeeded'";
        assert_eq!(value(&app.database, deeds).await, "operator run.rollback, worker run.end rolled_back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_tenant_is_not_rolled_back() {
    let app = TestApp::builder().slots(1).start().await;
    let made = wish(&app, "acme").await;
    app.clock.advance(TimeDelta::hours(24));
    let reply = roll_back(&app, made.run.id, "acme").await.expect(409);
    assert!(
        reply.json["next_steps"][0].as_str().is_some_and(|next| next.contains("DELETE")),
        "{}",
        reply.text
    );
    holder(&app, &made).get("/v1/agents").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_run_is_rolled_back() {
    let app = TestApp::builder().start().await;
    let made = wish(&app, "acme").await;
    assert_eq!(made.run.status, RunStatus::Pending);
    roll_back(&app, made.run.id, "acme").await.expect(202);
    app.work().await;
    assert_eq!(run(&app, made.run.id).await.status, RunStatus::RolledBack);
    nothing_is_left_of(&app, "acme").await;
}

/// An operator who takes the run back while the worker is in the middle of it.
struct Operator {
    client: Client,
    path: String,
}

impl Faults for Operator {
    fn at(&self, point: &str) -> tenantry_core::Result<()> {
        if point == "create.seed.before" {
            tokio::task::block_in_place(|| {
                let body = json!({"confirm": "acme"});
                let asked = self.client.post(&self.path, &body);
                tokio::runtime::Handle::current().block_on(asked).expect(202);
            });
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_run_is_rolled_back() {
    let app = TestApp::builder().start().await;
    let (made, before) = (wish(&app, "acme").await, homes(&app.database).await);
    let mut placement = app.database.placement.clone();
    let path = format!("/v1/provisioning-runs/{}/rollback", made.run.id);
    placement.ctx.faults = Arc::new(Operator { client: app.operator(), path });
    provisioning::work(&placement, Duration::from_secs(30), None).await.unwrap_err();
    assert_eq!(run(&app, made.run.id).await.status, RunStatus::RollingBack, "its holder was overruled");
    app.work().await;
    assert_eq!(run(&app, made.run.id).await.status, RunStatus::RolledBack);
    assert_eq!(homes(&app.database).await.replace(&cells(&app), ""), before.replace(&cells(&app), ""));
    nothing_is_left_of(&app, "acme").await;
}

/// The first cell is the installation's, and stays.
fn cells(app: &TestApp) -> String {
    format!(" {}", app.database.installation.cell(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_rolled_back_is_tried_again() {
    let app = TestApp::builder().start().await;
    let made = rolled_back(&app, "acme").await;
    holder(&app, &made).get("/v1/me").await.expect(401);
    let again: Run = retry(&app, made.run.id).await.expect(202).parse();
    assert_eq!((again.status, again.error), (RunStatus::Pending, None));
    app.work().await;
    assert_eq!(run(&app, made.run.id).await.status, RunStatus::Succeeded);
    holder(&app, &made).get("/v1/agents").await.expect(200);
    roll_back(&app, made.run.id, "acme").await.expect(202);
    app.work().await;
    retry(&app, made.run.id).await.expect(202);
    app.work().await;
    holder(&app, &made).get("/v1/agents").await.expect(200);
    let client = app.operator().with_header("last-event-id", "0");
    let told = client.get(&format!("/v1/provisioning-runs/{}/events", made.run.id)).await.expect(200).text;
    assert_eq!(
        told.matches("\"status\":\"rolled_back\"").count(),
        2,
        "a stream tells of every end, not of the first alone"
    );
    assert_eq!(retry(&app, made.run.id).await.expect(409).code(), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_run_is_tried_again() {
    let app = TestApp::builder().slots(1).start().await;
    let made = wish(&app, "acme").await;
    roll_back(&app, made.run.id, "acme").await.expect(202);
    app.work().await;
    retry(&app, made.run.id).await.expect(202);
    app.work().await;
    let ended = run(&app, made.run.id).await;
    assert_eq!(ended.status, RunStatus::Succeeded, "{:?}", ended.error);
    holder(&app, &made).get("/v1/agents").await.expect(200);
    assert_eq!(slots(&app.database).await, "claimed 1, ready 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_wants_its_slug() {
    let app = TestApp::builder().start().await;
    let made = rolled_back(&app, "acme").await;
    let early = rolled_back(&app, "bolt").await;
    retry(&app, early.run.id).await.expect(202);
    let others = [wish(&app, "acme").await, wish(&app, "bolt").await];
    let reply = retry(&app, made.run.id).await.expect(409);
    assert_eq!(reply.code(), "slug_taken");
    // Taken between the wish and the work: the run fails again, and the other tenant is not touched.
    app.work().await;
    let ended = run(&app, early.run.id).await;
    assert_eq!(ended.status, RunStatus::RolledBack);
    assert!(ended.error.as_deref().is_some_and(|error| error.contains("has the slug bolt")), "{ended:?}");
    for other in &others {
        holder(&app, other).get("/v1/agents").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_failed_is_tried_again() {
    let app = TestApp::builder().start().await;
    app.faults.arm("create.seed.before");
    app.faults.arm("create.reserve.undo.before");
    let made = wish(&app, "acme").await;
    app.work().await;
    let stuck = run(&app, made.run.id).await;
    assert_eq!(stuck.status, RunStatus::NeedsAttention);
    let reply = retry(&app, made.run.id).await.expect(409);
    assert!(
        reply.json["next_steps"][0].as_str().is_some_and(|next| next.contains("rollback")),
        "{}",
        reply.text
    );
    // The cause is there still.
    roll_back(&app, made.run.id, "acme").await.expect(202);
    app.work().await;
    assert_eq!(run(&app, made.run.id).await.status, RunStatus::NeedsAttention);
    app.faults.disarm();
    roll_back(&app, made.run.id, "acme").await.expect(202);
    app.work().await;
    assert_eq!(run(&app, made.run.id).await.status, RunStatus::RolledBack);
    nothing_is_left_of(&app, "acme").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_at_once() {
    let app = TestApp::builder().start().await;
    let made = rolled_back(&app, "acme").await;
    let all = async |path: String, body: Value| {
        let mut callers = JoinSet::new();
        for _ in 0..4 {
            let (operator, path, body) = (app.operator(), path.clone(), body.clone());
            callers.spawn(async move { operator.post(&path, &body).await.status.as_u16() });
        }
        let mut statuses = callers.join_all().await;
        statuses.sort_unstable();
        statuses
    };
    let path = format!("/v1/provisioning-runs/{}", made.run.id);
    assert_eq!(all(format!("{path}/retry"), json!({})).await, [202, 409, 409, 409]);
    app.work().await;
    assert_eq!(run(&app, made.run.id).await.status, RunStatus::Succeeded);
    // Whoever asks for what is under way already is told that it is.
    assert_eq!(all(format!("{path}/rollback"), json!({"confirm": "acme"})).await, [202; 4]);
    app.work().await;
    assert_eq!(run(&app, made.run.id).await.status, RunStatus::RolledBack);
    nothing_is_left_of(&app, "acme").await;
    assert_eq!(all(format!("{path}/rollback"), json!({"confirm": "acme"})).await, [409; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_cannot_be_is_refused() {
    let app = TestApp::builder().slots(1).start().await;
    let made = wish(&app, "acme").await;
    let reply = roll_back(&app, made.run.id, "acm").await.expect(422);
    assert_eq!(reply.json["errors"][0]["pointer"], "/confirm");
    let nobody = "run_00000000000000000000000007".parse().unwrap();
    roll_back(&app, nobody, "acme").await.expect(404);
    retry(&app, nobody).await.expect(404);
    retry(&app, made.run.id).await.expect(409);
    for (slug, confirm, status) in [("nobody", "nobody", 404), ("a%00b", "x", 404), ("acme", "nobody", 422)] {
        let path = format!("/v1/tenants/{slug}/rollback");
        app.operator().post(&path, &json!({"confirm": confirm})).await.expect(status);
    }
    holder(&app, &made).get("/v1/agents").await.expect(200);
    app.operator().post("/v1/tenants/acme/rollback", &json!({"confirm": "acme"})).await.expect(202);
    app.work().await;
    nothing_is_left_of(&app, "acme").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_the_past_is_left_alone() {
    let app = TestApp::builder().slots(1).start().await;
    let made = wish(&app, "acme").await;
    let change = async |verb: &str| -> Run {
        let path = format!("/v1/tenants/acme{verb}");
        let reply = match verb {
            "" => app.operator().delete(&path).await,
            _ => app.operator().post(&path, &json!({"confirm": "acme"})).await,
        };
        reply.expect(202).parse::<TenantAndRun>().run
    };
    let taken_back = async |asked: &Run| {
        roll_back(&app, asked.id, "acme").await.expect(202);
        app.work().await;
        assert_eq!(run(&app, asked.id).await.status, RunStatus::RolledBack);
    };
    // A deletion and a purge that were taken back before the worker came to them.
    let deletion = change("").await;
    taken_back(&deletion).await;
    holder(&app, &made).get("/v1/agents").await.expect(200);
    change("").await;
    app.work().await;
    let purge = change("/purge").await;
    taken_back(&purge).await;
    app.operator().post("/v1/tenants/acme/restore", &json!({})).await.expect(202);
    for past in [deletion.id, purge.id] {
        let reply = retry(&app, past).await.expect(409);
        assert!(reply.text.contains("Another run came after this one"), "{}", reply.text);
    }
    roll_back(&app, made.run.id, "acme").await.expect(409);
    app.work().await;
    holder(&app, &made).get("/v1/agents").await.expect(200);
    // An end of the tenant's life takes no roll-back, only its opposite.
    let restored: Run = app.operator().get("/v1/tenants/acme/status").await.expect(200).parse();
    let reply = roll_back(&app, restored.id, "acme").await.expect(409);
    assert!(
        reply.json["next_steps"][0].as_str().is_some_and(|next| next.contains("delete and restore")),
        "{}",
        reply.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needed_a_person_once_is_left_alone_later() {
    let app = TestApp::builder().slots(1).start().await;
    let made = wish(&app, "acme").await;
    app.faults.arm("suspend.sessions.before");
    app.faults.arm("suspend.close.undo.before");
    let asked: TenantAndRun =
        app.operator().post("/v1/tenants/acme/suspend", &json!({})).await.expect(202).parse();
    app.work().await;
    app.faults.disarm();
    assert_eq!(run(&app, asked.run.id).await.status, RunStatus::NeedsAttention);
    app.operator().delete("/v1/tenants/acme").await.expect(202);
    app.work().await;
    roll_back(&app, asked.run.id, "acme").await.expect(409);
    app.work().await;
    assert_eq!(value(&app.database, "SELECT status FROM tenants").await, "deleted", "nobody revived it");
    holder(&app, &made).get("/v1/agents").await.expect(403);
}

/// Everything in the database, as text: every row of every table of every schema that is ours.
async fn everything(app: &TestApp) -> String {
    let tables = value(
        &app.database,
        "SELECT string_agg(format('%I.%I', schemaname, tablename), ' ') FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .await;
    let mut all = String::new();
    for table in tables.split(' ') {
        all.push_str(&value(&app.database, &format!("SELECT string_agg(t::text, '|') FROM {table} t")).await);
    }
    assert!(tables.contains("outbox") && all.contains("acme"), "{tables}");
    all
}

fn hexadecimal(text: &str) -> String {
    tenantry_pg::roles::hex(text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_is_shown_once_and_works() {
    for warm in [1, 0] {
        let app = TestApp::builder().slots(warm).start().await;
        let made = wish(&app, "acme").await;
        let (key, invitation) = (made.api_key.clone().unwrap(), made.owner_invitation.clone().unwrap());
        if warm == 0 {
            holder(&app, &made).get("/v1/me").await.expect(401);
            app.work().await;
        }
        let me = holder(&app, &made).get("/v1/me").await.expect(200);
        assert_eq!((&me.json["tenant"], &me.json["role"]), (&json!("acme"), &json!("admin")));
        holder(&app, &made).post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
        assert_eq!(invitation.email, "ops@acme.example");
        let token = invitation.url.split_once("#token=").unwrap().1.to_owned();
        let secret = key.split('_').nth(3).unwrap().to_owned();
        assert_eq!((token.len(), secret.len()), (64, 64));
        let (all, path) = (everything(&app).await, format!("/v1/provisioning-runs/{}", made.run.id));
        let streams = [path.clone(), format!("{path}/events"), "/v1/tenants/acme".to_owned()];
        for hidden in [&key, &secret, &token] {
            assert!(!all.contains(hidden.as_str()) && !all.contains(&hexadecimal(hidden)), "it is stored");
            for path in &streams {
                let told = app.operator().get(path).await.expect(200).text;
                assert!(!told.contains(hidden.as_str()), "{path} shows it again");
            }
        }
        let kept = format!(
            "SELECT concat_ws(' ', (SELECT count(*) FROM api_keys WHERE key_hash = sha256('{key}'::bytea)),
                    (SELECT count(*) FROM invitations WHERE token_hash = sha256('{token}'::bytea) AND role = 'owner' AND used_at IS NULL))"
        );
        assert_eq!(value(&app.database, &kept).await, "1 1");
        // Nothing that could be logged by accident either.
        assert!(!format!("{:?}", made.run).contains(&secret));
        execute(&app.database, "UPDATE api_keys SET revoked_at = now()").await;
        holder(&app, &made).get("/v1/me").await.expect(401);
    }
}
