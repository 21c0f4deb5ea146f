//! `operator list`, `create`, `set-role`, `unlock`, `remove`.
//!
//! Owns: how an operator looks. Calls: /v1/operators. Called by: dispatch.
//! Invariants: a first password is typed twice and printed nowhere (`an_operator_is_made_with_a_first_password`); removal wants the name again
//! (`nothing_of_people_is_destroyed_unasked`). After a crash: nothing is left.

use super::{Ctx, confirm, lists, secret};
use crate::{
    api::Answer,
    args::{PagingArgs, identity::CreateOperatorArgs},
    outcome::{Exit, Failure},
    render::{facts, short, table, when},
};
use chrono::{DateTime, Utc};
use tenantry_types::{
    UserId,
    identity::{CreateOperator, Operator, UpdateOperator},
};

const OPERATORS: &str = "/v1/operators";

/// `operator list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, paging: &PagingArgs) -> Result<Exit, Failure> {
    let page = lists::page::<Operator>(ctx, OPERATORS, &[], paging)?;
    lists::show(ctx, &page, "no operators", |operators, now| {
        table(
            ["user", "email", "name", "role", "locked"],
            operators.iter().map(|operator| {
                [
                    operator.user_id.to_string(),
                    short(&operator.email),
                    short(&operator.name),
                    operator.role.to_string(),
                    operator.locked_at.map_or_else(|| "-".to_owned(), |at| when(at, now)),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `operator create`.
pub(crate) fn create(ctx: &mut Ctx<'_, '_>, args: &CreateOperatorArgs) -> Result<Exit, Failure> {
    let password = if args.password_stdin || ctx.world.input_is_terminal {
        secret::ask_new(ctx, "First password, empty for a user who has one", args.password_stdin)?
    } else {
        None
    };
    let wish = CreateOperator {
        email: args.email.clone(),
        name: args.name.clone(),
        role: args.role.to_lowercase(),
        password,
    };
    let answer = ctx.api.post::<_, Operator>(OPERATORS, &wish)?;
    shown(ctx, &answer)
}

/// `operator set-role`.
pub(crate) fn set_role(ctx: &mut Ctx<'_, '_>, operator: &str, role: &str) -> Result<Exit, Failure> {
    update(ctx, operator, &UpdateOperator { role: Some(role.to_lowercase()), locked: None })
}

/// `operator unlock`.
pub(crate) fn unlock(ctx: &mut Ctx<'_, '_>, operator: &str) -> Result<Exit, Failure> {
    update(ctx, operator, &UpdateOperator { role: None, locked: Some(false) })
}

/// `operator remove`.
pub(crate) fn remove(ctx: &mut Ctx<'_, '_>, operator: &str) -> Result<Exit, Failure> {
    let id = find(ctx, operator)?;
    confirm::ask(ctx, operator, &format!("{operator} will operate the platform no longer"))?;
    ctx.remove(&format!("{OPERATORS}/{id}"), &format!("{operator} is no operator any more"))
}

fn update(ctx: &mut Ctx<'_, '_>, operator: &str, wish: &UpdateOperator) -> Result<Exit, Failure> {
    let path = format!("{OPERATORS}/{}", find(ctx, operator)?);
    let answer = ctx.api.patch::<_, Operator>(&path, wish)?;
    shown(ctx, &answer)
}

fn shown(ctx: &mut Ctx<'_, '_>, answer: &Answer<Operator>) -> Result<Exit, Failure> {
    let operator = &answer.value;
    let locked = |now: DateTime<Utc>| operator.locked_at.map_or_else(|| "no".to_owned(), |at| when(at, now));
    ctx.result(&answer.text, |now| {
        facts(&[
            ("operator", format!("{} ({})", operator.email, operator.user_id)),
            ("name", operator.name.clone()),
            ("role", operator.role.to_string()),
            ("locked", locked(now)),
        ])
    })?;
    Ok(Exit::Done)
}

fn find(ctx: &Ctx<'_, '_>, name: &str) -> Result<UserId, Failure> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let is = |operator: &Operator| operator.email.eq_ignore_ascii_case(name);
    Ok(lists::find(ctx, OPERATORS, &[], is, || format!("no operator has the address {name}"))?.user_id)
}
