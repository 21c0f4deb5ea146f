//! Access grants: an operator in a tenant's workspace, for a reason and a while, and seen by its owner.

use crate::{
    people::cheap,
    staff::{Somebody, email, member, operator, soon, text},
    support::{agent, as_superuser, superuser_sees},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry_testkit::{Client, Reply, TestApp};

const ASK: &str = "/v1/tenants/acme/access-grants";
const GRANTS: &str = "/v1/access-grants";

async fn acme() -> (TestApp, Somebody) {
    let app = cheap().start().await;
    app.tenant("acme").await;
    let eve = operator(&app, "eve", "support").await;
    (app, eve)
}

fn with_grant(app: &TestApp, grant: &Reply) -> Client {
    app.anyone.clone().with_token(Some(&text(grant, "token")))
}

#[tokio::test(flavor = "multi_thread")]
async fn support_is_let_in_to_read() {
    let (app, eve) = acme().await;
    for role in ["member", "admin"] {
        eve.client.post(ASK, &json!({"reason": "ticket 7", "role": role})).await.expect(403);
    }
    let auditor = operator(&app, "otto", "auditor").await.client;
    auditor.post(ASK, &json!({"reason": "ticket 7"})).await.expect(403);
    let grant = eve.client.post(ASK, &json!({"reason": "ticket 7"})).await.expect(201);
    assert_eq!(
        (&grant.json["role"], &grant.json["tenant"], &grant.json["operator"]),
        (&json!("viewer"), &json!("acme"), &json!(eve.id))
    );
    let inside = with_grant(&app, &grant);
    inside.get("/v1/agents").await.expect(200);
    inside.get("/v1/workspaces").await.expect(200);
    inside.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(403);
    // It opens the workspace, and nothing of the platform.
    inside.get("/v1/tenants").await.expect(403);
    inside.post(ASK, &json!({"reason": "more"})).await.expect(403);
    inside.post("/v1/api-keys", &json!({"name": "mine"})).await.expect(403);
    // Without it an operator is nowhere.
    eve.client.get("/v1/agents").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deed_by_grant_is_the_operators() {
    let (app, _) = acme().await;
    let ada = operator(&app, "ada", "admin").await;
    let grant = ada.client.post(ASK, &json!({"reason": "ticket 7", "role": "member"})).await.expect(201);
    agent(&with_grant(&app, &grant), "Iris").await;
    let schema = superuser_sees(&app, "SELECT schema_name FROM public.tenants").await;
    let actor = superuser_sees(
        &app,
        &format!("SELECT actor_kind || ' ' || actor FROM {schema}._events WHERE action = 'agent.create'"),
    )
    .await;
    assert_eq!(actor, format!("operator {} by {}", ada.id, text(&grant, "id")));
    ada.client.post(ASK, &json!({"reason": "ticket 7", "role": "admin"})).await.expect(201);
    ada.client.post(ASK, &json!({"reason": "ticket 7", "role": "owner"})).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_a_lasting_key_by_grant() {
    let app = cheap().start().await;
    let acme = app.tenant("acme").await;
    let ada = operator(&app, "ada", "admin").await;
    let grant = ada.client.post(ASK, &json!({"reason": "ticket 7", "role": "admin"})).await.expect(201);
    let inside = with_grant(&app, &grant);
    let own = format!("/v1/api-keys/{}", acme.key.id);
    let keys = "SELECT concat((SELECT count(*) FROM public.api_keys), ' ', (SELECT count(*) FROM public.invitations))";
    let before = superuser_sees(&app, keys).await;
    inside.get("/v1/api-keys").await.expect(200);
    inside.post("/v1/api-keys", &json!({"name": "mine"})).await.expect(403);
    inside.post(&format!("{own}/reroll"), &json!({})).await.expect(403);
    inside.post("/v1/tenants/acme/api-keys", &json!({"name": "mine"})).await.expect(403);
    // Nor anything else that lets in whoever holds it when the grant is over.
    inside.post("/v1/invitations", &json!({"email": email("mallory"), "role": "admin"})).await.expect(403);
    assert_eq!(superuser_sees(&app, keys).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_sees_who_was_let_in() {
    let (app, eve) = acme().await;
    app.tenant("rival").await;
    let grant = eve.client.post(ASK, &json!({"reason": "ticket 7: cannot log in"})).await.expect(201);
    let id = text(&grant, "id");
    let owner = member(&app, "acme", "olga", "owner").await.client;
    let seen = owner.get(GRANTS).await.expect(200).json;
    assert_eq!(
        (&seen["items"][0]["id"], &seen["items"][0]["reason"], &seen["items"][0]["operator"]),
        (&json!(id), &json!("ticket 7: cannot log in"), &json!(eve.id)),
        "{seen}"
    );
    assert!(!seen.to_string().contains("tng_"));
    let trail = owner.get("/v1/audit-events?action=access_grant.create").await.expect(200).json;
    assert_eq!(
        (&trail["items"][0]["target"], &trail["items"][0]["after"]["reason"]),
        (&json!(id), &json!("ticket 7: cannot log in")),
        "{trail}"
    );
    // Nobody below, and nobody beside.
    let admin = member(&app, "acme", "adam", "admin").await.client;
    admin.get(GRANTS).await.expect(403);
    admin.delete(&format!("{GRANTS}/{id}")).await.expect(403);
    let rival = member(&app, "rival", "rita", "owner").await.client;
    assert_eq!(rival.get(GRANTS).await.expect(200).json["items"], json!([]));
    assert_eq!(rival.get(&format!("{GRANTS}?tenant=acme")).await.expect(200).json["items"], json!([]));
    rival.delete(&format!("{GRANTS}/{id}")).await.expect(404);
    with_grant(&app, &grant).get("/v1/agents").await.expect(200);
    // And may end it.
    owner.delete(&format!("{GRANTS}/{id}")).await.expect(204);
    with_grant(&app, &grant).get("/v1/agents").await.expect(401);
    let ended = owner.get("/v1/audit-events?action=access_grant.end").await.expect(200).json;
    assert_eq!(
        (&ended["items"][0]["target"], &ended["items"][0]["actor_kind"]),
        (&json!(id), &json!("user")),
        "{ended}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_all_grants_in_pages() {
    let app = cheap().start().await;
    let eve = operator(&app, "eve", "support").await.client;
    for slug in ["acme", "rival"] {
        app.tenant(slug).await;
        eve.post(&format!("/v1/tenants/{slug}/access-grants"), &json!({"reason": slug})).await.expect(201);
    }
    let reasons = async |query: &str| {
        let page = eve.get(&format!("{GRANTS}{query}")).await.expect(200).json;
        let items = page["items"].as_array().cloned().unwrap();
        (items.iter().map(|item| item["reason"].clone()).collect::<Vec<_>>(), page["next_cursor"].clone())
    };
    assert_eq!(reasons("").await, (vec![json!("rival"), json!("acme")], Value::Null));
    assert_eq!(reasons("?tenant=acme").await.0, [json!("acme")]);
    assert!(reasons("?tenant=nobody").await.0.is_empty());
    let (first, cursor) = reasons("?limit=1").await;
    assert_eq!(first, [json!("rival")]);
    let (second, end) = reasons(&format!("?limit=1&cursor={}", cursor.as_str().unwrap())).await;
    assert_eq!((second, end), (vec![json!("acme")], Value::Null));
    for query in ["?limit=0", "?cursor=x", "?tenant=%00", "?tenant="] {
        eve.get(&format!("{GRANTS}{query}")).await.expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_ends_at_its_time() {
    let (app, eve) = acme().await;
    let short = eve.client.post(ASK, &json!({"reason": "ticket 7", "minutes": 5})).await.expect(201);
    let usual = eve.client.post(ASK, &json!({"reason": "ticket 7"})).await.expect(201);
    let (short, usual) = (with_grant(&app, &short), with_grant(&app, &usual));
    short.get("/v1/agents").await.expect(200);
    app.clock.advance(TimeDelta::minutes(6));
    short.get("/v1/agents").await.expect(401);
    usual.get("/v1/agents").await.expect(200);
    app.clock.advance(TimeDelta::minutes(55));
    usual.get("/v1/agents").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_grant_is_refused_at_once() {
    let (app, eve) = acme().await;
    let grant = eve.client.post(ASK, &json!({"reason": "ticket 7"})).await.expect(201);
    let other = TestApp::builder().database(&app.database).start().await;
    let (here, there) = (with_grant(&app, &grant), with_grant(&other, &grant));
    here.get("/v1/agents").await.expect(200);
    there.get("/v1/agents").await.expect(200);
    let path = format!("{GRANTS}/{}", text(&grant, "id"));
    let auditor = operator(&app, "otto", "auditor").await.client;
    auditor.delete(&path).await.expect(403);
    eve.client.delete(&path).await.expect(204);
    here.get("/v1/agents").await.expect(401);
    soon(&there, "/v1/agents", 401).await;
    eve.client.delete(&path).await.expect(204);
    eve.client.delete(&format!("{GRANTS}/grt_00000000000000000000000007")).await.expect(404);
    let events = superuser_sees(
        &app,
        "SELECT count(*)::text FROM public.audit_unsealed WHERE action = 'access_grant.end'",
    )
    .await;
    assert_eq!(events, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_operators_grant_is_nobodys() {
    let (app, eve) = acme().await;
    let grant = eve.client.post(ASK, &json!({"reason": "ticket 7"})).await.expect(201);
    with_grant(&app, &grant).get("/v1/agents").await.expect(200);
    as_superuser(&app, "DELETE FROM public.users").await;
    app.app.access.forget();
    with_grant(&app, &grant).get("/v1/agents").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_hash_of_a_grant_is_stored() {
    let (app, eve) = acme().await;
    let keyed = eve.client.clone().with_header("idempotency-key", "k");
    let grant = keyed.post(ASK, &json!({"reason": "ticket 7"})).await.expect(201);
    let again = keyed.post(ASK, &json!({"reason": "ticket 7"})).await.expect(201);
    assert_eq!((&grant.text, again.headers.contains_key("idempotent-replayed")), (&again.text, true));
    eve.client.clone().without_keys().post(ASK, &json!({"reason": "ticket 7"})).await.expect(400);
    let token = text(&grant, "token");
    let secret = token.split('_').nth(1).unwrap_or_default();
    assert_eq!((token.starts_with("tng_"), secret.len()), (true, 64));
    let tables =
        superuser_sees(&app, "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'")
            .await;
    for table in tables.split(',') {
        let rows = format!("SELECT coalesce(string_agg(to_jsonb(t)::text, '|'), '') FROM public.{table} t");
        assert!(!superuser_sees(&app, &rows).await.contains(secret), "{table} holds the token");
    }
    let flipped = format!("{}{}", &token[..token.len() - 1], if token.ends_with('0') { '1' } else { '0' });
    for wrong in [flipped, token.replace("tng_", "tnt_"), format!("{token} "), "tng_".to_owned()] {
        app.anyone.clone().with_token(Some(&wrong)).get("/v1/agents").await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_wishes_for_a_grant_are_refused() {
    let (app, eve) = acme().await;
    for (body, pointer, code) in [
        (json!({}), "/reason", "required"),
        (json!({"reason": " "}), "/reason", "required"),
        (json!({"reason": "x".repeat(501)}), "/reason", "too_long"),
        (json!({"reason": "x", "role": "king"}), "/role", "invalid"),
        (json!({"reason": "x", "minutes": 4}), "/minutes", "out_of_range"),
        (json!({"reason": "x", "minutes": 241}), "/minutes", "out_of_range"),
        (json!({"reason": "x", "operator": "usr_1"}), "/operator", "unknown"),
    ] {
        let reply = eve.client.post(ASK, &body).await.expect(422);
        let error = &reply.json["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body}");
    }
    eve.client.post("/v1/tenants/nobody/access-grants", &json!({"reason": "x"})).await.expect(404);
    eve.client.post(ASK, &json!({"reason": "x", "workspace": "none"})).await.expect(404);
    as_superuser(&app, "UPDATE public.tenants SET status = 'suspended', suspended_at = now()").await;
    eve.client.post(ASK, &json!({"reason": "x"})).await.expect(409);
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM public.access_grants").await, "0");
}
