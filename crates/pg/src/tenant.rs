//! The scope: the only handle with which tenant rows can be touched.
//!
//! Owns: nothing. Calls: pool, transaction, roles. Called by: core's `tenancy`, which alone holds a [`ScopeMinter`].
//! Invariants: role and workspace are set and reset with the transaction (`a_scope_sees_its_own_rows_only`); the login has no
//! rights of its own (`outside_a_scope_there_is_nothing`); an empty search path makes an unqualified table an error
//! (`unqualified_names_are_errors`). After a crash: PostgreSQL rolls back.
//!
//! A fence against mistakes, not a jail: raw SQL inside a scope could say `RESET ROLE` or `SET ROLE` to another tenant of the same
//! cell, and PostgreSQL would let it. So no caller's text ever becomes a statement here: they are `&'static str`, and what varies
//! is a parameter. Whoever wants to type SQL gets a login of their own, which is a member of one tenant's role alone (core's `psql`).

use crate::{
    BoxFuture, Error, FromRow, Observer, Param, Pool, PoolSettings, PoolStatus, Row, Target, TxError,
    control::statements,
    roles::Installation,
    run::{Handle, run},
    sql::quote_ident,
    transaction::{ENTER_SCOPE, Prologue, Tx},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tenantry_types::{TenantId, WorkspaceId};

/// Proof that the holder may open scopes. Made once, at start-up, by core's `tenancy`; `cargo xtask tidy` checks that
/// nobody else names it.
pub struct ScopeMinter(());

impl ScopeMinter {
    /// The one of this process's `tenancy`.
    #[expect(clippy::new_without_default, reason = "a Default would let it be made where nobody looks")]
    pub fn new() -> Self {
        Self(())
    }
}

/// What PostgreSQL has to know of a scope. Not a permission: [`TenantPools::run`] wants the minter too.
#[derive(Debug, Clone)]
pub struct ScopeNames {
    /// For metrics and check-out.
    pub tenant: TenantId,
    /// The tenant's schema, unquoted.
    pub schema: Arc<str>,
    /// The role that the transaction takes on.
    pub role: Arc<str>,
    /// The cell whose login is a member of that role.
    pub cell: i32,
    /// The workspace that row-level security confines to.
    pub workspace: WorkspaceId,
}

impl ScopeNames {
    /// What a transaction of the scope begins with.
    pub(crate) fn prologue(&self) -> Prologue {
        Prologue::Scope {
            tenant: self.tenant,
            schema: Arc::from(quote_ident(&self.schema)),
            role: Arc::clone(&self.role),
            workspace: self.workspace.0.to_string(),
        }
    }
}

/// One pool per cell.
#[derive(Clone)]
pub struct TenantPools {
    inner: Arc<Inner>,
}

struct Inner {
    target: Target,
    installation: Installation,
    settings: PoolSettings,
    observer: Arc<dyn Observer>,
    cells: Mutex<BTreeMap<i32, Pool>>,
}

impl TenantPools {
    /// Pools that connect when first asked. Behind a transaction pooler `settings.named_statements` must be 0.
    pub fn new(
        target: Target,
        installation: Installation,
        settings: PoolSettings,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self { inner: Arc::new(Inner { target, installation, settings, observer, cells: Mutex::default() }) }
    }

    /// Each cell's pool.
    pub fn status(&self) -> Vec<(i32, PoolStatus)> {
        self.cells().iter().map(|(cell, pool)| (*cell, pool.status())).collect()
    }

    /// Runs `work` inside the scope that `names` describes. The transaction ends even when the caller goes away;
    /// `work` may run more than once.
    ///
    /// # Errors
    /// What `work` answers, or what the database did. [`crate::ErrorKind::Denied`] means that the fence held.
    pub async fn run<I, T, E, W>(
        &self,
        _: &ScopeMinter,
        names: &ScopeNames,
        name: &'static str,
        input: I,
        work: W,
    ) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: TxError,
        W: for<'a> Fn(&'a TenantTx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        run(self.cell(names.cell), name, names.prologue(), input, work).await
    }

    pub(crate) fn cell(&self, cell: i32) -> Pool {
        let inner = &self.inner;
        self.cells()
            .entry(cell)
            .or_insert_with(|| {
                Pool::with_enter(
                    inner.target.clone(),
                    inner.installation.cell_login(cell),
                    inner.settings,
                    Some(ENTER_SCOPE),
                    Arc::clone(&inner.observer),
                )
            })
            .clone()
    }

    fn cells(&self) -> std::sync::MutexGuard<'_, BTreeMap<i32, Pool>> {
        self.inner.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transaction inside one tenant and one workspace. Statements name tables as `tenant.agents`; the scope writes the
/// real schema in.
pub struct TenantTx {
    tx: Tx,
}

impl Handle for TenantTx {
    fn wrap(tx: Tx) -> Self {
        Self { tx }
    }
    fn unwrap(self) -> Tx {
        self.tx
    }
}

impl TenantTx {
    statements!();

    /// Refuses a row that is stamped with another workspace than the scope's. Row-level security shows none; this is asked of every answer all the same.
    ///
    /// # Errors
    /// [`Error::Foreign`], told to the observer; the transaction is then over.
    pub fn own(&self, workspace: WorkspaceId) -> Result<(), Error> {
        self.tx.own(workspace.0)
    }

    /// Runs a statement that the isolation proof made of names from the catalogue, as this scope; the number of its rows. Never for
    /// text that came from outside.
    ///
    /// # Errors
    /// [`Error`]; [`crate::ErrorKind::Denied`] is what the proof hopes for.
    pub async fn probe(&self, sql: &str) -> Result<usize, Error> {
        self.tx.probe(sql).await
    }
}
