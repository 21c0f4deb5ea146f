//! Operators: their roles over real operations, how they are made, changed and removed.

use crate::{
    people::{PASSWORD, attempt, cheap},
    staff::{email, operator, sign_in, soon, text, user},
    support::{as_superuser, superuser_sees, waiting_for_locks},
};
use serde_json::{Value, json};
use tenantry_core::identity::{self, Bootstrap, Bootstrapped, HashingCost, Passwords};
use tenantry_testkit::{Client, TestApp, axum::http::Method};
use tenantry_types::{ErrorCode, OperatorRole, identity::Proof};

const OPERATORS: &str = "/v1/operators";

/// Method, path, body, and the least role that may.
fn deeds() -> Vec<(Method, &'static str, Option<Value>, OperatorRole)> {
    use OperatorRole::{Admin, Auditor, Support};
    let acme = json!({"confirm": "acme"});
    vec![
        (Method::GET, "/v1/tenants", None, Auditor),
        (Method::GET, "/v1/tenants/acme", None, Auditor),
        (Method::GET, "/v1/provisioning-runs", None, Auditor),
        (Method::GET, "/v1/audit-events", None, Auditor),
        (Method::GET, OPERATORS, None, Auditor),
        (Method::GET, "/v1/access-grants", None, Auditor),
        (Method::POST, "/v1/tenants/acme/access-grants", Some(json!({"reason": "ticket 7"})), Support),
        (Method::POST, "/v1/tenants/acme/suspend", Some(json!({"reason": "unpaid"})), Support),
        (Method::POST, "/v1/tenants/acme/resume", Some(json!({})), Support),
        (Method::POST, "/v1/tenants/acme/api-keys", Some(json!({"name": "x"})), Admin),
        (Method::POST, "/v1/tenants/acme/owner-invitation", Some(json!({})), Admin),
        (Method::POST, "/v1/tenants/acme/purge", Some(acme), Admin),
        (Method::DELETE, "/v1/tenants/acme", None, Admin),
        (
            Method::POST,
            "/v1/tenants",
            Some(json!({"slug": "fresh", "name": "Fresh", "admin_email": "a@fresh.example"})),
            Admin,
        ),
        (Method::DELETE, "/v1/operators/usr_00000000000000000000000007", None, Admin),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_does_what_the_role_allows() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    for role in OperatorRole::ALL {
        let somebody = operator(&app, role.as_str(), role.as_str()).await.client;
        for (method, path, body, least) in deeds() {
            let reply = somebody.call(method.clone(), path, body.as_ref()).await;
            if *role < least {
                assert_eq!(reply.code(), "forbidden", "{role}: {method} {path}: {}", reply.text);
            } else {
                // Past the door: what comes of it depends on the tenant's state.
                assert!(
                    ![401, 403].contains(&reply.status.as_u16()),
                    "{role}: {method} {path}: {}",
                    reply.text
                );
            }
            app.work().await;
            app.operator().post("/v1/tenants/acme/resume", &json!({})).await;
        }
    }
    // Whoever may do everything is still a member of no tenant.
    let admin = sign_in(&app, "admin", None).await;
    for path in ["/v1/agents", "/v1/workspaces", "/v1/limits", "/v1/api-keys"] {
        assert_eq!(admin.get(path).await.code(), "forbidden", "{path}");
    }
}

async fn create(client: &Client, name: &str, role: &str) -> tenantry_testkit::Reply {
    client
        .post(OPERATORS, &json!({"email": email(name), "name": name, "role": role, "password": PASSWORD}))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_made_changed_and_removed() {
    let app = cheap().start().await;
    let admin = operator(&app, "ada", "admin").await.client;
    let keyed = admin.clone().with_header("idempotency-key", "k");
    let made = create(&keyed, "bob", "support").await.expect(201);
    assert_eq!(create(&keyed, "bob", "support").await.expect(201).text, made.text);
    assert_eq!((&made.json["email"], &made.json["role"]), (&json!("bob@people.example"), &json!("support")));
    create(&admin, "BOB", "support").await.expect(409);
    let (path, tag) =
        (format!("{OPERATORS}/{}", text(&made, "user_id")), made.headers["etag"].to_str().unwrap());
    let with = |tag: &str| admin.clone().with_header("if-match", tag);
    let changed = with(tag).patch(&path, &json!({"role": "auditor"})).await.expect(200);
    assert_eq!(changed.json["role"], "auditor");
    assert_eq!(
        with(tag).patch(&path, &json!({"role": "admin"})).await.expect(412).code(),
        "version_mismatch"
    );
    with(tag).delete(&path).await.expect(412);
    // Nothing changes where nothing is asked for.
    let same = admin.patch(&path, &json!({"role": "auditor"})).await.expect(200);
    assert_eq!(same.headers["etag"], changed.headers["etag"]);
    admin.delete(&path).await.expect(204);
    admin.delete(&path).await.expect(404);
    admin.patch(&path, &json!({})).await.expect(404);
    let listed = admin.get(OPERATORS).await.expect(200).json;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    let trail = superuser_sees(&app, "SELECT string_agg(action, ' ' ORDER BY arrived) FROM public.audit_unsealed WHERE actor <> 'operator' AND target_kind = 'operator'").await;
    assert_eq!(trail, "operator.create operator.update operator.remove");
    let named = superuser_sees(
        &app,
        "SELECT count(*)::text FROM public.audit_unsealed u WHERE u::text LIKE '%people.example%'",
    )
    .await;
    assert_eq!(named, "0", "the trail has ids and no addresses");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_becomes_an_operator_keeps_the_password() {
    let app = cheap().start().await;
    user(&app, "ada").await;
    let hash = "SELECT password_hash FROM public.users";
    let before = superuser_sees(&app, hash).await;
    let operator = app.operator();
    let refused = create(&operator, "ada", "support").await.expect(422);
    assert_eq!((&refused.json["errors"][0]["pointer"]), (&json!("/password")), "{}", refused.text);
    let body = json!({"email": "Ada@People.Example", "name": "Other", "role": "support"});
    let made = operator.post(OPERATORS, &body).await.expect(201);
    assert_eq!((&made.json["email"], &made.json["name"]), (&json!("ada@people.example"), &json!("ada")));
    assert_eq!(superuser_sees(&app, hash).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unproven_address_becomes_no_operator() {
    let app = cheap().start().await;
    user(&app, "mallory").await;
    as_superuser(&app, "UPDATE public.users SET email_verified_at = NULL").await;
    let body = json!({"email": email("mallory"), "name": "Mallory", "role": "admin"});
    app.operator().post(OPERATORS, &body).await.expect(409);
    as_superuser(&app, "UPDATE public.users SET email_verified_at = now(), disabled_at = now()").await;
    app.operator().post(OPERATORS, &body).await.expect(409);
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM public.operators").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_of_an_operator_are_named() {
    let app = cheap().start().await;
    let good = json!({"email": "ada@example.com", "name": "Ada", "role": "admin", "password": PASSWORD});
    for (field, value, code) in [
        ("email", json!("ada"), "invalid"),
        ("email", json!("\u{430}da@example.com"), "invalid"),
        ("name", json!(" "), "required"),
        ("name", json!("A\u{202e}da"), "invalid_character"),
        ("role", json!("king"), "invalid"),
        ("role", json!("owner"), "invalid"),
        ("password", json!("short"), "too_short"),
        ("password", json!("ada@example.com"), "too_easy"),
        ("locked_at", json!("2020-01-01T00:00:00Z"), "unknown"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let reply = app.operator().post(OPERATORS, &body).await.expect(422);
        let error = &reply.json["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(format!("/{field}")), &json!(code)),
            "{body}"
        );
    }
    let mut without = good;
    without.as_object_mut().unwrap().remove("password");
    let reply = app.operator().post(OPERATORS, &without).await.expect(422);
    assert_eq!(reply.json["errors"][0]["code"], "required");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_themselves() {
    let app = cheap().start().await;
    let ada = operator(&app, "ada", "admin").await;
    operator(&app, "bob", "admin").await;
    let own = format!("{OPERATORS}/{}", ada.id);
    ada.client.patch(&own, &json!({"role": "auditor"})).await.expect(403);
    ada.client.delete(&own).await.expect(403);
    // Others may, and the token of the configuration may take the last one away: it stays an admin.
    let bob = sign_in(&app, "bob", None).await;
    bob.patch(&own, &json!({"role": "support"})).await.expect(200);
    ada.client.get(OPERATORS).await.expect(200);
    ada.client.delete(&own).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_do_not_remove_each_other() {
    let app = cheap().start().await;
    for round in 0..4 {
        let (ada, bob) = (
            operator(&app, &format!("ada{round}"), "admin").await,
            operator(&app, &format!("bob{round}"), "admin").await,
        );
        let (hers, his) = (format!("{OPERATORS}/{}", ada.id), format!("{OPERATORS}/{}", bob.id));
        let (one, other) = tokio::join!(ada.client.delete(&his), bob.client.delete(&hers));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 204, "{one:?} {other:?}");
        assert!([401, 403].contains(&statuses[1]), "{one:?} {other:?}");
        let left =
            superuser_sees(&app, "SELECT count(*)::text FROM public.operators WHERE removed_at IS NULL")
                .await;
        assert_eq!(left, "1");
        as_superuser(&app, "UPDATE public.operators SET removed_at = now()").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_operator_is_out_at_once() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    let eve = operator(&app, "eve", "support").await;
    let other = TestApp::builder().database(&app.database).start().await;
    let grant =
        eve.client.post("/v1/tenants/acme/access-grants", &json!({"reason": "ticket 7"})).await.expect(201);
    let token = text(&grant, "token");
    let at = |app: &TestApp| app.anyone.clone().with_token(Some(&token));
    for server in [&app, &other] {
        at(server).get("/v1/agents").await.expect(200);
    }
    app.operator().delete(&format!("{OPERATORS}/{}", eve.id)).await.expect(204);
    eve.client.get("/v1/tenants").await.expect(401);
    at(&app).get("/v1/agents").await.expect(401);
    soon(&at(&other), "/v1/agents", 401).await;
    let ended = superuser_sees(&app, "SELECT ended_by FROM public.access_grants").await;
    assert_eq!(ended, "operator");
    // Made an operator again, they come back without what they had.
    let body = json!({"email": email("eve"), "name": "eve", "role": "support"});
    app.operator().post(OPERATORS, &body).await.expect(201);
    sign_in(&app, "eve", None).await.get("/v1/tenants").await.expect(200);
    at(&app).get("/v1/agents").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demotion_ends_what_was_granted_beyond_it() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    let ada = operator(&app, "ada", "admin").await;
    let mut tokens = Vec::new();
    for role in ["viewer", "admin"] {
        let body = json!({"reason": "ticket 7", "role": role});
        let grant = ada.client.post("/v1/tenants/acme/access-grants", &body).await.expect(201);
        tokens.push(app.anyone.clone().with_token(Some(&text(&grant, "token"))));
    }
    app.operator().patch(&format!("{OPERATORS}/{}", ada.id), &json!({"role": "support"})).await.expect(200);
    tokens[0].get("/v1/agents").await.expect(200);
    tokens[1].get("/v1/agents").await.expect(401);
    app.operator().patch(&format!("{OPERATORS}/{}", ada.id), &json!({"role": "auditor"})).await.expect(200);
    tokens[0].get("/v1/agents").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_operator_is_let_in_again() {
    let app = cheap().start().await;
    let eve = operator(&app, "eve", "support").await;
    as_superuser(&app, "UPDATE public.operators SET locked_at = now(), failures = 5").await;
    app.app.access.forget();
    eve.client.get("/v1/tenants").await.expect(200);
    let asked = json!({"email": email("eve"), "password": PASSWORD, "operator": true});
    app.anyone.post("/v1/auth/login", &asked).await.expect(401);
    let path = format!("{OPERATORS}/{}", eve.id);
    app.operator().patch(&path, &json!({"locked": true})).await.expect(422);
    let let_in = app.operator().patch(&path, &json!({"locked": false})).await.expect(200);
    assert_eq!(let_in.json["locked_at"], Value::Null);
    assert_eq!(superuser_sees(&app, "SELECT failures::text FROM public.operators").await, "0");
    app.anyone.post("/v1/auth/login", &asked).await.expect(200);
    eve.client.get("/v1/tenants").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_end_no_operators_work_and_an_admin_does() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    let (eve, ada) = (operator(&app, "eve", "support").await, operator(&app, "ada", "admin").await);
    let grant =
        eve.client.post("/v1/tenants/acme/access-grants", &json!({"reason": "ticket 7"})).await.expect(201);
    let inside = app.anyone.clone().with_token(Some(&text(&grant, "token")));
    for _ in 0..5 {
        attempt(&app, &email("eve"), "nine blue barges").await.expect(401);
    }
    let locked = "SELECT count(*)::text FROM public.operators WHERE locked_at IS NOT NULL";
    assert_eq!(superuser_sees(&app, locked).await, "1");
    app.app.access.forget();
    eve.client.get("/v1/tenants").await.expect(200);
    inside.get("/v1/agents").await.expect(200);
    ada.client.delete(&format!("{OPERATORS}/{}", eve.id)).await.expect(204);
    eve.client.get("/v1/tenants").await.expect(401);
    inside.get("/v1/agents").await.expect(401);
}

fn hashing() -> Passwords {
    Passwords::new(HashingCost { memory_kib: 64, iterations: 1, parallelism: 1 })
        .unwrap_or_else(|error| panic!("{error}"))
}

fn ada() -> Bootstrap {
    Bootstrap {
        email: email("ada"),
        name: "Ada".to_owned(),
        role: OperatorRole::Admin,
        password: Some(Proof::new(PASSWORD)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_operator_is_made_without_a_token() {
    let app = cheap().start().await;
    let (owner, ctx) = (&app.database.placement.owner, app.app.ctx());
    let made = identity::bootstrap(owner, ctx, &hashing(), ada()).await.unwrap();
    assert!(matches!(made, Bootstrapped::Made(operator) if operator.role == OperatorRole::Admin));
    sign_in(&app, "ada", None).await.get(OPERATORS).await.expect(200);
    let again = identity::bootstrap(owner, ctx, &hashing(), ada()).await.unwrap_err();
    assert_eq!(again.code(), ErrorCode::Conflict);
    let weak = Bootstrap { password: Some(Proof::new("1234567890")), email: email("bob"), ..ada() };
    assert_eq!(
        identity::bootstrap(owner, ctx, &hashing(), weak).await.unwrap_err().code(),
        ErrorCode::Invalid
    );
    // A known user keeps the password they have.
    user(&app, "cleo").await;
    let hash = "SELECT password_hash FROM public.users WHERE name = 'cleo'";
    let before = superuser_sees(&app, hash).await;
    let made = identity::bootstrap(owner, ctx, &hashing(), Bootstrap { email: email("cleo"), ..ada() }).await;
    assert!(matches!(made, Ok(Bootstrapped::MadeOfUser(_))), "{made:?}");
    assert_eq!(superuser_sees(&app, hash).await, before);
    // The way back in.
    as_superuser(&app, "UPDATE public.operators SET locked_at = now(), failures = 5").await;
    let let_in = identity::unlock(owner, ctx, &email("ada")).await.unwrap();
    assert_eq!(let_in.locked_at, None);
    assert_eq!(identity::unlock(owner, ctx, &email("dora")).await.unwrap_err().code(), ErrorCode::NotFound);
    let actors = superuser_sees(&app, "SELECT string_agg(DISTINCT actor_kind, ' ') FROM public.audit_unsealed WHERE request_id = 'bootstrap-operator'").await;
    assert_eq!(actors, "system");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_operator_changes_no_tenant() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    let eve = operator(&app, "eve", "admin").await;
    let holder = app.database.admin().await;
    holder.execute("BEGIN; SELECT FROM public.tenants FOR UPDATE").await.unwrap();
    let late = json!({"name": "Late"});
    let ask = async |path: &str, body: Value| eve.client.post(path, &body).await;
    // Both were let in, and wait for the tenant while the right is taken away.
    let demote = async {
        waiting_for_locks(&app, 3).await;
        as_superuser(&app, "UPDATE public.operators SET role = 'auditor' WHERE removed_at IS NULL").await;
        holder.execute("COMMIT").await.unwrap();
    };
    let (suspended, deleted, renamed, ()) = tokio::join!(
        ask("/v1/tenants/acme/suspend", json!({"reason": "late"})),
        eve.client.delete("/v1/tenants/acme"),
        eve.client.patch("/v1/tenants/acme", &late),
        demote
    );
    for reply in [suspended, deleted, renamed] {
        assert_eq!(reply.expect(403).code(), "forbidden");
    }
    let acme = app.operator().get("/v1/tenants/acme").await.expect(200).json;
    assert_eq!((&acme["status"], &acme["name"]), (&json!("active"), &json!("acme")));
}
