//! API keys of a workspace: made, listed, replaced and revoked by its admins.

use crate::{
    people::cheap,
    staff::{Somebody, member, operator, sign_in, soon, text},
    support::{agent, as_superuser, second_workspace, superuser_sees},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry_core::{
    authz::{Actor, OperatorActor, Person, ProvenBy},
    ctx::Request,
    identity::{Environment, create_api_key},
};
use tenantry_testkit::{Client, Reply, TestApp};
use tenantry_types::{ErrorCode, OperatorRole, SessionId, UserId, key::CreateApiKey};

const KEYS: &str = "/v1/api-keys";

async fn acme() -> (TestApp, Somebody) {
    let app = cheap().start().await;
    app.tenant("acme").await;
    let ada = member(&app, "acme", "ada", "admin").await;
    (app, ada)
}

fn with_key(app: &TestApp, made: &Reply) -> Client {
    app.anyone.clone().with_token(Some(&text(made, "key")))
}

async fn listed(client: &Client, id: &str) -> Value {
    let page = client.get(KEYS).await.expect(200).json;
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items.into_iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("{id} is not in {page}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_and_lists_keys() {
    let (app, ada) = acme().await;
    let made = ada
        .client
        .post(KEYS, &json!({"name": "ci", "role": "viewer", "scopes": ["agents:read"]}))
        .await
        .expect(201);
    with_key(&app, &made).get("/v1/agents").await.expect(200);
    let told = listed(&ada.client, &text(&made, "id")).await;
    assert_eq!(
        (&told["name"], &told["role"], &told["scopes"], &told["created_by"], &told["revoked_at"]),
        (&json!("ci"), &json!("viewer"), &json!(["agents:read"]), &json!(ada.id), &Value::Null)
    );
    let key = text(&made, "key");
    assert!(key.contains(told["public_id"].as_str().unwrap()), "{told}");
    let secret = key.split('_').nth(3).unwrap();
    assert!(!ada.client.get(KEYS).await.text.contains(secret));
    // What came with the tenant, or was made by an operator, has no maker.
    let others =
        superuser_sees(&app, "SELECT count(*)::text FROM public.api_keys WHERE created_by IS NULL").await;
    assert_ne!(others, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_wish_is_one_key_and_its_secret_is_kept_nowhere() {
    let (app, ada) = acme().await;
    let keyed = ada.client.clone().with_header("idempotency-key", "k");
    let first = keyed.post(KEYS, &json!({"name": "one"})).await.expect(201);
    let again = keyed.post(KEYS, &json!({"name": "one"})).await.expect(201);
    assert_eq!((&first.text, again.headers.contains_key("idempotent-replayed")), (&again.text, true));
    let path = format!("{KEYS}/{}/reroll", text(&first, "id"));
    let rerolled = keyed.post(&path, &json!({})).await.expect(201);
    assert_eq!(keyed.post(&path, &json!({})).await.expect(201).text, rerolled.text);
    let tables =
        superuser_sees(&app, "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'")
            .await;
    for table in tables.split(',') {
        let rows = format!("SELECT coalesce(string_agg(to_jsonb(t)::text, '|'), '') FROM public.{table} t");
        let dump = superuser_sees(&app, &rows).await;
        for made in [&first, &rerolled] {
            assert!(!dump.contains(text(made, "key").split('_').nth(3).unwrap()), "{table} holds a secret");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_for_admins_of_the_workspace() {
    let (app, ada) = acme().await;
    let id = text(&ada.client.post(KEYS, &json!({"name": "ci"})).await.expect(201), "id");
    for role in ["viewer", "member"] {
        let low = member(&app, "acme", role, role).await.client;
        low.get(KEYS).await.expect(403);
        low.post(KEYS, &json!({"name": "mine"})).await.expect(403);
        low.post(&format!("{KEYS}/{id}/reroll"), &json!({})).await.expect(403);
        low.delete(&format!("{KEYS}/{id}")).await.expect(403);
    }
    // No key makes keys, and no operator makes a tenant's own.
    let admin = app.key("acme", &json!({"name": "admin", "role": "admin"})).await;
    let admin = app.anyone.clone().with_token(Some(&admin.key));
    for stranger in [&admin, &app.operator()] {
        stranger.get(KEYS).await.expect(403);
        stranger.post(KEYS, &json!({"name": "mine"})).await.expect(403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_no_owner() {
    let (app, _) = acme().await;
    let owner = member(&app, "acme", "olga", "owner").await.client;
    for (body, pointer, code) in [
        (json!({"name": "a", "role": "owner"}), "/role", "not_allowed"),
        (json!({"name": "a", "role": "king"}), "/role", "invalid"),
        (json!({"name": ""}), "/name", "required"),
        (json!({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}), "/expires_at", "in_the_past"),
        (json!({"name": "a", "workspace": "second"}), "/workspace", "unknown"),
        (json!({"name": "a", "tenant": "rival"}), "/tenant", "unknown"),
    ] {
        let reply = owner.post(KEYS, &body).await.expect(422);
        let error = &reply.json["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body}");
    }
    owner.post(KEYS, &json!({"name": "a", "role": "admin"})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_within_ten_years() {
    let (app, ada) = acme().await;
    let years = |years: i64| (app.app.ctx().now() + TimeDelta::days(365 * years)).to_rfc3339();
    for (client, path) in [(ada.client.clone(), KEYS), (app.operator(), "/v1/tenants/acme/api-keys")] {
        for late in [years(11), "9999-12-31T23:59:59Z".to_owned(), "+262142-12-31T23:59:59Z".to_owned()] {
            let reply = client.post(path, &json!({"name": "a", "expires_at": late})).await.expect(422);
            assert_eq!(reply.json["errors"][0]["pointer"], "/expires_at", "{late}");
        }
        client.post(path, &json!({"name": "a", "expires_at": years(10)})).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_are_those_of_the_policy() {
    let (app, ada) = acme().await;
    let known = tenantry_core::authz::key_scopes();
    for (client, path) in [(ada.client.clone(), KEYS), (app.operator(), "/v1/tenants/acme/api-keys")] {
        let all = client.post(path, &json!({"name": "all", "scopes": known})).await.expect(201);
        assert_eq!(all.json["scopes"], json!(known));
        for (scopes, pointer, code) in [
            (json!(["agents:read", "agents:rule"]), "/scopes/1", "not_allowed"),
            (json!(["agents:read", "agents:read"]), "/scopes/1", "repeated"),
            (json!([""]), "/scopes/0", "not_allowed"),
            (json!(["Agents:read"]), "/scopes/0", "not_allowed"),
        ] {
            let reply = client.post(path, &json!({"name": "a", "scopes": scopes})).await.expect(422);
            let error = &reply.json["errors"][0];
            assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{scopes}");
            assert!(code != "not_allowed" || error["detail"].as_str().unwrap().contains("agents:write"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_confine_a_key() {
    let (app, ada) = acme().await;
    let wish = json!({"name": "reader", "role": "admin", "scopes": ["agents:read"]});
    let reader = with_key(&app, &ada.client.post(KEYS, &wish).await.expect(201));
    reader.get("/v1/me").await.expect(200);
    reader.get("/v1/agents").await.expect(200);
    let refused = [
        reader.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await,
        reader.get("/v1/limits").await,
        reader.get("/v1/workspaces").await,
        reader.get("/v1/audit-events").await,
    ];
    assert!(refused.iter().all(|reply| reply.code() == "forbidden"), "{refused:?}");
    // A scope widens nothing: a viewer who may write is a viewer.
    let wish = json!({"name": "viewer", "role": "viewer", "scopes": ["agents:write"]});
    let viewer = with_key(&app, &ada.client.post(KEYS, &wish).await.expect(201));
    viewer.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerolled_key_overlaps() {
    let (app, ada) = acme().await;
    let old = ada
        .client
        .post(KEYS, &json!({"name": "ci", "role": "viewer", "scopes": ["agents:read"]}))
        .await
        .expect(201);
    let path = format!("{KEYS}/{}/reroll", text(&old, "id"));
    let new = ada.client.post(&path, &json!({"overlap_minutes": 30})).await.expect(201);
    for field in ["name", "role", "scopes", "workspace_id"] {
        assert_eq!(new.json[field], old.json[field], "{field}");
    }
    let (was, is) = (with_key(&app, &old), with_key(&app, &new));
    was.get("/v1/me").await.expect(200);
    is.get("/v1/me").await.expect(200);
    assert_eq!(listed(&ada.client, &text(&old, "id")).await["replaced_by"], new.json["id"]);
    ada.client.post(&path, &json!({})).await.expect(409);
    app.clock.advance(TimeDelta::minutes(31));
    was.get("/v1/me").await.expect(401);
    is.get("/v1/me").await.expect(200);
    // Her token has ended too by now.
    let ada = sign_in(&app, "ada", Some("acme")).await;
    // Without an overlap the old one is out at once.
    ada.post(&format!("{KEYS}/{}/reroll", text(&new, "id")), &json!({})).await.expect(201);
    is.get("/v1/me").await.expect(401);
    for minutes in [1441, 65_535] {
        ada.post(&path, &json!({"overlap_minutes": minutes})).await.expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerolled_key_lives_as_long_again() {
    let (app, ada) = acme().await;
    let until = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()) + TimeDelta::hours(2);
    let old = ada.client.post(KEYS, &json!({"name": "short", "expires_at": until})).await.expect(201);
    app.clock.advance(TimeDelta::hours(1));
    let ada = sign_in(&app, "ada", Some("acme")).await;
    let path = format!("{KEYS}/{}/reroll", text(&old, "id"));
    let new = ada.post(&path, &json!({"overlap_minutes": 1440})).await.expect(201);
    app.clock.advance(TimeDelta::minutes(90));
    // The overlap makes no life longer.
    with_key(&app, &old).get("/v1/me").await.expect(401);
    with_key(&app, &new).get("/v1/me").await.expect(200);
    app.clock.advance(TimeDelta::minutes(40));
    with_key(&app, &new).get("/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_ends_everywhere() {
    let (app, ada) = acme().await;
    let made = ada.client.post(KEYS, &json!({"name": "ci"})).await.expect(201);
    let other = TestApp::builder().database(&app.database).start().await;
    let there = with_key(&other, &made);
    there.get("/v1/me").await.expect(200);
    let (here, path) = (with_key(&app, &made), format!("{KEYS}/{}", text(&made, "id")));
    here.get("/v1/me").await.expect(200);
    ada.client.delete(&path).await.expect(204);
    here.get("/v1/me").await.expect(401);
    soon(&there, "/v1/me", 401).await;
    ada.client.delete(&path).await.expect(204);
    let events = superuser_sees(
        &app,
        "SELECT count(*)::text FROM public.audit_unsealed WHERE action = 'api_key.revoke'",
    )
    .await;
    assert_eq!(events, "1", "done before is no deed");
    ada.client.post(&format!("{path}/reroll"), &json!({})).await.expect(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_is_absent() {
    let (app, ada) = acme().await;
    let rival = app.tenant("rival").await;
    let acme = app.operator().get("/v1/tenants/acme").await.expect(200);
    let tenant = tenantry_testkit::TestTenant {
        tenant: acme.parse(),
        key: app.key("acme", &json!({"name": "x"})).await,
        client: app.anyone.clone(),
    };
    second_workspace(&app, &tenant).await;
    let second = superuser_sees(
        &app,
        "SELECT id::text FROM public.api_keys WHERE workspace_id = (SELECT id FROM public.workspaces WHERE slug = 'second')",
    )
    .await;
    let second = tenantry_types::ApiKeyId(second.parse().unwrap());
    let absent = ada.client.delete(&format!("{KEYS}/key_00000000000000000000000007")).await.expect(404);
    for id in [rival.key.id.to_string(), second.to_string(), "nonsense".to_owned()] {
        for reply in [
            ada.client.delete(&format!("{KEYS}/{id}")).await,
            ada.client.post(&format!("{KEYS}/{id}/reroll"), &json!({})).await,
        ] {
            assert_eq!((reply.status.as_u16(), reply.code()), (404, absent.code()), "{id}");
        }
    }
    rival.client.get("/v1/me").await.expect(200);
    let page = ada.client.get("/v1/api-keys?limit=200").await.expect(200).text;
    assert!(!page.contains(&rival.key.id.to_string()) && !page.contains(&second.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_admin_makes_no_key() {
    let (app, ada) = acme().await;
    let id = text(&ada.client.post(KEYS, &json!({"name": "ci"})).await.expect(201), "id");
    // Nobody tells the server: what it remembers still says admin.
    as_superuser(&app, "UPDATE public.memberships SET role = 'member'").await;
    ada.client.post(KEYS, &json!({"name": "late"})).await.expect(403);
    ada.client.post(&format!("{KEYS}/{id}/reroll"), &json!({})).await.expect(403);
    ada.client.delete(&format!("{KEYS}/{id}")).await.expect(403);
    let late = superuser_sees(
        &app,
        "SELECT count(*)::text FROM public.api_keys WHERE name = 'late' OR revoked_at IS NOT NULL",
    )
    .await;
    assert_eq!(late, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_operator_makes_no_key() {
    let (app, _) = acme().await;
    operator(&app, "eve", "admin").await;
    let (session, user) = (
        superuser_sees(&app, "SELECT id::text FROM public.sessions ORDER BY created_at DESC LIMIT 1").await,
        superuser_sees(&app, "SELECT user_id::text FROM public.operators").await,
    );
    let person = Person {
        id: UserId(user.parse().unwrap()),
        email: String::new(),
        name: String::new(),
        proven_by: ProvenBy::Session(SessionId(session.parse().unwrap())),
    };
    // As the gate knew her when her request came in.
    let actor = Actor::Operator(Box::new(OperatorActor { person: Some(person), role: OperatorRole::Admin }));
    let request = Request { actor, request_id: "r".to_owned(), address: None };
    let make = async || {
        let wish: CreateApiKey = serde_json::from_value(json!({"name": "late"})).unwrap();
        let made =
            create_api_key(&app.app.platform, app.app.ctx(), Environment::Dev, &request, None, "acme", wish)
                .await;
        made.map(drop).map_err(|error| error.code())
    };
    for undone in ["role = 'support'", "role = 'admin', removed_at = now()"] {
        as_superuser(&app, &format!("UPDATE public.operators SET {undone}")).await;
        assert_eq!(make().await, Err(ErrorCode::Forbidden), "{undone}");
    }
    as_superuser(&app, "UPDATE public.operators SET removed_at = NULL").await;
    as_superuser(&app, "UPDATE public.sessions SET revoked_at = now(), revoked_why = 'revoked'").await;
    assert_eq!(make().await, Err(ErrorCode::Forbidden), "the session has ended");
    let late = "SELECT count(*)::text FROM public.api_keys WHERE name = 'late'";
    assert_eq!(superuser_sees(&app, late).await, "0");
    as_superuser(&app, "UPDATE public.sessions SET revoked_at = NULL, revoked_why = NULL").await;
    assert_eq!(make().await, Ok(()));
    assert_eq!(superuser_sees(&app, late).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_has_a_hundred_keys() {
    let (app, ada) = acme().await;
    // Two that count for nothing beside as many as leave room for one.
    let fill = "INSERT INTO public.api_keys (id, public_id, key_hash, tenant_id, workspace_id, name, role, created_at, revoked_at, expires_at)
                SELECT gen_random_uuid(), 'p' || n, sha256(n::text::bytea), w.tenant_id, w.id, 'n', 'viewer', now(),
                       CASE WHEN n = 1 THEN now() END, CASE WHEN n = 2 THEN now() END
                FROM public.workspaces w, generate_series(1, 101 - (SELECT count(*) FROM public.api_keys)) n";
    as_superuser(&app, fill).await;
    let body = json!({"name": "last"});
    let operator = app.operator();
    let replies = tokio::join!(
        ada.client.post(KEYS, &body),
        operator.post("/v1/tenants/acme/api-keys", &body),
        ada.client.post(KEYS, &body)
    );
    let mut statuses = [&replies.0, &replies.1, &replies.2].map(|reply| reply.status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409], "{replies:?}");
    // A full workspace can still replace a key, and not by two that work beside each other.
    let last = superuser_sees(&app, "SELECT id::text FROM public.api_keys WHERE name = 'last'").await;
    let path = format!("{KEYS}/{}/reroll", tenantry_types::ApiKeyId(last.parse().unwrap()));
    ada.client.post(&path, &json!({"overlap_minutes": 5})).await.expect(409);
    ada.client.post(&path, &json!({})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn last_use_is_coarse() {
    let (app, ada) = acme().await;
    let made = ada.client.post(KEYS, &json!({"name": "ci"})).await.expect(201);
    let (key, id) = (with_key(&app, &made), text(&made, "id"));
    let used = async || {
        key.get("/v1/me").await.expect(200);
        app.app.gate.settle_uses().await.unwrap();
        listed(&ada.client, &id).await["last_used_at"].clone()
    };
    assert_eq!(listed(&ada.client, &id).await["last_used_at"], Value::Null);
    let first = used().await;
    assert_ne!(first, Value::Null);
    app.clock.advance(TimeDelta::minutes(4));
    // What is remembered of the key is forgotten, so that the next request looks again.
    app.app.access.forget();
    assert_eq!(used().await, first);
    app.clock.advance(TimeDelta::minutes(2));
    app.app.access.forget();
    assert_ne!(used().await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_in_pages() {
    let (_app, ada) = acme().await;
    for name in ["a", "b", "c"] {
        ada.client.post(KEYS, &json!({"name": name})).await.expect(201);
    }
    let whole = ada.client.get(KEYS).await.expect(200).json;
    let (mut path, mut seen) = (format!("{KEYS}?limit=2"), Vec::new());
    loop {
        let page = ada.client.get(&path).await.expect(200).json;
        let items = page["items"].as_array().cloned().unwrap();
        assert!((1..=2).contains(&items.len()));
        seen.extend(items);
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{KEYS}?limit=2&cursor={cursor}");
    }
    assert_eq!(json!(seen), whole["items"]);
    assert_eq!(seen[0]["name"], "c", "newest first");
    for query in ["limit=0", "limit=201", "cursor=x", "cursor=", "limit=x", "zzz=1"] {
        ada.client.get(&format!("{KEYS}?{query}")).await.expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outlives_its_makers_membership() {
    let (app, ada) = acme().await;
    let key = with_key(&app, &ada.client.post(KEYS, &json!({"name": "ci"})).await.expect(201));
    as_superuser(&app, "DELETE FROM public.memberships").await;
    let iris = agent(&key, "Iris").await;
    key.get(&format!("/v1/agents/{iris}")).await.expect(200);
}
