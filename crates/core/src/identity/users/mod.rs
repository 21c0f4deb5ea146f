//! Users: people, once each, whatever tenants they are members of.
//!
//! Owns: `users`. Calls: pg. Called by: identity's sign-in, invitations, external issuers, operators, privacy.
//! Invariants: one address is one user, in whatever case it is written (`case_does_not_make_another_user`, and the table's own constraint); a
//! password is kept as the PHC string of its hash and nothing else (`no_secret_of_a_sign_in_is_stored`). After a crash: a user exists whole or not at all.

pub(crate) mod store;

use super::Email;
use chrono::{DateTime, Utc};
use std::fmt;
use tenantry_types::UserId;

/// A user, as the row says.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    /// When the user proved to have the mailbox.
    pub(crate) email_verified_at: Option<DateTime<Utc>>,
    /// PHC string; none where the user signs in elsewhere, or has not set one.
    pub(crate) password_hash: Option<String>,
    /// Since when it is that one.
    pub(crate) password_set_at: Option<DateTime<Utc>>,
    /// From then on nothing of the user's works.
    pub(crate) disabled_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.id).finish()
    }
}

/// A user to be.
pub(crate) struct NewUser<'a> {
    pub(crate) id: UserId,
    pub(crate) email: &'a Email,
    pub(crate) name: &'a str,
    /// Whether it is proven that the user has the mailbox.
    pub(crate) email_verified: bool,
    /// PHC string, of [`super::passwords::Passwords::hash`].
    pub(crate) password_hash: Option<&'a str>,
}
