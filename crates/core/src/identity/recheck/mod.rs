//! Whether whoever asks still may, asked in the transaction of what they do.
//!
//! Owns: nothing. Calls: authz, look, pg. Called by: keys, grants, people, after `registry::store::change_access`; provisioning's update and life, and what operators do with each other.
//! Invariants: who was demoted, removed or suspended while their request was on its way is refused, whatever their server remembers
//! (`a_demoted_admin_makes_no_key`, `a_removed_member_changes_nothing`, `a_demoted_operator_makes_no_key`, `a_demoted_operator_changes_no_tenant`). After a crash: nothing is left.

mod store;

use super::look;
use crate::{
    Error, Result,
    authz::{Action, Actor, TenantScope},
    ctx::Ctx,
};
use tenantry_pg::ControlTx;
use tenantry_types::{ErrorCode, Role, UserId};

/// A member, as they are in the transaction.
pub(crate) struct Now {
    pub(crate) user: UserId,
    pub(crate) role: Role,
}

/// What the member is now. First the tenant's row must be held, so that it stays so until the transaction ends.
///
/// # Errors
/// 403 where the member may not do any more what the scope was minted for, and for everybody who is no member.
pub(crate) async fn still_may(tx: &ControlTx, scope: &TenantScope) -> Result<Now> {
    let Actor::Member(member) = scope.actor() else {
        return Err(forbidden("This is for people who are members."));
    };
    let user = member.person.id;
    let role = store::role_now(tx, user, scope.workspace_id()).await?;
    let role = role.ok_or_else(|| forbidden("You are not a member of the workspace any more."))?;
    let mut now = member.clone();
    now.place.role = role;
    Actor::Member(now).may(scope.action())?;
    Ok(Now { user, role })
}

/// The operator as they are now.
///
/// # Errors
/// 403 where they may not do that any more, or are no operator.
pub(crate) async fn operator_may(tx: &ControlTx, ctx: &Ctx, actor: &Actor, action: Action) -> Result<Actor> {
    let gone = || Error::refused(ErrorCode::Forbidden, "You are no operator any more.");
    let now = look::again_in(tx, ctx, actor).await?.ok_or_else(gone)?;
    now.may(action)?;
    Ok(now)
}

fn forbidden(detail: &str) -> Error {
    Error::refused(ErrorCode::Forbidden, detail)
}
