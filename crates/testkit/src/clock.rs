//! A clock that goes when it is told to.
//!
//! Owns: nothing. Calls: nothing. Called by: tests. After a crash: nothing is left.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};
use tenantry_core::ctx::{Clock, System};

/// Real time plus what it was advanced by: the database's own clock stays near enough for what both judge.
#[derive(Debug, Clone, Default)]
pub struct TestClock(Arc<Mutex<TimeDelta>>);

impl TestClock {
    /// Goes forward at once.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        System.now() + *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
