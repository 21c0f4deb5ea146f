//! Idempotency keys: a request that is sent twice is done once, and answered twice.

use crate::{
    catalogue::{execute, value},
    crew::owned,
    staff::member,
    support::{document, operations, superuser_sees},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tenantry_core::{
    Error,
    authz::Actor,
    ctx::Request,
    idempotency::{self, Once, Sent},
    psql,
};
use tenantry_pg::{
    ControlTx, Login,
    bootstrap::Superuser,
    roles::{Installation, MasterKey},
};
use tenantry_testkit::{Client, Reply, TestApp, TestDatabase, axum::http::Method};
use tenantry_types::{
    ErrorCode,
    key::NewApiKey,
    tenant::{CreatePsqlSession, PsqlSession},
};
use tokio::task::JoinSet;

const KEYS: &str = "/v1/tenants/acme/api-keys";

pub(crate) fn wish(slug: &str) -> Value {
    json!({"slug": slug, "name": "Acme Inc.", "admin_email": "ops@acme.example"})
}

fn keyed(client: Client, key: &str) -> Client {
    client.with_header("idempotency-key", key)
}

pub(crate) fn replayed(reply: &Reply) -> bool {
    reply.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

async fn count(app: &TestApp, what: &str) -> String {
    value(&app.database, &format!("SELECT count(*) FROM {what}")).await
}

/// Sends a request twice with one key: both answers, the second one replayed.
async fn twice(client: &Client, path: &str, body: &Value) -> (Reply, Reply) {
    let (first, second) = (client.post(path, body).await, client.post(path, body).await);
    assert!(first.status.is_success() && !replayed(&first), "{}", first.text);
    assert!(replayed(&second), "{}", second.text);
    (first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_answered_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let stop = app.start_worker();
    let operator = keyed(app.operator(), "0f1e");
    for (client, path, body, made) in [
        (&operator, "/v1/tenants", wish("bolt"), "tenants WHERE slug = 'bolt'"),
        (&operator, KEYS, json!({"name": "once"}), "api_keys WHERE name = 'once'"),
        (&operator, "/v1/tenants/acme/psql-session", json!({"minutes": 5}), "psql_sessions"),
        (
            &keyed(acme.client.clone(), "0f1e"),
            "/v1/agents",
            json!({"name": "Ada", "role": "r", "tool_permissions": {"z": 1, "a": [true]}}),
            &format!("{}.agents", acme.tenant.schema_name),
        ),
    ] {
        let (first, second) = twice(client, path, &body).await;
        assert_eq!((first.status, &first.text), (second.status, &second.text), "{path}");
        for header in ["location", "etag", "content-type", "cache-control"] {
            assert_eq!(first.headers.get(header), second.headers.get(header), "{path} {header}");
        }
        assert_eq!(count(&app, made).await, "1", "{path}");
    }
    let schema = &acme.tenant.schema_name;
    let deeds = format!(
        "(SELECT action, after FROM audit_unsealed UNION ALL SELECT action, after FROM audit_events
          UNION ALL SELECT action, after FROM {schema}._events) AS e WHERE action IN ('tenant.create', 'agent.create') OR after ->> 'name' = 'once'"
    );
    assert_eq!(count(&app, &deeds).await, "4", "what was done once is audited once");
    drop(stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_a_request_is_done_each_time() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await.client.without_keys();
    acme.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(201);
    let again = acme.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(409);
    assert_eq!(again.code(), "name_taken");
    let operator = app.operator().without_keys();
    operator.post("/v1/tenants", &wish("bolt")).await.expect(202);
    assert_eq!(operator.post("/v1/tenants", &wish("bolt")).await.expect(409).code(), "slug_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_under_the_same_key_is_refused() {
    let app = TestApp::start().await;
    let (acme, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    let operator = keyed(app.operator(), "k");
    operator.post(KEYS, &json!({"name": "one"})).await.expect(201);
    let agents = keyed(acme.client.clone(), "k");
    agents.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(201);
    let bolt = format!("/v1/tenants/{}/api-keys", bolt.tenant.slug);
    for (client, path, body) in [
        (&operator, KEYS, json!({"name": "two"})),
        (&operator, KEYS, json!({"name": "one", "role": "member"})),
        (&operator, &*bolt, json!({"name": "one"})),
        (&agents, "/v1/agents", json!({"name": "Eve", "role": "r"})),
    ] {
        let reply = client.post(path, &body).await.expect(422);
        assert_eq!(reply.code(), "idempotency_key_reused", "{path} {body}");
        assert!(reply.json["next_steps"][0].as_str().unwrap().contains("new key"), "{}", reply.text);
    }
    assert_eq!(count(&app, "api_keys WHERE name IN ('one', 'two')").await, "1");
    assert_eq!(count(&app, &format!("{}.agents", acme.tenant.schema_name)).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_required_where_nothing_else_guards() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let owner = owned(&app, "bolt", "free").await;
    let document = document();
    let mut required = BTreeSet::new();
    for operation in operations().into_iter().filter(|operation| operation.method == Method::POST) {
        // Reads, by a verb that no cache answers and no browser follows; and what leaves nothing to be done a second time: an open route's own
        // token or password guards it, nobody leaves twice,
        // and a token for a workspace is as good as another.
        if operation.open
            || ["export_tenant", "leave_workspace", "switch_workspace"].contains(&&*operation.id)
        {
            continue;
        }
        let parameters = &document["paths"][&operation.template]["post"]["parameters"];
        let header = parameters.as_array().into_iter().flatten().find(|one| one["name"] == "Idempotency-Key");
        let header = header.unwrap_or_else(|| panic!("{} does not take an Idempotency-Key", operation.id));
        if header["required"] == true {
            required.insert(operation.template.clone());
        }
    }
    assert!(required.len() >= 2, "{required:?}");
    let ada = member(&app, "acme", "ada", "admin").await.client;
    for template in required {
        let path = template.replace("{slug}", "acme").replace("{id}", "key_00000000000000000000000007");
        let body = if path.ends_with("api-keys") { json!({"name": "x"}) } else { json!({}) };
        let caller = match &path {
            path if path.starts_with("/v1/api-keys") => ada.clone(),
            path if path.starts_with("/v1/tenants") => app.operator(),
            _ => owner.client.clone(),
        };
        let reply = caller.without_keys().post(&path, &body).await.expect(400);
        assert_eq!(reply.code(), "bad_request", "{path}");
        assert!(reply.json["next_steps"][0].as_str().unwrap().contains("UUID"), "{}", reply.text);
    }
    assert_eq!(count(&app, "psql_sessions").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_none_are_refused() {
    let app = TestApp::start().await;
    for key in ["", "a b", "é", "a\tb", &"k".repeat(256)] {
        let reply = keyed(app.operator(), key).post("/v1/tenants", &wish("acme")).await.expect(400);
        assert_eq!(reply.code(), "bad_request", "{key}");
    }
    let doubled = keyed(keyed(app.operator(), "one"), "two");
    assert_eq!(doubled.post("/v1/tenants", &wish("acme")).await.expect(400).code(), "bad_request");
    assert_eq!(count(&app, "tenants").await, "0");
    keyed(app.operator(), &"k".repeat(255)).post("/v1/tenants", &wish("acme")).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_principal_and_route() {
    let app = TestApp::builder().slots(3).start().await;
    let (acme, bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    let other = app.key("acme", &json!({"name": "other"})).await;
    let other = app.anyone.clone().with_token(Some(&other.key));
    let body = json!({"name": "Ada", "role": "r"});
    for (client, status) in [(&acme.client, 201), (&bolt.client, 201), (&other, 409)] {
        // The same workspace has the name already: the third caller is told so, and not another's answer.
        let reply = keyed(client.clone(), "same").post("/v1/agents", &body).await.expect(status);
        assert!(!replayed(&reply));
    }
    let operator = keyed(app.operator(), "same");
    operator.post(KEYS, &json!({"name": "x"})).await.expect(201);
    assert!(!replayed(&operator.post("/v1/tenants", &wish("corp")).await.expect(202)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_key_belongs_to_one_workspace() {
    let app = TestApp::builder().slots(2).start().await;
    let acme = owned(&app, "acme", "enterprise").await;
    acme.client.post("/v1/workspaces", &json!({"slug": "lab", "name": "Lab"})).await.expect(201);
    let lab = crate::crew::sign_in(&app, &acme.email, "acme", "lab").await;
    let body = json!({"name": "Ada", "role": "r"});
    let (own, _) = twice(&keyed(acme.client, "same"), "/v1/agents", &body).await;
    let (theirs, again) = twice(&keyed(lab.client, "same"), "/v1/agents", &body).await;
    assert_ne!(theirs.json["workspace_id"], own.json["workspace_id"]);
    assert_eq!(again.json["id"], theirs.json["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_prefixes_share_a_key() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let operator = keyed(app.operator(), "k");
    let first = operator.post(KEYS, &json!({"name": "one"})).await.expect(201);
    let second = operator.post(&format!("/api{KEYS}"), &json!({"name": "one"})).await.expect(201);
    assert_eq!((replayed(&second), second.text), (true, first.text));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_kept() {
    let app = TestApp::builder().start().await;
    app.operator().post("/v1/tenants", &wish("acme")).await.expect(202);
    let (operator, before) = (keyed(app.operator(), "k"), count(&app, "idempotency_keys").await);
    for _ in 0..2 {
        operator.post(KEYS, &json!({"name": "early"})).await.expect(409);
        operator.post(KEYS, &json!({"name": ""})).await.expect(422);
        operator.post("/v1/tenants", &wish("acme")).await.expect(409);
    }
    assert_eq!(count(&app, "idempotency_keys").await, before);
    app.work().await;
    assert!(!replayed(&operator.post(KEYS, &json!({"name": "early"})).await.expect(201)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_again_and_stored_nowhere() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let stop = app.start_worker();
    let operator = keyed(app.operator(), "k");
    let (_, key) = twice(&operator, KEYS, &json!({"name": "one"})).await;
    let (_, session) = twice(&operator, "/v1/tenants/acme/psql-session", &json!({})).await;
    let (key, session): (NewApiKey, PsqlSession) = (key.parse(), session.parse());
    app.anyone.clone().with_token(Some(&key.key)).get("/v1/me").await.expect(200);
    let secret = key.key.split('_').nth(3).unwrap_or_default();
    assert_eq!((secret.len(), session.password.len()), (64, 64));
    let tables =
        superuser_sees(&app, "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'")
            .await;
    for table in tables.split(',') {
        let rows = format!("SELECT coalesce(string_agg(to_jsonb(t)::text, '|'), '') FROM public.{table} t");
        let dump = superuser_sees(&app, &rows).await;
        assert!(!dump.contains(secret) && !dump.contains(&session.password), "{table} holds a secret");
    }
    // The same wish under another key is another key.
    let other: NewApiKey = app.operator().post(KEYS, &json!({"name": "one"})).await.expect(201).parse();
    assert_ne!(other.key, key.key);
    drop(stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_ran_out_is_still_the_answer() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let until = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()) + TimeDelta::hours(1);
    let (operator, body) = (keyed(app.operator(), "k"), json!({"name": "short", "expires_at": until}));
    let first = operator.post(KEYS, &body).await.expect(201);
    app.clock.advance(TimeDelta::hours(2));
    assert_eq!(operator.post(KEYS, &body).await.expect(201).text, first.text);
    app.operator().post(KEYS, &body).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_not_waited_for_is_had_by_a_retry() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let request = Request { actor: Actor::operator(), request_id: "test".to_owned(), address: None };
    let sent = Sent { method: "POST", route: "/r", path: "/r", body: b"" };
    let once = Once::new(&app.database.installation, &request.actor, "k", sent).unwrap();
    let open = async |patience: Duration| {
        let psql = psql::Psql { patience, ..app.app.psql.clone() };
        let wish = CreatePsqlSession::default();
        psql.open(&request, Some(once.clone()), "acme", wish, app.app.woken()).await
    };
    assert_eq!(open(Duration::from_millis(1)).await.unwrap_err().code(), ErrorCode::Unavailable);
    app.work().await;
    let session = open(psql::PATIENCE).await.unwrap();
    assert!(session.replayed);
    let login = Login { user: session.value.user, passwords: vec![session.value.password] };
    let psql = Superuser::connect(&app.database.target, &login).await.unwrap();
    assert_eq!(psql.value("SELECT 'in'").await.unwrap().as_deref(), Some("in"));
    assert_eq!(count(&app, "psql_sessions").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_has_ended_is_told_so() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let stop = app.start_worker();
    let operator = keyed(app.operator(), "k");
    let (path, body) = ("/v1/tenants/acme/psql-session", json!({"minutes": 1}));
    operator.post(path, &body).await.expect(201);
    drop(stop);
    app.clock.advance(TimeDelta::minutes(2));
    app.work().await;
    let reply = operator.post(path, &body).await.expect(409);
    assert_eq!(reply.code(), "conflict");
    assert!(reply.json["next_steps"][0].as_str().unwrap().contains("new Idempotency-Key"), "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_shows_the_run_as_it_is() {
    let app = TestApp::builder().start().await;
    let operator = keyed(app.operator(), "k");
    let first = operator.post("/v1/tenants", &wish("acme")).await.expect(202);
    assert_eq!(first.json["run"]["status"], "pending");
    app.work().await;
    let again = operator.post("/v1/tenants", &wish("acme")).await.expect(202);
    assert_eq!(
        (&again.json["run"]["status"], &again.json["tenant"]["status"]),
        (&json!("succeeded"), &json!("active"))
    );
    assert_eq!((&again.json["run"]["id"], replayed(&again)), (&first.json["run"]["id"], true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_a_failed_run_shows_what_became_of_it() {
    let app = TestApp::builder().start().await;
    let operator = keyed(app.operator(), "k");
    app.faults.arm("create.migrate.before");
    operator.post("/v1/tenants", &wish("acme")).await.expect(202);
    app.work().await;
    app.faults.disarm();
    assert_eq!(count(&app, "tenants").await, "0");
    let again = operator.post("/v1/tenants", &wish("acme")).await.expect(202);
    assert_eq!(
        (&again.json["run"]["status"], &again.json["tenant"]["slug"]),
        (&json!("rolled_back"), &json!("acme"))
    );
    operator.post("/v1/tenants", &wish("acme")).await.expect(202);
    assert_eq!(count(&app, "tenants").await, "0", "a replay makes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_key_is_as_good_as_new() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (operator, agents) = (keyed(app.operator(), "k"), keyed(acme.client.clone(), "k"));
    operator.post(KEYS, &json!({"name": "one"})).await.expect(201);
    agents.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(201);
    app.clock.advance(idempotency::KEPT - TimeDelta::seconds(5));
    assert!(replayed(&operator.post(KEYS, &json!({"name": "one"})).await.expect(201)));
    app.clock.advance(TimeDelta::seconds(10));
    assert!(!replayed(&operator.post(KEYS, &json!({"name": "two"})).await.expect(201)));
    assert!(!replayed(&agents.post("/v1/agents", &json!({"name": "Eve", "role": "r"})).await.expect(201)));
    assert!(replayed(&operator.post(KEYS, &json!({"name": "two"})).await.expect(201)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_out_is_swept() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let own = format!("{}._idempotency", acme.tenant.schema_name);
    let agent = async |n: usize| {
        acme.client.post("/v1/agents", &json!({"name": format!("a{n}"), "role": "r"})).await.expect(201);
    };
    for n in 0..5 {
        agent(n).await;
    }
    app.clock.advance(TimeDelta::hours(25));
    agent(5).await;
    assert_eq!(count(&app, &own).await, "1", "a tenant's writes take along what ran out before");
    app.operator().post(KEYS, &json!({"name": "young"})).await.expect(201);
    let (owner, ctx) = (&app.database.placement.owner, app.app.ctx());
    let old: usize = count(&app, "idempotency_keys").await.parse::<usize>().unwrap() - 1;
    assert!(old > 0);
    let more = "INSERT INTO public.idempotency_keys (principal, route, key, fingerprint, created_at, expires_at)
                SELECT 'operator', 'POST /r', n::text, sha256(''), now() - interval '2 days', now() - interval '1 day'
                FROM generate_series(1, 2500) AS n";
    execute(&app.database, more).await;
    assert_eq!(idempotency::sweep(owner, ctx).await.unwrap(), old + 2500, "slice by slice");
    assert_eq!(
        (count(&app, "idempotency_keys").await, idempotency::sweep(owner, ctx).await.unwrap()),
        ("1".to_owned(), 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_flight_is_told() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let rows = [
        ("public.idempotency_keys".to_owned(), "operator".to_owned(), "POST /v1/tenants/{slug}/api-keys"),
        (format!("{}._idempotency", acme.tenant.schema_name), acme.key.id.to_string(), "POST /v1/agents"),
    ];
    let (operator, agents) = (keyed(app.operator(), "k"), keyed(acme.client.clone(), "k"));
    let holder = app.database.admin().await;
    for (table, principal, route) in rows {
        let claim = format!(
            "BEGIN; INSERT INTO {table} (principal, route, key, fingerprint, created_at, expires_at)
             VALUES ('{principal}', '{route}', 'k', sha256(''), now(), now() + interval '1 day')"
        );
        holder.execute(&claim).await.unwrap();
        let ask = async || {
            if route.ends_with("agents") {
                agents.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await
            } else {
                operator.post(KEYS, &json!({"name": "one"})).await
            }
        };
        let reply = ask().await.expect(409);
        assert_eq!(
            (reply.code(), &reply.headers["retry-after"]),
            ("idempotency_in_flight", &"1".parse().unwrap())
        );
        holder.execute("ROLLBACK").await.unwrap();
        assert!(!replayed(&ask().await.expect(201)), "what the other took back is done now");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_leaves_the_lock_timeout_as_it_was() {
    let app = TestApp::start().await;
    let sent = Sent { method: "POST", route: "/r", path: "/r", body: b"" };
    let once = Once::new(&app.database.installation, &Actor::operator(), "k", sent).unwrap();
    let look = async |tx: &ControlTx| -> Result<String, Error> {
        Ok(tx.query("SELECT current_setting('lock_timeout') AS v", &[]).await?[0].get("v")?)
    };
    let seen = app.app.platform.run("test", (app.app.ctx().clone(), once, look), |tx, (ctx, once, look)| {
        Box::pin(async move {
            let before = look(tx).await?;
            assert!(idempotency::begin(tx, ctx, Some(once)).await?.is_none());
            let after = look(tx).await?;
            assert!(idempotency::begin(tx, ctx, Some(once)).await.is_err(), "no answer is kept yet");
            Ok::<_, Error>((before, after, look(tx).await?))
        })
    });
    assert_eq!(seen.await.unwrap(), ("10s".to_owned(), "10s".to_owned(), "10s".to_owned()));
}

/// As many callers as there are keys, in turn to one server and to the other.
async fn all_at_once(apps: [&TestApp; 2], keys: &[String], path: &'static str, body: &Value) -> Vec<Reply> {
    let mut callers = JoinSet::new();
    for (n, key) in keys.iter().enumerate() {
        let (client, body) = (keyed(apps[n % 2].operator(), key), body.clone());
        callers.spawn(async move { client.post(path, &body).await });
    }
    callers.join_all().await
}

fn of_code(replies: &[Reply], status: u16, code: &str) -> usize {
    replies.iter().filter(|reply| reply.status == status && reply.code() == code).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_callers_with_one_key_make_one_tenant() {
    let one = TestApp::builder().slots(8).start().await;
    let other = TestApp::builder().database(&one.database).start().await;
    let apps = [&one, &other];
    let replies = all_at_once(apps, &vec!["k".to_owned(); 64], "/v1/tenants", &wish("acme")).await;
    let (made, told) = (of_code(&replies, 202, ""), of_code(&replies, 409, "idempotency_in_flight"));
    assert_eq!(
        (made + told, replies.iter().filter(|reply| reply.status == 202 && !replayed(reply)).count()),
        (64, 1)
    );
    let ids: BTreeSet<String> = replies
        .iter()
        .filter(|reply| reply.status == 202)
        .map(|reply| reply.json["tenant"]["id"].to_string())
        .collect();
    assert_eq!((ids.len(), count(&one, "tenants").await), (1, "1".to_owned()));
    assert_eq!(count(&one, "provisioning_runs").await, "1");

    let keys: Vec<String> = (0..64).map(|n| format!("k{n}")).collect();
    let replies = all_at_once(apps, &keys, "/v1/tenants", &wish("bolt")).await;
    assert_eq!((of_code(&replies, 202, ""), of_code(&replies, 409, "slug_taken")), (1, 63));
    assert_eq!(count(&one, "idempotency_keys").await, "2");

    let replies = all_at_once(apps, &vec!["k".to_owned(); 64], KEYS, &json!({"name": "once"})).await;
    let (made, told) = (of_code(&replies, 201, ""), of_code(&replies, 409, "idempotency_in_flight"));
    let keys: BTreeSet<String> = replies
        .iter()
        .filter(|reply| reply.status == 201)
        .map(|reply| reply.json["key"].to_string())
        .collect();
    assert_eq!(
        (made + told, keys.len(), count(&one, "api_keys WHERE name = 'once'").await),
        (64, 1, "1".to_owned())
    );
}

/// The application after its master key was changed.
async fn rotated(app: &TestApp, key: u8, previous: Option<u8>) -> TestApp {
    let name = app.database.target.database();
    let previous = previous.map(|byte| MasterKey::new([byte; 32]));
    let installation = Installation::of_database(name, MasterKey::new([key; 32]), previous);
    let mut database: TestDatabase = app.database.clone();
    database.placement.installation = installation.clone();
    database.installation = installation;
    database.placement.set_up().await.unwrap_or_else(|error| panic!("{error}"));
    TestApp::builder().database(&database).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_master_key_hands_out_no_wrong_secret() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let ask = async |app: &TestApp| keyed(app.operator(), "k").post(KEYS, &json!({"name": "one"})).await;
    let first = ask(&app).await.expect(201);
    // The test kit's master key is 32 times 7.
    let rotating = rotated(&app, 8, Some(7)).await;
    let again = ask(&rotating).await.expect(201);
    assert_eq!((replayed(&again), again.text), (true, first.text));
    let done = rotated(&rotating, 8, None).await;
    let reply = ask(&done).await.expect(409);
    assert_eq!(reply.code(), "conflict");
    assert!(reply.json["detail"].as_str().unwrap().contains("master key was rotated"), "{}", reply.text);
    assert_eq!(count(&app, "api_keys WHERE name = 'one'").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_version_is_not_guessed_at() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let operator = keyed(app.operator(), "k");
    operator.post(KEYS, &json!({"name": "one"})).await.expect(201);
    execute(&app.database, "UPDATE public.idempotency_keys SET response = '{\"shape\": \"new\"}'").await;
    let reply = operator.post(KEYS, &json!({"name": "one"})).await.expect(409);
    assert!(reply.json["detail"].as_str().unwrap().contains("another version"), "{}", reply.text);
}
