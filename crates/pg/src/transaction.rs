//! Transactions on the wire: what is sent with what, and what is known of the outcome.
//!
//! Owns: nothing. Calls: pool, statements, observe. Called by: run, control, tenant.
//! Invariants: BEGIN and the settings travel with the first statement, COMMIT with the last where the code says which that is
//! (`one_round_trip_on_the_wire`); a statement that failed, or whose answer nobody waited for, can never end in a reported commit
//! (`an_ignored_error_does_not_commit`, `an_abandoned_statement_does_not_commit`); a statement that could not even be sent takes its
//! COMMIT with it (`what_cannot_be_sent_is_not_committed`). After a crash: PostgreSQL rolls back.

use crate::{
    Error, ErrorKind, Param, Row,
    connection::Connection,
    pool::{Lease, mark},
    sql::substitute_tenant,
    statements::Plan,
};
use futures_util::future::{OptionFuture, join, join3};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU8, Ordering::Relaxed},
};
use tenantry_types::TenantId;
use tokio_postgres::{
    Statement,
    types::{ToSql, Type},
};
use uuid::Uuid;

/// The settings that a transaction begins with.
#[derive(Clone)]
pub(crate) enum Prologue {
    /// None: platform and owner.
    Plain,
    /// `tenantry.tenant_id`, for the login that row-level security confines on the control plane.
    Tenant(TenantId),
    /// Role and workspace of a tenant scope.
    Scope { tenant: TenantId, schema: Arc<str>, role: Arc<str>, workspace: String },
    /// The role that reads across a tenant's workspaces, one picture of all tables, and time for it in milliseconds.
    Wide { tenant: TenantId, role: Arc<str>, patience_ms: String },
}

pub(crate) const ENTER_SCOPE: &str = "SELECT pg_catalog.set_config('role', $1, true), pg_catalog.set_config('tenantry.workspace_id', $2, true)";
const ENTER_TENANT: &str = "SELECT pg_catalog.set_config('tenantry.tenant_id', $1, true)";

const ENTER_WIDE: &str = "SELECT pg_catalog.set_config('role', $1, true), pg_catalog.set_config('statement_timeout', $2, true), \
    pg_catalog.set_config('idle_in_transaction_session_timeout', $2, true)";

/// Nothing was sent.
const FRESH: u8 = 0;
/// BEGIN was sent.
const OPEN: u8 = 1;
/// A statement failed, or its answer was not waited for: only ROLLBACK is left.
const FAILED: u8 = 2;
/// COMMIT was sent with the last statement.
const ENDED: u8 = 3;

/// The machinery that both kinds of transaction share.
pub(crate) struct Tx {
    pub(crate) name: &'static str,
    lease: Lease,
    prologue: Prologue,
    no_role: Arc<str>,
    state: AtomicU8,
}

/// A statement on its way. Dropped before the answer came, nobody knows what PostgreSQL did with it, and the transaction may not
/// be committed any more.
pub(crate) struct InFlight<'a>(Option<&'a AtomicU8>);

impl InFlight<'_> {
    pub(crate) fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.0 {
            state.store(FAILED, Relaxed);
        }
    }
}

impl Tx {
    pub(crate) fn new(name: &'static str, lease: Lease, prologue: Prologue) -> Self {
        Self { name, lease, prologue, no_role: Arc::from(""), state: AtomicU8::new(FRESH) }
    }

    fn tenant(&self) -> Option<TenantId> {
        match self.prologue {
            Prologue::Plain => None,
            Prologue::Tenant(tenant) | Prologue::Scope { tenant, .. } | Prologue::Wide { tenant, .. } => {
                Some(tenant)
            }
        }
    }

    fn error(&self, source: tokio_postgres::Error) -> Error {
        Error::Db { during: self.name, source }
    }

    /// The statement as PostgreSQL reads it.
    fn text(&self, sql: &'static str) -> std::borrow::Cow<'static, str> {
        match &self.prologue {
            Prologue::Scope { schema, .. } => substitute_tenant(sql, schema).into(),
            _ => sql.into(),
        }
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
        let named = match connection.plan(role, sql) {
            Plan::Prepare => Some(self.prepare(connection, role, sql, params).await?),
            Plan::Named(statement) => Some(statement),
            Plan::Unnamed => None,
        };
        let began = mark();
        let (first, in_flight) = self.claim(last)?;
        // Set in the statement's first poll, and read in COMMIT's, which comes after it.
        let unsent = AtomicBool::new(false);
        let query = async {
            let answer = self.query(connection, named.as_ref(), sql, params).await;
            unsent.store(answer.is_err(), Relaxed);
            answer
        };
        let commit = OptionFuture::from(last.then_some(async {
            if unsent.load(Relaxed) { Ok(()) } else { connection.client.batch_execute("COMMIT").await }
        }));
        // Polled in this order, so that this is the order on the wire. None waits for an answer of another.
        let (opened, rows, committed) = join3(self.open(connection, first), query, commit).await;
        in_flight.answered();
        let outcome = opened.and(rows).and_then(|rows| committed.unwrap_or(Ok(())).map(|()| rows));
        self.observe(sql, began, outcome.is_ok());
        match outcome {
            Ok(rows) => Ok(rows.into_iter().map(Row).collect()),
            Err(source) => Err(self.failed(source)),
        }
    }

    async fn query(
        &self,
        connection: &Connection,
        named: Option<&Statement>,
        sql: &'static str,
        params: &[&dyn Param],
    ) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        if let Some(statement) = named {
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p.as_sql()).collect();
            return connection.client.query(statement, &params).await;
        }
        let params: Vec<(&(dyn ToSql + Sync), Type)> =
            params.iter().map(|p| (p.as_sql(), p.pg_type())).collect();
        connection.client.query_typed(&self.text(sql), &params).await
    }

    /// The second use of a statement prepares it, inside the transaction: the login itself may not even see the schema.
    async fn prepare(
        &self,
        connection: &Connection,
        role: &Arc<str>,
        sql: &'static str,
        params: &[&dyn Param],
    ) -> Result<Statement, Error> {
        let types: Vec<Type> = params.iter().map(|p| p.pg_type()).collect();
        let (first, in_flight) = self.claim(false)?;
        let text = self.text(sql);
        let prepare = connection.client.prepare_typed(&text, &types);
        let (opened, prepared) = join(self.open(connection, first), prepare).await;
        in_flight.answered();
        let statement = opened.and(prepared).map_err(|source| self.failed(source))?;
        connection.prepared(role, sql, statement.clone());
        Ok(statement)
    }

    /// Whether the caller has to send BEGIN: true for one alone, who is to send it in the same poll. After the claim of the last
    /// statement there is none.
    pub(crate) fn claim(&self, last: bool) -> Result<(bool, InFlight<'_>), Error> {
        let next = if last { ENDED } else { OPEN };
        let claimed =
            self.state.fetch_update(Relaxed, Relaxed, |now| matches!(now, FRESH | OPEN).then_some(next));
        match claimed {
            Ok(before) => Ok((before == FRESH, InFlight(Some(&self.state)))),
            Err(FAILED) => Err(Error::Aborted(self.name)),
            Err(_) => Err(Error::Ended(self.name)),
        }
    }

    /// BEGIN and the settings, where `first` says so, for whoever sends statements past [`Self::send`].
    pub(crate) async fn begin(&self, first: bool) -> Result<(), tokio_postgres::Error> {
        match self.lease.get() {
            Ok(connection) => self.open(connection, first).await,
            // Whoever has a client has a lease.
            Err(_) => Ok(()),
        }
    }

    /// BEGIN and the settings, where `first` says so.
    async fn open(&self, connection: &Connection, first: bool) -> Result<(), tokio_postgres::Error> {
        if !first {
            return Ok(());
        }
        let opening = match self.prologue {
            Prologue::Wide { .. } => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            _ => "BEGIN",
        };
        let (begun, entered) = join(connection.client.batch_execute(opening), self.enter(connection)).await;
        begun.and(entered)
    }

    async fn enter(&self, connection: &Connection) -> Result<(), tokio_postgres::Error> {
        match &self.prologue {
            Prologue::Plain => Ok(()),
            Prologue::Tenant(tenant) => {
                let tenant = tenant.0.to_string();
                connection.client.query_typed(ENTER_TENANT, &[(&tenant, Type::TEXT)]).await.map(drop)
            }
            Prologue::Wide { role, patience_ms, .. } => {
                let params: [(&(dyn ToSql + Sync), Type); 2] =
                    [(&&**role, Type::TEXT), (patience_ms, Type::TEXT)];
                connection.client.query_typed(ENTER_WIDE, &params).await.map(drop)
            }
            Prologue::Scope { tenant, role, workspace, .. } => {
                let began = mark();
                let params: [(&(dyn ToSql + Sync), Type); 2] =
                    [(&&**role, Type::TEXT), (workspace, Type::TEXT)];
                let entered = match &connection.enter {
                    Some(statement) => {
                        connection.client.query(statement, &params.map(|(value, _)| value)).await
                    }
                    None => connection.client.query_typed(ENTER_SCOPE, &params).await,
                };
                self.lease.observer().scope_entered(*tenant, began.elapsed());
                entered.map(drop)
            }
        }
    }

    /// Several statements at once, without parameters; for DDL of our own making.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Error> {
        let connection = self.lease.get()?;
        let (first, in_flight) = self.claim(false)?;
        let (opened, done) = join(self.open(connection, first), connection.client.batch_execute(sql)).await;
        in_flight.answered();
        opened.and(done).map_err(|source| self.failed(source))
    }

    /// A statement whose text was made at run time, unnamed; the number of its rows.
    pub(crate) async fn probe(&self, sql: &str) -> Result<usize, Error> {
        let connection = self.lease.get()?;
        let (first, in_flight) = self.claim(false)?;
        let (opened, rows) =
            join(self.open(connection, first), connection.client.query_typed(sql, &[])).await;
        in_flight.answered();
        opened.and(rows).map(|rows| rows.len()).map_err(|source| self.failed(source))
    }

    /// Begins a COPY whose data comes or goes outside of statements, together with BEGIN where it is the first. Whoever reads or writes the
    /// data tells the guard when the last of it was answered.
    pub(crate) async fn begin_copy<T>(
        &self,
        copy: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<(T, InFlight<'_>, &Connection), Error> {
        let connection = self.lease.get()?;
        let (first, in_flight) = self.claim(false)?;
        match join(self.open(connection, first), copy).await {
            (Ok(()), Ok(copy)) => Ok((copy, in_flight, connection)),
            (Err(source), _) | (_, Err(source)) => Err(self.failed(source)),
        }
    }

    /// The driver's client.
    pub(crate) fn client(&self) -> Result<&tokio_postgres::Client, Error> {
        Ok(&self.lease.get()?.client)
    }

    pub(crate) fn failed(&self, source: tokio_postgres::Error) -> Error {
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

    /// Whether what came back carries the stamp of the scope that asked; else the transaction is over.
    pub(crate) fn own(&self, workspace: Uuid) -> Result<(), Error> {
        match &self.prologue {
            Prologue::Scope { workspace: own, .. } if Uuid::try_parse(own) != Ok(workspace) => {
                // What has ended with its statement has ended; its answer goes nowhere.
                let _ = self.state.compare_exchange(OPEN, FAILED, Relaxed, Relaxed);
                self.lease.observer().failed(self.tenant(), self.name, ErrorKind::Foreign);
                Err(Error::Foreign(self.name))
            }
            _ => Ok(()),
        }
    }

    fn observe(&self, sql: &str, began: std::time::Instant, ok: bool) {
        if ok {
            self.lease.observer().query(self.tenant(), query_type(sql), began.elapsed());
        }
    }

    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.lease.get().map(Connection::take_warnings).unwrap_or_default()
    }

    /// Ends the transaction as `commit` says. The connection is given back only when PostgreSQL has confirmed the end.
    pub(crate) async fn finish(self, commit: bool) -> Result<(), Error> {
        let state = self.state.load(Relaxed);
        let connection = self.lease.get()?;
        let ended = match (state, commit) {
            (FRESH | ENDED, _) => Ok(()),
            (OPEN, true) => connection.client.batch_execute("COMMIT").await,
            _ => connection.client.batch_execute("ROLLBACK").await,
        };
        if let Err(source) = ended {
            // COMMIT refused, or its outcome unknown: the lease is dropped, the connection closed. A ROLLBACK that did not come
            // through is no failure of its own: what led to it was told.
            return Err(if commit { self.failed(source) } else { self.error(source) });
        }
        self.lease.confirmed();
        if commit && state == FAILED { Err(Error::Aborted(self.name)) } else { Ok(()) }
    }
}

/// `select`, `insert`, `update` or `delete`: the strongest verb of a statement, since most of ours begin with WITH.
fn query_type(sql: &str) -> &'static str {
    [("INSERT INTO", "insert"), ("UPDATE ", "update"), ("DELETE FROM", "delete"), ("SELECT", "select")]
        .into_iter()
        .find_map(|(verb, word)| sql.contains(verb).then_some(word))
        .unwrap_or("other")
}
