//! Sessions: one for each sign-in, listed and ended by whoever signed in.
//!
//! Owns: `sessions`, `refresh_tokens`. Calls: audit, access, pg. Called by: identity's sign-in and gate, server's session operations.
//! Invariants: of tokens and cookies the hashes are stored and nothing else (`no_secret_of_a_sign_in_is_stored`); a session that ends is refused at once on
//! every server (`an_ended_session_is_refused_on_every_server`); nobody ends another's, or learns that it is there (`a_session_is_its_users_alone`).
//! After a crash: a session has ended, or not.

mod seen;
pub(crate) mod store;

pub(crate) use seen::{Seen, used, used_by_token};

use crate::{
    Error, Result,
    access::{Access, News},
    audit::{self, Deed},
    authz::{Person, ProvenBy},
    ctx::{self, Ctx, Request},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use tenantry_pg::{ControlTx, Pool, roles::Installation, roles::hex};
use tenantry_types::{
    ErrorCode, SessionId, UserId,
    identity::{Proof, Session, SessionKind},
    page::Page,
};

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct Lasting {
    /// Without a refresh.
    pub token_idle: TimeDelta,
    /// With refreshes.
    pub token_most: TimeDelta,
    /// Without a request, in a cookie.
    pub cookie_idle: TimeDelta,
    /// With requests, in a cookie.
    pub cookie_most: TimeDelta,
}

impl Lasting {
    /// Idle time and whole time of a kind.
    pub(crate) fn of(&self, kind: SessionKind) -> (TimeDelta, TimeDelta) {
        match kind {
            SessionKind::Token => (self.token_idle, self.token_most),
            SessionKind::Cookie => (self.cookie_idle, self.cookie_most),
        }
    }

    /// When a session that is used now ends by itself.
    pub(crate) fn until(&self, kind: SessionKind, begun: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        let (idle, most) = self.of(kind);
        (begun + most).min(now + idle)
    }
}

/// Why a session ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    LogOut,
    Revoked,
    Reuse,
    Password,
}

impl Why {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LogOut => "logout",
            Self::Revoked => "revoked",
            Self::Reuse => "reuse",
            Self::Password => "password",
        }
    }
}

/// A session to be.
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) kind: SessionKind,
    pub(crate) cookie: Option<[u8; 32]>,
    pub(crate) as_operator: bool,
    pub(crate) until: DateTime<Utc>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: Option<String>,
}

/// A session that holds, as the row says.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) kind: SessionKind,
    pub(crate) as_operator: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) seen_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// 256 random bits as a text.
///
/// # Errors
/// A fault where the system has no randomness.
pub(crate) fn new_secret() -> Result<Proof> {
    Ok(Proof::new(hex(&ctx::random::<32>()?)))
}

/// What is stored of such a text.
pub(crate) fn hash_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether a text can be one of those: what cannot never reaches the database.
pub(crate) fn is_secret(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Purpose of the tokens that pages send along with a cookie.
const CSRF: &str = "csrf token";

/// What pages have to send along with this cookie. It belongs to the cookie, so that no other session's will do.
pub fn csrf_token(installation: &Installation, cookie: &str) -> Proof {
    Proof::new(hex(&installation.derive_secret(CSRF, &[cookie.as_bytes()])))
}

/// Whether that was sent along. Compared in constant time; one of the key before the last rotation still does.
pub fn is_csrf_token(installation: &Installation, cookie: &str, sent: &str) -> bool {
    use subtle::ConstantTimeEq;
    let known = [
        Some(installation.derive_secret(CSRF, &[cookie.as_bytes()])),
        installation.derive_previous_secret(CSRF, &[cookie.as_bytes()]),
    ];
    known.into_iter().flatten().any(|known| bool::from(hex(&known).as_bytes().ct_eq(sent.as_bytes())))
}

/// The caller's sessions that still hold, the newest first; the first two hundred.
///
/// # Errors
/// 403 for who is no person; the database's.
pub async fn list(platform: &Pool, ctx: &Ctx, caller: &Request) -> Result<Page<Session>> {
    let (user, current) = (person(caller)?.id, session_of(caller));
    let found: Vec<Session> = platform
        .run("list_sessions", (user, ctx.now()), |tx, (user, now)| Box::pin(store::of_user(tx, *user, *now)))
        .await?;
    let items = found
        .into_iter()
        .map(|session| Session { current: Some(session.id) == current, ..session })
        .collect();
    Ok(Page { items, next_cursor: None })
}

/// Ends one of the caller's sessions. Its tokens are refused from now on.
///
/// # Errors
/// 404 where the caller has no such session; 403 for who is no person; the database's.
pub async fn end(
    platform: &Pool,
    ctx: &Ctx,
    access: &Access,
    caller: &Request,
    session: SessionId,
) -> Result<()> {
    let user = person(caller)?.id;
    let input = (ctx.clone(), caller.clone(), user, session);
    let ended = access
        .change(
            platform,
            "end_session",
            input,
            |tx, (ctx, caller, user, session)| {
                Box::pin(revoke(tx, ctx, caller, (*user, *session), Why::Revoked))
            },
            |ended| News::everywhere().when(*ended),
        )
        .await?;
    if ended { Ok(()) } else { Err(Error::not_found()) }
}

/// Ends all of the caller's sessions but the one that asks. Returns how many; their tokens are refused from now on.
///
/// # Errors
/// 403 for who is no person; the database's.
pub async fn end_others(platform: &Pool, ctx: &Ctx, access: &Access, caller: &Request) -> Result<usize> {
    let input = (ctx.clone(), caller.clone(), person(caller)?.id, session_of(caller));
    access
        .change(
            platform,
            "end_other_sessions",
            input,
            |tx, (ctx, caller, user, kept)| {
                Box::pin(revoke_others(tx, ctx, caller, (*user, *kept), Why::Revoked))
            },
            |ended| News::everywhere().when(*ended > 0),
        )
        .await
}

/// Ends a user's session in the transaction. False where there is none that holds.
pub(crate) async fn revoke(
    tx: &ControlTx,
    ctx: &Ctx,
    caller: &Request,
    (user, session): (UserId, SessionId),
    why: Why,
) -> Result<bool> {
    if !store::revoke(tx, user, session, why, ctx.now()).await? {
        return Ok(false);
    }
    let deed = Deed {
        action: "session.revoke",
        target_kind: "session",
        target: session.to_string(),
        after: Some(json!({"user_id": user, "why": why.as_str()})),
        ..Deed::default()
    };
    audit::record(tx, ctx, caller, &deed).await?;
    Ok(true)
}

/// Ends all sessions of a user but one. Returns how many.
pub(crate) async fn revoke_others(
    tx: &ControlTx,
    ctx: &Ctx,
    caller: &Request,
    (user, kept): (UserId, Option<SessionId>),
    why: Why,
) -> Result<usize> {
    let ended = store::revoke_others(tx, user, kept, why, ctx.now()).await?;
    for session in &ended {
        let deed = Deed {
            action: "session.revoke",
            target_kind: "session",
            target: session.to_string(),
            after: Some(json!({"user_id": user, "why": why.as_str()})),
            ..Deed::default()
        };
        audit::record(tx, ctx, caller, &deed).await?;
    }
    Ok(ended.len())
}

/// The person behind a request.
pub(crate) fn person(caller: &Request) -> Result<&Person> {
    caller.actor.person().ok_or_else(|| {
        Error::refused(
            ErrorCode::Forbidden,
            "Your identity is no person: it has no sessions and no password.",
        )
    })
}

/// The session that a request's identity hangs on.
pub(crate) fn session_of(caller: &Request) -> Option<SessionId> {
    match caller.actor.person()?.proven_by {
        ProvenBy::Session(session) => Some(session),
        ProvenBy::Issuer(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantry_pg::roles::MasterKey;

    #[test]
    fn a_csrf_token_belongs_to_its_cookie() {
        let installation = |key: u8, previous: Option<u8>| {
            let key_of = |byte: u8| MasterKey::new([byte; 32]);
            Installation::of_database("x", key_of(key), previous.map(key_of))
        };
        let token = csrf_token(&installation(1, None), "a");
        assert!(is_csrf_token(&installation(1, None), "a", token.expose()));
        assert!(is_csrf_token(&installation(2, Some(1)), "a", token.expose()));
        assert!(!is_csrf_token(&installation(1, None), "b", token.expose()));
        assert!(!is_csrf_token(&installation(2, None), "a", token.expose()));
        assert!(!is_csrf_token(&installation(1, None), "a", ""));
    }

    #[test]
    fn a_session_ends_idle_or_old() {
        let lasting = Lasting {
            token_idle: TimeDelta::days(30),
            token_most: TimeDelta::days(90),
            cookie_idle: TimeDelta::hours(12),
            cookie_most: TimeDelta::days(30),
        };
        let begun = DateTime::<Utc>::UNIX_EPOCH;
        let until =
            |kind, days| (lasting.until(kind, begun, begun + TimeDelta::days(days)) - begun).num_hours();
        assert_eq!(until(SessionKind::Token, 0), 30 * 24);
        assert_eq!(until(SessionKind::Token, 70), 90 * 24);
        assert_eq!(until(SessionKind::Cookie, 1), 36);
        assert_eq!(until(SessionKind::Cookie, 30), 30 * 24);
    }
}
