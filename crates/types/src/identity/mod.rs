//! People on the wire: users, members, invitations, sign-in, operators.
//!
//! Owns: nothing. Calls: nothing. Called by: core's identity, server, cli.
//! Invariants: nothing that proves who somebody is shows in Debug (`secrets_do_not_show`). After a crash: nothing is left.

mod access;
mod auth;
mod member;
mod privacy;

pub use access::{AccessGrant, CreateAccessGrant, CreateOperator, NewAccessGrant, Operator, UpdateOperator};
pub use auth::{
    AcceptInvitation, ChangePassword, EndedSessions, InvitationPreview, Join, Jwk, Jwks, LogIn, LogOut,
    PasswordReset, PreviewInvitation, Refresh, Session, SessionKind, SignedIn, SwitchWorkspace, VerifyEmail,
};
pub use member::{
    CreateInvitation, CreateWorkspace, Invitation, InvitationStatus, JoinAsked, Member, NewMembership,
    UpdateMember, UpdateWorkspace,
};
pub use privacy::{
    EraseMe, HeldGrant, HeldIdentity, HeldInvitation, HeldKey, HeldMail, HeldMembership, HeldSession,
    UserData, UserProfile,
};

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, schema::Schema, schema::Type},
};

/// A text that proves something: a password, a token. It travels, and never shows.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proof(String);

impl Proof {
    /// Most bytes of any: a longer one is no secret of ours, and hashing it would only cost.
    pub const LONGEST: usize = 1024;

    /// Takes it in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(…)")
    }
}

impl PartialSchema for Proof {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(Self::LONGEST))
            .into()
    }
}

impl ToSchema for Proof {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let wish =
            LogIn { email: "a@example.com".to_owned(), password: Proof::new("hunter2"), ..LogIn::default() };
        assert!(!format!("{wish:?}").contains("hunter2"));
    }
}
