//! Keys: a data key for each secret, and the key-encryption key that wraps them.
//!
//! Owns: nothing. Calls: pg's master key, ring. Called by: the vault.
//! Invariants: a wrapped key opens under its own key and for its own context alone (`a_secret_opens_where_it_belongs_and_nowhere_else`);
//! a key tells itself to no log (`keys_are_not_printed`). After a crash: nothing is left.

use super::Closed;
use crate::ctx;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fmt;
use tenantry_pg::roles::{MasterKey, hex};

/// What a sealed secret says of the key-encryption key that it is under. Tells nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key of one secret; overwritten when it is dropped.
pub struct DataKey([u8; 32]);

impl DataKey {
    /// From 32 secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for wrapping.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl Drop for DataKey {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites secret bytes. As good as safe Rust can: the compiler is made to believe that somebody looks.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    std::hint::black_box(bytes);
}

/// A key that wraps data keys. Called within transactions: it answers from memory, in microseconds. One for a key service (Vault, AWS) asks
/// the service at start-up for the key that it wraps with, and not once for each secret.
pub trait KeyEncryption: Send + Sync + 'static {
    /// Tells this key from others, the same in every process.
    fn id(&self) -> KeyId;

    /// The data key, so that it can be told in the open. `context` must be given again to unwrap it.
    ///
    /// # Errors
    /// [`Closed`] when there is no randomness, or the key does not answer.
    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Vec<u8>, Closed>;

    /// The data key of [`Self::wrap`].
    ///
    /// # Errors
    /// [`Closed`] for everything that this key did not wrap, or not for this context.
    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<DataKey, Closed>;
}

/// The key-encryption key that is derived from the master key. Random nonces of 96 bits: one key is good for 2^32 secrets.
pub struct LocalKey {
    id: KeyId,
    key: LessSafeKey,
}

impl LocalKey {
    /// The key of a master key, the same every time. Of the master key alone: a copy of the database under another name stays readable.
    pub fn derive(master: &MasterKey) -> Self {
        let mut bytes = master.derive_secret("secrets: key encryption, AES-256-GCM", &[]);
        let check = master.derive_secret("secrets: key id", &[]);
        let mut id = [0_u8; 8];
        id.copy_from_slice(&check[..8]);
        let key = cipher(&bytes);
        wipe(&mut bytes);
        Self { id: KeyId(id), key }
    }
}

impl KeyEncryption for LocalKey {
    fn id(&self) -> KeyId {
        self.id
    }

    fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Vec<u8>, Closed> {
        lock(&self.key, context, key.expose())
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<DataKey, Closed> {
        let mut bytes = unlock(&self.key, context, wrapped)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map(DataKey::new).map_err(|_| Closed);
        wipe(&mut bytes);
        key
    }
}

/// The cipher of a key of 32 bytes.
pub(super) fn cipher(bytes: &[u8; 32]) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, bytes) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("AES-256 takes keys of 32 bytes"),
    }
}

/// A random nonce, and `plain` under it, bound to `context`.
pub(super) fn lock(key: &LessSafeKey, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Closed> {
    let nonce: [u8; NONCE_LEN] = ctx::random().map_err(|_| Closed)?;
    let mut bytes = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(plain);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            &mut bytes[NONCE_LEN..],
        )
        .map_err(|_| Closed)?;
    bytes.extend_from_slice(tag.as_ref());
    Ok(bytes)
}

/// What [`lock`] locked.
pub(super) fn unlock(key: &LessSafeKey, context: &[u8], locked: &[u8]) -> Result<Vec<u8>, Closed> {
    let (nonce, body) = locked.split_at_checked(NONCE_LEN).ok_or(Closed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Closed)?;
    let mut body = body.to_vec();
    let length = key.open_in_place(nonce, Aad::from(context), &mut body).map_err(|_| Closed)?.len();
    body.truncate(length);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_printed() {
        let key = DataKey::new([0xab; 32]);
        assert_eq!(format!("{key:?}"), "DataKey(…)");
        let local = LocalKey::derive(&MasterKey::new([7; 32]));
        assert_ne!(
            hex(&local.id().0),
            hex(&MasterKey::new([7; 32]).derive_secret("secrets: key encryption, AES-256-GCM", &[])[..8])
        );
    }

    #[test]
    fn two_wraps_of_a_key_are_not_alike() {
        let local = LocalKey::derive(&MasterKey::new([7; 32]));
        let key = DataKey::new([1; 32]);
        let (one, other) = (local.wrap(&key, b"x").unwrap(), local.wrap(&key, b"x").unwrap());
        assert_ne!(one, other);
        assert_eq!(local.unwrap(&one, b"x").unwrap().expose(), key.expose());
        assert!(local.unwrap(&one, b"y").is_err() && local.unwrap(&one[..20], b"x").is_err());
    }
}
