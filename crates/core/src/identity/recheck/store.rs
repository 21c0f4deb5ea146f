//! SQL of the second look at a member.
//!
//! Owns: nothing; reads memberships, workspaces, tenants. Calls: pg. Called by: recheck. Invariants: see the module. After a crash: nothing is left.

use crate::{Result, registry::store::word};
use tenantry_pg::ControlTx;
use tenantry_types::{Role, UserId, WorkspaceId};

/// What the member is in the workspace, while both it and its tenant serve.
pub(super) async fn role_now(tx: &ControlTx, user: UserId, workspace: WorkspaceId) -> Result<Option<Role>> {
    let rows = tx
        .query(
            "-- recheck::role_now
             SELECT m.role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id JOIN tenants t ON t.id = m.tenant_id
             WHERE m.user_id = $1 AND m.workspace_id = $2 AND w.archived_at IS NULL AND t.status = 'active'",
            &[&user.0, &workspace.0],
        )
        .await?;
    rows.first().map(|row| Ok(word(row, "role")?)).transpose()
}
