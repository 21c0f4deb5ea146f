//! SQL of API keys.
//!
//! Owns: `api_keys`. Calls: pg. Called by: identity's keys, provisioning.
//! Invariants: of a key its hash is written and nothing else (`only_the_hash_is_stored`). After a crash: one transaction or none.

use super::{FirstKey, KeyText, make::Draft};
use crate::{Result, registry::store::word};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{ApiKeyId, UserId, WorkspaceId, key::ApiKey};
use uuid::Uuid;

pub(super) async fn insert(
    tx: &ControlTx,
    id: ApiKeyId,
    draft: &Draft,
    key: &KeyText,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- keys::insert
         INSERT INTO api_keys (id, public_id, key_hash, tenant_id, workspace_id, name, role, scopes, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            &id.0,
            &key.public_id(),
            &key.hash().to_vec(),
            &draft.tenant.0,
            &draft.workspace.0,
            &draft.name,
            &draft.role.as_str(),
            &draft.scopes,
            &draft.created_by.map(|user| user.0),
            &now,
            &draft.expires_at,
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

/// How many keys of the workspace can be used, without the one named.
pub(super) async fn in_use(
    tx: &ControlTx,
    workspace: WorkspaceId,
    without: Option<ApiKeyId>,
    now: DateTime<Utc>,
) -> Result<i64> {
    let rows = tx
        .query(
            "-- keys::in_use
             SELECT count(*) AS keys FROM api_keys
             WHERE workspace_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
               AND ($2::uuid IS NULL OR id <> $2)",
            &[&workspace.0, &without.map(|key| key.0), &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("keys")).transpose()?.unwrap_or_default())
}

struct KeyRow(ApiKey);

impl FromRow for KeyRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(ApiKey {
            id: ApiKeyId(row.get("id")?),
            name: row.get("name")?,
            public_id: row.get("public_id")?,
            workspace_id: WorkspaceId(row.get("workspace_id")?),
            role: word(row, "role")?,
            scopes: row.get("scopes")?,
            created_by: row.get::<Option<Uuid>>("created_by")?.map(UserId),
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
            last_used_at: row.get("last_used_at")?,
            revoked_at: row.get("revoked_at")?,
            replaced_by: row.get::<Option<Uuid>>("replaced_by")?.map(ApiKeyId),
        }))
    }
}

pub(super) async fn list(
    tx: &ControlTx,
    workspace: WorkspaceId,
    after: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let rows: Vec<KeyRow> = tx
        .all(
            "-- keys::list
             -- Ids are ordered by time.
             SELECT id, name, public_id, workspace_id, role, scopes, created_by, created_at, expires_at, last_used_at, revoked_at, replaced_by
             FROM api_keys WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            &[&workspace.0, &after.map(|key| key.0), &limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

pub(super) async fn find(tx: &ControlTx, workspace: WorkspaceId, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let row: Option<KeyRow> = tx
        .optional(
            "-- keys::find
             SELECT id, name, public_id, workspace_id, role, scopes, created_by, created_at, expires_at, last_used_at, revoked_at, replaced_by
             FROM api_keys WHERE workspace_id = $1 AND id = $2",
            &[&workspace.0, &id.0],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// Another key has taken its place: it ends then, or is revoked now.
pub(super) async fn replace(
    tx: &ControlTx,
    id: ApiKeyId,
    by: ApiKeyId,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
) -> Result<()> {
    tx.query(
        "-- keys::replace
         UPDATE api_keys SET replaced_by = $2, expires_at = $3, revoked_at = $4 WHERE id = $1",
        &[&id.0, &by.0, &expires_at, &revoked_at],
    )
    .await?;
    Ok(())
}

pub(super) async fn revoke(tx: &ControlTx, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- keys::revoke
         UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        &[&id.0, &now],
    )
    .await?;
    Ok(())
}

/// The keys were used at `at`; those that are known to have been used after `unless_after` are left as they are.
pub(super) async fn note_uses(
    tx: &ControlTx,
    keys: &[Uuid],
    at: DateTime<Utc>,
    unless_after: DateTime<Utc>,
) -> Result<()> {
    tx.last(
        "-- keys::note_uses
         -- In one order: two servers that note the same keys must not wait for each other in a ring.
         WITH used AS (
             SELECT id FROM api_keys WHERE id = ANY ($1) AND (last_used_at IS NULL OR last_used_at <= $3)
             ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
         )
         UPDATE api_keys k SET last_used_at = $2 FROM used u WHERE k.id = u.id",
        &[&keys.to_vec(), &at, &unless_after],
    )
    .await?;
    Ok(())
}
