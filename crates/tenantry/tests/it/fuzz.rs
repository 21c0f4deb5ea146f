//! Tokens that were changed at random, always the same ones; `make fuzz` tries others for longer.

use tenantry_testkit::{
    TestApp,
    fuzz::{Fuzzer, corpus, tokens},
};

#[tokio::test(flavor = "multi_thread")]
async fn no_changed_token_passes() {
    let app = TestApp::start().await;
    let corpus = corpus(&app).await;
    let sent = tokens(&app.anyone, &corpus, &mut Fuzzer::new(4), 1_500).await;
    assert!(sent > 1_000, "{sent}");
    for good in &corpus.good {
        let client = app.anyone.clone().with_bytes("authorization", &[b"Bearer ", &good[..]].concat());
        client.get("/v1/me").await.expect(200);
    }
}
