//! The state machine of a run, without I/O.
//!
//! Owns: nothing. Calls: nothing. Called by: provisioning, its steps and jobs.
//! Invariants: refusals are spelled out, final states stay (`every_transition`); a run's status follows from what happens to it, never
//! from a wish. After a crash: nothing is left.

use super::steps::Done;
use crate::ctx::Ctx;
use chrono::{DateTime, Utc};
use tenantry_types::{
    RunId, Slug, TenantId,
    run::{Millis, Run, RunStatus, Step, StepName, StepStatus},
};

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
}

/// Where a run goes from here; `None` where that cannot happen.
pub fn next_status(now: RunStatus, happening: Happening) -> Option<RunStatus> {
    use Happening::{Failed, Finished, Taken, UndoFailed, Undone};
    use RunStatus::{NeedsAttention, Pending, RolledBack, RollingBack, Running, Succeeded};
    match (now, happening) {
        // Taken again after a crash: the lease ran out.
        (Pending | Running, Taken) => Some(Running),
        (Running, Finished) => Some(Succeeded),
        (RollingBack, Taken) | (Running, Failed) => Some(RollingBack),
        (RollingBack, Undone) => Some(RolledBack),
        (RollingBack, UndoFailed) => Some(NeedsAttention),
        (Pending, Finished | Failed | Undone | UndoFailed)
        | (Running, Undone | UndoFailed)
        | (RollingBack, Finished | Failed)
        | (Succeeded | RolledBack | NeedsAttention, _) => None,
    }
}

/// A run in memory: what is written is what clients see.
#[derive(Debug, Clone)]
pub(super) struct RunState {
    pub(super) run: Run,
}

impl RunState {
    pub(super) fn new(id: RunId, tenant: TenantId, slug: &Slug, now: DateTime<Utc>) -> Self {
        let step = |name: &StepName| Step {
            name: *name,
            status: StepStatus::Pending,
            started_at: None,
            finished_at: None,
            duration_ms: None,
            attempts: 0,
            detail: None,
            error: None,
        };
        Self {
            run: Run {
                id,
                tenant_id: tenant,
                tenant_slug: slug.to_string(),
                status: RunStatus::Pending,
                steps: StepName::ALL.iter().map(step).collect(),
                error: None,
                created_at: now,
                started_at: None,
                finished_at: None,
                duration_ms: None,
            },
        }
    }

    /// Moves the run on. A move that cannot be is a bug, which is logged and changes nothing.
    pub(super) fn happens(&mut self, happening: Happening, now: DateTime<Utc>) {
        let Some(status) = next_status(self.run.status, happening) else {
            tracing::error!(run = %self.run.id, status = %self.run.status, ?happening, "a run cannot do that");
            return;
        };
        self.run.status = status;
        self.run.started_at.get_or_insert(now);
        if status.is_final() {
            self.run.finished_at = Some(now);
            self.run.duration_ms = Some(span(self.run.created_at, now));
        }
    }

    pub(super) fn begin_step(&mut self, position: usize, ctx: &Ctx) {
        if let Some(step) = self.run.steps.get_mut(position) {
            step.status = StepStatus::Running;
            step.attempts += 1;
            step.started_at = Some(ctx.now());
            (step.finished_at, step.duration_ms, step.error) = (None, None, None);
        }
    }

    pub(super) fn end_step(&mut self, position: usize, ctx: &Ctx, done: Done) {
        if let Some(step) = self.run.steps.get_mut(position) {
            step.status = if done.skipped { StepStatus::Skipped } else { StepStatus::Succeeded };
            step.detail = Some(done.detail);
            close(step, ctx.now());
        }
    }

    pub(super) fn fail_step(&mut self, position: usize, ctx: &Ctx, error: &str) {
        if let Some(step) = self.run.steps.get_mut(position) {
            step.status = StepStatus::Failed;
            step.error = Some(error.to_owned());
            close(step, ctx.now());
            self.run.error = Some(format!("{}: {error}", step.name));
        }
    }

    /// Marks what was done and is no more.
    pub(super) fn undo_step(&mut self, position: usize, ctx: &Ctx) {
        if let Some(step) = self.run.steps.get_mut(position)
            && matches!(step.status, StepStatus::Succeeded | StepStatus::Skipped | StepStatus::Running)
        {
            step.status = StepStatus::Undone;
            close(step, ctx.now());
        }
    }
}

fn close(step: &mut Step, now: DateTime<Utc>) {
    step.finished_at = Some(now);
    step.duration_ms = step.started_at.map(|began| span(began, now));
}

fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> Millis {
    Millis { micros: (to - from).num_microseconds().unwrap_or(i64::MAX) }
}

/// The durations that rows do not keep.
pub(super) fn fill_durations(run: &mut Run) {
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
        ];
        let mut table = String::new();
        for status in RunStatus::ALL {
            for happening in happenings {
                if let Some(next) = next_status(*status, happening) {
                    writeln!(table, "{status} --{happening:?}-> {next}").unwrap();
                }
                assert!(
                    !(status.is_final() && next_status(*status, happening).is_some()),
                    "{status} is final"
                );
            }
        }
        insta::assert_snapshot!(table, @r"
        pending --Taken-> running
        running --Taken-> running
        running --Finished-> succeeded
        running --Failed-> rolling_back
        rolling_back --Taken-> rolling_back
        rolling_back --Undone-> rolled_back
        rolling_back --UndoFailed-> needs_attention
        ");
    }
}
