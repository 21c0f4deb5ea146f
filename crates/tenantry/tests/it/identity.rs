//! Who may do what: every operation against every kind of caller.

use crate::{
    people::{member, sign_in, user},
    support::{
        Ids, NOBODY, agent, as_superuser, nowhere, operations, second_workspace, superuser_sees, told,
        told_by,
    },
};
use serde_json::{Value, json};
use tenantry_testkit::{OPERATOR, TestApp};

/// Operations that ask for no identity. This list only shrinks.
const OPEN: [&str; 13] = [
    "show_jwks",
    "health",
    "livez",
    "readyz",
    "accept_invitation",
    "join_tenant",
    "log_in",
    "log_out",
    "reset_password",
    "preview_invitation",
    "refresh_session",
    "verify_email",
    "receive_clerk_webhook",
];

/// A member's access tokens, each wrong in one thing. The servers that signed them share this one's keys.
async fn wrong_access_tokens(app: &TestApp) -> Vec<(&'static str, Option<String>)> {
    user(app, "ada@acme.example").await;
    member(app, "ada@acme.example", ("acme", "default"), "owner").await;
    let (beside, past) = (
        TestApp::builder().database(&app.database).start().await,
        TestApp::builder().database(&app.database).start().await,
    );
    let elsewhere =
        TestApp::builder().database(&app.database).set("TENANTRY_TOKEN_AUDIENCE", "elsewhere").start().await;
    past.clock.drift(-chrono::TimeDelta::days(1));
    let token = async |at: &TestApp| {
        let answer = sign_in(at, "ada@acme.example", json!({"tenant": "acme"})).await;
        answer["access_token"].as_str().unwrap_or_default().to_owned()
    };
    let (good, expired, audience) = (token(&beside).await, token(&past).await, token(&elsewhere).await);
    // Each is wrong in this one thing alone: the same from a server beside this one is good, and so are these two where and when they were made.
    for (server, token) in [(app, &good), (&past, &expired), (&elsewhere, &audience)] {
        server.anyone.clone().with_token(Some(token)).get("/v1/me").await.expect(200);
    }
    let (signed, signature) = good.rsplit_once('.').unwrap_or_default();
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    let unsigned =
        good.split_once('.').map(|(_, rest)| format!("eyJhbGciOiJub25lIn0.{rest}")).unwrap_or_default();
    vec![
        ("an expired access token", Some(expired)),
        ("a wrong audience", Some(audience)),
        ("a wrong signature", Some(format!("{signed}.{flipped}{}", &signature[1..]))),
        ("no algorithm", Some(format!("{}.", unsigned.rsplit_once('.').unwrap_or_default().0))),
    ]
}

/// Tokens that are nobody's, each wrong in its own way.
async fn wrong_tokens(app: &TestApp) -> Vec<(&'static str, Option<String>)> {
    let live = app.key("acme", &json!({"name": "live"})).await.key;
    let expired = app.key("acme", &json!({"name": "expired"})).await.key;
    let revoked = app.key("acme", &json!({"name": "revoked"})).await.key;
    let archived = app.key("acme", &json!({"name": "archived", "workspace": "second"})).await.key;
    let changes =
        "UPDATE public.api_keys SET expires_at = now() - interval '1 second' WHERE name = 'expired';
                   UPDATE public.api_keys SET revoked_at = now() WHERE name = 'revoked';
                   UPDATE public.workspaces SET archived_at = now() WHERE slug = 'second'";
    as_superuser(app, changes).await;
    let flipped = if live.ends_with('0') { '1' } else { '0' };
    vec![
        ("none", None),
        ("malformed", Some("malformed".to_owned())),
        ("wrong operator token", Some(OPERATOR.replace('0', "1"))),
        ("a longer operator token", Some(format!("{OPERATOR}x"))),
        ("expired", Some(expired)),
        ("revoked", Some(revoked)),
        ("of an archived workspace", Some(archived)),
        ("flipped", Some(format!("{}{flipped}", &live[..live.len() - 1]))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_needs_an_identity() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    second_workspace(&app, &acme).await;
    let tokens = [wrong_tokens(&app).await, Box::pin(wrong_access_tokens(&app)).await].concat();
    let (open, guarded): (Vec<_>, Vec<_>) = operations().into_iter().partition(|operation| operation.open);
    assert_eq!(open.iter().map(|operation| operation.id.as_str()).collect::<Vec<_>>(), OPEN);
    let expected = told(&app.anyone.get("/v1/me").await.expect(401));
    let mut asked = 0;
    for operation in &guarded {
        for (kind, token) in &tokens {
            for prefix in ["", "/api"] {
                asked += 1;
                let client = app.anyone.clone().with_token(token.as_deref());
                let path = format!("{prefix}{}", operation.path(&NOBODY));
                let reply = client.call(operation.method.clone(), &path, operation.body().as_ref()).await;
                assert_eq!(told_by(operation, &reply), expected, "{} with {kind}", operation.id);
            }
        }
    }
    println!("{asked} requests of nobody, each answered alike");
    assert_eq!(asked, guarded.len() * tokens.len() * 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_another_shape_is_no_token() {
    let app = TestApp::start().await;
    let key = app.tenant("acme").await.key.key;
    for header in [
        key.clone(),
        format!("Basic {key}"),
        format!("Bearer  {key}"),
        format!("Bearer {key} "),
        "Bearer".to_owned(),
    ] {
        app.anyone.clone().with_header("authorization", &header).get("/v1/me").await.expect(401);
    }
    let doubled = app.anyone.clone().with_token(Some(&key)).with_header("authorization", "Bearer x");
    doubled.get("/v1/me").await.expect(401);
    app.anyone.clone().with_header("authorization", &format!("bearer {key}")).get("/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_and_tenants_do_not_mix() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let admin = app.key("acme", &json!({"name": "admin", "role": "admin"})).await;
    let admin = app.anyone.clone().with_token(Some(&admin.key));
    let agent = agent(&acme.client, "Iris").await;
    let ids = Ids { slug: "acme", agent: &agent, ..NOBODY };
    for operation in
        operations().into_iter().filter(|operation| !operation.open && operation.tag != "identity")
    {
        let callers = match operation.tag.as_str() {
            // An owner sees the tenant's own (`the_owner_sees_who_was_let_in`).
            "tenants" | "runs" | "operations" | "operators" | "grants" | "isolation" => {
                vec![&acme.client, &admin]
            }
            // Of people in the workspace (`keys_are_for_admins_of_the_workspace`).
            // A tenant's admins read their own (`a_key_sees_its_own_trail_only`).
            "audit" => vec![&acme.client],
            "tenant" | "agents" => vec![&app.anyone],
            "people" | "keys" => vec![&app.anyone, &acme.client, &admin],
            // One's own sessions and password: for people (`every_operation_asks_the_policy`).
            "sign-in" => vec![],
            tag => panic!("say who may call the operations of {tag}"),
        };
        for caller in callers {
            let operator = std::ptr::eq(caller, &raw const app.anyone);
            let caller = if operator { app.operator() } else { caller.clone() };
            let reply =
                caller.call(operation.method.clone(), &operation.path(&ids), operation.body().as_ref()).await;
            assert_eq!(
                (reply.status.as_u16(), reply.code()),
                (403, "forbidden"),
                "{}: {}",
                operation.id,
                reply.text
            );
        }
    }
    app.operator().get("/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_does_not_serve_is_answered_alike() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let agent = agent(&acme.client, "Iris").await;
    let ids = Ids { slug: "acme", agent: &agent, ..NOBODY };
    let mut answers = Vec::new();
    for change in ["status = 'suspended', suspended_at = now()", "status = 'deleted', deleted_at = now()"] {
        as_superuser(&app, &format!("UPDATE public.tenants SET {change} WHERE slug = 'acme'")).await;
        app.app.access.forget();
        for operation in operations().into_iter().filter(|operation| !operation.open) {
            let reply = acme
                .client
                .call(operation.method.clone(), &operation.path(&ids), operation.body().as_ref())
                .await;
            assert_eq!((reply.status.as_u16(), reply.code()), (403, "tenant_inactive"), "{}", operation.id);
            answers.push(told_by(&operation, &reply));
        }
        app.operator().post("/v1/tenants/acme/api-keys", &json!({"name": "x"})).await.expect(409);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let sql =
        format!("SELECT count(*)::text FROM {}.agents WHERE deleted_at IS NULL", acme.tenant.schema_name);
    assert_eq!(superuser_sees(&app, &sql).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_header_is_refused() {
    let app = TestApp::builder().slots(2).set("TENANTRY_BASE_DOMAIN", "example.com").start().await;
    let acme = app.tenant("acme").await;
    app.tenant("rival").await;
    let with = |name: &str, value: &str| acme.client.clone().with_header(name, value);
    for fine in
        [with("x-tenant-slug", "acme"), with("host", "ACME.example.com:443"), with("host", "api.example.com")]
    {
        fine.get("/v1/me").await.expect(200);
    }
    let refused = [
        with("x-tenant-slug", "rival").get("/v1/agents").await,
        with("x-tenant-slug", "nobody").get("/v1/agents").await,
        with("x-tenant-slug", "").get("/v1/agents").await,
        with("x-tenant-slug", "é").get("/v1/agents").await,
        with("x-tenant-slug", "acme").with_header("x-tenant-slug", "acme").get("/v1/agents").await,
        with("host", "rival.example.com").get("/v1/agents").await,
        with("host", "RIVAL.Example.com.:8080").get("/v1/agents").await,
        with("host", "nobody.example.com").with_header("x-tenant-slug", "acme").get("/v1/agents").await,
        with("host", "acme.example.com").with_header("host", "rival.example.com").get("/v1/agents").await,
        // As HTTP/2 says it.
        acme.client.get("https://rival.example.com/v1/agents").await,
    ];
    let expected = told(&refused[0]);
    assert_eq!((expected.0, &expected.2["code"]), (403, &json!("tenant_inactive")));
    assert!(refused.iter().all(|reply| told(reply) == expected), "{refused:?}");
    let series = format!(
        "tenant_unauthorized_access_attempts_total{{tenant_id=\"{}\"}} {}",
        acme.tenant.id,
        refused.len()
    );
    assert!(app.app.metrics.render().contains(&series), "{series}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_reads_and_a_member_writes() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let agent = agent(&acme.client, "Iris").await;
    let ids = Ids { slug: "acme", agent: &agent, ..NOBODY };
    let viewer = app.key("acme", &json!({"name": "viewer", "role": "VIEWER"})).await;
    let viewer = app.anyone.clone().with_token(Some(&viewer.key));
    for operation in operations()
        .into_iter()
        .filter(|operation| !operation.open && ["agents", "tenant", "identity"].contains(&&*operation.tag))
    {
        let reply =
            viewer.call(operation.method.clone(), &operation.path(&ids), operation.body().as_ref()).await;
        // One's own data is a person's, and no machine is one.
        let reads =
            operation.method == tenantry_testkit::axum::http::Method::GET && operation.id != "export_my_data";
        let expected = if reads { 200 } else { 403 };
        assert_eq!(reply.status.as_u16(), expected, "{}: {}", operation.id, reply.text);
    }
    acme.client.patch(&format!("/v1/agents/{agent}"), &json!({"role": "x"})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_says_who_it_is() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let me: Value = acme.client.get("/v1/me").await.expect(200).json;
    let known = json!({"kind": "api_key", "id": acme.key.id, "name": "test", "tenant_id": acme.tenant.id, "tenant": "acme",
        "plan_tier": "free", "workspace_id": acme.key.workspace_id, "role": "member"});
    assert_eq!(me, known);
    assert_eq!(app.operator().get("/v1/me").await.expect(200).json, json!({"kind": "operator"}));
    let workspaces = acme.client.get("/v1/workspaces").await.expect(200).json;
    assert_eq!(workspaces["items"][0]["id"], json!(acme.key.workspace_id));
    assert_eq!(
        acme.client.get("/v1/limits").await.expect(200).json,
        serde_json::to_value(acme.tenant.limits).unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_of_a_key_are_named() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let long = "x".repeat(101);
    for (body, pointer, code) in [
        (json!({}), "/name", "required"),
        (json!({"name": " "}), "/name", "required"),
        (json!({"name": long}), "/name", "too_long"),
        (json!({"name": "a\u{7}"}), "/name", "invalid_character"),
        (json!({"name": "a\0"}), "/name", "invalid_character"),
        (json!({"name": "a", "role": "king"}), "/role", "invalid"),
        (json!({"name": "a", "role": "owner"}), "/role", "not_allowed"),
        (json!({"name": "a", "workspace": "\0"}), "/workspace", "invalid_character"),
        (json!({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}), "/expires_at", "in_the_past"),
        (json!({"name": "a", "expires_at": "tomorrow"}), "/expires_at", "invalid"),
        (json!({"name": "a", "tenant": "acme"}), "/tenant", "unknown"),
    ] {
        let reply = app.operator().post("/v1/tenants/acme/api-keys", &body).await.expect(422);
        assert_eq!(
            (&reply.json["errors"][0]["pointer"], &reply.json["errors"][0]["code"]),
            (&json!(pointer), &json!(code)),
            "{body}"
        );
    }
    for (path, body) in [
        ("nobody", json!({"name": "a"})),
        ("a%00b", json!({"name": "a"})),
        ("acme", json!({"name": "a", "workspace": "none"})),
    ] {
        app.operator().post(&format!("/v1/tenants/{path}/api-keys"), &body).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_at_its_time() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let until =
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()) + chrono::TimeDelta::hours(1);
    let key = app.key("acme", &json!({"name": "short", "expires_at": until})).await;
    let client = app.anyone.clone().with_token(Some(&key.key));
    client.get("/v1/me").await.expect(200);
    app.clock.advance(chrono::TimeDelta::minutes(61));
    client.get("/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_hash_is_stored() {
    let app = TestApp::start().await;
    let key = app.tenant("acme").await.key.key;
    let secret = key.split('_').nth(3).unwrap_or_default();
    assert_eq!(secret.len(), 64);
    let tables =
        superuser_sees(&app, "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'")
            .await;
    for table in tables.split(',') {
        let dump = superuser_sees(
            &app,
            &format!("SELECT coalesce(string_agg(t::text, '|'), '') FROM public.{table} t"),
        )
        .await;
        assert!(!dump.contains(secret) && !dump.contains(&key), "{table} holds the key");
    }
    let hashed =
        format!("SELECT count(*)::text FROM public.api_keys WHERE key_hash = sha256('{key}'::bytea)");
    assert_eq!(superuser_sees(&app, &hashed).await, "1");
    let listed = superuser_sees(
        &app,
        "SELECT (after->>'name') FROM public.audit_unsealed WHERE action = 'api_key.create'",
    )
    .await;
    assert_eq!(listed, "test");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_keys_are_refused_offline() {
    let app = TestApp::start().await;
    let key = app.tenant("acme").await.key.key;
    let lost = TestApp::builder().database(&app.database).elsewhere(nowhere()).start().await;
    let ask =
        async |token: &str| lost.anyone.clone().with_token(Some(token)).get("/v1/me").await.status.as_u16();
    let flipped = format!("{}{}", &key[..key.len() - 1], if key.ends_with('0') { '1' } else { '0' });
    for token in ["x", "tnt_dev_00_11_22", &flipped, &key.replace("tnt_", "tmt_"), &"x".repeat(5000)] {
        assert_eq!(ask(token).await, 401, "{token}");
    }
    assert_eq!(ask(&key).await, 503, "a key that may be one is looked up");
    assert_eq!(ask(OPERATOR).await, 200, "the operator's token is known without a database");
}
