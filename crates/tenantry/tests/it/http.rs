//! What is true of every route: headers, problems, ids, limits, and no fault whatever comes.

use crate::{
    crew::owned,
    support::{Ids, NOBODY, agent, operations, told},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use std::{
    cell::RefCell,
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};
use tenantry_server::http::console::Console;
use tenantry_testkit::axum::http::Method;
use tenantry_testkit::{Client, OPERATOR, Reply, TestApp};
use tenantry_types::Problem;
use tracing_subscriber::layer::SubscriberExt;

#[tokio::test(flavor = "multi_thread")]
async fn both_prefixes_lead_to_the_same() {
    let app = TestApp::start().await;
    // The feed of all runs has no end but this one.
    app.app.stop_streams();
    let acme = app.tenant("acme").await;
    let run = app.operator().get("/v1/tenants/acme/status").await.expect(200).json["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let agent = agent(&acme.client, "Iris").await;
    let owner = owned(&app, "bolt", "free").await;
    let ids = Ids { slug: "acme", agent: &agent, run: &run };
    let ada = crate::staff::member(&app, "acme", "ada", "admin").await.client;
    for operation in operations()
        .into_iter()
        .filter(|operation| operation.template.starts_with("/v1/") && operation.method == Method::GET)
        // An export is told of by the next one, and an overview is of its moment; the others need somebody to ask about.
        .filter(|operation| {
            ![
                "export_my_data",
                "export_user",
                "find_users",
                "show_audit_event",
                "show_isolation_report",
                "show_overview",
            ]
            .contains(&&*operation.id)
        })
    {
        let caller = match &*operation.tag {
            "agents" | "tenant" => acme.client.clone(),
            // Whom a proxy lets through is in a tenant.
            _ if operation.id == "authorize_request" => acme.client.clone(),
            "people" => owner.client.clone(),
            "keys" | "sign-in" => ada.clone(),
            _ => app.operator(),
        };
        let path = operation.path(&ids);
        let (short, long) =
            (caller.get(&path).await.expect(200), caller.get(&format!("/api{path}")).await.expect(200));
        assert_eq!(told(&short), told(&long), "{path}");
    }
    let made = acme.client.post("/api/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(201);
    acme.client.delete(&format!("/api/v1/agents/{}", made.json["id"].as_str().unwrap())).await.expect(204);
}

fn guarded(reply: &Reply, path: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(reply.headers[name], value, "{path}");
    }
    // Without a built console `/` is a page like `/docs`.
    let console = path == "/" && Console::built().is_there();
    let public = console || path.starts_with("/docs/") || path == "/.well-known/jwks.json";
    let asset = public && reply.status == 200;
    assert_eq!(reply.headers["cache-control"] == "no-store", !asset, "{path}");
    let policy = reply.headers["content-security-policy"].to_str().unwrap_or_default();
    let begins = if console { "default-src 'self'; script-src 'self';" } else { "default-src 'none'" };
    assert!(policy.starts_with(begins), "{path}: {policy}");
    assert!(
        reply.headers.contains_key("x-request-id") && reply.headers.contains_key("traceparent"),
        "{path}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_guarded() {
    let app = TestApp::start().await;
    // The feed of all runs has no end but this one.
    app.app.stop_streams();
    let acme = app.tenant("acme").await;
    for operation in operations() {
        for client in [&app.anyone, &app.operator(), &acme.client] {
            let path = operation.path(&NOBODY);
            let reply = client.call(operation.method.clone(), &path, operation.body().as_ref()).await;
            guarded(&reply, &path);
            if reply.status.is_client_error() {
                a_whole_problem(&reply);
            }
        }
    }
    for path in [
        "/",
        "/docs",
        "/docs/docs.js",
        "/docs/style.css",
        "/openapi.json",
        "/metrics",
        "/nowhere",
        "/docs/none",
    ] {
        guarded(&app.anyone.get(path).await, path);
    }
}

fn a_whole_problem(reply: &Reply) {
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    let problem: Problem = reply.parse();
    assert_eq!(problem.kind, format!("https://tenantry.dev/problems/{}", problem.code.as_str()));
    assert_eq!((problem.status, problem.title.as_str()), (reply.status.as_u16(), problem.code.title()));
    assert_eq!(
        (problem.status, problem.request_id.as_str()),
        (problem.code.status(), reply.headers["x-request-id"].to_str().unwrap_or(""))
    );
    assert!(!problem.detail.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_is_a_problem_of_its_kind() {
    let app = TestApp::start().await;
    let client = app.tenant("acme").await.client;
    let json = client.clone().with_header("content-type", "application/json");
    let text = client.clone().with_header("content-type", "text/plain");
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20));
    let deep = format!("{{\"tool_permissions\":{{\"a\":{}{}}}}}", "[".repeat(5000), "]".repeat(5000));
    for (reply, status, code) in [
        (client.get("/v1/nowhere").await, 404, "not_found"),
        (client.get("/v1/agents/").await, 404, "not_found"),
        (client.get("/v1/agents/a/b").await, 404, "not_found"),
        (client.get("/v2/agents").await, 404, "not_found"),
        (client.call(Method::PUT, "/v1/agents", None).await, 405, "method_not_allowed"),
        (client.call(Method::TRACE, "/v1/me", None).await, 405, "method_not_allowed"),
        (app.anyone.delete("/openapi.json").await, 405, "method_not_allowed"),
        (json.raw(Method::POST, "/v1/agents", huge).await, 413, "payload_too_large"),
        (text.raw(Method::POST, "/v1/agents", "{}").await, 415, "unsupported_media_type"),
        (client.raw(Method::POST, "/v1/agents", "{}").await, 415, "unsupported_media_type"),
        (json.raw(Method::POST, "/v1/agents", "{\"name\": ").await, 400, "bad_request"),
        (json.raw(Method::POST, "/v1/agents", "").await, 400, "bad_request"),
        (json.raw(Method::POST, "/v1/agents", b"{\"name\":\"\xff\"}".as_slice()).await, 400, "bad_request"),
        (json.raw(Method::POST, "/v1/agents", deep).await, 400, "bad_request"),
        (
            json.raw(Method::POST, "/v1/agents", "{\"tool_permissions\":{\"a\":1e999}}").await,
            400,
            "bad_request",
        ),
        (json.raw(Method::POST, "/v1/agents", "[\"Iris\",\"r\"]").await, 422, "invalid"),
        (json.raw(Method::POST, "/v1/agents", "\"Iris\"").await, 422, "invalid"),
        (
            json.raw(Method::POST, "/v1/agents", "{\"name\":\"a\",\"name\":\"b\",\"role\":\"r\"}").await,
            422,
            "invalid",
        ),
    ] {
        assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{}", reply.text);
        a_whole_problem(&reply);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_learns_the_right_ones() {
    let app = TestApp::start().await;
    let client = app.tenant("acme").await.client;
    let allowed = |reply: &Reply| {
        let mut methods: Vec<String> = reply.headers["allow"]
            .to_str()
            .unwrap_or_default()
            .split(',')
            .map(|m| m.trim().to_owned())
            .collect();
        methods.sort();
        methods.join(" ")
    };
    let reply = client.call(Method::PUT, "/v1/agents/x", None).await.expect(405);
    assert_eq!(allowed(&reply), "DELETE GET HEAD PATCH");
    assert_eq!(allowed(&client.delete("/v1/agents").await.expect(405)), "GET HEAD POST");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_answers_as_get_without_a_body() {
    let app = TestApp::start().await;
    let client = app.tenant("acme").await.client;
    for path in ["/v1/agents", "/v1/me", "/livez", "/docs", "/openapi.json"] {
        let reply = client.call(Method::HEAD, path, None).await.expect(200);
        assert_eq!(reply.text, "", "{path}");
        assert_eq!(reply.headers["content-type"], client.get(path).await.headers["content-type"], "{path}");
    }
    app.anyone.call(Method::HEAD, "/v1/agents", None).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_comes_back_or_is_made() {
    let app = TestApp::builder().start().await;
    let id = async |sent: Option<&str>| {
        let client =
            sent.map_or(app.anyone.clone(), |sent| app.anyone.clone().with_header("x-request-id", sent));
        let reply = client.get("/v1/me").await.expect(401);
        assert_eq!(reply.json["request_id"], reply.headers["x-request-id"].to_str().unwrap());
        reply.json["request_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(id(Some("r-1.A_b")).await, "r-1.A_b");
    let (one, two) = (id(None).await, id(None).await);
    assert!(one != two && one.len() == 36, "{one} {two}");
    for strange in ["a b", "<script>", "é", "", &"x".repeat(129)] {
        assert_eq!(id(Some(strange)).await.len(), 36, "{strange}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_of_a_named_origin_may_ask() {
    let app =
        TestApp::builder().slots(1).set("TENANTRY_ALLOWED_ORIGINS", "https://app.example.com").start().await;
    let acme = app.tenant("acme").await;
    let from = |origin: &str| acme.client.clone().with_header("origin", origin);
    let preflight = app
        .anyone
        .clone()
        .with_header("origin", "https://app.example.com")
        .with_header("access-control-request-method", "PATCH");
    let reply = preflight.call(Method::OPTIONS, "/v1/agents/x", None).await.expect(200);
    assert_eq!(reply.headers["access-control-allow-origin"], "https://app.example.com");
    assert!(reply.headers["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    assert!(!reply.headers.contains_key("access-control-allow-credentials"));
    let answered = from("https://app.example.com").get("/v1/agents").await.expect(200);
    assert_eq!(answered.headers["access-control-allow-origin"], "https://app.example.com");
    let stranger = from("https://evil.example").get("/v1/agents").await;
    assert!(!stranger.headers.contains_key("access-control-allow-origin"));
}

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Lines;

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_names_tenant_user_and_route() {
    let layer = tenantry_server::telemetry::log::EcsLayer::new(|| Lines);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    tracing::callsite::rebuild_interest_cache();
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let id = format!("log-{}", acme.tenant.id);
    acme.client
        .clone()
        .with_header("x-request-id", &id)
        .get("/v1/agents/agt_00000000000000000000000007")
        .await
        .expect(404);
    let text = String::from_utf8(LINES.lock().unwrap().clone()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let line = lines
        .filter(|line| line["http.request.id"] == *id && line["message"] == "request")
        .collect::<Vec<_>>();
    assert_eq!(line.len(), 1, "{line:?}");
    for (name, value) in [
        ("tenantry.tenant.id", json!(acme.tenant.id)),
        ("tenantry.tenant.slug", json!("acme")),
        ("user.id", json!(acme.key.id)),
        ("http.route", json!("/v1/agents/{id}")),
        ("http.request.method", json!("GET")),
        ("http.response.status_code", json!(404)),
    ] {
        assert_eq!(line[0][name], value, "{name}");
    }
    assert!(line[0]["event.duration"].as_u64().is_some_and(|ns| ns > 0) && line[0]["@timestamp"].is_string());
    assert!(!text.contains(&acme.key.key) && !text.contains(OPERATOR), "a secret is in the log");
}

/// A request that nobody meant.
#[derive(Debug, Clone)]
struct Strange {
    method: &'static str,
    path: String,
    token: usize,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn strange_path() -> impl Strategy<Value = String> {
    let templates: Vec<String> = operations().into_iter().map(|operation| operation.template).collect();
    let word = prop_oneof![
        "[a-zA-Z0-9%._~'-]{1,20}",
        "(agt|run|ten)_[0-7][0-9a-hjkmnp-tv-z]{25}",
        Just("acme".to_owned()),
        Just("%00".to_owned())
    ];
    let value = prop_oneof![
        "[a-zA-Z0-9%._~+-]{0,30}",
        "[0-9]{1,25}",
        Just("%00".to_owned()),
        Just("active".to_owned())
    ];
    let pair = (
        prop::sample::select(vec![
            "status",
            "limit",
            "cursor",
            "q",
            "sort",
            "plan_tier",
            "tenant",
            "verbose",
            "x",
        ]),
        value,
    );
    let query = prop::collection::vec(pair, 0..3);
    (prop::sample::select(templates), word, query, any::<bool>()).prop_map(|(template, word, query, long)| {
        let path = template.replace("{slug}", &word).replace("{id}", &word);
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let prefix = if long && path.starts_with("/v1") { "/api" } else { "" };
        format!("{prefix}{path}{}{}", if query.is_empty() { "" } else { "?" }, query.join("&"))
    })
}

fn strange_body() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        "\\PC{0,40}",
        Just("\0".to_owned()),
        Just("x".repeat(30_000)),
        "[a-z]{3,10}",
        Just("a@b.example".to_owned())
    ];
    let leaf = prop_oneof![
        text.prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        Just(json!("9999-12-31T23:59:60Z")),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map("[a-z\\x00]{0,4}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    });
    let names = [
        "name",
        "role",
        "slug",
        "admin_email",
        "personality_prompt",
        "capabilities",
        "tool_permissions",
        "status",
        "workspace",
        "expires_at",
        "minutes",
        "plan_tier",
        "allowed_domains",
        "x",
    ];
    let object = prop::collection::hash_map(prop::sample::select(names.to_vec()), value, 0..6);
    prop_oneof![
        4 => object.prop_map(|fields| serde_json::to_vec(&fields).unwrap_or_default()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ]
}

fn strange_request() -> impl Strategy<Value = Strange> {
    let method = prop::sample::select(vec![
        "GET", "GET", "POST", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "BREW",
    ]);
    let name = prop::sample::select(vec![
        "if-match",
        "x-request-id",
        "last-event-id",
        "x-tenant-slug",
        "host",
        "traceparent",
        "origin",
        "accept",
        "x-forwarded-for",
    ]);
    let value = prop_oneof!["[ -~]{0,30}", "\"[0-9]{1,20}\"", "[0-9]{1,20}", "é"];
    let headers = prop::collection::vec((name, value), 0..3);
    (method, strange_path(), 0_usize..3, headers, strange_body())
        .prop_map(|(method, path, token, headers, body)| Strange { method, path, token, headers, body })
}

async fn answer(callers: &[Client; 3], strange: &Strange) -> u16 {
    let mut client = callers[strange.token].clone().with_header("content-type", "application/json");
    for (name, value) in &strange.headers {
        client = client.with_header(name, value);
    }
    let method = Method::from_bytes(strange.method.as_bytes()).unwrap_or_default();
    // The feed of all runs has no end, and neither that nor an archive is what this is about.
    client.raw_unread(method, &strange.path, strange.body.clone()).await.status().as_u16()
}

#[test]
fn whatever_comes_is_answered_without_a_fault() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (app, callers) = runtime.block_on(async {
        let app =
            Arc::new(TestApp::builder().slots(1).set("TENANTRY_BASE_DOMAIN", "example.com").start().await);
        let acme = app.tenant("acme").await;
        let callers = [app.anyone.clone(), app.operator(), acme.client];
        (app, callers)
    });
    // Sessions for psql are made by a worker.
    let worker = runtime.block_on(async { app.start_worker() });
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let seen = RefCell::new(BTreeSet::new());
    let outcome = runner.run(&strange_request(), |strange| {
        let status = runtime.block_on(answer(&callers, &strange));
        seen.borrow_mut().insert(status);
        prop_assert!(status < 500, "{status}");
        Ok(())
    });
    drop(worker);
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // Not all of it ended at the door.
    assert!([200, 401, 403, 404, 405, 422].iter().all(|status| seen.borrow().contains(status)), "{seen:?}");
}
