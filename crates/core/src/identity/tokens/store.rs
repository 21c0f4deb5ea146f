//! SQL of signing keys.
//!
//! Owns: `signing_keys`. Calls: pg. Called by: tokens' keyring, the worker's sweep.
//! Invariants: a private half is written sealed (`no_secret_of_a_sign_in_is_stored`). After a crash: one transaction or none.

use crate::Result;
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};

/// A key, as the table has it.
#[derive(Clone)]
pub(super) struct KeyRow {
    pub(super) id: String,
    pub(super) public: Vec<u8>,
    pub(super) sealed: Vec<u8>,
    pub(super) signs_from: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl FromRow for KeyRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            id: row.get("id")?,
            public: row.get("public_key")?,
            sealed: row.get("private_key")?,
            signs_from: row.get("signs_from")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

pub(super) async fn all(tx: &ControlTx) -> Result<Vec<KeyRow>> {
    Ok(tx
        .all(
            "-- tokens::all
             SELECT id, public_key, private_key, signs_from, expires_at FROM signing_keys ORDER BY signs_from, id",
            &[],
        )
        .await?)
}

/// Keeps servers that make a key apart until the transaction ends. Anybody who holds the lock delays a key and no more.
pub(super) async fn lock(tx: &ControlTx) -> Result<()> {
    tx.query(
        "-- tokens::lock
         SELECT pg_advisory_xact_lock(hashtextextended('tenantry.signing_keys', 0))::text",
        &[],
    )
    .await?;
    Ok(())
}

pub(super) async fn insert(tx: &ControlTx, key: &KeyRow, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- tokens::insert
         INSERT INTO signing_keys (id, algorithm, public_key, private_key, created_at, signs_from)
         VALUES ($1, 'EdDSA', $2, $3, $4, $5)",
        &[&key.id, &key.public, &key.sealed, &now, &key.signs_from],
    )
    .await?;
    Ok(())
}

/// The keys before the next one sign until it does, and are published until their last token has ended.
pub(super) async fn retire(
    tx: &ControlTx,
    signs_until: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- tokens::retire
         UPDATE signing_keys SET signs_until = $1, expires_at = $2 WHERE expires_at IS NULL",
        &[&signs_until, &expires_at],
    )
    .await?;
    Ok(())
}

/// Forgets keys that nobody verifies with any more.
pub(crate) async fn forget(tx: &ControlTx, before: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- tokens::forget
         DELETE FROM signing_keys WHERE expires_at < $1",
        &[&before],
    )
    .await?;
    Ok(())
}
