//! SQL of idempotency keys: the same statements on `public` for operators and in a tenant's schema for its own identities.
//!
//! Owns: `idempotency_keys`; tenant._idempotency. Calls: pg. Called by: idempotency.
//! Invariants: a claim waits 250 ms for another transaction's, never longer (`a_key_in_flight_is_told`), and leaves the transaction's lock
//! time-out as it was; a claim takes no lock on a record that is finished. After a crash: one transaction or none.

use super::{Kept, Once};
use crate::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::future::Future;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row, TenantTx};

/// Most records that one sweep's transaction removes.
pub(super) const SLICE: usize = 1000;

/// A transaction that can keep records: a tenant's scope, or the control plane.
pub trait Records: Sync {
    /// Makes the record; false where there is one.
    fn claim(
        &self,
        once: &Once,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// The record.
    fn find(&self, once: &Once) -> impl Future<Output = Result<Option<Kept>>> + Send;
    /// Makes a record that ran out this request's; false where it was not there or did not run out.
    fn take_over(
        &self,
        once: &Once,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Keeps the answer; false where there is no record.
    fn finish(
        &self,
        once: &Once,
        status: i16,
        answer: &Value,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool>> + Send;
}

impl FromRow for Kept {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            fingerprint: row.get("fingerprint")?,
            answer: row.get("response")?,
            seed_check: row.get("seed_check")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

fn some(rows: &[Row]) -> Result<bool> {
    let row = rows.first().map(|row| row.get::<i64>("rows")).transpose()?;
    Ok(row.is_some_and(|rows| rows > 0))
}

impl Records for ControlTx {
    async fn claim(&self, once: &Once, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<bool> {
        let rows = self
            .query(
                "-- idempotency::claim
                 -- Another transaction's claim of the same key is waited for in the INSERT, which reads `bound` first; the time-out goes
                 -- back to the session's own when all rows of `made` were seen.
                 WITH bound AS MATERIALIZED (SELECT set_config('lock_timeout', '250ms', true)), made AS (
                     INSERT INTO idempotency_keys (principal, route, key, fingerprint, created_at, expires_at)
                     SELECT $1, $2, $3, $4, $5, $6 FROM bound
                     ON CONFLICT (principal, route, key) DO NOTHING
                     RETURNING 1
                 )
                 SELECT count(*) AS rows, set_config('lock_timeout', NULL, true) FROM made",
                &[&once.principal, &once.route, &once.key, &once.fingerprint.to_vec(), &now, &expires_at],
            )
            .await?;
        some(&rows)
    }

    async fn find(&self, once: &Once) -> Result<Option<Kept>> {
        Ok(self
            .optional(
                "-- idempotency::find
                 SELECT fingerprint, response, seed_check, expires_at
                 FROM idempotency_keys WHERE principal = $1 AND route = $2 AND key = $3",
                &[&once.principal, &once.route, &once.key],
            )
            .await?)
    }

    async fn take_over(&self, once: &Once, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<bool> {
        let rows = self
            .query(
                "-- idempotency::take_over
                 WITH bound AS MATERIALIZED (SELECT set_config('lock_timeout', '250ms', true)), made AS (
                     UPDATE idempotency_keys
                     SET fingerprint = $4, status = NULL, response = NULL, seed_check = NULL, created_at = $5, expires_at = $6
                     FROM bound WHERE principal = $1 AND route = $2 AND key = $3 AND expires_at <= $5
                     RETURNING 1
                 )
                 SELECT count(*) AS rows, set_config('lock_timeout', NULL, true) FROM made",
                &[&once.principal, &once.route, &once.key, &once.fingerprint.to_vec(), &now, &expires_at],
            )
            .await?;
        some(&rows)
    }

    async fn finish(&self, once: &Once, status: i16, answer: &Value, _: DateTime<Utc>) -> Result<bool> {
        let rows = self
            .query(
                "-- idempotency::finish
                 UPDATE idempotency_keys SET status = $4, response = $5
                 WHERE principal = $1 AND route = $2 AND key = $3 RETURNING 1::bigint AS rows",
                &[&once.principal, &once.route, &once.key, &status, answer],
            )
            .await?;
        some(&rows)
    }
}

impl Records for TenantTx {
    async fn claim(&self, once: &Once, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<bool> {
        let rows = self
            .query(
                "-- idempotency::claim_in_tenant
                 WITH bound AS MATERIALIZED (SELECT set_config('lock_timeout', '250ms', true)), made AS (
                     INSERT INTO tenant._idempotency (principal, route, key, fingerprint, created_at, expires_at)
                     SELECT $1, $2, $3, $4, $5, $6 FROM bound
                     ON CONFLICT (principal, route, key) DO NOTHING
                     RETURNING 1
                 )
                 SELECT count(*) AS rows, set_config('lock_timeout', NULL, true) FROM made",
                &[&once.principal, &once.route, &once.key, &once.fingerprint.to_vec(), &now, &expires_at],
            )
            .await?;
        some(&rows)
    }

    async fn find(&self, once: &Once) -> Result<Option<Kept>> {
        Ok(self
            .optional(
                "-- idempotency::find_in_tenant
                 SELECT fingerprint, response, NULL::bytea AS seed_check, expires_at
                 FROM tenant._idempotency WHERE principal = $1 AND route = $2 AND key = $3",
                &[&once.principal, &once.route, &once.key],
            )
            .await?)
    }

    async fn take_over(&self, once: &Once, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<bool> {
        let rows = self
            .query(
                "-- idempotency::take_over_in_tenant
                 WITH bound AS MATERIALIZED (SELECT set_config('lock_timeout', '250ms', true)), made AS (
                     UPDATE tenant._idempotency
                     SET fingerprint = $4, status = NULL, response = NULL, created_at = $5, expires_at = $6
                     FROM bound WHERE principal = $1 AND route = $2 AND key = $3 AND expires_at <= $5
                     RETURNING 1
                 )
                 SELECT count(*) AS rows, set_config('lock_timeout', NULL, true) FROM made",
                &[&once.principal, &once.route, &once.key, &once.fingerprint.to_vec(), &now, &expires_at],
            )
            .await?;
        some(&rows)
    }

    async fn finish(&self, once: &Once, status: i16, answer: &Value, now: DateTime<Utc>) -> Result<bool> {
        let rows = self
            .query(
                "-- idempotency::finish_in_tenant
                 -- No owner comes by to sweep here. Each write looks at sixteen others of its route: the first in order, which are the
                 -- oldest where keys are made from the time, and the next in order, which are any where keys are random.
                 WITH near AS (
                     (SELECT key FROM tenant._idempotency WHERE principal = $1 AND route = $2 ORDER BY key LIMIT 8)
                     UNION
                     (SELECT key FROM tenant._idempotency WHERE principal = $1 AND route = $2 AND key > $3 ORDER BY key LIMIT 8)
                 ), stale AS (
                     SELECT i.key FROM near n JOIN tenant._idempotency i USING (key)
                     WHERE i.principal = $1 AND i.route = $2 AND i.expires_at <= $6
                     FOR UPDATE OF i SKIP LOCKED
                 ), swept AS (
                     DELETE FROM tenant._idempotency i USING stale s
                     WHERE i.principal = $1 AND i.route = $2 AND i.key = s.key
                 )
                 UPDATE tenant._idempotency SET status = $4, response = $5
                 WHERE principal = $1 AND route = $2 AND key = $3 RETURNING 1::bigint AS rows",
                &[&once.principal, &once.route, &once.key, &status, answer, &now],
            )
            .await?;
        some(&rows)
    }
}

pub(super) async fn keep_seed_check(tx: &ControlTx, once: &Once, check: &[u8; 32]) -> Result<()> {
    tx.query(
        "-- idempotency::keep_seed_check
         UPDATE idempotency_keys SET seed_check = $4 WHERE principal = $1 AND route = $2 AND key = $3",
        &[&once.principal, &once.route, &once.key, &check.to_vec()],
    )
    .await?;
    Ok(())
}

/// One slice of what ran out, oldest first; a record that somebody works on is left for the next time.
pub(super) async fn sweep(tx: &ControlTx, now: DateTime<Utc>) -> Result<usize> {
    let slice = i64::try_from(SLICE).unwrap_or(i64::MAX);
    let rows = tx
        .last(
            "-- idempotency::sweep
             WITH stale AS (
                 SELECT principal, route, key FROM idempotency_keys
                 WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
             )
             DELETE FROM idempotency_keys k USING stale s
             WHERE k.principal = s.principal AND k.route = s.route AND k.key = s.key
             RETURNING 1 AS gone",
            &[&now, &slice],
        )
        .await?;
    Ok(rows.len())
}
