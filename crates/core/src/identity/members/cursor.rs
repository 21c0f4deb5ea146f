//! Where a page of members ended.
//!
//! Owns: nothing. Calls: nothing. Called by: members.
//! Invariants: it holds its place also where the member that it names is gone (`members_come_in_pages`). After a crash: nothing is left.

use chrono::{DateTime, Datelike, Utc};
use std::{fmt, str::FromStr};
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
}

/// A text that no cursor was written as.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (at, user) = text.split_once('.').ok_or(NoCursor)?;
        let at = at.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(NoCursor)?;
        // A year that PostgreSQL reads otherwise than we do is no time of a row.
        if !(1..=9999).contains(&at.year()) {
            return Err(NoCursor);
        }
        Ok(Self { at, user: user.parse().map_err(|_| NoCursor)? })
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
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
    }

    #[test]
    fn round_trip() {
        let cursor = Cursor { at: DateTime::UNIX_EPOCH, user: UserId(uuid::Uuid::from_u128(7)) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!(format!("{}.{}", i64::MAX, cursor.user).parse::<Cursor>(), Err(NoCursor));
    }
}
