//! The domain's error: a refusal that the caller may read, or a fault that only the operator may.
//!
//! Owns: nothing. Calls: pg, types. Called by: every module, server's problem responses.
//! Invariants: what PostgreSQL said never becomes part of a refusal (`faults_are_not_told`). After a crash: nothing is left.

use tenantry_pg::{self as pg, ErrorKind, TxError};
use tenantry_types::{ErrorCode, FieldError, identity::Proof};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller can read why, and do something about it.
    #[error("{code:?}: {detail}")]
    Refused {
        /// The stable code.
        code: ErrorCode,
        /// What happened this time.
        detail: String,
        /// The fields that are not valid.
        errors: Vec<FieldError>,
        /// What to do.
        next_steps: Vec<String>,
    },
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] pg::Error),
    /// A migration file could not be applied.
    #[error(transparent)]
    Migration(#[from] pg::migrate::MigrateError),
    /// The fence of a slot did not hold when it was looked at.
    #[error("slot of {tenant}: {why}")]
    BrokenSlot {
        /// The tenant that would have lived there.
        tenant: tenantry_types::TenantId,
        /// What is open.
        why: String,
    },
    /// Too many attempts; the next one may come after this time.
    #[error("too many attempts")]
    TooMany {
        /// From now.
        retry_after: std::time::Duration,
    },
    /// Who may do what has changed since the scope was minted; tenancy looks again, nobody is told.
    #[error("access has changed")]
    Stale,
    /// An invariant does not hold; for the operator.
    #[error("{0}")]
    Fault(String),
}

impl Error {
    /// A refusal with a code and a sentence.
    pub fn refused(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self::Refused { code, detail: detail.into(), errors: Vec::new(), next_steps: Vec::new() }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        if let Self::Refused { next_steps, .. } = &mut self {
            next_steps.push(step.into());
        }
        self
    }

    /// Absent or foreign: one answer for both.
    pub fn not_found() -> Self {
        Self::refused(ErrorCode::NotFound, "There is no such object, or it is not yours to see.")
    }

    /// Fields that are not valid.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self::Refused {
            code: ErrorCode::Invalid,
            detail: "Correct the fields named in `errors` and send the request again.".to_owned(),
            errors,
            next_steps: Vec::new(),
        }
    }

    /// What the caller is told. Faults are told as such and no more.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Database(error) => match error.kind() {
                ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Retry => ErrorCode::Unavailable,
                _ => ErrorCode::Internal,
            },
            Self::TooMany { .. } => ErrorCode::TooManyRequests,
            Self::Migration(_) | Self::BrokenSlot { .. } | Self::Stale | Self::Fault(_) => {
                ErrorCode::Internal
            }
        }
    }

    /// True where this unique or exclusion constraint refused.
    pub fn violates(&self, constraint: &str) -> bool {
        matches!(self, Self::Database(error) if error.constraint() == Some(constraint))
    }
}

impl TxError for Error {
    fn pg(&self) -> Option<&pg::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

/// Collects what is wrong with a body, so that all of it is told at once.
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Notes a field.
    pub fn wrong(&mut self, pointer: &str, code: &str, detail: impl Into<String>) {
        self.0.push(FieldError { pointer: pointer.to_owned(), code: code.to_owned(), detail: detail.into() });
    }

    /// A text of 1 to `max` characters that is not only white space and has no control characters.
    pub fn text(&mut self, pointer: &str, value: &str, max: usize) {
        if value.trim().is_empty() {
            self.wrong(pointer, "required", "must not be empty");
        } else if value.chars().count() > max {
            self.wrong(pointer, "too_long", format!("must have at most {max} characters"));
        } else if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.wrong(pointer, "invalid_character", "must not contain control characters");
        }
    }

    /// The same for a name: one line with something to see, and nothing that turns the text around it.
    pub fn line(&mut self, pointer: &str, value: &str, max: usize) {
        if !value.is_empty() && value.chars().all(|c| c.is_whitespace() || unseen(c)) {
            self.wrong(pointer, "required", "must have something to see in it");
        } else if value.chars().any(|c| matches!(c, '\n' | '\t' | '\u{2028}' | '\u{2029}') || turns(c)) {
            self.wrong(pointer, "invalid_character", "must be one line without marks of direction");
        } else {
            self.text(pointer, value, max);
        }
    }

    /// A password or token that came: something, and not longer than any of ours.
    pub fn proof(&mut self, pointer: &str, value: &Proof) {
        let text = value.expose();
        if text.trim().is_empty() {
            self.wrong(pointer, "required", "must not be empty");
        } else if text.len() > Proof::LONGEST {
            self.wrong(pointer, "too_long", format!("must have at most {} bytes", Proof::LONGEST));
        } else if text.chars().any(char::is_control) {
            self.wrong(pointer, "invalid_character", "must not contain control characters");
        }
    }

    /// Notes what a parser refused.
    pub fn parsed<T, E: std::fmt::Display>(&mut self, pointer: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.wrong(pointer, "invalid", error.to_string())).ok()
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// [`Error::invalid`] with everything that was noted.
    pub fn check(self) -> crate::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid(self.0)) }
    }
}

/// Characters that turn the direction of the text after them: with one in a name, a page shows another name.
fn turns(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without a width of their own.
fn unseen(character: char) -> bool {
    turns(character)
        || matches!(character, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{3164}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_not_told() {
        let fault = Error::Fault("relation tenant_x.agents".to_owned());
        assert_eq!(fault.code(), ErrorCode::Internal);
        assert!(matches!(fault, Error::Fault(_)), "a fault has no detail field to leak through");
    }

    #[test]
    fn every_wrong_field_is_named() {
        let mut fields = Fields::default();
        fields.text("/name", "  ", 10);
        fields.text("/role", &"x".repeat(11), 10);
        fields.text("/bell", "ding\u{7}", 10);
        let Err(Error::Refused { errors, .. }) = fields.check() else { panic!("must refuse") };
        let codes: Vec<_> = errors.iter().map(|e| (e.pointer.as_str(), e.code.as_str())).collect();
        assert_eq!(codes, [("/name", "required"), ("/role", "too_long"), ("/bell", "invalid_character")]);
    }

    #[test]
    fn a_name_is_one_line_that_can_be_seen() {
        let told = |value: &str| {
            let mut fields = Fields::default();
            fields.line("/name", value, 10);
            fields.0.first().map(|error| error.code.clone()).unwrap_or_default()
        };
        for fine in ["Acme", "Ж 株式会社", "👩\u{200d}🚀", "نور"] {
            assert_eq!(told(fine), "", "{fine}");
        }
        for (value, code) in [
            ("", "required"),
            (" \u{200b}\u{2060}", "required"),
            ("\u{feff}", "required"),
            ("a\nb", "invalid_character"),
            ("a\tb", "invalid_character"),
            ("a\u{2028}b", "invalid_character"),
            ("a\u{202e}b", "invalid_character"),
            ("a\0", "invalid_character"),
            ("a\u{7}", "invalid_character"),
            ("aaaaaaaaaaa", "too_long"),
        ] {
            assert_eq!(told(value), code, "{value:?}");
        }
    }
}
