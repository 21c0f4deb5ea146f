//! The transactional outbox: what happened, told after the fact and in order, to whoever reads on from where they were.
//!
//! Owns: `outbox`, `outbox_clock`. Calls: pg. Called by: core's stores (put), live streams (read).
//! Invariants: an event is there exactly when its deed is (one transaction); positions are given after the commit, one numbering at a time, so
//! that no event appears behind a reader (`a_late_commit_is_not_missed`). After a crash: unnumbered events wait for the next reader.
//!
//! An id from a sequence will not do: it is drawn before the commit, and a reader who has seen 8 would miss 7 when that commits later.

mod store;

use serde_json::Value;
use tenantry_pg::{ControlTx, Error};

/// An event as it is read.
#[derive(Debug, Clone)]
pub struct Event {
    /// Durable; a reader resumes after it.
    pub position: i64,
    /// What kind of things it is about.
    pub topic: String,
    /// What it is about.
    pub key: String,
    /// Its kind.
    pub event: String,
    /// What it says.
    pub data: Value,
}

/// Puts events beside their deed, in this order.
///
/// # Errors
/// The database's; the deed must then fail too.
pub async fn put(tx: &ControlTx, topic: &str, key: &str, events: Vec<(&str, Value)>) -> Result<(), Error> {
    let events = events.into_iter().map(|(event, data)| serde_json::json!({"event": event, "data": data}));
    store::put(tx, topic, key, Value::Array(events.collect())).await
}

/// What came after `position` under a topic, of one key or of all; in order, `limit` at the most.
///
/// # Errors
/// The database's.
pub async fn read(
    tx: &ControlTx,
    topic: &str,
    key: Option<&str>,
    position: i64,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    store::number(tx).await?;
    store::read(tx, topic, key, position, limit).await
}

/// The same under several topics.
///
/// # Errors
/// The database's.
pub async fn read_topics(
    tx: &ControlTx,
    topics: &[&str],
    position: i64,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    store::number(tx).await?;
    store::read_topics(tx, topics, position, limit).await
}

/// The last position that was given: where a reader begins who wants to hear only what comes.
///
/// # Errors
/// The database's.
pub async fn head(tx: &ControlTx) -> Result<i64, Error> {
    store::number(tx).await?;
    store::head(tx).await
}

/// Forgets what is older than `before`. Returns how many.
///
/// # Errors
/// The database's.
pub async fn forget(tx: &ControlTx, before: chrono::DateTime<chrono::Utc>) -> Result<i64, Error> {
    store::forget(tx, before).await
}
