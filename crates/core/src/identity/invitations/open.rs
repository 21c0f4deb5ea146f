//! An open invitation as it is made: counted, written, mailed, told.
//!
//! Owns: nothing; writes through store. Calls: members, mail, audit. Called by: invitations, join.
//! Invariants: the tenant is held by whoever calls, so that nobody counts the same place twice (`sixty_four_invitations_meet_the_limit`).
//! After a crash: see the module.

use super::{Email, People, Token, members, post, room, store};
use crate::{
    Result,
    audit::{self, Deed},
    ctx::Request,
    registry::TenantRecord,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use tenantry_pg::ControlTx;
use tenantry_types::{
    InvitationId, Role, UserId, WorkspaceId,
    identity::{Invitation, InvitationStatus},
};

pub(super) struct Open<'a> {
    pub(super) id: InvitationId,
    /// Under its lock.
    pub(super) tenant: &'a TenantRecord,
    pub(super) workspace: WorkspaceId,
    pub(super) email: &'a Email,
    pub(super) role: Role,
    /// None: whoever is invited asked for it.
    pub(super) by: Option<UserId>,
    pub(super) mailed: bool,
    pub(super) expires_at: DateTime<Utc>,
}

impl Open<'_> {
    /// Writes it, with its mail where there is one. The answer is without the link.
    pub(super) async fn write(
        &self,
        tx: &ControlTx,
        people: &People,
        request: &Request,
        token: &Token,
    ) -> Result<Invitation> {
        let now = people.ctx.now();
        let used = members::store::in_workspace(tx, self.workspace).await?
            + store::open_in_workspace(tx, self.workspace, now).await?;
        room(tx, self.tenant, used).await?;
        store::insert_open(tx, self, token.hash(), now).await?;
        if self.mailed {
            let link = token.link(&people.public_url);
            post(tx, people, self.tenant, self.email, &link, self.expires_at).await?;
        }
        let deed = Deed {
            tenant: Some(self.tenant.id),
            workspace: Some(self.workspace),
            action: "invitation.create",
            target_kind: "invitation",
            target: self.id.to_string(),
            after: Some(json!({"role": self.role, "mailed": self.mailed, "expires_at": self.expires_at})),
            ..Deed::default()
        };
        audit::record(tx, &people.ctx, request, &deed).await?;
        Ok(Invitation {
            id: self.id,
            email: self.email.to_string(),
            role: self.role,
            workspace_id: self.workspace,
            status: InvitationStatus::Open,
            mailed: self.mailed,
            created_at: now,
            expires_at: self.expires_at,
            link: None,
        })
    }
}

/// The highest role that an open invitation offers this address in the workspace.
pub(super) async fn of_address(
    tx: &ControlTx,
    workspace: WorkspaceId,
    email: &Email,
    now: DateTime<Utc>,
) -> Result<Option<Role>> {
    Ok(store::roles_open_to(tx, workspace, email.as_str(), now).await?.into_iter().max())
}
