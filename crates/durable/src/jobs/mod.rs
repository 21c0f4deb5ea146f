//! Jobs: pieces of work that are done once, by whichever worker takes them; and schedules, which make jobs again and again.
//!
//! Owns: `jobs`, `schedules_due`. Calls: lease, pg. Called by: core's modules (enqueue), the worker (work).
//! Invariants: of one kind and key there is one open job at most, so that wishes coalesce (`wishes_for_one_thing_are_one_job`); a job's
//! effects and its end commit together (`a_job_is_done_once`); one that fails is tried again later, and at last left as failed for a person
//! (`a_failing_job_gives_up`). After a crash: the lease is free, and the next look takes the job again.

mod store;

use crate::Lease;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::{fmt::Display, time::Duration};
use tenantry_pg::{BoxFuture, ControlTx, Error, Pool, TxError};
use uuid::Uuid;

/// A wish for work.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    /// Which handler.
    pub kind: &'a str,
    /// What about; of one kind and key there is one open job.
    pub key: &'a str,
    /// What the handler needs.
    pub input: Value,
    /// Not before.
    pub run_at: DateTime<Utc>,
}

/// A job that was taken.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its row.
    pub id: Uuid,
    /// Which handler.
    pub kind: String,
    /// What about.
    pub key: String,
    /// What the handler needs.
    pub input: Value,
    /// How often it was taken, this time included.
    pub attempts: i32,
}

/// Takings before a job is left as failed.
pub const ATTEMPTS: i32 = 8;

/// Asks for work. Where the same is waiting already, nothing is added.
///
/// # Errors
/// The database's.
pub async fn enqueue(tx: &ControlTx, id: Uuid, job: &NewJob<'_>) -> Result<(), Error> {
    store::insert(tx, id, job).await
}

/// What a handler does, in a transaction of its own: its effects and the job's end commit together.
pub type Handler<E> =
    std::sync::Arc<dyn for<'a> Fn(&'a ControlTx, &'a Job) -> BoxFuture<'a, Result<(), E>> + Send + Sync>;

/// Takes one job that is due and does it. `None` when none is due; else whether it was done.
///
/// # Errors
/// The database's, when not even the failure could be recorded; the lease then ends by itself.
pub async fn work<E>(
    pool: &Pool,
    now: DateTime<Utc>,
    lease: Lease,
    handler: impl Fn(&str) -> Option<Handler<E>>,
) -> Result<Option<bool>, Error>
where
    E: TxError + Display,
{
    let taken =
        pool.run("take_job", (now, lease), |tx, (now, lease)| Box::pin(store::take(tx, *now, *lease)));
    let Some(job) = taken.await? else { return Ok(None) };
    let outcome = match handler(&job.kind) {
        // Taken again and again without an end: it takes its worker down each time.
        _ if job.attempts > ATTEMPTS => Err(format!("no worker came to its end in {ATTEMPTS} attempts")),
        None => Err(format!("nobody knows how to do `{}`", job.kind)),
        Some(handler) => pool
            .run("job", (job.clone(), lease, handler), |tx, (job, lease, handler)| {
                Box::pin(async move {
                    handler(tx, job).await?;
                    store::finish(tx, job.id, lease.token, job).await.map_err(E::from)
                })
            })
            .await
            .map_err(|error: E| error.to_string()),
    };
    let Err(error) = outcome else { return Ok(Some(true)) };
    tracing::warn!(job = %job.id, kind = job.kind, attempts = job.attempts, error, "a job failed");
    let input = (job, lease, error, now);
    pool.run("fail_job", input, |tx, (job, lease, error, now)| {
        let again = (job.attempts < ATTEMPTS).then(|| *now + pause(job.attempts));
        Box::pin(store::fail(tx, job.id, lease.token, error, again))
    })
    .await?;
    Ok(Some(false))
}

/// Twice as long after each attempt: 2 s, 4 s, … 128 s.
fn pause(attempts: i32) -> TimeDelta {
    TimeDelta::seconds(1_i64 << attempts.clamp(1, 7))
}

/// Makes the jobs of every schedule that is due, and sees to it that the schedules are these. One job per schedule at a time: a schedule
/// that was missed, or whose last job is still at work, does not pile up.
///
/// # Errors
/// The database's.
pub async fn tick(
    tx: &ControlTx,
    now: DateTime<Utc>,
    schedules: &[(&str, Duration)],
    id: impl Fn() -> Uuid,
) -> Result<(), Error> {
    // Most looks find none due, and then lock nothing.
    let resting = store::resting(tx, now).await?;
    for (name, every) in schedules.iter().filter(|(name, _)| !resting.iter().any(|known| known == name)) {
        let every = TimeDelta::from_std(*every).unwrap_or(TimeDelta::days(1));
        if store::due(tx, name, now, now + every).await? {
            store::insert(tx, id(), &NewJob { kind: name, key: "", input: Value::Null, run_at: now }).await?;
        }
    }
    Ok(())
}

/// Forgets finished jobs that are older than `before`; failed ones stay for a person.
///
/// # Errors
/// The database's.
pub async fn forget(tx: &ControlTx, before: DateTime<Utc>) -> Result<(), Error> {
    store::forget(tx, before).await
}
