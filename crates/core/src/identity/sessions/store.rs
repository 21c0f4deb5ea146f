//! SQL of sessions and of the tokens that keep them.
//!
//! Owns: `sessions`, `refresh_tokens`. Calls: pg. Called by: sessions, sign-in, gate, the worker's sweep.
//! Invariants: of a token its hash is written and nothing else. After a crash: one transaction or none.

use super::{NewSession, Open, Why};
use crate::{Result, registry::store::word};
use chrono::{DateTime, Utc};
use std::net::IpAddr;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{SessionId, UserId, identity::Session};

impl FromRow for Open {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            id: SessionId(row.get("id")?),
            user: UserId(row.get("user_id")?),
            kind: word(row, "kind")?,
            as_operator: row.get("as_operator")?,
            created_at: row.get("created_at")?,
            seen_at: row.get("seen_at")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

pub(crate) async fn insert(tx: &ControlTx, session: &NewSession, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- sessions::insert
         INSERT INTO sessions (id, user_id, kind, cookie_hash, as_operator, created_at, seen_at, expires_at, address, user_agent)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, left($9, 300))",
        &[
            &session.id.0,
            &session.user.0,
            &session.kind.as_str(),
            &session.cookie.map(|hash| hash.to_vec()),
            &session.as_operator,
            &now,
            &session.until,
            &session.address,
            &session.user_agent,
        ],
    )
    .await?;
    Ok(())
}

/// The session of a cookie, while it holds.
pub(crate) async fn by_cookie(tx: &ControlTx, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Option<Open>> {
    Ok(tx
        .optional(
            "-- sessions::by_cookie
             SELECT id, user_id, kind, as_operator, created_at, seen_at, expires_at FROM sessions
             WHERE cookie_hash = $1 AND revoked_at IS NULL AND expires_at > $2",
            &[&hash.to_vec(), &now],
        )
        .await?)
}

/// The session of that id, while it holds.
pub(crate) async fn by_id(tx: &ControlTx, id: SessionId, now: DateTime<Utc>) -> Result<Option<Open>> {
    Ok(tx
        .optional(
            "-- sessions::by_id
             SELECT id, user_id, kind, as_operator, created_at, seen_at, expires_at FROM sessions
             WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
            &[&id.0, &now],
        )
        .await?)
}

/// The session was used, and lasts until then.
pub(crate) async fn touch(
    tx: &ControlTx,
    id: SessionId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- sessions::touch
         UPDATE sessions SET seen_at = greatest(seen_at, $3), expires_at = greatest(expires_at, $2) WHERE id = $1",
        &[&id.0, &until, &now],
    )
    .await?;
    Ok(())
}

struct Listed(Session);

impl FromRow for Listed {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let address: Option<IpAddr> = row.get("address")?;
        Ok(Self(Session {
            id: SessionId(row.get("id")?),
            kind: word(row, "kind")?,
            current: false,
            created_at: row.get("created_at")?,
            seen_at: row.get("seen_at")?,
            expires_at: row.get("expires_at")?,
            address: address.map(|address| address.to_string()),
            user_agent: row.get("user_agent")?,
        }))
    }
}

/// The user's sessions that hold, the newest first.
pub(super) async fn of_user(tx: &ControlTx, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>> {
    let rows: Vec<Listed> = tx
        .all(
            "-- sessions::of_user
             SELECT id, kind, created_at, seen_at, expires_at, address, user_agent FROM sessions
             WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
             ORDER BY created_at DESC, id DESC LIMIT 200",
            &[&user.0, &now],
        )
        .await?;
    Ok(rows.into_iter().map(|Listed(session)| session).collect())
}

/// Ends a user's session. False where none of that id holds.
pub(super) async fn revoke(
    tx: &ControlTx,
    user: UserId,
    session: SessionId,
    why: Why,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ended = tx
        .query(
            "-- sessions::revoke
             UPDATE sessions SET revoked_at = $4, revoked_why = $3
             WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $4 RETURNING 1::bigint AS rows",
            &[&session.0, &user.0, &why.as_str(), &now],
        )
        .await?;
    Ok(!ended.is_empty())
}

/// Ends the user's sessions, but for one. Returns them.
pub(super) async fn revoke_others(
    tx: &ControlTx,
    user: UserId,
    kept: Option<SessionId>,
    why: Why,
    now: DateTime<Utc>,
) -> Result<Vec<SessionId>> {
    let rows = tx
        .query(
            "-- sessions::revoke_others
             UPDATE sessions SET revoked_at = $4, revoked_why = $3
             WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND revoked_at IS NULL AND expires_at > $4 RETURNING id",
            &[&user.0, &kept.map(|id| id.0), &why.as_str(), &now],
        )
        .await?;
    rows.iter().map(|row| Ok(SessionId(row.get("id")?))).collect()
}

/// A refresh token that came, with its session whatever state that is in.
pub(crate) struct Refreshing {
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    /// It came before.
    pub(crate) used: bool,
    /// It is past its time.
    pub(crate) expires_at: DateTime<Utc>,
}

impl FromRow for Refreshing {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            session: SessionId(row.get("session_id")?),
            user: UserId(row.get("user_id")?),
            used: row.get("used")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

/// The refresh token of that hash, locked: of two that come at once the second sees what the first did.
pub(crate) async fn lock_refresh(tx: &ControlTx, hash: &[u8; 32]) -> Result<Option<Refreshing>> {
    Ok(tx
        .optional(
            "-- sessions::lock_refresh
             SELECT r.session_id, s.user_id, r.used_at IS NOT NULL AS used, r.expires_at
             FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id WHERE r.token_hash = $1 FOR UPDATE OF r",
            &[&hash.to_vec()],
        )
        .await?)
}

pub(crate) async fn use_refresh(tx: &ControlTx, hash: &[u8; 32], now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- sessions::use_refresh
         UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1",
        &[&hash.to_vec(), &now],
    )
    .await?;
    Ok(())
}

pub(crate) async fn insert_refresh(
    tx: &ControlTx,
    session: SessionId,
    hash: &[u8; 32],
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- sessions::insert_refresh
         INSERT INTO refresh_tokens (token_hash, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        &[&hash.to_vec(), &session.0, &now, &until],
    )
    .await?;
    Ok(())
}

/// Forgets sessions that ended before then, with their tokens. As the owner.
pub(crate) async fn forget(tx: &ControlTx, before: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- sessions::forget
         DELETE FROM sessions WHERE expires_at < $1 OR revoked_at < $1",
        &[&before],
    )
    .await?;
    Ok(())
}
