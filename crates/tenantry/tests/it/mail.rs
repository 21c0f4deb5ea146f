//! Mail: with the deed or not at all, once, and gone afterwards.

use crate::{
    crew::{mailing, owned},
    support::{as_superuser, superuser_sees},
};
use chrono::TimeDelta;
use serde_json::json;
use tenantry_core::{
    Error,
    mail::{self, Mail},
};
use tenantry_testkit::{Mood, TestApp};

/// Puts a mail into a transaction that ends well, or not.
async fn write(app: &TestApp, to: &str, well: bool) {
    let letter = Mail {
        to: to.to_owned(),
        subject: "Grüße\r\nBcc: eve@evil.example".to_owned(),
        text: "Open https://x.example/open#token=abc\n.\nThe end.\n".to_owned(),
    };
    let input = (app.app.vault.clone(), app.app.place.ctx.clone(), letter, well);
    let done = app
        .app
        .platform
        .run("write_mail", input, |tx, (vault, ctx, letter, well)| {
            Box::pin(async move {
                mail::enqueue(tx, vault, ctx, letter).await?;
                if *well { Ok(()) } else { Err(Error::Fault("changed my mind".to_owned())) }
            })
        })
        .await;
    assert_eq!(done.is_ok(), well, "{done:?}");
}

/// Status, attempts, whether a body is there.
async fn state(app: &TestApp) -> String {
    superuser_sees(
        app,
        "SELECT string_agg(status || ' ' || attempts || ' ' || (body IS NOT NULL), ', ') FROM mails",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_out_once() {
    let (app, smtp) = mailing().await;
    write(&app, "nobody@acme.example", false).await;
    write(&app, "ada@acme.example", true).await;
    for _ in 0..3 {
        app.work().await;
        app.clock.advance(TimeDelta::days(1));
    }
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let text = &mails[0].text;
    assert_eq!((mails[0].to.as_str(), mails[0].token("/open").as_str()), ("ada@acme.example", "abc"));
    assert!(text.contains("From: ") && text.contains("no-reply@tenantry.example"), "{text}");
    assert!(text.contains("Message-ID: <") && text.contains("\n.\nThe end.\n"), "{text}");
    assert!(!text.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc:")), "{text}");
    assert_eq!(state(&app).await, "sent 1 false");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_sealed_and_then_gone() {
    let (app, smtp) = mailing().await;
    write(&app, "ada@acme.example", true).await;
    let holds = "SELECT (position('token'::bytea IN body) > 0)::text FROM mails";
    assert_eq!(superuser_sees(&app, holds).await, "false");
    assert_eq!(state(&app).await, "pending 0 true");
    app.work().await;
    assert_eq!((state(&app).await.as_str(), smtp.mails().len()), ("sent 1 false", 1));
    app.clock.advance(TimeDelta::days(31));
    app.work().await;
    assert_eq!(superuser_sees(&app, "SELECT count(*)::text FROM mails").await, "0", "nor whom it went to");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenants_flood_holds_up_nobodys_sign_in() {
    let (app, smtp) = mailing().await;
    let owner = owned(&app, "acme", "enterprise").await;
    for n in 0..3 {
        let body = json!({"email": format!("m{n}@acme.example")});
        owner.client.post("/v1/invitations", &body).await.expect(201);
    }
    write(&app, "ada@elsewhere.example", true).await;
    let whose = "SELECT string_agg(coalesce((SELECT slug FROM tenants t WHERE t.id = tenant_id), '-'), ' ' ORDER BY run_at) FROM mails";
    assert_eq!(superuser_sees(&app, whose).await, "acme acme acme -");
    app.work().await;
    let to: Vec<_> = smtp.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["ada@elsewhere.example", "m0@acme.example", "m1@acme.example", "m2@acme.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_moved_to_another_row_is_not_sent() {
    let (app, smtp) = mailing().await;
    write(&app, "ada@acme.example", true).await;
    write(&app, "eve@evil.example", true).await;
    let swap = "UPDATE mails m SET body = o.body FROM mails o WHERE o.id <> m.id AND m.recipient LIKE 'eve%'";
    as_superuser(&app, swap).await;
    app.work().await;
    assert_eq!((smtp.mails_to("ada@acme.example").len(), smtp.mails_to("eve@evil.example").len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_send_a_mail_once() {
    let (app, smtp) = mailing().await;
    for n in 0..20 {
        write(&app, &format!("m{n}@acme.example"), true).await;
    }
    let workers: Vec<_> = (0..4).map(|_| app.worker()).collect();
    let mut looks = Vec::new();
    for worker in workers {
        looks.push(tenantry_pg::task::detached(async move { worker.look(&mut 0).await }));
    }
    for look in looks {
        look.await.unwrap();
    }
    let mut to: Vec<_> = smtp.mails().into_iter().map(|mail| mail.to).collect();
    to.sort();
    let sent = to.len();
    to.dedup();
    assert_eq!((sent, to.len(), smtp.asked()), (20, 20, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_down_is_tried_again() {
    let (app, smtp) = mailing().await;
    smtp.set(Mood::Busy);
    write(&app, "ada@acme.example", true).await;
    app.work().await;
    app.work().await;
    assert_eq!((state(&app).await.as_str(), smtp.asked()), ("pending 1 true", 1), "not before it is due");
    app.clock.advance(TimeDelta::minutes(2));
    app.work().await;
    assert_eq!((state(&app).await.as_str(), smtp.asked()), ("pending 2 true", 2));
    smtp.set(Mood::Willing);
    app.clock.advance(TimeDelta::minutes(6));
    app.work().await;
    assert_eq!((state(&app).await.as_str(), smtp.mails().len()), ("sent 3 false", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_eight_attempts_nobody_tries_again() {
    let (app, smtp) = mailing().await;
    smtp.set(Mood::Busy);
    write(&app, "ada@acme.example", true).await;
    for _ in 0..12 {
        app.work().await;
        app.clock.advance(TimeDelta::hours(13));
    }
    assert_eq!((state(&app).await.as_str(), smtp.asked()), ("failed 8 false", 8));
    let doctor = app.operator().get("/v1/doctor").await.expect(200);
    assert!(doctor.text.contains("\"name\":\"mail\",\"status\":\"warn\""), "{}", doctor.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mail_is_not_tried_again() {
    let (app, smtp) = mailing().await;
    smtp.set(Mood::Unwilling);
    write(&app, "ada@acme.example", true).await;
    for _ in 0..3 {
        app.work().await;
        app.clock.advance(TimeDelta::hours(13));
    }
    assert_eq!((state(&app).await.as_str(), smtp.asked()), ("failed 1 false", 1));
    assert!(superuser_sees(&app, "SELECT error FROM mails").await.contains("550"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_mail_waits() {
    let app = TestApp::start().await;
    write(&app, "ada@acme.example", true).await;
    app.work().await;
    assert_eq!(state(&app).await, "pending 0 true");
    app.clock.advance(TimeDelta::minutes(11));
    let doctor = app.operator().get("/v1/doctor").await.expect(200);
    assert!(doctor.text.contains("1 wait for longer"), "{}", doctor.text);
}
