//! What pages of other origins may ask, and read: those that the configuration names, and no cookie with any.

use tenantry_testkit::{Reply, TestApp, axum::http::Method};

const ORIGIN: &str = "https://app.example.com";

async fn app() -> TestApp {
    let origins = format!("{ORIGIN},https://other.example.com");
    TestApp::builder().slots(1).set("TENANTRY_ALLOWED_ORIGINS", &origins).start().await
}

/// What a browser asks before a request that changes something.
async fn preflight(app: &TestApp, origin: &str, method: &str, headers: &str) -> Reply {
    app.anyone
        .clone()
        .with_header("origin", origin)
        .with_header("access-control-request-method", method)
        .with_header("access-control-request-headers", headers)
        .call(Method::OPTIONS, "/v1/agents/x", None)
        .await
}

/// The words of a header, in lower case.
fn words(reply: &Reply, name: &str) -> Vec<String> {
    let values = reply.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(|word| word.trim().to_ascii_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_origin_may_send_what_the_api_reads() {
    let app = app().await;
    let wanted = "authorization,content-type,idempotency-key,if-match,x-csrf-token";
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let reply = preflight(&app, ORIGIN, method, wanted).await.expect(200);
        assert_eq!(words(&reply, "access-control-allow-origin"), [ORIGIN]);
        assert!(words(&reply, "access-control-allow-methods").contains(&method.to_ascii_lowercase()));
        let allowed = words(&reply, "access-control-allow-headers");
        assert!(wanted.split(',').all(|header| allowed.contains(&header.to_owned())), "{allowed:?}");
        assert!(!allowed.contains(&"*".to_owned()) && !allowed.contains(&"cookie".to_owned()));
        assert_eq!(words(&reply, "access-control-max-age"), ["600"]);
        assert!(words(&reply, "vary").contains(&"origin".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_is_not_named_may_nothing() {
    let app = app().await;
    let acme = app.tenant("acme").await;
    for origin in [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evilapp.example.com",
        "https://example.com",
        "null",
        "*",
    ] {
        let asked = preflight(&app, origin, "DELETE", "authorization").await;
        let answered = acme.client.clone().with_header("origin", origin).get("/v1/agents").await.expect(200);
        for reply in [asked, answered] {
            assert!(words(&reply, "access-control-allow-origin").is_empty(), "{origin}");
            assert!(words(&reply, "vary").contains(&"origin".to_owned()), "{origin}: a cache would mix them");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_can_be_read_too() {
    let app = app().await;
    let reply = app.anyone.clone().with_header("origin", ORIGIN).get("/v1/agents").await.expect(401);
    assert_eq!(words(&reply, "access-control-allow-origin"), [ORIGIN]);
    assert!(words(&reply, "access-control-expose-headers").contains(&"x-request-id".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cookie_goes_to_another_origin() {
    let app = app().await;
    let acme = app.tenant("acme").await;
    let replies = [
        preflight(&app, ORIGIN, "POST", "x-csrf-token").await,
        acme.client.clone().with_header("origin", ORIGIN).get("/v1/me").await.expect(200),
    ];
    for reply in replies {
        // Without it no browser sends a cookie along, or lets a page read the answer to one.
        assert!(!reply.headers.contains_key("access-control-allow-credentials"));
        assert_ne!(words(&reply, "access-control-allow-origin"), ["*"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_origins_there_is_nothing_to_ask() {
    let app = TestApp::start().await;
    let reply = preflight(&app, ORIGIN, "POST", "authorization").await;
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
}

#[test]
fn an_origin_is_exact_or_refused() {
    use tenantry_server::config::{Config, Mode};
    for wrong in ["*", "https://*.example.com", "https://app.example.com/", "app.example.com", "null"] {
        let environment = [("TENANTRY_ALLOWED_ORIGINS".to_owned(), wrong.to_owned())].into();
        assert!(Config::load(Mode::Dev, &environment, None).is_err(), "{wrong}");
    }
}
