//! The only door to tenant rows: opens a scope's transaction.
//!
//! Owns: the process's `ScopeMinter`. Calls: pg, authz, audit (notes). Called by: workload and every module with tables in tenant schemas.
//! Invariants: no row without a [`TenantScope`], and no scope without a verified identity (`authz`); what PostgreSQL refuses with 42501 is
//! counted as an attempt to cross (`server::telemetry`); what [`Tenancy::write`] committed is noted for the sealer
//! (`a_tenants_deed_is_sealed_without_a_sweep`). After a crash: PostgreSQL rolls back; a note that was lost is made good by the sweep.

use crate::{
    Error, Result,
    audit::Notes,
    authz::{TenantScope, WideScope},
};
use std::{sync::Arc, time::Duration};
use tenantry_pg::{self as pg, BoxFuture, PoolStatus, ScopeMinter, TenantPools, TenantTx, WideTx, task};

/// Opens scopes. Cheap to clone.
#[derive(Clone)]
pub struct Tenancy {
    inner: Arc<Inner>,
}

struct Inner {
    minter: ScopeMinter,
    pools: TenantPools,
    notes: Notes,
    /// For transactions that read all of a tenant: they last, and must neither hold up requests nor pass a transaction pooler.
    wide: TenantPools,
}

impl Tenancy {
    /// The door of this process, made once at start-up.
    pub fn new(pools: TenantPools, notes: Notes) -> Self {
        Self::with_wide(pools.clone(), pools, notes)
    }

    /// The same with pools of their own for [`Self::read_all`].
    pub fn with_wide(pools: TenantPools, wide: TenantPools, notes: Notes) -> Self {
        Self { inner: Arc::new(Inner { minter: ScopeMinter::new(), pools, notes, wide }) }
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
        self.inner.pools.run::<I, T, Error, W>(&self.inner.minter, &scope.names()?, name, input, work).await
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
        let writing = task::detached(async move {
            let done = this.run(&scope, name, input, work).await?;
            this.inner.notes.note(scope.tenant_id());
            Ok(done)
        });
        writing.await.unwrap_or_else(|_| Err(pg::Error::Lost(name).into()))
    }

    /// Each cell's pool.
    pub fn status(&self) -> Vec<(i32, PoolStatus)> {
        self.inner.pools.status()
    }
}
