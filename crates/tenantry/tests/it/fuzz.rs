//! Tokens that were changed at random, always the same ones; `make fuzz` tries others for longer.

use crate::people;
use serde_json::json;
use tenantry_testkit::fuzz::{Corpus, Fuzzer, corpus, tokens};

#[tokio::test(flavor = "multi_thread")]
async fn no_changed_token_passes() {
    let app = people::cheap().start().await;
    let keys = corpus(&app).await.good.into_iter().filter_map(|key| String::from_utf8(key).ok());
    people::user(&app, "ada@example.com").await;
    people::member(&app, "ada@example.com", ("acme", "default"), "member").await;
    let mut jwts = Vec::new();
    for _ in 0..2 {
        let token =
            &people::sign_in(&app, "ada@example.com", json!({"tenant": "acme"})).await["access_token"];
        jwts.push(token.as_str().unwrap_or_default().to_owned());
    }
    let corpus = Corpus::of(keys.chain(jwts).collect());
    let sent = tokens(&app.anyone, &corpus, &mut Fuzzer::new(4), 1_500).await;
    assert!(sent > 1_000, "{sent}");
    for good in &corpus.good {
        let client = app.anyone.clone().with_bytes("authorization", &[b"Bearer ", &good[..]].concat());
        client.get("/v1/me").await.expect(200);
    }
}
