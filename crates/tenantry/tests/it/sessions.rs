//! Sessions: how they go on, how they end, and whose they are.

use crate::{
    people::{PASSWORD, bearer, cheap, member, refresh, sign_in, user},
    support::{as_superuser, superuser_sees, told},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry_testkit::{Client, Reply, TestApp};

const REFRESH: &str = "/v1/auth/refresh";

#[tokio::test(flavor = "multi_thread")]
async fn a_used_refresh_token_ends_the_session() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let (first, other) = (
        sign_in(&app, "ada@acme.example", json!({})).await,
        sign_in(&app, "ada@acme.example", json!({})).await,
    );
    let second = app.anyone.post(REFRESH, &refresh(&first)).await.expect(200).json;
    assert_eq!(second["session_id"], first["session_id"]);
    bearer(&app, &second).get("/v1/me").await.expect(200);
    let reused = app.anyone.post(REFRESH, &refresh(&first)).await.expect(401);
    for answer in [&first, &second] {
        bearer(&app, answer).get("/v1/me").await.expect(401);
    }
    assert_eq!(told(&app.anyone.post(REFRESH, &refresh(&second)).await), told(&reused));
    assert_eq!(
        told(&app.anyone.post(REFRESH, &json!({"refresh_token": "0".repeat(64)})).await),
        told(&reused)
    );
    bearer(&app, &other).get("/v1/me").await.expect(200);
    let audited = superuser_sees(
        &app,
        "SELECT string_agg(after->>'why', ',') FROM public.audit_unsealed WHERE action = 'session.revoke'",
    )
    .await;
    assert_eq!(audited, "reuse");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_others_end_at_once_and_this_one_goes_on() {
    let app = cheap().start().await;
    for name in ["ada", "ben"] {
        user(&app, &format!("{name}@acme.example")).await;
    }
    let (here, there, elsewhere, bens) = (
        sign_in(&app, "ada@acme.example", json!({})).await,
        sign_in(&app, "ada@acme.example", json!({})).await,
        sign_in(&app, "ada@acme.example", json!({})).await,
        sign_in(&app, "ben@acme.example", json!({})).await,
    );
    let end = async || bearer(&app, &here).delete("/v1/sessions").await.expect(200).json;
    assert_eq!(end().await, json!({"ended": 2}));
    for gone in [&there, &elsewhere] {
        bearer(&app, gone).get("/v1/me").await.expect(401);
        app.anyone.post(REFRESH, &refresh(gone)).await.expect(401);
    }
    for left in [&here, &bens] {
        bearer(&app, left).get("/v1/me").await.expect(200);
    }
    assert_eq!(end().await, json!({"ended": 0}));
    let audited = superuser_sees(
        &app,
        "SELECT string_agg(after->>'why', ',') FROM public.audit_unsealed WHERE action = 'session.revoke'",
    )
    .await;
    assert_eq!(audited, "revoked,revoked");
    assert_eq!(
        app.operator().delete("/v1/sessions").await.expect(403).code(),
        "forbidden",
        "who is no person"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_refreshes_at_once_one_wins_and_the_session_ends() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let answer = sign_in(&app, "ada@acme.example", json!({})).await;
    let body = refresh(&answer);
    let (one, two) = tokio::join!(app.anyone.post(REFRESH, &body), app.anyone.post(REFRESH, &body));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    let won = if one.status == 200 { one } else { two };
    bearer(&app, &won.json).get("/v1/me").await.expect(401);
    app.anyone.post(REFRESH, &refresh(&won.json)).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_with_use_and_not_for_ever() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let idle = sign_in(&app, "ada@acme.example", json!({})).await;
    let mut used = sign_in(&app, "ada@acme.example", json!({})).await;
    for _ in 0..4 {
        app.clock.advance(TimeDelta::days(20));
        used = app.anyone.post(REFRESH, &refresh(&used)).await.expect(200).json;
    }
    app.anyone.post(REFRESH, &refresh(&idle)).await.expect(401);
    app.clock.advance(TimeDelta::days(11));
    app.anyone.post(REFRESH, &refresh(&used)).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_members_switch_to_a_workspace() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    app.tenant("rival").await;
    user(&app, "ada@acme.example").await;
    member(&app, "ada@acme.example", ("acme", "default"), "owner").await;
    member(&app, "ada@acme.example", ("acme", "lab"), "viewer").await;
    let home = sign_in(&app, "ada@acme.example", json!({})).await;
    let switch = async |client: &Client, body: Value| client.post("/v1/auth/switch-workspace", &body).await;
    let ada = bearer(&app, &home);
    let lab = switch(&ada, json!({"tenant": "acme", "workspace": "lab"})).await.expect(200).json;
    assert_eq!((&lab["session_id"], &lab["refresh_token"]), (&home["session_id"], &Value::Null));
    // Side by side: each token is where it is.
    let in_lab = bearer(&app, &lab);
    in_lab.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(403);
    ada.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
    assert_eq!(in_lab.get("/v1/agents").await.expect(200).json["items"], json!([]));
    let foreign = told(&switch(&ada, json!({"tenant": "rival"})).await.expect(403));
    assert_eq!(foreign.2["code"], "tenant_inactive");
    for body in [
        json!({"tenant": "nobody"}),
        json!({"tenant": "acme", "workspace": "none"}),
        json!({"tenant": "rival", "workspace": "default"}),
    ] {
        assert_eq!(told(&switch(&ada, body).await), foreign);
    }
    as_superuser(&app, "DELETE FROM public.memberships m USING public.workspaces w WHERE w.id = m.workspace_id AND w.slug = 'lab'").await;
    assert_eq!(told(&switch(&ada, json!({"tenant": "acme", "workspace": "lab"})).await), foreign);
    app.app.access.forget();
    in_lab.get("/v1/agents").await.expect(401);
    ada.get("/v1/agents").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_read_anew() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    user(&app, "ada@acme.example").await;
    member(&app, "ada@acme.example", ("acme", "default"), "member").await;
    let ada = bearer(&app, &sign_in(&app, "ada@acme.example", json!({})).await);
    ada.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
    as_superuser(&app, "UPDATE public.memberships SET role = 'viewer'").await;
    app.app.access.forget();
    assert_eq!(ada.get("/v1/me").await.expect(200).json["role"], "viewer");
    ada.post("/v1/agents", &json!({"name": "Olga", "role": "r"})).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_is_refused_on_every_server() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let second = cheap().database(&app.database).start().await;
    let (here, there) = (
        sign_in(&app, "ada@acme.example", json!({})).await,
        sign_in(&second, "ada@acme.example", json!({})).await,
    );
    let sessions = bearer(&app, &here).get("/v1/sessions").await.expect(200).json["items"].clone();
    assert_eq!(sessions.as_array().map(Vec::len), Some(2));
    assert!(
        sessions
            .as_array()
            .unwrap()
            .iter()
            .all(|it| (it["id"] == here["session_id"]) == (it["current"] == true))
    );
    bearer(&second, &there).get("/v1/me").await.expect(200);
    let path = format!("/v1/sessions/{}", there["session_id"].as_str().unwrap());
    bearer(&app, &here).delete(&path).await.expect(204);
    bearer(&app, &there).get("/v1/me").await.expect(401);
    // What the other server remembers is half a second old at most: it is asked until that is over.
    let begun = std::time::Instant::now();
    while bearer(&second, &there).get("/v1/me").await.status == 200 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "the session lives on");
    }
    bearer(&app, &here).delete(&path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_its_users_alone() {
    let app = cheap().start().await;
    for email in ["ada@acme.example", "bob@acme.example"] {
        user(&app, email).await;
    }
    let (ada, bob) = (
        sign_in(&app, "ada@acme.example", json!({})).await,
        sign_in(&app, "bob@acme.example", json!({})).await,
    );
    let absent =
        told(&bearer(&app, &bob).delete("/v1/sessions/ses_00000000000000000000000007").await.expect(404));
    let path = format!("/v1/sessions/{}", ada["session_id"].as_str().unwrap());
    assert_eq!(told(&bearer(&app, &bob).delete(&path).await), absent);
    assert_eq!(bearer(&app, &bob).get("/v1/sessions").await.json["items"].as_array().map(Vec::len), Some(1));
    bearer(&app, &ada).get("/v1/me").await.expect(200);
    app.operator().get("/v1/sessions").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let out = "/v1/auth/logout";
    let (one, two) = (
        sign_in(&app, "ada@acme.example", json!({})).await,
        sign_in(&app, "ada@acme.example", json!({})).await,
    );
    app.anyone.post(out, &refresh(&one)).await.expect(204);
    app.anyone.post(out, &refresh(&one)).await.expect(204);
    bearer(&app, &one).get("/v1/me").await.expect(401);
    bearer(&app, &two).post(out, &json!({})).await.expect(204);
    app.anyone.post(REFRESH, &refresh(&two)).await.expect(401);
    app.anyone.post(out, &json!({})).await.expect(401);
}

/// A browser that signed in: its cookie, and what its pages send along.
async fn browser(app: &TestApp) -> (String, String) {
    let body = json!({"email": "ada@acme.example", "password": PASSWORD, "cookie": true});
    let reply: Reply = app.anyone.post("/v1/auth/login", &body).await.expect(200);
    assert_eq!(reply.json["refresh_token"], Value::Null);
    let line = reply.headers["set-cookie"].to_str().unwrap_or_else(|error| panic!("{error}"));
    assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000"), "{line}");
    let cookie = line.split(';').next().unwrap_or_default().to_owned();
    let csrf = reply.json["csrf_token"].as_str().unwrap_or_else(|| panic!("no token: {}", reply.text));
    (cookie, csrf.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_alone_changes_nothing() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let (cookie, csrf) = browser(&app).await;
    let page = app.anyone.clone().with_header("cookie", &cookie);
    assert_eq!(page.get("/v1/me").await.expect(200).json["kind"], "user");
    let own = "http://127.0.0.1:8080";
    let (ours, other) = (("origin", own), ("origin", "http://evil.example"));
    for headers in [
        vec![],
        vec![ours],
        vec![("x-csrf-token", &*csrf)],
        vec![("x-csrf-token", &csrf), other],
        vec![("x-csrf-token", "0"), ours],
        vec![("x-csrf-token", &csrf), ("sec-fetch-site", "cross-site")],
    ] {
        let with = headers.iter().fold(page.clone(), |page, (name, value)| page.with_header(name, value));
        let refused = with.post("/v1/auth/logout", &json!({})).await.expect(403);
        assert_eq!(refused.code(), "csrf_refused", "{headers:?}");
    }
    assert_eq!(page.clone().post(REFRESH, &json!({})).await.expect(403).code(), "csrf_refused");
    let refreshed = page.clone().with_header("origin", own).post(REFRESH, &json!({})).await.expect(200).json;
    assert_eq!(refreshed["csrf_token"], json!(csrf));
    let whole = page.with_header("origin", own).with_header("x-csrf-token", &csrf);
    let gone = whole.post("/v1/auth/logout", &json!({})).await.expect(204);
    assert!(gone.headers["set-cookie"].to_str().unwrap().starts_with("tenantry_session=; "));
    whole.get("/v1/me").await.expect(401);
    let body = json!({"email": "ada@acme.example", "password": PASSWORD, "cookie": true});
    app.anyone
        .clone()
        .with_header("origin", "http://evil.example")
        .post("/v1/auth/login", &body)
        .await
        .expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sign_in_has_a_new_cookie() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let ((one, csrf), (two, _)) = (browser(&app).await, browser(&app).await);
    assert_ne!(one, two);
    // A cookie that somebody planted is not taken over, and another session's token does not do for it.
    let planted = app.anyone.clone().with_header("cookie", &format!("tenantry_session={}", "a".repeat(64)));
    let body = json!({"email": "ada@acme.example", "password": PASSWORD, "cookie": true});
    let fresh = planted.post("/v1/auth/login", &body).await.expect(200);
    assert!(!fresh.headers["set-cookie"].to_str().unwrap().contains(&"a".repeat(64)));
    planted.get("/v1/me").await.expect(401);
    let mixed = app
        .anyone
        .clone()
        .with_header("cookie", &two)
        .with_header("origin", "http://127.0.0.1:8080")
        .with_header("x-csrf-token", &csrf);
    mixed.post("/v1/auth/logout", &json!({})).await.expect(403);
    // A token beats the cookie, and one that is no good is not made good by it.
    app.anyone.clone().with_header("cookie", &one).with_token(Some("x")).get("/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_ends_idle() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let (cookie, _) = browser(&app).await;
    let page = app.anyone.clone().with_header("cookie", &cookie);
    for _ in 0..3 {
        app.clock.advance(TimeDelta::hours(11));
        // These hours take no time here, in which the gate remembers.
        app.app.access.forget();
        page.get("/v1/me").await.expect(200);
    }
    app.clock.advance(TimeDelta::hours(13));
    page.get("/v1/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_goes_on_with_its_tokens() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    // One that is used by refreshing, one by a token, one not at all.
    let ((refreshed, _), (worked, _), (idle, _)) =
        (browser(&app).await, browser(&app).await, browser(&app).await);
    let page = |cookie: &str| {
        app.anyone.clone().with_header("cookie", cookie).with_header("origin", "http://127.0.0.1:8080")
    };
    let token = page(&worked).post(REFRESH, &json!({})).await.expect(200).json;
    app.clock.advance(TimeDelta::minutes(14));
    bearer(&app, &token).get("/v1/me").await.expect(200);
    page(&refreshed).post(REFRESH, &json!({})).await.expect(200);
    app.clock.advance(TimeDelta::minutes(12 * 60 - 7));
    app.app.access.forget();
    page(&idle).get("/v1/me").await.expect(401);
    page(&worked).get("/v1/me").await.expect(200);
    page(&refreshed).get("/v1/me").await.expect(200);
    // However much it is used, a browser's session ends after its days; and a token's goes on by refreshing alone.
    let other = sign_in(&app, "ada@acme.example", json!({})).await;
    let ends = async || {
        superuser_sees(&app, "SELECT expires_at::text FROM public.sessions WHERE kind = 'token'").await
    };
    let before = ends().await;
    app.clock.advance(TimeDelta::minutes(10));
    bearer(&app, &other).get("/v1/me").await.expect(200);
    assert_eq!(ends().await, before);
    app.clock.advance(TimeDelta::days(30));
    page(&refreshed).post(REFRESH, &json!({})).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_access_token_is_no_hindrance_to_log_out() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let out = "/v1/auth/logout";
    let answer = sign_in(&app, "ada@acme.example", json!({})).await;
    app.clock.advance(TimeDelta::hours(1));
    let ada = bearer(&app, &answer);
    // Alone it proves nothing any more, and ends nothing.
    ada.post(out, &json!({})).await.expect(401);
    let next = app.anyone.post(REFRESH, &refresh(&answer)).await.expect(200).json;
    ada.post(out, &refresh(&next)).await.expect(204);
    bearer(&app, &next).get("/v1/me").await.expect(401);
    app.anyone.post(REFRESH, &refresh(&next)).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_again_changes_nothing() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    user(&app, "ada@acme.example").await;
    member(&app, "ada@acme.example", ("acme", "default"), "member").await;
    let out = "/v1/auth/logout";
    let answer = sign_in(&app, "ada@acme.example", json!({})).await;
    // Also where the tenant does not serve any more.
    app.operator().post("/v1/tenants/acme/suspend", &json!({"reason": "unpaid"})).await;
    for _ in 0..2 {
        bearer(&app, &answer).post(out, &json!({})).await.expect(204);
    }
    let (cookie, csrf) = browser(&app).await;
    let page = app
        .anyone
        .clone()
        .with_header("cookie", &cookie)
        .with_header("origin", "http://127.0.0.1:8080")
        .with_header("x-csrf-token", &csrf);
    for _ in 0..2 {
        let gone = page.post(out, &json!({})).await.expect(204);
        assert!(gone.headers.contains_key("set-cookie"));
    }
    for nothing in ["nonsense", "tnt_test_x"] {
        app.anyone.clone().with_token(Some(nothing)).post(out, &json!({})).await.expect(401);
    }
    let audited = superuser_sees(
        &app,
        "SELECT string_agg(after->>'why', ',') FROM public.audit_unsealed WHERE action = 'session.revoke'",
    )
    .await;
    assert_eq!(audited, "logout,logout", "one for each session");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_refresh_token_is_told_of_once() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let answer = sign_in(&app, "ada@acme.example", json!({})).await;
    app.anyone.post(REFRESH, &refresh(&answer)).await.expect(200);
    app.anyone.post(REFRESH, &refresh(&answer)).await.expect(401);
    let told = async || {
        let sql = "SELECT count(*)::text FROM public.audit_unsealed WHERE action = 'session.revoke'";
        superuser_sees(&app, sql).await
    };
    assert_eq!(told().await, "1");
    // How often this server was told: the first number of its mark. The second is what it heard from all, itself too, whenever that comes.
    let told_here = || format!("{:?}", app.app.access.mark()).split(',').next().map(str::to_owned);
    let before = told_here();
    for _ in 0..3 {
        app.anyone.post(REFRESH, &refresh(&answer)).await.expect(401);
    }
    assert_eq!(told().await, "1");
    assert_eq!(told_here(), before, "whoever sends it for ever makes nobody forget for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_chooses_the_place_anew() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    user(&app, "ada@acme.example").await;
    member(&app, "ada@acme.example", ("acme", "default"), "owner").await;
    member(&app, "ada@acme.example", ("acme", "lab"), "viewer").await;
    let home = sign_in(&app, "ada@acme.example", json!({})).await;
    let lab = json!({"tenant": "acme", "workspace": "lab"});
    let in_lab = sign_in(&app, "ada@acme.example", lab.clone()).await;
    assert_ne!(in_lab["workspace_id"], home["workspace_id"]);
    let anew = app.anyone.post(REFRESH, &refresh(&in_lab)).await.expect(200).json;
    assert_eq!(anew["workspace_id"], home["workspace_id"], "the one that goes without saying");
    let mut wish = refresh(&anew);
    (wish["tenant"], wish["workspace"]) = (lab["tenant"].clone(), lab["workspace"].clone());
    let stays = app.anyone.post(REFRESH, &wish).await.expect(200).json;
    assert_eq!(stays["workspace_id"], in_lab["workspace_id"]);
}
