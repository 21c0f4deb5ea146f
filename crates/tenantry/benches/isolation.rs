//! What a stranger can tell by time: requests for another tenant's row beside requests for one that there is not.
//!
//! Four kinds of request, each foreign and absent in turn, which take turns at going first. As a measure of noise the same request is made twice and compared
//! with itself. Prints the median of each and the ratios; writes `target/bench/isolation.json`. `--samples N` sets the pairs of each kind (2,000).

use serde_json::{Value, json};
use std::time::Instant;
use tenantry_testkit::{
    Client, TestApp,
    axum::http::Method,
    figures::{Spread, argument, write},
};

const ABSENT: &str = "agt_00000000000000000000000007";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(bench(argument("--samples", 2_000)));
}

/// A request that finds nothing.
struct Ask {
    client: Client,
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Ask {
    /// Microseconds, and the status.
    async fn once(&self) -> (f64, u16) {
        let began = Instant::now();
        let reply = self.client.call(self.method.clone(), &self.path, self.body.as_ref()).await;
        (began.elapsed().as_secs_f64() * 1e6, reply.status.as_u16())
    }
}

async fn bench(samples: usize) {
    let app = TestApp::builder().slots(2).start().await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    let made = rival.client.post("/v1/agents", &json!({"name": "Iris", "role": "r"})).await.expect(201);
    let foreign = made.json["id"].as_str().unwrap_or_default().to_owned();
    let ask = |method: Method, id: &str, body: Option<Value>| Ask {
        client: acme.client.clone(),
        method,
        path: format!("/v1/agents/{id}"),
        body,
    };
    let named = |slug: &str| Ask {
        client: acme.client.clone().with_header("x-tenant-slug", slug),
        ..ask(Method::GET, ABSENT, None)
    };
    let change = || Some(json!({"role": "mine"}));
    let kinds = [
        ("show", ask(Method::GET, &foreign, None), ask(Method::GET, ABSENT, None)),
        ("update", ask(Method::PATCH, &foreign, change()), ask(Method::PATCH, ABSENT, change())),
        ("delete", ask(Method::DELETE, &foreign, None), ask(Method::DELETE, ABSENT, None)),
        ("tenant's name", named("rival"), named("nobody")),
        ("noise", ask(Method::GET, ABSENT, None), ask(Method::GET, ABSENT, None)),
    ];
    println!("foreign beside absent, {samples} pairs each, alternating");
    let mut figures = serde_json::Map::new();
    for (kind, foreign, absent) in kinds {
        figures.insert(kind.to_owned(), pairs(kind, &foreign, &absent, samples).await);
    }
    write("isolation", &json!({"unit": "us", "samples": samples, "kinds": figures}));
}

async fn pairs(kind: &str, foreign: &Ask, absent: &Ask, samples: usize) -> Value {
    let mut took = [Vec::new(), Vec::new()];
    // The first tenth warms caches, and is not counted.
    for pair in 0..samples + samples / 10 {
        let mut order = [(0, foreign), (1, absent)];
        if pair % 2 == 1 {
            order.reverse();
        }
        let mut statuses = Vec::new();
        for (which, ask) in order {
            let (micros, status) = ask.once().await;
            statuses.push(status);
            if pair >= samples / 10 {
                took[which].push(micros);
            }
        }
        assert!(matches!(statuses[..], [404, 404] | [403, 403]), "{kind}: {statuses:?}");
    }
    let [foreign, absent] = took.map(Spread::of);
    let ratio = foreign.p50 / absent.p50;
    println!(
        "    {kind:<14} foreign p50 {:>7.1} µs, p99 {:>7.1} µs   absent p50 {:>7.1} µs, p99 {:>7.1} µs   {ratio:.3} x",
        foreign.p50, foreign.p99, absent.p50, absent.p99
    );
    json!({"foreign": foreign.json(), "absent": absent.json(), "ratio_p50": ratio})
}
