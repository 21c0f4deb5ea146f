//! The only door to tenant rows: opens a scope's transaction.
//!
//! Owns: the process's `ScopeMinter`. Calls: pg, authz. Called by: workload and every module with tables in tenant schemas.
//! Invariants: no row without a [`TenantScope`], and no scope without a verified identity (`authz`); what PostgreSQL refuses with 42501 is
//! counted as an attempt to cross (`server::telemetry`). After a crash: PostgreSQL rolls back.

use crate::{Error, Result, authz::TenantScope};
use std::sync::Arc;
use tenantry_pg::{BoxFuture, PoolStatus, ScopeMinter, TenantPools, TenantTx};

/// Opens scopes. Cheap to clone.
#[derive(Clone)]
pub struct Tenancy {
    inner: Arc<Inner>,
}

struct Inner {
    minter: ScopeMinter,
    pools: TenantPools,
}

impl Tenancy {
    /// The door of this process, made once at start-up.
    pub fn new(pools: TenantPools) -> Self {
        Self { inner: Arc::new(Inner { minter: ScopeMinter::new(), pools }) }
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

    /// Each cell's pool.
    pub fn status(&self) -> Vec<(i32, PoolStatus)> {
        self.inner.pools.status()
    }
}
