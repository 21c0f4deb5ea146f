//! The worker's part: takes runs that wait or whose holder is gone, and drives them to their end.
//!
//! Owns: nothing beyond provisioning's tables. Calls: durable's executor. Called by: server's worker loop.
//! Invariants: a run has one holder (the lease's token is in the WHERE of every write, `a_lost_lease_changes_nothing`); a failed run ends as
//! `rolled_back` with nothing left (`a_failed_run_leaves_nothing`). After a crash: the holder's connection is gone, and the next look of any
//! worker takes the run again.

use super::{
    host::{DemoData, Host},
    store,
};
use crate::{Result, placement::Placement};
use std::{sync::Arc, time::Duration};
use tenantry_durable::{Lease, saga};
use tenantry_pg::Presence;
use tenantry_types::run::Run;

/// How a run ended in the worker's hands.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run as it is now.
    pub run: Run,
}

/// Takes one run and brings it to its end. `None` when none is free. `length` is that of the lease, `holder` the connection by which this
/// process is seen.
///
/// # Errors
/// What interrupted it; the run waits for a while, and is then taken again.
pub async fn work(
    placement: &Placement,
    length: Duration,
    holder: Option<Presence>,
) -> Result<Option<Outcome>> {
    work_with(placement, None, length, holder).await
}

/// The same for a worker that can write demo data; without, a run that asks for some is undone.
///
/// # Errors
/// The same.
pub async fn work_with(
    placement: &Placement,
    demo_data: Option<Arc<dyn DemoData>>,
    length: Duration,
    holder: Option<Presence>,
) -> Result<Option<Outcome>> {
    let host = Host::worker(placement, demo_data);
    let lease = Lease { token: host.ctx.uuid(), length, holder };
    let taken = host.pool.run("take_run", lease, |tx, lease| Box::pin(store::take(tx, *lease))).await?;
    let Some((run, takings)) = taken else { return Ok(None) };
    let run = saga::drive(&host, run, lease, takings).await?;
    Ok(Some(Outcome { run }))
}
