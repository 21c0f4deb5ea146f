//! Access tokens: short-lived JWTs that say who somebody is and where they work, signed by this platform.
//!
//! Owns: `signing_keys`, through its ring. Calls: secrets, pg. Called by: identity's gate and sign-in, server's `/.well-known/jwks.json`.
//! Invariants: EdDSA alone, by a key of our own ring that its `kid` names and nothing else in the token can bring (`forged_tokens_are_refused`); every
//! claim that limits a token must be there and of its type (`tokens_with_wrong_claims_are_refused`); what a token says of roles and plans is a hint, the rows
//! decide (`a_role_is_read_anew`). After a crash: keys are in the table, sealed; nothing else is left.

mod claims;
mod keyring;
mod store;

pub(crate) use claims::{Bearing, Verified};
pub(crate) use store::forget;

use crate::{Result, ctx::Ctx, identity::look::refused, secrets::Vault};
use chrono::TimeDelta;
use claims::Claims;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use keyring::{Key, Keys};
use std::sync::Arc;
use tenantry_pg::Pool;
use tenantry_types::identity::{Jwks, Proof};

/// Most bytes of a token. Ours have about 700.
const LONGEST: usize = 4096;

/// The media type of an access token (RFC 9068): nothing else that is signed by these keys passes for one.
const TYPE: &str = "at+jwt";

/// What tokens say, and for how long.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// `iss`: where this platform is reached.
    pub issuer: String,
    /// `aud`
    pub audience: String,
    /// From `iat` to `exp`.
    pub lifetime: TimeDelta,
}

/// Signs and verifies. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    ctx: Ctx,
    settings: TokenSettings,
    keys: Keys,
}

/// A key that signs just now, so that nothing can fail after a deed that a token is made for.
pub(crate) struct Signer {
    tokens: Tokens,
    key: Arc<Key>,
}

/// A new token.
pub(crate) struct Minted {
    pub(crate) token: Proof,
    /// Seconds.
    pub(crate) expires_in: u64,
}

impl Tokens {
    /// With the keys of this database, read when the first is needed.
    pub fn new(platform: Pool, ctx: Ctx, vault: Vault, settings: TokenSettings) -> Self {
        let keys = Keys::new(platform, ctx.clone(), vault, settings.lifetime);
        Self { inner: Arc::new(Inner { ctx, settings, keys }) }
    }

    /// The key that signs now; the first one ever is made here.
    ///
    /// # Errors
    /// The database's; a fault for a key that does not open.
    pub(crate) async fn signer(&self) -> Result<Signer> {
        Ok(Signer { tokens: self.clone(), key: self.inner.keys.signing().await? })
    }

    /// The public halves of every key that signs, will sign, or has signed a token that may still be valid.
    ///
    /// # Errors
    /// The database's.
    pub async fn published(&self) -> Result<Jwks> {
        Ok(Jwks { keys: self.inner.keys.published().await?.iter().map(|key| key.jwk()).collect() })
    }

    /// What a token says, if it is ours and holds just now. Asks the database for keys alone, and seldom.
    ///
    /// # Errors
    /// 401, one text for all; the database's.
    pub(crate) async fn verify(&self, token: &str) -> Result<Verified> {
        let kid = kid(token).ok_or_else(refused)?;
        let key = self.inner.keys.named(&kid).await?.ok_or_else(refused)?;
        let now = self.inner.ctx.now();
        if key.expires_at.is_some_and(|at| at <= now) {
            return Err(refused());
        }
        let read = decode::<Claims>(token, &key.public, &self.validation()).map_err(|_| refused())?;
        read.claims.verified(now).ok_or_else(refused)
    }

    /// Times are judged by [`Claims::verified`]: the library would ask a clock of its own.
    fn validation(&self) -> Validation {
        let settings = &self.inner.settings;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        validation
    }
}

impl Signer {
    /// A token for whoever that is, where they are.
    ///
    /// # Errors
    /// A fault when it cannot be signed.
    pub(crate) fn mint(&self, bearing: &Bearing) -> Result<Minted> {
        let Inner { ctx, settings, .. } = self.tokens.inner.as_ref();
        let claims = Claims::of(bearing, settings, ctx.uuid(), ctx.now());
        let mut header = Header::new(Algorithm::EdDSA);
        (header.typ, header.kid) = (Some(TYPE.to_owned()), Some(self.key.id.clone()));
        let token = encode(&header, &claims, self.key.private()?)
            .map_err(|error| crate::Error::Fault(format!("signing: {error}")))?;
        let expires_in = u64::try_from(settings.lifetime.num_seconds()).unwrap_or_default();
        Ok(Minted { token: Proof::new(token), expires_in })
    }
}

/// The key that a token names, if it can be one of ours at all: the name finds a row or nothing, never a file or an address.
fn kid(token: &str) -> Option<String> {
    if token.len() > LONGEST {
        return None;
    }
    let header = decode_header(token).ok()?;
    let plain = header.alg == Algorithm::EdDSA
        && header.crit.is_none()
        && header.typ.is_some_and(|kind| kind.eq_ignore_ascii_case(TYPE));
    header.kid.filter(|kid| plain && keyring::is_id(kid))
}
