//! The proof of isolation over HTTP: it passes on a whole application, each way of breaking the API is found and named, and it leaves nothing behind.

use crate::{
    catalogue::value,
    proof::{open, proved},
};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tenantry_core::isolation::OverHttp as _;
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
use tenantry_types::isolation::{IsolationCheck, IsolationLayer, IsolationStatus};

/// What the proof finds on the application's router with something in front of it.
async fn asked(app: &TestApp, change: impl FnOnce(Router) -> Router) -> Vec<IsolationCheck> {
    let router = change(run::router(&app.config, &app.app));
    let proof = HttpProof::with(&app.app, router, &app.database.placement);
    proof.prove(0).await.unwrap_or_else(|error| panic!("{error}"))
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
    let broken = proof.prove(0).await.map(drop).unwrap_err().to_string();
    assert!(broken.contains("/v1/auth/login answered 503"), "{broken}");
    app.work().await;
    let left = "SELECT (SELECT count(*) FROM tenants) || ' ' || (SELECT count(*) FROM users) || ' '
                || (SELECT count(*) FROM provisioning_runs WHERE status <> 'succeeded')";
    assert_eq!(value(&app.database, left).await, "0 0 0");
    let others = "SELECT count(*) FROM audit_events WHERE actor_kind NOT IN ('system', 'user', 'api_key')";
    assert_eq!(value(&app.database, others).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crashed_proof_left_goes_with_the_next() {
    let app = TestApp::start().await;
    let (old, other) = ("isolation-probe-0a1b2c3d-a", "isolation-probe-laboratory");
    for slug in [old, other] {
        let body = json!({"slug": slug, "name": slug, "admin_email": format!("owner@{slug}.invalid")});
        app.operator().post("/v1/tenants", &body).await.expect(202);
    }
    app.work().await;
    asked(&app, |router| router).await;
    let active = "SELECT string_agg(slug, ' ' ORDER BY slug) FROM tenants WHERE status = 'active'";
    assert_eq!(value(&app.database, active).await, format!("{old} {other}"), "another proof may be at work");
    app.clock.advance(chrono::TimeDelta::minutes(11));
    asked(&app, |router| router).await;
    assert_eq!(value(&app.database, active).await, other);
}

/// `GET /v1/agents/{id}`, served to whoever asks.
async fn without_scope(app: &TestApp, request: Request, next: Next) -> Response<Body> {
    let id = request.uri().path().strip_prefix("/v1/agents/").map(str::to_owned);
    let (Some(id), true) = (id, request.method() == Method::GET) else { return next.run(request).await };
    let Ok(id) = id.parse::<tenantry_types::AgentId>() else { return next.run(request).await };
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
    let (status, body) = body_of(next.run(request).await).await;
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

/// Another text for what is somebody else's than for what is nobody's.
async fn talkative(app: &TestApp, request: Request, next: Next) -> Response<Body> {
    let id = request.uri().path().strip_prefix("/v1/api-keys/").map(str::to_owned);
    let response = next.run(request).await;
    let id = id.and_then(|id| id.parse::<tenantry_types::ApiKeyId>().ok());
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
    if let Some(id) = id.filter(|_| deletes).and_then(|id| id.parse::<tenantry_types::AgentId>().ok()) {
        let schemas = value(&app.database, "SELECT string_agg(schema_name, ' ') FROM tenants").await;
        for schema in schemas.split(' ') {
            let sql = format!("DELETE FROM {schema}.agents WHERE id = '{}'", id.0);
            crate::support::as_superuser(app, &sql).await;
        }
    }
    next.run(request).await
}
