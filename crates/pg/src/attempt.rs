//! Attempts to cross: statements that must be refused, and their controls, which must not. None is ever committed.
//!
//! Owns: nothing. Calls: pool, transaction. Called by: core's `tenancy` and `isolation`, for the proof alone.
//! Most of them are made by one block on the server, since what a block catches is neither sent nor written into the server's log; COPY is a matter of the wire alone.
//! Invariants: each attempt begins where the transaction began, whatever the one before did (`each_attempt_stands_alone`); the transaction ends in ROLLBACK, also where an attempt
//! succeeded that should not have (`what_was_attempted_is_never_committed`); PostgreSQL's own SQLSTATE is what is told. After a crash: PostgreSQL rolls back.

use crate::{
    Error, Pool, ScopeMinter, ScopeNames, TenantPools,
    sql::quote_literal,
    task,
    transaction::{Prologue, Tx},
};
use futures_util::future::{join, join_all};
use serde::Deserialize;
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

/// Statements of one block. The time-out of a statement is the whole block's.
const AT_ONCE: usize = 50;
/// What a block raises to undo what it did.
const UNDO: &str = "TN000";
/// Where a block leaves what came of it, for the rest of its transaction.
const OUTCOMES: &str = "tenantry.outcomes";

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
        let mut outcomes = vec![None; statements.len()];
        let (copies, others): (Vec<usize>, Vec<usize>) =
            (0..statements.len()).partition(|place| statements[*place].starts_with("COPY "));
        for slice in others.chunks(AT_ONCE) {
            let told = block(client, slice.iter().map(|place| &*statements[*place])).await;
            let told = told.map_err(|source| self.failed(source))?;
            let told: Vec<Told> =
                serde_json::from_str(&told).map_err(|error| Error::Shape(error.to_string()))?;
            slice.iter().zip(told).for_each(|(place, told)| outcomes[*place] = Some(told.into()));
        }
        for slice in copies.chunks(AT_ONCE) {
            // Few enough to be polled in their order, which is then the order on the wire.
            let answers = join_all(slice.iter().map(|place| one(client, &statements[*place]))).await;
            for (place, came) in slice.iter().zip(answers) {
                outcomes[*place] = Some(came.map_err(|source| self.failed(source))?);
            }
        }
        in_flight.answered();
        let all: Option<Vec<Outcome>> = outcomes.into_iter().collect();
        all.ok_or_else(|| Error::Shape("a block did not tell what came of each attempt".to_owned()))
    }
}

/// What a block tells of an attempt.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Done(u64),
    Refused(String, String),
}

impl From<Told> for Outcome {
    fn from(told: Told) -> Self {
        match told {
            Told::Done(rows) => Self::Done(rows),
            Told::Refused(sql_state, message) => Self::Refused { sql_state, message },
        }
    }
}

/// Makes the attempts one after the other, each undone before the next, and answers what came of them as JSON.
async fn block(
    client: &Client,
    statements: impl Iterator<Item = &str>,
) -> Result<String, tokio_postgres::Error> {
    let all: Vec<String> = statements.map(quote_literal).collect();
    let body = format!(
        "DECLARE attempt text; affected bigint; told jsonb := '[]';
         BEGIN
             FOREACH attempt IN ARRAY ARRAY[{}] LOOP
                 BEGIN
                     EXECUTE attempt;
                     GET DIAGNOSTICS affected = ROW_COUNT;
                     RAISE SQLSTATE '{UNDO}';
                 EXCEPTION
                     WHEN SQLSTATE '{UNDO}' THEN told := told || pg_catalog.to_jsonb(affected);
                     WHEN OTHERS THEN told := told || pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array(SQLSTATE, SQLERRM));
                 END;
             END LOOP;
             PERFORM pg_catalog.set_config('{OUTCOMES}', told::text, true);
         END",
        all.join(", ")
    );
    let sql = format!(
        "ROLLBACK TO SAVEPOINT attempt; DO {}; SELECT pg_catalog.current_setting('{OUTCOMES}')",
        quote_literal(&body)
    );
    let messages = client.simple_query(&sql).await?;
    Ok(messages
        .iter()
        .find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .unwrap_or_default()
        .to_owned())
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
