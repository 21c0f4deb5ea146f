//! Invitations: a link opens once, for whom it is, and never one too many.

use crate::{
    crew::{PASSWORD, Person, accept, enter, mailing, owned, sign_in, sign_in_nowhere, tenant, token_of},
    support::{as_superuser, superuser_sees, told},
};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::BTreeMap;
use tenantry_testkit::{Reply, TestApp};
use tenantry_types::{identity::Invitation, page::Page};

const UNKNOWN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

async fn acme(tier: &str) -> (TestApp, Person) {
    let app = TestApp::start().await;
    let owner = owned(&app, "acme", tier).await;
    (app, owner)
}

fn count(replies: &[Reply]) -> BTreeMap<u16, usize> {
    let mut counted = BTreeMap::new();
    for reply in replies {
        *counted.entry(reply.status.as_u16()).or_default() += 1;
    }
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_comes_in_by_the_link_of_the_making() {
    let app = TestApp::start().await;
    let token = tenant(&app, "acme", "free").await;
    let joined = accept(&app, &token, PASSWORD).await.expect(200).json;
    assert_eq!(
        (&joined["tenant"], &joined["workspace"], &joined["role"]),
        (&json!("acme"), &json!("default"), &json!("owner"))
    );
    accept(&app, &token, PASSWORD).await.expect(404);
    let email = superuser_sees(&app, "SELECT email FROM users").await;
    assert_eq!(email, "owner@acme.example", "in lower case, whatever the operator wrote");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_once() {
    let (app, owner) = acme("enterprise").await;
    let made = owner.client.post("/v1/invitations", &json!({"email": "Ada@Acme.Example"})).await.expect(201);
    let invitation: Invitation = made.parse();
    assert_eq!((invitation.email.as_str(), invitation.role.as_str()), ("ada@acme.example", "member"));
    assert!(!invitation.mailed && invitation.status.as_str() == "open");
    let link = invitation.link.unwrap();
    assert!(link.expose().starts_with(&format!("{}/accept-invitation#token=", app.app.public_url)));
    let token = token_of(link.expose());
    enter(&app, &token, "ada@acme.example").await;
    let again = accept(&app, &token, PASSWORD).await.expect(404);
    assert_eq!(told(&again), told(&accept(&app, UNKNOWN, PASSWORD).await));
    let list: Page<Invitation> = owner.client.get("/v1/invitations").await.expect(200).parse();
    let told: Vec<_> = list.items.iter().map(|one| (one.status.as_str(), one.link.is_none())).collect();
    assert_eq!(told, [("accepted", true), ("accepted", true)], "Ada's and the owner's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_what_it_opens_to_who_holds_it() {
    let app = TestApp::start().await;
    let look =
        async |token: &str| app.anyone.post("/v1/auth/preview-invitation", &json!({"token": token})).await;
    let first = tenant(&app, "acme", "enterprise").await;
    app.operator().patch("/v1/tenants/acme", &json!({"name": "Acme Inc."})).await.expect(200);
    let shown = look(&first).await.expect(200).json;
    assert_eq!((&shown["role"], shown.get("invited_by")), (&json!("owner"), None), "nobody did by hand");
    let owner = enter(&app, &first, "owner@acme.example").await;
    let made =
        owner.client.post("/v1/invitations", &json!({"email": "ada@acme.example"})).await.expect(201).json;
    let token = token_of(made["link"].as_str().unwrap());
    let shown = look(&token).await.expect(200).json;
    let inviter = superuser_sees(&app, "SELECT name FROM users WHERE email = 'owner@acme.example'").await;
    assert_eq!(
        shown,
        json!({
            "tenant": "acme", "tenant_name": "Acme Inc.", "workspace": "default", "workspace_name": "Default",
            "role": "member", "email": "ada@acme.example", "invited_by": inviter, "expires_at": made["expires_at"],
        })
    );
    // Whoever looked has used nothing up.
    assert_eq!(look(&token).await.expect(200).json, shown);
    accept(&app, &token, PASSWORD).await.expect(200);
    let shut = told(&look(UNKNOWN).await.expect(404));
    for gone in [&token, &first, &"x".to_owned()] {
        assert_eq!(told(&look(gone).await), shut);
    }
    let open = owner.invite("ben@acme.example", "viewer").await;
    app.operator().post("/v1/tenants/acme/suspend", &json!({})).await.expect(202);
    assert_eq!(told(&look(&open).await), shut, "where nobody is let in now");
    look("").await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_with_one_link_make_one_member() {
    let (app, owner) = acme("enterprise").await;
    let token = owner.invite("ada@acme.example", "member").await;
    let (one, two) = tokio::join!(accept(&app, &token, PASSWORD), accept(&app, &token, PASSWORD));
    let counted = count(&[one, two]);
    assert_eq!(counted[&200], 1, "{counted:?}");
    assert!(counted.keys().all(|status| [200, 404, 409].contains(status)), "{counted:?}");
    assert_eq!(owner.members().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_do_not_open_are_alike() {
    let (app, owner) = acme("enterprise").await;
    let unknown = told(&accept(&app, UNKNOWN, PASSWORD).await);
    assert_eq!(unknown.0, 404);
    let revoked =
        owner.client.post("/v1/invitations", &json!({"email": "a@acme.example"})).await.expect(201).json;
    let path = format!("/v1/invitations/{}", revoked["id"].as_str().unwrap());
    owner.client.delete(&path).await.expect(204);
    owner.client.delete(&path).await.expect(204);
    let replaced = owner.invite("b@acme.example", "member").await;
    let kept = owner.invite("B@acme.example", "viewer").await;
    let body = json!({"email": "c@acme.example", "expires_in_hours": 1});
    let short = owner.client.post("/v1/invitations", &body).await.expect(201).json;
    app.clock.advance(TimeDelta::minutes(61));
    let link = |json: &serde_json::Value| token_of(json["link"].as_str().unwrap());
    for token in [link(&revoked), replaced, link(&short), String::new() + "x", "ü".repeat(64)] {
        assert_eq!(told(&accept(&app, &token, PASSWORD).await), unknown, "{token}");
    }
    accept(&app, &kept, PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_refused() {
    let (app, owner) = acme("enterprise").await;
    let rival = owned(&app, "rival", "enterprise").await;
    let token = owner.invite("ada@acme.example", "member").await;
    let by = |client: &tenantry_testkit::Client| {
        let (client, token) = (client.clone(), token.clone());
        async move { client.post("/v1/auth/accept-invitation", &json!({"token": token})).await }
    };
    by(&rival.client).await.expect(403);
    by(&app.operator()).await.expect(403);
    let key = app.key("acme", &json!({"name": "k", "role": "admin"})).await;
    by(&app.anyone.clone().with_token(Some(&key.key))).await.expect(403);
    by(&app.anyone.clone().with_token(Some("nonsense"))).await.expect(401);
    let missing = by(&app.anyone).await.expect(422);
    assert_eq!(missing.json["errors"][0]["pointer"], "/password");
    assert_eq!(owner.members().await.len(), 1);
    // Who is signed in with the address that was invited needs nothing else.
    let token = owner.invite("owner@rival.example", "admin").await;
    let joined = rival.client.post("/v1/auth/accept-invitation", &json!({"token": token})).await.expect(200);
    assert_eq!((&joined.json["tenant"], &joined.json["role"]), (&json!("acme"), &json!("admin")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_needs_its_password() {
    let (app, owner) = acme("enterprise").await;
    let rival = owned(&app, "rival", "enterprise").await;
    let token = owner.invite(&rival.email, "member").await;
    let wrong = accept(&app, &token, "another-vexing-plum-orbit-42").await.expect(401);
    assert_eq!(wrong.code(), "bad_credentials");
    assert_eq!(owner.members().await.len(), 1);
    accept(&app, &token, PASSWORD).await.expect(200);
    let token = owner.invite("new@acme.example", "member").await;
    for easy in ["short", "password1234", "aaaaaaaaaaaaaaaa", "new@acme.example"] {
        let refused = accept(&app, &token, easy).await.expect(422);
        assert_eq!(refused.json["errors"][0]["pointer"], "/password", "{easy}");
    }
    assert_eq!(
        superuser_sees(&app, "SELECT count(*)::text FROM users").await,
        "2",
        "nothing is left of a refusal"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_told_proves_no_mailbox() {
    let (app, owner) = acme("enterprise").await;
    owner.hire(&app, "ada@acme.example", "member").await;
    let proven = "SELECT count(email_verified_at)::text FROM users";
    assert_eq!(superuser_sees(&app, proven).await, "0");
    let (app, smtp) = mailing().await;
    let owner = owned(&app, "acme", "enterprise").await;
    let body = json!({"email": "ada@acme.example", "role": "viewer"});
    let made = owner.client.post("/v1/invitations", &body).await.expect(201);
    assert_eq!((&made.json["mailed"], made.json.get("link")), (&json!(true), None));
    app.work().await;
    let token = smtp.mails_to("ada@acme.example")[0].token("/accept-invitation");
    enter(&app, &token, "ada@acme.example").await;
    let verified = "SELECT string_agg(email, ' ') FROM users WHERE email_verified_at IS NOT NULL";
    assert_eq!(superuser_sees(&app, verified).await, "ada@acme.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_stored() {
    let (app, owner) = acme("enterprise").await;
    let body = json!({"email": "ada@acme.example"});
    let client = owner.client.clone().with_header("idempotency-key", "one");
    let made = client.post("/v1/invitations", &body).await.expect(201);
    let again = client.post("/v1/invitations", &body).await.expect(201);
    assert_eq!((&again.json, again.headers.contains_key("idempotent-replayed")), (&made.json, true));
    client.post("/v1/invitations", &json!({"email": "bob@acme.example"})).await.expect(422);
    let token = token_of(made.json["link"].as_str().unwrap());
    for table in ["invitations", "idempotency_keys", "audit_unsealed", "audit_events", "mails"] {
        let sql = format!("SELECT count(*)::text FROM {table} t WHERE t::text LIKE '%{token}%'");
        assert_eq!(superuser_sees(&app, &sql).await, "0", "{table}");
    }
    for table in ["audit_unsealed", "audit_events"] {
        let sql = format!(
            "SELECT count(*)::text FROM {table} t WHERE t.action LIKE 'invitation%' AND t::text LIKE '%ada@%'"
        );
        assert_eq!(superuser_sees(&app, &sql).await, "0", "no address in {table}");
    }
    let list = owner.client.get("/v1/invitations").await.expect(200);
    assert!(!list.text.contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_invitations_meet_the_limit() {
    let (app, owner) = acme("pro").await;
    let all = (0..64).map(|n| {
        let client = owner.client.clone();
        tenantry_pg::task::detached(async move {
            client.post("/v1/invitations", &json!({"email": format!("m{n}@acme.example")})).await
        })
    });
    let mut replies = Vec::new();
    for one in all.collect::<Vec<_>>() {
        replies.push(one.await.unwrap());
    }
    // Ten members in a workspace of pro, and the owner is one.
    let counted = count(&replies);
    assert_eq!((counted[&201], counted[&402]), (9, 55), "{counted:?}");
    let refused = replies.iter().find(|reply| reply.status == 402).unwrap();
    assert_eq!(refused.code(), "quota_exceeded");
    assert!(
        refused.text.contains("`workspace_members` of the tier pro is 10, and 10 are used"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("enterprise"), "{}", refused.text);
    // One that is taken back makes room for one.
    let open: Page<Invitation> = owner.client.get("/v1/invitations?limit=1").await.expect(200).parse();
    owner.client.delete(&format!("/v1/invitations/{}", open.items[0].id)).await.expect(204);
    owner.client.post("/v1/invitations", &json!({"email": "last@acme.example"})).await.expect(201);
    owner.client.post("/v1/invitations", &json!({"email": "more@acme.example"})).await.expect(402);
    drop(app);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_at_the_last_place() {
    let (app, owner) = acme("enterprise").await;
    let mut tokens = Vec::new();
    for n in 0..16 {
        tokens.push(owner.invite(&format!("m{n}@acme.example"), "viewer").await);
    }
    // The tier was changed since: one more member, and sixteen who may come.
    as_superuser(&app, "UPDATE tenants SET plan_tier = 'starter'").await;
    owner.hire_refused(&app).await;
    owner_fills(&app, &tokens[0]).await;
    let all: Vec<_> = tokens[1..]
        .iter()
        .map(|token| {
            let (client, token) = (app.anyone.clone(), token.clone());
            tenantry_pg::task::detached(async move {
                client
                    .post("/v1/auth/accept-invitation", &json!({"token": token, "password": PASSWORD}))
                    .await
            })
        })
        .collect();
    let mut replies = Vec::new();
    for one in all {
        replies.push(one.await.unwrap());
    }
    let counted = count(&replies);
    assert_eq!((counted.get(&200), counted.get(&402)), (Some(&1), Some(&14)), "{counted:?}");
    assert_eq!(owner.members().await.len(), 3);
    assert_eq!(
        superuser_sees(&app, "SELECT count(*)::text FROM users").await,
        "3",
        "a refusal leaves no account"
    );
}

async fn owner_fills(app: &TestApp, token: &str) {
    accept(app, token, PASSWORD).await.expect(200);
}

impl Person {
    async fn hire_refused(&self, _: &TestApp) {
        let refused =
            self.client.post("/v1/invitations", &json!({"email": "late@acme.example"})).await.expect(402);
        assert!(refused.text.contains("tier starter is 3, and 17 are used"), "{}", refused.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_wishes_are_told_by_their_field() {
    let (app, owner) = acme("enterprise").await;
    for (pointer, body) in [
        ("/email", json!({"email": "ada"})),
        ("/email", json!({"email": "аda@acme.example"})),
        ("/email", json!({"email": "ada@acme.example\u{200b}"})),
        ("/email", json!({"email": "ada@acme.example, eve@evil.example"})),
        ("/role", json!({"email": "ada@acme.example", "role": "boss"})),
        ("/expires_in_hours", json!({"email": "ada@acme.example", "expires_in_hours": 0})),
        ("/expires_in_hours", json!({"email": "ada@acme.example", "expires_in_hours": 721})),
        ("/tenant_id", json!({"email": "ada@acme.example", "tenant_id": "ten_00000000000000000000000007"})),
        (
            "/workspace_id",
            json!({"email": "ada@acme.example", "workspace_id": "wsp_00000000000000000000000007"}),
        ),
        ("/mailed", json!({"email": "ada@acme.example", "mailed": true})),
        ("/invited_by", json!({"email": "ada@acme.example", "invited_by": owner.id})),
    ] {
        let refused = owner.client.post("/v1/invitations", &body).await.expect(422);
        assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{body}");
    }
    let more = json!({"token": UNKNOWN, "password": PASSWORD, "role": "owner"});
    app.anyone.post("/v1/auth/accept-invitation", &more).await.expect(422);
    owner.client.post("/v1/invitations", &json!({"email": "owner@acme.example"})).await.expect(409);
    owner
        .client
        .clone()
        .without_keys()
        .post("/v1/invitations", &json!({"email": "a@acme.example"}))
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_invitations_are_absent() {
    let (app, owner) = acme("enterprise").await;
    let rival = owned(&app, "rival", "enterprise").await;
    let theirs =
        rival.client.post("/v1/invitations", &json!({"email": "x@rival.example"})).await.expect(201).json;
    let absent = told(&owner.client.delete("/v1/invitations/inv_00000000000000000000000007").await);
    assert_eq!(absent.0, 404);
    let foreign = format!("/v1/invitations/{}", theirs["id"].as_str().unwrap());
    assert_eq!(told(&owner.client.delete(&foreign).await), absent);
    assert!(!owner.client.get("/v1/invitations").await.expect(200).text.contains("rival"));
    accept(&app, &token_of(theirs["link"].as_str().unwrap()), PASSWORD).await.expect(200);
    rival.client.delete(&foreign).await.expect(409);
    let admin = owner.hire(&app, "admin@acme.example", "admin").await;
    let owners =
        owner.client.post("/v1/invitations", &json!({"email": "o@acme.example", "role": "owner"})).await;
    let owners = format!("/v1/invitations/{}", owners.expect(201).json["id"].as_str().unwrap());
    admin.client.delete(&owners).await.expect(403);
    let over = json!({"email": "o@acme.example", "role": "viewer"});
    admin.client.post("/v1/invitations", &over).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_invites_so_many_a_day() {
    let (app, _smtp) = mailing().await;
    let owner = owned(&app, "acme", "enterprise").await;
    let rival = owned(&app, "rival", "enterprise").await;
    // Taken back ones were mailed too.
    as_superuser(&app, "INSERT INTO public.invitations (id, tenant_id, workspace_id, email, role, token_hash, created_at, expires_at, revoked_at, mailed, invited_by)
        SELECT gen_random_uuid(), w.tenant_id, w.id, 'm' || n || '@acme.example', 'viewer', sha256(n::text::bytea), now(), now() + interval '1 day', now(), true, m.user_id
        FROM public.workspaces w JOIN public.tenants t ON t.id = w.tenant_id JOIN public.memberships m ON m.workspace_id = w.id, generate_series(1, 499) n
        WHERE t.slug = 'acme'").await;
    let body = json!({"email": "ada@acme.example"});
    owner.client.post("/v1/invitations", &body).await.expect(201);
    let refused = owner.client.post("/v1/invitations", &body).await.expect(429);
    let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    rival.client.post("/v1/invitations", &body).await.expect(201);
    app.clock.advance(TimeDelta::seconds(wait + 1));
    let owner = sign_in(&app, &owner.email, "acme", "default").await;
    owner.client.post("/v1/invitations", &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_that_are_over_are_forgotten() {
    let (app, owner) = acme("enterprise").await;
    owner.hire(&app, "used@acme.example", "viewer").await;
    let wish = |email: &str, hours: u16| json!({"email": email, "expires_in_hours": hours});
    let revoked =
        owner.client.post("/v1/invitations", &wish("revoked@acme.example", 720)).await.expect(201).json;
    owner.client.delete(&format!("/v1/invitations/{}", revoked["id"].as_str().unwrap())).await.expect(204);
    for (email, hours) in [("expired@acme.example", 1), ("lately@acme.example", 720)] {
        owner.client.post("/v1/invitations", &wish(email, hours)).await.expect(201);
    }
    let left = "SELECT string_agg(split_part(email, '@', 1), ' ' ORDER BY id) FROM public.invitations";
    app.clock.advance(TimeDelta::days(29));
    app.work().await;
    assert_eq!(superuser_sees(&app, left).await, "Owner used revoked expired lately");
    app.clock.advance(TimeDelta::days(2));
    app.work().await;
    assert_eq!(superuser_sees(&app, left).await, "lately");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_lets_nobody_in() {
    let (app, owner) = acme("enterprise").await;
    let token = owner.invite("ada@acme.example", "member").await;
    app.operator().post("/v1/tenants/acme/suspend", &json!({})).await.expect(202);
    app.work().await;
    accept(&app, &token, PASSWORD).await.expect(404);
    app.operator().post("/v1/tenants/acme/resume", &json!({})).await.expect(202);
    app.work().await;
    accept(&app, &token, PASSWORD).await.expect(200);
}

async fn open_to_domain(app: &TestApp) {
    let wish = json!({"allowed_domains": ["Acme.example"], "domain_join_role": "viewer"});
    app.operator().patch("/v1/tenants/acme", &wish).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_has_a_proven_mailbox() {
    let (app, owner) = acme("enterprise").await;
    let rival = owned(&app, "rival", "enterprise").await;
    rival.hire(&app, "ada@acme.example", "viewer").await;
    rival.hire(&app, "eve@sub.acme.example", "viewer").await;
    let (ada, eve) = (
        sign_in_nowhere(&app, "ada@acme.example").await,
        sign_in_nowhere(&app, "eve@sub.acme.example").await,
    );
    let join = json!({"tenant": "acme"});
    open_to_domain(&app).await;
    ada.client.post("/v1/auth/join", &join).await.expect(403);
    as_superuser(&app, "UPDATE users SET email_verified_at = now()").await;
    let unknown = told(&eve.client.post("/v1/auth/join", &json!({"tenant": "nobody"})).await.expect(403));
    assert_eq!(told(&eve.client.post("/v1/auth/join", &join).await), unknown);
    let joined = ada.client.post("/v1/auth/join", &join).await.expect(200).json;
    assert_eq!((&joined["workspace"], &joined["role"]), (&json!("default"), &json!("viewer")));
    assert_eq!(ada.client.post("/v1/auth/join", &join).await.expect(200).json, joined, "twice is once");
    assert_eq!(owner.members().await.len(), 2);
    app.operator().patch("/v1/tenants/acme", &json!({"domain_join_role": null})).await.expect(200);
    as_superuser(&app, "DELETE FROM memberships m USING tenants t WHERE t.id = m.tenant_id AND t.slug = 'acme' AND m.role = 'viewer'").await;
    assert_eq!(told(&ada.client.post("/v1/auth/join", &join).await), unknown);
    ada.client.post("/v1/auth/join", &json!({"tenant": "acme", "role": "owner"})).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_to_join_tells_nothing() {
    let (app, smtp) = mailing().await;
    let owner = owned(&app, "acme", "enterprise").await;
    open_to_domain(&app).await;
    let ask = |tenant: &str, email: &str| {
        let (client, body) = (app.anyone.clone(), json!({"tenant": tenant, "email": email}));
        async move { client.post("/v1/auth/join", &body).await }
    };
    let invited = told(&ask("acme", "ada@acme.example").await.expect(202));
    for (tenant, email) in [
        ("acme", "eve@evil.example"),
        ("acme", "eve@sub.acme.example"),
        ("nobody", "ada@acme.example"),
        ("acme", "owner@acme.example"),
        ("acme", "ADA@acme.example"),
    ] {
        assert_eq!(told(&ask(tenant, email).await), invited, "{tenant} {email}");
    }
    let mut looks = 0;
    while smtp.mails().is_empty() && looks < 100 {
        app.work().await;
        looks += 1;
    }
    let mails = smtp.mails();
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["ada@acme.example"]);
    enter(&app, &mails[0].token("/accept-invitation"), "ada@acme.example").await;
    assert_eq!(owner.members().await.len(), 2);
    app.anyone.post("/v1/auth/join", &json!({"tenant": "acme"})).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_twice_mails_once() {
    let (app, smtp) = mailing().await;
    owned(&app, "acme", "enterprise").await;
    open_to_domain(&app).await;
    let body = json!({"tenant": "acme", "email": "ada@acme.example"});
    for _ in 0..3 {
        app.anyone.post("/v1/auth/join", &body).await.expect(202);
    }
    // Whoever is asked for last is dealt with: what came before was, or will not be.
    let mut looks = 0;
    while smtp.mails().is_empty() && looks < 100 {
        app.work().await;
        looks += 1;
    }
    for _ in 0..3 {
        app.work().await;
    }
    assert_eq!(smtp.mails().len(), 1);
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM mails").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_nobody_is_invited_by_asking() {
    let (app, _owner) = acme("enterprise").await;
    open_to_domain(&app).await;
    let known = app.anyone.post("/v1/auth/join", &json!({"tenant": "acme", "email": "a@acme.example"})).await;
    let unknown =
        app.anyone.post("/v1/auth/join", &json!({"tenant": "nobody", "email": "a@b.example"})).await;
    assert_eq!((known.status.as_u16(), told(&known)), (409, told(&unknown)));
}
