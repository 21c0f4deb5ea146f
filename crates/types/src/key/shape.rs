//! The shape of an API key's text, `tnt_<env>_<public id>_<secret>_<checksum>`: recognised without asking anybody.
//!
//! Owns: nothing. Calls: nothing. Called by: core's `KeyText`, cli.
//! Invariants: a text with one character changed is no key (`a_changed_character_is_noticed`), and what a stranger chose is looked at without
//! a panic (`any_text_has_the_shape_or_not`). After a crash: nothing is left.

use std::ops::Range;

/// Characters of the public id.
const PUBLIC: usize = 16;
/// Characters of the secret: 256 bits.
const SECRET: usize = 64;
/// Characters of the checksum.
const CHECKSUM: usize = 8;

/// What a well-formed key tells of itself. Whether it is good, only the server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyShape<'a> {
    /// `live` or `dev`.
    pub environment: &'a str,
    /// The part that is no secret; lists and the audit trail show it.
    pub public_id: &'a str,
    /// Bytes of the text that are the public id.
    pub public: Range<usize>,
}

impl<'a> KeyShape<'a> {
    /// The shape of `text`; `None` where it is no key of ours.
    pub fn of(text: &'a str) -> Option<Self> {
        let (body, sum) = text.rsplit_once('_')?;
        let mut parts = body.split('_');
        let (Some("tnt"), Some(environment @ ("live" | "dev")), Some(public_id), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let well_formed = is_hex(public_id, PUBLIC) && is_hex(secret, SECRET) && is_hex(sum, CHECKSUM);
        if !well_formed || Self::checksum(body) != sum {
            return None;
        }
        let start = body.len() - SECRET - 1 - PUBLIC;
        Some(Self { environment, public_id, public: start..start + PUBLIC })
    }

    /// The last part of a key whose other parts are `body`: CRC-32, eight hexadecimal digits.
    pub fn checksum(body: &str) -> String {
        format!("{:08x}", crc32fast::hash(body.as_bytes()))
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(environment: &str) -> String {
        let body = format!("tnt_{environment}_{}_{}", "0a".repeat(8), "7f".repeat(32));
        format!("{body}_{}", KeyShape::checksum(&body))
    }

    #[test]
    fn a_key_tells_environment_and_public_id() {
        for environment in ["live", "dev"] {
            let text = key(environment);
            let shape = KeyShape::of(&text).unwrap();
            assert_eq!((shape.environment, shape.public_id), (environment, "0a0a0a0a0a0a0a0a"));
            assert_eq!(&text[shape.public], "0a0a0a0a0a0a0a0a");
        }
        assert_eq!(KeyShape::of(&key("test")), None);
    }

    #[test]
    fn a_changed_character_is_noticed() {
        let text = key("dev");
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            assert_eq!(KeyShape::of(&String::from_utf8(changed).unwrap()), None, "at {place}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_the_shape_or_not(text in "(tnt_)?(live|dev)?\\PC{0,120}") {
            if let Some(shape) = KeyShape::of(&text) {
                prop_assert_eq!(&text[shape.public], shape.public_id);
            }
        }
    }
}
