//! SQL of ops: reads only.
//!
//! Owns: nothing (reads slots, cells, `provisioning_runs`, findings, jobs, mails, `audit_unsealed`, `audit_due`, `api_keys`, workspaces, catalogues). Calls: pg. Called by: ops. After a crash: nothing is left.

use crate::{Error, Result};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};

pub(super) async fn ping(tx: &ControlTx) -> Result<()> {
    tx.last("-- ops::ping\nSELECT 1", &[]).await?;
    Ok(())
}

/// What the database's clock says.
pub(super) async fn clock(tx: &ControlTx) -> Result<DateTime<Utc>> {
    let rows = tx.query("-- ops::clock\nSELECT clock_timestamp() AS now", &[]).await?;
    let row = rows.first().ok_or_else(|| Error::Fault("a clock without a row".to_owned()))?;
    Ok(row.get("now")?)
}

/// What the database says of itself and of our work.
pub(super) struct Facts {
    pub(super) version_num: i32,
    pub(super) version: String,
    pub(super) public_schemas: Vec<String>,
    pub(super) ready_slots: i64,
    pub(super) broken_slots: i64,
    pub(super) stuck_runs: i64,
    pub(super) attention_runs: i64,
    pub(super) findings: Vec<String>,
    pub(super) failed_jobs: i64,
    pub(super) failed_mails: i64,
    pub(super) waiting_mails: i64,
    pub(super) fullest_cell: i64,
    pub(super) unsealed_seconds: i64,
    pub(super) now: DateTime<Utc>,
}

impl FromRow for Facts {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            version_num: row.get("version_num")?,
            version: row.get("version")?,
            public_schemas: row.get("public_schemas")?,
            ready_slots: row.get("ready_slots")?,
            broken_slots: row.get("broken_slots")?,
            stuck_runs: row.get("stuck_runs")?,
            attention_runs: row.get("attention_runs")?,
            findings: row.get("findings")?,
            failed_jobs: row.get("failed_jobs")?,
            failed_mails: row.get("failed_mails")?,
            waiting_mails: row.get("waiting_mails")?,
            fullest_cell: row.get("fullest_cell")?,
            unsealed_seconds: row.get("unsealed_seconds")?,
            now: row.get("now")?,
        })
    }
}

pub(super) async fn facts(
    tx: &ControlTx,
    template: &str,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Facts> {
    Ok(tx
        .one(
            "-- ops::facts
             SELECT current_setting('server_version_num')::int AS version_num, current_setting('server_version') AS version,
                    ARRAY(SELECT n.nspname::text FROM pg_namespace n, aclexplode(n.nspacl) a
                          WHERE a.grantee = 0 AND a.privilege_type = 'CREATE' ORDER BY 1) AS public_schemas,
                    (SELECT count(*) FROM slots WHERE state = 'ready' AND template = $1) AS ready_slots,
                    (SELECT count(*) FROM slots WHERE state = 'broken') AS broken_slots,
                    (SELECT count(*) FROM provisioning_runs WHERE finished_at IS NULL AND created_at < $2) AS stuck_runs,
                    (SELECT count(*) FROM provisioning_runs WHERE status = 'needs_attention') AS attention_runs,
                    ARRAY(SELECT f.detail FROM findings f ORDER BY f.first_seen_at, f.name LIMIT 10) AS findings,
                    (SELECT count(*) FROM jobs WHERE status = 'failed') AS failed_jobs,
                    (SELECT count(*) FROM mails WHERE status = 'failed' AND ended_at > $3::timestamptz - interval '7 days') AS failed_mails,
                    (SELECT count(*) FROM mails WHERE status = 'pending' AND created_at < $3::timestamptz - interval '10 minutes') AS waiting_mails,
                    (SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM slots GROUP BY cell) AS c) AS fullest_cell,
                    -- When a tenant's event was done is the tenant's word: one that is said to be old shows here until it is sealed.
                    greatest(0, coalesce(extract(epoch FROM $3 - least(
                        (SELECT occurred_at FROM audit_unsealed ORDER BY arrived LIMIT 1),
                        (SELECT min(noted_at) FROM audit_due))), 0))::bigint AS unsealed_seconds,
                    clock_timestamp() AS now",
            &[&template, &since, &now],
        )
        .await?)
}

/// API keys, counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyFacts {
    /// That open something.
    pub(super) good: i64,
    /// Of these, confined to scopes.
    pub(super) confined: i64,
    /// Of these, without an end.
    pub(super) lasting: i64,
    /// Of these, whose workspace is not their tenant's.
    pub(super) astray: i64,
}

impl FromRow for KeyFacts {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            good: row.get("good")?,
            confined: row.get("confined")?,
            lasting: row.get("lasting")?,
            astray: row.get("astray")?,
        })
    }
}

pub(super) async fn keys(tx: &ControlTx, now: DateTime<Utc>) -> Result<KeyFacts> {
    Ok(tx
        .one(
            "-- ops::keys
             SELECT count(*) AS good, count(*) FILTER (WHERE cardinality(k.scopes) > 0) AS confined,
                    count(*) FILTER (WHERE k.expires_at IS NULL) AS lasting, count(*) FILTER (WHERE w.id IS NULL) AS astray
             FROM api_keys k LEFT JOIN workspaces w ON w.tenant_id = k.tenant_id AND w.id = k.workspace_id
             WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $1)",
            &[&now],
        )
        .await?)
}
