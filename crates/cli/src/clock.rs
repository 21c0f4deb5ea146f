//! Time: what it is now, and letting some pass.
//!
//! Owns: the one look at the wall clock in this crate. Calls: nothing. Called by: every command, as an argument.
//! Invariants: tests never wait (`testing::Hands`). After a crash: nothing is left.

use chrono::{DateTime, Utc};
use std::time::Duration;

/// A clock that can also let time pass.
pub(crate) trait Clock {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
    /// Returns after `length`.
    fn pause(&self, length: Duration);
}

/// The clock of the machine.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the home of time in this crate; everything else takes a `Clock`"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn pause(&self, length: Duration) {
        std::thread::sleep(length);
    }
}
