//! The dying process, seen from outside.
//!
//! Owns: nothing. Calls: the operating system. Called by: stage.
//! Invariants: no child outlives its harness; its trace is removed when it was read. After a crash: a child that lives ends when its work is done.

use super::Plan;
use std::{fs, os::unix::process::ExitStatusExt, path::Path, process::Stdio, time::Duration};
use tokio::process::Command;

/// The longest that a child is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a child ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The points that it passed, in order; the one where it died is not among them.
    pub(super) passed: Vec<String>,
    /// Where it died by our hand.
    pub(super) died: Option<String>,
    /// The signal that ended it.
    pub(super) signal: Option<i32>,
    /// The exit code where there was no signal.
    pub(super) code: Option<i32>,
    /// What it said.
    pub(super) said: String,
}

const SIGKILL: i32 = 9;

impl Ended {
    /// What is wrong with this end for a child that was to die at `point`.
    pub(super) fn not_killed_at(&self, point: &str) -> Option<String> {
        if self.signal == Some(SIGKILL) && self.died.as_deref() == Some(point) {
            return None;
        }
        Some(format!(
            "the process did not die at {point}: signal {:?}, exit code {:?}, died at {:?}, last passed {:?}; {}",
            self.signal,
            self.code,
            self.died,
            self.passed.last(),
            self.said.trim()
        ))
    }

    /// What is wrong with this end for a child that was to do its work.
    pub(super) fn not_done(&self) -> Option<String> {
        (self.code != Some(0)).then(|| {
            format!(
                "the process did not end well: signal {:?}, exit code {:?}; {}",
                self.signal,
                self.code,
                self.said.trim()
            )
        })
    }
}

/// Starts `exe` with the plan and waits for its end.
pub(super) async fn run(exe: &Path, plan: &Plan) -> Ended {
    let argument = serde_json::to_string(plan).unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(exe);
    command.arg(argument).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("the process does not end: {plan:?}"));
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", exe.display()));
    let trace = fs::read_to_string(&plan.trace).unwrap_or_default();
    let _ = fs::remove_file(&plan.trace);
    let told = |what: &str| {
        trace.lines().filter_map(|line| line.strip_prefix(what)).map(str::to_owned).collect::<Vec<_>>()
    };
    Ended {
        passed: told("passed "),
        died: told("died ").pop(),
        signal: output.status.signal(),
        code: output.status.code(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
