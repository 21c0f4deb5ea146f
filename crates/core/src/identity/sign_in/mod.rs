//! Signing in and staying so: passwords in, tokens and cookies out, and the links that help who cannot.
//!
//! Owns: `sign_in_failures`, `one_time_tokens`; counts in `operators`; reads where a user is a member. Calls: users, passwords, tokens, sessions, look, mail, audit.
//! Called by: server's `/v1/auth` and `/v1/me/password`; invitations, for accounts and their passwords.
//! Invariants: whether an address is a user's shows in no status, text, header or time (`an_unknown_user_is_like_a_wrong_password`, `nobody_waits_for_an_ask`); failures make the
//! next attempt wait, also those that come side by side (`guesses_have_to_wait`); each sign-in is a session of its own (`each_sign_in_has_a_new_cookie`); a refresh token that
//! comes twice ends its session (`a_used_refresh_token_ends_the_session`); a workspace is a membership that was read in that moment (`only_members_switch_to_a_workspace`).
//! After a crash: each deed is one transaction, done or not. A refresh whose answer was lost has used its token: the user signs in again.

mod back_off;
mod links;
mod log_in;
mod me;
mod place;
mod refresh;
pub(crate) mod store;

pub(crate) use place::{Asked, bearing};

use crate::{
    Error, Result,
    access::Access,
    authz::{Actor, MemberActor, Person, ProvenBy},
    ctx::{Ctx, Request},
    identity::{
        Asks,
        passwords::Passwords,
        sessions::Lasting,
        tokens::{Bearing, Minted, Signer, Tokens},
        users::User,
    },
    secrets::Vault,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;
use tenantry_pg::{ControlTx, Pool, roles::Installation};
use tenantry_types::{
    ErrorCode, SessionId, UserId,
    identity::{Proof, SignedIn},
};
use uuid::Uuid;

/// What signing in needs. Cheap to clone.
#[derive(Clone)]
pub struct SignIn {
    /// The platform login.
    pub platform: Pool,
    /// Clock, ids, faults.
    pub ctx: Ctx,
    /// Told when a session ends.
    pub access: Access,
    /// Hashes and compares.
    pub passwords: Passwords,
    /// Signs and verifies.
    pub tokens: Tokens,
    /// The root of what is derived: subjects of failures, CSRF tokens.
    pub installation: Installation,
    /// Seals mail.
    pub vault: Vault,
    /// How long sessions last.
    pub lasting: Lasting,
    /// Base of links.
    pub public_url: String,
    /// Whether mail goes out: without a mail server no link can be sent.
    pub mails: bool,
    /// Deals with what strangers ask for.
    pub asks: Asks,
}

impl SignIn {
    /// Who a person without a workspace is in the one tenant that their request names: in its only workspace of theirs, or its default one. `None` where they
    /// are no member there, unknown and suspended tenants included: one look, by the person.
    ///
    /// # Errors
    /// The database's.
    pub async fn member_of(&self, person: &Person, tenant: &str) -> Result<Option<MemberActor>> {
        let input = (person.clone(), Asked::tenant(tenant), self.ctx.now());
        self.platform
            .run("find_member_of", input, |tx, (person, asked, now)| {
                Box::pin(place::member_of(tx, person, asked, *now))
            })
            .await
    }
}

/// Forgets failures and links that nobody asks for any more. As the owner.
pub(crate) async fn forget(tx: &ControlTx, now: DateTime<Utc>) -> Result<()> {
    store::forget(tx, now - back_off::FORGOTTEN, now - TimeDelta::days(1)).await
}

/// Somebody at the door, before it is known who.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// The id that the caller was given.
    pub request_id: String,
    /// The client's address, as far as trusted proxies tell it.
    pub address: Option<IpAddr>,
    /// The program, as it says of itself.
    pub user_agent: Option<String>,
}

impl Visit {
    /// The request of whoever that turned out to be.
    pub(super) fn by(&self, actor: Actor) -> Request {
        Request { actor, request_id: self.request_id.clone(), address: self.address }
    }

    /// The request of somebody who proved nothing: the platform writes it down.
    fn by_nobody(&self) -> Request {
        self.by(Actor::System)
    }

    fn by_user(&self, user: &User, session: SessionId) -> Request {
        self.by(Actor::User(Box::new(person_of(user, session))))
    }
}

/// What a sign-in or a refresh gives.
pub struct Opened {
    /// The answer.
    pub answer: SignedIn,
    /// The cookie to be set, where one was asked for.
    pub cookie: Option<Proof>,
}

fn person_of(user: &User, session: SessionId) -> Person {
    Person {
        id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        proven_by: ProvenBy::Session(session),
    }
}

/// The id of no user: what is asked with it finds nothing.
const NOBODY: UserId = UserId(Uuid::nil());

/// One text for an unknown address, a wrong password, and a user who may not sign in.
fn bad_credentials() -> Error {
    Error::refused(ErrorCode::BadCredentials, "Address and password do not belong together.")
}

/// The answer to whoever is let in.
fn signed_in(bearing: &Bearing, signer: &Signer) -> Result<SignedIn> {
    let Minted { token, expires_in } = signer.mint(bearing)?;
    let place = bearing.place.as_ref().filter(|_| bearing.operator.is_none());
    Ok(SignedIn {
        access_token: token,
        token_type: "Bearer".to_owned(),
        expires_in,
        refresh_token: None,
        csrf_token: None,
        session_id: bearing.session,
        user_id: bearing.person.id,
        tenant_id: place.map(|place| place.tenant.id),
        tenant: place.map(|place| place.tenant.slug.clone()),
        workspace_id: place.map(|place| place.workspace),
    })
}
