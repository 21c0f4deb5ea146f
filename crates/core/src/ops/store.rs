//! SQL of ops: reads only.
//!
//! Owns: nothing (reads slots, cells, `provisioning_runs`, findings, jobs, mails, tenants, `tenant_samples`, `isolation_reports`, `audit_events`, `audit_unsealed`, `audit_due`, `api_keys`, workspaces, catalogues). Calls: pg. Called by: ops. After a crash: nothing is left.

use crate::{Error, Result, registry::store::word};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{
    IsolationReportId,
    isolation::IsolationStatus,
    overview::{StatusCounts, TierCounts},
};
use uuid::Uuid;

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

/// Numbers of one moment.
pub(super) struct Glance {
    pub(super) by_status: StatusCounts,
    pub(super) by_tier: TierCounts,
    pub(super) pending: i64,
    pub(super) running: i64,
    pub(super) rolling_back: i64,
    pub(super) needs_attention: i64,
    pub(super) rolled_back: i64,
    pub(super) stuck: i64,
    pub(super) ready_slots: i64,
    pub(super) broken_slots: i64,
    pub(super) lost_leases: i64,
    pub(super) failed_jobs: i64,
    pub(super) newest: Option<(IsolationReportId, IsolationStatus, DateTime<Utc>, i64)>,
    pub(super) at_work: Option<IsolationReportId>,
    pub(super) refused: i64,
    pub(super) unsealed_seconds: i64,
    pub(super) schema_bytes: i64,
}

impl FromRow for Glance {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let newest = match row.get::<Option<Uuid>>("report")? {
            Some(id) => Some((
                IsolationReportId(id),
                word(row, "report_status")?,
                row.get("report_finished_at")?,
                row.get("report_open")?,
            )),
            None => None,
        };
        Ok(Self {
            by_status: StatusCounts {
                provisioning: row.get("provisioning")?,
                active: row.get("active")?,
                suspended: row.get("suspended")?,
                deleted: row.get("deleted")?,
            },
            by_tier: TierCounts {
                free: row.get("free")?,
                starter: row.get("starter")?,
                pro: row.get("pro")?,
                enterprise: row.get("enterprise")?,
            },
            pending: row.get("pending")?,
            running: row.get("running")?,
            rolling_back: row.get("rolling_back")?,
            needs_attention: row.get("needs_attention")?,
            rolled_back: row.get("rolled_back")?,
            stuck: row.get("stuck")?,
            ready_slots: row.get("ready_slots")?,
            broken_slots: row.get("broken_slots")?,
            lost_leases: row.get("lost_leases")?,
            failed_jobs: row.get("failed_jobs")?,
            newest,
            at_work: row.get::<Option<Uuid>>("at_work")?.map(IsolationReportId),
            refused: row.get("refused")?,
            unsealed_seconds: row.get("unsealed_seconds")?,
            schema_bytes: row.get("schema_bytes")?,
        })
    }
}

pub(super) async fn glance(tx: &ControlTx, template: &str, now: DateTime<Utc>) -> Result<Glance> {
    Ok(tx
        .one(
            "-- ops::glance
             WITH fleet AS (
                 SELECT count(*) FILTER (WHERE t.status = 'provisioning') AS provisioning, count(*) FILTER (WHERE t.status = 'active') AS active,
                        count(*) FILTER (WHERE t.status = 'suspended') AS suspended, count(*) FILTER (WHERE t.status = 'deleted') AS deleted,
                        count(*) FILTER (WHERE t.plan_tier = 'free' AND t.status <> 'deleted') AS free,
                        count(*) FILTER (WHERE t.plan_tier = 'starter' AND t.status <> 'deleted') AS starter,
                        count(*) FILTER (WHERE t.plan_tier = 'pro' AND t.status <> 'deleted') AS pro,
                        count(*) FILTER (WHERE t.plan_tier = 'enterprise' AND t.status <> 'deleted') AS enterprise
                 FROM tenants t
             ), open_runs AS (
                 SELECT count(*) FILTER (WHERE p.status = 'pending') AS pending, count(*) FILTER (WHERE p.status = 'running') AS running,
                        count(*) FILTER (WHERE p.status = 'rolling_back') AS rolling_back,
                        count(*) FILTER (WHERE p.created_at < $2::timestamptz - interval '2 minutes') AS stuck,
                        count(*) FILTER (WHERE p.lease_until < clock_timestamp()) AS lost
                 FROM provisioning_runs p WHERE p.finished_at IS NULL
             ), newest AS (
                 SELECT i.id, i.status, i.finished_at, i.open FROM isolation_reports i
                 WHERE i.tenant_slug IS NULL AND i.status IN ('passed', 'failed') ORDER BY i.finished_at DESC, i.id DESC LIMIT 1
             ), refusals AS (
                 -- How many requests an event stands for is its own word.
                 SELECT e.after ->> 'requests' AS requests FROM audit_events e
                 WHERE e.action = 'tenant.mismatch' AND e.sealed_at > $2::timestamptz - interval '24 hours'
                 UNION ALL
                 SELECT u.after ->> 'requests' FROM audit_unsealed u WHERE u.action = 'tenant.mismatch'
             )
             SELECT f.*, o.pending, o.running, o.rolling_back, o.stuck,
                    (SELECT count(*) FROM provisioning_runs WHERE status = 'needs_attention') AS needs_attention,
                    (SELECT count(*) FROM provisioning_runs
                     WHERE created_at > $2::timestamptz - interval '24 hours' AND status = 'rolled_back') AS rolled_back,
                    (SELECT count(*) FROM slots WHERE state = 'ready' AND template = $1) AS ready_slots,
                    (SELECT count(*) FROM slots WHERE state = 'broken') AS broken_slots,
                    o.lost + (SELECT count(*) FROM jobs WHERE finished_at IS NULL AND lease_until < clock_timestamp())
                           + (SELECT count(*) FROM isolation_reports WHERE finished_at IS NULL AND lease_until < clock_timestamp()) AS lost_leases,
                    (SELECT count(*) FROM jobs WHERE status = 'failed') AS failed_jobs,
                    n.id AS report, n.status AS report_status, n.finished_at AS report_finished_at, n.open AS report_open,
                    (SELECT id FROM isolation_reports WHERE finished_at IS NULL ORDER BY requested_at LIMIT 1) AS at_work,
                    (SELECT coalesce(sum(CASE WHEN requests ~ '^[0-9]{1,9}$' THEN requests::bigint ELSE 1 END), 0)::bigint FROM refusals) AS refused,
                    greatest(0, coalesce(extract(epoch FROM $2 - least(
                        (SELECT occurred_at FROM audit_unsealed ORDER BY arrived LIMIT 1),
                        (SELECT min(noted_at) FROM audit_due))), 0))::bigint AS unsealed_seconds,
                    (SELECT coalesce(sum(schema_bytes), 0)::bigint FROM tenant_samples) AS schema_bytes
             FROM fleet f CROSS JOIN open_runs o LEFT JOIN newest n ON true",
            &[&template, &now],
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
