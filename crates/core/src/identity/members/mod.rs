//! Members: who is what in which workspace.
//!
//! Owns: `memberships`, `former_members`. Calls: people, invitations, registry, audit, pg. Called by: server, invitations, workspaces.
//! Invariants: nobody gives or takes more than they have (`nobody_gives_or_takes_more_than_they_have`); a workspace keeps an OWNER, whoever goes
//! (`the_last_owner_stays`, `two_owners_cannot_demote_each_other`); what a member who is demoted or gone had invited goes with them
//! (`what_a_removed_admin_invited_is_void`), and so does what had invited them (`whoever_was_removed_does_not_come_back_by_themselves`,
//! `whoever_was_demoted_keeps_the_lower_role`); a version never comes again (`a_version_never_comes_again`). After a crash: one transaction or none; see people.

mod cursor;
pub(crate) mod store;

use super::{
    Paging, invitations,
    people::{self, Caller, People, beyond},
};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::{TenantScope, may_assign},
    ctx::Request,
};
use cursor::Cursor;
use serde_json::json;
use tenantry_pg::ControlTx;
use tenantry_types::{
    ErrorCode, Role, UserId,
    identity::{Member, UpdateMember},
    page::Page,
};

/// A page of the workspace's members, the longest first.
///
/// # Errors
/// 422 for a limit or cursor that cannot be.
pub async fn list(people: &People, scope: &TenantScope, paging: &Paging) -> Result<Page<Member>> {
    let slice = paging.parse::<Cursor>()?;
    let input = (scope.workspace_id(), slice);
    let items = people
        .control
        .run_for(scope.tenant_id(), "list_members", input, |tx, (workspace, slice)| {
            Box::pin(store::list(tx, *workspace, slice.after, slice.rows()))
        })
        .await?;
    Ok(slice.page(items, Cursor::after))
}

/// Makes a member something else. With `expected`, only that version.
///
/// # Errors
/// 404 for whoever is no member of the workspace, 403 for more than the caller may, 409 for the last owner or a member whom an external issuer
/// manages, 412 for another version, 422 for no role.
pub async fn update(
    people: &People,
    request: &Request,
    scope: &TenantScope,
    user: UserId,
    expected: Option<i64>,
    wish: &UpdateMember,
) -> Result<Member> {
    let mut fields = Fields::default();
    let role = fields.parsed("/role", wish.role.parse::<Role>());
    fields.check()?;
    let role = role.ok_or_else(|| Error::Fault("a checked role is none".to_owned()))?;
    let change =
        Change { people: people.clone(), request: request.clone(), scope: scope.clone(), user, expected };
    people
        .change(scope, "update_member", (change, role), |tx, (change, role)| Box::pin(change.make(tx, *role)))
        .await
}

/// Takes a member out of the workspace. With `expected`, only that version. One whom an issuer manages that is configured no longer can be removed.
///
/// # Errors
/// Those of [`update`].
pub async fn remove(
    people: &People,
    request: &Request,
    scope: &TenantScope,
    user: UserId,
    expected: Option<i64>,
) -> Result<()> {
    let change =
        Change { people: people.clone(), request: request.clone(), scope: scope.clone(), user, expected };
    people
        .change(scope, "remove_member", change, |tx, change| Box::pin(change.remove(tx, "member.remove")))
        .await
}

/// Takes the caller out of the workspace.
///
/// # Errors
/// 409 for the last owner, or a member whom an external issuer manages.
pub async fn leave(people: &People, request: &Request, scope: &TenantScope) -> Result<()> {
    let user = scope.actor().person().map(|person| person.id).ok_or_else(Error::not_found)?;
    let change = Change {
        people: people.clone(),
        request: request.clone(),
        scope: scope.clone(),
        user,
        expected: None,
    };
    people
        .change(scope, "leave_workspace", change, |tx, change| Box::pin(change.remove(tx, "member.leave")))
        .await
}

struct Change {
    people: People,
    request: Request,
    scope: TenantScope,
    user: UserId,
    expected: Option<i64>,
}

impl Change {
    async fn make(&self, tx: &ControlTx, role: Role) -> Result<Member> {
        let caller = people::begin(tx, &self.scope).await?;
        let member = self.find(tx, Some(role)).await?;
        if !may_assign(caller.role, Some(member.role), Some(role)) {
            return Err(beyond(caller.role));
        }
        if member.role == role {
            return Ok(member);
        }
        self.keep_an_owner(tx, &member, Some(role)).await?;
        let workspace = self.scope.workspace_id();
        store::set_role(tx, workspace, self.user, role, self.people.ctx.now()).await?;
        self.void_invitations(tx, role).await?;
        if role < member.role {
            // One that is still open would lift them again.
            let (workspace, now) = (self.scope.workspace_id(), self.people.ctx.now());
            invitations::void_of_address(tx, workspace, &member.email, now).await?;
        }
        self.record(tx, "member.update", &member, Some(role)).await?;
        self.find_now(tx).await
    }

    async fn remove(&self, tx: &ControlTx, action: &'static str) -> Result<()> {
        let Caller { user, role, .. } = people::begin(tx, &self.scope).await?;
        let member = self.find(tx, None).await?;
        // Whoever goes by themselves needs nobody's leave.
        if !may_assign(role, Some(member.role), None) && user != self.user {
            return Err(beyond(role));
        }
        self.keep_an_owner(tx, &member, None).await?;
        let (workspace, now) = (self.scope.workspace_id(), self.people.ctx.now());
        let removed = user != self.user;
        store::delete(tx, workspace, self.user, removed.then_some(now)).await?;
        self.void_invitations(tx, Role::Viewer).await?;
        if removed {
            invitations::void_to_removed(tx, (self.scope.tenant_id(), workspace), &member.email, now).await?;
        }
        self.record(tx, action, &member, None).await
    }

    /// The member, where they may become something else, or nothing (`to` is none).
    async fn find(&self, tx: &ControlTx, to: Option<Role>) -> Result<Member> {
        let member = self.find_now(tx).await?;
        if self.expected.is_some_and(|expected| expected != member.version) {
            return Err(Error::refused(
                ErrorCode::VersionMismatch,
                format!("The member is at version {}.", member.version),
            )
            .next("Read it again, and send the change with its present ETag."));
        }
        match &member.managed_by {
            Some(issuer) if self.people.issuers.contains(issuer) => Err(Error::refused(
                ErrorCode::Conflict,
                format!("The membership is managed by {issuer}, which would say so again."),
            )
            .next("Change it there.")),
            // Nobody will ever say so again.
            Some(issuer) if to.is_some() => Err(Error::refused(
                ErrorCode::Conflict,
                format!("The membership was managed by {issuer}, which is configured here no longer."),
            )
            .next("Remove the member, and invite them.")),
            _ => Ok(member),
        }
    }

    async fn find_now(&self, tx: &ControlTx) -> Result<Member> {
        store::find(tx, self.scope.workspace_id(), self.user).await?.ok_or_else(Error::not_found)
    }

    /// The tenant is held, so nobody else goes at the same time.
    async fn keep_an_owner(&self, tx: &ControlTx, member: &Member, to: Option<Role>) -> Result<()> {
        let leaves = member.role == Role::Owner && to != Some(Role::Owner);
        if leaves && store::owners(tx, self.scope.workspace_id()).await? < 2 {
            return Err(Error::refused(ErrorCode::Conflict, "A workspace keeps at least one owner.")
                .next("Make somebody else an owner first."));
        }
        Ok(())
    }

    /// A way back in that nobody sees is no way to keep.
    async fn void_invitations(&self, tx: &ControlTx, role: Role) -> Result<()> {
        let workspace = self.scope.workspace_id();
        invitations::void_beyond(tx, workspace, self.user, role, self.people.ctx.now()).await
    }

    async fn record(
        &self,
        tx: &ControlTx,
        action: &'static str,
        member: &Member,
        to: Option<Role>,
    ) -> Result<()> {
        let deed = Deed {
            tenant: Some(self.scope.tenant_id()),
            workspace: Some(self.scope.workspace_id()),
            action,
            target_kind: "user",
            target: self.user.to_string(),
            before: Some(json!({"role": member.role})),
            after: to.map(|role| json!({"role": role})),
        };
        audit::record(tx, &self.people.ctx, &self.request, &deed).await
    }
}
