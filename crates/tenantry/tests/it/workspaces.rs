//! Workspaces, made and archived by their owners; and what an operator changes of a tenant.

use crate::{
    crew::{Person, owned, sign_in},
    support::{superuser_sees, told},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tenantry_testkit::TestApp;

async fn acme(tier: &str) -> (TestApp, Person) {
    let app = TestApp::start().await;
    let owner = owned(&app, "acme", tier).await;
    (app, owner)
}

async fn made(owner: &Person, slug: &str) -> Value {
    owner.client.post("/v1/workspaces", &json!({"slug": slug, "name": slug})).await.expect(201).json
}

fn path(workspace: &Value) -> String {
    format!("/v1/workspaces/{}", workspace["id"].as_str().unwrap_or_else(|| panic!("{workspace}")))
}

async fn slugs(owner: &Person, query: &str) -> Vec<String> {
    let list = owner.client.get(&format!("/v1/workspaces{query}")).await.expect(200).json;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["slug"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_makes_a_workspace_owns_it() {
    let (app, owner) = acme("enterprise").await;
    let lab = made(&owner, "lab").await;
    assert_eq!((&lab["is_default"], lab.get("archived_at")), (&json!(false), None));
    let there = sign_in(&app, &owner.email, "acme", "lab").await;
    assert_eq!(there.role_of(&there).await.as_deref(), Some("owner"));
    let agent = json!({"name": "Iris", "role": "r"});
    there.client.post("/v1/agents", &agent).await.expect(201);
    owner.client.post("/v1/agents", &agent).await.expect(201);
    assert_eq!(owner.client.get("/v1/agents").await.expect(200).json["items"].as_array().unwrap().len(), 1);
    assert_eq!(slugs(&owner, "").await, ["default", "lab"]);
    let taken = owner.client.post("/v1/workspaces", &json!({"slug": "lab", "name": "x"})).await.expect(409);
    assert_eq!(taken.code(), "name_taken");
    let admin = owner.hire(&app, "admin@acme.example", "admin").await;
    admin.client.post("/v1/workspaces", &json!({"slug": "mine", "name": "x"})).await.expect(403);
    admin.client.patch(&path(&lab), &json!({"archived": true})).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_made_once_with_one_key() {
    let (_app, owner) = acme("enterprise").await;
    let client = owner.client.clone().with_header("idempotency-key", "one");
    let body = json!({"slug": "lab", "name": "Lab"});
    let first = client.post("/v1/workspaces", &body).await.expect(201);
    let again = client.post("/v1/workspaces", &body).await.expect(201);
    assert_eq!((&again.json, again.headers.contains_key("idempotent-replayed")), (&first.json, true));
    assert_eq!(again.headers["etag"], first.headers["etag"]);
    client.post("/v1/workspaces", &json!({"slug": "other", "name": "Lab"})).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_workspace_is_not_archived() {
    let (app, owner) = acme("enterprise").await;
    let lab = made(&owner, "lab").await;
    let list = owner.client.get("/v1/workspaces").await.expect(200).json;
    let default = list["items"][0].clone();
    for refused in [json!({"archived": true}), json!({"is_default": false})] {
        let reply = owner.client.patch(&path(&default), &refused).await.expect(409);
        assert_eq!(reply.code(), "conflict", "{refused}");
    }
    owner.client.patch(&path(&lab), &json!({"archived": true, "is_default": true})).await.expect(422);
    let now = owner.client.patch(&path(&lab), &json!({"is_default": true})).await.expect(200).json;
    assert_eq!(now["is_default"], true);
    assert_eq!(slugs(&owner, "").await, ["lab", "default"]);
    let other = made(&owner, "other").await;
    // Whoever owns a workspace beside the default one changes no other.
    owner.client.patch(&path(&other), &json!({"archived": true})).await.expect(403);
    owner.client.patch(&path(&default), &json!({"is_default": true})).await.expect(403);
    owner.client.patch(&path(&default), &json!({"name": "First"})).await.expect(200);
    let there = sign_in(&app, &owner.email, "acme", "lab").await;
    there.client.patch(&path(&other), &json!({"archived": true})).await.expect(200);
    there.client.patch(&path(&other), &json!({"is_default": true})).await.expect(409);
    there.client.patch(&path(&other), &json!({"archived": false, "is_default": true})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_workspace_lets_nobody_in_and_keeps_its_rows() {
    let (app, owner) = acme("enterprise").await;
    let lab = made(&owner, "lab").await;
    let there = sign_in(&app, &owner.email, "acme", "lab").await;
    let key = app.key("acme", &json!({"name": "k", "workspace": "lab"})).await;
    let key = app.anyone.clone().with_token(Some(&key.key));
    let token = there.invite("ada@acme.example", "member").await;
    key.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
    owner.client.patch(&path(&lab), &json!({"archived": true})).await.expect(200);
    for gone in [&there.client, &key] {
        gone.get("/v1/agents").await.expect(401);
        gone.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(401);
    }
    crate::crew::accept(&app, &token, crate::crew::PASSWORD).await.expect(404);
    assert_eq!(slugs(&owner, "").await, ["default"]);
    assert_eq!(slugs(&owner, "?archived=true").await, ["default", "lab"]);
    owner.client.get("/v1/workspaces?archived=perhaps").await.expect(422);
    owner.client.patch(&path(&lab), &json!({"archived": false})).await.expect(200);
    assert_eq!(key.get("/v1/agents").await.expect(200).json["items"].as_array().unwrap().len(), 1);
    there.client.get("/v1/agents").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_workspaces_meet_the_limit() {
    let (_app, owner) = acme("starter").await;
    let all: Vec<_> = (0..64)
        .map(|n| {
            let client = owner.client.clone();
            tenantry_pg::task::detached(async move {
                client.post("/v1/workspaces", &json!({"slug": format!("w{n}"), "name": "W"})).await
            })
        })
        .collect();
    let mut counted: BTreeMap<u16, usize> = BTreeMap::new();
    let mut refusal = String::new();
    for one in all {
        let reply = one.await.unwrap();
        *counted.entry(reply.status.as_u16()).or_default() += 1;
        if reply.status == 402 {
            refusal = reply.text;
        }
    }
    // Three workspaces of starter, and the default one is there.
    assert_eq!((counted[&201], counted[&402]), (2, 62), "{counted:?}");
    assert!(refusal.contains("`workspaces` of the tier starter is 3, and 3 are used"), "{refusal}");
    assert!(refusal.contains("tier pro allows 10"), "{refusal}");
    let list = owner.client.get("/v1/workspaces").await.expect(200).json;
    let one = list["items"][1].clone();
    owner.client.patch(&path(&one), &json!({"archived": true})).await.expect(200);
    made(&owner, "another").await;
    owner.client.patch(&path(&one), &json!({"archived": false})).await.expect(402);
    owner.client.patch(&path(&one), &json!({"name": "Still archived"})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_changed_at_the_version_that_was_seen() {
    let (_app, owner) = acme("enterprise").await;
    let reply = owner.client.post("/v1/workspaces", &json!({"slug": "lab", "name": "Lab"})).await.expect(201);
    let (tag, lab) = (reply.headers["etag"].to_str().unwrap().to_owned(), path(&reply.json));
    let seen = owner.client.clone().with_header("if-match", &tag);
    let changed = seen.patch(&lab, &json!({"name": " Laboratory "})).await.expect(200);
    assert_eq!(changed.json["name"], "Laboratory");
    assert_ne!(changed.headers["etag"], tag.as_str());
    assert_eq!(seen.patch(&lab, &json!({"name": "x"})).await.expect(412).code(), "version_mismatch");
    owner.client.clone().with_header("if-match", "lab").patch(&lab, &json!({})).await.expect(400);
    let same = owner.client.patch(&lab, &json!({})).await.expect(200);
    assert_eq!(same.headers["etag"], changed.headers["etag"]);
    for (pointer, body) in [
        ("/slug", json!({"slug": "other"})),
        ("/tenant_id", json!({"tenant_id": "ten_00000000000000000000000007"})),
        ("/name", json!({"name": ""})),
        ("/name", json!({"name": "a\u{202e}b"})),
        ("/name", json!({"name": "x".repeat(201)})),
    ] {
        let refused = owner.client.patch(&lab, &body).await.expect(422);
        assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{body}");
    }
    for slug in ["", "Lab", "-lab", "l--ab", "l_ab", "läb", &"x".repeat(64)] {
        let refused =
            owner.client.post("/v1/workspaces", &json!({"slug": slug, "name": "x"})).await.expect(422);
        assert_eq!(refused.json["errors"][0]["pointer"], "/slug", "{slug}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_workspaces_are_absent() {
    let (app, owner) = acme("enterprise").await;
    let rival = owned(&app, "rival", "enterprise").await;
    let theirs = made(&rival, "lab").await;
    let absent = told(
        &owner.client.patch("/v1/workspaces/wsp_00000000000000000000000007", &json!({"name": "x"})).await,
    );
    assert_eq!(absent.0, 404);
    for body in [json!({"name": "x"}), json!({"archived": true}), json!({"is_default": true})] {
        let mut foreign = told(&owner.client.patch(&path(&theirs), &body).await);
        foreign.1.clone_from(&absent.1);
        assert_eq!(foreign, absent, "{body}");
    }
    assert_eq!(slugs(&rival, "").await, ["default", "lab"]);
    assert_eq!(slugs(&owner, "?archived=true").await, ["default"]);
    made(&owner, "lab").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_changed_without_a_trace_of_addresses() {
    let (app, owner) = acme("enterprise").await;
    let shown = app.operator().get("/v1/tenants/acme").await.expect(200);
    let tag = shown.headers["etag"].to_str().unwrap().to_owned();
    let wish = json!({"name": " Acme Inc. ", "admin_email": "secret-person@acme.example", "allowed_domains": ["ACME.example", "acme.test"], "domain_join_role": "member"});
    let seen = app.operator().with_header("if-match", &tag);
    let changed = seen.patch("/v1/tenants/acme", &wish).await.expect(200);
    assert_eq!(changed.json["name"], "Acme Inc.");
    assert_eq!(changed.json["allowed_domains"], json!(["acme.example", "acme.test"]));
    assert_eq!(changed.json["domain_join_role"], "member");
    seen.patch("/v1/tenants/acme", &json!({"name": "x"})).await.expect(412);
    let now = app.operator().get("/v1/tenants/acme").await.expect(200);
    assert_eq!(
        (&now.json["admin_email"], &now.headers["etag"]),
        (&wish["admin_email"], &changed.headers["etag"])
    );
    for table in ["audit_unsealed", "audit_events"] {
        let sql = format!("SELECT count(*)::text FROM {table} t WHERE t::text LIKE '%secret-person%'");
        assert_eq!(superuser_sees(&app, &sql).await, "0", "{table}");
    }
    let forbid =
        app.operator().patch("/v1/tenants/acme", &json!({"domain_join_role": null})).await.expect(200);
    assert_eq!(forbid.json["domain_join_role"], Value::Null);
    for (pointer, body) in [
        ("/domain_join_role", json!({"domain_join_role": "admin"})),
        ("/domain_join_role", json!({"domain_join_role": "boss"})),
        ("/allowed_domains/0", json!({"allowed_domains": ["com"]})),
        ("/admin_email", json!({"admin_email": "nobody"})),
        ("/name", json!({"name": " "})),
        ("/slug", json!({"slug": "other"})),
        ("/status", json!({"status": "active"})),
    ] {
        let refused = app.operator().patch("/v1/tenants/acme", &body).await.expect(422);
        assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{body}");
    }
    app.operator().patch("/v1/tenants/nobody", &json!({"name": "x"})).await.expect(404);
    owner.client.patch("/v1/tenants/acme", &json!({"name": "x"})).await.expect(403);
}
