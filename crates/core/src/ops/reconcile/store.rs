//! SQL of the reconciler.
//!
//! Owns: `findings` (reads tenants, slots, `provisioning_runs`, `psql_sessions`, catalogues; marks slots broken). Calls: pg. Called by: reconcile, ops.
//! Invariants: catalogues are joined as a whole, once a look, by names that are indexed or hashed. After a crash: one transaction or none.

use crate::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tenantry_pg::{ControlTx, sql::quote_ident};

fn names(rows: &[tenantry_pg::Row]) -> Result<Vec<String>> {
    rows.iter().map(|row| Ok(row.get("name")?)).collect()
}

/// Roles of tenants that no slot knows and that nothing depends on.
pub(super) async fn stray_roles(tx: &ControlTx, prefix: &str) -> Result<Vec<String>> {
    names(
        &tx.query(
            "-- reconcile::stray_roles
             SELECT r.rolname::text AS name FROM pg_roles r
             WHERE starts_with(r.rolname, $1)
               -- Two, not one with OR, which no hash answers.
               AND NOT EXISTS (SELECT FROM slots s WHERE s.role_name = r.rolname)
               AND NOT EXISTS (SELECT FROM slots s WHERE s.role_name || '_wide' = r.rolname)
               AND NOT EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid)
             ORDER BY 1 LIMIT 100",
            &[&prefix],
        )
        .await?,
    )
}

pub(super) async fn drop_role(tx: &ControlTx, role: &str) -> Result<()> {
    Ok(tx.batch(&format!("DROP ROLE IF EXISTS {}", quote_ident(role))).await?)
}

/// Logins of psql sessions that no open session knows.
pub(super) async fn stray_logins(tx: &ControlTx, prefix: &str) -> Result<Vec<String>> {
    names(
        &tx.query(
            "-- reconcile::stray_logins
             SELECT r.rolname::text AS name FROM pg_roles r
             WHERE starts_with(r.rolname, $1)
               AND NOT EXISTS (SELECT FROM psql_sessions s WHERE s.login = r.rolname AND s.status IN ('requested', 'open'))
             ORDER BY 1 LIMIT 100",
            &[&prefix],
        )
        .await?,
    )
}

/// Takes warm slots out of service whose schema or role is gone.
pub(super) async fn broken_slots(tx: &ControlTx, now: DateTime<Utc>) -> Result<Vec<String>> {
    names(
        &tx.query(
            "-- reconcile::broken_slots
             UPDATE slots s SET state = 'broken', claimed_at = $1
             WHERE s.state = 'ready'
               AND NOT (EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = s.schema_name)
                    AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = s.role_name)
                    AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = s.role_name || '_wide'))
             RETURNING s.schema_name AS name",
            &[&now],
        )
        .await?,
    )
}

const ORPHAN_SCHEMA: &str = "-- reconcile::orphan_schema
     SELECT n.nspname::text AS name FROM pg_namespace n
     WHERE starts_with(n.nspname, 'tenant_') AND NOT EXISTS (SELECT FROM slots s WHERE s.schema_name = n.nspname)
     ORDER BY 1 LIMIT 100";
const MISSING_SCHEMA: &str = "-- reconcile::missing_schema
     SELECT t.slug AS name FROM slots s JOIN tenants t ON t.id = s.tenant_id
     WHERE s.state = 'claimed'
       AND NOT (EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = s.schema_name)
            AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = s.role_name)
            AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = s.role_name || '_wide'))
     ORDER BY 1 LIMIT 100";
const HOMELESS_TENANT: &str = "-- reconcile::homeless_tenant
     SELECT t.slug AS name FROM tenants t
     WHERE t.status <> 'provisioning' AND NOT EXISTS (SELECT FROM slots s WHERE s.tenant_id = t.id AND s.state = 'claimed')
     ORDER BY 1 LIMIT 100";
const ORPHAN_SLOT: &str = "-- reconcile::orphan_slot
     SELECT s.schema_name AS name FROM slots s
     WHERE s.state = 'claimed' AND NOT EXISTS (SELECT FROM tenants t WHERE t.id = s.tenant_id) ORDER BY 1 LIMIT 100";
const STRANDED_TENANT: &str = "-- reconcile::stranded_tenant
     SELECT t.slug AS name FROM tenants t
     WHERE t.status = 'provisioning'
       AND NOT EXISTS (SELECT FROM provisioning_runs r WHERE r.tenant_id = t.id AND r.finished_at IS NULL)
     ORDER BY 1 LIMIT 100";

/// Names of what is not as it should be, of a kind.
pub(super) async fn found(tx: &ControlTx, kind: &str) -> Result<Vec<String>> {
    let sql = match kind {
        "orphan_schema" => ORPHAN_SCHEMA,
        "missing_schema" => MISSING_SCHEMA,
        "homeless_tenant" => HOMELESS_TENANT,
        "orphan_slot" => ORPHAN_SLOT,
        "stranded_tenant" => STRANDED_TENANT,
        other => return Err(crate::Error::Fault(format!("nobody knows how to look for {other}"))),
    };
    names(&tx.query(sql, &[]).await?)
}

/// Replaces what is known by what was found; when a thing was first seen stays.
pub(super) async fn keep(tx: &ControlTx, found: Value, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- reconcile::keep
         WITH found AS (
             SELECT f ->> 'kind' AS kind, f ->> 'name' AS name, f ->> 'detail' AS detail FROM jsonb_array_elements($1) AS f
         ), gone AS (
             DELETE FROM findings k WHERE NOT EXISTS (SELECT FROM found f WHERE f.kind = k.kind AND f.name = k.name)
         )
         INSERT INTO findings (kind, name, detail, first_seen_at, last_seen_at)
         SELECT kind, name, detail, $2, $2 FROM found
         ON CONFLICT (kind, name) DO UPDATE SET detail = excluded.detail, last_seen_at = excluded.last_seen_at",
        &[&found, &now],
    )
    .await?;
    Ok(())
}
