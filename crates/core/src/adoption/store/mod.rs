//! SQL of adoption: the record, and what the catalogue tells of a schema.
//!
//! Owns: adoptions, the cursor `adoption_history`. Calls: pg. Called by: adoption.
//! Invariants: a tenant has one adoption, and its record is locked while it is undone. After a crash: one transaction or none.

pub(super) mod obstacles;
pub(super) mod shape;
pub(super) mod values;

use super::model::{Inspection, Ran};
use crate::{
    Error, Result,
    placement::{Home, Prior},
};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row, migrate::history::HISTORY_TABLE, sql::quote_ident};
use tenantry_types::{
    TenantId,
    adopt::{Adopted, AdoptedTable},
};

/// A schema as it is.
pub(crate) struct Found {
    pub(crate) oid: i64,
    pub(crate) owner: String,
    pub(crate) connected_as: String,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self { oid: row.get("oid")?, owner: row.get("owner")?, connected_as: row.get("connected_as")? })
    }
}

pub(super) async fn schema(tx: &ControlTx, name: &str) -> Result<Option<Found>> {
    Ok(tx
        .optional(
            "-- adoption::schema
             SELECT n.oid::bigint AS oid, r.rolname::text AS owner, current_user::text AS connected_as
             FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = $1",
            &[&name],
        )
        .await?)
}

/// Sizes and shapes are read under locks that ALTER TABLE keeps others from having.
pub(super) async fn briefly(tx: &ControlTx) -> Result<()> {
    Ok(tx.batch("SET LOCAL lock_timeout = '1s'").await?)
}

/// The rows of Flyway's history in the schema; `None` where it has none.
pub(super) async fn history(tx: &ControlTx, schema: &str) -> Result<Option<Vec<Ran>>> {
    let columns = tx
        .query(
            "-- adoption::history_columns
             SELECT count(*) AS columns FROM pg_namespace n
             JOIN pg_class c ON c.relname = $2 AND c.relnamespace = n.oid AND c.relkind = 'r'
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('installed_rank', 'version', 'type', 'script', 'success')
             WHERE n.nspname = $1",
            &[&schema, &HISTORY_TABLE],
        )
        .await?;
    if columns.first().map_or(Ok(0), |row| row.get::<i64>("columns"))? < 5 {
        return Ok(None);
    }
    tx.batch(&format!(
        "DECLARE adoption_history NO SCROLL CURSOR FOR
         SELECT version::text, type::text, script::text, success FROM {}.{}
         WHERE version IS NOT NULL ORDER BY installed_rank",
        quote_ident(schema),
        quote_ident(HISTORY_TABLE)
    ))
    .await?;
    let rows = tx.query("-- adoption::history\nFETCH 100000 FROM adoption_history", &[]).await?;
    tx.batch("CLOSE adoption_history").await?;
    let ran = rows.iter().map(|row| {
        Ok(Ran {
            version: row.get("version")?,
            kind: row.get("type")?,
            script: row.get("script")?,
            success: row.get("success")?,
        })
    });
    ran.collect::<Result<_>>().map(Some)
}

struct TableRow(AdoptedTable);

impl FromRow for TableRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let fence: String = row.get("fence")?;
        Ok(Self(AdoptedTable {
            name: row.get("name")?,
            fence: fence.parse().map_err(|_| pg::Error::Shape(format!("fence {fence:?}")))?,
            rows_estimate: row.get("estimate")?,
            bytes: row.get("bytes")?,
        }))
    }
}

/// Tables, views and partitions with what will fence them, as placement guards them.
pub(super) async fn tables(tx: &ControlTx, schema: &str) -> Result<Vec<AdoptedTable>> {
    let rows: Vec<TableRow> = tx
        .all(
            "-- adoption::tables
             SELECT c.relname::text AS name, nullif(c.reltuples, -1)::bigint AS estimate, pg_total_relation_size(c.oid) AS bytes,
                    CASE WHEN c.relkind NOT IN ('r', 'p') OR c.relispartition OR c.relname = $2 THEN 'closed'
                         WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped)
                         THEN 'workspace' ELSE 'schema' END AS fence
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                             AND d.classid = 'pg_class'::regclass
             JOIN pg_class c ON c.oid = d.objid
             WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'm') ORDER BY c.relname",
            &[&schema, &HISTORY_TABLE],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Who holds a lock on one of the schema's relations now. The owner sees locks, and of other logins little more than their names.
pub(super) async fn in_use(tx: &ControlTx, schema: &str) -> Result<Vec<String>> {
    let rows = tx
        .query(
            "-- adoption::in_use
             SELECT a.usename::text || ' works in it with ' || count(DISTINCT l.pid) || ' connections' AS told
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                             AND d.classid = 'pg_class'::regclass
             JOIN pg_locks l ON l.relation = d.objid AND l.granted AND l.pid <> pg_backend_pid()
                            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             -- Vacuum's workers have no name.
             JOIN pg_stat_activity a ON a.pid = l.pid AND a.usename IS NOT NULL
             WHERE n.nspname = $1 GROUP BY a.usename ORDER BY 1",
            &[&schema],
        )
        .await?;
    rows.iter().map(|row| Ok(row.get("told")?)).collect()
}

/// The record. False where the tenant has one of another schema.
pub(super) async fn insert(
    tx: &ControlTx,
    home: &Home,
    inspection: &Inspection,
    now: DateTime<Utc>,
) -> Result<bool> {
    let report = &inspection.report;
    let json = |error: serde_json::Error| Error::Fault(error.to_string());
    let rows = tx
        .query(
            "-- adoption::insert
             INSERT INTO adoptions (tenant_id, source_schema, source_oid, schema_name, role_name, baseline, differences,
                                    fenced_by_schema, prior_acl, adopted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             -- A run that was undone and is tried again looks anew; one that goes on has its record.
             ON CONFLICT (tenant_id) DO UPDATE SET
                 source_schema = $2, source_oid = $3, schema_name = $4, role_name = $5, baseline = $6, differences = $7,
                 fenced_by_schema = $8, prior_acl = $9, adopted_at = $10, undone_at = NULL
             WHERE adoptions.undone_at IS NOT NULL OR adoptions.source_oid = $3
             RETURNING tenant_id",
            &[
                &home.tenant.0,
                &report.schema,
                &inspection.oid,
                &home.schema,
                &home.role,
                &report.baseline,
                &serde_json::to_value(&report.differences).map_err(json)?,
                &report.fenced_by_schema,
                &serde_json::to_value(&inspection.prior).map_err(json)?,
                &now,
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// What an undo needs.
pub(super) struct Record {
    pub(super) source: String,
    pub(super) source_oid: i64,
    pub(super) schema: String,
    pub(super) role: String,
    pub(super) prior: Prior,
}

impl FromRow for Record {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let prior = serde_json::from_value(row.get("prior_acl")?)
            .map_err(|error| pg::Error::Shape(format!("prior_acl: {error}")))?;
        Ok(Self {
            source: row.get("source_schema")?,
            source_oid: row.get("source_oid")?,
            schema: row.get("schema_name")?,
            role: row.get("role_name")?,
            prior,
        })
    }
}

/// The record of an adoption that is not undone, for this transaction alone.
pub(super) async fn hold(tx: &ControlTx, tenant: TenantId) -> Result<Option<Record>> {
    Ok(tx
        .optional(
            "-- adoption::hold
             SELECT source_schema, source_oid, schema_name, role_name, prior_acl FROM adoptions
             WHERE tenant_id = $1 AND undone_at IS NULL FOR UPDATE",
            &[&tenant.0],
        )
        .await?)
}

pub(super) async fn undone(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- adoption::undone
         UPDATE adoptions SET undone_at = greatest($2, adopted_at) WHERE tenant_id = $1",
        &[&tenant.0, &now],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &ControlTx, tenant: TenantId) -> Result<()> {
    tx.query("-- adoption::delete\nDELETE FROM adoptions WHERE tenant_id = $1", &[&tenant.0]).await?;
    Ok(())
}

struct Origin(Adopted);

impl FromRow for Origin {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(Adopted {
            from: row.get("source_schema")?,
            baseline: row.get("baseline")?,
            fenced_by_schema: row.get("fenced_by_schema")?,
            adopted_at: row.get("adopted_at")?,
        }))
    }
}

pub(super) async fn origin(tx: &ControlTx, tenant: TenantId) -> Result<Option<Adopted>> {
    let row: Option<Origin> = tx
        .optional(
            "-- adoption::origin
             SELECT source_schema, baseline, fenced_by_schema, adopted_at FROM adoptions
             WHERE tenant_id = $1 AND undone_at IS NULL",
            &[&tenant.0],
        )
        .await?;
    Ok(row.map(|row| row.0))
}
