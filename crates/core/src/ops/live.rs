//! What happens, as it happens: runs, proofs of isolation and the audit trail in one stream, for whoever may see it.
//!
//! Owns: nothing. Calls: audit (the trail as an actor may see it), durable's outbox. Called by: server.
//! Invariants: a place is durable and its two numbers only grow, so that a reader who comes back misses nothing and hears nothing twice
//! (`the_live_stream_resumes_at_its_place`); whoever is no operator hears of their own tenant's trail and of nothing else
//! (`a_tenants_admin_hears_of_their_tenant_alone`). After a crash: readers come back with their places.

use crate::{
    Error, Result,
    audit::{self, Trail},
    authz::{Action, Actor},
    identity, isolation, provisioning,
};
use serde_json::Value;
use std::{fmt, str::FromStr};
use tenantry_durable::outbox;
use tenantry_pg::Pool;

/// Events of one look at the most.
const BATCH: i64 = 200;

/// How far a reader is: in the outbox, and in the sealed trail. As text `12.34`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    outbox: i64,
    sealed: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.outbox, self.sealed)
    }
}

impl FromStr for Place {
    type Err = &'static str;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let number = |text: &str| text.parse().ok().filter(|number: &i64| *number >= 0);
        let place = text
            .split_once('.')
            .and_then(|(outbox, sealed)| Some(Self { outbox: number(outbox)?, sealed: number(sealed)? }));
        place.ok_or("must be the id of an event of this stream")
    }
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where a reader is who has it.
    pub place: Place,
    /// `run`, `step`, `isolation`, `audit`, `refusal`.
    pub event: String,
    /// What it says.
    pub data: Value,
}

/// What an actor may listen to.
#[derive(Clone)]
pub struct Live {
    platform: Pool,
    trail: Trail,
    topics: &'static [&'static str],
}

impl Live {
    /// Operators hear of everything; a tenant's owner and admins, and keys that may read its trail, of what is sealed in it.
    ///
    /// # Errors
    /// 403 for whoever may not read the audit trail.
    pub fn of(actor: &Actor, platform: &Pool, control: &Pool) -> Result<Self> {
        let trail = Trail::of(actor, platform, control)?;
        let all = actor.may(Action::ReadRuns).is_ok() && actor.may(Action::ReadIsolation).is_ok();
        let topics: &[&str] = if all { &[provisioning::TOPIC, isolation::TOPIC] } else { &[] };
        Ok(Self { platform: platform.clone(), trail, topics })
    }

    /// Where everything ends now.
    ///
    /// # Errors
    /// The database's.
    pub async fn head(&self) -> Result<Place> {
        let outbox = if self.topics.is_empty() { 0 } else { outbox_head(&self.platform).await? };
        Ok(Place { outbox, sealed: audit::head(&self.trail).await? })
    }

    /// What came after a place, in order.
    ///
    /// # Errors
    /// The database's.
    pub async fn after(&self, mut place: Place) -> Result<Vec<Told>> {
        let mut told = Vec::new();
        if !self.topics.is_empty() {
            let events = self
                .platform
                .run("live_events", (self.topics, place.outbox), |tx, (topics, after)| {
                    Box::pin(
                        async move { Ok::<_, Error>(outbox::read_topics(tx, topics, *after, BATCH).await?) },
                    )
                })
                .await?;
            for event in events {
                place.outbox = event.position;
                let mut data = event.data;
                // A step does not say whose it is.
                if let (provisioning::TOPIC, Some(fields)) = (&*event.topic, data.as_object_mut()) {
                    fields.insert("run_id".to_owned(), event.key.into());
                }
                told.push(Told { place, event: event.event, data });
            }
        }
        for (position, event) in audit::since(&self.trail, place.sealed, BATCH).await? {
            place.sealed = position;
            let refused = event.action == identity::MISMATCH;
            let data = serde_json::to_value(event).map_err(|error| Error::Fault(error.to_string()))?;
            let kind = if refused { "refusal" } else { "audit" };
            told.push(Told { place, event: kind.to_owned(), data });
        }
        Ok(told)
    }
}

async fn outbox_head(platform: &Pool) -> Result<i64> {
    platform.run("live_head", (), |tx, ()| Box::pin(async move { Ok(outbox::head(tx).await?) })).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back() {
        let place = Place { outbox: 12, sealed: 34 };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "12", "12.", ".34", "-1.3", "a.b", "1.2.3"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
