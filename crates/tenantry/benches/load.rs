//! `make load`: users at once, who do every kind of thing against a real server and its worker over HTTP.
//!
//! Ten users for a minute, one request after the other: that is all the machine can do, users and database included. Then a thousand, who come during the first
//! quarter of the time, each at their own, and pause between two requests, sometimes longer and sometimes shorter, so that together they ask six times where the ten asked
//! ten times: what a thousand connections and sessions cost beside ten, and not what an overload does.
//! Every user is an owner in one of `--tenants N` (20); one in ten is an operator. Prints p50, p95, p99 and the worst of each kind of operation, and writes `target/bench/load.json`. Fails on an answer
//! that is not the wanted one, on a row of another tenant, or on a p99 over 200 ms; signing in, whose hash is slow on purpose, is shown apart and not judged.
//!
//! `--users N` (10), `--seconds N` (60), `--many N` (1,000; 0 leaves them out), `--pause-ms N` (by what the ten did).

#[path = "load/user.rs"]
mod user;

use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};
use tenantry_core::ctx::Ctx;
use tenantry_testkit::{
    OPERATOR, Program, TestDatabase, Wire,
    figures::{Spread, argument, write},
};
use tokio::{
    sync::{Barrier, Semaphore},
    task::JoinSet,
    time::Instant,
};
use user::{APART, Home, Log, User, spread};

/// Of the rate that few reached without a pause, what many ask for together.
const SHARE: f64 = 0.6;

/// Milliseconds that one of a hundred requests may take longer than.
const CONTRACT: f64 = 200.0;
const BINARY: &str = env!("CARGO_BIN_EXE_tenantry");

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(load())
}

/// How many at once, for how long, and how long each pauses between two requests.
struct Phase {
    users: usize,
    time: Duration,
    pause: Duration,
}

async fn load() -> ExitCode {
    let time = Duration::from_secs(argument("--seconds", 60) as u64);
    let few = Phase { users: argument("--users", 10).max(1), time, pause: Duration::ZERO };
    let many = argument("--many", 1_000);
    let database = TestDatabase::new(Ctx::system()).await;
    let tenants = argument("--tenants", 20).max(2);
    database.placement.fill(tenants).await.unwrap_or_else(|error| panic!("{error}"));
    let (_server, address) = Program::server(BINARY, &database, &[]);
    let _worker = Program::worker(BINARY, &database, 8);
    let homes = homes(address, tenants).await;
    let log = run(&few, &homes, address).await;
    let pause = pause(&log, many, time);
    let (mut held, told) = judge(&few, log);
    let mut figures = vec![told];
    if many > 0 {
        let many = Phase { users: many, time, pause };
        let (right, told) = judge(&many, run(&many, &homes, address).await);
        held &= right;
        figures.push(told);
    }
    write("load", &json!({"contract_ms": CONTRACT, "tenants": tenants, "phases": figures}));
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long each of many pauses, after what few have done in this time.
#[expect(clippy::cast_precision_loss, reason = "counts of some minutes")]
fn pause(few: &Log, many: usize, time: Duration) -> Duration {
    let asked: usize = few.took.values().map(Vec::len).sum();
    let fitting = many as f64 * time.as_secs_f64() / (asked.max(1) as f64 * SHARE);
    match argument("--pause-ms", 0) {
        0 => Duration::from_secs_f64(fitting),
        given => Duration::from_millis(given as u64),
    }
}

/// Tenants whose owners have accepted.
async fn homes(address: SocketAddr, tenants: usize) -> Vec<Arc<Home>> {
    let mut wire = Wire::open(address).await.unwrap_or_else(|error| panic!("{error}"));
    let mut homes = Vec::new();
    for number in 0..tenants {
        let slug = format!("load-{number}");
        let email = format!("owner@{slug}.example");
        let wish = json!({"slug": slug, "name": slug, "admin_email": email, "plan_tier": "enterprise"});
        let made = ask(&mut wire, "/v1/tenants", Some(OPERATOR), &wish).await;
        let link = made["owner_invitation"]["url"].as_str().unwrap_or_default();
        let (_, token) = link.split_once("#token=").unwrap_or_else(|| panic!("no link: {made}"));
        let accept = json!({"token": token, "password": user::PASSWORD, "name": "Olga Owner"});
        let joined = ask(&mut wire, "/v1/auth/accept-invitation", None, &accept).await;
        homes.push(Arc::new(Home {
            key: made["api_key"].as_str().unwrap_or_default().to_owned(),
            workspace: joined["workspace_id"].clone(),
            slug,
            email,
        }));
    }
    homes
}

async fn ask(wire: &mut Wire, path: &str, token: Option<&str>, body: &Value) -> Value {
    let answer = wire.ask("POST", path, token, Some(body)).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text);
    answer.json
}

async fn run(phase: &Phase, homes: &[Arc<Home>], address: SocketAddr) -> Log {
    println!(
        "{} users for {} s, pausing {} ms between requests",
        phase.users,
        phase.time.as_secs(),
        phase.pause.as_millis()
    );
    let mut users = JoinSet::new();
    // Who signs in first waits for the others: what is measured begins when all are in. A few at a time, since hashing takes turns.
    let (barrier, door) = (Arc::new(Barrier::new(phase.users)), Arc::new(Semaphore::new(10)));
    for number in 0..phase.users {
        let (home, pause, time) = (Arc::clone(&homes[number % homes.len()]), phase.pause, phase.time);
        let after = if pause.is_zero() { Duration::ZERO } else { time.mul_f64(spread(number) / 4.0) };
        let (barrier, door) = (Arc::clone(&barrier), Arc::clone(&door));
        users.spawn(async move {
            let turn = door.acquire().await;
            let user = User::enter(number, home, address).await;
            drop(turn);
            barrier.wait().await;
            let end = Instant::now() + time;
            // Who pauses comes at a time of their own: all at the same thing in the same second would be another test.
            tokio::time::sleep(after).await;
            let user = match user {
                Ok(user) => user.again(address).await,
                Err(error) => Err(error),
            };
            match user {
                Ok(user) => user.work(end, pause).await,
                Err(error) => Log::of(error),
            }
        });
    }
    users.join_all().await.into_iter().fold(Log::default(), Log::and)
}

/// Whether it held, and the figures.
fn judge(phase: &Phase, log: Log) -> (bool, Value) {
    let Log { took, errors } = log;
    let spreads: BTreeMap<&str, Spread> =
        took.into_iter().map(|(name, took)| (name, Spread::of(took))).collect();
    let count: usize = spreads.values().map(|spread| spread.count).sum();
    println!(
        "{:<28} {:>8} {:>9} {:>9} {:>9} {:>9}",
        "operation", "count", "p50 ms", "p95 ms", "p99 ms", "max ms"
    );
    let mut slow = Vec::new();
    for (name, Spread { count, p50, p95, p99, most }) in &spreads {
        let apart = APART.contains(name);
        let mark = if apart { "  (apart)" } else { "" };
        println!("{name:<28} {count:>8} {p50:>9.2} {p95:>9.2} {p99:>9.2} {most:>9.2}{mark}");
        if !apart && *p99 > CONTRACT {
            slow.push(*name);
        }
    }
    println!(
        "{count} requests of {} kinds, {} errors, over {CONTRACT} ms at p99: {slow:?}",
        spreads.len(),
        errors.len()
    );
    for error in errors.iter().take(10) {
        println!("    {error}");
    }
    let operations: BTreeMap<&str, Value> =
        spreads.iter().map(|(name, spread)| (*name, spread.json())).collect();
    let figures = json!({
        "users": phase.users, "seconds": phase.time.as_secs(), "pause_ms": phase.pause.as_secs_f64() * 1e3, "requests": count,
        "errors": errors, "slow": slow, "operations_ms": operations,
    });
    (errors.is_empty() && slow.is_empty() && count > 0, figures)
}
