//! `make fuzz`: random changes of keys, tokens, addresses and sealed secrets for some seconds, with another seed each time.
//!
//! Owns: nothing. Calls: the test kit. Called by: people, before a release. After a crash: the seed that was printed repeats what was found.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};
use tenantry_core::ctx;
use tenantry_testkit::{
    TestApp,
    fuzz::{Fuzzer, corpus, parsers, tokens},
};

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let seconds = words.next().and_then(|word| word.parse().ok()).unwrap_or(60);
    let fresh = || ctx::random::<8>().map(u64::from_le_bytes).ok();
    let Some(seed) = words.next().and_then(|word| word.parse().ok()).or_else(fresh) else {
        return ExitCode::FAILURE;
    };
    println!("seed {seed}: `make fuzz SECONDS={seconds} SEED={seed}` does the same again");
    let app = TestApp::start().await;
    let (corpus, mut fuzzer) = (corpus(&app).await, Fuzzer::new(seed));
    let (end, mut tried) = (Instant::now() + Duration::from_secs(seconds), 0);
    while Instant::now() < end {
        tried += parsers(&mut fuzzer, 1_000);
        tried += tokens(&app.anyone, &corpus, &mut fuzzer, 500).await;
    }
    println!("{tried} changed texts: each was refused, or read alike; nothing broke");
    ExitCode::SUCCESS
}
