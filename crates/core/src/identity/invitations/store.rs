//! SQL of invitations.
//!
//! Owns: `invitations`. Calls: pg. Called by: identity's invitations, provisioning.
//! Invariants: of a token its hash is written and nothing else. After a crash: one transaction or none.

use super::NewInvitation;
use crate::Result;
use chrono::{DateTime, Utc};
use tenantry_pg::ControlTx;

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
