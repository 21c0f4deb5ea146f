//! SQL of samples.
//!
//! Owns: `tenant_samples` (reads tenants, `api_keys`, `audit_heads`, catalogues). Calls: pg. Called by: samples.
//! Invariants: relations are found by their schema's oid and never by a look at all of them. After a crash: one transaction or none.

use crate::Result;
use chrono::{DateTime, Utc};
use tenantry_pg::ControlTx;
use uuid::Uuid;

/// Tenants with a home that were not seen since then, the longest unseen first.
pub(super) async fn due(tx: &ControlTx, before: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>> {
    let rows = tx
        .query(
            "-- samples::due
             SELECT t.id FROM tenants t LEFT JOIN tenant_samples s ON s.tenant_id = t.id
             WHERE t.cell IS NOT NULL AND t.status <> 'provisioning' AND (s.sampled_at IS NULL OR s.sampled_at < $1)
             ORDER BY s.sampled_at NULLS FIRST, t.id LIMIT $2",
            &[&before, &limit],
        )
        .await?;
    rows.iter().map(|row| Ok(row.get("id")?)).collect()
}

/// Weighs them. A relation that somebody holds for himself is not waited for.
pub(super) async fn weigh(tx: &ControlTx, tenants: &[Uuid], now: DateTime<Utc>) -> Result<usize> {
    tx.batch("SET LOCAL lock_timeout = '200ms'").await?;
    let rows = tx
        .query(
            "-- samples::weigh
             WITH sized AS (
                 SELECT t.id, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes
                 FROM tenants t
                 JOIN pg_namespace n ON n.nspname = t.schema_name
                 LEFT JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
                 LEFT JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'm')
                 WHERE t.id = ANY($1)
                 GROUP BY t.id
             )
             INSERT INTO tenant_samples AS s (tenant_id, schema_bytes, last_activity_at, sampled_at)
             SELECT z.id, z.bytes,
                    greatest((SELECT max(k.last_used_at) FROM api_keys k WHERE k.tenant_id = z.id),
                             (SELECT h.sealed_at FROM audit_heads h WHERE h.chain = z.id AND h.seq > 0)), $2
             FROM sized z
             ON CONFLICT (tenant_id) DO UPDATE SET schema_bytes = excluded.schema_bytes, last_activity_at = excluded.last_activity_at,
                    sampled_at = excluded.sampled_at
             RETURNING s.tenant_id",
            &[&tenants.to_vec(), &now],
        )
        .await?;
    Ok(rows.len())
}

/// Removes what was seen of tenants that are gone.
pub(super) async fn forget(tx: &ControlTx) -> Result<()> {
    tx.query(
        "-- samples::forget
         DELETE FROM tenant_samples s WHERE NOT EXISTS (SELECT FROM tenants t WHERE t.id = s.tenant_id)",
        &[],
    )
    .await?;
    Ok(())
}
