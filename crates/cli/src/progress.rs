//! The steps of a run on standard error, as they happen: a line for each that ended, and on a terminal a spinner that
//! names the one at work.
//!
//! Owns: nothing. Calls: indicatif. Called by: follow.
//! Invariants: a state of a step is shown once, however often it is told (`a_state_is_shown_once`); what was before the command is not shown
//! again (`what_was_before_is_not_shown`); quiet shows nothing (`quiet_is_quiet`). After a crash: nothing is left.

use crate::{
    render::{clean, took},
    style::{Ink, paint},
};
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{self, Write},
    time::Duration,
};
use tenantry_types::run::{Run, RunStatus, Step, StepName, StepStatus};

/// Shows a run as it goes.
pub(crate) struct Progress<'a> {
    err: &'a mut dyn Write,
    spinner: ProgressBar,
    colour: bool,
    quiet: bool,
    seen: Vec<(StepName, StepStatus)>,
    rolling_back: bool,
    since: Option<DateTime<Utc>>,
}

impl<'a> Progress<'a> {
    /// Shows on `err`; with a spinner when it is `live`, a terminal.
    pub(crate) fn new(err: &'a mut dyn Write, live: bool, colour: bool, quiet: bool) -> Self {
        let spinner = if live && !quiet { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}") {
            spinner.set_style(style);
        }
        if !spinner.is_hidden() {
            spinner.enable_steady_tick(Duration::from_millis(100));
        }
        Self { err, spinner, colour, quiet, seen: Vec::new(), rolling_back: false, since: None }
    }

    /// Shows nothing of what `run` had been through before, and takes it as known that it rolls back if it does.
    pub(crate) fn after(&mut self, run: &Run) {
        self.since = run.steps.iter().filter_map(|step| step.finished_at.max(step.started_at)).max();
        self.rolling_back = true;
    }

    /// A line of its own.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        self.line(text)
    }

    /// The present state of one step.
    pub(crate) fn step(&mut self, step: &Step) -> io::Result<()> {
        let at = step.finished_at.or(step.started_at);
        if self.since.is_some_and(|since| at.is_none_or(|at| at <= since)) {
            return Ok(());
        }
        let known = self.seen.iter_mut().find(|(name, _)| *name == step.name);
        match known {
            Some((_, status)) if *status == step.status => return Ok(()),
            Some((_, status)) => *status = step.status,
            None => self.seen.push((step.name, step.status)),
        }
        let ink = match step.status {
            StepStatus::Pending => return Ok(()),
            StepStatus::Running => {
                self.spinner.set_message(step.name.as_str());
                return Ok(());
            }
            StepStatus::Succeeded => Ink::Good,
            StepStatus::Skipped => Ink::Dim,
            StepStatus::Failed => Ink::Bad,
            StepStatus::Undone => Ink::Warn,
        };
        let status = paint(&format!("{:<9}", step.status), ink, self.colour);
        let took = step.duration_ms.map(took).unwrap_or_default();
        let words = step.error.as_ref().or(step.detail.as_ref()).map(|text| clean(text)).unwrap_or_default();
        self.line(format!("  {:<8}  {status}  {took:>9}  {words}", step.name).trim_end())
    }

    /// The present state of the whole run.
    pub(crate) fn run(&mut self, run: &Run) -> io::Result<()> {
        if run.status == RunStatus::RollingBack && !std::mem::replace(&mut self.rolling_back, true) {
            let failed = run.steps.iter().any(|step| step.status == StepStatus::Failed);
            self.line(if failed {
                "  a step failed; undoing what was done"
            } else {
                "  undoing what was done"
            })?;
        }
        run.steps.iter().try_for_each(|step| self.step(step))
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let err = &mut *self.err;
        self.spinner.suspend(|| {
            writeln!(err, "{text}")?;
            err.flush()
        })
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{run, step};

    fn shown(quiet: bool, colour: bool, show: impl FnOnce(&mut Progress<'_>) -> io::Result<()>) -> String {
        let mut text = Vec::new();
        show(&mut Progress::new(&mut text, false, colour, quiet)).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn story(progress: &mut Progress<'_>) -> io::Result<()> {
        progress.step(&step("reserve", "running"))?;
        progress.step(&step("reserve", "succeeded"))?;
        progress.step(&step("place", "failed"))?;
        progress.run(&run(
            "rolling_back",
            &[("reserve", "undone"), ("place", "failed"), ("migrate", "pending")],
        ))?;
        progress
            .run(&run("rolled_back", &[("reserve", "undone"), ("place", "failed"), ("extras", "skipped")]))
    }

    #[test]
    fn a_state_is_shown_once() {
        insta::assert_snapshot!(shown(false, false, story), @r"
          reserve   succeeded     1.2 ms  2 rows
          place     failed        1.2 ms  no slot and no room
          a step failed; undoing what was done
          reserve   undone        1.2 ms  2 rows
          extras    skipped       1.2 ms  2 rows
        ");
    }

    #[test]
    fn what_was_before_is_not_shown() {
        let mut before = run("succeeded", &[("reserve", "succeeded"), ("place", "succeeded")]);
        before.steps.iter_mut().for_each(|step| step.finished_at = step.started_at);
        let mut undone = run("rolled_back", &[("reserve", "undone"), ("place", "undone")]);
        undone.steps[1].finished_at = undone.steps[1].started_at.map(|at| at + chrono::TimeDelta::seconds(1));
        let told = shown(false, false, |progress| {
            progress.after(&before);
            progress.run(&before)?;
            progress.run(&run("rolling_back", &[("reserve", "succeeded"), ("place", "succeeded")]))?;
            progress.run(&undone)
        });
        assert_eq!(told, "  place     undone        1.2 ms  2 rows\n");
    }

    #[test]
    fn quiet_is_quiet() {
        assert_eq!(shown(true, true, story), "");
        assert!(shown(false, true, story).contains("\u{1b}[32msucceeded\u{1b}[0m"));
    }
}
