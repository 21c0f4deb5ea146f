//! B8, and what signing in costs: admission of each kind of credential, argon2, sign-ins beside other requests, what a stranger can tell by time.
//!
//! - B8: the gate in process for an API key, an access token and a token of an external issuer, remembered and looked up anew; beside one verification of
//!   the same token's signature, its floor.
//! - Hashing: one password, and the memory of it.
//! - Sign-in: sign-ins a second with eight at once, and what a request of somebody else takes meanwhile and without.
//! - Strangers: an unknown address beside a wrong password, as distributions.
//! - The policy: how large its matrix is.
//!
//! Writes `target/bench/identity.json`. `--samples N` sets the samples of each figure (200).

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};
use tenantry_core::{
    authz,
    identity::{Credential, Visit},
};
use tenantry_pg::task;
use tenantry_testkit::{Client, TestApp, TestIssuer, TestKey};
use tenantry_types::identity::Proof;

const PASSWORD: &str = "correct horse battery staple";
/// The hashing of production, which tests make cheap.
const MEMORY_KIB: &str = "19456";
const ITERATIONS: &str = "2";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(bench(argument("--samples", 200)));
}

fn argument(name: &str, default: usize) -> usize {
    std::env::args().skip_while(|arg| arg != name).nth(1).and_then(|n| n.parse().ok()).unwrap_or(default)
}

async fn bench(samples: usize) {
    let issuer = TestIssuer::start().await;
    let signer = TestKey::p256("first");
    issuer.publish(&[&signer]);
    let app = TestApp::builder()
        .slots(1)
        .set("TENANTRY_ARGON2_MEMORY_KIB", MEMORY_KIB)
        .set("TENANTRY_ARGON2_ITERATIONS", ITERATIONS)
        .issuers(&format!(
            "[[issuer]]\nname = \"local\"\nissuer = \"{}\"\naudience = \"tenantry\"\nalgorithms = [\"ES256\"]\norganisations = {{ o1 = \"acme\" }}\n",
            issuer.url()
        ))
        .start()
        .await;
    let key = owner(&app).await;
    let token = sign_in(&app.anyone, "owner@acme.example", PASSWORD).await;
    let claims = external(&app, &issuer);
    let outside = signer.token(&claims);
    let floors =
        [own_floor(&app, &token, samples).await, floor(&signer.jwk(), Algorithm::ES256, &outside, samples)];
    let kinds = [
        ("API key", key.as_str(), None),
        ("access token", &token, Some(floors[0])),
        ("external token", &outside, Some(floors[1])),
    ];
    let mut admitted = serde_json::Map::new();
    for (kind, text, floor) in kinds {
        admitted.insert(kind.to_owned(), admission(&app, kind, text, floor, samples).await);
    }
    let hashing = hashing(&app, samples.min(50)).await;
    let sign_ins = sign_ins(&app, &token, samples.min(100)).await;
    let strangers = strangers(&app, samples.min(100)).await;
    write_json(
        &json!({"admission_us": admitted, "hashing": hashing, "sign_in": sign_ins, "strangers_ms": strangers, "policy": policy()}),
    );
}

/// What the issuer's tokens say: a member of the tenant, made known by the first of them.
fn external(app: &TestApp, issuer: &TestIssuer) -> Value {
    let now = app.app.ctx().now().timestamp();
    json!({"iss": issuer.url(), "aud": "tenantry", "sub": "ada", "iat": now, "exp": now + 3600,
        "org_id": "o1", "org_slug": "acme", "org_role": "member"})
}

/// Microseconds of one verification of our own token's signature.
async fn own_floor(app: &TestApp, token: &str, samples: usize) -> f64 {
    let published = app.anyone.get("/.well-known/jwks.json").await.expect(200).json;
    let header = jsonwebtoken::decode_header(token).unwrap_or_else(|error| panic!("{error}"));
    let keys = published["keys"].as_array().cloned().unwrap_or_default();
    let key = keys.iter().find(|key| key["kid"].as_str() == header.kid.as_deref());
    floor(key.unwrap_or_else(|| panic!("the key is not in {published}")), Algorithm::EdDSA, token, samples)
}

fn floor(jwk: &Value, algorithm: Algorithm, token: &str, samples: usize) -> f64 {
    let (signed, signature) = token.rsplit_once('.').unwrap_or_else(|| panic!("no token"));
    let (x, y) = (jwk["x"].as_str().unwrap_or_default(), jwk["y"].as_str());
    let key = match y {
        Some(y) => DecodingKey::from_ec_components(x, y),
        None => DecodingKey::from_ed_components(x),
    };
    let key = key.unwrap_or_else(|error| panic!("{error}"));
    let took = (0..samples).map(|_| {
        let began = Instant::now();
        let right = jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm);
        let took = micros_since(began);
        assert!(matches!(right, Ok(true)), "a good signature is refused: {right:?}");
        took
    });
    Spread::of(took.collect()).p50
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

/// Microseconds: remembered, and looked up anew.
async fn admission(app: &TestApp, kind: &str, text: &str, floor: Option<f64>, samples: usize) -> Value {
    let credential = Credential::Bearer(text.to_owned());
    // The first time is another thing: an issuer's person is made known, its keys are fetched.
    admit(app, &credential).await;
    let (mut known, mut anew) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        app.app.access.forget();
        anew.push(admit(app, &credential).await);
        for _ in 0..10 {
            known.push(admit(app, &credential).await);
        }
    }
    let (known, anew) = (Spread::of(known), Spread::of(anew));
    let floor_text = floor.map_or_else(String::new, |floor| format!("   floor: one signature {floor:.1} µs"));
    println!(
        "B8  {kind:<14} remembered p50 {:>7.1} µs, p99 {:>7.1} µs (required: p50 20)   looked up anew p50 {:>7.1} µs, p99 {:>7.1} µs{floor_text}",
        known.p50, known.p99, anew.p50, anew.p99
    );
    json!({"remembered": known.json(), "anew": anew.json(), "signature": floor})
}

async fn admit(app: &TestApp, credential: &Credential) -> f64 {
    let visitor = Visit::default();
    let began = Instant::now();
    let verified = app.app.gate.verify(credential, &visitor).await;
    let took = micros_since(began);
    assert!(verified.is_ok(), "a good credential was refused: {:?}", verified.err());
    took
}

fn micros_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e6
}

/// One password after the other, as a new account's is hashed; what the process held at its most before and after eight at once.
async fn hashing(app: &TestApp, samples: usize) -> Value {
    let password = Proof::new(PASSWORD);
    let hash = async || {
        let began = Instant::now();
        let made = app.app.sign_in.hash_new(&password, &[]).await;
        made.unwrap_or_else(|error| panic!("{error}"));
        millis_since(began)
    };
    let before = peak_kib();
    let mut took = Vec::new();
    for _ in 0..samples {
        took.push(hash().await);
    }
    futures_util::future::join_all((0..8).map(|_| hash())).await;
    let (took, peak) = (Spread::of(took), peak_kib());
    println!(
        "argon2id ({MEMORY_KIB} KiB, {ITERATIONS} passes): p50 {:.1} ms, p99 {:.1} ms; the process at its most {before} KiB before, {peak} KiB after eight at once",
        took.p50, took.p99
    );
    json!({"memory_kib": MEMORY_KIB, "iterations": ITERATIONS, "ms": took.json(), "peak_kib": {"before": before, "after": peak}})
}

/// The most that this process has held, in KiB; 0 where the system does not tell.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn millis_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
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
    let mut one = Vec::new();
    for _ in 0..10 {
        let began = Instant::now();
        sign_in(&app.anyone, "owner@acme.example", PASSWORD).await;
        one.push(millis_since(began));
    }
    let (one, alone, beside) = (Spread::of(one), Spread::of(alone), Spread::of(beside));
    println!("sign-in: one alone p50 {:.1} ms; eight at once {rate:.1} a second", one.p50);
    println!(
        "a bystander's GET /v1/me: p50 {:.2} ms, p99 {:.2} ms alone; p50 {:.2} ms, p99 {:.2} ms beside the sign-ins",
        alone.p50, alone.p99, beside.p50, beside.p99
    );
    json!({"one_ms": one.json(), "per_second": rate, "bystander_ms": {"alone": alone.json(), "beside": beside.json()}})
}

/// Milliseconds of requests: so many, or as long as it is busy.
async fn requests(client: &Client, most: usize, busy: Option<&AtomicBool>) -> Vec<f64> {
    let mut took = Vec::new();
    while took.len() < most && busy.is_none_or(|busy| busy.load(Ordering::Relaxed)) {
        let began = Instant::now();
        client.get("/v1/me").await.expect(200);
        took.push(millis_since(began));
    }
    took
}

/// What a stranger can tell, in milliseconds. Each attempt has an address of its own, and the clock goes on, so that nobody backs off; the two take
/// turns at going first, so that neither has the warmer machine.
async fn strangers(app: &TestApp, samples: usize) -> Value {
    let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
    for number in 0..samples {
        let nobody = format!("nobody-{number}@acme.example");
        if number % 2 == 0 {
            unknown.push(refused(app, &nobody).await);
            wrong.push(refused(app, "owner@acme.example").await);
        } else {
            wrong.push(refused(app, "owner@acme.example").await);
            unknown.push(refused(app, &nobody).await);
        }
    }
    let (unknown, wrong) = (Spread::of(unknown), Spread::of(wrong));
    for (who, spread) in [("unknown address", &unknown), ("wrong password", &wrong)] {
        println!(
            "strangers: {who:<15} p5 {:.1} ms, p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms",
            spread.p5, spread.p50, spread.p95, spread.p99
        );
    }
    json!({"unknown": unknown.json(), "wrong_password": wrong.json()})
}

async fn refused(app: &TestApp, email: &str) -> f64 {
    app.clock.advance(chrono::TimeDelta::hours(1));
    let began = Instant::now();
    app.anyone
        .post("/v1/auth/login", &json!({"email": email, "password": "not the password"}))
        .await
        .expect(401);
    millis_since(began)
}

/// How large the matrix is: rows and cells of the table that decides, and the operations that ask it.
fn policy() -> Value {
    let (actions, kinds) = (authz::Action::ALL.len(), 5);
    let asked = authz::operations().filter(|(_, need)| matches!(need, authz::Need::May(_))).count();
    let all = authz::operations().count();
    println!(
        "policy: {actions} actions for {kinds} kinds of actor, {} cells; {asked} operations ask it, {} are open",
        actions * kinds,
        all - asked
    );
    json!({"actions": actions, "kinds": kinds, "cells": actions * kinds, "operations": asked, "open": all - asked})
}

/// Where samples lie.
struct Spread {
    p5: f64,
    p50: f64,
    p95: f64,
    p99: f64,
}

impl Spread {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let [p5, p50, p95, p99] = [0.05, 0.5, 0.95, 0.99].map(|share| at(&samples, share));
        Self { p5, p50, p95, p99 }
    }

    fn json(&self) -> Value {
        let Self { p5, p50, p95, p99 } = self;
        json!({"p5": p5, "p50": p50, "p95": p95, "p99": p99})
    }
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

fn write_json(json: &Value) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("identity.json"), json.to_string()));
    written.unwrap_or_else(|error| panic!("{error}"));
}
