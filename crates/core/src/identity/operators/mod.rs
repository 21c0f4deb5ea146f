//! Operators: users of the platform itself.
//!
//! Owns: operators. Calls: users, passwords, recheck, grants, audit, idempotency, access. Called by: server's operator operations, its `bootstrap-operator`.
//! Invariants: nobody changes or removes themselves, and no person takes the last admin away (`two_admins_do_not_remove_each_other`); who was
//! removed or demoted is refused at once, and their grants end (`a_removed_operator_is_out_at_once`); who is locked after failed sign-ins signs in no
//! more, and works on (`guesses_end_no_operators_work_and_an_admin_does`); a user who never proved to have
//! their mailbox becomes no operator, since anybody may have made the account (`an_unproven_address_becomes_no_operator`).
//! After a crash: each is one transaction, done or not.

mod bootstrap;
mod change;
mod store;

pub use bootstrap::{Bootstrap, Bootstrapped, bootstrap, unlock};

use super::{
    Email, Paging,
    passwords::{Passwords, judge_new},
    recheck, users,
};
use crate::{
    Error, Fields, Result,
    access::{Access, News},
    audit::{self, Deed},
    authz::Action,
    ctx::{Ctx, Request},
    idempotency::{self, Answer, Once},
};
use serde_json::json;
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{
    ErrorCode, OperatorRole, TenantId, UserId,
    identity::{CreateOperator, Operator, Proof, UpdateOperator},
    page::Page,
};

/// The platform's operators. Cheap to clone.
#[derive(Clone)]
pub struct Operators {
    /// The platform's login.
    pub platform: Pool,
    /// Tells every server when an operator has changed.
    pub access: Access,
    /// Clock and ids.
    pub ctx: Ctx,
    /// Hashes the first password of a new user.
    pub passwords: Passwords,
}

/// Somebody who is to become an operator, checked.
#[derive(Clone)]
struct Draft {
    email: Email,
    name: String,
    role: OperatorRole,
    /// PHC string of the first password.
    hash: Option<String>,
}

impl Draft {
    /// Of what was asked for, with the password hashed.
    async fn of(
        passwords: &Passwords,
        email: &str,
        name: &str,
        role: &str,
        password: Option<&Proof>,
    ) -> Result<Self> {
        let mut fields = Fields::default();
        let known = [email, name];
        let email = fields.parsed("/email", email.parse::<Email>());
        fields.line("/name", name, 200);
        let role = fields.parsed("/role", role.parse::<OperatorRole>());
        if let Some(password) = password {
            judge_new(&mut fields, "/password", password, &known);
        }
        fields.check()?;
        let (Some(email), Some(role)) = (email, role) else {
            return Err(Error::Fault("checked fields are absent".to_owned()));
        };
        let hash = match password {
            Some(password) => Some(passwords.hash(password).await?),
            None => None,
        };
        Ok(Self { email, name: name.to_owned(), role, hash })
    }
}

impl Operators {
    /// A page of the operators, in the order in which they became users.
    ///
    /// # Errors
    /// 422 for a limit or cursor that cannot be.
    pub async fn list(&self, paging: &Paging) -> Result<Page<Operator>> {
        let slice = paging.parse::<UserId>()?;
        let items = self
            .platform
            .run("list_operators", slice, |tx, slice| Box::pin(store::list(tx, slice.after, slice.rows())))
            .await?;
        Ok(slice.page(items, |operator| operator.user_id))
    }

    /// Makes a user an operator, or a new user who is one; with `once`, once however often it is asked for.
    ///
    /// # Errors
    /// 409 for whoever is one already, is disabled, or never proved to have the mailbox; 422 for bad fields, for a new user without a password and
    /// for a known one with it; 503 when too many passwords are hashed; those of [`idempotency::begin`].
    pub async fn create(
        &self,
        request: &Request,
        once: Option<Once>,
        wish: CreateOperator,
    ) -> Result<Answer<Operator>> {
        let CreateOperator { email, name, role, password } = &wish;
        let draft = Draft::of(&self.passwords, email, name, role, password.as_ref()).await?;
        let input = (self.ctx.clone(), request.clone(), once, draft);
        self.platform
            .run("create_operator", input, |tx, (ctx, request, once, draft)| {
                Box::pin(async move {
                    let once = once.as_ref();
                    if let Some(kept) = idempotency::begin(tx, ctx, once).await? {
                        return kept.read().map(Answer::again);
                    }
                    recheck::operator_may(tx, ctx, &request.actor, Action::WriteOperators).await?;
                    let made = create(tx, ctx, request, draft).await?;
                    idempotency::finish(tx, ctx, once, 201, &made).await?;
                    Ok(Answer::first(made))
                })
            })
            .await
    }

    /// Changes an operator's role, or lets a locked one sign in again. With `expected`, only that version.
    ///
    /// # Errors
    /// 403 for oneself and for whoever is no admin any more, 404 for who is no operator, 409 for the last admin, 412 for another version, 422
    /// for bad fields.
    pub async fn update(
        &self,
        request: &Request,
        id: UserId,
        expected: Option<i64>,
        wish: &UpdateOperator,
    ) -> Result<Operator> {
        let wanted = change::check(wish)?;
        let input = (self.ctx.clone(), request.clone(), id, expected, wanted);
        let done = self
            .access
            .change(
                &self.platform,
                "update_operator",
                input,
                |tx, (ctx, request, id, expected, wanted)| {
                    Box::pin(change::update(tx, ctx, request, *id, *expected, *wanted))
                },
                |(_, tenants): &(Operator, Vec<TenantId>)| News::everywhere().and(News::of(tenants.clone())),
            )
            .await;
        done.map(|(operator, _)| operator)
    }

    /// The user is an operator no longer, at once and everywhere; their access grants end. With `expected`, only that version.
    ///
    /// # Errors
    /// As for [`Self::update`].
    pub async fn remove(&self, request: &Request, id: UserId, expected: Option<i64>) -> Result<()> {
        let input = (self.ctx.clone(), request.clone(), id, expected);
        self.access
            .change(
                &self.platform,
                "remove_operator",
                input,
                |tx, (ctx, request, id, expected)| Box::pin(change::remove(tx, ctx, request, *id, *expected)),
                |tenants: &Vec<TenantId>| News::everywhere().and(News::of(tenants.clone())),
            )
            .await
            .map(drop)
    }
}

async fn create(tx: &ControlTx, ctx: &Ctx, request: &Request, draft: &Draft) -> Result<Operator> {
    let id = match users::store::by_email(tx, &draft.email).await? {
        Some(user) => known_user(tx, &user, draft).await?,
        None => new_user(tx, ctx, draft).await?,
    };
    store::upsert(tx, id, draft.role, ctx.now()).await?;
    let deed = Deed {
        action: "operator.create",
        target_kind: "operator",
        target: id.to_string(),
        after: Some(json!({"role": draft.role})),
        ..Deed::default()
    };
    audit::record(tx, ctx, request, &deed).await?;
    store::find(tx, id).await?.ok_or_else(|| Error::Fault("a new operator is not there".to_owned()))
}

async fn known_user(tx: &ControlTx, user: &users::User, draft: &Draft) -> Result<UserId> {
    let conflict = |detail: &str| Err(Error::refused(ErrorCode::Conflict, detail));
    let standing = store::standing(tx, user.id).await?;
    if standing == Some(store::Standing::Present) {
        return conflict("The user is an operator already.");
    }
    if user.disabled_at.is_some() {
        return conflict("The user is disabled.");
    }
    // Who was one before was known then.
    if user.email_verified_at.is_none() && standing.is_none() {
        return conflict(
            "A user of this address exists who never proved to have its mailbox; whose account that is, nobody knows.",
        );
    }
    if draft.hash.is_some() {
        let mut fields = Fields::default();
        fields.wrong(
            "/password",
            "not_allowed",
            "the user exists and keeps the password they have: leave it out",
        );
        fields.check()?;
    }
    Ok(user.id)
}

async fn new_user(tx: &ControlTx, ctx: &Ctx, draft: &Draft) -> Result<UserId> {
    if draft.hash.is_none() {
        let mut fields = Fields::default();
        fields.wrong("/password", "required", "must be given: there is no user of this address yet");
        fields.check()?;
    }
    let id = UserId(ctx.uuid());
    let user = users::NewUser {
        id,
        email: &draft.email,
        name: &draft.name,
        email_verified: false,
        password_hash: draft.hash.as_deref(),
    };
    if users::store::insert(tx, &user, ctx.now()).await? {
        return Ok(id);
    }
    Err(Error::refused(ErrorCode::Conflict, "A user of this address was made just now.")
        .next("Send the request again, without a password."))
}
