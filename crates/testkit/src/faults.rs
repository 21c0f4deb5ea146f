//! Failure points: a test says where, the code fails there, or waits there until the test goes on.
//!
//! Owns: nothing. Calls: nothing. Called by: tests. After a crash: nothing is left.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tenantry_core::{Error, Result, ctx::Faults};

/// Points that fail, points that wait, and points that were passed.
#[derive(Debug, Clone, Default)]
pub struct TestFaults(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    armed: Vec<String>,
    held: Vec<String>,
    waiting: Vec<String>,
    passed: Vec<String>,
}

/// What is set up just now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Armed {
    /// Points that fail.
    pub fails: Vec<String>,
    /// Points that wait.
    pub holds: Vec<String>,
    /// Points at which somebody waits.
    pub waiting: Vec<String>,
}

impl TestFaults {
    /// The error that an armed point fails with.
    pub const MESSAGE: &'static str = "a test made this point fail";
    /// A test that never lets go has failed long before.
    const PATIENCE: Duration = Duration::from_mins(1);

    /// Makes `point` fail until it is disarmed.
    pub fn arm(&self, point: &str) {
        self.state().armed.push(point.to_owned());
    }

    /// Makes whoever comes to `point` wait there until it is disarmed. For runtimes of several threads: the waiting blocks one of them.
    pub fn hold(&self, point: &str) {
        self.state().held.push(point.to_owned());
    }

    /// Lets every point pass again, and whoever waits go on.
    pub fn disarm(&self) {
        let mut state = self.state();
        state.armed.clear();
        state.held.clear();
        self.0.1.notify_all();
    }

    /// Lets this one point pass again.
    pub fn release(&self, point: &str) {
        let mut state = self.state();
        state.armed.retain(|armed| armed != point);
        state.held.retain(|held| held != point);
        self.0.1.notify_all();
    }

    /// The points that were reached, in order.
    pub fn passed(&self) -> Vec<String> {
        self.state().passed.clone()
    }

    /// What is set up just now.
    pub fn armed(&self) -> Armed {
        let state = self.state();
        Armed { fails: state.armed.clone(), holds: state.held.clone(), waiting: state.waiting.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, point: &str) {
        let mut state = self.state();
        state.waiting.push(point.to_owned());
        let held = |state: &mut State| state.held.iter().any(|held| held == point);
        let waited = self.0.1.wait_timeout_while(state, Self::PATIENCE, held);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if let Some(place) = state.waiting.iter().position(|waiting| waiting == point) {
            state.waiting.remove(place);
        }
    }
}

impl Faults for TestFaults {
    fn at(&self, point: &str) -> Result<()> {
        let held = {
            let mut state = self.state();
            state.passed.push(point.to_owned());
            state.held.iter().any(|held| held == point)
        };
        if held {
            tokio::task::block_in_place(|| self.wait(point));
        }
        // Asked after the waiting: a test may let go of what it then makes fail.
        if self.state().armed.iter().any(|armed| armed == point) {
            return Err(Error::Fault(Self::MESSAGE.to_owned()));
        }
        Ok(())
    }
}
