//! SQL of memberships.
//!
//! Owns: `memberships`, `former_members`. Calls: pg. Called by: members, invitations, workspaces, people.
//! Invariants: with the control login row-level security adds the tenant to every statement; the workspace is named in each. After a crash: one
//! transaction or none.

use super::cursor::Cursor;
use crate::{Result, registry::store::word};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{Role, TenantId, UserId, WorkspaceId, identity::Member};
use uuid::Uuid;

struct MemberRow(Member);

impl FromRow for MemberRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(Member {
            user_id: UserId(row.get("user_id")?),
            email: row.get("email")?,
            name: row.get("name")?,
            role: word(row, "role")?,
            workspace_id: WorkspaceId(row.get("workspace_id")?),
            managed_by: row.get("managed_by")?,
            version: row.get("version")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        }))
    }
}

pub(super) async fn list(
    tx: &ControlTx,
    workspace: WorkspaceId,
    after: Option<Cursor>,
    rows: i64,
) -> Result<Vec<Member>> {
    let (at, user): (Option<DateTime<Utc>>, Option<Uuid>) =
        after.map(|after| (after.at, after.user.0)).unzip();
    let rows: Vec<MemberRow> = tx
        .all(
            "-- members::list
             SELECT m.user_id, u.email, u.name, m.role, m.workspace_id, m.managed_by, m.version, m.created_at, m.updated_at
             FROM memberships m JOIN users u ON u.id = m.user_id
             WHERE m.workspace_id = $1 AND ($2 IS NULL OR (m.created_at, m.user_id) > ($2, $3))
             ORDER BY m.created_at, m.user_id LIMIT $4",
            &[&workspace.0, &at, &user, &rows],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

pub(super) async fn find(tx: &ControlTx, workspace: WorkspaceId, user: UserId) -> Result<Option<Member>> {
    let row: Option<MemberRow> = tx
        .optional(
            "-- members::find
             SELECT m.user_id, u.email, u.name, m.role, m.workspace_id, m.managed_by, m.version, m.created_at, m.updated_at
             FROM memberships m JOIN users u ON u.id = m.user_id
             WHERE m.workspace_id = $1 AND m.user_id = $2",
            &[&workspace.0, &user.0],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// What a user is in a workspace that is not archived.
pub(crate) async fn role_of(tx: &ControlTx, user: UserId, workspace: WorkspaceId) -> Result<Option<Role>> {
    let rows = tx
        .query(
            "-- members::role_of
             SELECT m.role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
             WHERE m.user_id = $1 AND m.workspace_id = $2 AND w.archived_at IS NULL",
            &[&user.0, &workspace.0],
        )
        .await?;
    Ok(rows.first().map(|row| word(row, "role")).transpose()?)
}

/// Whether whoever has this address is a member of the workspace.
pub(crate) async fn has_address(tx: &ControlTx, workspace: WorkspaceId, email: &str) -> Result<bool> {
    let rows = tx
        .query(
            "-- members::has_address
             SELECT 1 AS one FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1 AND u.email = $2",
            &[&workspace.0, &email],
        )
        .await?;
    Ok(!rows.is_empty())
}

pub(super) async fn owners(tx: &ControlTx, workspace: WorkspaceId) -> Result<i64> {
    count(
        &tx.query(
            "-- members::owners
             SELECT count(*) AS rows FROM memberships WHERE workspace_id = $1 AND role = 'owner'",
            &[&workspace.0],
        )
        .await?,
    )
}

/// Whether a tenant has an owner, in whatever workspace.
pub(crate) async fn has_owner(tx: &ControlTx, tenant: TenantId) -> Result<bool> {
    let rows = tx
        .query(
            "-- members::has_owner
             SELECT 1 AS one FROM memberships WHERE tenant_id = $1 AND role = 'owner' LIMIT 1",
            &[&tenant.0],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Members of a workspace.
pub(crate) async fn in_workspace(tx: &ControlTx, workspace: WorkspaceId) -> Result<i64> {
    count(
        &tx.query(
            "-- members::in_workspace
             SELECT count(*) AS rows FROM memberships WHERE workspace_id = $1",
            &[&workspace.0],
        )
        .await?,
    )
}

fn count(rows: &[Row]) -> Result<i64> {
    Ok(rows.first().map(|row| row.get("rows")).transpose()?.unwrap_or(0))
}

/// Whether somebody removed the user from a workspace of the tenant, and nobody has invited them back there.
pub(crate) async fn is_barred(tx: &ControlTx, tenant: TenantId, user: UserId) -> Result<bool> {
    let rows = tx
        .query(
            "-- members::is_barred
             SELECT 1 AS one FROM former_members WHERE tenant_id = $1 AND user_id = $2 AND barred_at IS NOT NULL LIMIT 1",
            &[&tenant.0, &user.0],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The same of whoever has this address.
pub(crate) async fn is_address_barred(tx: &ControlTx, tenant: TenantId, email: &str) -> Result<bool> {
    let rows = tx
        .query(
            "-- members::is_address_barred
             SELECT 1 AS one FROM former_members f JOIN users u ON u.id = f.user_id
             WHERE f.tenant_id = $1 AND u.email = $2 AND f.barred_at IS NOT NULL LIMIT 1",
            &[&tenant.0, &email],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Makes a member, who is barred no longer. False where the user is one.
pub(crate) async fn insert(
    tx: &ControlTx,
    tenant: TenantId,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows = tx
        .query(
            "-- members::insert
             WITH back AS (
                 UPDATE former_members SET barred_at = NULL WHERE user_id = $3 AND workspace_id = $2 AND barred_at IS NOT NULL)
             INSERT INTO memberships (tenant_id, workspace_id, user_id, role, version, created_at, updated_at)
             VALUES ($1, $2, $3, $4,
                     coalesce((SELECT f.version + 1 FROM former_members f WHERE f.user_id = $3 AND f.workspace_id = $2), 1), $5, $5)
             ON CONFLICT (user_id, workspace_id) DO NOTHING RETURNING 1::bigint AS rows",
            &[&tenant.0, &workspace.0, &user.0, &role.as_str(), &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Another role, unless an external issuer manages the membership.
pub(crate) async fn set_role(
    tx: &ControlTx,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- members::set_role
         UPDATE memberships SET role = $3, version = version + 1, updated_at = $4
         WHERE workspace_id = $1 AND user_id = $2 AND managed_by IS NULL",
        &[&workspace.0, &user.0, &role.as_str(), &now],
    )
    .await?;
    Ok(())
}

/// Ends a membership; `barred` is when somebody else ended it.
pub(super) async fn delete(
    tx: &ControlTx,
    workspace: WorkspaceId,
    user: UserId,
    barred: Option<DateTime<Utc>>,
) -> Result<()> {
    tx.query(
        "-- members::delete
         WITH gone AS (
             DELETE FROM memberships WHERE workspace_id = $1 AND user_id = $2 RETURNING tenant_id, workspace_id, user_id, version)
         INSERT INTO former_members (tenant_id, workspace_id, user_id, version, barred_at)
         SELECT tenant_id, workspace_id, user_id, version, $3 FROM gone
         ON CONFLICT (user_id, workspace_id) DO UPDATE SET version = excluded.version, barred_at = excluded.barred_at",
        &[&workspace.0, &user.0, &barred],
    )
    .await?;
    Ok(())
}
