//! B8, and what signing in costs: admission of each kind of credential, argon2, sign-ins beside other requests, what a stranger can tell by time.
//!
//! - B8: the gate in process, remembered, and looked up anew; beside one Ed25519 verification of the same token, its floor.
//! - Sign-in: sign-ins a second with eight at once, and what a request of somebody else takes meanwhile and without.
//! - Strangers: an unknown address beside a wrong password, medians.
//!
//! Writes `target/bench/identity.json`. `--samples N` sets the samples of each figure (200).

use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};
use tenantry_core::identity::Credential;
use tenantry_pg::task;
use tenantry_testkit::{Client, TestApp};

const PASSWORD: &str = "correct horse battery staple";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(bench(argument("--samples", 200)));
}

fn argument(name: &str, default: usize) -> usize {
    std::env::args().skip_while(|arg| arg != name).nth(1).and_then(|n| n.parse().ok()).unwrap_or(default)
}

async fn bench(samples: usize) {
    // The hashing of production, which tests make cheap.
    let app = TestApp::builder()
        .slots(1)
        .set("TENANTRY_ARGON2_MEMORY_KIB", "19456")
        .set("TENANTRY_ARGON2_ITERATIONS", "2")
        .start()
        .await;
    let owner = owner(&app).await;
    let token = sign_in(&app.anyone, "owner@acme.example", PASSWORD).await;
    let admission = admission(&app, &owner, &token, samples).await;
    let sign_ins = sign_ins(&app, &token, samples.min(100)).await;
    let strangers = strangers(&app, samples.min(40)).await;
    write_json(&json!({"admission_us": admission, "sign_in": sign_ins, "strangers_ms": strangers}));
}

/// A tenant whose owner has accepted, and its API key.
async fn owner(app: &TestApp) -> String {
    let wish = json!({"slug": "acme", "name": "Acme", "admin_email": "owner@acme.example", "plan_tier": "enterprise"});
    let made = app.operator().post("/v1/tenants", &wish).await.expect(202).json;
    let link = text(&made["owner_invitation"]["url"]);
    let (_, link) = link.split_once("#token=").unwrap_or_else(|| panic!("no token in {link}"));
    let accept = json!({"token": link, "password": PASSWORD, "name": "Olga Owner"});
    app.anyone.post("/v1/auth/accept-invitation", &accept).await.expect(200);
    text(&made["api_key"])
}

async fn sign_in(client: &Client, email: &str, password: &str) -> String {
    let reply = client.post("/v1/auth/login", &json!({"email": email, "password": password})).await;
    text(&reply.expect(200).json["access_token"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Microseconds: remembered, looked up anew, for each kind of credential.
async fn admission(app: &TestApp, key: &str, token: &str, samples: usize) -> Value {
    let mut figures = serde_json::Map::new();
    for (kind, text) in [("API key", key), ("access token", token)] {
        let credential = Credential::Bearer(text.to_owned());
        let (mut known, mut anew) = (Vec::new(), Vec::new());
        for _ in 0..samples {
            app.app.access.forget();
            anew.push(micros(app, &credential).await);
            for _ in 0..10 {
                known.push(micros(app, &credential).await);
            }
        }
        let (known, anew) = (median(known), median(anew));
        println!(
            "B8  {kind:<13} remembered p50 {known:>8.1} µs (required: 20)   looked up anew p50 {anew:>8.1} µs"
        );
        figures.insert(kind.to_owned(), json!({"remembered": known, "anew": anew}));
    }
    figures.into()
}

async fn micros(app: &TestApp, credential: &Credential) -> f64 {
    let began = Instant::now();
    let verified = app.app.gate.verify(credential).await;
    let took = began.elapsed().as_secs_f64() * 1e6;
    assert!(verified.is_ok(), "a good credential was refused");
    took
}

/// Sign-ins a second with eight at once, and a bystander's requests with and without them.
#[expect(clippy::cast_precision_loss, reason = "some hundred sign-ins")]
async fn sign_ins(app: &TestApp, token: &str, samples: usize) -> Value {
    let bystander = app.anyone.clone().with_token(Some(token));
    let alone = requests(&bystander, samples, None).await;
    let busy = Arc::new(AtomicBool::new(true));
    let beside = {
        let (bystander, busy) = (bystander.clone(), Arc::clone(&busy));
        task::detached(async move { requests(&bystander, usize::MAX, Some(&busy)).await })
    };
    let began = Instant::now();
    let clients = (0..8).map(|_| {
        let client = app.anyone.clone();
        task::detached(async move {
            for _ in 0..samples / 8 {
                sign_in(&client, "owner@acme.example", PASSWORD).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap_or_else(|error| panic!("{error}"));
    }
    let rate = (samples / 8 * 8) as f64 / began.elapsed().as_secs_f64();
    busy.store(false, Ordering::Relaxed);
    let beside = beside.await.unwrap_or_else(|error| panic!("{error}"));
    let one = {
        let mut took = Vec::new();
        for _ in 0..10 {
            let began = Instant::now();
            sign_in(&app.anyone, "owner@acme.example", PASSWORD).await;
            took.push(began.elapsed().as_secs_f64() * 1e3);
        }
        median(took)
    };
    println!("sign-in: one alone p50 {one:.1} ms; eight at once {rate:.1} a second");
    println!(
        "a bystander's GET /v1/me: p50 {:.2} ms, p99 {:.2} ms alone; p50 {:.2} ms, p99 {:.2} ms beside the sign-ins",
        at(&alone, 0.5),
        at(&alone, 0.99),
        at(&beside, 0.5),
        at(&beside, 0.99)
    );
    json!({"one_ms": one, "per_second": rate, "bystander_ms": {
        "alone": {"p50": at(&alone, 0.5), "p99": at(&alone, 0.99)},
        "beside": {"p50": at(&beside, 0.5), "p99": at(&beside, 0.99)}}})
}

/// Milliseconds of requests, sorted: so many, or as long as it is busy.
async fn requests(client: &Client, most: usize, busy: Option<&AtomicBool>) -> Vec<f64> {
    let mut took = Vec::new();
    while took.len() < most && busy.is_none_or(|busy| busy.load(Ordering::Relaxed)) {
        let began = Instant::now();
        client.get("/v1/me").await.expect(200);
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    took
}

/// What a stranger can tell: medians in milliseconds. Each attempt has an address of its own, and the clock goes on, so that nobody backs off.
async fn strangers(app: &TestApp, samples: usize) -> Value {
    let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
    for number in 0..samples {
        unknown.push(refused(app, &format!("nobody-{number}@acme.example")).await);
        wrong.push(refused(app, "owner@acme.example").await);
    }
    let (unknown, wrong) = (median(unknown), median(wrong));
    println!("strangers: unknown address p50 {unknown:.1} ms, wrong password p50 {wrong:.1} ms");
    json!({"unknown": unknown, "wrong_password": wrong})
}

async fn refused(app: &TestApp, email: &str) -> f64 {
    app.clock.advance(chrono::TimeDelta::hours(1));
    let began = Instant::now();
    app.anyone
        .post("/v1/auth/login", &json!({"email": email, "password": "not the password"}))
        .await
        .expect(401);
    began.elapsed().as_secs_f64() * 1e3
}

fn at(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    at(&figures, 0.5)
}

fn write_json(json: &Value) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("identity.json"), json.to_string()));
    written.unwrap_or_else(|error| panic!("{error}"));
}
