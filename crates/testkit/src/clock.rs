//! A clock that goes when it is told to.
//!
//! Owns: nothing. Calls: nothing. Called by: tests. After a crash: nothing is left.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};
use tenantry_core::ctx::{Clock, System};

/// Real time plus what it was advanced by: the database's own clock stays near enough for what both judge.
#[derive(Debug, Clone, Default)]
pub struct TestClock(Arc<Mutex<Ahead>>);

/// By how much it is ahead of real time.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    /// Together with the database's.
    advanced: TimeDelta,
    /// Alone, as a clock that is wrong.
    drifted: TimeDelta,
}

impl TestClock {
    /// Time goes forward at once, for whoever compares this clock with the database's too.
    pub fn advance(&self, by: TimeDelta) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).advanced += by;
    }

    /// This clock alone goes forward: from now on it is wrong.
    pub fn drift(&self, by: TimeDelta) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).drifted += by;
    }

    fn ahead(&self) -> Ahead {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        let Ahead { advanced, drifted } = self.ahead();
        System.now() + advanced + drifted
    }

    fn of_database(&self, told: DateTime<Utc>) -> DateTime<Utc> {
        told + self.ahead().advanced
    }
}
