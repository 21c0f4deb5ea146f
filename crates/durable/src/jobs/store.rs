//! SQL of jobs and schedules.
//!
//! Owns: `jobs`, `schedules_due`. Calls: pg. Called by: jobs.
//! Invariants: a holder's writes name its token. After a crash: one transaction or none.

use super::{Job, NewJob};
use crate::{Lease, lease_is_free};
use chrono::{DateTime, Utc};
use tenantry_pg::{ControlTx, Error, FromRow, Row};
use uuid::Uuid;

impl FromRow for Job {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            key: row.get("key")?,
            input: row.get("input")?,
            attempts: row.get("attempts")?,
        })
    }
}

pub(super) async fn insert(tx: &ControlTx, id: Uuid, job: &NewJob<'_>) -> Result<(), Error> {
    tx.query(
        "-- jobs::insert
         INSERT INTO jobs (id, kind, key, input, status, run_at, created_at) VALUES ($1, $2, $3, $4, 'pending', $5, now())
         ON CONFLICT (kind, key) WHERE finished_at IS NULL DO NOTHING",
        &[&id, &job.kind, &job.key, &job.input, &job.run_at],
    )
    .await?;
    Ok(())
}

pub(super) async fn take(tx: &ControlTx, now: DateTime<Utc>, lease: Lease) -> Result<Option<Job>, Error> {
    let (pid, started) = lease.holder();
    tx.optional(
        concat!(
            "-- jobs::take
             UPDATE jobs SET status = 'running', attempts = attempts + 1, lease_token = $2,
                    lease_until = clock_timestamp() + $3 * interval '1 ms', holder_pid = $4, holder_started = $5
             WHERE id = (SELECT id FROM jobs WHERE finished_at IS NULL AND run_at <= $1 AND ",
            lease_is_free!(),
            "                ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id, kind, key, input, attempts"
        ),
        &[&now, &lease.token, &lease.millis(), &pid, &started],
    )
    .await
}

pub(super) async fn finish(tx: &ControlTx, id: Uuid, token: Uuid, job: &Job) -> Result<(), Error> {
    let rows = tx
        .query(
            "-- jobs::finish
             UPDATE jobs SET status = 'succeeded', finished_at = now(), error = NULL, lease_token = NULL, lease_until = NULL,
                    holder_pid = NULL, holder_started = NULL
             WHERE id = $1 AND lease_token = $2 RETURNING id",
            &[&id, &token],
        )
        .await?;
    if rows.is_empty() {
        return Err(Error::Shape(format!(
            "the job {} has another holder by now; this one changes nothing",
            job.kind
        )));
    }
    Ok(())
}

/// Back to waiting until `again`, or failed for good.
pub(super) async fn fail(
    tx: &ControlTx,
    id: Uuid,
    token: Uuid,
    error: &str,
    again: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    tx.query(
        "-- jobs::fail
         UPDATE jobs SET status = CASE WHEN $4 IS NULL THEN 'failed' ELSE 'pending' END, error = $3,
                run_at = coalesce($4, run_at), finished_at = CASE WHEN $4 IS NULL THEN now() END,
                lease_token = NULL, lease_until = NULL, holder_pid = NULL, holder_started = NULL
         WHERE id = $1 AND lease_token = $2",
        &[&id, &token, &error, &again],
    )
    .await?;
    Ok(())
}

/// Schedules that are not due.
pub(super) async fn resting(tx: &ControlTx, now: DateTime<Utc>) -> Result<Vec<String>, Error> {
    let rows =
        tx.query("-- jobs::resting\nSELECT name FROM schedules_due WHERE next_at > $1", &[&now]).await?;
    rows.iter().map(|row| row.get("name")).collect()
}

/// Whether the schedule is due now; moves it on where it is.
pub(super) async fn due(
    tx: &ControlTx,
    name: &str,
    now: DateTime<Utc>,
    next: DateTime<Utc>,
) -> Result<bool, Error> {
    let rows = tx
        .query(
            "-- jobs::due
             INSERT INTO schedules_due AS s (name, next_at) VALUES ($1, $3)
             ON CONFLICT (name) DO UPDATE SET next_at = $3 WHERE s.next_at <= $2
             RETURNING name",
            &[&name, &now, &next],
        )
        .await?;
    Ok(!rows.is_empty())
}

pub(super) async fn forget(tx: &ControlTx, before: DateTime<Utc>) -> Result<(), Error> {
    tx.query("-- jobs::forget\nDELETE FROM jobs WHERE status = 'succeeded' AND finished_at < $1", &[&before])
        .await?;
    Ok(())
}
