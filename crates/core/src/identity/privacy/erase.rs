//! Erasing a user.
//!
//! Owns: nothing. Calls: store, registry, look, audit, access. Called by: server.
//! Invariants: see the module; whoever erases is looked up again in the transaction of it (`a_demoted_operator_erases_nobody`). After a crash: done or not.

use super::store;
use crate::{
    Error, Fields, Result,
    access::{Access, News},
    audit::{self, Deed},
    authz::Action,
    ctx::{Ctx, Request},
    identity::{Email, look},
    registry,
};
use serde_json::json;
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{ErrorCode, TenantId, UserId};

/// Who is to be erased.
#[derive(Debug, Clone)]
pub enum Whose {
    /// Whoever asks, who says their own address again.
    Own(String),
    /// Another, for an operator.
    User(UserId),
}

/// Removes a user, and all that is known of them: memberships, identities elsewhere, sessions, tokens, invitations and mail to their address.
/// What they made for a tenant (keys, agents) is the tenant's and stays; the audit trail goes on to name an id that nobody has any more.
///
/// # Errors
/// 404 where there is no such user; 409 while they are an operator, or the last owner of a workspace; 422 when the address is another.
pub async fn erase(
    platform: &Pool,
    ctx: &Ctx,
    access: &Access,
    request: &Request,
    whose: &Whose,
) -> Result<()> {
    if let Whose::Own(confirm) = whose {
        let mut fields = Fields::default();
        fields.parsed("/confirm", confirm.parse::<Email>());
        fields.check()?;
    }
    let input = (ctx.clone(), request.clone(), whose.clone());
    access
        .change(
            platform,
            "erase_user",
            input,
            |tx, (ctx, request, whose)| Box::pin(erase_in(tx, ctx, request, whose)),
            |tenants: &Vec<TenantId>| News::everywhere().and(News::of(tenants.clone())),
        )
        .await
        .map(drop)
}

async fn erase_in(tx: &ControlTx, ctx: &Ctx, request: &Request, whose: &Whose) -> Result<Vec<TenantId>> {
    let (user, confirm) = match whose {
        Whose::Own(confirm) => (super::myself(&request.actor)?, Some(confirm)),
        Whose::User(user) => (*user, None),
    };
    // Tenants first, in order, then the user: the order of whoever makes a member.
    let tenants = store::tenants_of(tx, user).await?;
    for tenant in &tenants {
        registry::store::change_access(tx, *tenant).await?;
    }
    let email = store::lock(tx, user).await?.ok_or_else(Error::not_found)?;
    let now = look::again_in(tx, ctx, &request.actor).await?.ok_or_else(look::refused)?;
    now.may(if confirm.is_some() { Action::ManageSelf } else { Action::ManageUserData })?;
    if store::tenants_of(tx, user).await? != tenants {
        return Err(conflict("The user has just become a member elsewhere.").next("Send the request again."));
    }
    if let Some(confirm) = confirm {
        let same = confirm.parse::<Email>().is_ok_and(|confirm| confirm.as_str() == email);
        let mut fields = Fields::default();
        if !same {
            fields.wrong("/confirm", "other", "must be your own e-mail address");
        }
        fields.check()?;
    }
    refuse_needed(tx, user).await?;
    remove(tx, ctx, request, user, &email).await?;
    Ok(tenants)
}

/// Whoever others depend on stays until somebody else is there.
async fn refuse_needed(tx: &ControlTx, user: UserId) -> Result<()> {
    if store::is_operator(tx, user).await? {
        return Err(conflict("The user is an operator of the platform.")
            .next("DELETE /v1/operators/{id} makes them one no longer."));
    }
    let last = store::only_owner_of(tx, user).await?;
    if last.is_empty() {
        return Ok(());
    }
    let detail = format!("The user is the only owner of: {}.", last.join(", "));
    Err(conflict(&detail).next("Make somebody else an owner there, or have the tenant deleted."))
}

async fn remove(tx: &ControlTx, ctx: &Ctx, request: &Request, user: UserId, email: &str) -> Result<()> {
    let deed = Deed { target_kind: "user", target: user.to_string(), ..Deed::default() };
    for (tenant, workspace, role) in store::places(tx, user).await? {
        let left = Deed {
            tenant: Some(tenant),
            workspace: Some(workspace),
            action: "member.remove",
            before: Some(json!({"role": role})),
            after: Some(json!({"why": "erased"})),
            ..deed.clone()
        };
        audit::record(tx, ctx, request, &left).await?;
    }
    // Before the row goes: a grant without an operator would be the configured token's, and live on; an invitation without its maker would
    // let in whom nobody here invites any more.
    store::end_grants(tx, user, ctx.now()).await?;
    store::end_external(tx, user, ctx.now()).await?;
    store::take_back_invitations(tx, user, ctx.now()).await?;
    store::forget_address(tx, email).await?;
    store::forget_answers(tx, user, email).await?;
    store::delete(tx, user).await?;
    audit::record(tx, ctx, request, &Deed { action: "user.erase", ..deed }).await
}

fn conflict(detail: &str) -> Error {
    Error::refused(ErrorCode::Conflict, detail)
}
