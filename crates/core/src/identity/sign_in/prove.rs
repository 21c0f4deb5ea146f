//! Sign-in's accounts, for who accepts an invitation.
//!
//! Owns: nothing. Calls: sign-in. Called by: invitations, through [`Accounts`].
//! Invariants: failures count like those of signing in, and tell as little (`an_account_needs_its_password`). After a crash: nothing is left.

use super::{SignIn, Visit};
use crate::{
    Result,
    identity::{
        Email,
        accounts::{Accounts, Visitor},
    },
};
use tenantry_pg::BoxFuture;
use tenantry_types::{UserId, identity::Proof};

impl Accounts for SignIn {
    fn prove<'a>(
        &'a self,
        visitor: &'a Visitor,
        email: &'a Email,
        password: &'a Proof,
    ) -> BoxFuture<'a, Result<UserId>> {
        Box::pin(async move {
            let Visitor { request_id, address } = visitor.clone();
            self.prove(&Visit { request_id, address, user_agent: None }, email, password).await
        })
    }

    fn hash_new<'a>(&'a self, password: &'a Proof, known: Vec<String>) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { self.hash_new(password, &known).await })
    }
}
