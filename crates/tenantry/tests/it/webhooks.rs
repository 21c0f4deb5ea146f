//! Clerk: its session tokens, and what it tells by itself.

use crate::{
    access::{hang_up, told_of},
    external::Outside,
    support::superuser_sees,
};
use serde_json::{Value, json};
use tenantry_testkit::{
    Client, Reply, TestApp, TestFile, TestIssuer, axum::http::Method, sign_webhook, webhook_secret,
};

async fn clerk() -> Outside {
    clerk_with("learn_by_slug = true\n").await
}

/// With more in its table.
async fn clerk_with(more: &str) -> Outside {
    let issuer = TestIssuer::start().await;
    let file = TestFile::new("whsec", &webhook_secret(7));
    let settings = format!(
        "[[issuer]]\nname = \"clerk\"\npreset = \"clerk\"\nissuer = \"{}\"\nauthorized_parties = [\"https://app.example\"]\nalgorithms = [\"ES256\"]\nwebhook_secret_file = \"{}\"\n{more}",
        issuer.url(),
        file.path().display()
    );
    let mut outside = Outside::start(issuer, settings).await;
    outside.file = Some(file);
    outside.app.tenant("acme").await;
    outside
}

/// A session token of version 1.
fn first(outside: &Outside, role: &str, more: &Value) -> Client {
    let mut claims = json!({"azp": "https://app.example", "org_id": "org_1", "org_slug": "acme", "org_role": role, "org_permissions": []});
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    outside.caller(&claims)
}

/// A session token of version 2.
fn second(outside: &Outside, role: &str, more: &Value) -> Client {
    let mut claims = json!({"azp": "https://app.example", "v": 2, "sts": "active", "fva": [1, -1], "o": {"id": "org_1", "slg": "acme", "rol": role, "per": "", "fpm": ""}});
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    outside.caller(&claims)
}

async fn deliver(outside: &Outside, id: &str, event: &Value) -> Reply {
    let (body, at) = (event.to_string(), outside.now());
    let signature = sign_webhook(&webhook_secret(7), id, at, &body);
    send(&outside.app, id, at, &signature, &body).await
}

async fn send(app: &TestApp, id: &str, at: i64, signature: &str, body: &str) -> Reply {
    let headers = [
        ("svix-id", id),
        ("svix-timestamp", &at.to_string()),
        ("svix-signature", signature),
        ("content-type", "application/json"),
    ];
    let client =
        headers.into_iter().fold(app.anyone.clone(), |client, (name, value)| client.with_header(name, value));
    client.raw(Method::POST, "/v1/webhooks/clerk", body.to_owned()).await
}

fn membership(outside: &Outside, what: &str, role: &str, user: &str) -> Value {
    json!({"object": "event", "type": format!("organizationMembership.{what}"), "timestamp": (outside.now() + 1) * 1000,
        "data": {"id": "orgmem_1", "role": role, "organization": {"id": "org_1", "slug": "acme"}, "public_user_data": {"user_id": user, "identifier": "ada@example.com"}}})
}

async fn members(app: &TestApp) -> String {
    superuser_sees(
        app,
        "SELECT coalesce(string_agg(role, ',' ORDER BY created_at), '') FROM public.memberships",
    )
    .await
}

/// A write, of another name each time.
async fn write(outside: &Outside, client: &Client) -> u16 {
    let name = format!("x {}", outside.app.app.ctx().uuid());
    client.post("/v1/agents", &json!({"name": name, "role": "r"})).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_clerks_tokens_let_in() {
    let outside = clerk().await;
    first(&outside, "org:member", &json!({})).get("/v1/agents").await.expect(200);
    second(&outside, "member", &json!({})).get("/v1/agents").await.expect(200);
    second(&outside, "admin", &json!({"sub": "eve"})).get("/v1/agents").await.expect(200);
    assert_eq!(members(&outside.app).await, "member,admin");
    let address = superuser_sees(
        &outside.app,
        "SELECT coalesce(string_agg(email, ' '), '') FROM public.users WHERE email !~ '^[0-9a-f]{32}@users[.]invalid$'",
    )
    .await;
    assert_eq!(address, "", "whoever has no proven address has a placeholder");
    for nowhere in [json!({"org_id": null, "org_slug": null, "org_role": null}), json!({"v": 2})] {
        let refused = first(&outside, "org:admin", &nowhere).get("/v1/agents").await.expect(400);
        assert_eq!(refused.code(), "tenant_required", "{nowhere}");
    }
    for wrong in [
        json!({"azp": "https://evil.example"}),
        json!({"azp": null}),
        json!({"sts": "pending"}),
        json!({"v": 3}),
        json!({"act": {"sub": "support"}}),
    ] {
        let reply = first(&outside, "org:admin", &wrong).get("/v1/agents").await;
        assert_eq!(reply.status.as_u16(), 401, "{wrong}");
    }
    first(&outside, "org:owner", &json!({"sub": "zoe"})).get("/v1/agents").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_webhook_is_refused() {
    let outside = clerk().await;
    first(&outside, "org:member", &json!({})).get("/v1/agents").await.expect(200);
    let body = json!({"type": "user.deleted", "data": {"id": "ada"}}).to_string();
    let (app, now) = (&outside.app, outside.now());
    let right = |at: i64| sign_webhook(&webhook_secret(7), "m1", at, &body);
    for (what, reply) in [
        (
            "another secret",
            send(app, "m1", now, &sign_webhook(&webhook_secret(8), "m1", now, &body), &body).await,
        ),
        ("another id", send(app, "m2", now, &right(now), &body).await),
        ("another time", send(app, "m1", now + 1, &right(now), &body).await),
        ("another body", send(app, "m1", now, &right(now), &body.replace("ada", "eve")).await),
        ("the same body otherwise written", send(app, "m1", now, &right(now), &format!("{body} ")).await),
        ("an old one", send(app, "m1", now - 301, &right(now - 301), &body).await),
        ("one of tomorrow", send(app, "m1", now + 302, &right(now + 302), &body).await),
        ("no signature", send(app, "m1", now, "", &body).await),
        (
            "no header",
            outside
                .app
                .anyone
                .clone()
                .with_header("content-type", "application/json")
                .raw(Method::POST, "/v1/webhooks/clerk", body.clone())
                .await,
        ),
    ] {
        assert_eq!((reply.status.as_u16(), reply.code()), (401, "unauthenticated"), "{what}");
    }
    assert_eq!(members(app).await, "member");
    assert_eq!(superuser_sees(app, "SELECT count(*)::text FROM public.webhook_deliveries").await, "0");
    let nonsense = sign_webhook(&webhook_secret(7), "m1", now, "[]");
    send(app, "m1", now, &nonsense, "[]").await.expect(400);
    let lacking = json!({"type": "user.deleted", "data": {}}).to_string();
    send(app, "m1", now, &sign_webhook(&webhook_secret(7), "m1", now, &lacking), &lacking).await.expect(400);
    let two = format!("v1,{} {}", "A".repeat(44), right(now));
    send(app, "m1", now, &two, &body).await.expect(200);
    assert_eq!(members(app).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_told_by_a_webhook_holds() {
    let outside = clerk().await;
    let old = first(&outside, "org:admin", &json!({"iat": outside.now() - 10}));
    assert_eq!(write(&outside, &old).await, 201);
    deliver(&outside, "m1", &membership(&outside, "updated", "org:member", "ada")).await.expect(200);
    assert_eq!(members(&outside.app).await, "member");
    old.get("/v1/agents").await.expect(200);
    assert_eq!(members(&outside.app).await, "member", "the older token does not bring the role back");
    for ignored in [
        membership(&outside, "created", "org:admin", "stranger"),
        json!({"type": "session.created", "data": {"id": "sess_1", "organization": null}}),
    ] {
        deliver(&outside, &ignored["type"].to_string().replace('"', ""), &ignored).await.expect(200);
    }
    assert_eq!(members(&outside.app).await, "member");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_webhook_does_nothing() {
    let outside = clerk().await;
    first(&outside, "org:member", &json!({"iat": outside.now() - 10})).get("/v1/agents").await.expect(200);
    let event = membership(&outside, "deleted", "org:member", "ada");
    deliver(&outside, "m1", &event).await.expect(200);
    assert_eq!(members(&outside.app).await, "");
    outside.app.clock.advance(chrono::TimeDelta::seconds(60));
    first(&outside, "org:member", &json!({})).get("/v1/agents").await.expect(200);
    deliver(&outside, "m1", &event).await.expect(200);
    assert_eq!(members(&outside.app).await, "member", "it was dealt with before");
    deliver(&outside, "m2", &event).await.expect(200);
    assert_eq!(members(&outside.app).await, "");
    let trail = "SELECT count(*)::text FROM public.audit_unsealed WHERE action = 'member.remove' AND actor_kind = 'system'";
    assert_eq!(superuser_sees(&outside.app, trail).await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_hangs_up_is_told_all_the_same() {
    let outside = clerk().await;
    first(&outside, "org:member", &json!({})).get("/v1/agents").await.expect(200);
    let event = membership(&outside, "deleted", "org:member", "ada");
    hang_up(&outside.app, "webhook", deliver(&outside, "m1", &event)).await;
    told_of(&outside.app, "webhook", "member.remove").await;
    assert_eq!(members(&outside.app).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_removed_stays_out_with_an_old_token() {
    let outside = clerk().await;
    let old = first(&outside, "org:admin", &json!({"iat": outside.now() - 10}));
    old.get("/v1/agents").await.expect(200);
    let stranger = first(&outside, "org:admin", &json!({"sub": "eve", "iat": outside.now() - 10}));
    deliver(&outside, "m1", &membership(&outside, "deleted", "org:admin", "ada")).await.expect(200);
    deliver(&outside, "m2", &membership(&outside, "deleted", "org:admin", "eve")).await.expect(200);
    for ended in [&old, &stranger] {
        assert_eq!(ended.get("/v1/agents").await.expect(403).code(), "forbidden");
    }
    assert_eq!(members(&outside.app).await, "");
    outside.app.clock.advance(chrono::TimeDelta::seconds(40));
    first(&outside, "org:member", &json!({})).get("/v1/agents").await.expect(200);
    assert_eq!(members(&outside.app).await, "member", "in again there is in again here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_user_is_refused_on_every_server() {
    let outside = clerk().await;
    let other = outside.second().await;
    let token = |jti: &str| {
        let claims = json!({"azp": "https://app.example", "org_id": "org_1", "org_slug": "acme", "org_role": "org:admin", "jti": jti});
        outside.key.token(&outside.claims(&claims))
    };
    let held = token("a");
    let there = other.anyone.clone().with_token(Some(&held));
    assert_eq!(write(&outside, &there).await, 201);
    let started = std::time::Instant::now();
    deliver(&outside, "m1", &json!({"type": "user.deleted", "data": {"id": "ada", "deleted": true}}))
        .await
        .expect(200);
    assert_ne!(write(&outside, &there).await, 201, "a write is refused in its own transaction");
    while there.get("/v1/agents").await.status.as_u16() != 401 {
        assert!(started.elapsed() < std::time::Duration::from_secs(1), "still let in");
        tokio::task::yield_now().await;
    }
    for fresh in [token("b"), token("c")] {
        outside.bearing(&fresh).get("/v1/agents").await.expect(401);
        other.anyone.clone().with_token(Some(&fresh)).get("/v1/agents").await.expect(401);
    }
    assert_eq!(members(&outside.app).await, "");
    // Somebody who was never here is ended as well.
    deliver(&outside, "m2", &json!({"type": "user.deleted", "data": {"id": "eve"}})).await.expect(200);
    first(&outside, "org:admin", &json!({"sub": "eve"})).get("/v1/agents").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_is_gone_lets_nobody_in() {
    let outside = clerk().await;
    let member = || first(&outside, "org:member", &json!({"jti": outside.app.app.ctx().uuid()}));
    member().get("/v1/agents").await.expect(200);
    deliver(&outside, "m1", &json!({"type": "organization.deleted", "data": {"id": "org_1"}}))
        .await
        .expect(200);
    assert_eq!(members(&outside.app).await, "");
    assert_eq!(member().get("/v1/agents").await.expect(403).code(), "tenant_inactive");
    let heir = first(&outside, "org:admin", &json!({"org_id": "org_2", "sub": "mallory"}));
    assert_eq!(
        heir.get("/v1/agents").await.expect(403).code(),
        "tenant_inactive",
        "its slug is free there, not here"
    );
    assert_eq!(outside.app.operator().get("/v1/tenants/acme").await.expect(200).json["status"], "active");
}

/// An event that happened so many seconds from now.
fn at(mut event: Value, outside: &Outside, seconds: i64) -> Value {
    event["timestamp"] = json!((outside.now() + seconds) * 1000);
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_of_clerk_is_not_believed_unless_said() {
    let outside = clerk_with("").await;
    let refused = first(&outside, "org:admin", &json!({})).get("/v1/agents").await.expect(403);
    assert_eq!(refused.code(), "tenant_inactive");
    assert_eq!(members(&outside.app).await, "");
    let outside = clerk_with("organisations = { org_1 = \"acme\" }\n").await;
    first(&outside, "org:admin", &json!({})).get("/v1/agents").await.expect(200);
    assert_eq!(members(&outside.app).await, "admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_a_meaning_ends_the_membership() {
    let outside = clerk().await;
    let old = first(&outside, "org:admin", &json!({"iat": outside.now() - 10}));
    old.get("/v1/agents").await.expect(200);
    deliver(&outside, "m1", &membership(&outside, "updated", "org:king", "ada")).await.expect(200);
    assert_eq!(members(&outside.app).await, "");
    old.get("/v1/agents").await.expect(403);
    outside.app.clock.advance(chrono::TimeDelta::seconds(60));
    first(&outside, "org:member", &json!({})).get("/v1/agents").await.expect(200);
    assert_eq!(members(&outside.app).await, "member");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_event_does_not_outlast_a_newer_one() {
    let outside = clerk().await;
    first(&outside, "org:admin", &json!({"iat": outside.now() - 10})).get("/v1/agents").await.expect(200);
    for (id, what, role, seconds, then) in [
        ("m1", "updated", "org:member", 5, "member"),
        ("m2", "updated", "org:admin", 2, "member"),
        ("m3", "deleted", "org:admin", 3, "member"),
        ("m4", "deleted", "org:member", 6, ""),
        ("m5", "created", "org:admin", 4, ""),
    ] {
        let event = at(membership(&outside, what, role, "ada"), &outside, seconds);
        deliver(&outside, id, &event).await.expect(200);
        assert_eq!(members(&outside.app).await, then, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_role_counts_however_late_the_higher_one_came() {
    let outside = clerk().await;
    first(&outside, "org:member", &json!({"iat": outside.now() - 10})).get("/v1/agents").await.expect(200);
    let raised = at(membership(&outside, "updated", "org:admin", "ada"), &outside, 1);
    let lowered = at(membership(&outside, "updated", "org:member", "ada"), &outside, 2);
    // Both were tried before, in vain.
    outside.app.clock.advance(chrono::TimeDelta::seconds(100));
    deliver(&outside, "m1", &raised).await.expect(200);
    assert_eq!(members(&outside.app).await, "admin");
    deliver(&outside, "m2", &lowered).await.expect(200);
    assert_eq!(members(&outside.app).await, "member");
    deliver(&outside, "m3", &raised).await.expect(200);
    assert_eq!(members(&outside.app).await, "member");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_the_issuer_removed_does_not_join_by_domain() {
    let outside = clerk().await;
    let proven = |name: &str| json!({"sub": name, "iat": outside.now() - 10, "email": format!("{name}@acme.example"), "email_verified": true});
    let nowhere = |name: &str| {
        let mut claims = proven(name);
        claims["azp"] = json!("https://app.example");
        outside.caller(&claims)
    };
    first(&outside, "org:member", &proven("ada")).get("/v1/agents").await.expect(200);
    let open = json!({"allowed_domains": ["acme.example"], "domain_join_role": "viewer"});
    outside.app.operator().patch("/v1/tenants/acme", &open).await.expect(200);
    deliver(&outside, "m1", &membership(&outside, "deleted", "org:member", "ada")).await.expect(200);
    let join = json!({"tenant": "acme"});
    nowhere("ada").post("/v1/auth/join", &join).await.expect(403);
    nowhere("eve").post("/v1/auth/join", &join).await.expect(200);
    // The issuer's own word leads back.
    outside.app.clock.advance(chrono::TimeDelta::seconds(60));
    let again = json!({"iat": outside.now()});
    first(&outside, "org:member", &again).get("/v1/agents").await.expect(200);
    assert_eq!(members(&outside.app).await, "viewer,member");
}
