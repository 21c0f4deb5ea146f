//! Which part of a list: its size, and the item after which it begins.
//!
//! Owns: nothing. Calls: nothing. Called by: identity's lists.
//! Invariants: a cursor names the last item of the page before, by what the list is sorted by, so that nothing is skipped or told twice, whatever comes in
//! between (`keys_are_listed_in_pages`, `members_come_in_pages`). After a crash: nothing is left.

use crate::{Fields, Result};
use std::{fmt::Display, str::FromStr};
use tenantry_types::page::{DEFAULT_LIMIT, MAX_LIMIT, Page};

/// What a caller may ask of a list, as it comes.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// Items on the page, 1 to 200; 50 when absent.
    pub limit: Option<u16>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// The same, read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice<T> {
    limit: u16,
    pub(crate) after: Option<T>,
}

impl Paging {
    /// Reads it, and notes what is wrong with it.
    ///
    /// # Errors
    /// 422 for a limit or cursor that cannot be.
    pub(crate) fn parse<T: FromStr>(&self) -> Result<Slice<T>> {
        let mut fields = Fields::default();
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            fields.wrong("limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}"));
        }
        let after = self.cursor.as_deref().and_then(|text| {
            let parsed = text.parse().map_err(|_| "must be the next_cursor of a page");
            fields.parsed("cursor", parsed)
        });
        fields.check()?;
        Ok(Slice { limit, after })
    }
}

impl<T> Slice<T> {
    /// Rows to read: one more than asked for tells whether there is a next page.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page, of the rows that were read.
    pub(crate) fn page<I>(&self, mut items: Vec<I>, cursor: impl Fn(&I) -> T) -> Page<I>
    where
        T: Display,
    {
        let limit = usize::from(self.limit);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| cursor(last).to_string());
        Page { items, next_cursor }
    }
}
