//! The state machine of a run, without I/O.
//!
//! Owns: nothing. Calls: nothing. Called by: the executor; core where it begins a run.
//! Invariants: refusals are spelled out (`every_transition`); a run's status follows from what happens to it, never from a wish.
//! After a crash: nothing is left.

use chrono::{DateTime, Utc};
use tenantry_types::run::{Millis, Run, RunStatus, Step, StepName, StepStatus};

/// Something that happens to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// A worker takes it.
    Taken,
    /// The last step is done.
    Finished,
    /// A step failed.
    Failed,
    /// Every undo is done.
    Undone,
    /// An undo failed.
    UndoFailed,
    /// Somebody wants it taken back.
    RollbackAsked,
    /// Somebody wants it tried again.
    RetryAsked,
}

/// Where a run goes from here; `None` where that cannot happen.
pub fn next_status(now: RunStatus, happening: Happening) -> Option<RunStatus> {
    use Happening::{Failed, Finished, RetryAsked, RollbackAsked, Taken, UndoFailed, Undone};
    use RunStatus::{NeedsAttention, Pending, RolledBack, RollingBack, Running, Succeeded};
    match (now, happening) {
        // Taken again after a crash: the lease was free.
        (Pending | Running, Taken) => Some(Running),
        (Running, Finished) => Some(Succeeded),
        (RollingBack, Taken)
        | (Running, Failed)
        | (Pending | Running | RollingBack | Succeeded | NeedsAttention, RollbackAsked) => Some(RollingBack),
        (RollingBack, Undone) => Some(RolledBack),
        (RollingBack, UndoFailed) => Some(NeedsAttention),
        (RolledBack, RetryAsked) => Some(Pending),
        (Pending, Finished | Failed | Undone | UndoFailed | RetryAsked)
        | (Running, Undone | UndoFailed | RetryAsked)
        | (RollingBack, Finished | Failed | RetryAsked)
        | (Succeeded | NeedsAttention, Taken | Finished | Failed | Undone | UndoFailed | RetryAsked)
        | (RolledBack, Taken | Finished | Failed | Undone | UndoFailed | RollbackAsked) => None,
    }
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// There was nothing to do.
    pub skipped: bool,
    /// In a few words, for people.
    pub detail: String,
}

impl Done {
    /// It did something.
    pub fn did(detail: impl Into<String>) -> Self {
        Self { skipped: false, detail: detail.into() }
    }

    /// There was nothing to do, and why.
    pub fn skipped(detail: impl Into<String>) -> Self {
        Self { skipped: true, detail: detail.into() }
    }
}

/// Steps before anything happened.
pub fn fresh_steps(names: impl IntoIterator<Item = StepName>) -> Vec<Step> {
    let fresh = |name| Step {
        name,
        status: StepStatus::Pending,
        started_at: None,
        finished_at: None,
        duration_ms: None,
        attempts: 0,
        detail: None,
        error: None,
    };
    names.into_iter().map(fresh).collect()
}

/// Moves the run on. A move that cannot be is a bug, which is logged and changes nothing; returns whether it was one that can.
pub fn happens(run: &mut Run, happening: Happening, now: DateTime<Utc>) -> bool {
    let Some(status) = next_status(run.status, happening) else {
        tracing::error!(run = %run.id, status = %run.status, ?happening, "a run cannot do that");
        return false;
    };
    run.status = status;
    if status != RunStatus::Pending {
        run.started_at.get_or_insert(now);
    }
    run.finished_at = status.is_final().then_some(now);
    run.duration_ms = run.finished_at.map(|ended| span(run.created_at, ended));
    true
}

pub(super) fn begin_step(run: &mut Run, position: usize, now: DateTime<Utc>) {
    if let Some(step) = run.steps.get_mut(position) {
        step.status = StepStatus::Running;
        step.attempts += 1;
        step.started_at = Some(now);
        (step.finished_at, step.duration_ms, step.error) = (None, None, None);
    }
}

pub(super) fn end_step(run: &mut Run, position: usize, now: DateTime<Utc>, done: Done) {
    if let Some(step) = run.steps.get_mut(position) {
        step.status = if done.skipped { StepStatus::Skipped } else { StepStatus::Succeeded };
        step.detail = Some(done.detail);
        close(step, now);
    }
}

pub(super) fn fail_step(run: &mut Run, position: usize, now: DateTime<Utc>, error: &str) {
    if let Some(step) = run.steps.get_mut(position) {
        step.status = StepStatus::Failed;
        step.error = Some(error.to_owned());
        close(step, now);
        run.error = Some(format!("{}: {error}", step.name));
    }
}

/// Marks what was done and is no more.
pub(super) fn undo_step(run: &mut Run, position: usize, now: DateTime<Utc>) {
    if let Some(step) = run.steps.get_mut(position)
        && matches!(step.status, StepStatus::Succeeded | StepStatus::Skipped | StepStatus::Running)
    {
        step.status = StepStatus::Undone;
        close(step, now);
    }
}

/// The first step that is not done.
pub(super) fn next_step(run: &Run) -> Option<usize> {
    run.steps.iter().position(|step| !matches!(step.status, StepStatus::Succeeded | StepStatus::Skipped))
}

fn close(step: &mut Step, now: DateTime<Utc>) {
    step.finished_at = Some(now);
    step.duration_ms = step.started_at.map(|began| span(began, now));
}

fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> Millis {
    Millis { micros: (to - from).num_microseconds().unwrap_or(i64::MAX) }
}

/// The durations that rows do not keep.
pub fn fill_durations(run: &mut Run) {
    run.duration_ms = run.finished_at.map(|ended| span(run.created_at, ended));
    for step in &mut run.steps {
        step.duration_ms = step.started_at.zip(step.finished_at).map(|(from, to)| span(from, to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn every_transition() {
        let happenings = [
            Happening::Taken,
            Happening::Finished,
            Happening::Failed,
            Happening::Undone,
            Happening::UndoFailed,
            Happening::RollbackAsked,
            Happening::RetryAsked,
        ];
        let mut table = String::new();
        for status in RunStatus::ALL {
            for happening in happenings {
                if let Some(next) = next_status(*status, happening) {
                    writeln!(table, "{status} --{happening:?}-> {next}").unwrap();
                    let asked = matches!(happening, Happening::RollbackAsked | Happening::RetryAsked);
                    assert!(asked || !status.is_final(), "{status} is left by a person alone");
                }
            }
        }
        insta::assert_snapshot!(table, @r"
        pending --Taken-> running
        pending --RollbackAsked-> rolling_back
        running --Taken-> running
        running --Finished-> succeeded
        running --Failed-> rolling_back
        running --RollbackAsked-> rolling_back
        succeeded --RollbackAsked-> rolling_back
        rolling_back --Taken-> rolling_back
        rolling_back --Undone-> rolled_back
        rolling_back --UndoFailed-> needs_attention
        rolling_back --RollbackAsked-> rolling_back
        rolled_back --RetryAsked-> pending
        needs_attention --RollbackAsked-> rolling_back
        ");
    }
}
