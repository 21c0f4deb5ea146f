//! Who an identity is just now: its row, its place, its role, read anew.
//!
//! Owns: nothing; reads users, memberships, `api_keys`, sessions, operators, `access_grants` with the tenant. Calls: registry's columns. Called by: identity's gate
//! and tokens, tenancy before a write that came too late.
//! Invariants: what has expired, was revoked, removed, disabled or archived is absent, all alike; found by public id or hash, compared in constant time.
//! After a crash: nothing is left.

mod store;

pub(crate) use store::{KeyBy, Standing, granted, key, member, operator, person};

use crate::{
    Error, Result,
    authz::{Actor, ProvenBy},
    ctx::Ctx,
};
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{ErrorCode, UserId};

/// One text for every identity that does not hold.
pub(crate) fn refused() -> Error {
    Error::refused(ErrorCode::Unauthenticated, "The token is not valid, has expired or was revoked.")
}

/// The same identity as it is now.
///
/// # Errors
/// 401 where it is none any more.
pub async fn again(platform: &Pool, ctx: &Ctx, actor: &Actor) -> Result<Actor> {
    let input = (ctx.clone(), actor.clone());
    platform
        .run("look_again", input, |tx, (ctx, actor)| Box::pin(again_in(tx, ctx, actor)))
        .await?
        .ok_or_else(refused)
}

pub(crate) async fn again_in(tx: &ControlTx, ctx: &Ctx, actor: &Actor) -> Result<Option<Actor>> {
    let now = ctx.now();
    let standing = |user: UserId, proven_by: &ProvenBy| Standing { user, proven_by: proven_by.clone(), now };
    Ok(match actor {
        Actor::System => Some(Actor::System),
        Actor::ApiKey(held) => {
            key(tx, &KeyBy::Id(held.id), now).await?.map(|(key, _)| Actor::ApiKey(Box::new(key)))
        }
        Actor::Granted(held) => granted(tx, Some(held.grant), &[], now)
            .await?
            .map(|(granted, _)| Actor::Granted(Box::new(granted))),
        Actor::Member(held) => {
            member(tx, &standing(held.person.id, &held.person.proven_by), held.place.workspace)
                .await?
                .map(|member| Actor::Member(Box::new(member)))
        }
        Actor::User(held) => {
            person(tx, &standing(held.id, &held.proven_by)).await?.map(|person| Actor::User(Box::new(person)))
        }
        Actor::Operator(held) => match &held.person {
            None => Some(actor.clone()),
            Some(held) => operator(tx, &standing(held.id, &held.proven_by))
                .await?
                .map(|operator| Actor::Operator(Box::new(operator))),
        },
    })
}
