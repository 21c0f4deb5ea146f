//! How many tenants a second, sustained, and how soon a suspension holds on another server.
//!
//! - Throughput: eight clients ask for tenants one after the other, each waiting until its own is active; a worker refills the warm pool (16 and
//!   256 slots) meanwhile. Tenants that find no slot are made cold, and count.
//! - Suspension: from asking one server to the first refusal by another, which is asked all the time.
//!
//! Writes `target/bench/life.json`. `--tenants N` sets the tenants of each throughput (400), `--samples N` the suspensions (50).

use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};
use tenantry_pg::task;
use tenantry_testkit::{Client, TestApp};

const CLIENTS: usize = 8;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime
        .unwrap_or_else(|error| panic!("{error}"))
        .block_on(bench(argument("--tenants", 400), argument("--samples", 50)));
}

fn argument(name: &str, default: usize) -> usize {
    std::env::args().skip_while(|arg| arg != name).nth(1).and_then(|n| n.parse().ok()).unwrap_or(default)
}

async fn bench(tenants: usize, samples: usize) {
    let mut figures = Vec::new();
    for pool in [16, 256] {
        let (rate, warm) = throughput(pool, tenants).await;
        println!(
            "throughput, {CLIENTS} clients, warm pool {pool:>3}: {rate:>6.1} tenants/s over {tenants}, {warm} of them warm"
        );
        figures.push(json!({"pool": pool, "tenants": tenants, "per_second": rate, "warm": warm}));
    }
    let (p50, worst) = suspension(samples).await;
    println!(
        "suspension until another server refuses: p50 {p50:.2} ms, worst of {samples} {worst:.2} ms (required: 1000)"
    );
    let json =
        json!({"throughput": figures, "suspension_ms": {"p50": p50, "worst": worst, "samples": samples}});
    write_json(&json);
}

#[expect(clippy::cast_precision_loss, reason = "some hundred tenants")]
async fn throughput(pool: usize, tenants: usize) -> (f64, usize) {
    let app = TestApp::builder().slots(pool).start().await;
    let _worker = app.start_worker();
    let began = Instant::now();
    let clients = (0..CLIENTS).map(|client| {
        let operator = app.operator().with_header("prefer", "wait=25");
        task::detached(async move {
            let mut warm = 0;
            for number in (client..tenants).step_by(CLIENTS) {
                let slug = format!("flow-{number}");
                let wish = json!({"slug": slug, "name": slug, "admin_email": "bench@example.com"});
                let made = operator.post("/v1/tenants", &wish).await.expect(202).json;
                assert_eq!(made["run"]["status"], "succeeded", "{made}");
                warm += usize::from(made["run"]["steps"][1]["detail"] == "warm slot");
            }
            warm
        })
    });
    let mut warm = 0;
    for client in clients.collect::<Vec<_>>() {
        warm += client.await.unwrap_or_else(|error| panic!("{error}"));
    }
    (tenants as f64 / began.elapsed().as_secs_f64(), warm)
}

async fn suspension(samples: usize) -> (f64, f64) {
    let app = Arc::new(TestApp::builder().slots(8).start().await);
    let other = TestApp::builder().database(&app.database).start().await;
    let mut figures = Vec::new();
    for number in 0..samples {
        let slug = format!("halt-{number}");
        let tenant = app.tenant(&slug).await;
        let there = other.anyone.clone().with_token(Some(&tenant.key.key));
        there.get("/v1/agents").await.expect(200);
        let (operator, began) = (app.operator(), Instant::now());
        let asked = task::detached(async move {
            operator.post(&format!("/v1/tenants/{slug}/suspend"), &json!({})).await.expect(202)
        });
        refused(&there).await;
        figures.push(began.elapsed().as_secs_f64() * 1000.0);
        let _ = asked.await.unwrap_or_else(|error| panic!("{error}"));
    }
    figures.sort_by(f64::total_cmp);
    (figures[figures.len() / 2], figures[figures.len() - 1])
}

async fn refused(client: &Client) {
    while client.get("/v1/agents").await.status != 403 {}
}

fn write_json(json: &Value) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("life.json"), format!("{json:#}\n")));
    written.unwrap_or_else(|error| panic!("{error}"));
}
