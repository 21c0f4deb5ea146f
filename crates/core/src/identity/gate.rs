//! The gate: turns what a request proves itself with into an identity, or into nobody.
//!
//! Owns: what this process remembers of identities, in `memory`. Calls: keys, tokens, external issuers, sessions, through their looks. Called by: server's authentication.
//! Invariants: what is remembered is half a second old at most, is forgotten with every change of access that this process hears of
//! (`a_removal_reaches_every_server`), is found by the digest of the whole credential, and its end is looked at on every use
//! (`a_remembered_key_ends_on_time`); one credential that comes many times at once is looked up once (`one_unknown_token_costs_one_look`); a malformed credential never reaches the database (`malformed_keys_are_refused_offline`).
//! After a crash: nothing is left; it is learned again.

mod memory;

use super::{
    grants::GrantText,
    keys::Uses,
    look::{self, KeyBy, Standing, refused},
    sessions::{self, Lasting, Seen},
    sign_in::Visit,
    tokens::{Tokens, Verified},
};
use crate::{
    Result,
    access::Access,
    authz::{Actor, ProvenBy},
    ctx::Ctx,
    identity::{KeyText, external::Issuers},
};
use chrono::{DateTime, Utc};
use memory::{Digest as Fingerprint, Memory};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr, sync::Arc};
use subtle::ConstantTimeEq;
use tenantry_pg::{ControlTx, Pool};

/// What a request proves itself with.
#[derive(Clone)]
pub enum Credential {
    /// `Authorization: Bearer …`, whatever its kind.
    Bearer(String),
    /// The session cookie of a browser.
    Cookie(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(…)",
            Self::Cookie(_) => "Cookie(…)",
        })
    }
}

/// An identity with the time at which it ends by itself.
pub(crate) struct LetIn {
    pub(crate) actor: Actor,
    pub(crate) until: Option<DateTime<Utc>>,
}

/// What the gate verifies other credentials than keys with.
pub struct Verifiers {
    /// Our own access tokens.
    pub tokens: Tokens,
    /// How long sessions last.
    pub lasting: Lasting,
    /// Tokens of external issuers.
    pub issuers: Issuers,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    platform: Pool,
    ctx: Ctx,
    access: Access,
    operator: Option<Fingerprint>,
    tokens: Tokens,
    lasting: Lasting,
    uses: Uses,
    seen: Seen,
    issuers: Issuers,
    memory: Memory,
}

impl Gate {
    /// The gate of this process. `operator` is the token of the configuration.
    pub fn new(
        platform: Pool,
        ctx: Ctx,
        access: Access,
        operator: Option<&str>,
        verifiers: Verifiers,
    ) -> Self {
        let Verifiers { tokens, lasting, issuers } = verifiers;
        let memory = Memory::new(ctx.clone(), access.clone());
        let operator = operator.map(|token| digest(b'b', token));
        let uses = Uses::start(platform.clone(), &ctx);
        let seen = Seen::default();
        let inner = Inner { platform, ctx, access, operator, tokens, lasting, uses, seen, issuers, memory };
        Self { inner: Arc::new(inner) }
    }

    /// Who that is. Suspended tenants are answered for by the scope, not here: the identity is still who it is. `visit` is where the request came
    /// from, for the trail of whoever is made known by it.
    ///
    /// # Errors
    /// 401 for anything that proves nothing, with one text for all.
    pub async fn verify(&self, credential: &Credential, visit: &Visit) -> Result<Arc<Actor>> {
        let digest = match credential {
            Credential::Bearer(text) => digest(b'b', text),
            Credential::Cookie(text) => digest(b'c', text),
        };
        self.inner.memory.recall_or(digest, self.look(credential, &digest, visit)).await
    }

    /// Whether this is the operator's token of the configuration. Asks no database, for what must be told without one.
    pub fn is_operators(&self, token: &str) -> bool {
        self.is_operator(&digest(b'b', token))
    }

    async fn look(&self, credential: &Credential, digest: &Fingerprint, visit: &Visit) -> Result<LetIn> {
        match credential {
            Credential::Bearer(_) if self.is_operator(digest) => {
                Ok(LetIn { actor: Actor::operator(), until: None })
            }
            Credential::Bearer(text) if text.starts_with("tnt_") => self.key(text).await,
            Credential::Bearer(text) if text.starts_with("tng_") => self.granted(text).await,
            Credential::Bearer(text) if self.inner.issuers.are_asked(text) => {
                let Inner { platform, ctx, access, issuers, .. } = self.inner.as_ref();
                issuers.let_in(platform, ctx, access, visit, text).await
            }
            Credential::Bearer(text) => self.token(text).await,
            Credential::Cookie(text) => self.cookie(text).await,
        }
    }

    /// What the token says is who and where; as what, the rows say.
    async fn token(&self, text: &str) -> Result<LetIn> {
        let verified = self.inner.tokens.verify(text).await?;
        let Inner { platform, ctx, lasting, seen, .. } = self.inner.as_ref();
        let (until, now) = (Some(verified.until), ctx.now());
        let session = match verified.proven_by {
            ProvenBy::Session(session) => Some(session).filter(|session| seen.is_due(*session, now)),
            ProvenBy::Issuer(_) => None,
        };
        let input = (verified, now, session, *lasting);
        let found = platform
            .run("verify_token", input, |tx, (verified, now, session, lasting)| {
                Box::pin(async move {
                    let Some(actor) = bearer_of(tx, verified, *now).await? else {
                        return Ok::<_, crate::Error>(None);
                    };
                    let noted = match session {
                        Some(session) => {
                            Some((*session, sessions::used_by_token(tx, *session, lasting, *now).await?))
                        }
                        None => None,
                    };
                    Ok(Some((actor, noted)))
                })
            })
            .await?;
        let (actor, noted) = found.ok_or_else(refused)?;
        if let Some((session, at)) = noted {
            seen.keep(session, at);
        }
        Ok(LetIn { actor, until })
    }

    /// The person of a browser's session, in no workspace.
    async fn cookie(&self, text: &str) -> Result<LetIn> {
        if !sessions::is_secret(text) {
            return Err(refused());
        }
        let input = (sessions::hash_of(text), self.inner.lasting, self.inner.ctx.now());
        let found = self
            .inner
            .platform
            .run("verify_cookie", input, |tx, (hash, lasting, now)| {
                Box::pin(async move {
                    let Some(open) = sessions::store::by_cookie(tx, hash, *now).await? else {
                        return Ok::<_, crate::Error>(None);
                    };
                    let until = sessions::used(tx, &open, lasting, *now).await?;
                    let proven_by = ProvenBy::Session(open.id);
                    let standing = Standing { user: open.user, proven_by, now: *now };
                    let person = look::person(tx, &standing).await?;
                    Ok(person.map(|person| (Actor::User(Box::new(person)), until)))
                })
            })
            .await?;
        let (actor, until) = found.ok_or_else(refused)?;
        Ok(LetIn { actor, until: Some(until) })
    }

    async fn key(&self, text: &str) -> Result<LetIn> {
        let text = KeyText::from_str(text).map_err(|_| refused())?;
        let input = (KeyBy::Text(text), self.inner.ctx.now());
        let found = self
            .inner
            .platform
            .run("verify_api_key", input, |tx, (by, now)| Box::pin(look::key(tx, by, *now)))
            .await?;
        let (key, until) = found.ok_or_else(refused)?;
        // Here and not on every use: what is remembered is looked up again before the difference would show.
        self.inner.uses.note(key.id, self.inner.ctx.now());
        Ok(LetIn { actor: Actor::ApiKey(Box::new(key)), until })
    }

    async fn granted(&self, text: &str) -> Result<LetIn> {
        let hash = GrantText::from_str(text).map_err(|_| refused())?.hash();
        let input = (hash, self.inner.ctx.now());
        let found = self
            .inner
            .platform
            .run("verify_grant", input, |tx, (hash, now)| Box::pin(look::granted(tx, None, hash, *now)))
            .await?;
        let (granted, until) = found.ok_or_else(refused)?;
        Ok(LetIn { actor: Actor::Granted(Box::new(granted)), until })
    }

    /// Writes down at once which keys were used lately, which otherwise happens beside requests.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle_uses(&self) -> Result<()> {
        self.inner.uses.settle().await
    }

    fn is_operator(&self, digest: &Fingerprint) -> bool {
        self.inner.operator.is_some_and(|known| bool::from(known.ct_eq(digest)))
    }
}

/// Whoever bears a token, as they are now.
async fn bearer_of(tx: &ControlTx, verified: &Verified, now: DateTime<Utc>) -> Result<Option<Actor>> {
    let standing = Standing { user: verified.user, proven_by: verified.proven_by.clone(), now };
    Ok(match verified.workspace {
        _ if verified.operator => {
            look::operator(tx, &standing).await?.map(|operator| Actor::Operator(Box::new(operator)))
        }
        Some(workspace) => {
            look::member(tx, &standing, workspace).await?.map(|member| Actor::Member(Box::new(member)))
        }
        None => look::person(tx, &standing).await?.map(|person| Actor::User(Box::new(person))),
    })
}

/// Of the whole credential and its kind: no cookie passes for a token.
fn digest(kind: u8, text: &str) -> Fingerprint {
    Sha256::new().chain_update([kind]).chain_update(text.as_bytes()).finalize().into()
}
