//! The only door to tenant rows: opens a scope's transaction.
//!
//! Owns: the process's `ScopeMinter`; the counter `access` in tenant.`_counters`. Calls: pg, authz, audit (notes), identity. Called by: workload and every module with tables in tenant schemas.
//! Invariants: no row without a [`TenantScope`], and no scope without a verified identity (`authz`); what PostgreSQL refuses with 42501 is
//! counted as an attempt to cross (`server::telemetry`); what [`Tenancy::write`] committed is noted for the sealer
//! (`a_tenants_deed_is_sealed_without_a_sweep`); a write of whoever may not any more is refused in its own transaction, whatever this process
//! remembers (`a_removed_identity_cannot_write`). After a crash: PostgreSQL rolls back; a note that was lost is made good by the sweep.

mod store;

use crate::{
    Error, Result,
    access::Publish,
    audit::Notes,
    authz::{ProofScope, TenantScope, WideScope},
    ctx::Ctx,
    identity,
    registry::TenantRecord,
};
use std::{sync::Arc, time::Duration};
use tenantry_pg::{
    self as pg, BoxFuture, Outcome, Pool, PoolStatus, ScopeMinter, TenantPools, TenantTx, WideTx, task,
};
use tenantry_types::ErrorCode;

/// The name of a transaction that tries to cross on purpose: its refusal is no alarm.
pub const ATTEMPT: &str = "isolation_attempt";

/// Changes of access that one write may meet, one after the other.
const RENEWALS: usize = 4;

/// Opens scopes. Cheap to clone.
#[derive(Clone)]
pub struct Tenancy {
    inner: Arc<Inner>,
}

struct Inner {
    minter: ScopeMinter,
    pools: TenantPools,
    platform: Pool,
    ctx: Ctx,
    notes: Notes,
    /// For transactions that read all of a tenant: they last, and must neither hold up requests nor pass a transaction pooler.
    wide: TenantPools,
}

impl Tenancy {
    /// The door of this process, made once at start-up.
    pub fn new(platform: Pool, ctx: Ctx, pools: TenantPools, wide: TenantPools, notes: Notes) -> Self {
        Self { inner: Arc::new(Inner { minter: ScopeMinter::new(), pools, platform, ctx, notes, wide }) }
    }

    /// A transaction that sees every row of a tenant as of its first statement, across workspaces, and may change none. Each statement
    /// may take `patience`. Dropped without its end it costs a connection and nothing else.
    ///
    /// # Errors
    /// The database's.
    pub async fn read_all(
        &self,
        scope: &WideScope,
        name: &'static str,
        patience: Duration,
    ) -> Result<WideTx> {
        let inner = &self.inner;
        Ok(inner.wide.read_all(&inner.minter, &scope.names()?, name, patience).await?)
    }

    /// Runs `work` in a transaction that sees the rows of `scope` and no others. `work` may run more than once; it ends even when the
    /// caller goes away.
    ///
    /// # Errors
    /// What `work` answers, or what the database did.
    pub async fn run<I, T, W>(&self, scope: &TenantScope, name: &'static str, input: I, work: W) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a TenantTx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let inner = &self.inner;
        let done = inner.pools.run::<I, T, Error, W>(&inner.minter, &scope.names()?, name, input, work).await;
        match done {
            // A tenant that is gone has no schema and no role, and somebody who was let in a moment ago finds neither.
            Err(error) if error.is_unexpected() => {
                let actor = identity::again(&inner.platform, &inner.ctx, scope.actor()).await?;
                actor.scope_still(scope)?;
                Err(error)
            }
            done => done,
        }
    }

    /// Makes attempts as the tenant of `scope`, each by itself, and undoes whatever came of them.
    ///
    /// # Errors
    /// What kept them from being made; a refusal is an [`Outcome`].
    pub(crate) async fn attempt(&self, scope: &ProofScope, statements: Vec<String>) -> Result<Vec<Outcome>> {
        let inner = &self.inner;
        Ok(inner.pools.attempt(&inner.minter, &scope.names()?, ATTEMPT, statements).await?)
    }

    /// The same for `work` that writes audit events: once it is committed, the tenant is noted, so that its events are sealed within a second.
    ///
    /// # Errors
    /// What `work` answers, or what the database did.
    pub async fn write<I, T, W>(
        &self,
        scope: &TenantScope,
        name: &'static str,
        input: I,
        work: W,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a TenantTx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let (this, scope) = (self.clone(), scope.clone());
        // Detached, as the transaction is: what is committed for a caller who hung up is noted too.
        let writing =
            task::detached(async move { this.write_fresh(scope, name, Arc::new((input, work))).await });
        writing.await.unwrap_or_else(|_| Err(pg::Error::Lost(name).into()))
    }

    /// Asks in the transaction whether anything about access has changed since the scope was minted. Where it has, whoever it was minted for is
    /// looked up anew, and the work goes on with the scope that they may have now, or not at all.
    async fn write_fresh<I, T, W>(
        &self,
        mut scope: TenantScope,
        name: &'static str,
        work: Arc<(I, W)>,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a TenantTx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        for _ in 0..RENEWALS {
            let known = scope.tenant().access_version;
            let written = self
                .run(&scope, name, (Arc::clone(&work), known), |tx, (work, known)| {
                    Box::pin(async move {
                        if store::access_version(tx).await?.is_some_and(|now| now > *known) {
                            return Err(Error::Stale);
                        }
                        (work.1)(tx, &work.0).await
                    })
                })
                .await;
            match written {
                Err(Error::Stale) => {
                    let actor = identity::again(&self.inner.platform, &self.inner.ctx, scope.actor()).await?;
                    scope = actor.scope_still(&scope)?;
                }
                Ok(done) => {
                    self.inner.notes.note(scope.tenant_id());
                    return Ok(done);
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::refused(ErrorCode::Conflict, "Who may do what in the tenant is changing just now.")
            .next("Send the request again."))
    }

    /// Each cell's pool.
    pub fn status(&self) -> Vec<(i32, PoolStatus)> {
        self.inner.pools.status()
    }
}

impl Publish for Tenancy {
    fn publish<'a>(&'a self, tenant: &'a TenantRecord) -> BoxFuture<'a, Result<()>> {
        let scope = TenantScope::of_the_platform(tenant);
        Box::pin(async move {
            let version = tenant.access_version;
            self.run(&scope, "publish_access", version, |tx, version| {
                Box::pin(store::publish_access(tx, *version))
            })
            .await
        })
    }
}
