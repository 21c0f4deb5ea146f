//! Transactions: named, pipelined, run in a task that outlives whoever asked, retried where PostgreSQL asks for it.
//!
//! Owns: nothing. Calls: pool, statements, observe. Called by: tenant, listen, core's stores.
//! Invariants: BEGIN and the settings travel with the first statement, COMMIT with the last where the code says which that is
//! (`one_round_trip_on_the_wire`); a failed statement can never end in a reported commit (`an_ignored_error_does_not_commit`);
//! a dropped caller changes nothing (`cancelled_at_every_await`). After a crash: PostgreSQL rolls back.

use crate::{
    Error, ErrorKind, FromRow, Param, Pool, Row, TxError,
    pool::{Lease, mark},
    sql::substitute_tenant,
    statements::Plan,
    task,
};
use futures_util::future::{OptionFuture, join, join4};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
};
use tenantry_types::TenantId;
use tokio_postgres::types::{ToSql, Type};

/// A boxed future that borrows for `'a`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The settings that a transaction begins with.
#[derive(Clone)]
pub(crate) enum Prologue {
    /// None: platform and owner.
    Plain,
    /// `tenantry.tenant_id`, for the login that row-level security confines on the control plane.
    Tenant(TenantId),
    /// Role and workspace of a tenant scope.
    Scope { tenant: TenantId, schema: Arc<str>, role: Arc<str>, workspace: String },
}

pub(crate) const ENTER_SCOPE: &str =
    "SELECT pg_catalog.set_config('role', $1, true), pg_catalog.set_config('tenantry.workspace_id', $2, true)";
const ENTER_TENANT: &str = "SELECT pg_catalog.set_config('tenantry.tenant_id', $1, true)";

const FRESH: u8 = 0;
const OPEN: u8 = 1;
const FAILED: u8 = 2;
const ENDED: u8 = 3;

/// The machinery that both kinds of transaction share.
pub(crate) struct Tx {
    pub(crate) name: &'static str,
    lease: Lease,
    prologue: Prologue,
    no_role: Arc<str>,
    state: AtomicU8,
}

impl Tx {
    pub(crate) fn new(name: &'static str, lease: Lease, prologue: Prologue) -> Self {
        Self { name, lease, prologue, no_role: Arc::from(""), state: AtomicU8::new(FRESH) }
    }

    fn tenant(&self) -> Option<TenantId> {
        match self.prologue {
            Prologue::Plain => None,
            Prologue::Tenant(tenant) | Prologue::Scope { tenant, .. } => Some(tenant),
        }
    }

    fn error(&self, source: tokio_postgres::Error) -> Error {
        Error::Db { during: self.name, source }
    }

    /// Sends one statement; with it BEGIN and the settings where it is the first, COMMIT where it is the last.
    pub(crate) async fn send(
        &self,
        sql: &'static str,
        params: &[&dyn Param],
        last: bool,
    ) -> Result<Vec<Row>, Error> {
        let connection = self.lease.get()?;
        let role = match &self.prologue {
            Prologue::Scope { role, .. } => role,
            _ => &self.no_role,
        };
        let plan = match connection.plan(role, sql) {
            Plan::Prepare => Plan::Named(self.prepare(role, sql, params).await?),
            other => other,
        };
        let began = mark();
        let first = self.begin_once()?;
        let begin = OptionFuture::from(first.then(|| connection.client.batch_execute("BEGIN")));
        let enter = OptionFuture::from(first.then(|| self.enter()));
        let commit = OptionFuture::from(last.then(|| connection.client.batch_execute("COMMIT")));
        let query = async {
            match &plan {
                Plan::Named(statement) => {
                    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p.as_sql()).collect();
                    connection.client.query(statement, &params).await
                }
                _ => {
                    let params: Vec<(&(dyn ToSql + Sync), Type)> =
                        params.iter().map(|p| (p.as_sql(), p.pg_type())).collect();
                    match &self.prologue {
                        Prologue::Scope { schema, .. } => {
                            connection.client.query_typed(&substitute_tenant(sql, schema), &params).await
                        }
                        _ => connection.client.query_typed(sql, &params).await,
                    }
                }
            }
        };
        // Polled in this order, so that this is the order on the wire. None waits for an answer of another.
        let (begun, entered, rows, committed) = join4(begin, enter, query, commit).await;
        let outcome = begun
            .unwrap_or(Ok(()))
            .and(entered.unwrap_or(Ok(())))
            .and(rows)
            .and_then(|rows| committed.unwrap_or(Ok(())).map(|()| rows));
        self.observe(sql, began, outcome.is_ok());
        match outcome {
            Ok(rows) => {
                if last {
                    self.state.store(ENDED, Relaxed);
                }
                Ok(rows.into_iter().map(Row).collect())
            }
            Err(source) => Err(self.failed(source)),
        }
    }

    /// The second use of a statement prepares it, inside the transaction: the login itself may not even see the schema.
    async fn prepare(
        &self,
        role: &Arc<str>,
        sql: &'static str,
        params: &[&dyn Param],
    ) -> Result<tokio_postgres::Statement, Error> {
        let connection = self.lease.get()?;
        let types: Vec<Type> = params.iter().map(|p| p.pg_type()).collect();
        let text = match &self.prologue {
            Prologue::Scope { schema, .. } => substitute_tenant(sql, schema),
            _ => sql.to_owned(),
        };
        let first = self.begin_once()?;
        let begin = OptionFuture::from(first.then(|| connection.client.batch_execute("BEGIN")));
        let enter = OptionFuture::from(first.then(|| self.enter()));
        let (begun, (entered, prepared)) =
            join(begin, join(enter, connection.client.prepare_typed(&text, &types))).await;
        match begun.unwrap_or(Ok(())).and(entered.unwrap_or(Ok(()))).and(prepared) {
            Ok(statement) => {
                connection.prepared(role, sql, statement.clone());
                Ok(statement)
            }
            Err(source) => Err(self.failed(source)),
        }
    }

    /// True for the one caller that has to send BEGIN. Claimed in the same poll in which BEGIN is sent.
    fn begin_once(&self) -> Result<bool, Error> {
        match self.state.compare_exchange(FRESH, OPEN, Relaxed, Relaxed) {
            Ok(_) => Ok(true),
            Err(OPEN) => Ok(false),
            Err(FAILED) => Err(Error::Aborted(self.name)),
            Err(_) => Err(Error::Ended(self.name)),
        }
    }

    async fn enter(&self) -> Result<(), tokio_postgres::Error> {
        // `lease.get` fails only after the lease was given back, and then there is nothing to enter.
        let Ok(connection) = self.lease.get() else { return Ok(()) };
        match &self.prologue {
            Prologue::Plain => Ok(()),
            Prologue::Tenant(tenant) => {
                let tenant = tenant.0.to_string();
                connection.client.query_typed(ENTER_TENANT, &[(&tenant, Type::TEXT)]).await.map(drop)
            }
            Prologue::Scope { tenant, role, workspace, .. } => {
                let began = mark();
                let entered = match &connection.enter {
                    Some(statement) => connection.client.query(statement, &[&&**role, workspace]).await,
                    None => {
                        let params: [(&(dyn ToSql + Sync), Type); 2] =
                            [(&&**role, Type::TEXT), (workspace, Type::TEXT)];
                        connection.client.query_typed(ENTER_SCOPE, &params).await
                    }
                };
                self.lease.observer().scope_entered(*tenant, began.elapsed());
                entered.map(drop)
            }
        }
    }

    /// Several statements at once, without parameters; for DDL of our own making.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Error> {
        let connection = self.lease.get()?;
        let first = self.begin_once()?;
        let begin = OptionFuture::from(first.then(|| connection.client.batch_execute("BEGIN")));
        let enter = OptionFuture::from(first.then(|| self.enter()));
        let (begun, (entered, done)) = join(begin, join(enter, connection.client.batch_execute(sql))).await;
        begun.unwrap_or(Ok(())).and(entered.unwrap_or(Ok(()))).and(done).map_err(|source| self.failed(source))
    }

    /// A statement whose text was made at run time, unnamed; the number of its rows.
    pub(crate) async fn probe(&self, sql: &str) -> Result<usize, Error> {
        let connection = self.lease.get()?;
        let first = self.begin_once()?;
        let begin = OptionFuture::from(first.then(|| connection.client.batch_execute("BEGIN")));
        let enter = OptionFuture::from(first.then(|| self.enter()));
        let (begun, (entered, rows)) = join(begin, join(enter, connection.client.query_typed(sql, &[]))).await;
        let rows = begun.unwrap_or(Ok(())).and(entered.unwrap_or(Ok(()))).and(rows);
        rows.map(|rows| rows.len()).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: tokio_postgres::Error) -> Error {
        self.state.store(FAILED, Relaxed);
        let error = self.error(source);
        self.lease.observer().failed(self.tenant(), self.name, error.kind());
        if error.kind() == ErrorKind::StalePlan
            && let Ok(connection) = self.lease.get()
        {
            connection.forget_statements();
        }
        error
    }

    fn observe(&self, sql: &str, began: std::time::Instant, ok: bool) {
        if ok {
            self.lease.observer().query(self.tenant(), query_type(sql), began.elapsed());
        }
    }

    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.lease.get().map(crate::connection::Connection::take_warnings).unwrap_or_default()
    }

    /// Ends the transaction as `commit` says. The connection is given back only when PostgreSQL has confirmed the end.
    async fn finish(self, commit: bool) -> Result<(), Error> {
        let state = self.state.load(Relaxed);
        let connection = self.lease.get()?;
        let ended = match (state, commit) {
            (FRESH | ENDED, _) => Ok(()),
            (OPEN, true) => connection.client.batch_execute("COMMIT").await,
            _ => connection.client.batch_execute("ROLLBACK").await,
        };
        if let Err(source) = ended {
            // COMMIT refused, or its outcome unknown: the lease is dropped, the connection closed.
            return Err(self.failed(source));
        }
        self.lease.confirmed();
        if commit && state == FAILED { Err(Error::Aborted("commit")) } else { Ok(()) }
    }
}

/// `select`, `insert`, `update` or `delete`: the strongest verb of a statement, since most of ours begin with WITH.
fn query_type(sql: &str) -> &'static str {
    [("INSERT INTO", "insert"), ("UPDATE ", "update"), ("DELETE FROM", "delete"), ("SELECT", "select")]
        .into_iter()
        .find_map(|(verb, word)| sql.contains(verb).then_some(word))
        .unwrap_or("other")
}

/// Attempts of one transaction before its error is final.
const ATTEMPTS: u32 = 5;

/// The type that a kind of transaction shows to its users.
pub(crate) trait Handle: Send + Sync + 'static {
    fn wrap(tx: Tx) -> Self;
    fn unwrap(self) -> Tx;
}

/// Runs `work` in a transaction, in a task of its own, again where PostgreSQL asks for it.
pub(crate) async fn run<H, I, T, E, W>(
    pool: Pool,
    name: &'static str,
    prologue: Prologue,
    input: I,
    work: W,
) -> Result<T, E>
where
    H: Handle,
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: TxError,
    W: for<'a> Fn(&'a H, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
{
    // Detached: a client that hangs up must leave neither an open transaction nor an emptied pool.
    let running = task::detached(async move {
        let tenant = match prologue {
            Prologue::Scope { tenant, .. } => Some(tenant),
            _ => None,
        };
        let mut attempt = 1;
        loop {
            let handle = H::wrap(Tx::new(name, pool.lease(tenant).await?, prologue.clone()));
            let outcome = work(&handle, &input).await;
            let ended = handle.unwrap().finish(outcome.is_ok()).await;
            let outcome = match (outcome, ended) {
                (Ok(value), Ok(())) => return Ok(value),
                (Ok(_), Err(error)) => Err(error.into()),
                (Err(error), _) => Err(error),
            };
            let again = |error: &E| {
                matches!(error.pg().map(Error::kind), Some(ErrorKind::Retry | ErrorKind::StalePlan)) && attempt < ATTEMPTS
            };
            match outcome {
                Err(error) if again(&error) => attempt += 1,
                other => return other,
            }
        }
    });
    running.await.unwrap_or_else(|_| Err(Error::Lost(name).into()))
}

/// A transaction on the control plane (`public`), or of the owner.
pub struct ControlTx {
    tx: Tx,
}

macro_rules! statements {
    () => {
        /// Rows of a statement.
        ///
        /// # Errors
        /// [`Error`]; the transaction is then over.
        pub async fn query(&self, sql: &'static str, params: &[&dyn Param]) -> Result<Vec<Row>, Error> {
            self.tx.send(sql, params, false).await
        }

        /// Rows of the transaction's last statement; COMMIT travels with it, so nothing may be left to decide.
        ///
        /// # Errors
        /// [`Error`]; nothing was committed, unless the connection broke.
        pub async fn last(&self, sql: &'static str, params: &[&dyn Param]) -> Result<Vec<Row>, Error> {
            self.tx.send(sql, params, true).await
        }

        /// Rows of a statement, read.
        ///
        /// # Errors
        /// [`Error`], also where a row has another shape.
        pub async fn all<T: FromRow>(&self, sql: &'static str, params: &[&dyn Param]) -> Result<Vec<T>, Error> {
            self.query(sql, params).await?.iter().map(T::from_row).collect()
        }

        /// The row of a statement that has one at most.
        ///
        /// # Errors
        /// [`Error`], also for more than one row.
        pub async fn optional<T: FromRow>(
            &self,
            sql: &'static str,
            params: &[&dyn Param],
        ) -> Result<Option<T>, Error> {
            let rows = self.query(sql, params).await?;
            match rows.as_slice() {
                [] => Ok(None),
                [row] => T::from_row(row).map(Some),
                more => Err(Error::RowCount { during: self.tx.name, got: more.len() }),
            }
        }

        /// The row of a statement that has exactly one.
        ///
        /// # Errors
        /// [`Error`], also for none or more than one row.
        pub async fn one<T: FromRow>(&self, sql: &'static str, params: &[&dyn Param]) -> Result<T, Error> {
            self.optional(sql, params).await?.ok_or(Error::RowCount { during: self.tx.name, got: 0 })
        }
    };
}
pub(crate) use statements;

impl Handle for ControlTx {
    fn wrap(tx: Tx) -> Self {
        Self { tx }
    }
    fn unwrap(self) -> Tx {
        self.tx
    }
}

impl ControlTx {
    statements!();

    /// Several statements at once, without parameters: DDL that we wrote or quoted ourselves.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.tx.batch(sql).await
    }

    /// Fails when PostgreSQL warned since the last call: in DDL a warning means that something was not done.
    ///
    /// # Errors
    /// [`Error::Warned`] with the warnings.
    pub fn refuse_warnings(&self) -> Result<(), Error> {
        let warnings = self.tx.take_warnings();
        if warnings.is_empty() {
            Ok(())
        } else {
            Err(Error::Warned { during: self.tx.name, warnings: warnings.join("; ") })
        }
    }
}

impl Pool {
    /// Runs `work` in a transaction that ends even when the caller goes away. `work` may run more than once.
    ///
    /// # Errors
    /// What `work` answers, or what the database did.
    pub async fn run<I, T, E, W>(&self, name: &'static str, input: I, work: W) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: TxError,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        run(self.clone(), name, Prologue::Plain, input, work).await
    }

    /// The same, seeing one tenant's rows only: row-level security confines the control login by this id.
    ///
    /// # Errors
    /// What `work` answers, or what the database did.
    pub async fn run_for<I, T, E, W>(
        &self,
        tenant: TenantId,
        name: &'static str,
        input: I,
        work: W,
    ) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: TxError,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        run(self.clone(), name, Prologue::Tenant(tenant), input, work).await
    }
}
