//! The text of an API key: `tnt_<env>_<public id>_<secret>_<checksum>`.
//!
//! Owns: nothing. Calls: nothing. Called by: identity.
//! Invariants: a key is recognised offline by prefix and checksum, so that scanners find leaked ones (`a_changed_character_is_noticed`);
//! secrets never show in Debug. After a crash: nothing is left.

use crate::{Result, ctx};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use tenantry_types::key::KeyShape;

/// Where a key is good for; part of its text, so that a test key is not mistaken for a live one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// `tenantry server`.
    Live,
    /// `tenantry dev`.
    Dev,
}

impl Environment {
    fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Dev => "dev",
        }
    }
}

/// A well-formed key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    text: String,
    public: std::ops::Range<usize>,
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyText({}…)", &self.text[..self.public.end])
    }
}

/// A text that is no key.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAKey;

/// Characters of the public id, as `KeyShape` wants them.
const PUBLIC: usize = 16;

impl KeyText {
    /// A new key with 256 secret bits.
    ///
    /// # Errors
    /// A fault when the system has no randomness.
    pub fn generate(environment: Environment) -> Result<Self> {
        Self::from_seed(environment, ctx::random()?)
    }

    /// The key that belongs to a secret seed, the same every time.
    ///
    /// # Errors
    /// A fault when it does not parse, which the tests of this module rule out.
    pub fn from_seed(environment: Environment, seed: [u8; 32]) -> Result<Self> {
        let part = |label: &[u8]| -> [u8; 32] {
            Sha256::new().chain_update(label).chain_update([0]).chain_update(seed).finalize().into()
        };
        // The public part is shown everywhere: it must tell nothing about the seed.
        let (public, secret) = (part(b"tenantry key public v1"), part(b"tenantry key secret v1"));
        let hex = tenantry_pg::roles::hex;
        let body = format!("tnt_{}_{}_{}", environment.as_str(), hex(&public[..PUBLIC / 2]), hex(&secret));
        let text = format!("{body}_{}", checksum(&body));
        Self::from_str(&text).map_err(|NotAKey| crate::Error::Fault("a new key does not parse".to_owned()))
    }

    /// The part that finds its row.
    pub fn public_id(&self) -> &str {
        &self.text[self.public.clone()]
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The whole text, to be shown once.
    pub fn expose(&self) -> String {
        self.text.clone()
    }
}

/// What the last part of a key or token is, for the parts before it.
pub(crate) fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

impl FromStr for KeyText {
    type Err = NotAKey;

    fn from_str(text: &str) -> std::result::Result<Self, NotAKey> {
        let shape = KeyShape::of(text).ok_or(NotAKey)?;
        Ok(Self { text: text.to_owned(), public: shape.public })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_new_key_parses_and_hides_its_secret() {
        let key = KeyText::generate(Environment::Live).unwrap();
        let again: KeyText = key.expose().parse().unwrap();
        assert_eq!(again.public_id(), key.public_id());
        assert!(key.expose().starts_with("tnt_live_"));
        assert!(format!("{key:?}").len() < 40);
    }

    #[test]
    fn a_seed_gives_one_key_and_stays_hidden() {
        let key = KeyText::from_seed(Environment::Live, [7; 32]).unwrap();
        assert_eq!(key, KeyText::from_seed(Environment::Live, [7; 32]).unwrap());
        assert_eq!(key.expose().parse::<KeyText>().unwrap(), key);
        let other = KeyText::from_seed(Environment::Live, [8; 32]).unwrap();
        assert!(other.public_id() != key.public_id() && other.expose() != key.expose());
        assert!(!key.expose().contains("0707"), "the seed shows");
    }

    #[test]
    fn a_changed_character_is_noticed() {
        let text = KeyText::generate(Environment::Dev).unwrap().expose();
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            assert_eq!(String::from_utf8(changed).unwrap().parse::<KeyText>(), Err(NotAKey), "at {place}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_refused(text in "(tnt_)?(live|dev)?\\PC{0,120}") {
            if let Ok(key) = text.parse::<KeyText>() {
                prop_assert_eq!(key.expose(), text);
            }
        }
    }
}
