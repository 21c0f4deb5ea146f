//! The proof of isolation over a fleet, in the catalogue and live (over HTTP it does not grow with the fleet): how long it takes, how much it tries, and how that grows.
//!
//! Writes `target/bench/proof.json`. `--tenants N` sets the large fleet (1,000).

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tenantry_durable::Lease;
use tenantry_testkit::TestApp;
use tenantry_types::isolation::{IsolationReport, IsolationStatus};

const SMALL_FLEET: usize = 45;
/// Slots made before they are claimed.
const BATCH: usize = 64;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(bench(argument("--tenants", 1_000)));
}

fn argument(name: &str, default: usize) -> usize {
    std::env::args().skip_while(|arg| arg != name).nth(1).and_then(|n| n.parse().ok()).unwrap_or(default)
}

async fn bench(large: usize) {
    let app = TestApp::builder().without_the_proof_over_http().start().await;
    let mut figures = Vec::new();
    let mut made = 0;
    for fleet in [SMALL_FLEET.min(large), large] {
        grow(&app, fleet, &mut made).await;
        figures.push(measure(&app).await);
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("proof.json"), json!(figures).to_string()));
    written.unwrap_or_else(|error| panic!("{error}"));
}

async fn grow(app: &TestApp, wanted: usize, made: &mut usize) {
    let placement = &app.database.placement;
    while *made < wanted {
        let batch = BATCH.min(wanted - *made);
        placement.fill(batch).await.unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..batch {
            app.tenant(&format!("fleet-{made}")).await;
            *made += 1;
        }
    }
    placement.analyze_catalogue().await.unwrap_or_else(|error| panic!("{error}"));
}

/// Two proofs: the first also waits for what the connections have to learn.
async fn measure(app: &TestApp) -> Value {
    let prover = app.worker().prover.unwrap_or_else(|| panic!("no prover"));
    let mut seconds = Vec::new();
    let mut last = None;
    for _ in 0..2 {
        app.operator().post("/v1/isolation-reports", &json!({"seed": 7})).await.expect(202);
        let lease = Lease { token: app.app.ctx().uuid(), length: Duration::from_mins(10), holder: None };
        let began = Instant::now();
        let report = prover.work(lease).await.unwrap_or_else(|error| panic!("{error}"));
        seconds.push(began.elapsed().as_secs_f64());
        last = report;
    }
    let report: IsolationReport = last.unwrap_or_else(|| panic!("no report"));
    assert_eq!(report.status, IsolationStatus::Passed, "{report:?}");
    let examined: i64 = report.checks.iter().map(|check| check.examined).sum();
    println!(
        "proof of {:>5} tenants{}: {:.2} s, again {:.2} s; {} attempts, {} refused, {examined} things looked at or tried (required: 1,000 tenants in 30 s)",
        report.tenants,
        if report.sampled { ", sampled" } else { "" },
        seconds[0],
        seconds[1],
        report.attempts,
        report.refusals
    );
    json!({"tenants": report.tenants, "sampled": report.sampled, "seconds": seconds, "attempts": report.attempts, "refusals": report.refusals, "examined": examined})
}
