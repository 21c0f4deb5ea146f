//! Promises of the layers together, each against a router with the kinds of handlers that go wrong.

use super::*;
use crate::{http::extract::Json, telemetry::log::tests::Lines};
use axum::{
    extract::ConnectInfo,
    http::{Request, StatusCode, request::Builder},
    routing::{get, post},
};
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};
use tenantry_types::{Problem, TenantId};
use tower::ServiceExt as _;

const TENANT: TenantId = TenantId(Uuid::from_u128(7));

fn foundation() -> Foundation {
    Lines::install();
    let next = AtomicU64::new(1);
    Foundation {
        metrics: Metrics::new(10).unwrap(),
        new_id: Arc::new(move || Uuid::from_u64_pair(0, next.fetch_add(1, Ordering::Relaxed))),
        trusted_proxies: Arc::new(["10.0.0.0/8".parse().unwrap()]),
        allowed_origins: vec!["https://app.example.com".to_owned()],
        request_timeout: Duration::from_secs(30),
        max_body_bytes: 32,
        import_max_bytes: 64,
        hsts: true,
    }
}

fn acme() -> AccessInfo {
    AccessInfo { tenant: Some((TENANT, "acme".to_owned())), user: Some("key_1".to_owned()) }
}

fn app(foundation: Foundation) -> Router {
    let hang = |info: RequestInfo| async move {
        info.identify(acme());
        std::future::pending::<()>().await;
    };
    let boom = || async {
        assert!(std::hint::black_box(false), "relation t_9x.agents is gone");
    };
    let router = Router::new()
        .route("/agents/{id}", get(|| async { (axum::Extension(acme()), "fine") }))
        .route("/echo", post(|Json(value): Json<serde_json::Value>| async move { value.to_string() }))
        .route("/v1/tenants/import", post(|body: axum::body::Bytes| async move { body.len().to_string() }))
        .route("/hang", get(hang))
        .route("/boom", get(boom))
        .route("/who", get(|info: RequestInfo| async move { format!("{:?}", info.client) }));
    apply(router, foundation)
}

async fn send(app: Router, request: Builder, body: impl Into<Body>) -> Response<Body> {
    app.oneshot(request.body(body.into()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

fn get_(uri: &str) -> Builder {
    Request::get(uri)
}

fn json(uri: &str) -> Builder {
    Request::post(uri).header(header::CONTENT_TYPE, "application/json")
}

#[tokio::test(start_paused = true)]
async fn every_refusal_is_a_problem() {
    let cases: Vec<(Builder, &str, &str, u16)> = vec![
        (get_("/nowhere"), "", "not_found", 404),
        (Request::delete("/echo"), "", "method_not_allowed", 405),
        (json("/echo"), "{", "bad_request", 400),
        (json("/echo"), "\"0123456789012345678901234567890123456789\"", "payload_too_large", 413),
        (Request::post("/echo"), "{}", "unsupported_media_type", 415),
        (get_("/hang"), "", "timeout", 408),
        (get_("/boom"), "", "internal", 500),
    ];
    for (request, body, code, status) in cases {
        let response = send(app(foundation()), request.header("x-request-id", "r-1"), body).await;
        assert_eq!(response.status().as_u16(), status, "{code}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{code}");
        assert_eq!(response.headers()["x-request-id"], "r-1", "{code}");
        let body = text(response).await;
        let problem: Problem = serde_json::from_str(&body).unwrap();
        assert_eq!((problem.code.as_str(), problem.status, &*problem.request_id), (code, status, "r-1"));
        assert!(!body.contains("t_9x"), "{body}");
    }
}

#[tokio::test]
async fn a_wrong_method_learns_the_right_ones() {
    let response = send(app(foundation()), Request::delete("/echo"), "").await;
    assert_eq!(response.headers()[header::ALLOW], "POST");
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    let chunks =
        ["\"012345678901234", "567890123456789", "0123456789\""].map(Ok::<_, std::convert::Infallible>);
    let stream = Body::from_stream(futures_util::stream::iter(chunks));
    let response = send(app(foundation()), json("/echo"), stream).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Refused by its declared length, whatever the handler would do with the body.
    let declared = json("/echo").header(header::CONTENT_LENGTH, "33");
    assert_eq!(send(app(foundation()), declared, "").await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text(send(app(foundation()), json("/echo"), "{\"a\":1}").await).await, "{\"a\":1}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_a_408() {
    let begun = tokio::time::Instant::now();
    assert_eq!(send(app(foundation()), get_("/hang"), "").await.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(begun.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn every_response_is_guarded() {
    for uri in ["/agents/7", "/nowhere", "/boom"] {
        let response = send(app(foundation()), get_(uri), "").await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(response.headers().get(name).unwrap(), value, "{uri}");
        }
    }
    let plain = app(Foundation { hsts: false, ..foundation() });
    assert!(!send(plain, get_("/agents/7"), "").await.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn ids_and_traces_travel_in_and_out() {
    let response = send(app(foundation()), get_("/agents/7"), "").await;
    assert_eq!(response.headers()["x-request-id"], "00000000-0000-0000-0000-000000000001");
    assert!(response.headers()["traceparent"].to_str().unwrap().starts_with("00-"));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = get_("/agents/7")
        .header("x-request-id", "a b")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let response = send(app(foundation()), request, "").await;
    assert_eq!(response.headers()["x-request-id"], "00000000-0000-0000-0000-000000000001");
    assert!(response.headers()["traceparent"].to_str().unwrap().contains(trace));
}

#[tokio::test]
async fn the_client_is_seen_through_trusted_proxies() {
    for (peer, seen) in [("10.0.0.1:9", "Some(203.0.113.9)"), ("192.0.2.1:9", "Some(192.0.2.1)")] {
        let request = get_("/who").header("x-forwarded-for", "1.1.1.1, 203.0.113.9");
        let request = request.extension(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        assert_eq!(text(send(app(foundation()), request, "").await).await, seen);
    }
}

#[tokio::test]
async fn only_named_origins_may_read() {
    let preflight = |origin: &str| {
        Request::options("/echo").header("origin", origin).header("access-control-request-method", "POST")
    };
    let response = send(app(foundation()), preflight("https://app.example.com"), "").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
    for origin in ["https://evil.example", "https://app.example.com.evil.example", "null"] {
        let response = send(app(foundation()), preflight(origin), "").await;
        assert!(!response.headers().contains_key("access-control-allow-origin"), "{origin}");
    }
    let closed = app(Foundation { allowed_origins: vec![], ..foundation() });
    let response = send(closed, preflight("https://app.example.com"), "").await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_access_log_says_who_what_and_how_long() {
    let lines = Lines::default();
    let guard = lines.capture();
    let request = get_("/agents/7?token=hunter2")
        .header("x-request-id", "r-1")
        .header("authorization", "Bearer hunter2");
    let request = request.extension(ConnectInfo("192.0.2.1:9".parse::<SocketAddr>().unwrap()));
    send(app(foundation()), request, "").await;
    drop(guard);
    let mut parsed = lines.parsed();
    assert_eq!(parsed.len(), 1, "{parsed:?}");
    let line = parsed.remove(0);
    assert!(
        line["event.duration"].as_u64().is_some_and(|ns| ns > 0)
            && line["trace.id"].as_str().unwrap().len() == 32
    );
    for (name, value) in [
        ("message", "request".into()),
        ("http.request.id", "r-1".into()),
        ("http.request.method", "GET".into()),
        ("http.route", "/agents/{id}".into()),
        ("url.path", "/agents/7".into()),
        ("http.response.status_code", serde_json::Value::from(200)),
        ("client.address", "192.0.2.1".into()),
        ("tenantry.tenant.id", TENANT.to_string().into()),
        ("tenantry.tenant.slug", "acme".into()),
        ("user.id", "key_1".into()),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
    assert!(!line.to_string().contains("hunter2"), "{line}");
}

#[tokio::test]
async fn requests_are_counted_by_template() {
    let foundation = foundation();
    let metrics = foundation.metrics.clone();
    let app = app(foundation);
    for uri in ["/agents/1", "/agents/2", "/nowhere/1", "/nowhere/2"] {
        send(app.clone(), get_(uri), "").await;
    }
    let page = metrics.render();
    for line in [
        "tenantry_http_requests_total{endpoint=\"/agents/{id}\",method=\"GET\",status=\"200\"} 2".to_owned(),
        "tenantry_http_requests_total{endpoint=\"unmatched\",method=\"GET\",status=\"404\"} 2".to_owned(),
        format!(
            "tenant_api_requests_total{{endpoint=\"/agents/{{id}}\",status=\"200\",tenant_id=\"{TENANT}\"}} 2"
        ),
    ] {
        assert!(page.contains(&line), "{line} is missing in\n{page}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_is_logged() {
    let lines = Lines::default();
    let guard = lines.capture();
    let request = get_("/hang").header("x-request-id", "r-1").body(Body::empty()).unwrap();
    let mut pending = Box::pin(app(foundation()).oneshot(request));
    assert!(futures_util::FutureExt::now_or_never(&mut pending).is_none());
    drop(pending);
    drop(guard);
    let parsed = lines.parsed();
    assert_eq!(parsed.len(), 1);
    assert_eq!(
        (&parsed[0]["http.response.status_code"], &parsed[0]["http.request.id"]),
        (&499.into(), &"r-1".into())
    );
    assert_eq!(parsed[0]["tenantry.tenant.slug"], "acme");
}

#[tokio::test]
async fn an_import_may_be_larger_than_other_bodies() {
    for (length, status) in [(32, 200), (64, 200), (65, 413)] {
        let declared = Request::post("/v1/tenants/import").header(header::CONTENT_LENGTH, length);
        assert_eq!(send(app(foundation()), declared, vec![b'x'; length]).await.status(), status, "{length}");
        let undeclared =
            Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(vec![b'x'; length])]));
        let sent = send(app(foundation()), Request::post("/v1/tenants/import"), undeclared).await;
        assert_eq!(sent.status(), status, "{length}");
    }
}
