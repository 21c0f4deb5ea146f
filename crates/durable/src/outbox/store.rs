//! SQL of the outbox.
//!
//! Owns: `outbox`, `outbox_clock`. Calls: pg. Called by: outbox.
//! Invariants: numbering holds the clock's row until it commits, so numbers become visible in their order. After a crash: one transaction or none.

use super::Event;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tenantry_pg::{ControlTx, Error, FromRow, Row};

impl FromRow for Event {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            position: row.get("position")?,
            topic: row.get("topic")?,
            key: row.get("key")?,
            event: row.get("event")?,
            data: row.get("data")?,
        })
    }
}

pub(super) async fn put(tx: &ControlTx, topic: &str, key: &str, events: Value) -> Result<(), Error> {
    tx.query(
        "-- outbox::put
         INSERT INTO outbox (topic, key, event, data)
         SELECT $1, $2, e.event ->> 'event', e.event -> 'data'
         FROM jsonb_array_elements($3) WITH ORDINALITY AS e (event, place) ORDER BY e.place",
        &[&topic, &key, &events],
    )
    .await?;
    Ok(())
}

/// Gives positions to what has none. Most looks find nothing, and then lock nothing.
pub(super) async fn number(tx: &ControlTx) -> Result<(), Error> {
    let waiting =
        tx.query("-- outbox::waiting\nSELECT 1 FROM outbox WHERE position IS NULL LIMIT 1", &[]).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    // A statement of its own: the next one's snapshot must come after the lock was had.
    tx.query("-- outbox::lock\nSELECT position FROM outbox_clock FOR UPDATE", &[]).await?;
    tx.query(
        "-- outbox::number
         WITH waiting AS (
             SELECT id, row_number() OVER (ORDER BY id) AS place FROM outbox WHERE position IS NULL
         ), numbered AS (
             UPDATE outbox o SET position = c.position + w.place
             FROM waiting w, outbox_clock c WHERE o.id = w.id
             RETURNING o.position
         )
         UPDATE outbox_clock SET position = greatest(position, (SELECT max(n.position) FROM numbered n))",
        &[],
    )
    .await?;
    Ok(())
}

pub(super) async fn read(
    tx: &ControlTx,
    topic: &str,
    key: Option<&str>,
    position: i64,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    tx.all(
        "-- outbox::read
         SELECT position, topic, key, event, data FROM outbox
         WHERE topic = $1 AND ($2 IS NULL OR key = $2) AND position > $3 ORDER BY position LIMIT $4",
        &[&topic, &key.map(str::to_owned), &position, &limit],
    )
    .await
}

pub(super) async fn read_topics(
    tx: &ControlTx,
    topics: &[&str],
    position: i64,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
    tx.all(
        "-- outbox::read_topics
         SELECT position, topic, key, event, data FROM outbox
         WHERE topic = ANY($1) AND position > $2 ORDER BY position LIMIT $3",
        &[&topics, &position, &limit],
    )
    .await
}

pub(super) async fn head(tx: &ControlTx) -> Result<i64, Error> {
    let rows = tx.query("-- outbox::head\nSELECT position FROM outbox_clock", &[]).await?;
    rows.first().map_or(Ok(0), |row| row.get("position"))
}

pub(super) async fn forget(tx: &ControlTx, before: DateTime<Utc>) -> Result<i64, Error> {
    let rows = tx
        .query(
            "-- outbox::forget
             WITH gone AS (DELETE FROM outbox WHERE created_at < $1 AND position IS NOT NULL RETURNING 1)
             SELECT count(*) AS gone FROM gone",
            &[&before],
        )
        .await?;
    rows.first().map_or(Ok(0), |row| row.get("gone"))
}
