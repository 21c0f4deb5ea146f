//! Members: who gives what to whom, and that a workspace keeps an owner.

use crate::{
    crew::{Person, owned, sign_in},
    support::{superuser_sees, told},
};
use serde_json::json;
use std::collections::BTreeSet;
use tenantry_testkit::TestApp;
use tenantry_types::{identity::Member, page::Page};

const NOBODY: &str = "usr_00000000000000000000000007";

async fn acme() -> (TestApp, Person) {
    let app = TestApp::start().await;
    let owner = owned(&app, "acme", "enterprise").await;
    (app, owner)
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_in_pages() {
    let (app, owner) = acme().await;
    for n in 0..4 {
        owner.hire(&app, &format!("m{n}@acme.example"), "viewer").await;
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/members?limit=2".to_owned());
    loop {
        let page: Page<Member> = owner.client.get(&path).await.expect(200).parse();
        assert!(page.items.len() <= 2);
        seen.extend(page.items);
        let Some(cursor) = page.next_cursor else { break };
        path = format!("/v1/members?limit=2&cursor={cursor}");
        // Who goes in between takes nobody else's place.
        if seen.len() == 2 {
            owner.client.delete(&format!("/v1/members/{}", seen[1].user_id)).await.expect(204);
        }
    }
    let emails: BTreeSet<_> = seen.iter().map(|member| member.email.clone()).collect();
    assert_eq!((seen.len(), emails.len()), (5, 5));
    assert_eq!(seen[0].email, "owner@acme.example");
    for bad in ["limit=0", "limit=201", "cursor=x", "cursor=1.usr_0", "page=2"] {
        owner.client.get(&format!("/v1/members?{bad}")).await.expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_or_takes_more_than_they_have() {
    let (app, owner) = acme().await;
    let admin = owner.hire(&app, "admin@acme.example", "admin").await;
    let member = owner.hire(&app, "member@acme.example", "member").await;
    let viewer = owner.hire(&app, "viewer@acme.example", "viewer").await;
    for low in [&member, &viewer] {
        low.set_role(&viewer, "viewer").await.expect(403);
        low.remove(&viewer).await.expect(403);
        low.client
            .post("/v1/invitations", &json!({"email": "x@acme.example", "role": "viewer"}))
            .await
            .expect(403);
        assert_eq!(low.members().await.len(), 4, "whoever is a member sees the members");
    }
    for (to, status) in [("admin", 200), ("member", 200), ("viewer", 200), ("owner", 403)] {
        admin.set_role(&member, to).await.expect(status);
    }
    for refused in [admin.set_role(&owner, "viewer").await, admin.set_role(&admin, "owner").await] {
        assert_eq!(refused.expect(403).code(), "forbidden");
    }
    admin.remove(&owner).await.expect(403);
    for role in ["owner", "admin"] {
        let body = json!({"email": format!("{role}2@acme.example"), "role": role});
        admin.client.post("/v1/invitations", &body).await.expect(if role == "owner" { 403 } else { 201 });
    }
    owner.set_role(&admin, "owner").await.expect(200);
    admin.set_role(&owner, "viewer").await.expect(200);
    assert_eq!(admin.role_of(&owner).await.as_deref(), Some("viewer"));
    for word in ["boss", "", "owner "] {
        owner.client.patch(&format!("/v1/members/{}", admin.id), &json!({"role": word})).await;
        admin.set_role(&viewer, word).await.expect(422);
    }
    let more = json!({"role": "member", "tenant_id": "ten_00000000000000000000000007"});
    admin.client.patch(&format!("/v1/members/{}", viewer.id), &more).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_stays() {
    let (app, owner) = acme().await;
    let other = owner.hire(&app, "other@acme.example", "admin").await;
    for refused in [
        owner.set_role(&owner, "admin").await,
        owner.remove(&owner).await,
        owner.client.post("/v1/members/leave", &json!({})).await,
    ] {
        assert_eq!(refused.expect(409).code(), "conflict");
    }
    owner.set_role(&other, "owner").await.expect(200);
    owner.client.post("/v1/members/leave", &json!({})).await.expect(204);
    assert_eq!(other.members().await.len(), 1);
    owner.client.get("/v1/members").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_cannot_demote_each_other() {
    let (app, one) = acme().await;
    let two = one.hire(&app, "two@acme.example", "owner").await;
    for _ in 0..5 {
        let (first, second) = tokio::join!(one.set_role(&two, "viewer"), two.set_role(&one, "viewer"));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{} {}", first.text, second.text);
        assert!([401, 403].contains(&statuses[1]), "{} {}", first.text, second.text);
        let owners =
            superuser_sees(&app, "SELECT count(*)::text FROM memberships WHERE role = 'owner'").await;
        assert_eq!(owners, "1");
        let (winner, loser) = if first.status == 200 { (&one, &two) } else { (&two, &one) };
        winner.set_role(loser, "owner").await.expect(200);
    }
    let nothing = json!({});
    let (first, second) = tokio::join!(
        one.client.post("/v1/members/leave", &nothing),
        two.client.post("/v1/members/leave", &nothing)
    );
    let statuses = BTreeSet::from([first.status.as_u16(), second.status.as_u16()]);
    assert_eq!(statuses, BTreeSet::from([204, 409]), "{} {}", first.text, second.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_member_is_refused_at_once() {
    let (app, owner) = acme().await;
    let member = owner.hire(&app, "member@acme.example", "member").await;
    let elsewhere = TestApp::builder().database(&app.database).start().await;
    let there = elsewhere.anyone.clone();
    let body = json!({"name": "Iris", "role": "r"});
    let made = member.client.post("/v1/agents", &body).await.expect(201);
    let path = format!("/v1/agents/{}", made.json["id"].as_str().unwrap());
    owner.set_role(&member, "viewer").await.expect(200);
    member.client.delete(&path).await.expect(403);
    member.client.get(&path).await.expect(200);
    owner.remove(&member).await.expect(204);
    member.client.get(&path).await.expect(401);
    member.client.post("/v1/agents", &json!({"name": "Ada", "role": "r"})).await.expect(401);
    there.get("/v1/agents").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_removed_admin_invited_is_void() {
    let (app, owner) = acme().await;
    let admin = owner.hire(&app, "admin@acme.example", "admin").await;
    let (back_door, kept) = (
        admin.invite("admin2@acme.example", "admin").await,
        owner.invite("new@acme.example", "viewer").await,
    );
    owner.remove(&admin).await.expect(204);
    crate::crew::accept(&app, &back_door, crate::crew::PASSWORD).await.expect(404);
    crate::crew::accept(&app, &kept, crate::crew::PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_names_the_version_that_it_is_for() {
    let (app, owner) = acme().await;
    let member = owner.hire(&app, "member@acme.example", "member").await;
    let path = format!("/v1/members/{}", member.id);
    let stale = owner.client.clone().with_header("if-match", "\"7\"");
    assert_eq!(stale.patch(&path, &json!({"role": "viewer"})).await.expect(412).code(), "version_mismatch");
    stale.delete(&path).await.expect(412);
    let changed = owner.client.clone().with_header("if-match", "\"1\"");
    let reply = changed.patch(&path, &json!({"role": "viewer"})).await.expect(200);
    assert_eq!((&reply.json["version"], &reply.headers["etag"]), (&json!(2), &"\"2\"".parse().unwrap()));
    let same = owner.client.patch(&path, &json!({"role": "viewer"})).await.expect(200);
    assert_eq!(same.json["version"], 2, "nothing has changed");
    let trail = superuser_sees(
        &app,
        "SELECT string_agg(action, ' ' ORDER BY occurred_at) FROM (SELECT action, occurred_at FROM audit_unsealed UNION ALL SELECT action, occurred_at FROM audit_events) e WHERE action LIKE 'member.%'",
    )
    .await;
    assert_eq!(trail, "member.update");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_and_absent_members_are_the_same() {
    let (app, owner) = acme().await;
    let rival = owned(&app, "rival", "enterprise").await;
    let absent =
        owner.client.patch(&format!("/v1/members/{NOBODY}"), &json!({"role": "viewer"})).await.expect(404);
    for id in [rival.id.as_str(), "usr_1", "acme"] {
        let path = format!("/v1/members/{id}");
        let foreign = owner.client.patch(&path, &json!({"role": "viewer"})).await;
        assert_eq!(told(&foreign), told(&absent), "{id}");
        assert_eq!(told(&owner.client.delete(&path).await).0, 404);
    }
    assert_eq!(rival.members().await.len(), 1);
    let key = app.key("acme", &json!({"name": "k", "role": "admin"})).await;
    let key = app.anyone.clone().with_token(Some(&key.key));
    key.delete(&format!("/v1/members/{}", owner.id)).await.expect(403);
    assert_eq!(key.get("/v1/members").await.expect(200).json["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_changes_nothing() {
    let (app, owner) = acme().await;
    let admin = owner.hire(&app, "admin@acme.example", "admin").await;
    let rounds =
        (0..8).map(|n| {
            let admin = admin.clone();
            async move {
                admin.client.post("/v1/invitations", &json!({"email": format!("x{n}@acme.example")})).await
            }
        });
    let rounds: Vec<_> = rounds.map(tenantry_pg::task::detached).collect();
    owner.remove(&admin).await.expect(204);
    for round in rounds {
        let status = round.await.unwrap().status.as_u16();
        assert!([201, 401, 403].contains(&status), "{status}");
    }
    let open = "SELECT count(*)::text FROM invitations WHERE invited_by IS NOT NULL AND used_at IS NULL AND revoked_at IS NULL";
    assert_eq!(superuser_sees(&app, open).await, "0", "an invitation outlived the one who made it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_two_workspaces_is_something_else_in_each() {
    let (app, owner) = acme().await;
    owner.client.post("/v1/workspaces", &json!({"slug": "lab", "name": "Lab"})).await.expect(201);
    let in_lab = sign_in(&app, &owner.email, "acme", "lab").await;
    let member = owner.hire(&app, "member@acme.example", "viewer").await;
    assert_eq!(in_lab.members().await.len(), 1, "a workspace shows its own members");
    in_lab.remove(&member).await.expect(404);
    let token = in_lab.invite("member@acme.example", "admin").await;
    member.client.post("/v1/auth/accept-invitation", &json!({"token": token})).await.expect(200);
    let there = sign_in(&app, &member.email, "acme", "lab").await;
    assert_eq!(there.role_of(&there).await.as_deref(), Some("admin"));
    assert_eq!(owner.role_of(&member).await.as_deref(), Some("viewer"));
}
