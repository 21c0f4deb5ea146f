//! SQL of mail.
//!
//! Owns: `mails`. Calls: pg. Called by: mail.
//! Invariants: a claim moves the time at which a mail is due, in the statement that finds it, so that no other worker finds it meanwhile
//! (`two_workers_send_a_mail_once`); the end is written by the attempt that it belongs to. After a crash: see the module.

use crate::Result;
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::TenantId;
use uuid::Uuid;

pub(super) async fn insert(
    tx: &ControlTx,
    (id, tenant): (Uuid, Option<TenantId>),
    to: &str,
    subject: &str,
    sealed: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- mail::insert
         INSERT INTO mails (id, tenant_id, recipient, subject, body, status, run_at, created_at)
         VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6)",
        &[&id, &tenant.map(|tenant| tenant.0), &to, &subject, &sealed, &now],
    )
    .await?;
    Ok(())
}

/// A mail that is this worker's to send until the next one is due.
pub(super) struct Claimed {
    pub(super) id: Uuid,
    /// Counted from 1.
    pub(super) attempt: i32,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) sealed: Vec<u8>,
}

impl FromRow for Claimed {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            id: row.get("id")?,
            attempt: row.get("attempts")?,
            to: row.get("recipient")?,
            subject: row.get("subject")?,
            sealed: row.get("body")?,
        })
    }
}

pub(super) async fn claim(
    tx: &ControlTx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Claimed>> {
    Ok(tx
        .optional(
            "-- mail::claim
             UPDATE mails SET attempts = attempts + 1, run_at = $2
             WHERE id = (SELECT id FROM mails WHERE status = 'pending' AND run_at <= $1
                         -- Those of no tenant first: who waits to sign in does not wait for one tenant's invitations.
                         ORDER BY (tenant_id IS NOT NULL), run_at LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id, attempts, recipient, subject, body",
            &[&now, &until],
        )
        .await?)
}

/// How an attempt ended.
pub(super) enum End {
    /// The mail server has it.
    Sent,
    /// Then again; and why not now.
    Later(DateTime<Utc>, String),
    /// Never.
    Failed(String),
}

pub(super) async fn end(tx: &ControlTx, id: Uuid, attempt: i32, end: &End, now: DateTime<Utc>) -> Result<()> {
    let (status, due, why) = match end {
        End::Sent => ("sent", None, None),
        End::Later(due, why) => ("pending", Some(*due), Some(why.clone())),
        End::Failed(why) => ("failed", None, Some(why.clone())),
    };
    tx.last(
        "-- mail::end
         UPDATE mails SET status = $3, error = $5, run_at = coalesce($4, run_at),
                ended_at = CASE WHEN $3 <> 'pending' THEN $6 END, body = CASE WHEN $3 = 'pending' THEN body END
         WHERE id = $1 AND status = 'pending' AND attempts = $2",
        &[&id, &attempt, &status, &due, &why, &now],
    )
    .await?;
    Ok(())
}

pub(super) async fn forget(tx: &ControlTx, before: DateTime<Utc>) -> Result<()> {
    tx.query("-- mail::forget\nDELETE FROM mails WHERE ended_at < $1", &[&before]).await?;
    Ok(())
}
