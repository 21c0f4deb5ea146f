//! SQL of identity.
//!
//! Owns: `api_keys`, `invitations`. Calls: registry's columns. Called by: identity.
//! Invariants: found by public id, compared by hash in constant time; expiry by the caller's clock. After a crash: one transaction or none.

use super::{FirstKey, Invitation, KeyText};
use crate::{
    Result,
    authz::KeyActor,
    registry::{TenantRecord, store::select_tenant_with},
};
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{ApiKeyId, TenantId, WorkspaceId, key::NewApiKey};

pub(super) async fn insert(
    tx: &ControlTx,
    made: &NewApiKey,
    tenant: TenantId,
    key: &KeyText,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- identity::insert
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
        "-- identity::insert_first_key
         INSERT INTO api_keys (id, public_id, key_hash, tenant_id, workspace_id, name, role, created_at)
         VALUES ($1, $2, decode($3, 'hex'), $4, $5, 'First key', 'admin', $6)
         ON CONFLICT (id) DO NOTHING",
        &[&key.id.0, &key.public_id, &key.hash, &key.tenant.0, &key.workspace.0, &now],
    )
    .await?;
    Ok(())
}

/// An invitation, by its token's hash. Repeatable.
pub(crate) async fn insert_invitation(
    tx: &ControlTx,
    invitation: &Invitation<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- identity::insert_invitation
         INSERT INTO invitations (id, tenant_id, workspace_id, email, role, token_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, decode($6, 'hex'), $7, greatest($8, $7 + interval '1 second'))
         ON CONFLICT (id) DO NOTHING",
        &[
            &invitation.id,
            &invitation.tenant.0,
            &invitation.workspace.0,
            &invitation.email,
            &invitation.role.as_str(),
            &invitation.token_hash,
            &now,
            &invitation.expires_at,
        ],
    )
    .await?;
    Ok(())
}

struct Found {
    actor: KeyActor,
    hash: Vec<u8>,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            actor: KeyActor {
                id: ApiKeyId(row.get("key_id")?),
                name: row.get("key_name")?,
                workspace: WorkspaceId(row.get("key_workspace_id")?),
                role: crate::registry::store::word(row, "key_role")?,
                tenant: TenantRecord::from_row(row)?,
            },
            hash: row.get("key_hash")?,
        })
    }
}

/// The key's row with its tenant, when the secret is right and the key is alive.
pub(super) async fn find(tx: &ControlTx, key: &KeyText, now: DateTime<Utc>) -> Result<Option<KeyActor>> {
    let rows = tx
        .last(
            select_tenant_with!(
                "find_key",
                ", k.id AS key_id, k.name AS key_name, k.workspace_id AS key_workspace_id, k.role AS key_role, k.key_hash",
                "JOIN api_keys k ON k.tenant_id = t.id JOIN workspaces w ON w.id = k.workspace_id
                 WHERE k.public_id = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)
                   AND w.archived_at IS NULL"
            ),
            &[&key.public_id(), &now],
        )
        .await?;
    let Some(found) = rows.first().map(Found::from_row).transpose()? else { return Ok(None) };
    Ok(bool::from(found.hash.ct_eq(&key.hash())).then_some(found.actor))
}
