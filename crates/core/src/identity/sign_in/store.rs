//! SQL of signing in.
//!
//! Owns: `sign_in_failures`, `one_time_tokens`; counts failures in `operators`; reads `memberships`, `workspaces`, `tenants`. Calls: pg. Called by: sign-in, the worker's sweep.
//! Invariants: of a link's token the hash is written and nothing else. After a crash: one transaction or none.

use super::back_off::{LONGEST_SECONDS, Subject};
use crate::Result;
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{TenantId, UserId, WorkspaceId, key::Membership};

/// Until when the first of these subjects has to wait.
pub(super) async fn blocked_until(
    tx: &ControlTx,
    subjects: Vec<String>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let rows = tx
        .query(
            "-- sign_in::blocked_until
             SELECT max(blocked_until) AS until FROM sign_in_failures WHERE subject = ANY ($1) AND blocked_until > $2",
            &[&subjects, &now],
        )
        .await?;
    rows.first().map_or(Ok(None), |row| Ok(row.get("until")?))
}

/// One failure more. While the subject waits nothing is added.
pub(super) async fn failed(tx: &ControlTx, subject: &Subject, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- sign_in::failed
         INSERT INTO sign_in_failures AS f (subject, failures, last_at) VALUES ($1, 1, $2)
         ON CONFLICT (subject) DO UPDATE SET
             failures = CASE WHEN f.last_at < $2 - interval '1 day' THEN 1 ELSE f.failures + 1 END,
             last_at = $2,
             -- 2 seconds at the first failure too many, then twice as long.
             blocked_until = CASE
                 WHEN f.last_at >= $2 - interval '1 day' AND f.failures + 1 >= $3
                 THEN $2 + least(2 ^ least(f.failures + 2 - $3, 20), $4) * interval '1 second' END
         WHERE f.blocked_until IS NULL OR f.blocked_until <= $2",
        &[&subject.key, &now, &subject.most, &LONGEST_SECONDS],
    )
    .await?;
    Ok(())
}

pub(super) async fn succeeded(tx: &ControlTx, subject: &str) -> Result<()> {
    tx.query("-- sign_in::succeeded\nDELETE FROM sign_in_failures WHERE subject = $1", &[&subject]).await?;
    Ok(())
}

/// Forgets failures that nobody added to since then, and links whose time is over. As the owner.
pub(crate) async fn forget(tx: &ControlTx, failures: DateTime<Utc>, links: DateTime<Utc>) -> Result<()> {
    tx.query("-- sign_in::forget_failures\nDELETE FROM sign_in_failures WHERE last_at < $1", &[&failures])
        .await?;
    tx.query("-- sign_in::forget_links\nDELETE FROM one_time_tokens WHERE expires_at < $1", &[&links])
        .await?;
    Ok(())
}

/// What a user is on the platform itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfPlatform {
    Nothing,
    Operator,
    LockedOperator,
}

pub(super) async fn of_platform(tx: &ControlTx, user: UserId) -> Result<OfPlatform> {
    let rows = tx
        .query(
            "-- sign_in::of_platform
             SELECT locked_at IS NOT NULL AS locked FROM operators WHERE user_id = $1 AND removed_at IS NULL",
            &[&user.0],
        )
        .await?;
    Ok(match rows.first().map(|row| row.get::<bool>("locked")).transpose()? {
        None => OfPlatform::Nothing,
        Some(false) => OfPlatform::Operator,
        Some(true) => OfPlatform::LockedOperator,
    })
}

/// A failure of an operator; of others nothing. True where it is the one that locks.
pub(super) async fn operator_failed(
    tx: &ControlTx,
    user: UserId,
    most: i32,
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows = tx
        .query(
            "-- sign_in::operator_failed
             UPDATE operators SET failures = failures + 1, updated_at = $3,
                 locked_at = CASE WHEN failures + 1 >= $2 THEN $3 END
             WHERE user_id = $1 AND removed_at IS NULL AND locked_at IS NULL
             RETURNING locked_at IS NOT NULL AS locked",
            &[&user.0, &most, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("locked")).transpose()?.unwrap_or(false))
}

pub(super) async fn operator_succeeded(tx: &ControlTx, user: UserId) -> Result<()> {
    tx.query(
        "-- sign_in::operator_succeeded
         UPDATE operators SET failures = 0 WHERE user_id = $1 AND failures > 0 AND locked_at IS NULL",
        &[&user.0],
    )
    .await?;
    Ok(())
}

/// A workspace of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Belonging {
    pub(super) tenant: TenantId,
    pub(super) workspace: WorkspaceId,
    pub(super) is_default: bool,
}

impl FromRow for Belonging {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            tenant: TenantId(row.get("tenant_id")?),
            workspace: WorkspaceId(row.get("workspace_id")?),
            is_default: row.get("is_default")?,
        })
    }
}

/// Workspaces that the user is a member of, in tenants that serve requests; those of the named tenant, of the named slug.
pub(super) async fn workspaces(
    tx: &ControlTx,
    user: UserId,
    tenant: Option<&str>,
    workspace: Option<&str>,
) -> Result<Vec<Belonging>> {
    let (tenant, workspace) = (tenant.map(str::to_owned), workspace.map(str::to_owned));
    Ok(tx
        .all(
            "-- sign_in::workspaces
             SELECT t.id AS tenant_id, w.id AS workspace_id, w.is_default
             FROM memberships m JOIN workspaces w ON w.id = m.workspace_id JOIN tenants t ON t.id = m.tenant_id
             WHERE m.user_id = $1 AND t.status = 'active' AND w.archived_at IS NULL AND m.managed_by IS NULL
               AND ($2 IS NULL OR t.slug = $2) AND ($3 IS NULL OR w.slug = $3)
             ORDER BY t.slug, w.is_default DESC, w.slug",
            &[&user.0, &tenant, &workspace],
        )
        .await?)
}

struct MembershipRow(Membership);

impl FromRow for MembershipRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let slug: String = row.get("tenant_slug")?;
        Ok(Self(Membership {
            tenant_id: TenantId(row.get("tenant_id")?),
            tenant: tenantry_types::Slug::stored(&slug)
                .ok_or_else(|| pg::Error::Shape(format!("slug {slug:?}")))?,
            tenant_name: row.get("tenant_name")?,
            workspace_id: WorkspaceId(row.get("workspace_id")?),
            workspace: row.get("workspace_slug")?,
            role: crate::registry::store::word(row, "role")?,
        }))
    }
}

/// Where the user is a member, as it is told to them: the first hundred.
pub(super) async fn memberships(tx: &ControlTx, user: UserId) -> Result<Vec<Membership>> {
    let rows: Vec<MembershipRow> = tx
        .all(
            "-- sign_in::memberships
             SELECT t.id AS tenant_id, t.slug AS tenant_slug, t.name AS tenant_name, w.id AS workspace_id, w.slug AS workspace_slug, m.role
             FROM memberships m JOIN workspaces w ON w.id = m.workspace_id JOIN tenants t ON t.id = m.tenant_id
             WHERE m.user_id = $1 AND t.status = 'active' AND w.archived_at IS NULL
             ORDER BY t.slug, w.is_default DESC, w.slug LIMIT 100",
            &[&user.0],
        )
        .await?;
    Ok(rows.into_iter().map(|MembershipRow(membership)| membership).collect())
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    VerifyEmail,
    ResetPassword,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A link to be.
pub(super) struct NewLink<'a> {
    pub(super) hash: &'a [u8; 32],
    pub(super) user: UserId,
    pub(super) purpose: Purpose,
    pub(super) email: &'a str,
    pub(super) until: DateTime<Utc>,
}

pub(super) async fn insert_link(tx: &ControlTx, link: &NewLink<'_>, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- sign_in::insert_link
         INSERT INTO one_time_tokens (token_hash, user_id, purpose, email, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[&link.hash.to_vec(), &link.user.0, &link.purpose.as_str(), &link.email, &now, &link.until],
    )
    .await?;
    Ok(())
}

/// The user of a link that still opens, and whose address is still the one that it went to.
pub(super) async fn user_of_link(
    tx: &ControlTx,
    hash: &[u8; 32],
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<UserId>> {
    let rows = tx
        .query(
            "-- sign_in::user_of_link
             SELECT o.user_id FROM one_time_tokens o JOIN users u ON u.id = o.user_id
             WHERE o.token_hash = $1 AND o.purpose = $2 AND o.used_at IS NULL AND o.expires_at > $3
               AND u.email = o.email AND u.disabled_at IS NULL",
            &[&hash.to_vec(), &purpose.as_str(), &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("user_id")).transpose()?.map(UserId))
}

/// Uses a link. False where it was used meanwhile: of two at once one wins.
pub(super) async fn use_link(tx: &ControlTx, hash: &[u8; 32], now: DateTime<Utc>) -> Result<bool> {
    let rows = tx
        .query(
            "-- sign_in::use_link
             UPDATE one_time_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL RETURNING 1::bigint AS rows",
            &[&hash.to_vec(), &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Closes every link of that kind that the user still has.
pub(super) async fn close_links(
    tx: &ControlTx,
    user: UserId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- sign_in::close_links
         UPDATE one_time_tokens SET used_at = $3 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL",
        &[&user.0, &purpose.as_str(), &now],
    )
    .await?;
    Ok(())
}
