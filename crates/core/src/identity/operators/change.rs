//! Changing and removing operators.
//!
//! Owns: nothing. Calls: store, recheck, grants, registry, audit. Called by: operators.
//! Invariants: changes of admins come one after the other, each sees what the one before left (`two_admins_do_not_remove_each_other`).
//! After a crash: one transaction or none.

use super::store;
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::Action,
    ctx::{Ctx, Request},
    identity::{grants, recheck},
    registry,
};
use serde_json::{Value, json};
use tenantry_pg::ControlTx;
use tenantry_types::{
    ErrorCode, OperatorRole, Role, TenantId, UserId,
    identity::{Operator, UpdateOperator},
};

/// What is to change; `None` stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    role: Option<OperatorRole>,
    unlock: bool,
}

pub(super) fn check(wish: &UpdateOperator) -> Result<Wanted> {
    let mut fields = Fields::default();
    let role = wish.role.as_deref().and_then(|role| fields.parsed("/role", role.parse::<OperatorRole>()));
    if wish.locked == Some(true) {
        fields.wrong("/locked", "not_allowed", "can only be set to false; DELETE keeps an operator out");
    }
    fields.check()?;
    Ok(Wanted { role, unlock: wish.locked == Some(false) })
}

/// The operator as they are now, and the tenants in which grants of theirs have ended.
pub(super) async fn update(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    id: UserId,
    expected: Option<i64>,
    wanted: Wanted,
) -> Result<(Operator, Vec<TenantId>)> {
    let admins = store::hold_admins(tx).await?;
    let before = target(tx, ctx, request, id, expected).await?;
    let role = wanted.role.unwrap_or(before.role);
    let unlock = wanted.unlock && before.locked_at.is_some();
    if role == before.role && !unlock {
        return Ok((before, Vec::new()));
    }
    if role < OperatorRole::Admin {
        keep_an_admin(request, &admins, id)?;
    }
    let after = store::update(tx, id, role, unlock, ctx.now())
        .await?
        .ok_or_else(|| Error::Fault("an operator went away while held".to_owned()))?;
    // What the new role could not ask for ends.
    let most = match role {
        OperatorRole::Admin => Some(Role::Admin),
        OperatorRole::Support => Some(Role::Viewer),
        OperatorRole::Auditor => None,
    };
    let tenants = end_grants(tx, ctx, request, id, most).await?;
    let told = |operator: &Operator| json!({"role": operator.role, "locked": operator.locked_at.is_some()});
    record(tx, ctx, request, "operator.update", id, (Some(told(&before)), Some(told(&after)))).await?;
    Ok((after, tenants))
}

/// The tenants in which grants of theirs have ended.
pub(super) async fn remove(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    id: UserId,
    expected: Option<i64>,
) -> Result<Vec<TenantId>> {
    let admins = store::hold_admins(tx).await?;
    let before = target(tx, ctx, request, id, expected).await?;
    keep_an_admin(request, &admins, id)?;
    store::remove(tx, id, ctx.now()).await?;
    let tenants = end_grants(tx, ctx, request, id, None).await?;
    record(tx, ctx, request, "operator.remove", id, (Some(json!({"role": before.role})), None)).await?;
    Ok(tenants)
}

/// The operator to change, whom nobody else changes until the transaction ends.
async fn target(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    id: UserId,
    expected: Option<i64>,
) -> Result<Operator> {
    recheck::operator_may(tx, ctx, &request.actor, Action::WriteOperators).await?;
    let found = store::hold(tx, id).await?.ok_or_else(Error::not_found)?;
    if request.actor.person().is_some_and(|person| person.id == id) {
        return Err(Error::refused(ErrorCode::Forbidden, "Nobody changes or removes themselves.")
            .next("Ask another admin."));
    }
    if expected.is_some_and(|version| version != found.version) {
        let detail = format!("The operator is at version {} by now.", found.version);
        return Err(
            Error::refused(ErrorCode::VersionMismatch, detail).next("Read the list again, and decide again.")
        );
    }
    Ok(found)
}

/// Whoever holds the token of the configuration stays an admin, whatever becomes of the people.
fn keep_an_admin(request: &Request, admins: &[UserId], leaving: UserId) -> Result<()> {
    let left = admins.iter().any(|admin| *admin != leaving);
    if left || request.actor.person().is_none() {
        return Ok(());
    }
    Err(Error::refused(ErrorCode::Conflict, "That would leave nobody who is an admin and can sign in."))
}

async fn end_grants(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    id: UserId,
    most: Option<Role>,
) -> Result<Vec<TenantId>> {
    let tenants = grants::end_of_operator(tx, ctx, request, id, most).await?;
    for tenant in &tenants {
        registry::store::change_access(tx, *tenant).await?;
    }
    Ok(tenants)
}

async fn record(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    action: &'static str,
    id: UserId,
    (before, after): (Option<Value>, Option<Value>),
) -> Result<()> {
    let deed =
        Deed { action, target_kind: "operator", target: id.to_string(), before, after, ..Deed::default() };
    audit::record(tx, ctx, request, &deed).await
}
