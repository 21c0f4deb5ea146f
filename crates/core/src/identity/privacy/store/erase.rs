//! SQL of an erasure.
//!
//! Owns: nothing of its own; see the module. Calls: pg. Called by: privacy.
//! Invariants: what a user leaves in tables that outlive the row is removed by the address (`an_erased_user_is_nowhere`); the rest goes with the row, by its foreign
//! keys. After a crash: one transaction or none.

use super::Read;
use crate::{Result, registry::store::word};
use chrono::{DateTime, Utc};
use tenantry_pg::{ControlTx, FromRow, Row};
use tenantry_types::{Role, TenantId, UserId, WorkspaceId};

/// Tenants that the user is a member of, in the order in which they are locked.
pub(in crate::identity::privacy) async fn tenants_of(tx: &ControlTx, user: UserId) -> Result<Vec<TenantId>> {
    let rows = tx
        .query(
            "-- privacy::tenants_of
             SELECT DISTINCT tenant_id FROM memberships WHERE user_id = $1 ORDER BY tenant_id",
            &[&user.0],
        )
        .await?;
    rows.iter().map(|row| Ok(TenantId(row.get("tenant_id")?))).collect()
}

/// The user's address; the row is held until the transaction ends, so that no new row can point at it.
pub(in crate::identity::privacy) async fn lock(tx: &ControlTx, user: UserId) -> Result<Option<String>> {
    let rows =
        tx.query("-- privacy::lock\nSELECT email FROM users WHERE id = $1 FOR UPDATE", &[&user.0]).await?;
    Ok(rows.first().map(|row| row.get("email")).transpose()?)
}

pub(in crate::identity::privacy) async fn is_operator(tx: &ControlTx, user: UserId) -> Result<bool> {
    let sql = "-- privacy::is_operator
         SELECT 1::bigint AS rows FROM operators WHERE user_id = $1 AND removed_at IS NULL";
    Ok(!tx.query(sql, &[&user.0]).await?.is_empty())
}

/// `tenant/workspace` of every workspace with no other owner who can sign in. A deleted tenant needs none.
pub(in crate::identity::privacy) async fn only_owner_of(tx: &ControlTx, user: UserId) -> Result<Vec<String>> {
    let rows = tx
        .query(
            "-- privacy::only_owner_of
             SELECT t.slug || '/' || w.slug AS place
             FROM memberships m JOIN workspaces w ON w.id = m.workspace_id JOIN tenants t ON t.id = m.tenant_id
             WHERE m.user_id = $1 AND m.role = 'owner' AND t.status <> 'deleted' AND NOT EXISTS (
                 SELECT FROM memberships other JOIN users u ON u.id = other.user_id
                 WHERE other.tenant_id = m.tenant_id AND other.workspace_id = m.workspace_id AND other.user_id <> m.user_id
                   AND other.role = 'owner' AND u.disabled_at IS NULL)
             ORDER BY place LIMIT 20",
            &[&user.0],
        )
        .await?;
    rows.iter().map(|row| Ok(row.get("place")?)).collect()
}

struct PlaceRow(TenantId, WorkspaceId, Role);

impl FromRow for PlaceRow {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(TenantId(row.get("tenant_id")?), WorkspaceId(row.get("workspace_id")?), word(row, "role")?))
    }
}

/// Where the user is what.
pub(in crate::identity::privacy) async fn places(
    tx: &ControlTx,
    user: UserId,
) -> Result<Vec<(TenantId, WorkspaceId, Role)>> {
    let rows: Vec<PlaceRow> = tx
        .all(
            "-- privacy::places
             SELECT tenant_id, workspace_id, role FROM memberships WHERE user_id = $1 ORDER BY tenant_id, workspace_id",
            &[&user.0],
        )
        .await?;
    Ok(rows.into_iter().map(|PlaceRow(tenant, workspace, role)| (tenant, workspace, role)).collect())
}

/// Ends the ways into tenants that the user had as an operator.
pub(in crate::identity::privacy) async fn end_grants(
    tx: &ControlTx,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- privacy::end_grants
         UPDATE access_grants SET ended_at = $2, ended_by = 'erased' WHERE operator_id = $1 AND ended_at IS NULL",
        &[&user.0, &now],
    )
    .await?;
    Ok(())
}

/// Ends what other issuers know the user as: a token of theirs that still lasts must not make the person anew.
pub(in crate::identity::privacy) async fn end_external(
    tx: &ControlTx,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- privacy::end_external
         UPDATE external_identities
         SET user_id = NULL, ended_at = coalesce(ended_at, $2),
             subject = 'erased:' || encode(sha256(convert_to(issuer || chr(10) || subject, 'UTF8')), 'hex')
         WHERE user_id = $1",
        &[&user.0, &now],
    )
    .await?;
    Ok(())
}

/// Takes back the invitations that the user made and nobody has used.
pub(in crate::identity::privacy) async fn take_back_invitations(
    tx: &ControlTx,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- privacy::take_back_invitations
         UPDATE invitations SET revoked_at = $2 WHERE invited_by = $1 AND used_at IS NULL AND revoked_at IS NULL",
        &[&user.0, &now],
    )
    .await?;
    Ok(())
}

/// Invitations and mail to the address.
pub(in crate::identity::privacy) async fn forget_address(tx: &ControlTx, email: &str) -> Result<()> {
    tx.query("-- privacy::forget_invitations\nDELETE FROM invitations WHERE lower(email) = $1", &[&email])
        .await?;
    tx.query("-- privacy::forget_mails\nDELETE FROM mails WHERE lower(recipient) = $1", &[&email]).await?;
    Ok(())
}

/// Answers that are kept for a day for whoever sends a request again: the user's own, and those that tell the address.
pub(in crate::identity::privacy) async fn forget_answers(
    tx: &ControlTx,
    user: UserId,
    email: &str,
) -> Result<()> {
    tx.query(
        "-- privacy::forget_answers
         DELETE FROM idempotency_keys
         WHERE principal = $1 OR starts_with(principal, $1 || ' in ') OR position($2 IN lower(response::text)) > 0",
        &[&user.to_string(), &format!("\"{email}\"")],
    )
    .await?;
    Ok(())
}

/// The row, and with it memberships, identities elsewhere, sessions, tokens. What the user made for others is nobody's from then on.
pub(in crate::identity::privacy) async fn delete(tx: &ControlTx, user: UserId) -> Result<()> {
    tx.query("-- privacy::delete\nDELETE FROM users WHERE id = $1", &[&user.0]).await?;
    Ok(())
}
