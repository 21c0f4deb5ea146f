//! Attempts to cross: statements that must be refused, and their controls, which must not. None is ever committed.
//!
//! Owns: nothing. Calls: pool, transaction. Called by: core's `tenancy` and `isolation`, for the proof alone.
//! Invariants: each attempt begins where the transaction began, whatever the one before did (`each_attempt_stands_alone`); the transaction ends in ROLLBACK, also where an attempt
//! succeeded that should not have (`what_was_attempted_is_never_committed`); PostgreSQL's own SQLSTATE is what is told. After a crash: PostgreSQL rolls back.

use crate::{
    Error, Pool, ScopeMinter, ScopeNames, TenantPools, task,
    transaction::{Prologue, Tx},
};
use futures_util::future::{join, join_all};
use tenantry_types::TenantId;
use tokio_postgres::{Client, SimpleQueryMessage};

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// PostgreSQL did it, to so many rows.
    Done(u64),
    /// PostgreSQL refused.
    Refused {
        /// Its SQLSTATE.
        sql_state: String,
        /// Its message.
        message: String,
    },
}

/// Statements on the wire at once: their answers wait in memory.
const AT_ONCE: usize = 25;

/// A proof must not keep a tenant waiting, and what waits for a lock was let in already.
const PATIENCE: &str = "SET LOCAL lock_timeout = '500ms'; SAVEPOINT attempt";

impl TenantPools {
    /// Makes attempts inside the scope that `names` describes, one after the other, and undoes whatever came of them. The statements are made of names of the
    /// catalogue, quoted, never of text that came from outside.
    ///
    /// # Errors
    /// What kept them from being made. A refusal is an [`Outcome`].
    pub async fn attempt(
        &self,
        _: &ScopeMinter,
        names: &ScopeNames,
        name: &'static str,
        statements: Vec<String>,
    ) -> Result<Vec<Outcome>, Error> {
        attempt(self.cell(names.cell), name, Some(names.tenant), names.prologue(), statements).await
    }
}

impl Pool {
    /// The same as one tenant on the control plane, where row-level security confines this login to it.
    ///
    /// # Errors
    /// What kept them from being made.
    pub async fn attempt_for(
        &self,
        tenant: TenantId,
        name: &'static str,
        statements: Vec<String>,
    ) -> Result<Vec<Outcome>, Error> {
        attempt(self.clone(), name, None, Prologue::Tenant(tenant), statements).await
    }
}

async fn attempt(
    pool: Pool,
    name: &'static str,
    tenant: Option<TenantId>,
    prologue: Prologue,
    statements: Vec<String>,
) -> Result<Vec<Outcome>, Error> {
    // Detached, as every transaction is.
    let attempting = task::detached(async move {
        let tx = Tx::new(name, pool.lease(tenant).await?, prologue);
        let outcomes = tx.attempt(&statements).await;
        tx.finish(false).await?;
        outcomes
    });
    attempting.await.unwrap_or(Err(Error::Lost(name)))
}

impl Tx {
    async fn attempt(&self, statements: &[String]) -> Result<Vec<Outcome>, Error> {
        let (first, in_flight) = self.claim(false)?;
        let client = self.client()?;
        let (opened, ready) = join(self.begin(first), client.batch_execute(PATIENCE)).await;
        opened.and(ready).map_err(|source| self.failed(source))?;
        let mut outcomes = Vec::with_capacity(statements.len());
        for slice in statements.chunks(AT_ONCE) {
            // Few enough to be polled in their order, which is then the order on the wire.
            for came in join_all(slice.iter().map(|statement| one(client, statement))).await {
                outcomes.push(came.map_err(|source| self.failed(source))?);
            }
        }
        in_flight.answered();
        Ok(outcomes)
    }
}

async fn one(client: &Client, statement: &str) -> Result<Outcome, tokio_postgres::Error> {
    match client.simple_query(&format!("ROLLBACK TO SAVEPOINT attempt; {statement}")).await {
        Ok(messages) => {
            let rows = messages.iter().rev().find_map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
                _ => None,
            });
            Ok(Outcome::Done(rows.unwrap_or_default()))
        }
        Err(error) => match error.as_db_error() {
            Some(refusal) => Ok(Outcome::Refused {
                sql_state: refusal.code().code().to_owned(),
                message: refusal.message().to_owned(),
            }),
            None if error.is_closed() => Err(error),
            // COPY … TO STDOUT began to answer, which this kind of statement is not meant to: it was done.
            None => Ok(Outcome::Done(1)),
        },
    }
}
