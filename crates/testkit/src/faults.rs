//! Failure points: a test says where, the code fails there.
//!
//! Owns: nothing. Calls: nothing. Called by: tests. After a crash: nothing is left.

use std::sync::{Arc, Mutex, PoisonError};
use tenantry_core::{Error, Result, ctx::Faults};

/// Points that fail, and points that were passed.
#[derive(Debug, Clone, Default)]
pub struct TestFaults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    armed: Vec<String>,
    passed: Vec<String>,
}

impl TestFaults {
    /// The error that an armed point fails with.
    pub const MESSAGE: &'static str = "a test made this point fail";

    /// Makes `point` fail until it is disarmed.
    pub fn arm(&self, point: &str) {
        self.state().armed.push(point.to_owned());
    }

    /// Lets every point pass again.
    pub fn disarm(&self) {
        self.state().armed.clear();
    }

    /// The points that were reached, in order.
    pub fn passed(&self) -> Vec<String> {
        self.state().passed.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults for TestFaults {
    fn at(&self, point: &str) -> Result<()> {
        let mut state = self.state();
        state.passed.push(point.to_owned());
        if state.armed.iter().any(|armed| armed == point) {
            return Err(Error::Fault(Self::MESSAGE.to_owned()));
        }
        Ok(())
    }
}
