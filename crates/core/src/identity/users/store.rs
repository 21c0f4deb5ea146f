//! SQL of users.
//!
//! Owns: `users`. Calls: pg. Called by: identity. Invariants: see the module. After a crash: one transaction or none.

use super::{NewUser, User};
use crate::{Result, identity::Email};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::UserId;

impl FromRow for User {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            id: UserId(row.get("id")?),
            email: row.get("email")?,
            name: row.get("name")?,
            email_verified_at: row.get("email_verified_at")?,
            password_hash: row.get("password_hash")?,
            password_set_at: row.get("password_set_at")?,
            disabled_at: row.get("disabled_at")?,
        })
    }
}

/// Who has that address.
pub(crate) async fn by_email(tx: &ControlTx, email: &Email) -> Result<Option<User>> {
    Ok(tx
        .optional(
            "-- users::by_email
             SELECT id, email, name, email_verified_at, password_hash, password_set_at, disabled_at FROM users WHERE email = $1",
            &[&email.as_str()],
        )
        .await?)
}

/// The user of that id.
pub(crate) async fn by_id(tx: &ControlTx, id: UserId) -> Result<Option<User>> {
    Ok(tx
        .optional(
            "-- users::by_id
             SELECT id, email, name, email_verified_at, password_hash, password_set_at, disabled_at FROM users WHERE id = $1",
            &[&id.0],
        )
        .await?)
}

/// Holds the user until the transaction ends, if the password that was compared outside of it is still theirs. First in every transaction that goes by one:
/// hashing takes its time, and a password may have been reset meanwhile.
pub(crate) async fn hold(tx: &ControlTx, user: &User) -> Result<bool> {
    let held = tx
        .query(
            "-- users::hold
             SELECT 1::bigint AS rows FROM users
             WHERE id = $1 AND disabled_at IS NULL AND password_set_at IS NOT DISTINCT FROM $2 FOR NO KEY UPDATE",
            &[&user.id.0, &user.password_set_at],
        )
        .await?;
    Ok(!held.is_empty())
}

/// Makes a user. False where the address is a user's already: then nothing is written.
pub(crate) async fn insert(tx: &ControlTx, user: &NewUser<'_>, now: DateTime<Utc>) -> Result<bool> {
    let made = tx
        .query(
            "-- users::insert
             INSERT INTO users (id, email, name, email_verified_at, password_hash, password_set_at, created_at, updated_at)
             VALUES ($1, $2, $3, CASE WHEN $4 THEN $6 END, $5, CASE WHEN $5 IS NOT NULL THEN $6 END, $6, $6)
             ON CONFLICT (email) DO NOTHING RETURNING 1::bigint AS rows",
            &[
                &user.id.0,
                &user.email.as_str(),
                &user.name,
                &user.email_verified,
                &user.password_hash.map(str::to_owned),
                &now,
            ],
        )
        .await?;
    Ok(!made.is_empty())
}

/// Another password.
pub(crate) async fn set_password(tx: &ControlTx, id: UserId, hash: &str, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- users::set_password
         UPDATE users SET password_hash = $2, password_set_at = $3, updated_at = $3 WHERE id = $1",
        &[&id.0, &hash, &now],
    )
    .await?;
    Ok(())
}

/// The same password hashed with other parameters, unless it was changed meanwhile.
pub(crate) async fn rehash(tx: &ControlTx, id: UserId, before: &str, hash: &str) -> Result<()> {
    tx.query(
        "-- users::rehash
         UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
        &[&id.0, &before, &hash],
    )
    .await?;
    Ok(())
}

/// The user has proven to have the mailbox, if it is still theirs. Returns whether it is.
pub(crate) async fn mark_verified(
    tx: &ControlTx,
    id: UserId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = tx
        .query(
            "-- users::mark_verified
             UPDATE users SET email_verified_at = coalesce(email_verified_at, $3), updated_at = $3
             WHERE id = $1 AND email = $2 RETURNING 1::bigint AS rows",
            &[&id.0, &email, &now],
        )
        .await?;
    Ok(!done.is_empty())
}
