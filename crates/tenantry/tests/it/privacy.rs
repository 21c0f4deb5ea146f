//! What is known of a user can be taken out, and erased.

use crate::{
    people,
    support::{as_superuser, superuser_sees},
};
use serde_json::{Value, json};
use tenantry_core::{
    authz::{Actor, OperatorActor, Person, ProvenBy},
    ctx::Request,
    identity::{
        self,
        privacy::{self, Whose},
    },
};
use tenantry_testkit::TestApp;
use tenantry_types::{ErrorCode, OperatorRole, UserId, identity::UserData};

const ADA: &str = "usr_00000000000000000000000001";
const ADDRESS: &str = "ada@mailbox.example";

/// Ada, a member of acme's default workspace, with a row in every table that can hold one of hers.
async fn ada(app: &TestApp, role: &str) {
    app.tenant("acme").await;
    let seed = format!(
        "INSERT INTO users (id, email, name, password_hash, password_set_at, created_at, updated_at)
             VALUES ('{id}', '{ADDRESS}', 'Ada L.', '$argon2id$hash-of-ada', now(), now(), now());
         INSERT INTO external_identities VALUES ('https://issuer.example', 'ada-elsewhere', '{id}', now());
         INSERT INTO memberships (tenant_id, workspace_id, user_id, role, created_at, updated_at)
             SELECT tenant_id, id, '{id}', '{role}', now(), now() FROM workspaces WHERE is_default;
         INSERT INTO sessions (id, user_id, kind, created_at, seen_at, expires_at, address, user_agent)
             VALUES ('{id}', '{id}', 'token', now(), now(), now() + interval '9 days', '192.0.2.7', 'Browser of Ada');
         INSERT INTO refresh_tokens VALUES (sha256('r'), '{id}', now(), now() + interval '1 day');
         INSERT INTO one_time_tokens VALUES (sha256('o'), '{id}', 'verify_email', '{ADDRESS}', now(), now() + interval '1 day');
         INSERT INTO invitations (id, tenant_id, workspace_id, email, role, token_hash, created_at, expires_at)
             SELECT gen_random_uuid(), tenant_id, id, '{ADDRESS}', 'member', sha256('i'), now(), now() + interval '1 day' FROM workspaces WHERE is_default;
         INSERT INTO invitations (id, tenant_id, workspace_id, email, role, token_hash, created_at, expires_at, invited_by)
             SELECT gen_random_uuid(), tenant_id, id, 'bob@mailbox.example', 'member', sha256('b'), now(), now() + interval '1 day', '{id}' FROM workspaces WHERE is_default;
         INSERT INTO mails (id, recipient, subject, status, run_at, created_at, ended_at)
             VALUES (gen_random_uuid(), '{ADDRESS}', 'Welcome', 'sent', now(), now(), now());
         INSERT INTO access_grants (id, operator, operator_id, tenant_id, workspace_id, role, reason, token_hash, created_at, expires_at)
             SELECT gen_random_uuid(), '{ADA}', '{id}', tenant_id, id, 'viewer', 'a ticket', sha256('tok'), now(), now() + interval '1 hour'
             FROM workspaces WHERE is_default;
         UPDATE api_keys SET created_by = '{id}' WHERE name = 'test';
         INSERT INTO idempotency_keys (principal, route, key, fingerprint, status, response, created_at, expires_at)
             VALUES ('operator', 'POST /v1/operators', 'about-ada', sha256(''), 201, '{{\"email\": \"{ADDRESS}\"}}', now(), now() + interval '1 day'),
                    ('{ADA} in wsp_x', 'POST /v1/api-keys', 'of-ada', sha256(''), 201, '{{}}', now(), now() + interval '1 day'),
                    ('operator', 'POST /v1/operators', 'of-another', sha256(''), 201, '{{\"email\": \"not{ADDRESS}\"}}', now(), now() + interval '1 day')",
        id = id_of(ADA),
    );
    as_superuser(app, &format!("SET search_path = public; {seed}")).await;
}

fn id_of(user: &str) -> String {
    user.parse::<UserId>().unwrap_or_else(|error| panic!("{error}")).0.to_string()
}

/// Ada as the gate knows her.
fn person() -> Person {
    let id: UserId = ADA.parse().unwrap_or_else(|error| panic!("{error}"));
    let session = tenantry_types::SessionId(id.0);
    Person { id, email: ADDRESS.to_owned(), name: "Ada L.".to_owned(), proven_by: ProvenBy::Session(session) }
}

fn request(actor: Actor) -> Request {
    Request { actor, request_id: "r-1".to_owned(), address: None }
}

async fn erase(app: &TestApp, actor: Actor, whose: Whose) -> tenantry_core::Result<()> {
    privacy::erase(&app.app.platform, app.app.ctx(), &app.app.access, &request(actor), &whose).await
}

/// Tables of `public` with a row that holds the text, in whatever column.
async fn tables_with(app: &TestApp, text: &str) -> Vec<String> {
    let all =
        "SELECT string_agg(tablename, ',' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'";
    let mut found = Vec::new();
    for table in superuser_sees(app, all).await.split(',') {
        let sql = format!(
            "SELECT count(*)::text FROM public.{table} t WHERE position('{text}' IN lower(t::text)) > 0"
        );
        if superuser_sees(app, &sql).await != "0" {
            found.push(table.to_owned());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_tells_what_is_known_and_no_secret() {
    let app = TestApp::start().await;
    ada(&app, "member").await;
    let found = app.operator().get("/v1/users?email=Ada@Mailbox.EXAMPLE").await.expect(200).json;
    assert_eq!((found["items"].as_array().map(Vec::len), &found["items"][0]["id"]), (Some(1), &json!(ADA)));
    let nobody = app.operator().get("/v1/users?email=bob@mailbox.example").await.expect(200).json;
    assert_eq!(nobody, json!({"items": [], "next_cursor": null}));
    for wrong in
        ["/v1/users?email=nobody", "/v1/users?email=", "/v1/users", "/v1/users?email=a@b.example&x=1"]
    {
        assert_eq!(app.operator().get(wrong).await.status, 422, "{wrong}");
    }

    let reply = app.operator().get(&format!("/v1/users/{ADA}/data")).await.expect(200);
    let data: UserData = reply.parse();
    assert_eq!((data.user.email.as_str(), data.user.operator), (ADDRESS, None));
    assert_eq!(data.identities[0].subject, "ada-elsewhere");
    assert_eq!((data.memberships[0].tenant.as_str(), data.memberships[0].role.as_str()), ("acme", "member"));
    assert_eq!(data.sessions[0].address.as_deref(), Some("192.0.2.7"));
    let rest = [data.api_keys.len(), data.invitations.len(), data.access_grants.len(), data.mails.len()];
    assert_eq!(rest, [1, 1, 1, 1]);
    for secret in ["argon2id", "hash-of-ada", "_hash"] {
        assert!(!reply.text.contains(secret), "{secret}: {}", reply.text);
    }
    let looks = "SELECT count(*)::text FROM public.audit_unsealed WHERE action = 'user.export' AND actor = 'operator'";
    assert_eq!(superuser_sees(&app, looks).await, "1", "an operator's look leaves a trace");
    let missing = "usr_00000000000000000000000007";
    app.operator().get(&format!("/v1/users/{missing}/data")).await.expect(404);
    assert_eq!(app.operator().get(&format!("/v1/users/{ADA}/data?cursor=x")).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_user_is_nowhere() {
    let app = TestApp::start().await;
    ada(&app, "admin").await;
    let held = tables_with(&app, ADDRESS).await;
    assert_eq!(held, ["idempotency_keys", "invitations", "mails", "one_time_tokens", "users"]);
    let session = Actor::User(Box::new(person()));
    identity::again(&app.app.platform, app.app.ctx(), &session).await.unwrap();

    app.operator().delete(&format!("/v1/users/{ADA}")).await.expect(204);
    // Another's address that ends like hers is another's.
    assert_eq!(tables_with(&app, ADDRESS).await, ["idempotency_keys"]);
    let kept = "SELECT string_agg(key, ',') FROM public.idempotency_keys WHERE key IN ('about-ada', 'of-ada', 'of-another')";
    assert_eq!(superuser_sees(&app, kept).await, "of-another");
    for text in ["ada l.", "ada-elsewhere", "hash-of-ada", "browser of ada", "192.0.2.7"] {
        assert_eq!(tables_with(&app, text).await, Vec::<String>::new(), "{text}");
    }
    let refused = identity::again(&app.app.platform, app.app.ctx(), &session).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Unauthenticated);
    // What she made for the tenant is the tenant's; what she had as an operator is over, and not the configured token's.
    let keys = "SELECT count(*)::text FROM public.api_keys WHERE name = 'test' AND created_by IS NULL AND revoked_at IS NULL";
    assert_eq!(superuser_sees(&app, keys).await, "1");
    let open = "SELECT count(*)::text FROM public.access_grants WHERE ended_at IS NULL";
    assert_eq!(superuser_sees(&app, open).await, "0");
    let waiting = "SELECT count(*)::text FROM public.invitations WHERE email = 'bob@mailbox.example' AND revoked_at IS NULL";
    assert_eq!(superuser_sees(&app, waiting).await, "0", "nobody here invites him any more");
    app.operator().delete(&format!("/v1/users/{ADA}")).await.expect(404);
    app.operator().get(&format!("/v1/users/{ADA}/data")).await.expect(404);
    let version = "SELECT (access_version > 1)::text FROM public.tenants WHERE slug = 'acme'";
    assert_eq!(
        superuser_sees(&app, version).await,
        "true",
        "writes that were let in before are looked at again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_verifies_after_an_erasure() {
    let app = TestApp::start().await;
    ada(&app, "admin").await;
    erase(&app, Actor::User(Box::new(person())), Whose::Own(ADDRESS.to_owned())).await.unwrap();
    app.work().await;
    let verified = app.operator().get("/v1/audit-events/verify?all=true").await.expect(200);
    assert!(!verified.text.is_empty() && !verified.text.contains("\"ok\":false"), "{}", verified.text);
    let events = app.operator().get(&format!("/v1/audit-events?actor={ADA}")).await.expect(200).json;
    let told: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    assert_eq!(told, ["user.erase", "member.remove"]);
    let trail = superuser_sees(&app, "SELECT string_agg(e::text, '|') FROM public.audit_events e").await;
    assert!(
        trail.contains(ADA) && !trail.contains("mailbox.example") && !trail.contains("Ada L."),
        "{trail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mailbox_stands_in_the_trail() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    app.work().await;
    let trail = superuser_sees(&app, "SELECT string_agg(e::text, '|') FROM public.audit_events e").await;
    assert!(trail.contains("tenant.create") && trail.contains("[redacted]@acme.example"), "{trail}");
    assert!(!trail.contains("admin@acme.example"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_is_not_erased() {
    let app = TestApp::start().await;
    ada(&app, "owner").await;
    let refused = app.operator().delete(&format!("/v1/users/{ADA}")).await.expect(409);
    assert!(refused.json["detail"].as_str().unwrap().contains("acme/default"), "{}", refused.text);
    let another = "SET search_path = public;
         INSERT INTO users (id, email, name, disabled_at, created_at, updated_at) VALUES (gen_random_uuid(), 'bob@mailbox.example', 'Bob', now(), now(), now());
         INSERT INTO memberships (tenant_id, workspace_id, user_id, role, created_at, updated_at)
             SELECT w.tenant_id, w.id, u.id, 'owner', now(), now() FROM workspaces w, users u WHERE w.is_default AND u.name = 'Bob'";
    as_superuser(&app, another).await;
    app.operator().delete(&format!("/v1/users/{ADA}")).await.expect(409);
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM public.memberships").await, "2");
    as_superuser(&app, "UPDATE public.users SET disabled_at = NULL").await;
    app.operator().delete(&format!("/v1/users/{ADA}")).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_confirmed_with_ones_own_address() {
    let app = TestApp::start().await;
    ada(&app, "member").await;
    let own = |confirm: &str| erase(&app, Actor::User(Box::new(person())), Whose::Own(confirm.to_owned()));
    for wrong in ["", "bob@mailbox.example", "аda@mailbox.example", ADA] {
        assert_eq!(own(wrong).await.unwrap_err().code(), ErrorCode::Invalid, "{wrong}");
    }
    let refused = app
        .operator()
        .call(tenantry_testkit::axum::http::Method::DELETE, "/v1/me", Some(&json!({"confirm": ADDRESS})))
        .await
        .expect(403);
    assert_eq!(refused.code(), "forbidden", "the configured token is no person");
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM public.users").await, "1");
    own("Ada@Mailbox.Example").await.unwrap();
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM public.users").await, "0");
    assert_eq!(own(ADDRESS).await.unwrap_err().code(), ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_operator_erases_nobody() {
    let app = TestApp::start().await;
    ada(&app, "member").await;
    let id = id_of(ADA);
    let seed = format!(
        "INSERT INTO public.operators (user_id, role, created_at, updated_at) VALUES ('{id}', 'auditor', now(), now());
         INSERT INTO public.users (id, email, name, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000002', 'bob@mailbox.example', 'Bob', now(), now())"
    );
    as_superuser(&app, &seed).await;
    let bob = || Whose::User(UserId(uuid(2)));
    // As the gate knew her half a second ago.
    let admin =
        || Actor::Operator(Box::new(OperatorActor { person: Some(person()), role: OperatorRole::Admin }));
    assert_eq!(erase(&app, admin(), bob()).await.unwrap_err().code(), ErrorCode::Forbidden);
    as_superuser(&app, "UPDATE public.operators SET removed_at = now()").await;
    assert_eq!(erase(&app, admin(), bob()).await.unwrap_err().code(), ErrorCode::Unauthenticated);
    as_superuser(&app, "UPDATE public.operators SET removed_at = NULL, role = 'admin'").await;
    let operator = app.operator().delete(&format!("/v1/users/{ADA}")).await.expect(409);
    assert!(operator.text.contains("operator"), "an operator is removed first: {}", operator.text);
    erase(&app, admin(), bob()).await.unwrap();
    assert_eq!(superuser_sees(&app, "SELECT string_agg(name, ',') FROM public.users").await, "Ada L.");
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_of_the_platform_look_people_up() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for path in ["/v1/users?email=a@b.example".to_owned(), format!("/v1/users/{ADA}/data")] {
        acme.client.get(&path).await.expect(403);
        app.anyone.get(&path).await.expect(401);
    }
    acme.client.get("/v1/me/data").await.expect(403);
    let whoever: Value = app.operator().get("/v1/me/data").await.expect(403).json;
    assert_eq!(whoever["code"], "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_users_tokens_are_refused() {
    let app = people::cheap().start().await;
    app.tenant("acme").await;
    people::user(&app, ADDRESS).await;
    people::member(&app, ADDRESS, ("acme", "default"), "viewer").await;
    let signed_in = people::sign_in(&app, ADDRESS, json!({"tenant": "acme"})).await;
    let me = app.anyone.clone().with_token(signed_in["access_token"].as_str());
    let data: UserData = me.get("/v1/me/data").await.expect(200).parse();
    assert_eq!((data.user.email.as_str(), data.sessions.len(), data.memberships.len()), (ADDRESS, 1, 1));
    assert!(!data.audit_events.items.is_empty(), "a viewer learns what they did themselves");

    let erase = |confirm: &str| {
        let body = json!({"confirm": confirm});
        let me = me.clone();
        async move { me.call(tenantry_testkit::axum::http::Method::DELETE, "/v1/me", Some(&body)).await }
    };
    erase("bob@mailbox.example").await.expect(422);
    erase(ADDRESS).await.expect(204);
    for path in ["/v1/me", "/v1/me/data", "/v1/agents"] {
        me.get(path).await.expect(401);
    }
    app.anyone
        .post("/v1/auth/refresh", &json!({"refresh_token": signed_in["refresh_token"]}))
        .await
        .expect(401);
    let again = people::attempt(&app, ADDRESS, people::PASSWORD).await.expect(401);
    assert_eq!(again.code(), "bad_credentials", "as for an address that never was a user's");
}
