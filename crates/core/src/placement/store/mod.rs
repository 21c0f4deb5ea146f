//! SQL of placement: shards, cells, slots.
//!
//! Owns: shards, cells, slots, locks. Calls: pg. Called by: placement, provisioning (claims).
//! Invariants: a slot is claimed once (`FOR UPDATE SKIP LOCKED`, `sixteen_claims_get_sixteen_slots`). After a crash: one transaction or none.

pub(crate) mod access;
pub(super) mod adopt;
pub(crate) mod ddl;
pub(crate) mod inspect;
pub(crate) mod prior;

use super::{Home, Template};
use crate::{Error, Result};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use tenantry_pg::{ControlTx, Row, sql::quote_ident};
use tenantry_types::TenantId;
use uuid::Uuid;

/// Keeps the owner's processes apart until the transaction ends. A row that the owner alone may lock: an advisory lock is anybody's, also a
/// tenant's psql session's.
pub(crate) async fn lock(tx: &ControlTx, what: &str) -> Result<()> {
    let rows =
        tx.query("-- placement::lock\nSELECT name FROM locks WHERE name = $1 FOR UPDATE", &[&what]).await?;
    if rows.is_empty() {
        return Err(Error::Fault(format!("there is no lock {what}: run `tenantry migrate-control`")));
    }
    Ok(())
}

/// The same before the first migration has made the table of locks. Time-limited as all of the owner's waiting is.
pub(super) async fn lock_before_tables(tx: &ControlTx) -> Result<()> {
    tx.query(
        "-- placement::lock_before_tables\nSELECT pg_advisory_xact_lock(hashtextextended('tenantry.set_up', 0))::text",
        &[],
    )
    .await?;
    Ok(())
}

/// The version that a tenant's own writes look at, as the owner. A later one stays.
pub(super) async fn publish_access(tx: &ControlTx, schema: &str, version: i64) -> Result<()> {
    tx.batch(&format!(
        "INSERT INTO {}._counters (name, period, workspace_id, used) VALUES ('access', 'all', NULL, {version})
         ON CONFLICT ON CONSTRAINT _counters_one DO UPDATE SET used = greatest(_counters.used, excluded.used), updated_at = now()",
        quote_ident(schema)
    ))
    .await?;
    Ok(())
}

pub(super) async fn ensure_shard(tx: &ControlTx, id: Uuid) -> Result<()> {
    tx.query(
        "-- placement::ensure_shard
         INSERT INTO shards (id, name, status) SELECT $1, 'primary', 'open' WHERE NOT EXISTS (SELECT FROM shards)",
        &[&id],
    )
    .await?;
    Ok(())
}

pub(super) async fn open_shard(tx: &ControlTx) -> Result<Uuid> {
    let rows = tx
        .query(
            "-- placement::open_shard\nSELECT id FROM shards WHERE status = 'open' ORDER BY name LIMIT 1",
            &[],
        )
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| Error::Fault("no shard is open: run `tenantry migrate-control`".to_owned()))?;
    Ok(row.get("id")?)
}

/// The lowest cell with room. Slots count, claimed or not: each is two memberships of the cell's login.
pub(super) async fn cell_with_room(tx: &ControlTx, shard: Uuid, most: i64) -> Result<Option<i32>> {
    let rows = tx
        .query(
            "-- placement::cell_with_room
             SELECT c.id FROM cells c
             WHERE c.shard_id = $1 AND (SELECT count(*) FROM slots s WHERE s.cell = c.id) < $2
             ORDER BY c.id LIMIT 1",
            &[&shard, &most],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("id")).transpose()?)
}

pub(super) async fn next_cell(tx: &ControlTx) -> Result<i32> {
    let rows =
        tx.query("-- placement::next_cell\nSELECT coalesce(max(id), 0) + 1 AS id FROM cells", &[]).await?;
    let row = rows.first().ok_or_else(|| Error::Fault("an aggregate without a row".to_owned()))?;
    Ok(row.get("id")?)
}

pub(super) async fn insert_cell(tx: &ControlTx, cell: i32, shard: Uuid, login: &str) -> Result<()> {
    tx.query(
        "-- placement::insert_cell\nINSERT INTO cells (id, shard_id, login) VALUES ($1, $2, $3)",
        &[&cell, &shard, &login],
    )
    .await?;
    Ok(())
}

pub(crate) async fn ready_slots(tx: &ControlTx, template: &str) -> Result<usize> {
    let rows = tx
        .query(
            "-- placement::ready_slots
             SELECT count(*) AS ready FROM slots WHERE state = 'ready' AND template = $1",
            &[&template],
        )
        .await?;
    let ready: i64 = rows.first().map_or(Ok(0), |row| row.get("ready"))?;
    Ok(usize::try_from(ready).unwrap_or(0))
}

/// Ready slots by the digest of what they were made from.
pub(crate) async fn ready_by_template(tx: &ControlTx) -> Result<HashMap<String, u32>> {
    let rows = tx
        .query(
            "-- placement::ready_by_template
             SELECT template, count(*) AS ready FROM slots WHERE state = 'ready' GROUP BY template",
            &[],
        )
        .await?;
    let counted = |row: &Row| -> Result<_> {
        Ok((row.get("template")?, u32::try_from(row.get::<i64>("ready")?).unwrap_or(u32::MAX)))
    };
    rows.iter().map(counted).collect()
}

pub(super) async fn insert_slot(
    tx: &ControlTx,
    home: &Home,
    template: &Template,
    fingerprint: &str,
) -> Result<()> {
    tx.query(
        "-- placement::insert_slot
         INSERT INTO slots (id, shard_id, cell, schema_name, role_name, schema_version, template, state, tenant_id, fingerprint)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'ready', $1, $8)",
        &[
            &home.tenant.0,
            &home.shard,
            &home.cell,
            &home.schema,
            &home.role,
            &template.version(),
            &template.digest(),
            &fingerprint,
        ],
    )
    .await?;
    Ok(())
}

/// A home that was made for its tenant directly is recorded as a slot that was never free.
pub(crate) async fn insert_claimed_slot(
    tx: &ControlTx,
    home: &Home,
    template: &Template,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- placement::insert_claimed_slot
         INSERT INTO slots (id, shard_id, cell, schema_name, role_name, schema_version, template, state, tenant_id, claimed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'claimed', $1, $8)",
        &[
            &home.tenant.0,
            &home.shard,
            &home.cell,
            &home.schema,
            &home.role,
            &template.version(),
            &template.digest(),
            &now,
        ],
    )
    .await?;
    Ok(())
}

fn home(row: &Row) -> Result<Home> {
    let role: String = row.get("role_name")?;
    Ok(Home {
        tenant: TenantId(row.get("tenant_id")?),
        schema: row.get("schema_name")?,
        wide_role: format!("{role}_wide"),
        role,
        cell: row.get("cell")?,
        cell_login: row.get("login")?,
        shard: row.get("shard_id")?,
        fingerprint: row.get("fingerprint")?,
    })
}

/// Takes a ready slot, the oldest first, or none. No DDL: this is all that a claim is.
pub(crate) async fn claim(tx: &ControlTx, template: &str, now: DateTime<Utc>) -> Result<Option<Home>> {
    let rows = tx
        .query(
            "-- placement::claim
             UPDATE slots s SET state = 'claimed', claimed_at = $2
             FROM cells c
             WHERE s.id = (SELECT id FROM slots WHERE state = 'ready' AND template = $1
                           ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
               AND c.id = s.cell
             RETURNING s.tenant_id, s.schema_name, s.role_name, s.cell, s.shard_id, s.fingerprint, c.login",
            &[&template, &now],
        )
        .await?;
    rows.first().map(home).transpose()
}

/// Where a tenant lives; none until it is placed.
pub(crate) async fn home_of(tx: &ControlTx, tenant: TenantId) -> Result<Option<Home>> {
    let rows = tx
        .query(
            "-- placement::home_of
             SELECT s.tenant_id, s.schema_name, s.role_name, s.cell, s.shard_id, s.fingerprint, c.login
             FROM slots s JOIN cells c ON c.id = s.cell WHERE s.tenant_id = $1 AND s.state = 'claimed'",
            &[&tenant.0],
        )
        .await?;
    rows.first().map(home).transpose()
}

/// Whether a schema is the home of another tenant, or kept for one.
pub(crate) async fn is_anothers(tx: &ControlTx, tenant: TenantId, schema: &str) -> Result<bool> {
    let rows = tx
        .query(
            "-- placement::is_anothers
             SELECT EXISTS (SELECT FROM slots s WHERE s.schema_name = $2 AND s.tenant_id <> $1)
                 OR EXISTS (SELECT FROM tenants t WHERE t.schema_name = $2 AND t.id <> $1) AS anothers",
            &[&tenant.0, &schema],
        )
        .await?;
    rows.first().map_or(Ok(false), |row| Ok(row.get("anothers")?))
}

/// After its schema and roles are gone. A ready slot is nobody's and stays.
pub(crate) async fn forget_slot(tx: &ControlTx, tenant: TenantId) -> Result<()> {
    tx.query(
        "-- placement::forget_slot\nDELETE FROM slots WHERE tenant_id = $1 AND state = 'claimed'",
        &[&tenant.0],
    )
    .await?;
    Ok(())
}

/// Takes a slot out of service: its fence did not hold when it was looked at.
pub(crate) async fn mark_broken(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- placement::mark_broken
         UPDATE slots SET state = 'broken', claimed_at = $2 WHERE tenant_id = $1 AND state = 'ready'",
        &[&tenant.0, &now],
    )
    .await?;
    Ok(())
}

/// Whether a schema is a slot's or a tenant's already.
pub(crate) async fn is_ours(tx: &ControlTx, schema: &str) -> Result<bool> {
    let rows = tx
        .query(
            "-- placement::is_ours
             SELECT 1 FROM slots WHERE schema_name = $1 UNION ALL SELECT 1 FROM tenants WHERE schema_name = $1",
            &[&schema],
        )
        .await?;
    Ok(!rows.is_empty())
}

pub(super) async fn analyze_catalogue(tx: &ControlTx) -> Result<()> {
    Ok(tx.batch("ANALYZE pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_namespace, pg_catalog.pg_depend, pg_catalog.pg_constraint, pg_catalog.pg_index, pg_catalog.pg_policy").await?)
}

/// Schemas of claimed slots that do not carry their tenant's slug yet.
pub(super) async fn unlabelled(tx: &ControlTx) -> Result<Vec<(String, String)>> {
    let rows = tx
        .query(
            "-- placement::unlabelled
             UPDATE slots s SET labelled = true FROM tenants t
             WHERE t.id = s.tenant_id AND s.state = 'claimed' AND NOT s.labelled
             RETURNING s.schema_name, t.slug",
            &[],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("schema_name")?, row.get("slug")?))).collect()
}

pub(super) async fn cells(tx: &ControlTx) -> Result<Vec<i32>> {
    let rows = tx.query("-- placement::cells\nSELECT id FROM cells ORDER BY id", &[]).await?;
    rows.iter().map(|row| Ok(row.get("id")?)).collect()
}
