//! Signing in: who gets in, who has to wait, and what nobody learns.

use crate::{
    people::{PASSWORD, attempt, bearer, cheap, link, member, refresh, set_password, sign_in, user},
    support::{as_superuser, superuser_sees, told, waiting_for_locks},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry_testkit::{Client, TestApp, axum::http::Method};

#[tokio::test(flavor = "multi_thread")]
async fn a_member_signs_in_and_works() {
    let app = cheap().start().await;
    let acme = app.tenant("acme").await;
    user(&app, "ada@acme.example").await;
    member(&app, "ada@acme.example", ("acme", "default"), "member").await;
    let answer = sign_in(&app, "Ada@ACME.example", json!({})).await;
    assert_eq!(
        (&answer["tenant"], &answer["token_type"], &answer["expires_in"]),
        (&json!("acme"), &json!("Bearer"), &json!(900))
    );
    let ada = bearer(&app, &answer);
    let me = ada.get("/v1/me").await.expect(200).json;
    assert_eq!(
        (&me["kind"], &me["role"], &me["email_verified"]),
        (&json!("member"), &json!("member"), &json!(true))
    );
    assert_eq!(me["memberships"][0]["workspace_id"], json!(acme.key.workspace_id));
    ada.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
    app.operator().get("/v1/me").await.expect(200);
    ada.get("/v1/tenants").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_is_like_a_wrong_password() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    as_superuser(&app, "INSERT INTO public.users (id, email, name, created_at, updated_at) VALUES (gen_random_uuid(), 'new@acme.example', 'x', now(), now())").await;
    let wrong = told(&attempt(&app, "ada@acme.example", "nine blue barges").await.expect(401));
    assert_eq!(wrong.2["code"], "bad_credentials");
    for email in ["bob@acme.example", "new@acme.example"] {
        assert_eq!(told(&attempt(&app, email, PASSWORD).await), wrong, "{email}");
    }
    as_superuser(&app, "UPDATE public.users SET disabled_at = now() WHERE email = 'ada@acme.example'").await;
    assert_eq!(told(&attempt(&app, "ada@acme.example", PASSWORD).await), wrong, "disabled");
    let operator = app
        .anyone
        .post("/v1/auth/login", &json!({"email": "bob@acme.example", "password": PASSWORD, "operator": true}))
        .await;
    assert_eq!(told(&operator), wrong, "no operator");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_have_to_wait() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    for _ in 0..5 {
        attempt(&app, "ada@acme.example", "nine blue barges").await.expect(401);
    }
    let refused = attempt(&app, "ada@acme.example", PASSWORD).await.expect(429);
    assert_eq!(
        (refused.code(), refused.headers["retry-after"].to_str().unwrap()),
        ("too_many_requests", "2")
    );
    app.clock.advance(TimeDelta::seconds(3));
    attempt(&app, "ada@acme.example", "nine blue barges").await.expect(401);
    let wait = attempt(&app, "ada@acme.example", PASSWORD).await.expect(429);
    assert_eq!(wait.headers["retry-after"], "4", "twice as long");
    app.clock.advance(TimeDelta::seconds(5));
    attempt(&app, "ada@acme.example", PASSWORD).await.expect(200);
    attempt(&app, "ada@acme.example", "nine blue barges").await.expect(401);
    attempt(&app, "ada@acme.example", PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_accounts_wait_alike() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let mut ends = Vec::new();
    for email in ["ada@acme.example", "bob@acme.example"] {
        for _ in 0..5 {
            attempt(&app, email, "nine blue barges").await.expect(401);
        }
        ends.push(told(&attempt(&app, email, "nine blue barges").await.expect(429)));
    }
    assert_eq!(ends[0], ends[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_side_by_side_are_few() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let wrong = (0..20).map(|_| attempt(&app, "ada@acme.example", "nine blue barges"));
    futures_util::future::join_all(wrong).await;
    // One that was under way all the time comes too late, right or not.
    attempt(&app, "ada@acme.example", PASSWORD).await.expect(429);
    let counted = superuser_sees(
        &app,
        "SELECT failures::text FROM public.sign_in_failures WHERE subject LIKE 'account:%'",
    )
    .await;
    assert_eq!(counted, "5", "those that were under way when the wait began do not make it longer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_other_parameters_is_made_anew() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let hash = async || superuser_sees(&app, "SELECT password_hash FROM public.users").await;
    assert!(hash().await.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    let stronger = cheap().set("TENANTRY_ARGON2_ITERATIONS", "2").database(&app.database).start().await;
    attempt(&stronger, "ada@acme.example", "nine blue barges").await.expect(401);
    assert!(hash().await.contains(",t=1,"));
    attempt(&stronger, "ada@acme.example", PASSWORD).await.expect(200);
    assert!(hash().await.contains(",t=2,"));
    attempt(&app, "ada@acme.example", PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_tenant_is_like_an_unknown_one() {
    let app = cheap().start().await;
    app.tenant("acme").await;
    app.tenant("rival").await;
    user(&app, "ada@acme.example").await;
    member(&app, "ada@acme.example", ("acme", "default"), "owner").await;
    let to = async |tenant: &str| {
        told(
            &app.anyone
                .post(
                    "/v1/auth/login",
                    &json!({"email": "ada@acme.example", "password": PASSWORD, "tenant": tenant}),
                )
                .await,
        )
    };
    assert_eq!(to("acme").await.0, 200);
    let rival = to("rival").await;
    assert_eq!((rival.0, &rival.2["code"]), (403, &json!("tenant_inactive")));
    assert_eq!(to("nobody").await, rival);
    as_superuser(
        &app,
        "UPDATE public.tenants SET status = 'suspended', suspended_at = now() WHERE slug = 'acme'",
    )
    .await;
    assert_eq!(to("acme").await, rival);
    assert_eq!(sign_in(&app, "ada@acme.example", json!({})).await["tenant"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_sign_in_and_are_locked_after_five_failures() {
    let app = cheap().start().await;
    user(&app, "ops@example.com").await;
    as_superuser(&app, "INSERT INTO public.operators (user_id, role, created_at, updated_at) SELECT id, 'support', now(), now() FROM public.users").await;
    let answer = sign_in(&app, "ops@example.com", json!({"operator": true})).await;
    let ops = bearer(&app, &answer);
    assert_eq!(ops.get("/v1/me").await.expect(200).json["role"], "support");
    ops.get("/v1/tenants").await.expect(200);
    for _ in 0..5 {
        attempt(&app, "ops@example.com", "nine blue barges").await.expect(401);
    }
    app.clock.advance(TimeDelta::hours(1));
    attempt(&app, "ops@example.com", PASSWORD).await.expect(401);
    // Guessing ends nobody's work: who is in goes on, and keeps the session going.
    app.app.access.forget();
    let on = app.anyone.post("/v1/auth/refresh", &refresh(&answer)).await.expect(200).json;
    bearer(&app, &on).get("/v1/tenants").await.expect(200);
    assert_eq!(
        superuser_sees(
            &app,
            "SELECT count(*)::text FROM public.audit_unsealed WHERE action = 'operator.lock'"
        )
        .await,
        "1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_link_opens_once() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let before = sign_in(&app, "ada@acme.example", json!({})).await;
    let (token, other) = (
        link(&app, "ada@acme.example", "reset_password").await,
        link(&app, "ada@acme.example", "reset_password").await,
    );
    let easy = set_password(&app, &token, "password1234").await.expect(422);
    assert_eq!(easy.json["errors"][0]["pointer"], "/password");
    set_password(&app, &token, "nine blue barges").await.expect(204);
    let again = set_password(&app, &token, "eleven green gables").await.expect(422);
    assert_eq!(again.json["errors"][0]["pointer"], "/token");
    assert_eq!(
        told(&set_password(&app, &other, "eleven green gables").await),
        told(&again),
        "all links close"
    );
    assert_eq!(told(&set_password(&app, &"0".repeat(64), "eleven green gables").await), told(&again));
    bearer(&app, &before).get("/v1/me").await.expect(401);
    attempt(&app, "ada@acme.example", PASSWORD).await.expect(401);
    attempt(&app, "ada@acme.example", "nine blue barges").await.expect(200);
    let late = link(&app, "ada@acme.example", "reset_password").await;
    app.clock.advance(TimeDelta::minutes(61));
    set_password(&app, &late, "eleven green gables").await.expect(422);
}

/// An application that would mail, to nobody who listens.
async fn mailing() -> TestApp {
    let app = cheap().set("TENANTRY_SMTP_URL", "smtp://127.0.0.1:1?tls=none");
    app.set("TENANTRY_MAIL_FROM", "no-reply@example.com").start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_a_link_tells_nothing() {
    let app = mailing().await;
    user(&app, "ada@acme.example").await;
    let ask = async |email: &str| {
        let reply = told(&app.anyone.post("/v1/auth/password-reset", &json!({"email": email})).await);
        app.app.sign_in.asks.settled().await;
        reply
    };
    let known = ask("ada@acme.example").await;
    assert_eq!((known.0, &known.2), (202, &Value::Null));
    assert_eq!(ask("bob@acme.example").await, known);
    let mails = async || superuser_sees(&app, "SELECT string_agg(recipient, ',') FROM public.mails").await;
    assert_eq!(mails().await, "ada@acme.example");
    for _ in 0..5 {
        assert_eq!(ask("ada@acme.example").await, known);
    }
    assert_eq!(mails().await.matches("ada").count(), 3, "nobody's mailbox is filled");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_an_ask() {
    let app = mailing().await;
    user(&app, "ada@acme.example").await;
    let holder = app.database.admin().await;
    holder.execute("BEGIN; LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut answers = Vec::new();
    for email in ["ada@acme.example", "bob@acme.example"] {
        let body = json!({"email": email});
        let asked = app.anyone.post("/v1/auth/password-reset", &body);
        let asked = tokio::time::timeout(std::time::Duration::from_secs(20), asked).await;
        answers.push(told(&asked.expect("answered before anybody was looked for").expect(202)));
    }
    assert_eq!(answers[0], answers[1]);
    let mails = async || {
        superuser_sees(&app, "SELECT coalesce(string_agg(recipient, ','), '') FROM public.mails").await
    };
    assert_eq!(mails().await, "");
    holder.execute("COMMIT").await.unwrap();
    app.app.sign_in.asks.settled().await;
    assert_eq!(mails().await, "ada@acme.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_was_reset_meanwhile_lets_nobody_in() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    app.clock.advance(TimeDelta::minutes(1));
    let token = link(&app, "ada@acme.example", "reset_password").await;
    // Both wait for the user's row, the reset first: the sign-in has compared the old password by then.
    let holder = app.database.admin().await;
    holder.execute("BEGIN; SELECT FROM public.users FOR UPDATE").await.unwrap();
    let late = async {
        waiting_for_locks(&app, 1).await;
        attempt(&app, "ada@acme.example", PASSWORD).await
    };
    let release = async {
        waiting_for_locks(&app, 2).await;
        holder.execute("COMMIT").await
    };
    let reset = set_password(&app, &token, "nine blue barges");
    let all = Box::pin(async { tokio::join!(reset, late, release) });
    let (reset, late, released) =
        tokio::time::timeout(std::time::Duration::from_secs(25), all).await.expect("both come to an end");
    released.unwrap();
    reset.expect(204);
    assert_eq!(late.expect(401).code(), "bad_credentials");
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM public.sessions").await, "0");
    attempt(&app, "ada@acme.example", "nine blue barges").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_proven_once() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    as_superuser(&app, "UPDATE public.users SET email_verified_at = NULL").await;
    app.anyone.post("/v1/auth/verify-email", &json!({})).await.expect(401);
    let ada = bearer(&app, &sign_in(&app, "ada@acme.example", json!({})).await);
    ada.post("/v1/auth/verify-email", &json!({})).await.expect(202);
    let (token, stale) = (
        link(&app, "ada@acme.example", "verify_email").await,
        link(&app, "ada@acme.example", "verify_email").await,
    );
    set_password(&app, &token, "nine blue barges").await.expect(422);
    let prove = async |token: &str| {
        app.anyone.post("/v1/auth/verify-email", &json!({"token": token})).await.status.as_u16()
    };
    assert_eq!((prove(&token).await, prove(&token).await), (204, 422));
    assert_eq!(ada.get("/v1/me").await.expect(200).json["email_verified"], true);
    as_superuser(&app, "UPDATE public.users SET email = 'ada@other.example'").await;
    assert_eq!(prove(&stale).await, 422, "it proves nothing for another address");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_other_sessions() {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let (here, there) = (
        sign_in(&app, "ada@acme.example", json!({})).await,
        sign_in(&app, "ada@acme.example", json!({})).await,
    );
    let change = async |client: &Client, current: &str, password: &str| {
        let body = json!({"current_password": current, "password": password});
        client.call(Method::PUT, "/v1/me/password", Some(&body)).await
    };
    let ada = bearer(&app, &here);
    let wrong = change(&ada, "not my password", "nine blue barges").await.expect(422);
    assert_eq!(wrong.json["errors"][0]["pointer"], "/current_password");
    change(&ada, PASSWORD, "1234567890").await.expect(422);
    change(&ada, PASSWORD, "nine blue barges").await.expect(204);
    ada.get("/v1/me").await.expect(200);
    bearer(&app, &there).get("/v1/me").await.expect(401);
    change(&app.operator(), PASSWORD, "nine blue barges").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_sign_in_is_stored() {
    let app: TestApp = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let answer = sign_in(&app, "ada@acme.example", json!({})).await;
    let secrets =
        [PASSWORD, answer["refresh_token"].as_str().unwrap(), answer["access_token"].as_str().unwrap()];
    let tables =
        superuser_sees(&app, "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'")
            .await;
    for table in tables.split(',') {
        let dump = superuser_sees(
            &app,
            &format!("SELECT coalesce(string_agg(t::text, '|'), '') FROM public.{table} t"),
        )
        .await;
        assert!(secrets.iter().all(|secret| !dump.contains(secret)), "{table}");
        assert!(!table.starts_with("audit") || !dump.contains("acme.example"), "{table} names somebody");
    }
}
