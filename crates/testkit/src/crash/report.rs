//! What was tried and what came of it, for people and for machines; and the matrix as a command.
//!
//! Owns: nothing. Calls: matrix. Called by: tests/crash, `crash_worker matrix`. After a crash: nothing is left.

use super::matrix::{Depth, kinds, slots, two_workers};
use serde::Serialize;
use std::{path::Path, process::ExitCode};
use tenantry_types::run::RunKind;

/// One row of the report.
#[derive(Debug, Clone, Serialize)]
pub struct KindReport {
    /// The kind of run, or what else was tried.
    pub name: String,
    /// Different points at which a process died.
    pub points: usize,
    /// Runs that were watched, the undisturbed ones among them.
    pub cases: usize,
    /// Processes that were killed.
    pub kills: usize,
    /// Pairs whose second point lies behind the first: what led there was committed, and nobody comes by again.
    pub behind: usize,
    /// Each unexplained difference, with the case that showed it first.
    pub differences: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

impl KindReport {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            points: 0,
            cases: 0,
            kills: 0,
            behind: 0,
            differences: Vec::new(),
            seconds: 0.0,
        }
    }
}

/// All of it in a line.
pub fn summary(reports: &[KindReport]) -> String {
    let sum = |part: fn(&KindReport) -> usize| reports.iter().map(part).sum::<usize>();
    format!(
        "crash matrix: {} points, {} runs, {} kills, {} differences",
        sum(|report| report.points),
        sum(|report| report.cases),
        sum(|report| report.kills),
        sum(|report| report.differences.len())
    )
}

/// A table with a row for each kind, and every difference below it.
pub fn table(reports: &[KindReport]) -> String {
    let mut lines = vec![format!(
        "{:<12} {:>6} {:>6} {:>6} {:>7} {:>11} {:>8}",
        "kind", "points", "runs", "kills", "behind", "differences", "seconds"
    )];
    lines.extend(reports.iter().map(|report| {
        format!(
            "{:<12} {:>6} {:>6} {:>6} {:>7} {:>11} {:>8.1}",
            report.name,
            report.points,
            report.cases,
            report.kills,
            report.behind,
            report.differences.len(),
            report.seconds
        )
    }));
    lines.push(summary(reports));
    lines.extend(reports.iter().flat_map(|report| &report.differences).map(|line| format!("  {line}")));
    lines.join("\n")
}

/// Tries every pair of crashes within these kinds, all kinds where none is named, and two workers at once; prints the table, and writes
/// `report` as JSON. Exit code 1 for a difference, 2 where it cannot be tried.
pub fn matrix_main(report: &Path, names: &[&str]) -> ExitCode {
    let parsed: Result<Vec<RunKind>, _> = names.iter().map(|name| name.parse()).collect();
    let Ok(wanted) = parsed else {
        eprintln!(
            "a kind of run is one of: {}",
            RunKind::ALL.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        );
        return ExitCode::from(2);
    };
    let everything = wanted.is_empty();
    let wanted = if everything { RunKind::ALL.to_vec() } else { wanted };
    let (Ok(exe), Ok(runtime)) = (std::env::current_exe(), tokio::runtime::Runtime::new()) else {
        eprintln!("this process cannot start others");
        return ExitCode::from(2);
    };
    let reports = runtime.block_on(async {
        let mut reports = kinds(&exe, &wanted, Depth::Pairs).await;
        if everything {
            reports.push(Box::pin(two_workers(&exe)).await);
            reports.push(Box::pin(slots(&exe)).await);
        }
        reports
    });
    println!("{}", table(&reports));
    let written = serde_json::to_string_pretty(&reports).map_err(std::io::Error::other);
    if let Err(error) = written.and_then(|json| std::fs::write(report, json)) {
        eprintln!("{}: {error}", report.display());
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(reports.iter().any(|report| !report.differences.is_empty())))
}
