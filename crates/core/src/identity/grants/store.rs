//! SQL of access grants.
//!
//! Owns: `access_grants`; reads tenants. Calls: pg. Called by: identity's grants.
//! Invariants: of a token its hash is written and nothing else (`only_the_hash_of_a_grant_is_stored`). After a crash: one transaction or none.

use super::text::GrantText;
use crate::{Result, registry::store::word};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{AccessGrantId, TenantId, UserId, WorkspaceId, identity::AccessGrant};

pub(super) async fn insert(
    tx: &ControlTx,
    grant: &AccessGrant,
    tenant: TenantId,
    operator: Option<UserId>,
    token: &GrantText,
) -> Result<()> {
    tx.query(
        "-- grants::insert
         INSERT INTO access_grants (id, operator, operator_id, tenant_id, workspace_id, role, reason, token_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &grant.id.0,
            &grant.operator,
            &operator.map(|user| user.0),
            &tenant.0,
            &grant.workspace_id.0,
            &grant.role.as_str(),
            &grant.reason,
            &token.hash().to_vec(),
            &grant.created_at,
            &grant.expires_at,
        ],
    )
    .await?;
    Ok(())
}

struct GrantRow(AccessGrant);

impl FromRow for GrantRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(AccessGrant {
            id: AccessGrantId(row.get("id")?),
            operator: row.get("operator")?,
            reason: row.get("reason")?,
            tenant: word(row, "slug")?,
            workspace_id: WorkspaceId(row.get("workspace_id")?),
            role: word(row, "role")?,
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
            ended_at: row.get("ended_at")?,
        }))
    }
}

/// The newest first; of one tenant where it is named.
pub(super) async fn list(
    tx: &ControlTx,
    slug: Option<&str>,
    after: Option<AccessGrantId>,
    limit: i64,
) -> Result<Vec<AccessGrant>> {
    let rows: Vec<GrantRow> = tx
        .all(
            "-- grants::list
             -- Ids are ordered by time.
             SELECT g.id, g.operator, g.reason, t.slug, g.workspace_id, g.role, g.created_at, g.expires_at, g.ended_at
             FROM access_grants g JOIN tenants t ON t.id = g.tenant_id
             WHERE ($1 IS NULL OR t.slug = $1) AND ($2::uuid IS NULL OR g.id < $2) ORDER BY g.id DESC LIMIT $3",
            &[&slug.map(str::to_owned), &after.map(|grant| grant.0), &limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The tenant that a grant is for.
pub(super) async fn tenant_of(tx: &ControlTx, id: AccessGrantId) -> Result<Option<TenantId>> {
    let rows = tx
        .query(
            "-- grants::tenant_of
             SELECT tenant_id FROM access_grants WHERE id = $1",
            &[&id.0],
        )
        .await?;
    rows.first().map(|row| Ok(TenantId(row.get("tenant_id")?))).transpose()
}

/// Ends a grant; false where it was over already.
pub(super) async fn end(tx: &ControlTx, id: AccessGrantId, by: &str, now: DateTime<Utc>) -> Result<bool> {
    let rows = tx
        .query(
            "-- grants::end
             UPDATE access_grants SET ended_at = $3, ended_by = $2
             WHERE id = $1 AND ended_at IS NULL AND expires_at > $3 RETURNING 1::bigint AS rows",
            &[&id.0, &by, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Ends the operator's grants of these roles that are not over.
pub(super) async fn end_of_operator(
    tx: &ControlTx,
    operator: UserId,
    roles: &[String],
    by: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(AccessGrantId, TenantId)>> {
    let rows = tx
        .query(
            "-- grants::end_of_operator
             UPDATE access_grants SET ended_at = $4, ended_by = $3
             WHERE operator_id = $1 AND role = ANY ($2) AND ended_at IS NULL AND expires_at > $4 RETURNING id, tenant_id",
            &[&operator.0, &roles.to_vec(), &by, &now],
        )
        .await?;
    rows.iter().map(|row| Ok((AccessGrantId(row.get("id")?), TenantId(row.get("tenant_id")?)))).collect()
}
