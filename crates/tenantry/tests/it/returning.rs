//! Who is gone stays gone: none of the ways in that were open before leads back, and what strangers ask for stays small.

use crate::{
    crew::{Person, accept, enter, mailing, owned, sign_in_nowhere, token_of},
    support::{as_superuser, superuser_sees},
};
use serde_json::{Value, json};
use tenantry_testkit::{Reply, TestApp, TestSmtp};

const ADA: &str = "ada@acme.example";

async fn acme(tier: &str) -> (TestApp, Person) {
    let app = TestApp::start().await;
    let owner = owned(&app, "acme", tier).await;
    (app, owner)
}

async fn change(app: &TestApp, wish: &Value) {
    app.operator().patch("/v1/tenants/acme", wish).await.expect(200);
}

/// People of the domain join as that.
async fn open_to_domain(app: &TestApp, role: &str) {
    change(app, &json!({"allowed_domains": ["acme.example"], "domain_join_role": role})).await;
}

/// A user with a proven mailbox, who is a member of another tenant and signed in nowhere.
async fn ada(app: &TestApp) -> Person {
    let rival = owned(app, "rival", "enterprise").await;
    rival.hire(app, ADA, "viewer").await;
    as_superuser(app, "UPDATE public.users SET email_verified_at = now()").await;
    sign_in_nowhere(app, ADA).await
}

async fn join(person: &Person) -> Reply {
    person.client.post("/v1/auth/join", &json!({"tenant": "acme"})).await
}

async fn ask(app: &TestApp, email: &str) {
    app.anyone.post("/v1/auth/join", &json!({"tenant": "acme", "email": email})).await.expect(202);
}

/// Asks until a further mail has come, and gives its link's token: an ask may be let fall while others are dealt with.
async fn asked(app: &TestApp, smtp: &TestSmtp, email: &str) -> String {
    let before = smtp.mails_to(email).len();
    for _ in 0..200 {
        ask(app, email).await;
        app.work().await;
        if let Some(mail) = smtp.mails_to(email).get(before) {
            return mail.token("/accept-invitation");
        }
    }
    panic!("{email} is not invited")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_removed_does_not_come_back_by_themselves() {
    let (app, owner) = acme("enterprise").await;
    let ada = ada(&app).await;
    open_to_domain(&app, "viewer").await;
    let open = owner.invite(ADA, "admin").await;
    join(&ada).await.expect(200);
    owner.remove(&ada).await.expect(204);
    accept(&app, &open, crate::crew::PASSWORD).await.expect(404);
    join(&ada).await.expect(403);
    // Who is invited anew is welcome, and whoever goes by themselves may return.
    let again = owner.invite(ADA, "viewer").await;
    accept(&app, &again, crate::crew::PASSWORD).await.expect(200);
    let inside = crate::crew::sign_in(&app, ADA, "acme", "default").await;
    inside.client.post("/v1/members/leave", &json!({})).await.expect(204);
    join(&ada).await.expect(200);
    owner.remove(&ada).await.expect(204);
    join(&ada).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_removed_is_not_invited_by_asking() {
    let (app, smtp) = mailing().await;
    let owner = owned(&app, "acme", "enterprise").await;
    open_to_domain(&app, "viewer").await;
    let ada = enter(&app, &asked(&app, &smtp, ADA).await, ADA).await;
    owner.remove(&ada).await.expect(204);
    for _ in 0..3 {
        ask(&app, ADA).await;
    }
    asked(&app, &smtp, "bob@acme.example").await;
    assert_eq!(smtp.mails_to(ADA).len(), 1);
    let open =
        format!("SELECT count(*)::text FROM public.invitations WHERE email = '{ADA}' AND used_at IS NULL");
    assert_eq!(superuser_sees(&app, &open).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_demoted_keeps_the_lower_role() {
    let (app, owner) = acme("enterprise").await;
    let ada = ada(&app).await;
    open_to_domain(&app, "member").await;
    let open = owner.invite(ADA, "admin").await;
    assert_eq!(join(&ada).await.expect(200).json["role"], "member");
    owner.set_role(&ada, "viewer").await.expect(200);
    accept(&app, &open, crate::crew::PASSWORD).await.expect(404);
    assert_eq!(join(&ada).await.expect(200).json["role"], "viewer");
    assert_eq!(owner.role_of(&ada).await.as_deref(), Some("viewer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_end_with_what_allowed_them() {
    let (app, smtp) = mailing().await;
    let owner = owned(&app, "acme", "enterprise").await;
    owner.client.post("/v1/invitations", &json!({"email": "own@acme.example"})).await.expect(201);
    for end in [
        json!({"domain_join_role": null}),
        json!({"allowed_domains": ["other.example"]}),
        json!({"domain_join_role": "viewer"}),
    ] {
        open_to_domain(&app, "member").await;
        let token = asked(&app, &smtp, ADA).await;
        change(&app, &end).await;
        accept(&app, &token, crate::crew::PASSWORD).await.expect(404);
    }
    // What changes nothing of it ends nothing, and what a member sent is a member's word.
    open_to_domain(&app, "viewer").await;
    let token = asked(&app, &smtp, ADA).await;
    change(&app, &json!({"name": "Acme2", "allowed_domains": ["x.example", "ACME.example"]})).await;
    change(&app, &json!({"domain_join_role": "member"})).await;
    enter(&app, &token, ADA).await;
    change(&app, &json!({"domain_join_role": null})).await;
    enter(&app, &smtp.mails_to("own@acme.example")[0].token("/accept-invitation"), "own@acme.example").await;
    assert_eq!(owner.members().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_of_strangers_are_bounded_and_take_no_seats() {
    let (app, _smtp) = mailing().await;
    let owner = owned(&app, "acme", "pro").await;
    open_to_domain(&app, "viewer").await;
    as_superuser(&app, "INSERT INTO public.invitations (id, tenant_id, workspace_id, email, role, token_hash, created_at, expires_at, mailed)
        SELECT gen_random_uuid(), tenant_id, id, 's' || n || '@acme.example', 'viewer', sha256(n::text::bytea), now(), now() + interval '1 day', true
        FROM public.workspaces, generate_series(1, 47) n").await;
    let open = "SELECT count(*)::text FROM public.invitations WHERE mailed AND used_at IS NULL AND revoked_at IS NULL";
    let round = async || {
        for n in 0..8 {
            ask(&app, &format!("t{n}@acme.example")).await;
        }
        superuser_sees(&app, open).await
    };
    let mut rounds = 0;
    while round().await != "50" {
        rounds += 1;
        assert!(rounds < 200, "{}", superuser_sees(&app, open).await);
    }
    for _ in 0..5 {
        assert_eq!(round().await, "50");
    }
    // Ten members in a workspace of pro: nine seats beside the owner's are still free for those whom the tenant invites.
    for n in 0..10 {
        let body = json!({"email": format!("m{n}@acme.example")});
        owner.client.post("/v1/invitations", &body).await.expect(if n < 9 { 201 } else { 402 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_of_an_issuer_that_is_gone_can_be_removed() {
    let (app, owner) = acme("enterprise").await;
    let ada = owner.hire(&app, ADA, "member").await;
    let managed = format!(
        "UPDATE public.memberships m SET managed_by = 'gone' FROM public.users u WHERE u.id = m.user_id AND u.email = '{ADA}'"
    );
    as_superuser(&app, &managed).await;
    let refused = owner.set_role(&ada, "viewer").await.expect(409);
    assert!(refused.text.contains("configured here no longer"), "{}", refused.text);
    owner.remove(&ada).await.expect(204);
    assert_eq!(owner.members().await.len(), 1);
    ada.client.get("/v1/agents").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_never_comes_again() {
    let (app, owner) = acme("enterprise").await;
    let ada = owner.hire(&app, ADA, "member").await;
    let changed = owner.set_role(&ada, "viewer").await.expect(200);
    let (path, tag) =
        (format!("/v1/members/{}", ada.id), changed.headers["etag"].to_str().unwrap().to_owned());
    owner.remove(&ada).await.expect(204);
    let token = owner.invite(ADA, "member").await;
    accept(&app, &token, crate::crew::PASSWORD).await.expect(200);
    let versions: Vec<_> = owner.members().await.iter().map(|member| member.version).collect();
    assert_eq!(versions, [1, 3]);
    let member = |tag: &str| owner.client.clone().with_header("if-match", tag);
    member(&tag).patch(&path, &json!({"role": "viewer"})).await.expect(412);
    member("\"1\"").delete(&path).await.expect(412);
    member("\"3\"").patch(&path, &json!({"role": "viewer"})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_owners_link_is_made_anew() {
    let app = TestApp::start().await;
    let lost = crate::crew::tenant(&app, "acme", "enterprise").await;
    let path = "/v1/tenants/acme/owner-invitation";
    let operator = app.operator().with_header("idempotency-key", "one");
    let first = operator.post(path, &json!({})).await.expect(201);
    assert_eq!(
        operator.post(path, &json!({})).await.expect(201).json,
        first.json,
        "told again to the same request"
    );
    change(&app, &json!({"admin_email": "Boss@acme.example"})).await;
    let made = app.operator().post(path, &json!({})).await.expect(201).json;
    assert_eq!(made["email"], "Boss@acme.example");
    for void in [lost, token_of(first.json["url"].as_str().unwrap())] {
        accept(&app, &void, crate::crew::PASSWORD).await.expect(404);
    }
    let boss = enter(&app, &token_of(made["url"].as_str().unwrap()), "boss@acme.example").await;
    assert_eq!(boss.role_of(&boss).await.as_deref(), Some("owner"));
    let has_one = app.operator().post(path, &json!({})).await.expect(409);
    assert!(has_one.text.contains("has an owner"), "{}", has_one.text);
    app.operator().post("/v1/tenants/nobody/owner-invitation", &json!({})).await.expect(404);
    app.operator().post(path, &json!({"email": "eve@evil.example"})).await.expect(422);
    boss.client.post(path, &json!({})).await.expect(403);
    let trail = "SELECT string_agg(after::text, '') FROM public.audit_unsealed WHERE action = 'invitation.create' AND actor_kind = 'operator'";
    let trail = superuser_sees(&app, trail).await;
    assert_eq!((trail.matches("owner").count(), trail.contains('@')), (2, false), "{trail}");
    app.operator().post("/v1/tenants/acme/suspend", &json!({})).await.expect(202);
    app.work().await;
    app.operator().post(path, &json!({})).await.expect(409);
}
