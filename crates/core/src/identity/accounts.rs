//! Accounts, as far as accepting an invitation needs them: a password that is right, and one that will do.
//!
//! Owns: nothing. Calls: nothing; sign-in brings the accounts. Called by: invitations; the gate.
//! Invariants: a failure tells as little as one to sign in (`an_account_needs_its_password`). After a crash: nothing is left.

use super::Email;
use crate::{Result, authz::Actor, ctx::Request};
use std::net::IpAddr;
use tenantry_pg::BoxFuture;
use tenantry_types::{UserId, identity::Proof};

/// Somebody of whom nothing is known but where the request came from.
#[derive(Debug, Clone, Default)]
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
