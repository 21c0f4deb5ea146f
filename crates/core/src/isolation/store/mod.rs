//! SQL of isolation's reports, and what the proof asks the catalogue and the registry for.
//!
//! Owns: `isolation_reports` (reads tenants, workspaces, memberships). Calls: pg. Called by: isolation.
//! Invariants: a report has one holder at a time, whose writes name its token. After a crash: one transaction or none.

pub(super) mod attempt;

use super::{Ended, Fleet, Order};
use crate::{
    Result,
    registry::{
        TenantRecord,
        store::{select_tenant_with, word},
    },
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tenantry_durable::{Lease, lease_is_free};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{
    IsolationReportId, Slug, UserId, WorkspaceId,
    isolation::{IsolationProgress, IsolationReport},
    run::Millis,
};
use uuid::Uuid;

impl FromRow for Fleet {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            tenant: TenantRecord::from_row(row)?,
            workspace: WorkspaceId(row.get("first_workspace")?),
            second: row.get::<Option<Uuid>>("second_workspace")?.map(WorkspaceId),
            member: row.get::<Option<Uuid>>("only_member")?.map(UserId),
        })
    }
}

/// Every tenant that has a home, with its default workspace and one more, and somebody who is a member of no other tenant.
pub(in crate::isolation) async fn fleet(tx: &ControlTx) -> Result<Vec<Fleet>> {
    Ok(tx
        .all(
            select_tenant_with!(
                "fleet",
                ", w.first_workspace, (SELECT o.id FROM workspaces o WHERE o.tenant_id = t.id AND o.id <> w.first_workspace
                       ORDER BY o.id LIMIT 1) AS second_workspace,
                   (SELECT m.user_id FROM memberships m WHERE m.tenant_id = t.id AND NOT EXISTS (
                        SELECT FROM memberships o WHERE o.user_id = m.user_id AND o.tenant_id <> t.id) LIMIT 1) AS only_member",
                "JOIN LATERAL (SELECT d.id AS first_workspace FROM workspaces d WHERE d.tenant_id = t.id
                               ORDER BY d.is_default DESC, d.id LIMIT 1) AS w ON true
                 WHERE t.cell IS NOT NULL AND t.status <> 'provisioning' ORDER BY t.id"
            ),
            &[],
        )
        .await?)
}

/// For what a transaction asks of a whole fleet's catalogue: PostgreSQL would compile such a statement each time, for longer than it then runs.
pub(in crate::isolation) async fn without_jit(tx: &ControlTx) -> Result<()> {
    tx.query("-- isolation::without_jit\nSELECT pg_catalog.set_config('jit', 'off', true)", &[]).await?;
    Ok(())
}

/// A table, view or sequence of a tenant's schema.
#[derive(Debug, Clone)]
pub(in crate::isolation) struct Relation {
    pub(in crate::isolation) schema: String,
    pub(in crate::isolation) name: String,
    /// As `pg_class.relkind` has it.
    pub(in crate::isolation) kind: String,
    /// A column that may be written, of a type of PostgreSQL's own where there is one.
    pub(in crate::isolation) column: Option<String>,
    /// Its type.
    pub(in crate::isolation) column_type: Option<String>,
    /// Whether row-level security confines it to a workspace.
    pub(in crate::isolation) has_workspace: bool,
    /// What the tenant's own role may do with it.
    pub(in crate::isolation) rights: Vec<String>,
}

impl FromRow for Relation {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            schema: row.get("schema")?,
            name: row.get("name")?,
            kind: row.get("kind")?,
            column: row.get("column_name")?,
            column_type: row.get("column_type")?,
            has_workspace: row.get("has_workspace")?,
            rights: row.get("rights")?,
        })
    }
}

/// What there is in these schemas, of these roles. As the owner.
pub(in crate::isolation) async fn relations(
    tx: &ControlTx,
    schemas: &[String],
    roles: &[String],
) -> Result<Vec<Relation>> {
    Ok(tx
        .all(
            "-- isolation::relations
             SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
                    w.attname::text AS column_name, format_type(w.atttypid, NULL) AS column_type,
                    c.relname <> '_counters' AND EXISTS (
                        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped) AS has_workspace,
                    ARRAY(SELECT a.privilege_type FROM aclexplode(c.relacl) a WHERE a.grantee = r.oid) AS rights
             FROM unnest($1::text[], $2::text[]) AS h (schema_name, role_name)
             JOIN pg_namespace n ON n.nspname = h.schema_name
             JOIN pg_roles r ON r.rolname = h.role_name
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
             JOIN pg_class c ON c.oid = d.objid
             LEFT JOIN LATERAL (
                 SELECT a.attname, a.atttypid FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'
                   AND c.relkind <> 'S'
                 ORDER BY t.typnamespace <> 'pg_catalog'::regnamespace, a.attnum LIMIT 1) AS w ON true
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
             ORDER BY n.nspname, c.relname",
            &[&schemas.to_vec(), &roles.to_vec()],
        )
        .await?)
}

/// The version of PostgreSQL, such as `15.14`.
pub(in crate::isolation) async fn version(tx: &ControlTx) -> Result<String> {
    let rows = tx
        .query(
            "-- isolation::version\nSELECT split_part(current_setting('server_version'), ' ', 1) AS version",
            &[],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("version")).transpose()?.unwrap_or_default())
}

struct ReportRow(IsolationReport);

impl FromRow for ReportRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let started_at: Option<DateTime<Utc>> = row.get("started_at")?;
        let finished_at: Option<DateTime<Utc>> = row.get("finished_at")?;
        let tenant: Option<String> = row.get("tenant_slug")?;
        let checks: Value = row.get("checks")?;
        Ok(Self(IsolationReport {
            id: IsolationReportId(row.get("id")?),
            status: word(row, "status")?,
            tenant: tenant.as_deref().and_then(Slug::stored),
            seed: row.get("seed")?,
            sampled: row.get("sampled")?,
            requested_by: row.get("requested_by")?,
            requested_at: row.get("requested_at")?,
            started_at,
            finished_at,
            duration_ms: started_at
                .zip(finished_at)
                .map(|(from, to)| Millis { micros: (to - from).num_microseconds().unwrap_or(i64::MAX) }),
            progress: row
                .get::<Option<Value>>("progress")?
                .map(serde_json::from_value)
                .transpose()
                .map_err(|error| pg::Error::Shape(error.to_string()))?,
            software: row.get("software")?,
            tenants: row.get("tenants")?,
            attempts: row.get("attempts")?,
            refusals: row.get("refusals")?,
            open: row.get("open")?,
            checks: serde_json::from_value(checks).map_err(|error| pg::Error::Shape(error.to_string()))?,
            error: row.get("error")?,
        }))
    }
}

macro_rules! select_report {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- isolation::",
            $name,
            "
             SELECT id, status, tenant_slug, seed, sampled, requested_by, requested_at, started_at, finished_at,
                    CASE WHEN status = 'running' THEN progress END AS progress, software,
                    tenants, attempts, refusals, open, checks, error
             FROM isolation_reports ",
            $rest
        )
    };
}

pub(in crate::isolation) async fn insert(tx: &ControlTx, report: &IsolationReport) -> Result<()> {
    let tenant = report.tenant.as_ref().map(ToString::to_string);
    tx.query(
        "-- isolation::insert
         INSERT INTO isolation_reports (id, tenant_slug, seed, requested_by, requested_at) VALUES ($1, $2, $3, $4, $5)",
        &[&report.id.0, &tenant, &report.seed, &report.requested_by, &report.requested_at],
    )
    .await?;
    Ok(())
}

pub(in crate::isolation) async fn show(
    tx: &ControlTx,
    id: IsolationReportId,
) -> Result<Option<IsolationReport>> {
    let row: Option<ReportRow> = tx.optional(select_report!("show", "WHERE id = $1"), &[&id.0]).await?;
    Ok(row.map(|row| row.0))
}

/// The newest over all tenants that says something.
pub(super) async fn newest(tx: &ControlTx) -> Result<Option<IsolationReport>> {
    let row: Option<ReportRow> = tx
        .optional(
            select_report!(
                "newest",
                "WHERE tenant_slug IS NULL AND status IN ('passed', 'failed') ORDER BY finished_at DESC, id DESC LIMIT 1"
            ),
            &[],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// The newest first; ids grow with time. Of a tenant those since it was made: another may have had its name before.
pub(in crate::isolation) async fn list(
    tx: &ControlTx,
    tenant: Option<&str>,
    after: Option<IsolationReportId>,
    rows: i64,
) -> Result<Vec<IsolationReport>> {
    let found: Vec<ReportRow> = tx
        .all(
            select_report!(
                "list",
                "WHERE ($1::uuid IS NULL OR id < $1)
                   AND ($3 IS NULL OR tenant_slug = $3
                        AND requested_at >= coalesce((SELECT created_at FROM tenants WHERE slug = $3), '-infinity'))
                 ORDER BY id DESC LIMIT $2"
            ),
            &[&after.map(|id| id.0), &rows, &tenant.map(str::to_owned)],
        )
        .await?;
    Ok(found.into_iter().map(|row| row.0).collect())
}

/// Takes the oldest report that nobody is at.
pub(in crate::isolation) async fn take(
    tx: &ControlTx,
    now: DateTime<Utc>,
    lease: Lease,
) -> Result<Option<Order>> {
    let (pid, started) = lease.holder();
    let rows = tx
        .query(
            concat!(
                "-- isolation::take
                 UPDATE isolation_reports SET status = 'running', started_at = $1, progress = NULL, lease_token = $2,
                        lease_until = clock_timestamp() + $3 * interval '1 ms', holder_pid = $4, holder_started = $5
                 WHERE id = (SELECT id FROM isolation_reports WHERE finished_at IS NULL AND ",
                lease_is_free!(),
                "                ORDER BY requested_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
                 RETURNING id, tenant_slug, seed"
            ),
            &[&now, &lease.token, &lease.millis(), &pid, &started],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let tenant: Option<String> = row.get("tenant_slug")?;
    Ok(Some(Order {
        id: IsolationReportId(row.get("id")?),
        tenant: tenant.as_deref().and_then(Slug::stored),
        seed: row.get("seed")?,
        token: lease.token,
    }))
}

/// Writes down how far it is. False where somebody else is at it by now.
pub(in crate::isolation) async fn progress(
    tx: &ControlTx,
    order: &Order,
    now: &IsolationProgress,
) -> Result<bool> {
    let now = serde_json::to_value(now).map_err(|error| crate::Error::Fault(error.to_string()))?;
    let rows = tx
        .query(
            "-- isolation::progress
             UPDATE isolation_reports SET progress = $3 WHERE id = $1 AND lease_token = $2 AND status = 'running' RETURNING id",
            &[&order.id.0, &order.token, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Writes down what came of it, unless somebody else is at it by now.
pub(in crate::isolation) async fn finish(
    tx: &ControlTx,
    order: &Order,
    ended: &Ended,
    now: DateTime<Utc>,
) -> Result<()> {
    let checks =
        serde_json::to_value(&ended.checks).map_err(|error| crate::Error::Fault(error.to_string()))?;
    tx.query(
        "-- isolation::finish
         UPDATE isolation_reports SET status = $3, finished_at = $4, software = $5, sampled = $6, tenants = $7, attempts = $8,
                refusals = $9, open = $10, checks = $11, error = $12, progress = NULL,
                lease_token = NULL, lease_until = NULL, holder_pid = NULL, holder_started = NULL
         WHERE id = $1 AND lease_token = $2",
        &[
            &order.id.0,
            &order.token,
            &ended.status.as_str(),
            &now,
            &ended.software,
            &ended.sampled,
            &ended.tenants,
            &ended.attempts,
            &ended.refusals,
            &ended.open,
            &checks,
            &ended.error,
        ],
    )
    .await?;
    Ok(())
}

/// Forgets all but the newest.
pub(in crate::isolation) async fn forget(tx: &ControlTx, kept: i64) -> Result<()> {
    tx.query(
        "-- isolation::forget
         DELETE FROM isolation_reports WHERE finished_at IS NOT NULL
            AND id < (SELECT id FROM isolation_reports ORDER BY id DESC OFFSET $1 LIMIT 1)",
        &[&kept],
    )
    .await?;
    Ok(())
}
