//! What the gate remembers, and what many requests at once cost.

use crate::{
    staff::soon,
    support::{as_superuser, superuser_sees},
};
use futures_util::future::{join, join_all};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tenantry_core::{
    access::News,
    identity::{Credential, Gate, Verifiers, Visit},
};
use tenantry_pg::{ErrorKind, Observer, Pool, PoolSettings};
use tenantry_testkit::{TestApp, TestTenant};
use tenantry_types::{ErrorCode, TenantId};

/// Counts the statements that a gate of its own sends.
#[derive(Default)]
struct Statements(AtomicUsize);

impl Observer for Statements {
    fn query(&self, _: Option<TenantId>, _: &'static str, _: Duration) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn failed(&self, _: Option<TenantId>, _: &'static str, _: ErrorKind) {}
    fn scope_entered(&self, _: TenantId, _: Duration) {}
    fn pool_usage(&self, _: TenantId, _: usize, _: usize) {}
}

/// A gate as the application's, whose statements are counted.
fn counted(app: &TestApp) -> (Gate, Arc<Statements>) {
    let statements = Arc::<Statements>::default();
    let (target, login) = (app.database.target.clone(), app.database.installation.platform_login());
    let pool = Pool::new(target, login, PoolSettings::default(), statements.clone());
    let parts = &app.app;
    let verifiers = Verifiers {
        tokens: parts.sign_in.tokens.clone(),
        lasting: parts.sign_in.lasting,
        issuers: parts.issuers.clone(),
    };
    (Gate::new(pool, parts.ctx().clone(), parts.access.clone(), None, verifiers), statements)
}

/// A well-formed key that nobody has.
async fn gone(app: &TestApp, acme: &TestTenant) -> Credential {
    as_superuser(app, "DELETE FROM public.api_keys").await;
    Credential::Bearer(acme.key.key.clone())
}

const LOCK: &str = "BEGIN; LOCK TABLE public.api_keys IN ACCESS EXCLUSIVE MODE";

/// Ends when a look waits for the keys, which somebody has locked.
async fn a_look_waits(app: &TestApp) {
    let sql = "SELECT count(*)::text FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE d.datname = current_database() AND l.relation = 'public.api_keys'::regclass AND NOT l.granted";
    while superuser_sees(app, sql).await == "0" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unknown_token_costs_one_look() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let unknown = gone(&app, &acme).await;
    let (gate, statements) = counted(&app);
    let visit = Visit::default();
    let admin = app.database.admin().await;
    admin.execute(LOCK).await.unwrap();
    let asked = join_all((0..64).map(|_| gate.verify(&unknown, &visit)));
    let unlock = async {
        a_look_waits(&app).await;
        admin.execute("ROLLBACK").await.unwrap();
    };
    // In this order: all 64 have come as far as they can before the lock is looked at.
    let (answers, ()) = join(asked, unlock).await;
    for answer in &answers {
        assert_eq!(answer.as_ref().err().map(tenantry_core::Error::code), Some(ErrorCode::Unauthenticated));
    }
    assert_eq!(statements.0.load(Ordering::Relaxed), 1, "64 requests with one unknown token");
    // And what was refused a moment ago is not asked for again. Half a second may pass before the second of two is there, or access may change meanwhile: then two
    // more are sent. Where nothing is remembered of refusals, every one of them is a look.
    let refused = async || {
        assert!(gate.verify(&unknown, &visit).await.is_err());
        statements.0.load(Ordering::Relaxed)
    };
    let mut looks = Vec::new();
    for _ in 0..5 {
        looks.push((refused().await, refused().await));
    }
    assert!(
        looks.iter().any(|(first, second)| first == second),
        "each refusal was looked up anew: {looks:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_known_token_costs_one_look() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (gate, statements) = counted(&app);
    let (key, visit) = (Credential::Bearer(acme.key.key.clone()), Visit::default());
    let answers = join_all((0..64).map(|_| gate.verify(&key, &visit))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().is_ok_and(|actor| actor.tenant_id() == Some(acme.tenant.id)))
    );
    gate.settle_uses().await.unwrap();
    // The look, and that the key was used.
    assert_eq!(statements.0.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_holds_up_nobody() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (gate, _) = counted(&app);
    let (key, visit) = (Credential::Bearer(acme.key.key.clone()), Visit::default());
    let admin = app.database.admin().await;
    admin.execute(LOCK).await.unwrap();
    let (mut first, mut second) = (Box::pin(gate.verify(&key, &visit)), Box::pin(gate.verify(&key, &visit)));
    tokio::select! {
        biased;
        _ = &mut first => panic!("nobody can be let in"),
        _ = &mut second => panic!("nobody can be let in"),
        () = a_look_waits(&app) => {}
    }
    // The one who looks goes away in the middle of it, while the other waits for the answer.
    drop(first);
    admin.execute("ROLLBACK").await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(20), second).await;
    assert!(answer.is_ok_and(|answer| answer.is_ok()), "whoever waited looks next");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_let_in_once_it_may() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let set = async |revoked: &str, told: bool| {
        as_superuser(&app, &format!("UPDATE public.api_keys SET revoked_at = {revoked}")).await;
        let tenant = acme.tenant.id;
        if told {
            app.app.access.tell("by_hand", async { Ok(()) }, move |()| News::of([tenant])).await.unwrap();
        }
    };
    set("now()", true).await;
    acme.client.get("/v1/me").await.expect(401);
    set("NULL", true).await;
    acme.client.get("/v1/me").await.expect(200);
    // Nobody told of it: it shows by itself.
    set("now()", true).await;
    acme.client.get("/v1/me").await.expect(401);
    set("NULL", false).await;
    soon(&acme.client, "/v1/me", 200).await;
    // A key that is made works at once, whatever was refused before.
    for _ in 0..5 {
        app.anyone.clone().with_token(Some("tnt_dev_x_y")).get("/v1/me").await.expect(401);
        let key = app.key("acme", &serde_json::json!({"name": "fresh"})).await;
        app.anyone.clone().with_token(Some(&key.key)).get("/v1/me").await.expect(200);
    }
}
