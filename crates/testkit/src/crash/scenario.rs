//! What can happen to each kind of run: who dies, and on which way.
//!
//! Owns: nothing. Calls: nothing. Called by: matrix.
//! Invariants: every kind has its scenarios (an exhaustive match); every point of every step is reached by one of them, or listed
//! with the reason why it cannot be (`a_point_without_a_scenario_is_told`). After a crash: nothing is left.

use super::{ANSWER, Crash};
use std::collections::{BTreeMap, BTreeSet};
use tenantry_types::run::{RunKind, StepName};

/// Who dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The server, in the transaction that answers the caller.
    Server,
    /// The worker, with a run that was asked for.
    Worker,
}

/// Where the run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To its end.
    Forward,
    /// Back, since a step fails.
    Failing,
    /// Back, since an operator wants it, after it had succeeded.
    Overruled,
}

/// A way for a run to go, and somebody to die on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    /// The kind.
    pub kind: RunKind,
    /// Who dies.
    pub victim: Victim,
    /// Where it goes.
    pub way: Way,
    /// Whether a slot is ready for a tenant that is made.
    pub warm: bool,
}

/// The scenarios of a kind. Cold ones come first: what a warm one leaves ready would warm them.
pub fn scenarios(kind: RunKind) -> Vec<Scenario> {
    use Victim::{Server, Worker};
    use Way::{Failing, Forward, Overruled};
    let some = |list: &[(Victim, Way, bool)]| {
        list.iter().map(|&(victim, way, warm)| Scenario { kind, victim, way, warm }).collect()
    };
    match kind {
        RunKind::Create => some(&[
            (Server, Forward, false),
            (Worker, Forward, false),
            (Worker, Failing, false),
            (Worker, Overruled, false),
            (Server, Forward, true),
            (Worker, Overruled, true),
        ]),
        RunKind::Adopt | RunKind::Import => some(&[
            (Server, Forward, false),
            (Worker, Forward, false),
            (Worker, Failing, false),
            (Worker, Overruled, false),
        ]),
        RunKind::Suspend | RunKind::Delete | RunKind::Purge => {
            some(&[(Server, Forward, false), (Worker, Forward, false), (Worker, Failing, false)])
        }
        RunKind::Resume | RunKind::Restore => some(&[(Server, Forward, false)]),
    }
}

/// Points that no scenario can reach, by the end of their names, and why. The list only shrinks: one that is reached is a difference too.
fn out_of_reach(kind: RunKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        RunKind::Resume | RunKind::Restore => {
            &[(".undo.before", "all its steps share the server's transaction"), (".undo.after", "as above")]
        }
        RunKind::Create
        | RunKind::Adopt
        | RunKind::Import
        | RunKind::Suspend
        | RunKind::Delete
        | RunKind::Purge => &[],
    }
}

/// What is wrong with the points that were reached, given a kind's steps: one that was not, or one that was and is said not to be.
pub fn uncovered(kind: RunKind, steps: &[StepName], reached: &BTreeSet<String>) -> Vec<String> {
    let excused = |point: &str| out_of_reach(kind).iter().any(|(end, _)| point.ends_with(end));
    let ends = ["before", "after", "undo.before", "undo.after"];
    let points = steps.iter().flat_map(|step| ends.map(|end| format!("{kind}.{step}.{end}")));
    let wrong = |point: String| match (reached.contains(&point), excused(&point)) {
        (false, false) => Some(format!("{point} was never reached")),
        (true, true) => Some(format!("{point} was reached, and is listed as out of reach")),
        (true, false) | (false, true) => None,
    };
    points.filter_map(wrong).collect()
}

impl Scenario {
    /// In a few words.
    pub fn name(self) -> String {
        let victim = match self.victim {
            Victim::Server => "server",
            Victim::Worker => "worker",
        };
        let way = match self.way {
            Way::Forward => "",
            Way::Failing => ", a step fails",
            Way::Overruled => ", rolled back by an operator",
        };
        format!("{}: {victim}{}{way}", self.kind, if self.warm { ", warm" } else { "" })
    }

    /// Where to die, of what was passed without a crash: on the way back only there, since the way forward has its own scenario.
    pub(super) fn deaths(self, passed: &[String]) -> Vec<Crash> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut deaths = Vec::new();
        for point in passed {
            let nth = seen.entry(point).or_default();
            *nth += 1;
            if self.counts(point) {
                deaths.push(Crash { point: point.clone(), nth: *nth });
            }
        }
        deaths
    }

    fn counts(self, point: &str) -> bool {
        let back = point.contains(".undo.") || point.contains(".undone.");
        let ours = point.starts_with(&format!("{}.", self.kind)) || point == ANSWER;
        ours && (back || self.way == Way::Forward)
    }
}

/// Whether a process that goes on after a death at `first` comes by `second`: it does, unless what led there was committed before. Both
/// are positions in what one process passes that does not die.
pub(super) fn comes_by(passed: &[String], first: usize, second: usize) -> bool {
    let committed = passed
        .iter()
        .take(first + 1)
        .rposition(|point| point.contains(".committed.") || point.contains(".undone."));
    committed.is_none_or(|committed| second > committed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_without_a_scenario_is_told() {
        let reached: BTreeSet<String> =
            ["before", "after", "undo.before"].map(|end| format!("purge.drop.{end}")).into();
        assert_eq!(
            uncovered(RunKind::Purge, &[StepName::Drop], &reached),
            ["purge.drop.undo.after was never reached"]
        );
        let reached =
            ["verify.before", "verify.after", "verify.undo.after"].map(|end| format!("resume.{end}")).into();
        assert_eq!(
            uncovered(RunKind::Resume, &[StepName::Verify], &reached),
            ["resume.verify.undo.after was reached, and is listed as out of reach"]
        );
    }

    #[test]
    fn who_goes_on_passes_what_was_not_committed() {
        let passed = ["a.x.before", "a.x.after", "a.committed.1", "a.y.before", "a.y.after", "a.committed.2"];
        let passed = passed.map(str::to_owned);
        let by = |first: usize| -> Vec<usize> {
            (0..6).filter(|second| comes_by(&passed, first, *second)).collect()
        };
        assert_eq!(by(0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(by(2), [3, 4, 5]);
        assert_eq!(by(4), [3, 4, 5]);
        assert_eq!(by(5), [0; 0]);
    }
}
