//! Accounts, as far as accepting an invitation needs them: a password that is right, and one that will do.
//!
//! Owns: nothing. Calls: passwords, users. Called by: invitations.
//! Invariants: a failure tells as little as one to sign in (`an_account_needs_its_password`). After a crash: nothing is left.

use super::{
    Email, Passwords,
    passwords::{Verdict, judge_new},
    users,
};
use crate::{Error, Fields, Result, authz::Actor, ctx::Request};
use std::net::IpAddr;
use tenantry_pg::{BoxFuture, Pool};
use tenantry_types::{ErrorCode, UserId, identity::Proof};

/// Somebody of whom nothing is known but where the request came from.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The id that the caller was given.
    pub request_id: String,
    /// The client's address, as far as trusted proxies tell it.
    pub address: Option<IpAddr>,
}

impl Visitor {
    /// The request of whoever that turned out to be.
    pub(super) fn by(&self, actor: Actor) -> Request {
        Request { actor, request_id: self.request_id.clone(), address: self.address }
    }
}

/// Proves and makes accounts by their passwords.
pub trait Accounts: Send + Sync + 'static {
    /// Whose address and password these are.
    ///
    /// # Errors
    /// 401 `bad_credentials` with one text for all that is wrong, 429 after failures, 503 where too many wait.
    fn prove<'a>(
        &'a self,
        visitor: &'a Visitor,
        email: &'a Email,
        password: &'a Proof,
    ) -> BoxFuture<'a, Result<UserId>>;

    /// The hash of a new account's password. `known` is what anybody would guess first.
    ///
    /// # Errors
    /// 422 at `/password` for one that is too short or too easy, 503 where too many wait.
    fn hash_new<'a>(&'a self, password: &'a Proof, known: Vec<String>) -> BoxFuture<'a, Result<String>>;
}

/// Accounts of our own users.
pub struct OwnAccounts {
    /// The platform login.
    pub platform: Pool,
    /// Hashes and compares.
    pub passwords: Passwords,
}

impl Accounts for OwnAccounts {
    fn prove<'a>(
        &'a self,
        _: &'a Visitor,
        email: &'a Email,
        password: &'a Proof,
    ) -> BoxFuture<'a, Result<UserId>> {
        Box::pin(async move {
            let user = self
                .platform
                .run("find_account", email.clone(), |tx, email| Box::pin(users::store::by_email(tx, email)))
                .await?;
            let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
            let right = self.passwords.check(password, hash).await? != Verdict::Wrong;
            let user = user.filter(|user| right && user.disabled_at.is_none());
            user.map(|user| user.id).ok_or_else(|| {
                Error::refused(ErrorCode::BadCredentials, "Address and password do not belong together.")
            })
        })
    }

    fn hash_new<'a>(&'a self, password: &'a Proof, known: Vec<String>) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let mut fields = Fields::default();
            judge_new(&mut fields, "/password", password, &known);
            fields.check()?;
            self.passwords.hash(password).await
        })
    }
}
