//! Slugs: the name of a tenant in hosts, headers and commands.
//!
//! Owns: nothing. Calls: nothing. Called by: registry, server, cli.
//! Invariants: what is accepted is a valid DNS label that nobody can mistake for one of ours
//! (`accepts_only_labels`, `refusals_name_their_reason`). After a crash: nothing is left.

use serde::{Deserialize, Deserializer, Serialize};
use std::{fmt, str::FromStr};

/// Words that name a part of the platform, a mail role of RFC 2142, or something a visitor would trust.
pub const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "beta",
    "billing",
    "blog",
    "cdn",
    "console",
    "control",
    "dashboard",
    "demo",
    "dev",
    "docs",
    "download",
    "email",
    "example",
    "export",
    "ftp",
    "gateway",
    "graphql",
    "health",
    "help",
    "hostmaster",
    "imap",
    "info",
    "internal",
    "invite",
    "localhost",
    "login",
    "logout",
    "mail",
    "marketing",
    "metrics",
    "mx",
    "new",
    "news",
    "null",
    "oauth",
    "ops",
    "owner",
    "platform",
    "pop",
    "postmaster",
    "pricing",
    "prod",
    "production",
    "public",
    "register",
    "root",
    "security",
    "settings",
    "shop",
    "signin",
    "signup",
    "smtp",
    "sso",
    "staging",
    "static",
    "status",
    "store",
    "support",
    "system",
    "team",
    "tenant",
    "tenantry",
    "tenants",
    "test",
    "undefined",
    "webhook",
    "webhooks",
    "webmaster",
    "wiki",
    "wildcard",
    "www",
];

/// Why a text cannot be a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlugRefusal {
    /// Fewer than 3 characters.
    #[error("a slug has at least 3 characters")]
    TooShort,
    /// More than 63 characters.
    #[error("a slug has at most 63 characters, the limit of a DNS label")]
    TooLong,
    /// A character outside `a-z`, `0-9` and `-`.
    #[error("a slug is made of a-z, 0-9 and hyphens only")]
    Character,
    /// A hyphen at either end.
    #[error("a slug neither starts nor ends with a hyphen")]
    EdgeHyphen,
    /// Two hyphens in a row; `xn--…` would be read as an internationalised name.
    #[error("a slug has no two hyphens in a row")]
    DoubleHyphen,
    /// Digits only, which reads as an id or an address.
    #[error("a slug has at least one letter")]
    NoLetter,
    /// A reserved word.
    #[error("this slug is reserved for the platform")]
    Reserved,
}

impl SlugRefusal {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Character => "invalid_character",
            Self::EdgeHyphen => "edge_hyphen",
            Self::DoubleHyphen => "double_hyphen",
            Self::NoLetter => "no_letter",
            Self::Reserved => "reserved",
        }
    }
}

/// A well-formed slug: 3 to 63 characters of `a-z`, `0-9` and single inner hyphens, with a letter, not reserved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", min_length = 3, max_length = 63, example = "acme")]
pub struct Slug(String);

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A slug that the registry already holds: its form is checked, the reserved words are not, since a word may become
    /// reserved after a tenant has it.
    pub fn stored(text: &str) -> Option<Self> {
        match Self::check(text) {
            Ok(()) | Err(SlugRefusal::Reserved) => Some(Self(text.to_owned())),
            Err(_) => None,
        }
    }

    fn check(text: &str) -> Result<(), SlugRefusal> {
        if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(SlugRefusal::Character);
        }
        match text.len() {
            0..=2 => return Err(SlugRefusal::TooShort),
            64.. => return Err(SlugRefusal::TooLong),
            _ => {}
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(SlugRefusal::EdgeHyphen);
        }
        if text.contains("--") {
            return Err(SlugRefusal::DoubleHyphen);
        }
        if !text.bytes().any(|b| b.is_ascii_lowercase()) {
            return Err(SlugRefusal::NoLetter);
        }
        if RESERVED.contains(&text) {
            return Err(SlugRefusal::Reserved);
        }
        Ok(())
    }
}

impl FromStr for Slug {
    type Err = SlugRefusal;
    fn from_str(text: &str) -> Result<Self, SlugRefusal> {
        Self::check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refusals_name_their_reason() {
        use SlugRefusal::{Character, DoubleHyphen, EdgeHyphen, NoLetter, Reserved, TooLong, TooShort};
        let long = "a".repeat(64);
        for (text, refusal) in [
            ("", TooShort),
            ("ab", TooShort),
            (&*long, TooLong),
            ("Acme", Character),
            ("ac me", Character),
            ("аcme", Character),
            ("acme_inc", Character),
            ("-acme", EdgeHyphen),
            ("acme-", EdgeHyphen),
            ("xn--acme", DoubleHyphen),
            ("12345", NoLetter),
            ("admin", Reserved),
            ("www", Reserved),
        ] {
            assert_eq!(text.parse::<Slug>(), Err(refusal), "{text}");
        }
        for text in ["acme", "a1b", "acme-inc", "3m-company", &"a".repeat(63)] {
            assert!(text.parse::<Slug>().is_ok(), "{text}");
        }
    }

    #[test]
    fn reserved_words_are_sorted_and_would_else_be_slugs() {
        assert!(RESERVED.is_sorted());
        assert!(
            RESERVED.iter().all(|word| word.len() < 3 || Slug::check(word) == Err(SlugRefusal::Reserved))
        );
    }

    proptest! {
        #[test]
        fn accepts_only_labels(text in "[a-z0-9A-Zé_. -]{0,70}") {
            if let Ok(slug) = text.parse::<Slug>() {
                prop_assert_eq!(slug.as_str(), &text);
                prop_assert!((3..=63).contains(&text.len()) && text.is_ascii() && !text.starts_with('-') && !text.ends_with('-'));
            }
        }
    }
}
