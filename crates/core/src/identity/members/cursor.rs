//! Where a page of members ended.
//!
//! Owns: nothing. Calls: nothing. Called by: members.
//! Invariants: it holds its place also where the member that it names is gone (`members_come_in_pages`). After a crash: nothing is left.

use chrono::{DateTime, Datelike, Utc};
use std::fmt;
use tenantry_types::{UserId, identity::Member};

/// Right after this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) at: DateTime<Utc>,
    pub(super) user: UserId,
}

impl Cursor {
    pub(super) fn after(member: &Member) -> Self {
        Self { at: member.created_at, user: member.user_id }
    }

    /// What [`Self::to_string`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (at, user) = text.split_once('.')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        // A year that PostgreSQL reads otherwise than we do is no time of a row.
        let usable = (1..=9999).contains(&at.year());
        Some(Self { at, user: user.parse().ok().filter(|_| usable)? })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_a_cursor_or_refused(text in "\\PC{0,60}") {
            if let Some(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
            }
        }
    }

    #[test]
    fn round_trip() {
        let cursor = Cursor { at: DateTime::UNIX_EPOCH, user: UserId(uuid::Uuid::from_u128(7)) };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        assert_eq!(Cursor::parse(&format!("{}.{}", i64::MAX, cursor.user)), None);
    }
}
