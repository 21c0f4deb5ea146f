//! The stream of all runs, and who may listen for how long.

use crate::catalogue::value;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{collections::BTreeSet, future::poll_fn, pin::Pin, time::Duration};
use tenantry_server::http::authenticate::Credential;
use tenantry_testkit::{
    Client, TestApp,
    axum::{
        body::{Body, HttpBody},
        extract::FromRequestParts,
        http::{Method, Request},
    },
};
use tenantry_types::tenant::TenantAndRun;

const FEED: &str = "/v1/provisioning-runs/events";

/// A stream that is read as far as a test wants.
struct Stream {
    body: Body,
    text: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: i64,
    kind: String,
    data: Value,
}

impl Stream {
    async fn open(client: &Client) -> Self {
        let response = client.send(Method::GET, FEED, None).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { body: response.into_body(), text: String::new() }
    }

    /// Everything up to the event that `is_last` names.
    async fn until(&mut self, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
        loop {
            let told = events(&self.text);
            if let Some(last) = told.iter().position(&is_last) {
                return told[..=last].to_vec();
            }
            let frame = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx));
            let frame = tokio::time::timeout(Duration::from_secs(30), frame).await;
            let frame = frame.unwrap_or_else(|_| panic!("nothing comes after {}", self.text));
            let data = frame
                .unwrap_or_else(|| panic!("it ends: {}", self.text))
                .unwrap_or_else(|error| panic!("{error}"))
                .into_data();
            self.text.push_str(&String::from_utf8_lossy(&data.unwrap_or_default()));
        }
    }
}

fn events(text: &str) -> Vec<Event> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned()))
    };
    // What follows the last blank line is not whole yet.
    let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    let parse = |block: &str| {
        let data = serde_json::from_str(&field(block, "data:")?).ok()?;
        Some(Event { id: field(block, "id:")?.parse().ok()?, kind: field(block, "event:")?, data })
    };
    whole.split("\n\n").filter_map(parse).collect()
}

async fn make(app: &TestApp, slug: &str) -> TenantAndRun {
    let body = json!({"slug": slug, "name": slug, "admin_email": "ops@acme.example"});
    app.operator().post("/v1/tenants", &body).await.expect(202).parse()
}

fn succeeded(slug: &str) -> impl Fn(&Event) -> bool {
    move |event| {
        event.kind == "run" && event.data["tenant_slug"] == slug && event.data["status"] == "succeeded"
    }
}

fn after(app: &TestApp, id: i64) -> Client {
    app.operator().with_header("last-event-id", &id.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_begins_with_what_comes() {
    let app = TestApp::builder().slots(2).start().await;
    make(&app, "acme").await;
    let mut now = Stream::open(&app.operator()).await;
    let made = make(&app, "bolt").await;
    let told = now.until(succeeded("bolt")).await;
    let runs: BTreeSet<&str> = told.iter().filter_map(|event| event.data["run_id"].as_str()).collect();
    assert_eq!(
        runs,
        BTreeSet::from([made.run.id.to_string().as_str()]),
        "each event names its run, and none is old"
    );
    assert_eq!(told.iter().filter(|event| event.kind == "step").count(), 8);
    let mut all = Stream::open(&after(&app, 0)).await;
    let all = all.until(succeeded("bolt")).await;
    assert!(all.iter().any(succeeded("acme")));
    assert_eq!(all[all.len() - told.len()..], told);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_resumes_without_a_gap_or_a_repetition() {
    let app = TestApp::builder().start().await;
    let stop = app.start_worker();
    let slugs = ["acme", "bolt", "core", "duct"];
    let (one, two) =
        tokio::join!(async { (make(&app, slugs[0]).await, make(&app, slugs[1]).await) }, async {
            (make(&app, slugs[2]).await, make(&app, slugs[3]).await)
        });
    drop((one, two));
    let mut all: Vec<Event> = Vec::new();
    for slug in slugs {
        let told = Stream::open(&after(&app, 0)).await.until(succeeded(slug)).await;
        if told.len() > all.len() {
            all = told;
        }
    }
    let _ = stop.send(true);
    assert!(all.iter().map(|event| event.id).is_sorted_by(|one, next| one < next));
    let kept = value(&app.database, "SELECT count(*) FROM outbox").await;
    assert_eq!(all.len().to_string(), kept, "every event that is kept was told");
    let last = all.last().unwrap().id;
    for (seen, event) in all.iter().enumerate().take(all.len() - 1) {
        let rest = Stream::open(&after(&app, event.id)).await.until(|event| event.id == last).await;
        assert_eq!(rest, all[seen + 1..], "after {}", event.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_for_operators_and_ends_with_the_process() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    assert_eq!(acme.client.get(FEED).await.expect(403).code(), "forbidden");
    app.anyone.get(FEED).await.expect(401);
    let open = app.operator();
    let reading = tenantry_pg::task::detached(async move { open.get(FEED).await });
    app.app.stop_streams();
    let ended = tokio::time::timeout(Duration::from_secs(30), reading).await;
    ended.expect("the stream goes on").unwrap().expect(200);
}

/// What every stream asks each second. No stream is open to a tenant's key yet, and the operator's token does not end while its process runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_identity() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    let hour = app.app.ctx().now() + TimeDelta::hours(1);
    let credential = async |token: &str| {
        let request = Request::get(FEED).header("authorization", format!("Bearer {token}")).body(()).unwrap();
        Credential::from_request_parts(&mut request.into_parts().0, &app.app).await.ok().unwrap()
    };
    let holds = async |credential: &Credential| credential.verify(&app.app).await.is_ok();
    let ends = credential(&app.key("acme", &json!({"name": "ends", "expires_at": hour})).await.key).await;
    let stays = credential(&app.key("acme", &json!({"name": "stays"})).await.key).await;
    let operator = credential(tenantry_testkit::OPERATOR).await;
    assert!(holds(&ends).await && holds(&stays).await && holds(&operator).await);
    app.clock.advance(TimeDelta::minutes(61));
    assert!(!holds(&ends).await && holds(&stays).await, "it expired");
    app.operator().post("/v1/tenants/acme/suspend", &json!({})).await.expect(202);
    assert!(!holds(&stays).await && holds(&operator).await, "its tenant serves no more");
    assert!(!holds(&credential("nobody").await).await);
}
