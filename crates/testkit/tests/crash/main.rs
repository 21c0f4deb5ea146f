//! What a process leaves that is killed in the middle of its work: nothing that another one does not bring to its end.

mod planted;

use std::path::Path;
use tenantry_testkit::crash::{Depth, kinds, slots, summary, table, two_workers};
use tenantry_types::run::RunKind;

pub(crate) fn exe() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_crash_worker"))
}

/// Every kind, every step: dead before it, after it, after its commit, before its undo, after it, after the undo's commit.
#[tokio::test(flavor = "multi_thread")]
async fn every_single_crash_leaves_no_difference() {
    let reports = kinds(exe(), RunKind::ALL, Depth::Singles).await;
    println!("{}", summary(&reports));
    assert!(reports.iter().all(|report| report.differences.is_empty()), "\n{}", table(&reports));
    assert!(reports.iter().any(|report| report.kills > 0), "nobody was killed");
}

/// Each of two workers has a run, and a third one waits.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_workers_is_killed() {
    let report = Box::pin(two_workers(exe())).await;
    println!("{}", summary(std::slice::from_ref(&report)));
    assert!(report.differences.is_empty(), "\n{}", table(&[report]));
}

/// A batch of slots is one transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_killed_while_it_makes_slots() {
    let report = Box::pin(slots(exe())).await;
    println!("{}", summary(std::slice::from_ref(&report)));
    assert!(report.differences.is_empty(), "\n{}", table(&[report]));
}
