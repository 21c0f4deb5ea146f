//! People whom an issuer elsewhere vouches for: real tokens, real keys over HTTP, and all the ways in which either can be wrong.

use crate::{
    access::{hang_up, told_of},
    people,
    support::{as_superuser, superuser_sees, told},
};
use serde_json::{Value, json};
use tenantry_core::identity::{Credential, Visit};
use tenantry_testkit::{Client, TestApp, TestFile, TestIssuer, TestKey};

/// An application that takes tokens of one issuer.
pub(crate) struct Outside {
    pub(crate) app: TestApp,
    pub(crate) issuer: TestIssuer,
    pub(crate) key: TestKey,
    settings: String,
    /// What the settings name.
    pub(crate) file: Option<TestFile>,
}

/// An `OpenID` Connect issuer with an ES256 key; `more` goes into its table.
async fn outside(more: &str) -> Outside {
    let issuer = TestIssuer::start().await;
    let settings = format!(
        "[[issuer]]\nname = \"local\"\nissuer = \"{}\"\naudience = \"tenantry\"\nalgorithms = [\"ES256\", \"RS256\", \"EdDSA\"]\n{more}",
        issuer.url()
    );
    Outside::start(issuer, settings).await
}

impl Outside {
    pub(crate) async fn start(issuer: TestIssuer, settings: String) -> Self {
        let builder = TestApp::builder().slots(2).set("TENANTRY_DEFAULT_TIER", "enterprise");
        let app = builder.issuers(&settings).start().await;
        let key = TestKey::p256("first");
        issuer.publish(&[&key]);
        Self { app, issuer, key, settings, file: None }
    }

    /// A second server on the same database.
    pub(crate) async fn second(&self) -> TestApp {
        TestApp::builder().database(&self.app.database).issuers(&self.settings).start().await
    }

    pub(crate) fn now(&self) -> i64 {
        self.app.app.ctx().now().timestamp()
    }

    /// Claims that would do, with some others.
    pub(crate) fn claims(&self, more: &Value) -> Value {
        let now = self.now();
        let mut claims =
            json!({"iss": self.issuer.url(), "aud": "tenantry", "sub": "ada", "iat": now, "exp": now + 600});
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }

    /// A caller with a token of the issuer.
    pub(crate) fn caller(&self, more: &Value) -> Client {
        self.bearing(&self.key.token(&self.claims(more)))
    }

    pub(crate) fn bearing(&self, token: &str) -> Client {
        self.app.anyone.clone().with_token(Some(token))
    }
}

fn acme(role: &str) -> Value {
    json!({"org_id": "o1", "org_slug": "acme", "org_role": role})
}

fn merged(mut one: Value, other: &Value) -> Value {
    for (name, value) in other.as_object().into_iter().flatten() {
        one[name] = value.clone();
    }
    one
}

/// What is written of people and where they are members.
async fn written(app: &TestApp) -> String {
    superuser_sees(app, "SELECT concat_ws(' ', (SELECT count(*) FROM public.users), (SELECT count(*) FROM public.external_identities), (SELECT count(*) FROM public.external_organisations),
        (SELECT string_agg(role || coalesce(':' || managed_by, ''), ',' ORDER BY created_at) FROM public.memberships))").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_an_issuer_lets_its_person_in() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let member = outside.caller(&acme("member"));
    let agent = member.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
    assert_eq!(agent.json["name"], "Iris");
    assert_eq!(written(&outside.app).await, "1 1 1 member:local");
    let trail = superuser_sees(&outside.app, "SELECT string_agg(action || ' by ' || actor_kind, ', ' ORDER BY id) FROM public.audit_unsealed WHERE action ~ '^(user|member)[.]|[.]link$'").await;
    assert_eq!(trail, "user.create by user, tenant.link by user, member.create by user");
    let viewer = outside.caller(&merged(acme("viewer"), &json!({"sub": "eve"})));
    viewer.get("/v1/agents").await.expect(200);
    viewer.post("/v1/agents", &json!({"name": "Nova", "role": "r"})).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_made_known_came_with_a_request() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let seen = async || {
        let events = "SELECT string_agg(DISTINCT request_id || ' ' || coalesce(host(address), '-'), ', ') FROM public.audit_unsealed
             WHERE action ~ '^(user|member)[.]|[.]link$'";
        superuser_sees(&outside.app, events).await
    };
    let credential = Credential::Bearer(outside.key.token(&outside.claims(&acme("member"))));
    let visitor = Visit { request_id: "r-7".to_owned(), address: "192.0.2.7".parse().ok(), user_agent: None };
    outside.app.app.gate.verify(&credential, &visitor).await.unwrap();
    assert_eq!(seen().await, "r-7 192.0.2.7");
    as_superuser(&outside.app, "DELETE FROM public.audit_unsealed").await;
    // Over HTTP it is the id that the caller was given.
    let eve = outside.caller(&merged(acme("viewer"), &json!({"sub": "eve"})));
    let reply = eve.get("/v1/agents").await.expect(200);
    let id = reply.headers["x-request-id"].to_str().unwrap();
    assert_eq!(seen().await, format!("{id} -"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_is_made_known_all_the_same() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let eve = outside.caller(&merged(acme("member"), &json!({"sub": "eve"})));
    hang_up(&outside.app, "eve", eve.get("/v1/agents")).await;
    told_of(&outside.app, "eve", "member.create").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_claim_means_no_workspace() {
    let outside = outside("default_role = \"admin\"\n").await;
    outside.app.tenant("acme").await;
    for nowhere in [json!({}), json!({"org_id": null, "org_slug": null}), json!({"org_role": "admin"})] {
        let refused = outside.caller(&nowhere).get("/v1/agents").await.expect(400);
        assert_eq!(refused.code(), "tenant_required", "{nowhere}");
        // A tenant that is named makes up for no claim, not even at a proxy.
        for path in ["/v1/agents", "/v1/authz"] {
            let named =
                outside.caller(&nowhere).with_header("x-tenant-slug", "acme").get(path).await.expect(403);
            assert_eq!(named.code(), "tenant_inactive", "{nowhere} {path}");
        }
    }
    assert_eq!(written(&outside.app).await, "1 1 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refused_for_each_thing_that_is_wrong() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let now = outside.now();
    let with = |more: Value| outside.key.token(&outside.claims(&merged(acme("member"), &more)));
    outside
        .bearing(&with(json!({"aud": ["other", "tenantry"], "nbf": now})))
        .get("/v1/agents")
        .await
        .expect(200);
    let mut refused = Vec::new();
    for wrong in [
        json!({"iss": format!("{}/", outside.issuer.url())}),
        json!({"iss": "https://evil.example"}),
        json!({"aud": "other"}),
        json!({"aud": null}),
        json!({"exp": now - 31}),
        json!({"exp": (now + 600).to_string()}),
        json!({"exp": null}),
        json!({"nbf": now + 600}),
        json!({"nbf": now.to_string()}),
        json!({"iat": null}),
        json!({"sub": ""}),
        json!({"org_slug": 7}),
    ] {
        refused.push((wrong.to_string(), outside.bearing(&with(wrong)).get("/v1/agents").await.expect(401)));
    }
    let right = with(json!({}));
    let (head, signature) = right.rsplit_once('.').unwrap();
    let other = TestKey::p256("first").token(&outside.claims(&acme("admin")));
    let (other_head, _) = other.rsplit_once('.').unwrap();
    for (what, token) in [
        ("another key of that name", other.clone()),
        ("another token's signature", format!("{other_head}.{signature}")),
        ("no signature", format!("{head}.")),
        ("half of one", format!("{head}.{}", &signature[..40])),
        ("padding", format!("{right}=")),
        ("a fourth part", format!("{right}.x")),
        ("a huge one", with(json!({"pad": "x".repeat(8000)}))),
    ] {
        refused.push((what.to_owned(), outside.bearing(&token).get("/v1/agents").await.expect(401)));
    }
    let expected = told(&outside.bearing("nonsense").get("/v1/agents").await);
    for (what, reply) in refused {
        // A token that cannot travel at all is told apart by its form alone.
        if what != "a huge one" {
            assert_eq!(told(&reply), expected, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_chooses_its_algorithm() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let (rsa, ed) = (TestKey::rsa("rsa"), TestKey::ed25519("ed"));
    outside.issuer.publish(&[&outside.key, &rsa, &ed]);
    let claims = outside.claims(&acme("member"));
    for key in [&outside.key, &rsa, &ed] {
        outside.bearing(&key.token(&claims)).get("/v1/agents").await.expect(200);
    }
    let named = |algorithm: &str, id: &str| json!({"alg": algorithm, "kid": id, "typ": "JWT"});
    let unsigned = |algorithm: &str| {
        let token = rsa.token_as(&named(algorithm, "rsa"), &claims);
        format!("{}.", token.rsplit_once('.').unwrap().0)
    };
    let wrong = [
        ("none", unsigned("none")),
        ("None", unsigned("None")),
        ("no signature at all", unsigned("RS256")),
        ("a shared secret", rsa.token_as(&named("HS256", "rsa"), &claims)),
        ("not allowed, though the key could", rsa.token_as(&named("PS256", "rsa"), &claims)),
        ("another kind of key", rsa.token_as(&named("ES256", "rsa"), &claims)),
        ("another kind of key", outside.key.token_as(&named("RS256", "first"), &claims)),
        ("another key's name", outside.key.token_as(&named("ES256", "rsa"), &claims)),
        ("a path for a name", outside.key.token_as(&named("ES256", "../../first"), &claims)),
        ("no name", outside.key.token_as(&json!({"alg": "ES256"}), &claims)),
        ("its own key", outside.key.token_as(&json!({"alg": "ES256", "jwk": outside.key.jwk()}), &claims)),
        (
            "something to understand",
            outside
                .key
                .token_as(&json!({"alg": "ES256", "kid": "first", "crit": ["b64"], "b64": false}), &claims),
        ),
    ];
    for (what, token) in wrong {
        let reply = outside.bearing(&token).get("/v1/agents").await;
        assert_eq!((reply.status.as_u16(), reply.code()), (401, "unauthenticated"), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_new_is_made_known_once() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let second = outside.second().await;
    let tokens: Vec<String> = (0..8)
        .map(|pad| {
            outside.key.token(&outside.claims(&merged(
                acme("member"),
                &json!({"jti": pad, "email": "ada@example.com", "email_verified": true}),
            )))
        })
        .collect();
    let asked = tokens.iter().enumerate().map(|(place, token)| {
        let client = if place % 2 == 0 { &outside.app.anyone } else { &second.anyone };
        let client = client.clone().with_token(Some(token));
        async move { client.get("/v1/agents").await }
    });
    for reply in futures_util::future::join_all(asked).await {
        reply.expect(200);
    }
    assert_eq!(written(&outside.app).await, "1 1 1 member:local");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_person_costs_no_write() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    outside.caller(&acme("member")).get("/v1/agents").await.expect(200);
    let rows = "SELECT concat_ws(' ', (SELECT access_version FROM public.tenants WHERE slug = 'acme'), (SELECT count(*) FROM public.audit_unsealed),
        (SELECT string_agg(xmin::text, ',') FROM public.users), (SELECT string_agg(xmin::text, ',') FROM public.memberships), (SELECT string_agg(xmin::text, ',') FROM public.external_memberships))";
    let before = superuser_sees(&outside.app, rows).await;
    for number in 0..5 {
        let again = merged(acme("member"), &json!({"jti": number, "iat": outside.now() + 1}));
        outside.caller(&again).get("/v1/agents").await.expect(200);
    }
    assert_eq!(superuser_sees(&outside.app, rows).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_token_changes_nothing() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let now = outside.now();
    let token = |role: &str, iat: i64| outside.caller(&merged(acme(role), &json!({"iat": iat})));
    let (old, new) = (token("admin", now - 60), token("viewer", now - 30));
    let write = async |client: &Client| {
        let name = format!("x {}", outside.app.app.ctx().uuid());
        client.post("/v1/agents", &json!({"name": name, "role": "r"})).await.status.as_u16()
    };
    assert_eq!(write(&old).await, 201);
    assert_eq!(write(&new).await, 403, "the role of the newer token holds");
    assert_eq!(write(&old).await, 403, "for the older token too");
    assert_eq!(written(&outside.app).await, "1 1 1 viewer:local");
    assert_eq!(write(&token("member", now)).await, 201);
    assert_eq!(written(&outside.app).await, "1 1 1 member:local");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_that_is_managed_here_stays() {
    let outside = outside("organisations = { o1 = \"acme\" }\n").await;
    outside.app.tenant("acme").await;
    outside.caller(&acme("viewer")).get("/v1/agents").await.expect(200);
    as_superuser(&outside.app, "UPDATE public.memberships SET role = 'owner', managed_by = NULL").await;
    let later = outside.caller(&merged(acme("viewer"), &json!({"iat": outside.now() + 5})));
    later.post("/v1/agents", &json!({"name": "x", "role": "r"})).await.expect(201);
    assert_eq!(written(&outside.app).await, "1 1 1 owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_membership_is_not_for_passwords() {
    let outside = outside("").await;
    let app = &outside.app;
    app.tenant("acme").await;
    let claims = merged(acme("member"), &json!({"email": "ada@acme.example", "email_verified": true}));
    outside.caller(&claims).get("/v1/agents").await.expect(200);
    people::user(app, "bob@acme.example").await;
    as_superuser(app, "UPDATE public.users u SET password_hash = b.password_hash, password_set_at = b.password_set_at FROM public.users b
        WHERE u.email = 'ada@acme.example' AND b.email = 'bob@acme.example'").await;
    let signed_in = people::sign_in(app, "ada@acme.example", json!({})).await;
    assert_eq!((&signed_in["tenant"], &signed_in["workspace_id"]), (&Value::Null, &Value::Null));
    let ada = people::bearer(app, &signed_in);
    assert_eq!(ada.get("/v1/me").await.expect(200).json["kind"], "user");
    assert_eq!(ada.get("/v1/agents").await.expect(400).code(), "tenant_required");
    // By the issuer's word alone is she a member: in all ways in, the tenant is like one that is not there.
    let to =
        |tenant: &str| json!({"email": "ada@acme.example", "password": people::PASSWORD, "tenant": tenant});
    let refused = told(&app.anyone.post("/v1/auth/login", &to("acme")).await.expect(403));
    assert_eq!(refused.2["code"], "tenant_inactive");
    assert_eq!(told(&app.anyone.post("/v1/auth/login", &to("nobody")).await), refused);
    let switched = ada.post("/v1/auth/switch-workspace", &json!({"tenant": "acme"})).await;
    assert_eq!(told(&switched.expect(403)), refused);
    let mut refresh = people::refresh(&signed_in);
    refresh["tenant"] = json!("acme");
    assert_eq!(told(&app.anyone.post("/v1/auth/refresh", &refresh).await.expect(403)), refused);
    let again = merged(claims, &json!({"jti": "another"}));
    outside.caller(&again).get("/v1/agents").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_that_changes_moves_nobody() {
    let outside = outside("").await;
    let (acme_tenant, _) = (outside.app.tenant("acme").await, outside.app.tenant("rival").await);
    outside
        .caller(&acme("member"))
        .post("/v1/agents", &json!({"name": "Iris", "role": "r"}))
        .await
        .expect(201);
    let renamed = outside.caller(&json!({"org_id": "o1", "org_slug": "rival", "org_role": "member"}));
    let agents = renamed.get("/v1/agents").await.expect(200);
    assert_eq!(agents.json["items"][0]["name"], "Iris", "still in {}", acme_tenant.tenant.slug);
    let bare = outside.caller(&json!({"org_id": "o1", "org_role": "member"}));
    bare.get("/v1/agents").await.expect(200);
    let unknown = told(
        &outside
            .caller(&json!({"org_id": "o9", "org_slug": "nobody", "org_role": "admin"}))
            .get("/v1/agents")
            .await
            .expect(403),
    );
    let other =
        outside.caller(&json!({"org_id": "o2", "org_slug": "acme", "org_role": "admin", "sub": "mallory"}));
    assert_eq!(
        told(&other.get("/v1/agents").await),
        unknown,
        "a second organisation of that slug is a stranger"
    );
    assert_eq!(unknown.2["code"], "tenant_inactive");
    assert_eq!(written(&outside.app).await, "1 1 1 member:local");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_takes_no_tenant_that_is_lived_in() {
    let outside = outside("organisations = { o7 = \"acme\" }\n").await;
    outside.app.tenant("acme").await;
    as_superuser(&outside.app, "INSERT INTO public.users (id, email, name, created_at, updated_at) VALUES (gen_random_uuid(), 'own@acme.example', 'Own', now(), now());
        INSERT INTO public.memberships (tenant_id, workspace_id, user_id, role, created_at, updated_at) SELECT w.tenant_id, w.id, u.id, 'owner', now(), now() FROM public.workspaces w, public.users u").await;
    let refused = outside.caller(&acme("admin")).get("/v1/agents").await.expect(403);
    assert_eq!(refused.code(), "tenant_inactive");
    assert_eq!(written(&outside.app).await, "1 0 0 owner");
    let said = outside.caller(&json!({"org_id": "o7", "org_slug": "whatever", "org_role": "admin"}));
    said.get("/v1/agents").await.expect(200);
    assert_eq!(written(&outside.app).await, "2 1 1 owner,admin:local");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_takes_no_tenant_whose_keys_are_used() {
    let outside = outside("").await;
    let (used, _unused) = (outside.app.tenant("acme").await, outside.app.tenant("bolt").await);
    used.client.get("/v1/agents").await.expect(200);
    outside.app.app.gate.settle_uses().await.unwrap();
    let refused = outside.caller(&acme("admin")).get("/v1/agents").await.expect(403);
    assert_eq!(refused.code(), "tenant_inactive");
    assert_eq!(written(&outside.app).await, "0 0 0");
    let bolt = json!({"org_id": "o2", "org_slug": "bolt", "org_role": "admin"});
    outside.caller(&bolt).get("/v1/agents").await.expect(200);
    assert_eq!(written(&outside.app).await, "1 1 1 admin:local");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_issuer_manages_is_not_changed_here() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let ada = outside.caller(&acme("member")).get("/v1/me").await.expect(200).json;
    let owner = crate::staff::member(&outside.app, "acme", "own", "owner").await.client;
    let path = format!("/v1/members/{}", ada["id"].as_str().unwrap());
    owner.patch(&path, &json!({"role": "viewer"})).await.expect(409);
    let refused = owner.delete(&path).await.expect(409);
    assert!(refused.text.contains("managed by local"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_a_meaning_lets_nobody_in() {
    let outside = outside("roles = { boss = \"owner\" }\nworkspace = \"default\"\n").await;
    outside.app.tenant("acme").await;
    for role in [json!("admin"), json!("Boss"), json!(null)] {
        let claims = json!({"org_id": "o1", "org_slug": "acme", "org_role": role});
        let refused = outside.caller(&claims).get("/v1/agents").await.expect(403);
        assert_eq!(refused.code(), "forbidden", "{role}");
    }
    assert_eq!(written(&outside.app).await, "0 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_does_not_serve_lets_nobody_in() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    outside.app.operator().post("/v1/tenants/acme/suspend", &json!({"reason": "unpaid"})).await;
    outside.app.work().await;
    let status = outside.app.operator().get("/v1/tenants/acme").await.expect(200);
    assert_eq!(status.json["status"], "suspended");
    let refused = outside.caller(&acme("admin")).get("/v1/agents").await.expect(403);
    let unknown = outside.caller(&json!({"org_slug": "nobody", "org_role": "admin"})).get("/v1/agents").await;
    assert_eq!(told(&refused), told(&unknown));
    assert_eq!(
        written(&outside.app).await,
        "0 0 0",
        "nobody is written down for a tenant that does not serve"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_members_holds_at_the_door() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    as_superuser(&outside.app, "UPDATE public.tenants SET plan_tier = 'starter'").await;
    let second = outside.second().await;
    let tokens: Vec<String> = (0..6)
        .map(|number| {
            outside
                .key
                .token(&outside.claims(&merged(acme("member"), &json!({"sub": format!("user-{number}")}))))
        })
        .collect();
    let asked = tokens.iter().enumerate().map(|(place, token)| {
        let client = if place % 2 == 0 { &outside.app.anyone } else { &second.anyone };
        let client = client.clone().with_token(Some(token));
        async move { client.get("/v1/agents").await }
    });
    let replies = futures_util::future::join_all(asked).await;
    let of = |status: u16| replies.iter().filter(|reply| reply.status.as_u16() == status).count();
    assert_eq!((of(200), of(402)), (3, 3), "{replies:?}");
    let full = replies.iter().find(|reply| reply.status.as_u16() == 402).unwrap();
    assert!(full.text.contains("3 of 3") && full.text.contains("pro"), "{}", full.text);
    assert_eq!(written(&outside.app).await, "3 3 1 member:local,member:local,member:local");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_alone_makes_nobody_somebody_else() {
    for (more, verified_here, verified_there, expected) in [
        ("", true, true, (403, "1 0 1")),
        ("link_by_email = true\n", false, true, (403, "1 0 1")),
        ("link_by_email = true\n", true, false, (200, "2 1 1 member:local")),
        ("link_by_email = true\n", true, true, (200, "1 1 1 member:local")),
    ] {
        let outside = outside(more).await;
        outside.app.tenant("acme").await;
        let verified = if verified_here { "now()" } else { "NULL" };
        as_superuser(&outside.app, &format!("INSERT INTO public.users (id, email, name, email_verified_at, created_at, updated_at) VALUES (gen_random_uuid(), 'ada@example.com', 'Ada', {verified}, now(), now());
            INSERT INTO public.external_organisations SELECT '{}', 'o1', id, now() FROM public.tenants", outside.issuer.url())).await;
        let claims =
            merged(acme("member"), &json!({"email": "ADA@example.com", "email_verified": verified_there}));
        let reply = outside.caller(&claims).get("/v1/agents").await;
        assert_eq!(
            (reply.status.as_u16(), &*written(&outside.app).await),
            expected,
            "{more} {verified_here} {verified_there}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_disabled_or_ended_is_refused() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let member = || outside.caller(&merged(acme("member"), &json!({"jti": outside.app.app.ctx().uuid()})));
    member().get("/v1/agents").await.expect(200);
    as_superuser(&outside.app, "UPDATE public.users SET disabled_at = now()").await;
    member().get("/v1/agents").await.expect(401);
    as_superuser(
        &outside.app,
        "UPDATE public.users SET disabled_at = NULL; UPDATE public.external_identities SET ended_at = now()",
    )
    .await;
    member().get("/v1/agents").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_user_does_not_come_back() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let member = || outside.caller(&merged(acme("member"), &json!({"jti": outside.app.app.ctx().uuid()})));
    let me = member().get("/v1/me").await.expect(200).json;
    let path = format!("/v1/users/{}", me["id"].as_str().unwrap());
    outside.app.operator().delete(&path).await.expect(204);
    // A token that is good for as long as ever.
    member().get("/v1/agents").await.expect(401);
    assert_eq!(superuser_sees(&outside.app, "SELECT count(*)::text FROM public.users").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_cost_one_request() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    outside.caller(&acme("member")).get("/v1/agents").await.expect(200);
    assert_eq!(outside.issuer.asked(), 1);
    let flood = async || {
        let asked = (0..100).map(|number| {
            let header = json!({"alg": "ES256", "kid": format!("unknown-{number}")});
            let client = outside.bearing(&outside.key.token_as(&header, &outside.claims(&acme("member"))));
            async move { client.get("/v1/agents").await }
        });
        for reply in futures_util::future::join_all(asked).await {
            reply.expect(401);
        }
    };
    flood().await;
    assert_eq!(outside.issuer.asked(), 1, "the issuer cools down");
    outside.app.clock.advance(chrono::TimeDelta::seconds(31));
    flood().await;
    assert_eq!(outside.issuer.asked(), 2);
    // A key that is new is found with the next request that the issuer gets.
    let new = TestKey::ed25519("second");
    outside.issuer.publish(&[&outside.key, &new]);
    let with_new = || outside.bearing(&new.token(&outside.claims(&acme("member"))));
    with_new().get("/v1/agents").await.expect(401);
    outside.app.clock.advance(chrono::TimeDelta::seconds(31));
    with_new().get("/v1/agents").await.expect(200);
    assert_eq!(outside.issuer.asked(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_key_dies() {
    let outside = outside("max_age_seconds = 300\n").await;
    outside.app.tenant("acme").await;
    let old = || outside.caller(&merged(acme("member"), &json!({"jti": outside.app.app.ctx().uuid()})));
    old().get("/v1/agents").await.expect(200);
    outside.issuer.publish(&[&TestKey::p256("second")]);
    outside.app.clock.advance(chrono::TimeDelta::seconds(200));
    old().get("/v1/agents").await.expect(200);
    outside.app.clock.advance(chrono::TimeDelta::seconds(101));
    old().get("/v1/agents").await.expect(401);
    assert_eq!(outside.issuer.asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_bridged() {
    let outside = outside("").await;
    outside.app.tenant("acme").await;
    let member = || outside.caller(&merged(acme("member"), &json!({"jti": outside.app.app.ctx().uuid()})));
    outside.issuer.go_away();
    member().get("/v1/agents").await.expect(503);
    outside.issuer.come_back();
    outside.app.clock.advance(chrono::TimeDelta::seconds(6));
    member().get("/v1/agents").await.expect(200);
    for trouble in 0..3 {
        match trouble {
            0 => outside.issuer.go_away(),
            1 => outside.issuer.say("<html>Sorry</html>"),
            _ => outside.issuer.say(&"x".repeat(300 << 10)),
        }
        outside.app.clock.advance(chrono::TimeDelta::hours(7));
        member().get("/v1/agents").await.expect(200);
    }
    outside.app.clock.advance(chrono::TimeDelta::hours(4));
    member().get("/v1/agents").await.expect(503);
    outside.issuer.come_back();
    outside.app.clock.advance(chrono::TimeDelta::seconds(6));
    member().get("/v1/agents").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_cannot_send_us_elsewhere() {
    let outside = outside("").await;
    let elsewhere = TestIssuer::start().await;
    elsewhere.publish(&[&outside.key]);
    outside.app.tenant("acme").await;
    outside.issuer.send_to(&format!("{}/.well-known/jwks.json", elsewhere.url()));
    outside.caller(&acme("member")).get("/v1/agents").await.expect(503);
    assert_eq!((outside.issuer.asked(), elsewhere.asked()), (1, 0));
}
