//! Idempotency keys: a request that is sent twice is done once, and answered twice.
//!
//! Owns: `idempotency_keys`; tenant._idempotency. Calls: authz, pg. Called by: every operation that makes something; server reads the header.
//! Invariants: record and deed commit in one transaction, so that a retry finds both or neither (`a_database_that_goes_away_loses_nothing`);
//! one deed per key, however many servers are asked (`sixty_four_callers_with_one_key_make_one_tenant`); a key is its principal's own
//! (`a_key_belongs_to_its_principal_and_route`); another request under the same key is refused (`another_body_under_the_same_key_is_refused`);
//! no secret is kept: a secret answer is derived again, and told only if it is the same (`a_key_is_told_again_and_stored_nowhere`,
//! `a_secret_of_a_lost_master_key_is_not_made_up`); refusals are not kept (`a_refusal_is_not_kept`).
//! After a crash: an open transaction was rolled back; the same request does the work. Where the work is a run, the record points to it.
//!
//! Rows that ran out count as absent. Those of operators are removed by [`sweep`], those of tenants by the writes that come after them.

mod store;

use crate::{Error, Result, authz::Actor, ctx::Ctx};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use tenantry_pg::{ControlTx, Pool, roles::Installation};
use tenantry_types::ErrorCode;
use uuid::Uuid;

pub use store::Records;

/// Purpose of the keyed digest of a request.
const FINGERPRINT: &str = "idempotency fingerprint";

/// Bytes of a fingerprint that tell under which master key it was made.
const KEY_NAME: usize = 8;

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);
/// Most characters of a key.
pub const LONGEST_KEY: usize = 255;
/// A row that was there and is gone, again and again, is somebody else at work.
const ATTEMPTS: usize = 3;

/// What was sent, as far as it tells one request from another.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The route's template: `/v1/tenants/{slug}/api-keys`.
    pub route: &'a str,
    /// The path with its parameters.
    pub path: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// A request that is to be done once: its key, whose it is, and what it asks for.
#[derive(Clone)]
pub struct Once {
    principal: String,
    route: String,
    key: String,
    fingerprint: [u8; 32],
    /// The same under the master key before the last rotation.
    previous: Option<[u8; 32]>,
    installation: Installation,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Once({} {} …)", self.principal, self.route)
    }
}

impl Once {
    /// The request of `actor` that came with `key`.
    ///
    /// # Errors
    /// 400 unless the key is 1 to 255 visible ASCII characters.
    pub fn new(installation: &Installation, actor: &Actor, key: &str, sent: Sent<'_>) -> Result<Self> {
        if !(1..=LONGEST_KEY).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::refused(
                ErrorCode::BadRequest,
                format!("`Idempotency-Key` must be 1 to {LONGEST_KEY} visible ASCII characters."),
            )
            .next("Send a random one, such as a UUID, and the same one again when you repeat the request."));
        }
        Ok(Self {
            principal: actor.principal(),
            route: format!("{} {}", sent.method, sent.route),
            key: key.to_owned(),
            fingerprint: fingerprint(|parts| installation.derive_secret(FINGERPRINT, parts), sent),
            previous: installation.derive_previous_secret(FINGERPRINT, &[]).map(|_| {
                fingerprint(
                    |parts| installation.derive_previous_secret(FINGERPRINT, parts).unwrap_or_default(),
                    sent,
                )
            }),
            installation: installation.clone(),
        })
    }

    /// The seed of a secret of `object`, which this request makes. Who does not know the master key cannot know it.
    pub fn seed(&self, purpose: &str, object: Uuid) -> [u8; 32] {
        self.installation.derive_secret(purpose, &self.parts(object.as_bytes()))
    }

    fn parts<'a>(&'a self, object: &'a [u8]) -> [&'a [u8]; 4] {
        [self.principal.as_bytes(), self.route.as_bytes(), self.key.as_bytes(), object]
    }
}

/// The name of the key, and the digest under it.
fn fingerprint(derive: impl Fn(&[&[u8]]) -> [u8; 32], sent: Sent<'_>) -> [u8; 32] {
    let mut print = derive(&[&digest(sent)]);
    print[..KEY_NAME].copy_from_slice(&derive(&[b"name"])[..KEY_NAME]);
    print
}

/// Not kept as it is: a body may hold a password, and a bare digest of it could be guessed at from a dump.
fn digest(sent: Sent<'_>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [sent.method.as_bytes(), sent.path.as_bytes(), sent.body] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// What an operation answers, and whether it was done before.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// True where an earlier request did it.
    pub replayed: bool,
}

impl<T> Answer<T> {
    /// Done now.
    pub fn first(value: T) -> Self {
        Self { value, replayed: false }
    }

    /// Done before.
    pub fn again(value: T) -> Self {
        Self { value, replayed: true }
    }

    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: change(self.value), replayed: self.replayed }
    }
}

/// What is kept of an earlier request.
#[derive(Debug)]
pub struct Kept {
    fingerprint: Vec<u8>,
    answer: Option<Value>,
    seed_check: Option<Vec<u8>>,
    expires_at: DateTime<Utc>,
}

impl Kept {
    /// The answer, or what it is made of again.
    ///
    /// # Errors
    /// 409 where another version of Tenantry kept it in a shape that this one does not read.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let answer = self.answer.clone().unwrap_or_default();
        serde_json::from_value(answer).map_err(|error| {
            tracing::warn!(%error, "a kept answer has another shape");
            Error::refused(ErrorCode::Conflict, "This was done, but its answer was kept by another version.")
                .next("Look at what was made; do not send the request again with another key.")
        })
    }

    /// The seed that [`Once::seed`] gave when the object was made, under the present master key or the one before it.
    ///
    /// # Errors
    /// 409 where neither gives it: the secret is lost, and none is made up.
    pub fn seed(&self, once: &Once, purpose: &str, object: Uuid) -> Result<[u8; 32]> {
        let parts = once.parts(object.as_bytes());
        let known = self.seed_check.as_deref().unwrap_or_default();
        let candidates = [
            Some(once.installation.derive_secret(purpose, &parts)),
            once.installation.derive_previous_secret(purpose, &parts),
        ];
        candidates.into_iter().flatten().find(|seed| bool::from(check(seed).ct_eq(known))).ok_or_else(|| {
            Error::refused(
                ErrorCode::Conflict,
                "This was done, but its secret cannot be told again: the master key was rotated since.",
            )
            .next("Send the request with a new Idempotency-Key to get another; take the first out of use.")
        })
    }
}

fn check(seed: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(seed).into()
}

/// First in the transaction of the deed: `None` where it is to be done, else what is kept of it. Without a key it is always to be done.
///
/// # Errors
/// 409 `idempotency_in_flight` while another request with this key is at work, 422 `idempotency_key_reused` where it was another request.
pub async fn begin<T: Records>(tx: &T, ctx: &Ctx, once: Option<&Once>) -> Result<Option<Kept>> {
    let Some(once) = once else { return Ok(None) };
    let now = ctx.now();
    for _ in 0..ATTEMPTS {
        if claimed(tx.claim(once, now, now + KEPT).await)? {
            return Ok(None);
        }
        match tx.find(once).await? {
            Some(kept) if kept.expires_at > now => return same_request(once, kept).map(Some),
            Some(_) if claimed(tx.take_over(once, now, now + KEPT).await)? => return Ok(None),
            // Swept, or taken over by another, in this very moment.
            _ => {}
        }
    }
    Err(in_flight())
}

/// Last in the transaction of the deed: keeps the answer. `answer` must hold no secret.
///
/// # Errors
/// The database's; the deed must then fail too.
pub async fn finish<T: Records>(
    tx: &T,
    ctx: &Ctx,
    once: Option<&Once>,
    status: u16,
    answer: &(impl Serialize + Sync),
) -> Result<()> {
    let Some(once) = once else { return Ok(()) };
    let answer = to_value(answer)?;
    kept_one(tx.finish(once, i16::try_from(status).unwrap_or(i16::MAX), &answer, ctx.now()).await?)
}

/// The same for an answer with a secret that is derived from `seed`.
///
/// # Errors
/// The database's; the deed must then fail too.
pub async fn finish_with_secret(
    tx: &ControlTx,
    ctx: &Ctx,
    once: Option<&Once>,
    status: u16,
    answer: &(impl Serialize + Sync),
    seed: &[u8; 32],
) -> Result<()> {
    finish(tx, ctx, once, status, answer).await?;
    match once {
        Some(once) => store::keep_seed_check(tx, once, &check(seed)).await,
        None => Ok(()),
    }
}

/// Removes operators' records that ran out; returns how many. Repeatable; call it now and then.
///
/// # Errors
/// The database's; what was removed stays removed.
pub async fn sweep(owner: &Pool, ctx: &Ctx) -> Result<usize> {
    let mut swept = 0;
    loop {
        let slice =
            owner.run("sweep_idempotency", ctx.now(), |tx, now| Box::pin(store::sweep(tx, *now))).await?;
        swept += slice;
        if slice < store::SLICE {
            return Ok(swept);
        }
    }
}

fn to_value(answer: &impl Serialize) -> Result<Value> {
    serde_json::to_value(answer).map_err(|error| Error::Fault(format!("an answer has no JSON form: {error}")))
}

fn kept_one(kept: bool) -> Result<()> {
    if kept { Ok(()) } else { Err(Error::Fault("an idempotency record went away under its deed".to_owned())) }
}

/// A lock that was not had in time is another request at work.
fn claimed(outcome: Result<bool>) -> Result<bool> {
    match outcome {
        Err(Error::Database(error)) if error.sql_state() == Some("55P03") => Err(in_flight()),
        other => other,
    }
}

fn same_request(once: &Once, kept: Kept) -> Result<Kept> {
    let known: Vec<&[u8; 32]> = std::iter::once(&once.fingerprint).chain(&once.previous).collect();
    if !known.iter().any(|own| kept.fingerprint.starts_with(&own[..KEY_NAME])) {
        return Err(Error::refused(
            ErrorCode::Conflict,
            "This `Idempotency-Key` came before, and whether with this request cannot be told: the master key was rotated since.",
        )
        .next("Look at what there is; then send a new key with a new request."));
    }
    if !known.iter().any(|own| kept.fingerprint == own.as_slice()) {
        return Err(Error::refused(
            ErrorCode::IdempotencyKeyReused,
            "This `Idempotency-Key` came before, with another path or body.",
        )
        .next("Send a new key with a new request; repeat a request byte for byte with its own key."));
    }
    // A row that others can see was committed with its answer.
    if kept.answer.is_none() { Err(in_flight()) } else { Ok(kept) }
}

fn in_flight() -> Error {
    Error::refused(
        ErrorCode::IdempotencyInFlight,
        "Another request with this `Idempotency-Key` is being answered just now.",
    )
    .next("Send the same request with the same key again in a second.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantry_pg::roles::MasterKey;

    const SENT: Sent<'static> =
        Sent { method: "POST", route: "/v1/tenants", path: "/v1/tenants", body: b"{}" };

    fn installation(key: u8, previous: Option<u8>) -> Installation {
        let previous = previous.map(|byte| MasterKey::new([byte; 32]));
        Installation::of_database("one", MasterKey::new([key; 32]), previous)
    }

    fn once(key: &str) -> Result<Once> {
        Once::new(&installation(1, None), &Actor::operator(), key, SENT)
    }

    #[test]
    fn keys_are_visible_ascii() {
        for good in ["a", "0c6c1f0e-9b0a-4b70-9a43-0d5a1f1f1f1f", "~!", &"k".repeat(255)] {
            assert!(once(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "a\tb", "é", "a\u{7f}", &"k".repeat(256)] {
            assert_eq!(once(bad).unwrap_err().code(), ErrorCode::BadRequest, "{bad}");
        }
    }

    #[test]
    fn a_fingerprint_tells_method_path_and_body_apart() {
        let all = [
            SENT,
            Sent { method: "PUT", ..SENT },
            Sent { path: "/v1/tenants/", ..SENT },
            Sent { body: b"{} ", ..SENT },
            Sent { path: "/v1/tenants{}", body: b"", ..SENT },
        ];
        let prints: std::collections::BTreeSet<_> = all.map(digest).into();
        assert_eq!(prints.len(), all.len());
        assert_eq!(digest(SENT), digest(SENT));
    }

    #[test]
    fn a_secret_of_a_lost_master_key_is_not_made_up() {
        let by = |installation: Installation| Once { installation, ..once("k").unwrap() };
        let made = by(installation(1, None));
        let object = Uuid::from_u128(7);
        let seed = made.seed("p", object);
        let kept = |seed_check| Kept {
            fingerprint: vec![],
            answer: None,
            seed_check,
            expires_at: DateTime::<Utc>::MAX_UTC,
        };
        let known = kept(Some(check(&seed).to_vec()));
        assert_eq!(known.seed(&made, "p", object).unwrap(), seed);
        assert_eq!(known.seed(&by(installation(2, Some(1))), "p", object).unwrap(), seed);
        for lost in [by(installation(2, None)), by(installation(3, Some(2)))] {
            assert_eq!(known.seed(&lost, "p", object).unwrap_err().code(), ErrorCode::Conflict);
        }
        assert!(known.seed(&made, "other", object).is_err() && known.seed(&made, "p", Uuid::nil()).is_err());
        assert!(kept(None).seed(&made, "p", object).is_err());
    }

    #[test]
    fn a_request_hides_its_key() {
        assert!(!format!("{:?}", once("my-own-key").unwrap()).contains("my-own-key"));
    }
}
