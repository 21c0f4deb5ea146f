//! E-mail addresses: one form for each mailbox.
//!
//! Owns: nothing. Calls: nothing. Called by: identity, provisioning.
//! Invariants: ASCII alone, so that no look-alike passes for another (`look_alikes_are_refused`); in lower case, so that one mailbox is one user
//! (`case_does_not_make_another_user`). After a crash: nothing is left.

use std::{fmt, str::FromStr};

/// A user's address, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// A text that is no address, as told to who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as ops@example.com")]
pub struct NotAnEmail;

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = NotAnEmail;

    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        if is_email(text) { Ok(Self(text.to_ascii_lowercase())) } else { Err(NotAnEmail) }
    }
}

/// RFC 5321's dot-string form, at most 254 characters. Quoted local parts and address literals are refused: no mailbox of a customer
/// has one, and every parser reads them differently.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    text.len() <= 254 && local.len() <= 64 && local.split('.').all(atom) && is_domain(domain)
}

/// Two labels or more, each 1 to 63 of letters, digits and inner hyphens; the last not a number.
pub(crate) fn is_domain(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let labels: Vec<&str> = text.split('.').collect();
    text.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(|part| label(part))
        && labels.last().is_some_and(|last| !last.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_does_not_make_another_user() {
        let (one, other): (Email, Email) =
            ("Ada@Example.COM".parse().unwrap(), "ada@example.com".parse().unwrap());
        assert_eq!(one, other);
        assert_eq!(one.domain(), "example.com");
    }

    #[test]
    fn look_alikes_are_refused() {
        for text in [
            "аda@example.com",
            "ada@exаmple.com",
            "ada＠example.com",
            "ada@example.com\u{200b}",
            "ada\u{0}@example.com",
            "ada@[127.0.0.1]",
        ] {
            assert_eq!(text.parse::<Email>(), Err(NotAnEmail), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_or_refused(text in "\\PC{0,20}@?\\PC{0,20}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.as_str(), text.to_ascii_lowercase());
            }
        }
    }
}
