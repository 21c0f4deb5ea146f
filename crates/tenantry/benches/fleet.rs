//! Backends at many tenants: what a database backend holds under traffic over all of them, and that connections retire before it is too much.
//!
//! Makes `--tenants N` (5,000), then has ten callers ask for every tenant's rows in turn, `--rounds N` times (3), through the application with its pools as they
//! are in production. Looks at every backend of the cells after each 50 requests of each caller. Prints the most that one held, how many there were at once and in all,
//! and the rate; writes `target/bench/fleet.json`. Fails above 64 MB. Linux tells a process's memory in `/proc`, to its own user and to root.

use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tenantry_pg::bootstrap::Superuser;
use tenantry_testkit::{
    Client, TestApp,
    figures::{Spread, argument, write},
};
use tokio::task::JoinSet;

const CALLERS: usize = 10;
/// Requests of a caller between two looks at the backends.
const BETWEEN: usize = 50;
/// KiB that a backend may hold.
const REQUIRED: u64 = 64 * 1024;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let (tenants, rounds) = (argument("--tenants", 5_000), argument("--rounds", 3));
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(bench(tenants, rounds));
}

async fn bench(tenants: usize, rounds: usize) {
    let app = TestApp::builder().start().await;
    let began = Instant::now();
    let clients: Arc<[Client]> = fleet(&app, tenants).await.into();
    println!("{tenants} tenants made in {:.0} s", began.elapsed().as_secs_f64());
    let seen = Arc::new(Seen::default());
    let next = Arc::new(AtomicUsize::new(0));
    let (began, end) = (Instant::now(), tenants * rounds);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (clients, next, seen) = (Arc::clone(&clients), Arc::clone(&next), Arc::clone(&seen));
        let admin = app.database.admin().await;
        callers.spawn(async move {
            let mut took = Vec::new();
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                if turn >= end {
                    return took;
                }
                let began = Instant::now();
                clients[turn % clients.len()].get("/v1/agents").await.expect(200);
                took.push(began.elapsed().as_secs_f64() * 1e3);
                if took.len() % BETWEEN == 0 {
                    seen.look(&admin).await;
                }
            }
        });
    }
    let took: Vec<f64> = callers.join_all().await.into_iter().flatten().collect();
    seen.look(&app.database.admin().await).await;
    let seconds = began.elapsed().as_secs_f64();
    report(tenants, rounds, &Spread::of(took), seconds, &seen.most());
}

/// Tenants, and a caller in each.
async fn fleet(app: &TestApp, tenants: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    while clients.len() < tenants {
        let batch = (tenants - clients.len()).min(64);
        app.database.placement.fill(batch).await.unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..batch {
            let slug = format!("bench-{}", clients.len());
            let wish = json!({"slug": slug, "name": slug, "admin_email": "bench@example.com"});
            let made = app.operator().post("/v1/tenants", &wish).await.expect(202).json;
            let key = made["api_key"].as_str();
            clients
                .push(app.anyone.clone().with_token(Some(key.unwrap_or_else(|| panic!("no key: {made}")))));
        }
        if clients.len() % 512 < 64 || clients.len() == tenants {
            app.database.placement.analyze_catalogue().await.unwrap_or_else(|error| panic!("{error}"));
        }
    }
    clients
}

/// The most that was seen, in KiB.
#[derive(Debug, Default, Clone)]
struct Most {
    /// Of one backend's own: what is not shared with any other process.
    private: u64,
    /// The same with its share of what is shared.
    proportional: u64,
    /// All that it has touched, shared buffers included.
    resident: u64,
    /// Backends at once.
    at_once: usize,
    /// Every backend that there was.
    pids: BTreeSet<String>,
}

#[derive(Default)]
struct Seen(Mutex<Most>);

impl Seen {
    async fn look(&self, admin: &Superuser) {
        let cells = "SELECT string_agg(a.pid::text, ',') FROM pg_stat_activity a JOIN public.cells c ON c.login = a.usename
                     WHERE a.datname = current_database()";
        let pids = admin.value(cells).await.unwrap_or_else(|error| panic!("{error}")).unwrap_or_default();
        let pids: Vec<&str> = pids.split(',').filter(|pid| !pid.is_empty()).collect();
        let mut most = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        most.at_once = most.at_once.max(pids.len());
        for pid in pids {
            // One that has retired since is gone.
            let Ok(rollup) = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
            let of = |name: &str| field(&rollup, name);
            most.private = most.private.max(of("Private_Clean:") + of("Private_Dirty:"));
            most.proportional = most.proportional.max(of("Pss:"));
            most.resident = most.resident.max(of("Rss:"));
            most.pids.insert(pid.to_owned());
        }
    }

    fn most(&self) -> Most {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// KiB of a line.
fn field(rollup: &str, name: &str) -> u64 {
    let line = rollup.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn report(tenants: usize, rounds: usize, took: &Spread, seconds: f64, most: &Most) {
    assert!(most.private > 0, "no backend's memory could be read: run this as root");
    #[expect(clippy::cast_precision_loss, reason = "some thousand requests, some thousand KiB")]
    let (rate, mb) = (took.count as f64 / seconds, |kib: u64| kib as f64 / 1024.0);
    let (own, share, resident) = (mb(most.private), mb(most.proportional), mb(most.resident));
    println!(
        "B11 {tenants} tenants in turn, {CALLERS} callers, {rounds} rounds: {rate:.0} requests a second, p50 {:.2} ms, p99 {:.2} ms",
        took.p50, took.p99
    );
    println!(
        "    a backend at its most: {own:.1} MB of its own (required: 64), {share:.1} MB with its share of shared memory, {resident:.1} MB touched"
    );
    println!("    backends: {} at once, {} in all", most.at_once, most.pids.len());
    let figures: Value = json!({
        "id": "B11", "tenants": tenants, "rounds": rounds, "requests_per_s": rate, "ms": took.json(),
        "backend_mb": {"private": own, "proportional": share, "resident": resident},
        "backends": {"at_once": most.at_once, "in_all": most.pids.len()},
    });
    write("fleet", &figures);
    assert!(most.private <= REQUIRED, "a backend held {own:.1} MB");
}
