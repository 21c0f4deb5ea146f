//! The first operator, and the way back in: for whoever holds the owner's database.
//!
//! Owns: nothing. Calls: store, users, passwords, audit. Called by: `tenantry bootstrap-operator`.
//! Invariants: the rules are those of the API: a known user keeps their password, and one who never proved to have the mailbox becomes no
//! operator (`the_first_operator_is_made_without_a_token`). After a crash: one transaction or none.

use super::{Draft, create, store};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::Actor,
    ctx::{Ctx, Request},
    identity::{Email, passwords::Passwords, users},
};
use serde_json::json;
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{
    ErrorCode, OperatorRole, UserId,
    identity::{Operator, Proof},
};

/// Who is to become an operator, or be let in again.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// The address they sign in with.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: OperatorRole,
    /// Their first password; only for a user who is new.
    pub password: Option<Proof>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bootstrapped {
    /// They are an operator now.
    Made(Operator),
    /// They could be known by that address already; their own password was left as it is.
    MadeOfUser(Operator),
}

/// Makes an operator through the owner's login.
///
/// # Errors
/// As for [`super::Operators::create`].
pub async fn bootstrap(
    owner: &Pool,
    ctx: &Ctx,
    passwords: &Passwords,
    wish: Bootstrap,
) -> Result<Bootstrapped> {
    let Bootstrap { email, name, role, password } = wish;
    let draft = Draft::of(passwords, &email, &name, role.as_str(), password.as_ref()).await?;
    owner
        .run("bootstrap_operator", (ctx.clone(), draft), |tx, (ctx, draft)| {
            Box::pin(async move {
                let known = users::store::by_email(tx, &draft.email).await?.is_some();
                // The password of the command line is for a new user; a known one keeps theirs.
                let hash = draft.hash.clone().filter(|_| !known);
                let made = create(tx, ctx, &by_owner(), &Draft { hash, ..draft.clone() }).await?;
                Ok(if known { Bootstrapped::MadeOfUser(made) } else { Bootstrapped::Made(made) })
            })
        })
        .await
}

/// Lets a locked operator sign in again, through the owner's login. Repeatable.
///
/// # Errors
/// 404 where nobody of that address is an operator, 422 for an address that is none.
pub async fn unlock(owner: &Pool, ctx: &Ctx, email: &str) -> Result<Operator> {
    let mut fields = Fields::default();
    let email = fields.parsed("/email", email.parse::<Email>());
    fields.check()?;
    owner
        .run("unlock_operator", (ctx.clone(), email), |tx, (ctx, email)| {
            Box::pin(async move {
                let absent = || Error::refused(ErrorCode::NotFound, "No operator has this address.");
                let user = match email {
                    Some(email) => users::store::by_email(tx, email).await?,
                    None => None,
                };
                unlock_in(tx, ctx, user.ok_or_else(absent)?.id).await?.ok_or_else(absent)
            })
        })
        .await
}

async fn unlock_in(tx: &ControlTx, ctx: &Ctx, id: UserId) -> Result<Option<Operator>> {
    let Some(found) = store::hold(tx, id).await? else { return Ok(None) };
    if found.locked_at.is_none() {
        return Ok(Some(found));
    }
    let deed = Deed {
        action: "operator.update",
        target_kind: "operator",
        target: id.to_string(),
        before: Some(json!({"role": found.role, "locked": true})),
        after: Some(json!({"role": found.role, "locked": false})),
        ..Deed::default()
    };
    audit::record(tx, ctx, &by_owner(), &deed).await?;
    store::update(tx, id, found.role, true, ctx.now()).await
}

fn by_owner() -> Request {
    Request { actor: Actor::System, request_id: "bootstrap-operator".to_owned(), address: None }
}
