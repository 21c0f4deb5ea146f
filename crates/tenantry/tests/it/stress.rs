//! Many callers over real sockets, who hang up wherever they like: nobody sees anything of anybody else, and nothing is left behind.

use crate::{
    isolation::hanging_up,
    support::{agent, superuser_sees},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};
use tenantry_testkit::{Answer, Client, POOLED, TestApp, Wire, axum::http::Method, fuzz::Fuzzer, request};
use tokio::task::JoinSet;

const TENANTS: usize = 50;
/// Over sockets.
const STRANGERS: usize = 150;
/// In this process, whose requests are dropped at whichever await they have come to.
const DROPPED: usize = 50;
const TURNS: usize = 12;
const CONNECTIONS: usize = 4;

/// What a caller knows of its tenant.
struct Home {
    slug: String,
    workspace: Value,
    agent: String,
    /// An agent of the next tenant.
    foreign: String,
    key: String,
    client: Client,
}

/// What a caller asks for.
#[derive(Clone, Copy)]
enum Wish {
    List,
    Show,
    ShowForeign,
    Add,
}

const WISHES: [Wish; 4] = [Wish::List, Wish::Show, Wish::ShowForeign, Wish::Add];

impl Home {
    fn request(&self, wish: Wish, name: &str) -> (Method, String, Option<Value>) {
        match wish {
            Wish::List => (Method::GET, "/v1/agents?limit=100".to_owned(), None),
            Wish::Show => (Method::GET, format!("/v1/agents/{}", self.agent), None),
            Wish::ShowForeign => (Method::GET, format!("/v1/agents/{}", self.foreign), None),
            Wish::Add => {
                let body = json!({"name": format!("{}-{name}", self.slug), "role": self.slug});
                (Method::POST, "/v1/agents".to_owned(), Some(body))
            }
        }
    }

    fn bytes(&self, wish: Wish, name: &str) -> Vec<u8> {
        let (method, path, body) = self.request(wish, name);
        request(method.as_str(), &path, Some(&self.key), body.as_ref())
    }

    /// The stamp of each row that an answer shows: workspace and name are this tenant's, and no other's.
    fn check(&self, wish: Wish, status: u16, body: &Value) {
        let what = format!("{}: {status} {body}", self.slug);
        let own = |row: &Value| {
            let named = row["name"].as_str().is_some_and(|name| name.starts_with(&format!("{}-", self.slug)));
            named && row["workspace_id"] == self.workspace
        };
        match wish {
            Wish::List => {
                let rows = body["items"].as_array().filter(|rows| !rows.is_empty());
                assert!(status == 200 && rows.is_some_and(|rows| rows.iter().all(own)), "{what}");
            }
            Wish::Show => assert!(status == 200 && body["id"] == *self.agent && own(body), "{what}"),
            Wish::ShowForeign => assert!(status == 404 && body["code"] == "not_found", "{what}"),
            Wish::Add => assert!(status == 201 && own(body), "{what}"),
        }
    }
}

fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// How many requests were answered, and how many nobody waited for.
#[derive(Default, Clone, Copy)]
struct Count {
    answered: usize,
    unheard: usize,
}

/// Somebody with a socket: hears an answer out, or hangs up in the middle of a request, behind it, in the middle of its answer, or between two.
async fn stranger(home: Arc<Home>, address: SocketAddr, seed: usize) -> Count {
    let mut chance = Fuzzer::new(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed as u64 + 1));
    let mut count = Count::default();
    let mut open: Option<Wire> = None;
    for turn in 0..TURNS {
        let mut wire = match open.take() {
            Some(wire) => wire,
            None => must(Wire::open(address).await),
        };
        let wish = WISHES[chance.below(WISHES.len())];
        let bytes = home.bytes(wish, &format!("{seed}-{turn}"));
        let manner = chance.below(6);
        let sent = if manner == 0 { chance.below(bytes.len()) } else { bytes.len() };
        must(wire.send(&bytes[..sent]).await);
        match manner {
            0 | 1 => {}
            2 => drop(must(wire.read_some(1 + chance.below(400)).await)),
            // The second of two is not waited for.
            3 => {
                must(wire.send(&home.bytes(Wish::List, "")).await);
                heard(&home, wish, &must(wire.answer().await));
                count.answered += 1;
            }
            _ => {
                heard(&home, wish, &must(wire.answer().await));
                count.answered += 1;
                open = Some(wire);
                continue;
            }
        }
        count.unheard += 1;
    }
    count
}

fn heard(home: &Home, wish: Wish, answer: &Answer) {
    home.check(wish, answer.status, &answer.json);
}

/// Somebody whose request is dropped at one of its awaits.
async fn dropped(home: Arc<Home>, seed: usize) -> Count {
    let mut chance = Fuzzer::new(0xd1b5_4a32_d192_ed03_u64.wrapping_mul(seed as u64 + 1));
    let mut count = Count::default();
    for turn in 0..TURNS {
        let wish = WISHES[chance.below(WISHES.len())];
        let (method, path, body) = home.request(wish, &format!("d{seed}-{turn}"));
        let polls = must(u32::try_from(chance.below(16)));
        match hanging_up(polls, home.client.call(method, &path, body.as_ref())).await {
            Some(reply) => {
                home.check(wish, reply.status.as_u16(), &reply.json);
                count.answered += 1;
            }
            None => count.unheard += 1,
        }
    }
    count
}

/// The tenants, each with a row of its own.
async fn homes(app: &TestApp) -> Vec<Arc<Home>> {
    let mut homes: Vec<Home> = Vec::new();
    for number in 0..TENANTS {
        let tenant = app.tenant(&format!("tenant-{number}")).await;
        let slug = tenant.tenant.slug.to_string();
        homes.push(Home {
            agent: agent(&tenant.client, &format!("{slug}-first")).await,
            workspace: json!(tenant.key.workspace_id),
            foreign: String::new(),
            key: tenant.key.key,
            client: tenant.client,
            slug,
        });
    }
    let agents: Vec<String> = homes.iter().map(|home| home.agent.clone()).collect();
    for (number, home) in homes.iter_mut().enumerate() {
        home.foreign.clone_from(&agents[(number + 1) % TENANTS]);
    }
    homes.into_iter().map(Arc::new).collect()
}

/// Asks with many at once until every connection of the pool has been made and is back.
async fn warm(app: &TestApp, homes: &[Arc<Home>]) {
    let full = async {
        loop {
            let asked = homes.iter().map(|home| home.client.get("/v1/agents"));
            futures_util::future::join_all(asked).await;
            idle(app).await;
            if app.app.tenancy.status().iter().map(|(_, pool)| pool.idle).sum::<usize>() == CONNECTIONS {
                return;
            }
        }
    };
    let filled = tokio::time::timeout(Duration::from_secs(30), full).await;
    assert!(filled.is_ok(), "the pool does not fill up");
}

async fn idle(app: &TestApp) {
    let idle = async {
        while app.app.tenancy.status().iter().any(|(_, pool)| pool.in_use > 0) {
            tokio::task::yield_now().await;
        }
    };
    let back = tokio::time::timeout(Duration::from_secs(30), idle).await;
    assert!(back.is_ok(), "a connection does not come back");
}

/// The backends of the cell, and how many of them are in a transaction.
async fn backends(app: &TestApp) -> (BTreeSet<String>, String) {
    let of_cell = format!(
        "FROM pg_stat_activity WHERE datname = current_database() AND usename = '{}'",
        app.database.installation.cell(1)
    );
    let pids = superuser_sees(app, &format!("SELECT string_agg(pid::text, ',') {of_cell}")).await;
    let open = format!("SELECT count(*)::text {of_cell} AND (state <> 'idle' OR xact_start IS NOT NULL)");
    (pids.split(',').map(str::to_owned).collect(), superuser_sees(app, &open).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_hang_up_see_nothing_of_others() {
    let size = CONNECTIONS.to_string();
    let app = TestApp::builder().slots(TENANTS).set("TENANTRY_POOL_SIZE", &size).start().await;
    let homes = homes(&app).await;
    warm(&app, &homes).await;
    let (before, open) = backends(&app).await;
    let servers = if app.app.place.pooler.is_some() { POOLED } else { CONNECTIONS };
    assert_eq!((before.len(), &*open), (servers, "0"));

    let served = app.serve();
    let mut callers = JoinSet::new();
    for (seed, home) in (0..STRANGERS).zip(homes.iter().cycle()) {
        callers.spawn(stranger(Arc::clone(home), served.address, seed));
    }
    for (seed, home) in (0..DROPPED).zip(&homes) {
        callers.spawn(dropped(Arc::clone(home), seed));
    }
    let all = tokio::time::timeout(Duration::from_secs(90), callers.join_all());
    let counts = all.await.expect("all callers end in time");
    let answered: usize = counts.iter().map(|count| count.answered).sum();
    let unheard: usize = counts.iter().map(|count| count.unheard).sum();
    println!("{answered} answers were heard, each its tenant's own; {unheard} times nobody waited");
    assert!(answered > 500 && unheard > 500, "{answered} answered, {unheard} not");

    served.stop().await;
    idle(&app).await;
    // As warm as it began: the same backends, all of them, and none in a transaction.
    assert_eq!(backends(&app).await, (before, "0".to_owned()));
    for home in &homes {
        for wish in [Wish::List, Wish::Show, Wish::ShowForeign] {
            let (method, path, body) = home.request(wish, "");
            let reply = home.client.call(method, &path, body.as_ref()).await;
            home.check(wish, reply.status.as_u16(), &reply.json);
        }
    }
    assert!(app.app.metrics.render().contains("cross_tenant_query_attempts_total 0"));
}
