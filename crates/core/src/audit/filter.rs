//! What a caller may ask of the trail, and where a page begins.
//!
//! Owns: nothing. Calls: store. Called by: read, export.
//! Invariants: a filter that cannot be is refused, never ignored (`every_wrong_filter_is_named`); a cursor stands for a range that nothing can enter
//! any more (`a_walk_through_a_growing_trail_repeats_and_skips_nothing`). After a crash: nothing is left.

use super::store;
use crate::{Fields, Result};
use chrono::{DateTime, Datelike, Utc};
use tenantry_pg::ControlTx;
use tenantry_types::{
    Slug, TenantId,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};
use uuid::Uuid;

/// The word for deeds that concern the platform alone, where a tenant is asked for. No tenant can have it as its slug.
pub(super) const PLATFORM: &str = "platform";

/// What a caller asks; every field as text, as it comes.
#[derive(Debug, Clone, Default)]
pub struct AskAudit {
    /// A tenant's slug or id, or `platform`.
    pub tenant: Option<String>,
    /// Who.
    pub actor: Option<String>,
    /// What was done: `tenant.create`, or `tenant.` for all that begins so.
    pub action: Option<String>,
    /// The id of what it was done to.
    pub target: Option<String>,
    /// Done at this time or later, RFC 3339.
    pub from: Option<String>,
    /// Done before this time, RFC 3339.
    pub to: Option<String>,
    /// Items on the page.
    pub limit: Option<u16>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// Which tenant is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    Slug(String),
    Chain(Uuid),
}

/// A filter that can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub(super) whose: Option<Whose>,
    pub(super) actor: Option<String>,
    pub(super) action: Option<String>,
    pub(super) target: Option<String>,
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) to: Option<DateTime<Utc>>,
    pub(super) cursor: Cursor,
    pub(super) limit: usize,
}

/// A filter whose slug was looked up: what the statements take.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) chains: Option<Vec<Uuid>>,
    pub(super) actor: Option<String>,
    pub(super) action: Option<String>,
    pub(super) target: Option<String>,
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) to: Option<DateTime<Utc>>,
    pub(super) cursor: Cursor,
}

/// Where a page begins. Positions are given in the order in which they become visible, so nothing ever appears below one. An unsealed
/// event has no position yet, and gets one above all: a walk that has only seen unsealed ones goes on below the last of them, sealed meanwhile or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Cursor {
    /// With the newest.
    #[default]
    Top,
    /// Below this arrival, unsealed or sealed meanwhile.
    Arrived(i64),
    /// Below this position.
    Position(i64),
}

impl Cursor {
    /// Bounds of arrivals and of positions.
    pub(super) fn bounds(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Top => (None, None),
            Self::Arrived(arrived) => (Some(arrived), None),
            Self::Position(position) => (None, Some(position)),
        }
    }

    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Top => None,
            Self::Arrived(arrived) => Some(format!("a{arrived}")),
            Self::Position(position) => Some(format!("p{position}")),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, number) = text.split_at_checked(1)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = number.parse().ok()?;
        match kind {
            "a" => Some(Self::Arrived(number)),
            "p" => Some(Self::Position(number)),
            _ => None,
        }
    }
}

impl AskAudit {
    /// Refuses what cannot be.
    ///
    /// # Errors
    /// 422 with every field that is wrong.
    pub fn parse(self) -> Result<Filter> {
        let mut fields = Fields::default();
        let whose = self.tenant.as_deref().and_then(|text| {
            let whose = whose(text);
            if whose.is_none() {
                fields.wrong("tenant", "invalid", "must be a slug, an id (`ten_…`), or `platform`");
            }
            whose
        });
        for (name, value, most) in
            [("actor", &self.actor, 200), ("action", &self.action, 100), ("target", &self.target, 200)]
        {
            if let Some(text) = value {
                fields.text(name, text, most);
            }
        }
        let from = self.from.as_deref().and_then(|text| time(&mut fields, "from", text));
        let to = self.to.as_deref().and_then(|text| time(&mut fields, "to", text));
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            fields.wrong("to", "before_from", "must be later than `from`");
        }
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            fields.wrong("limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}"));
        }
        let cursor = self.cursor.as_deref().and_then(|text| {
            let cursor = Cursor::read(text);
            if cursor.is_none() {
                fields.wrong("cursor", "invalid", "must be the next_cursor of a page");
            }
            cursor
        });
        fields.check()?;
        Ok(Filter {
            whose,
            actor: self.actor,
            action: self.action,
            target: self.target,
            from,
            to,
            cursor: cursor.unwrap_or_default(),
            limit: usize::from(limit),
        })
    }
}

/// A slug, an id, or the word for the platform.
pub(super) fn whose(text: &str) -> Option<Whose> {
    if text == PLATFORM {
        return Some(Whose::Chain(Uuid::nil()));
    }
    if let Ok(id) = text.parse::<TenantId>() {
        return Some(Whose::Chain(id.0));
    }
    Slug::stored(text).map(|_| Whose::Slug(text.to_owned()))
}

fn time(fields: &mut Fields, name: &str, text: &str) -> Option<DateTime<Utc>> {
    let time = text.parse::<DateTime<Utc>>().ok().filter(|time| (1..=9999).contains(&time.year()));
    if time.is_none() {
        fields.wrong(name, "invalid", "must be a time such as 2026-03-04T12:00:00Z");
    }
    time
}

impl Filter {
    /// Looks the slug up: an unknown one, and one that is not the caller's to see, has no chain and so no events.
    pub(super) async fn find(&self, tx: &ControlTx) -> Result<Found> {
        let chains = match &self.whose {
            None => None,
            Some(Whose::Chain(chain)) => Some(vec![*chain]),
            Some(Whose::Slug(slug)) => Some(store::chains_of_slug(tx, slug).await?),
        };
        Ok(Found {
            chains,
            actor: self.actor.clone(),
            action: self.action.clone(),
            target: self.target.clone(),
            from: self.from,
            to: self.to,
            cursor: self.cursor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use proptest::prelude::*;

    #[test]
    fn every_wrong_filter_is_named() {
        let ask = AskAudit {
            tenant: Some("No Slug".to_owned()),
            actor: Some(String::new()),
            action: Some("x".repeat(101)),
            target: Some("a\0".to_owned()),
            from: Some("yesterday".to_owned()),
            to: Some("+12026-01-01T00:00:00Z".to_owned()),
            limit: Some(0),
            cursor: Some("p-1".to_owned()),
        };
        let Err(Error::Refused { errors, .. }) = ask.parse() else { panic!("must refuse") };
        let names: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(names, ["tenant", "actor", "action", "target", "from", "to", "limit", "cursor"]);
        let turned = AskAudit {
            from: Some("2026-01-02T00:00:00Z".to_owned()),
            to: Some("2026-01-02T00:00:00Z".to_owned()),
            ..AskAudit::default()
        };
        assert!(turned.parse().is_err());
    }

    #[test]
    fn tenants_are_named_in_three_ways() {
        assert_eq!(whose("acme"), Some(Whose::Slug("acme".to_owned())));
        assert_eq!(whose("platform"), Some(Whose::Chain(Uuid::nil())));
        let id = TenantId(Uuid::from_u128(7));
        assert_eq!(whose(&id.to_string()), Some(Whose::Chain(id.0)));
        assert_eq!(whose("ten_7"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_cursor_or_refused(text in "[ap]?\\PC{0,20}") {
            if let Some(cursor) = Cursor::read(&text) {
                prop_assert_eq!(Cursor::read(&cursor.text().unwrap()), Some(cursor));
            }
        }
    }
}
