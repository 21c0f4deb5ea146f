//! Sagas: steps, each declared beside its undo, that are all done or all undone, whatever happens in between.
//!
//! Owns: nothing; a host keeps the log in tables of its own. Calls: pg. Called by: core's hosts, the worker.
//! Invariants: steps up to a boundary share one transaction with their record (`steps_share_a_transaction`); a failure undoes in reverse
//! (`a_failure_undoes_in_reverse`); a holder that lost its lease changes nothing (core's `a_lost_lease_changes_nothing`); a database that
//! goes away is no failure of a step: the run waits (core's `a_lost_connection_is_no_failure`), yet not for ever; a run whose steps are another
//! version's is left to a person (core's `a_run_of_another_version_is_left_to_a_person`).
//! After a crash: whoever takes the run next goes on after the last committed boundary, forward or back.

mod execute;
mod model;

pub use execute::{act, drive, undo};
pub use model::{Done, Happening, fill_durations, fresh_steps, happens, next_status};

use crate::Lease;
use chrono::{DateTime, Utc};
use std::{fmt::Display, time::Duration};
use tenantry_pg::{BoxFuture, ControlTx, Pool, TxError};
use tenantry_types::run::{Run, StepName};

/// Does a step. May run twice: the second time it finds its work done.
pub type Act<H> = for<'a> fn(
    &'a H,
    &'a ControlTx,
    &'a mut <H as Host>::Making,
) -> BoxFuture<'a, Result<Done, <H as Host>::Error>>;

/// Takes a step back. May run twice, and also where the step never ran.
pub type Undo<H> = for<'a> fn(
    &'a H,
    &'a ControlTx,
    &'a mut <H as Host>::Making,
) -> BoxFuture<'a, Result<(), <H as Host>::Error>>;

/// A step and what takes it back.
pub struct Step<H: Host> {
    /// As clients see it.
    pub name: StepName,
    /// Does it.
    pub act: Act<H>,
    /// Takes it back.
    pub undo: Undo<H>,
    /// The transaction ends after this step; the next one begins another.
    pub boundary: bool,
}

/// Whoever keeps the log of its runs and knows what their steps do.
pub trait Host: Clone + Send + Sync + 'static {
    /// What its steps fail with.
    type Error: TxError + Display;
    /// What the steps of one transaction share; made anew for each.
    type Making: Send + Sync + 'static;

    /// The connections that the steps run on.
    fn pool(&self) -> &Pool;
    /// The time.
    fn now(&self) -> DateTime<Utc>;
    /// Called at every named point; fails, or never returns, where a test wants it.
    fn at(&self, point: &str) -> Result<(), Self::Error>;
    /// The steps of this run, in order.
    fn steps(&self, run: &Run) -> &'static [Step<Self>];
    /// What its steps need, from the run's record.
    fn begin<'a>(
        &'a self,
        tx: &'a ControlTx,
        run: &'a Run,
    ) -> BoxFuture<'a, Result<Self::Making, Self::Error>>;
    /// Puts into the run what the steps of a transaction brought, or took back.
    fn record(&self, run: &mut Run, making: &Self::Making);
    /// Writes the run as it is now, if the token still holds it; fails if not. Final states give the lease back.
    fn save<'a>(
        &'a self,
        tx: &'a ControlTx,
        run: &'a Run,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<(), Self::Error>>;
    /// Keeps the lease for another length.
    fn renew<'a>(
        &'a self,
        tx: &'a ControlTx,
        run: &'a Run,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<(), Self::Error>>;
    /// Gives the lease back, for others or ourselves to take after the pause.
    fn release<'a>(
        &'a self,
        tx: &'a ControlTx,
        run: &'a Run,
        lease: &'a Lease,
        pause: Duration,
    ) -> BoxFuture<'a, Result<(), Self::Error>>;
}
