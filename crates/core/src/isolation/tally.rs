//! What a proof counts while it is at work, by check.
//!
//! Owns: nothing. Calls: nothing. Called by: isolation's parts.
//! Invariants: every check of the lists is in the report, also where it had nothing to look at (`every_check_is_told`); what is open under a name that no list has
//! is not lost (`what_no_list_has_is_not_lost`); what could not be tried is told beside what was (`what_was_not_tried_is_told`). After a crash: nothing is left.

use super::store::attempt::{CONTROLS, Verdict};
use tenantry_types::isolation::{IsolationCheck, IsolationLayer};

/// Parts that could not be tried before the rest is given up.
const PATIENCE: usize = 20;

/// Counts by check.
#[derive(Debug, Default)]
pub(super) struct Tally {
    checks: Vec<IsolationCheck>,
    /// Parts that could not be tried, and the first of them with its reason.
    untried: usize,
    first_untried: Option<String>,
}

impl Tally {
    /// Adds a layer's checks, with nothing counted.
    pub(super) fn expect(&mut self, layer: IsolationLayer, checks: &[(&str, &str)]) {
        let attempted = |name: &str| layer != IsolationLayer::Catalogue && name != CONTROLS;
        let new = |(name, promise): &(&str, &str)| IsolationCheck::new(layer, name, promise, attempted(name));
        self.checks.extend(checks.iter().map(new));
    }

    /// Adds checks that were counted elsewhere.
    pub(super) fn add(&mut self, checks: Vec<IsolationCheck>) {
        self.checks.extend(checks);
    }

    /// Counts one attempt.
    pub(super) fn attempted(&mut self, check: &str, verdict: Verdict) {
        match verdict {
            Verdict::Holds => self.counted(check, 1, 0, Vec::new()),
            Verdict::Open(fault) => self.counted(check, 1, 1, vec![fault]),
            Verdict::Busy(why) => {
                self.untried(why);
            }
        }
    }

    /// A part that could not be tried. False: there are too many of them to go on.
    pub(super) fn untried(&mut self, what: String) -> bool {
        self.first_untried.get_or_insert(what);
        self.untried += 1;
        self.untried < PATIENCE
    }

    /// What could not be tried, in one sentence.
    pub(super) fn error(&self) -> Option<String> {
        let first = self.first_untried.as_ref()?;
        Some(match self.untried {
            1 => format!("not tried: {first}"),
            all => format!("{all} parts were not tried, such as: {first}"),
        })
    }

    /// Counts what a look found.
    pub(super) fn counted(&mut self, check: &str, examined: i64, open: i64, evidence: Vec<String>) {
        // One that no list has is told all the same: what is open under it must not be lost.
        if !self.checks.iter().any(|known| known.name == check) {
            self.expect(IsolationLayer::Live, &[(check, "In no list of checks.")]);
        }
        let Some(known) = self.checks.iter_mut().find(|known| known.name == check) else { return };
        known.count(examined, open, evidence);
    }

    /// Attempts and refusals, and what is open of all.
    pub(super) fn sums(&self) -> (i64, i64, i64) {
        let tried = || self.checks.iter().filter(|check| check.attempted);
        (
            tried().map(|check| check.examined).sum(),
            tried().map(|check| check.held).sum(),
            self.checks.iter().map(|check| check.open).sum(),
        )
    }

    /// What was counted so far.
    pub(super) fn checks(&self) -> &[IsolationCheck] {
        &self.checks
    }

    pub(super) fn into_checks(self) -> Vec<IsolationCheck> {
        self.checks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_list_has_is_not_lost() {
        let mut tally = Tally::default();
        tally.attempted("forgotten", Verdict::Open("open".to_owned()));
        assert_eq!(tally.sums(), (1, 0, 1));
    }

    #[test]
    fn what_was_not_tried_is_told() {
        let mut tally = Tally::default();
        assert_eq!(tally.error(), None);
        tally.attempted("controls", Verdict::Busy("a lock".to_owned()));
        assert_eq!(tally.error().unwrap(), "not tried: a lock");
        let more = (0..PATIENCE).take_while(|n| tally.untried(format!("{n}"))).count();
        assert_eq!(more, PATIENCE - 2);
        assert_eq!(tally.error().unwrap(), "20 parts were not tried, such as: a lock");
        assert_eq!(tally.sums(), (0, 0, 0), "it is no attempt");
    }

    #[test]
    fn every_check_is_told() {
        let mut tally = Tally::default();
        tally.expect(IsolationLayer::Catalogue, &[("home", "Is there.")]);
        tally.expect(IsolationLayer::Live, &[("controls", "Sound."), ("foreign_tables", "Closed.")]);
        tally.counted("home", 3, 1, vec!["a: gone".to_owned()]);
        tally.attempted("controls", Verdict::Holds);
        for n in 0..30 {
            let verdict = if n % 2 == 0 { Verdict::Open(format!("{n}")) } else { Verdict::Holds };
            tally.attempted("foreign_tables", verdict);
        }
        assert_eq!(tally.sums(), (30, 15, 16));
        let checks = tally.into_checks();
        assert_eq!(checks.len(), 3);
        assert_eq!((checks[0].held, checks[2].evidence.len()), (2, 15));
    }
}
