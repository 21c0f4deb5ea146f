//! SQL of invitations.
//!
//! Owns: `invitations`. Calls: pg. Called by: identity's invitations, provisioning.
//! Invariants: of a token its hash is written and nothing else. After a crash: one transaction or none.

use super::{NewInvitation, open::Open};
use crate::{
    Result,
    registry::{
        TenantRecord,
        store::{select_tenant_with, word},
    },
};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{
    InvitationId, Role, TenantId, UserId, WorkspaceId,
    identity::{Invitation, InvitationPreview},
};

/// An invitation, by its token's hash. Repeatable.
pub(crate) async fn insert(tx: &ControlTx, invitation: &NewInvitation<'_>, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- invitations::insert
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

pub(super) async fn insert_open(
    tx: &ControlTx,
    open: &Open<'_>,
    token_hash: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- invitations::insert_open
         INSERT INTO invitations (id, tenant_id, workspace_id, email, role, token_hash, created_at, expires_at, invited_by, mailed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &open.id.0,
            &open.tenant.id.0,
            &open.workspace.0,
            &open.email.as_str(),
            &open.role.as_str(),
            &token_hash,
            &now,
            &open.expires_at,
            &open.by.map(|by| by.0),
            &open.mailed,
        ],
    )
    .await?;
    Ok(())
}

struct InvitationRow(Invitation);

impl FromRow for InvitationRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(Invitation {
            id: InvitationId(row.get("id")?),
            email: row.get("email")?,
            role: word(row, "role")?,
            workspace_id: WorkspaceId(row.get("workspace_id")?),
            status: word(row, "status")?,
            mailed: row.get("mailed")?,
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
            link: None,
        }))
    }
}

pub(super) async fn list(
    tx: &ControlTx,
    workspace: WorkspaceId,
    before: Option<InvitationId>,
    rows: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Invitation>> {
    let rows: Vec<InvitationRow> = tx
        .all(
            "-- invitations::list
             SELECT id, email, role, workspace_id, mailed, created_at, expires_at,
                    CASE WHEN used_at IS NOT NULL THEN 'accepted' WHEN revoked_at IS NOT NULL THEN 'revoked'
                         WHEN expires_at <= $4 THEN 'expired' ELSE 'open' END AS status
             FROM invitations WHERE workspace_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            &[&workspace.0, &before.map(|before| before.0), &rows, &now],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

pub(super) async fn find(
    tx: &ControlTx,
    workspace: WorkspaceId,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<Option<Invitation>> {
    let row: Option<InvitationRow> = tx
        .optional(
            "-- invitations::find
             SELECT id, email, role, workspace_id, mailed, created_at, expires_at,
                    CASE WHEN used_at IS NOT NULL THEN 'accepted' WHEN revoked_at IS NOT NULL THEN 'revoked'
                         WHEN expires_at <= $3 THEN 'expired' ELSE 'open' END AS status
             FROM invitations WHERE workspace_id = $1 AND id = $2",
            &[&workspace.0, &id.0, &now],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// Invitations that strangers asked for and nobody has accepted yet.
pub(super) async fn asked_for(tx: &ControlTx, workspace: WorkspaceId, now: DateTime<Utc>) -> Result<i64> {
    let rows = tx
        .query(
            "-- invitations::asked_for
             SELECT count(*) AS rows FROM invitations
             WHERE workspace_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2
               AND invited_by IS NULL AND mailed",
            &[&workspace.0, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("rows")).transpose()?.unwrap_or(0))
}

/// Invitations that may still be accepted and take a seat. Those that strangers asked for take none: they would lock the tenant's own out.
pub(super) async fn open_in_workspace(
    tx: &ControlTx,
    workspace: WorkspaceId,
    now: DateTime<Utc>,
) -> Result<i64> {
    let rows = tx
        .query(
            "-- invitations::open_in_workspace
             SELECT count(*) AS rows FROM invitations
             WHERE workspace_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2
               AND (invited_by IS NOT NULL OR NOT mailed)",
            &[&workspace.0, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("rows")).transpose()?.unwrap_or(0))
}

struct RoleRow(Role);

impl FromRow for RoleRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(word(row, "role")?))
    }
}

/// What open invitations offer an address.
pub(super) async fn roles_open_to(
    tx: &ControlTx,
    workspace: WorkspaceId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Role>> {
    let rows: Vec<RoleRow> = tx
        .all(
            "-- invitations::roles_open_to
             SELECT role FROM invitations
             WHERE workspace_id = $1 AND lower(email) = $2 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $3",
            &[&workspace.0, &email, &now],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Ends what is open for an address: a new one takes its place.
pub(super) async fn void_of_address(
    tx: &ControlTx,
    workspace: WorkspaceId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- invitations::void_of_address
         UPDATE invitations SET revoked_at = $3
         WHERE workspace_id = $1 AND lower(email) = $2 AND used_at IS NULL AND revoked_at IS NULL",
        &[&workspace.0, &email, &now],
    )
    .await?;
    Ok(())
}

/// Ends what is open to an address in a workspace, and what its owner asked for in the tenant: whoever has it was removed.
pub(super) async fn void_to_removed(
    tx: &ControlTx,
    (tenant, workspace): (TenantId, WorkspaceId),
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- invitations::void_to_removed
         UPDATE invitations SET revoked_at = $4
         WHERE tenant_id = $1 AND lower(email) = $3 AND used_at IS NULL AND revoked_at IS NULL
           AND (workspace_id = $2 OR (invited_by IS NULL AND mailed))",
        &[&tenant.0, &workspace.0, &email, &now],
    )
    .await?;
    Ok(())
}

/// Ends what strangers asked for, except where their domain and what they would become is still what the tenant lets in.
pub(super) async fn void_asks(
    tx: &ControlTx,
    tenant: TenantId,
    domains: Vec<String>,
    roles: Vec<String>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- invitations::void_asks
         UPDATE invitations SET revoked_at = $4
         WHERE tenant_id = $1 AND invited_by IS NULL AND mailed AND used_at IS NULL AND revoked_at IS NULL
           AND NOT (split_part(lower(email), '@', 2) = ANY ($2) AND role = ANY ($3))",
        &[&tenant.0, &domains, &roles, &now],
    )
    .await?;
    Ok(())
}

/// Ends the links of a tenant's first owner.
pub(super) async fn void_first_owners(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- invitations::void_first_owners
         UPDATE invitations SET revoked_at = $2
         WHERE tenant_id = $1 AND invited_by IS NULL AND NOT mailed AND role = 'owner' AND used_at IS NULL AND revoked_at IS NULL",
        &[&tenant.0, &now],
    )
    .await?;
    Ok(())
}

/// How many mails the tenant's members have sent by inviting since then, and when the first of them.
pub(super) async fn mailed_since(
    tx: &ControlTx,
    tenant: TenantId,
    since: DateTime<Utc>,
) -> Result<(i64, Option<DateTime<Utc>>)> {
    let rows = tx
        .query(
            "-- invitations::mailed_since
             SELECT count(*) AS rows, min(created_at) AS first FROM invitations
             WHERE tenant_id = $1 AND created_at > $2 AND mailed AND invited_by IS NOT NULL",
            &[&tenant.0, &since],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok((0, None)) };
    Ok((row.get("rows")?, row.get("first")?))
}

/// Forgets what was used, revoked or expired before then, and whom it was for.
pub(in crate::identity) async fn forget(tx: &ControlTx, before: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- invitations::forget
         DELETE FROM invitations WHERE coalesce(used_at, revoked_at, expires_at) < $1",
        &[&before],
    )
    .await?;
    Ok(())
}

/// Ends what is open and was made by somebody who may give `role` and nothing above it, or nothing at all.
pub(super) async fn void_beyond(
    tx: &ControlTx,
    workspace: WorkspaceId,
    by: UserId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- invitations::void_beyond
         UPDATE invitations SET revoked_at = $4
         WHERE workspace_id = $1 AND invited_by = $2 AND used_at IS NULL AND revoked_at IS NULL
           AND ($3 NOT IN ('admin', 'owner') OR ($3 = 'admin' AND role = 'owner'))",
        &[&workspace.0, &by.0, &role.as_str(), &now],
    )
    .await?;
    Ok(())
}

pub(super) async fn revoke(tx: &ControlTx, id: InvitationId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- invitations::revoke
         UPDATE invitations SET revoked_at = $2 WHERE id = $1 AND used_at IS NULL AND revoked_at IS NULL",
        &[&id.0, &now],
    )
    .await?;
    Ok(())
}

/// What a link opens, while it does.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) id: InvitationId,
    pub(super) email: String,
    pub(super) role: Role,
    pub(super) mailed: bool,
    pub(super) workspace: WorkspaceId,
    pub(super) workspace_slug: String,
    pub(super) tenant: TenantRecord,
}

impl FromRow for Door {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            id: InvitationId(row.get("door_id")?),
            email: row.get("door_email")?,
            role: word(row, "door_role")?,
            mailed: row.get("door_mailed")?,
            workspace: WorkspaceId(row.get("door_workspace_id")?),
            workspace_slug: row.get("door_workspace")?,
            tenant: TenantRecord::from_row(row)?,
        })
    }
}

/// By the hash of the link's token. Whatever keeps it shut, it is absent.
pub(super) async fn door(tx: &ControlTx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Door>> {
    Ok(tx
        .optional(
            select_tenant_with!(
                "find_door",
                ", i.id AS door_id, i.email AS door_email, i.role AS door_role, i.mailed AS door_mailed, w.id AS door_workspace_id, w.slug AS door_workspace",
                "JOIN invitations i ON i.tenant_id = t.id JOIN workspaces w ON w.id = i.workspace_id
                 WHERE i.token_hash = $1 AND i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2
                   AND w.archived_at IS NULL AND t.status = 'active'"
            ),
            &[&token_hash.to_vec(), &now],
        )
        .await?)
}

struct PreviewRow(InvitationPreview);

impl FromRow for PreviewRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(InvitationPreview {
            tenant: row.get("tenant")?,
            tenant_name: row.get("tenant_name")?,
            workspace: row.get("workspace")?,
            workspace_name: row.get("workspace_name")?,
            role: word(row, "role")?,
            email: row.get("email")?,
            invited_by: row.get("invited_by")?,
            expires_at: row.get("expires_at")?,
        }))
    }
}

/// The same door, to look at.
pub(super) async fn preview(
    tx: &ControlTx,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<InvitationPreview>> {
    let row: Option<PreviewRow> = tx
        .optional(
            "-- invitations::preview
             SELECT t.slug AS tenant, t.name AS tenant_name, w.slug AS workspace, w.name AS workspace_name, i.role, i.email, u.name AS invited_by,
                    i.expires_at
             FROM invitations i JOIN tenants t ON t.id = i.tenant_id JOIN workspaces w ON w.id = i.workspace_id LEFT JOIN users u ON u.id = i.invited_by
             WHERE i.token_hash = $1 AND i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2
               AND w.archived_at IS NULL AND t.status = 'active'",
            &[&token_hash.to_vec(), &now],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// Shuts it behind whoever went through. False where somebody did before.
pub(super) async fn shut(tx: &ControlTx, id: InvitationId, user: UserId, now: DateTime<Utc>) -> Result<bool> {
    let rows = tx
        .query(
            "-- invitations::shut
             UPDATE invitations SET used_at = $3, used_by = $2
             WHERE id = $1 AND used_at IS NULL AND revoked_at IS NULL RETURNING 1::bigint AS rows",
            &[&id.0, &user.0, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}
