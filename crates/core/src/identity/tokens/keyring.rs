//! The keys that tokens are signed with: made when they are needed, changed every month, published a day before they sign.
//!
//! Owns: what this process remembers of `signing_keys`. Calls: secrets, pg. Called by: tokens.
//! Invariants: one first key, also when two servers need it at once (`two_servers_make_one_first_key`); a token outlives the change of keys
//! (`a_token_outlives_its_keys_month`); an unknown name makes this process read once, and not again for five seconds (`an_unknown_key_is_looked_for_once`);
//! a private half lies sealed in the table and opens where it signs. After a crash: the keys are in the table; a key that was made is whole.

use super::store::{self, KeyRow};
use crate::{
    Error, Result,
    ctx::{self, Ctx},
    secrets::{SIGNING_KEY, Vault},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use tenantry_pg::{ControlTx, Pool, roles::hex};
use tenantry_types::identity::Jwk;

/// How long what was read holds.
const FRESH: TimeDelta = TimeDelta::seconds(60);
/// How long nobody reads again for a name that is unknown.
const COOL_DOWN: TimeDelta = TimeDelta::seconds(5);
/// How long a key signs.
const SIGNS: TimeDelta = TimeDelta::days(30);
/// How long a key is published before it signs: longer than any verifier keeps the list.
const AHEAD: TimeDelta = TimeDelta::days(1);
/// How long a key is published after its last token has ended, for clocks that are late.
const GRACE: TimeDelta = TimeDelta::minutes(5);

/// What stands before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A key, opened as far as it can be.
pub(super) struct Key {
    pub(super) id: String,
    pub(super) public: DecodingKey,
    pub(super) expires_at: Option<DateTime<Utc>>,
    signs_from: DateTime<Utc>,
    bytes: Vec<u8>,
    private: std::result::Result<EncodingKey, String>,
}

impl Key {
    fn open(row: &KeyRow, vault: &Vault) -> Self {
        let seed = vault.open(SIGNING_KEY, None, &row.id, &row.sealed);
        let private = seed
            .map(|seed| EncodingKey::from_ed_der(&[PKCS8.as_slice(), &seed].concat()))
            .map_err(|error| format!("the signing key {} does not open: {error}", row.id));
        Self {
            id: row.id.clone(),
            public: DecodingKey::from_ed_der(&row.public),
            expires_at: row.expires_at,
            signs_from: row.signs_from,
            bytes: row.public.clone(),
            private,
        }
    }

    /// What signs.
    pub(super) fn private(&self) -> Result<&EncodingKey> {
        self.private.as_ref().map_err(|error| Error::Fault(error.clone()))
    }

    /// As others read it (RFC 8037).
    pub(super) fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            kid: self.id.clone(),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            x: URL_SAFE_NO_PAD.encode(&self.bytes),
        }
    }
}

/// Whether a text can be the name of a key of ours.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[derive(Clone)]
struct Read {
    keys: Arc<[Arc<Key>]>,
    at: DateTime<Utc>,
}

/// The ring of this process.
pub(super) struct Keys {
    platform: Pool,
    ctx: Ctx,
    vault: Vault,
    lifetime: TimeDelta,
    read: Mutex<Option<Read>>,
    /// One reader at a time; whoever waited finds what the one before has read.
    reading: tokio::sync::Mutex<()>,
}

impl Keys {
    pub(super) fn new(platform: Pool, ctx: Ctx, vault: Vault, lifetime: TimeDelta) -> Self {
        Self { platform, ctx, vault, lifetime, read: Mutex::new(None), reading: tokio::sync::Mutex::new(()) }
    }

    /// The key that signs now: the last whose time has come.
    pub(super) async fn signing(&self) -> Result<Arc<Key>> {
        let now = self.ctx.now();
        let keys = self.keys(FRESH).await?;
        let due = keys.iter().filter(|key| key.signs_from <= now).max_by_key(|key| key.signs_from);
        due.cloned().ok_or_else(|| Error::Fault("no signing key".to_owned()))
    }

    /// Every key that somebody may have to verify with.
    pub(super) async fn published(&self) -> Result<Vec<Arc<Key>>> {
        let now = self.ctx.now();
        let keys = self.keys(FRESH).await?;
        Ok(keys.iter().filter(|key| key.expires_at.is_none_or(|at| at > now)).cloned().collect())
    }

    /// The key of that name, if it is one of ours.
    pub(super) async fn named(&self, id: &str) -> Result<Option<Arc<Key>>> {
        let find = |keys: &[Arc<Key>]| keys.iter().find(|key| key.id == id).cloned();
        match find(&*self.keys(FRESH).await?) {
            Some(key) => Ok(Some(key)),
            // Perhaps another server has just made it.
            None => Ok(find(&*self.keys(COOL_DOWN).await?)),
        }
    }

    /// What was read no longer ago than that, or is read now.
    async fn keys(&self, fresh: TimeDelta) -> Result<Arc<[Arc<Key>]>> {
        if let Some(keys) = self.remembered(fresh) {
            return Ok(keys);
        }
        let _turn = self.reading.lock().await;
        if let Some(keys) = self.remembered(fresh) {
            return Ok(keys);
        }
        let at = self.ctx.now();
        let input = (self.ctx.clone(), self.vault.clone(), self.lifetime);
        let rows = self
            .platform
            .run("read_signing_keys", input, |tx, (ctx, vault, lifetime)| {
                Box::pin(read(tx, ctx, vault, *lifetime))
            })
            .await?;
        let keys: Arc<[Arc<Key>]> = rows.iter().map(|row| Arc::new(Key::open(row, &self.vault))).collect();
        *self.lock() = Some(Read { keys: Arc::clone(&keys), at });
        Ok(keys)
    }

    fn remembered(&self, fresh: TimeDelta) -> Option<Arc<[Arc<Key>]>> {
        let now = self.ctx.now();
        self.lock().as_ref().filter(|read| now - read.at < fresh).map(|read| Arc::clone(&read.keys))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Read>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All keys; the next one is made where it is time.
async fn read(tx: &ControlTx, ctx: &Ctx, vault: &Vault, lifetime: TimeDelta) -> Result<Vec<KeyRow>> {
    let rows = store::all(tx).await?;
    if next_signs_from(&rows, ctx.now()).is_none() {
        return Ok(rows);
    }
    // Seldom, so it may wait: another server perhaps makes the same key just now.
    store::lock(tx).await?;
    let rows = store::all(tx).await?;
    let Some(from) = next_signs_from(&rows, ctx.now()) else { return Ok(rows) };
    store::retire(tx, from, from + lifetime + GRACE).await?;
    store::insert(tx, &new(ctx, vault, from)?, ctx.now()).await?;
    store::all(tx).await
}

/// From when the next key signs, if it is to be made now.
fn next_signs_from(rows: &[KeyRow], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match rows.iter().map(|row| row.signs_from).max() {
        None => Some(now),
        Some(last) if now >= last + SIGNS - AHEAD => Some((last + SIGNS).max(now + AHEAD)),
        Some(_) => None,
    }
}

fn new(ctx: &Ctx, vault: &Vault, signs_from: DateTime<Utc>) -> Result<KeyRow> {
    ctx.faults.at("signing_key.make")?;
    let seed = ctx::random::<32>()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
        .map_err(|error| Error::Fault(format!("a new signing key: {error}")))?;
    let public = pair.public_key().as_ref().to_vec();
    let id = hex(&Sha256::digest(&public)[..8]);
    let sealed = vault.seal(SIGNING_KEY, None, &id, &seed)?;
    Ok(KeyRow { id, public, sealed, signs_from, expires_at: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(signs_from: DateTime<Utc>) -> KeyRow {
        KeyRow { id: String::new(), public: Vec::new(), sealed: Vec::new(), signs_from, expires_at: None }
    }

    #[test]
    fn a_key_is_made_a_day_before_it_signs() {
        let begin = DateTime::<Utc>::UNIX_EPOCH;
        let at = |days: i64| begin + TimeDelta::days(days);
        assert_eq!(next_signs_from(&[], begin), Some(begin));
        let rows = [row(begin)];
        assert_eq!(next_signs_from(&rows, at(28)), None);
        assert_eq!(next_signs_from(&rows, at(29)), Some(at(30)));
        // After a long sleep it still is published for a day first.
        assert_eq!(next_signs_from(&rows, at(40)), Some(at(41)));
        assert_eq!(next_signs_from(&[row(begin), row(at(30))], at(31)), None);
    }

    #[test]
    fn names_of_keys_are_plain() {
        assert!(is_id("0123456789abcdef"));
        let long = "a".repeat(5000);
        for other in
            ["", "0123456789ABCDEF", "../../etc/passwd", "http://evil/x.pem", "0123456789abcde\0", &long]
        {
            assert!(!is_id(other), "{other}");
        }
    }
}
