//! Requests that name another tenant than their identity's: counted by identity, written down now and then.
//!
//! Owns: nothing; what waits is in `noted`. Calls: audit. Called by: server's authentication.
//! Invariants: a request waits for no such write; an identity that is remembered makes one event a minute, however many tenants it tries
//! (`a_mismatch_is_written_down_once_a_minute`), and a tenant eleven, however many identities it has (`a_tenants_events_are_bounded`); the event is in the trail of the
//! identity's own tenant, and is the same whether the tenant that was named exists or not (`a_mismatch_tells_nothing_of_the_other`).
//! After a crash, and where a write fails: what was counted since the last event is lost; the request itself was refused, logged and in the metrics.

mod noted;

use crate::{
    Result, audit,
    ctx::{Ctx, Request},
};
use noted::Noted;
use std::{sync::Arc, time::Duration};
use tenantry_pg::{Pool, task};
use tokio::sync::Notify;

/// The action of such an event.
pub(crate) const MISMATCH: &str = "tenant.mismatch";
/// Takes notes. Cheap to clone; the task that writes them down ends with the last clone.
#[derive(Clone)]
pub struct Mismatches {
    platform: Pool,
    ctx: Ctx,
    pending: Arc<Pending>,
    _task: Arc<AbortOnDrop>,
}

#[derive(Default)]
struct Pending {
    noted: Noted,
    wish: Notify,
    /// Whoever writes: one at a time, so that what was taken is written when the next one comes.
    turn: tokio::sync::Mutex<()>,
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Mismatches {
    /// Starts the task that writes them down, through the platform's login.
    pub fn start(platform: Pool, ctx: Ctx) -> Self {
        let pending = Arc::<Pending>::default();
        let (waiting, pool, clock) = (Arc::clone(&pending), platform.clone(), ctx.clone());
        let task = task::detached(async move {
            loop {
                // What is not due yet is looked at again when it can be.
                let patience = if waiting.noted.some() { Duration::from_mins(1) } else { Duration::MAX };
                let _ = tokio::time::timeout(patience, waiting.wish.notified()).await;
                if let Err(error) = waiting.write(&pool, &clock).await {
                    tracing::warn!(%error, "requests that named another tenant than their identity's are not written down");
                }
            }
        });
        Self { platform, ctx, pending, _task: Arc::new(AbortOnDrop(task)) }
    }

    /// Notes that a request was refused since it names `claimed`, which is not its identity's tenant.
    pub fn note(&self, request: Request, claimed: &str) {
        self.pending.noted.add(request, claimed);
        self.pending.wish.notify_one();
    }

    /// Writes down at once what is due; what is being written is written when this returns.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(&self) -> Result<()> {
        self.pending.write(&self.platform, &self.ctx).await
    }
}

impl Pending {
    async fn write(&self, platform: &Pool, ctx: &Ctx) -> Result<()> {
        let _turn = self.turn.lock().await;
        let due = self.noted.due(ctx.now());
        if due.is_empty() {
            return Ok(());
        }
        platform
            .run("audit_mismatches", (ctx.clone(), due), |tx, (ctx, due)| {
                Box::pin(async move {
                    for (request, deed) in due {
                        audit::record(tx, ctx, request, deed).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
