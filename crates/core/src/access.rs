//! Tells every server, and the tenant's own schema, that who may do what has changed.
//!
//! Owns: the channel `tenantry_access`. Calls: registry, wake, and the tenant's schema through [`Publish`]. Called by: whatever changes a membership, a key, a
//! session, an operator or a tenant's state, after its commit; identity's gate hears it.
//! Invariants: the registry's version grows in the transaction of the change; once [`Access::changed`] has returned, a write that was let in before is
//! refused in its own transaction (`a_removed_identity_cannot_write`), and no server lets in by what it remembered from before for longer than half a
//! second (`a_removal_reaches_every_server`). After a crash: what was not published is found by the reconciler (`a_lost_publication_is_made_good`).

use crate::{
    Result,
    registry::{self, TenantRecord},
    wake::Waker,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tenantry_pg::{BoxFuture, Listener, Pool};
use tenantry_types::TenantId;
use tokio::sync::watch;

/// The channel of PostgreSQL's NOTIFY.
pub const CHANNEL: &str = "tenantry_access";

/// Tenants that one look of the reconciler publishes.
const SLICE: i64 = 100;

/// Writes a tenant's version of access where its writes will find it.
pub trait Publish: Send + Sync + 'static {
    /// Makes the tenant's schema know `tenant.access_version`; a later one stays.
    ///
    /// # Errors
    /// The database's.
    fn publish<'a>(&'a self, tenant: &'a TenantRecord) -> BoxFuture<'a, Result<()>>;
}

/// Hears and tells of changes. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    inner: Arc<Inner>,
}

struct Inner {
    platform: Pool,
    publisher: Arc<dyn Publish>,
    changes: AtomicU64,
    waker: Waker,
    heard: watch::Receiver<u64>,
    _listener: Listener,
}

/// How many changes this process knew of. What was learned at another mark may not hold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64, u64);

impl Access {
    /// Starts to listen.
    pub fn start(platform: Pool, publisher: Arc<dyn Publish>) -> Self {
        let listener = Listener::beside(&platform, CHANNEL);
        let waker = Waker::on(platform.clone(), CHANNEL);
        let heard = listener.subscribe();
        let changes = AtomicU64::new(0);
        Self { inner: Arc::new(Inner { platform, publisher, changes, waker, heard, _listener: listener }) }
    }

    /// Where this process stands.
    pub fn mark(&self) -> Mark {
        Mark(self.inner.changes.load(Ordering::Acquire), *self.inner.heard.borrow())
    }

    /// Tells servers, this one too, from wherever it is given to.
    pub fn waker(&self) -> Waker {
        self.inner.waker.clone()
    }

    /// After the commit of a change that concerns no single tenant: a session, an operator, a user.
    pub fn changed(&self) {
        self.forget();
        self.inner.waker.wake();
    }

    /// This process forgets whom it let in, as when it hears of a change.
    pub fn forget(&self) {
        self.inner.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// After the commit of a change in a tenant. What cannot be published now is left to the reconciler: the change itself stands.
    pub async fn changed_in(&self, tenant: TenantId) {
        self.changed();
        let Inner { platform, publisher, .. } = self.inner.as_ref();
        if let Err(error) = publish(platform, publisher.as_ref(), Some(tenant)).await {
            tracing::warn!(%tenant, %error, "a change of access is not published yet; the reconciler will");
        }
    }
}

/// Publishes what lags behind: of one tenant, or of the first hundred. Returns how many. `pool` is the platform's login, or the owner's.
///
/// # Errors
/// The database's.
pub async fn publish(pool: &Pool, publisher: &dyn Publish, tenant: Option<TenantId>) -> Result<usize> {
    let lagging: Vec<TenantRecord> = pool
        .run("find_unpublished", tenant, |tx, tenant| {
            Box::pin(registry::store::unpublished(tx, *tenant, SLICE))
        })
        .await?;
    for tenant in &lagging {
        publisher.publish(tenant).await?;
        let done = (tenant.id, tenant.access_version);
        pool.run("mark_published", done, |tx, (tenant, version)| {
            Box::pin(registry::store::mark_published(tx, *tenant, *version))
        })
        .await?;
    }
    Ok(lagging.len())
}
