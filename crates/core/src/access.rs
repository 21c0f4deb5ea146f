//! Tells every server, and the tenant's own schema, that who may do what has changed.
//!
//! Owns: the channel `tenantry_access`. Calls: registry, wake, pg, and the tenant's schema through [`Publish`]. Called by: whatever changes a membership, a
//! key, a session, an operator or a tenant's state runs the change through it; identity's gate hears it.
//! Invariants: the registry's version grows in the transaction of the change; no change is committed and not told because its caller hung up
//! (`who_hangs_up_changes_a_tenant_all_the_same`, `who_hangs_up_ends_a_session_all_the_same`); once [`Access::tell`] has returned, a write that was let in
//! before is refused in its own transaction (`a_removed_identity_cannot_write`), and no server lets in by what it remembered from before for longer than
//! half a second (`a_removal_reaches_every_server`). After a crash: what was not published is found by the reconciler (`a_lost_publication_is_made_good`).

use crate::{
    Result,
    registry::{self, TenantRecord},
    wake::Waker,
};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tenantry_pg::{self as pg, BoxFuture, ControlTx, Listener, Pool, task};
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
        let listener = Listener::beside(&platform, &[CHANNEL]);
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

    /// This process forgets whom it let in, as when it hears of a change.
    pub fn forget(&self) {
        self.inner.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Runs a change, and tells of it once it is done. What cannot be published now is left to the reconciler: the change itself stands.
    ///
    /// # Errors
    /// The change's; then nothing is told.
    pub async fn tell<T, N>(
        &self,
        name: &'static str,
        change: impl Future<Output = Result<T>> + Send + 'static,
        news: N,
    ) -> Result<T>
    where
        T: Send + 'static,
        N: FnOnce(&T) -> News + Send + 'static,
    {
        let this = self.clone();
        // Detached, as the transaction is: what is committed for a caller who hung up is told too.
        let changing = task::detached(async move {
            let done = change.await?;
            this.spread(news(&done)).await;
            Ok(done)
        });
        changing.await.unwrap_or_else(|_| Err(pg::Error::Lost(name).into()))
    }

    /// The same for a change that is one transaction, of a login that sees all tenants.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub async fn change<I, T, W, N>(
        &self,
        pool: &Pool,
        name: &'static str,
        input: I,
        work: W,
        news: N,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
        N: FnOnce(&T) -> News + Send + 'static,
    {
        let pool = pool.clone();
        self.tell(name, async move { pool.run(name, input, work).await }, news).await
    }

    /// The same, of the login that sees the one tenant.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub async fn change_for<I, T, W, N>(
        &self,
        (pool, tenant): (&Pool, TenantId),
        name: &'static str,
        input: I,
        work: W,
        news: N,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
        N: FnOnce(&T) -> News + Send + 'static,
    {
        let pool = pool.clone();
        self.tell(name, async move { pool.run_for(tenant, name, input, work).await }, news).await
    }

    async fn spread(&self, news: News) {
        let News { some, tenants } = news;
        if !some {
            return;
        }
        self.forget();
        let Inner { platform, publisher, waker, .. } = self.inner.as_ref();
        waker.wake();
        for tenant in tenants {
            if let Err(error) = publish(platform, publisher.as_ref(), Some(tenant)).await {
                tracing::warn!(%tenant, %error, "a change of access is not published yet; the reconciler will");
            }
        }
    }
}

/// Whom a change concerns, and so what is told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    some: bool,
    tenants: Vec<TenantId>,
}

impl News {
    /// Nothing has changed.
    pub fn none() -> Self {
        Self::default()
    }

    /// A session, an operator, a user: no single tenant.
    pub fn everywhere() -> Self {
        Self { some: true, tenants: Vec::new() }
    }

    /// Who may do what in these tenants; of no tenant it is none.
    pub fn of(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        let tenants: Vec<_> = tenants.into_iter().collect();
        Self { some: !tenants.is_empty(), tenants }
    }

    /// These as well.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.some |= other.some;
        self.tenants.extend(other.tenants);
        self
    }

    /// None of it, unless something has changed.
    #[must_use]
    pub fn when(self, changed: bool) -> Self {
        if changed { self } else { Self::none() }
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
