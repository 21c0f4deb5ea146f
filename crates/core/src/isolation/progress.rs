//! How far a proof is, told to whoever watches while it is at work.
//!
//! Owns: nothing beyond isolation's table. Calls: store. Called by: isolation's parts, the part over HTTP.
//! Invariants: what is told only grows, within a bound that is known before the first attempt (`a_proof_tells_how_far_it_is`); a proof that cannot tell goes on; whoever
//! lost the report to another worker tells nothing (the lease's token is in the write). After a crash: whoever begins the report anew begins at nothing.

use super::{Order, store, tell};
use crate::{Error, Result};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tenantry_pg::Pool;
use tenantry_types::isolation::{IsolationCheck, IsolationLayer, IsolationProgress};
use tokio::time::Instant;

/// Between two times that it is told: often enough to be watched, and no burden where a part takes a millisecond.
const EVERY: Duration = Duration::from_millis(500);

/// Tells how far one proof is.
pub struct Progress {
    /// Where it is told, and of which report.
    to: Option<(Pool, Order)>,
    state: Mutex<State>,
}

struct State {
    now: IsolationProgress,
    /// Where the layer began.
    before: IsolationProgress,
    /// Parts of the layer.
    parts: u32,
    told: Option<Instant>,
}

impl Progress {
    /// Of a proof that has so many parts in all.
    pub(super) fn new(owner: &Pool, order: &Order, parts: usize) -> Self {
        Self::of(Some((owner.clone(), order.clone())), parts)
    }

    /// Of a proof that nobody watches, and of which no report is written.
    pub fn to_nobody() -> Self {
        Self::of(None, 0)
    }

    fn of(to: Option<(Pool, Order)>, parts: usize) -> Self {
        let nothing = IsolationProgress {
            layer: IsolationLayer::Catalogue,
            done: 0,
            of: small(parts),
            checks: 0,
            attempts: 0,
            refusals: 0,
            open: 0,
        };
        let state = State { now: nothing.clone(), before: nothing, parts: 0, told: None };
        Self { to, state: Mutex::new(state) }
    }

    /// A layer of so many parts begins.
    pub(super) async fn begin(&self, layer: IsolationLayer, parts: usize) {
        {
            let mut state = self.state();
            state.now.layer = layer;
            state.before = state.now.clone();
            state.parts = small(parts);
            state.told = None;
        }
        self.tell().await;
    }

    /// So many parts of the layer are done, and this is what its checks have counted.
    pub async fn at(&self, done: usize, checks: &[IsolationCheck]) {
        {
            let mut state = self.state();
            let State { now, before, parts, .. } = &mut *state;
            let of_layer = || checks.iter().filter(|check| check.layer == before.layer);
            let tried = || of_layer().filter(|check| check.attempted);
            let seen = of_layer().filter(|check| check.examined > 0).count();
            now.done = before.done + small(done).min(*parts);
            now.checks = before.checks + small(seen);
            now.attempts = before.attempts + tried().map(|check| check.examined).sum::<i64>();
            now.refusals = before.refusals + tried().map(|check| check.held).sum::<i64>();
            now.open = before.open + of_layer().map(|check| check.open).sum::<i64>();
            if state.told.is_some_and(|told| told.elapsed() < EVERY) {
                return;
            }
        }
        self.tell().await;
    }

    async fn tell(&self) {
        let Some((owner, order)) = &self.to else { return };
        let now = {
            let mut state = self.state();
            state.told = Some(Instant::now());
            state.now.clone()
        };
        let told: Result<()> = owner
            .run("tell_isolation_progress", (order.clone(), now), |tx, (order, now)| {
                Box::pin(async move {
                    if store::progress(tx, order, now).await? {
                        tell(tx, order.id).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await;
        if let Err(error) = told {
            tracing::warn!(report = %order.id, %error, "how far the proof is could not be told; it goes on");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn small(parts: usize) -> u32 {
    u32::try_from(parts).unwrap_or(u32::MAX)
}
