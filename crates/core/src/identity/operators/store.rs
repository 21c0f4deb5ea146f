//! SQL of operators.
//!
//! Owns: operators; reads users. Calls: pg. Called by: identity's operators. Invariants: see the module. After a crash: one transaction or none.

use crate::{Result, registry::store::word};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{OperatorRole, UserId, identity::Operator};

/// Of a user who is or was an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Is one.
    Present,
    /// Was one, and is not any more.
    Removed,
}

struct OperatorRow(Operator);

impl FromRow for OperatorRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(Operator {
            user_id: UserId(row.get("user_id")?),
            email: row.get("email")?,
            name: row.get("name")?,
            role: word(row, "role")?,
            locked_at: row.get("locked_at")?,
            version: row.get("version")?,
            created_at: row.get("created_at")?,
        }))
    }
}

/// The columns of an [`Operator`].
macro_rules! select_operator {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- operators::",
            $name,
            "
             SELECT o.user_id, u.email, u.name, o.role, o.locked_at, o.version, o.created_at
             FROM operators o JOIN users u ON u.id = o.user_id ",
            $rest
        )
    };
}

pub(super) async fn list(tx: &ControlTx, after: Option<UserId>, limit: i64) -> Result<Vec<Operator>> {
    let rows: Vec<OperatorRow> = tx
        .all(
            select_operator!(
                "list",
                "WHERE o.removed_at IS NULL AND ($1::uuid IS NULL OR o.user_id > $1) ORDER BY o.user_id LIMIT $2"
            ),
            &[&after.map(|user| user.0), &limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

pub(super) async fn find(tx: &ControlTx, id: UserId) -> Result<Option<Operator>> {
    let row: Option<OperatorRow> = tx
        .optional(select_operator!("find", "WHERE o.user_id = $1 AND o.removed_at IS NULL"), &[&id.0])
        .await?;
    Ok(row.map(|row| row.0))
}

/// An operator whom nobody else changes until the transaction ends.
pub(super) async fn hold(tx: &ControlTx, id: UserId) -> Result<Option<Operator>> {
    let row: Option<OperatorRow> = tx
        .optional(
            select_operator!("hold", "WHERE o.user_id = $1 AND o.removed_at IS NULL FOR UPDATE OF o"),
            &[&id.0],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// The admins who can sign in, whom nobody else changes until the transaction ends.
pub(super) async fn hold_admins(tx: &ControlTx) -> Result<Vec<UserId>> {
    let rows = tx
        .query(
            "-- operators::hold_admins
             SELECT o.user_id FROM operators o JOIN users u ON u.id = o.user_id
             WHERE o.role = 'admin' AND o.removed_at IS NULL AND o.locked_at IS NULL AND u.disabled_at IS NULL
             ORDER BY o.user_id FOR UPDATE OF o",
            &[],
        )
        .await?;
    rows.iter().map(|row| Ok(UserId(row.get("user_id")?))).collect()
}

/// Whether the user is an operator, or was one.
pub(super) async fn standing(tx: &ControlTx, id: UserId) -> Result<Option<Standing>> {
    let rows = tx
        .query(
            "-- operators::standing
             SELECT removed_at IS NULL AS present FROM operators WHERE user_id = $1 FOR UPDATE",
            &[&id.0],
        )
        .await?;
    let present = rows.first().map(|row| row.get::<bool>("present")).transpose()?;
    Ok(present.map(|present| if present { Standing::Present } else { Standing::Removed }))
}

/// Makes the user an operator, again where they were one before.
pub(super) async fn upsert(tx: &ControlTx, id: UserId, role: OperatorRole, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- operators::upsert
         INSERT INTO operators (user_id, role, created_at, updated_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (user_id) DO UPDATE
         SET role = $2, created_at = $3, updated_at = $3, removed_at = NULL, locked_at = NULL, failures = 0, version = operators.version + 1",
        &[&id.0, &role.as_str(), &now],
    )
    .await?;
    Ok(())
}

pub(super) async fn update(
    tx: &ControlTx,
    id: UserId,
    role: OperatorRole,
    unlock: bool,
    now: DateTime<Utc>,
) -> Result<Option<Operator>> {
    tx.query(
        "-- operators::update
         UPDATE operators SET role = $2, updated_at = $4, version = version + 1,
                locked_at = CASE WHEN $3 THEN NULL ELSE locked_at END, failures = CASE WHEN $3 THEN 0 ELSE failures END
         WHERE user_id = $1 AND removed_at IS NULL",
        &[&id.0, &role.as_str(), &unlock, &now],
    )
    .await?;
    find(tx, id).await
}

pub(super) async fn remove(tx: &ControlTx, id: UserId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- operators::remove
         UPDATE operators SET removed_at = $2, updated_at = $2, version = version + 1, locked_at = NULL, failures = 0
         WHERE user_id = $1 AND removed_at IS NULL",
        &[&id.0, &now],
    )
    .await?;
    Ok(())
}
