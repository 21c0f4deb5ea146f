//! The proof of isolation over HTTP: it passes on a whole application, with mail and without, each way of breaking the API is found and named, and it leaves nothing behind.

use crate::{
    catalogue::{execute, value},
    crew,
    proof::{open, proved},
};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tenantry_core::isolation::{OverHttp as _, Progress, Prover};
use tenantry_server::{proof::HttpProof, run};
use tenantry_testkit::{
    TestApp,
    axum::{
        Router,
        body::{Body, to_bytes},
        extract::Request,
        http::{Method, Response, StatusCode, header},
        middleware::{Next, from_fn},
    },
};
use tenantry_types::{
    AgentId, ApiKeyId, InvitationId, IsolationReportId, UserId,
    isolation::{IsolationCheck, IsolationLayer, IsolationReport, IsolationStatus},
};
use tokio::sync::{Notify, watch};

/// What the proof finds on the application's router with something in front of it.
async fn asked(app: &TestApp, change: impl FnOnce(Router) -> Router) -> Vec<IsolationCheck> {
    let router = change(run::router(&app.config, &app.app));
    let proof = HttpProof::with(&app.app, router, &app.database.placement);
    proof.prove(nobodys(app), 0, &Progress::to_nobody()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A report that is in no table: what is made for it is nobody's once the proof has ended.
fn nobodys(app: &TestApp) -> IsolationReportId {
    IsolationReportId(app.app.ctx().uuid())
}

/// The same with one thing in front that knows the application.
async fn asked_with<F, Answer>(app: &Arc<TestApp>, front: F) -> Vec<IsolationCheck>
where
    F: Fn(Arc<TestApp>, Request, Next) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Response<Body>> + Send + 'static,
{
    let own = Arc::clone(app);
    let layer = from_fn(move |request: Request, next: Next| front(Arc::clone(&own), request, next));
    asked(app, |router| router.layer(layer)).await
}

/// The checks that are open, with their evidence.
fn broken(checks: &[IsolationCheck]) -> Vec<(&str, String)> {
    let open = checks.iter().filter(|check| check.open > 0);
    open.map(|check| (check.name.as_str(), check.evidence.join("\n"))).collect()
}

async fn body_of(response: Response<Body>) -> (StatusCode, String) {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 24).await.unwrap_or_else(|error| panic!("{error}"));
    (parts.status, String::from_utf8_lossy(&bytes).into_owned())
}

fn told(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_api_is_proved() {
    let app = TestApp::start().await;
    let report = proved(&app, &json!({"seed": 7})).await;
    assert_eq!((report.status, open(&report).as_str()), (IsolationStatus::Passed, ""), "{:?}", report.error);
    let http: Vec<_> = report.checks.iter().filter(|check| check.layer == IsolationLayer::Http).collect();
    let names: Vec<_> = http.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "http_controls",
            "http_foreign_tenant",
            "http_foreign_ids",
            "http_foreign_workspace",
            "http_no_marker",
            "http_rows_untouched"
        ]
    );
    for check in &http {
        assert!(check.examined > 0 && check.held == check.examined, "{check:?}");
    }
    // Every operation by three identities, and not one refusal that nobody asked for.
    let operations = crate::support::operations().len() - tenantry_server::proof::LEFT_OUT.len();
    assert_eq!(http[1].examined, i64::try_from(3 * operations).unwrap_or_default());
    assert_eq!(report.refusals, report.attempts);
    for (name, _) in tenantry_server::proof::LEFT_OUT {
        assert!(http[0].promise.contains(name), "{name} is not told: {}", http[0].promise);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_where_mail_goes_out_asks_the_same() {
    let plain = TestApp::start().await;
    let (app, smtp) = crew::mailing().await;
    let (without, with) = (asked(&plain, |router| router).await, asked(&app, |router| router).await);
    assert_eq!((broken(&without), broken(&with)), (vec![], vec![]));
    let attempts = |checks: &[IsolationCheck]| {
        let counted = checks.iter().map(|check| (check.name.clone(), check.examined));
        counted.filter(|(name, _)| name != "http_no_marker").collect::<Vec<_>>()
    };
    assert_eq!(attempts(&without), attempts(&with));
    assert!(with[0].promise.contains("create_invitation"), "{}", with[0].promise);
    app.work().await;
    let waiting = value(&app.database, "SELECT count(*) FROM public.mails").await;
    assert_eq!((smtp.mails().len(), waiting.as_str()), (0, "0"), "nobody is mailed");

    let app = Arc::new(app);
    let checks =
        asked_with(&app, |app, request, next| within_the_tenant(app, "invitations", true, request, next))
            .await;
    let found = broken(&checks);
    let named = found.iter().find(|(name, _)| *name == "http_foreign_workspace");
    assert!(named.is_some_and(|(_, told)| told.contains("DELETE /v1/invitations/inv_")), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subdomain_is_proved_where_there_are_some() {
    let app = TestApp::builder().slots(2).set("TENANTRY_BASE_DOMAIN", "example.com").start().await;
    let checks = asked(&app, |router| router).await;
    assert_eq!(broken(&checks), []);
    let operations = crate::support::operations().len() - tenantry_server::proof::LEFT_OUT.len();
    assert_eq!(checks[1].examined, i64::try_from(2 * 3 * operations).unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_over_http_is_no_alarm() {
    let app = TestApp::start().await;
    proved(&app, &json!({})).await;
    let page = app.app.metrics.render();
    let counted =
        |name: &str| page.lines().filter(|line| line.starts_with(name)).any(|line| !line.ends_with(" 0"));
    assert!(!counted("tenant_unauthorized_access_attempts_total"), "{page}");
    assert!(!counted("cross_tenant_query_attempts_total"), "{page}");
    // What the test itself has asked for is counted, and nothing else is.
    let seen = page.lines().filter(|line| line.starts_with("tenantry_http_requests_total"));
    assert!(seen.clone().all(|line| line.contains("/v1/isolation-reports")), "{page}");
    assert_eq!(seen.count(), 2, "the proof was asked for, and read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_over_http_leaves_no_tenant() {
    let app = TestApp::start().await;
    asked(&app, |router| router).await;
    // One whose half is missing: an API that takes no more after the first tenant.
    let proof = HttpProof::with(
        &app.app,
        run::router(&app.config, &app.app).layer(from_fn(async |request: Request, next: Next| {
            if request.uri().path() == "/v1/auth/login" {
                return told(StatusCode::SERVICE_UNAVAILABLE, "{}".to_owned());
            }
            next.run(request).await
        })),
        &app.database.placement,
    );
    let broken =
        proof.prove(nobodys(&app), 0, &Progress::to_nobody()).await.map(drop).unwrap_err().to_string();
    assert!(broken.contains("/v1/auth/login answered 503"), "{broken}");
    app.work().await;
    let left = "SELECT (SELECT count(*) FROM tenants) || ' ' || (SELECT count(*) FROM users) || ' '
                || (SELECT count(*) FROM provisioning_runs WHERE status <> 'succeeded')";
    assert_eq!(value(&app.database, left).await, "0 0 0");
    let others = "SELECT count(*) FROM audit_events WHERE actor_kind NOT IN ('system', 'user', 'api_key')";
    assert_eq!(value(&app.database, others).await, "0");
}

/// The slug of the tenant that asks in the proof of a report.
fn probe(report: IsolationReportId) -> String {
    format!("isolation-probe-{}-a", report.0.simple())
}

const ACTIVE: &str =
    "SELECT string_agg(slug, ' ' ORDER BY created_at, slug) FROM tenants WHERE status = 'active'";

/// A report that a worker is at.
async fn running(app: &TestApp) -> IsolationReportId {
    let asked = app.operator().post("/v1/isolation-reports", &json!({})).await.expect(202);
    let report: IsolationReport = asked.parse();
    let held = "UPDATE isolation_reports SET status = 'running', started_at = now(), lease_token = gen_random_uuid(), lease_until = now() + interval '1 hour'";
    execute(&app.database, held).await;
    report.id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crashed_proof_left_goes_with_the_next() {
    let app = TestApp::start().await;
    let report = running(&app).await;
    let (old, gone, other) = (probe(report), probe(nobodys(&app)), "isolation-probe-laboratory".to_owned());
    for slug in [&old, &gone, &other] {
        let body = json!({"slug": slug, "name": slug, "admin_email": format!("owner@{slug}.invalid")});
        app.operator().post("/v1/tenants", &body).await.expect(202);
        app.work().await;
    }
    assert_eq!(value(&app.database, ACTIVE).await, format!("{old} {gone} {other}"));
    app.clock.advance(chrono::TimeDelta::days(1));
    asked(&app, |router| router).await;
    assert_eq!(
        value(&app.database, ACTIVE).await,
        format!("{old} {other}"),
        "its proof is at work, however long"
    );
    let ended = "UPDATE isolation_reports SET status = 'broken', finished_at = now(), error = 'gone', lease_token = NULL, lease_until = NULL";
    execute(&app.database, ended).await;
    asked(&app, |router| router).await;
    assert_eq!(value(&app.database, ACTIVE).await, other);
}

/// A proof that asks until it deletes an agent, and waits for ever from there on; the other is told when it does.
fn stuck(app: &TestApp) -> (HttpProof, Arc<Notify>) {
    let reached = Arc::new(Notify::new());
    let told = Arc::clone(&reached);
    let layer = from_fn(move |request: Request, next: Next| {
        let told = Arc::clone(&told);
        async move {
            if request.method() == Method::DELETE && request.uri().path().starts_with("/v1/agents/") {
                told.notify_one();
                std::future::pending::<()>().await;
            }
            next.run(request).await
        }
    });
    let router = run::router(&app.config, &app.app).layer(layer);
    (HttpProof::with(&app.app, router, &app.database.placement), reached)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_is_begun_anew_removes_what_it_made_before() {
    let app = TestApp::start().await;
    let report = running(&app).await;
    let ((proof, reached), nobody) = (stuck(&app), Progress::to_nobody());
    tokio::select! {
        proved = proof.prove(report, 0, &nobody) => panic!("{:?}", proved.map(drop)),
        () = reached.notified() => {}
    }
    drop(proof);
    assert_eq!(value(&app.database, ACTIVE).await.split(' ').count(), 2, "it was dropped half-way");
    let proof = HttpProof::of(&app.config, &app.app, &app.database.placement);
    let checks = proof.prove(report, 0, &nobody).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(broken(&checks), []);
    app.work().await;
    let left = "SELECT (SELECT count(*) FROM tenants) || ' ' || (SELECT count(*) FROM users)";
    assert_eq!(value(&app.database, left).await, "0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_removes_what_its_proof_made() {
    let app = TestApp::start().await;
    app.operator().post("/v1/isolation-reports", &json!({})).await.expect(202);
    let (proof, reached) = stuck(&app);
    let mut worker = app.worker();
    worker.prover = worker.prover.map(|prover| Prover { http: Some(Arc::new(proof)), ..prover });
    let (stop, stopped) = watch::channel(false);
    let stopping = async {
        reached.notified().await;
        assert_eq!(value(&app.database, ACTIVE).await.split(' ').count(), 2);
        stop.send_replace(true);
    };
    tokio::join!(worker.run(tenantry_server::worker::Woken::by(app.app.listener()), stopped), stopping);
    assert_eq!(value(&app.database, ACTIVE).await, "");
    let status = value(&app.database, "SELECT status FROM isolation_reports").await;
    assert_eq!(status, "running", "another worker begins it anew");
}

/// `GET /v1/agents/{id}`, served to whoever asks.
async fn without_scope(app: &TestApp, request: Request, next: Next) -> Response<Body> {
    let id = request.uri().path().strip_prefix("/v1/agents/").map(str::to_owned);
    let (Some(id), true) = (id, request.method() == Method::GET) else { return next.run(request).await };
    let Ok(id) = id.parse::<AgentId>() else { return next.run(request).await };
    let schemas = value(&app.database, "SELECT string_agg(schema_name, ' ') FROM tenants").await;
    for schema in schemas.split(' ') {
        let sql = format!("SELECT coalesce(max(name), '') FROM {schema}.agents WHERE id = '{}'", id.0);
        let name = crate::support::superuser_sees(app, &sql).await;
        if !name.is_empty() {
            return told(StatusCode::OK, json!({"id": id, "name": name}).to_string());
        }
    }
    next.run(request).await
}

type Cache = Arc<Mutex<HashMap<String, (StatusCode, String)>>>;

/// Answers to GET, kept by their path alone.
async fn cached(cache: Cache, request: Request, next: Next) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let kept = cache.lock().unwrap_or_else(|error| panic!("{error}")).get(&path).cloned();
    if let Some((status, body)) = kept {
        return told(status, body);
    }
    let response = next.run(request).await;
    // A stream has no end that a cache could wait for.
    if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream") {
        return response;
    }
    let (status, body) = body_of(response).await;
    if status == StatusCode::OK {
        cache.lock().unwrap_or_else(|error| panic!("{error}")).insert(path, (status, body.clone()));
    }
    told(status, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_break_of_the_api_is_named() {
    let app = Arc::new(TestApp::start().await);
    let mut missed = Vec::new();
    let mut expect = |what: &str, checks: &[IsolationCheck], named_by: &[&str], evidence: &str| {
        let found = broken(checks);
        let named = named_by.iter().all(|name| found.iter().any(|(open, _)| open == name));
        if !named || !found.iter().any(|(_, told)| told.contains(evidence)) {
            missed.push(format!("{what}: {found:#?}"));
        }
    };

    let reader = Arc::clone(&app);
    let layer = from_fn(move |request: Request, next: Next| {
        let app = Arc::clone(&reader);
        async move { without_scope(&app, request, next).await }
    });
    let checks = asked(&app, |router| router.layer(layer)).await;
    let named_by = ["http_foreign_ids", "http_foreign_workspace", "http_no_marker"];
    expect("a handler that takes the id without scope", &checks, &named_by, "GET /v1/agents/agt_");

    let cache = Cache::default();
    let layer = from_fn(move |request: Request, next: Next| {
        let cache = Arc::clone(&cache);
        async move { cached(cache, request, next).await }
    });
    let checks = asked(&app, |router| router.layer(layer)).await;
    let named_by = ["http_foreign_ids", "http_foreign_workspace", "http_no_marker"];
    expect("a cache that is keyed without the tenant", &checks, &named_by, "200 instead of 404");

    let layer = from_fn(async |mut request: Request, next: Next| {
        request.headers_mut().remove("x-tenant-slug");
        next.run(request).await
    });
    let checks = asked(&app, |router| router.layer(layer)).await;
    expect(
        "a header that nobody compares",
        &checks,
        &["http_foreign_tenant"],
        "instead of 403 tenant_inactive",
    );

    let there = Arc::clone(&app);
    let layer = from_fn(move |request: Request, next: Next| {
        let app = Arc::clone(&there);
        async move { talkative(&app, request, next).await }
    });
    let checks = asked(&app, |router| router.layer(layer)).await;
    expect("a refusal that tells what is there", &checks, &["http_foreign_ids"], "404 in other words");

    let keeper = Arc::clone(&app);
    let layer = from_fn(move |request: Request, next: Next| {
        let app = Arc::clone(&keeper);
        async move { destructive(&app, request, next).await }
    });
    let checks = asked(&app, |router| router.layer(layer)).await;
    expect("a refusal after the deed", &checks, &["http_rows_untouched"], "agents");

    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
    assert_eq!(broken(&asked(&app, |router| router).await), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_break_between_workspaces_is_named() {
    let app = Arc::new(TestApp::start().await);
    let mut missed = Vec::new();
    for (kind, id) in [("agents", "agt_"), ("members", "usr_"), ("invitations", "inv_")] {
        for (tells, named_by) in [(true, "http_foreign_workspace"), (false, "http_rows_untouched")] {
            let checks = asked_with(&app, move |app, request, next| {
                within_the_tenant(app, kind, tells, request, next)
            })
            .await;
            let found = broken(&checks);
            // What is done and told is named by the request; what is done and not told by what the workspace has lost.
            let path = if tells { format!("DELETE /v1/{kind}/{id}") } else { format!("GET /v1/{kind}") };
            if !found.iter().any(|(open, told)| *open == named_by && told.contains(&path)) {
                missed.push(format!("{kind}, {named_by}: {found:#?}"));
            }
        }
    }
    let found = asked_with(&app, all_members).await;
    let found = broken(&found);
    if !found
        .iter()
        .any(|(open, told)| *open == "http_foreign_workspace" && told.contains("GET /v1/members:"))
    {
        missed.push(format!("a list without the workspace: {found:#?}"));
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_told_where_the_rest_could_not_be_asked() {
    let app = Arc::new(TestApp::start().await);
    let reader = Arc::clone(&app);
    let leak = from_fn(move |request: Request, next: Next| {
        let app = Arc::clone(&reader);
        async move { without_scope(&app, request, next).await }
    });
    // More than is read of any answer, as of one that never ends.
    let endless = from_fn(async |request: Request, next: Next| {
        if request.method() == Method::PATCH && request.uri().path().starts_with("/v1/workspaces/") {
            return told(StatusCode::OK, " ".repeat(17 << 20));
        }
        next.run(request).await
    });
    let checks = asked(&app, |router| router.layer(leak).layer(endless)).await;
    let found = broken(&checks);
    let told =
        |check: &str, what: &str| found.iter().any(|(open, told)| *open == check && told.contains(what));
    assert!(told("http_controls", "PATCH /v1/workspaces/"), "{found:#?}");
    assert!(told("http_foreign_ids", "GET /v1/agents/agt_"), "{found:#?}");
    let looked = checks.iter().find(|check| check.name == "http_rows_untouched").map(|check| check.examined);
    assert!(looked > Some(0), "what was there before was looked at again");
}

/// A DELETE that asks for the tenant alone, and for no workspace: 204 where it was there. Where it does not tell, it goes on as if it had done nothing.
async fn within_the_tenant(
    app: Arc<TestApp>,
    kind: &'static str,
    tells: bool,
    request: Request,
    next: Next,
) -> Response<Body> {
    let id = request.uri().path().strip_prefix(&format!("/v1/{kind}/")).map(str::to_owned);
    let (Some(id), true) = (id, request.method() == Method::DELETE) else { return next.run(request).await };
    // Of the tenant that asks; the other one is nobody's concern here.
    let schema =
        value(&app.database, "SELECT schema_name FROM tenants WHERE slug LIKE '%-a' AND status = 'active'")
            .await;
    let rows = match kind {
        "agents" => id.parse().map(|id: AgentId| format!("{schema}.agents WHERE id = '{}'", id.0)),
        "members" => id.parse().map(|id: UserId| format!("memberships WHERE user_id = '{}'", id.0)),
        _ => id.parse().map(|id: InvitationId| format!("invitations WHERE id = '{}'", id.0)),
    };
    let mut rows = rows.unwrap_or_else(|error| panic!("{id}: {error}"));
    if kind != "agents" {
        rows = format!("{rows} AND tenant_id = (SELECT id FROM tenants WHERE schema_name = '{schema}')");
    }
    let was_there = value(&app.database, &format!("SELECT count(*) FROM {rows}")).await != "0";
    execute(&app.database, &format!("DELETE FROM {rows}")).await;
    if was_there && tells { told(StatusCode::NO_CONTENT, String::new()) } else { next.run(request).await }
}

/// `GET /v1/members`, of all workspaces of the tenant.
async fn all_members(app: Arc<TestApp>, request: Request, next: Next) -> Response<Body> {
    let lists = request.method() == Method::GET && request.uri().path() == "/v1/members";
    let response = next.run(request).await;
    if !lists || response.status() != StatusCode::OK {
        return response;
    }
    let (status, body) = body_of(response).await;
    let sql = "SELECT string_agg(DISTINCT user_id::text, ' ') FROM memberships m JOIN tenants t ON t.id = m.tenant_id WHERE t.slug LIKE '%-a'";
    let users = value(&app.database, sql).await;
    let users = users.split(' ').filter_map(|id| id.parse().ok()).map(|id| UserId(id).to_string());
    told(status, format!("{body}{}", users.collect::<Vec<_>>().join(" ")))
}

/// Another text for what is somebody else's than for what is nobody's.
async fn talkative(app: &TestApp, request: Request, next: Next) -> Response<Body> {
    let id = request.uri().path().strip_prefix("/v1/api-keys/").map(str::to_owned);
    let response = next.run(request).await;
    let id = id.and_then(|id| id.parse::<ApiKeyId>().ok());
    let (Some(id), StatusCode::NOT_FOUND) = (id, response.status()) else { return response };
    let there = value(&app.database, &format!("SELECT count(*) FROM api_keys WHERE id = '{}'", id.0)).await;
    if there == "0" {
        return response;
    }
    let (status, body) = body_of(response).await;
    told(status, body.replace("There is nothing", "There is something"))
}

/// Deletes what it then says is not there.
async fn destructive(app: &TestApp, request: Request, next: Next) -> Response<Body> {
    let id = request.uri().path().strip_prefix("/v1/agents/").map(str::to_owned);
    let deletes = request.method() == Method::DELETE;
    if let Some(id) = id.filter(|_| deletes).and_then(|id| id.parse::<AgentId>().ok()) {
        let schemas = value(&app.database, "SELECT string_agg(schema_name, ' ') FROM tenants").await;
        for schema in schemas.split(' ') {
            let sql = format!("DELETE FROM {schema}.agents WHERE id = '{}'", id.0);
            crate::support::as_superuser(app, &sql).await;
        }
    }
    next.run(request).await
}
