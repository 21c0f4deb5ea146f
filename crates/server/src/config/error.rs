//! What is wrong with a configuration: all of it at once.
//!
//! Owns: nothing. Calls: nothing. Called by: config and its parsers.
//! Invariants: an error names the key, never its value (`tests::no_error_and_no_debug_shows_a_value`).
//! After a crash: nothing is left.

use std::fmt;

/// Why a parser does not take a text. Holds no part of that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, to follow the key's name: "is not …".
    pub problem: String,
    /// What to do.
    pub fix: String,
}

impl Refusal {
    /// A refusal with its remedy.
    pub fn new(problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { problem: problem.into(), fix: fix.into() }
    }
}

/// One key that cannot be used as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    /// The key as its source spells it: `TENANTRY_LISTEN`, `listen in tenantry.toml`.
    pub key: String,
    /// What is wrong, to follow the key.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}. {}.", self.key, self.problem, self.fix)
    }
}

/// Every error of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigErrors(pub Vec<KeyError>);

impl ConfigErrors {
    pub(super) fn push(&mut self, key: impl Into<String>, refusal: Refusal) {
        self.0.push(KeyError { key: key.into(), problem: refusal.problem, fix: refusal.fix });
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "the configuration has {count} {}:", if count == 1 { "error" } else { "errors" })?;
        self.0.iter().try_for_each(|error| write!(f, "\n  - {error}"))
    }
}

impl std::error::Error for ConfigErrors {}
