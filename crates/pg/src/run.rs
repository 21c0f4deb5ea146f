//! Runs transactions: named, in a task that outlives whoever asked, retried where PostgreSQL asks for it.
//!
//! Owns: nothing. Calls: pool, transaction, task. Called by: control, tenant.
//! Invariants: a dropped caller changes nothing (`cancelled_at_every_await`); what PostgreSQL could not serialise runs again
//! (`a_serialization_failure_is_retried`); what may have been committed never does (`a_lost_commit_is_not_repeated`).
//! After a crash: PostgreSQL rolls back.

use crate::{
    Error, ErrorKind, Pool, TxError, task,
    transaction::{Prologue, Tx},
};
use std::{future::Future, pin::Pin, time::Duration};

/// A boxed future that borrows for `'a`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Attempts of one transaction before its error is final.
const ATTEMPTS: u32 = 5;
/// Before the second attempt; four times as long before each further one, 170 ms in all.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

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
                matches!(error.pg().map(Error::kind), Some(ErrorKind::Retry | ErrorKind::StalePlan))
                    && attempt < ATTEMPTS
            };
            match outcome {
                Err(error) if again(&error) => {
                    // Whoever won has to commit first; no connection is held meanwhile.
                    tokio::time::sleep(FIRST_PAUSE * 4_u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    });
    running.await.unwrap_or_else(|_| Err(Error::Lost(name).into()))
}
