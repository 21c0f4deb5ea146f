//! Notes of tenants whose `_events` have something to move, from the processes that wrote it to the worker that moves it.
//!
//! Owns: nothing. Calls: store, wake. Called by: tenancy, after a commit.
//! Invariants: noting costs a mutation nothing and never fails it; many notes become one statement and one wake-up
//! (`a_tenants_deed_is_sealed_without_a_sweep`). After a crash: what was not written down is found by the sweep.

use super::store;
use crate::{ctx::Ctx, wake::Waker};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};
use tenantry_pg::{Pool, task};
use tenantry_types::TenantId;
use tokio::sync::Notify;
use uuid::Uuid;

/// Takes notes. Cheap to clone; the task that writes them down ends with the last clone.
#[derive(Clone)]
pub struct Notes {
    pending: Arc<Pending>,
    _task: Arc<AbortOnDrop>,
}

#[derive(Default)]
struct Pending {
    tenants: Mutex<BTreeSet<Uuid>>,
    wish: Notify,
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Notes {
    /// Starts the task that writes them down, through the platform's login.
    pub fn start(platform: Pool, ctx: Ctx, waker: Waker) -> Self {
        let pending = Arc::new(Pending::default());
        let noted = Arc::clone(&pending);
        let task = task::detached(async move {
            loop {
                noted.wish.notified().await;
                let tenants: Vec<Uuid> = std::mem::take(&mut *noted.tenants()).into_iter().collect();
                let input = (tenants, ctx.now());
                let written = platform
                    .run("audit_note", input, |tx, (tenants, now)| {
                        Box::pin(store::seal::note(tx, tenants, *now))
                    })
                    .await;
                match written {
                    Ok(()) => waker.wake(),
                    Err(error) => {
                        tracing::debug!(%error, "tenants with audit events not noted; the sweep will find them");
                    }
                }
            }
        });
        Self { pending, _task: Arc::new(AbortOnDrop(task)) }
    }

    /// Notes a tenant, after the commit that wrote its event.
    pub fn note(&self, tenant: TenantId) {
        self.pending.tenants().insert(tenant.0);
        self.pending.wish.notify_one();
    }
}

impl Pending {
    fn tenants(&self) -> std::sync::MutexGuard<'_, BTreeSet<Uuid>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
