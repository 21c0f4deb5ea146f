//! SQL of API keys.
//!
//! Owns: `api_keys`. Calls: pg. Called by: identity's keys, provisioning.
//! Invariants: of a key its hash is written and nothing else (`only_the_hash_is_stored`). After a crash: one transaction or none.

use super::{FirstKey, KeyText};
use crate::Result;
use chrono::{DateTime, Utc};
use tenantry_pg::ControlTx;
use tenantry_types::{TenantId, key::NewApiKey};

pub(super) async fn insert(
    tx: &ControlTx,
    made: &NewApiKey,
    tenant: TenantId,
    key: &KeyText,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- keys::insert
         INSERT INTO api_keys (id, public_id, key_hash, tenant_id, workspace_id, name, role, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &made.id.0,
            &key.public_id(),
            &key.hash().to_vec(),
            &tenant.0,
            &made.workspace_id.0,
            &made.name,
            &made.role.as_str(),
            &now,
            &made.expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// The first key of a tenant, by its hash. Repeatable.
pub(crate) async fn insert_first_key(tx: &ControlTx, key: &FirstKey<'_>, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- keys::insert_first_key
         INSERT INTO api_keys (id, public_id, key_hash, tenant_id, workspace_id, name, role, created_at)
         VALUES ($1, $2, decode($3, 'hex'), $4, $5, 'First key', 'admin', $6)
         ON CONFLICT (id) DO NOTHING",
        &[&key.id.0, &key.public_id, &key.hash, &key.tenant.0, &key.workspace.0, &now],
    )
    .await?;
    Ok(())
}
