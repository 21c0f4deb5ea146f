//! The text of a grant's token: `tng_<secret>_<checksum>`.
//!
//! Owns: nothing. Calls: nothing. Called by: grants, identity's gate.
//! Invariants: a token is recognised offline by prefix and checksum (`a_changed_character_is_noticed`); it never shows in Debug.
//! After a crash: nothing is left.

use crate::{Error, Result, identity::keys::checksum};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

const SECRET: usize = 64;

/// A well-formed token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct GrantText(String);

impl fmt::Debug for GrantText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantText(…)")
    }
}

/// A text that is no token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAGrant;

impl GrantText {
    /// The token that belongs to a secret seed, the same every time.
    pub(super) fn from_seed(seed: [u8; 32]) -> Result<Self> {
        let secret = Sha256::new().chain_update(b"tenantry grant secret v1\0").chain_update(seed).finalize();
        let body = format!("tng_{}", tenantry_pg::roles::hex(&secret));
        let text = format!("{body}_{}", checksum(&body));
        text.parse().map_err(|NotAGrant| Error::Fault("a new token does not parse".to_owned()))
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The whole text, to be shown once.
    pub(super) fn expose(&self) -> String {
        self.0.clone()
    }
}

impl FromStr for GrantText {
    type Err = NotAGrant;

    fn from_str(text: &str) -> std::result::Result<Self, NotAGrant> {
        let (body, sum) = text.rsplit_once('_').ok_or(NotAGrant)?;
        let secret = body.strip_prefix("tng_").ok_or(NotAGrant)?;
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if secret.len() == SECRET && secret.bytes().all(hex) && checksum(body) == sum {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAGrant)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_changed_character_is_noticed() {
        let text = GrantText::from_seed([7; 32]).unwrap().expose();
        assert_eq!(text.len(), 4 + SECRET + 9);
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            assert_eq!(
                String::from_utf8(changed).unwrap().parse::<GrantText>(),
                Err(NotAGrant),
                "at {place}"
            );
        }
    }

    #[test]
    fn a_seed_gives_one_token_and_stays_hidden() {
        let token = GrantText::from_seed([7; 32]).unwrap();
        assert_eq!(token, GrantText::from_seed([7; 32]).unwrap());
        assert_ne!(token.expose(), GrantText::from_seed([8; 32]).unwrap().expose());
        assert!(!token.expose().contains("0707") && format!("{token:?}").len() < 20);
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_refused(text in "(tng_)?\\PC{0,100}") {
            if let Ok(token) = text.parse::<GrantText>() {
                prop_assert_eq!(token.expose(), text);
            }
        }
    }
}
