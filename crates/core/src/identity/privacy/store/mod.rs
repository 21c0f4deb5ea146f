//! SQL of what is known of a user.
//!
//! Owns: nothing; reads and erases what `users`, `external_identities`, `memberships`, `sessions`, `operators`, `access_grants`, `api_keys`, `invitations`, `mails`,
//! `idempotency_keys` hold of one user, with `tenants` and `workspaces` for their names. Calls: pg. Called by: privacy.
//! Invariants: no hash and no token is read (`an_export_tells_what_is_known_and_no_secret`). After a crash: one transaction or none.

mod erase;

pub(super) use erase::{
    delete, end_external, end_grants, forget_address, forget_answers, is_operator, lock, only_owner_of,
    places, take_back_invitations, tenants_of,
};

use crate::{Result, registry::store::word};
use tenantry_pg::{self as pg, ControlTx, FromRow, Param, Row};
use tenantry_types::{
    AccessGrantId, ApiKeyId, InvitationId, SessionId, Slug, TenantId, UserId, WorkspaceId,
    identity::{
        HeldGrant, HeldIdentity, HeldInvitation, HeldKey, HeldMail, HeldMembership, HeldSession, UserProfile,
    },
};

type Read<T> = std::result::Result<T, pg::Error>;

/// A type of the wire, read from a row.
struct Held<T>(T);

async fn held<T>(tx: &ControlTx, sql: &'static str, params: &[&dyn Param]) -> Result<Vec<T>>
where
    Held<T>: FromRow,
{
    let rows: Vec<Held<T>> = tx.all(sql, params).await?;
    Ok(rows.into_iter().map(|Held(one)| one).collect())
}

fn slug(row: &Row) -> Read<Slug> {
    let text: String = row.get("tenant")?;
    Slug::stored(&text).ok_or_else(|| pg::Error::Shape(format!("slug {text:?}")))
}

impl FromRow for Held<UserProfile> {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(UserProfile {
            id: UserId(row.get("id")?),
            email: row.get("email")?,
            name: row.get("name")?,
            email_verified_at: row.get("email_verified_at")?,
            password_set_at: row.get("password_set_at")?,
            disabled_at: row.get("disabled_at")?,
            operator: row.get::<Option<String>>("operator")?.and_then(|role| role.parse().ok()),
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        }))
    }
}

/// The user of that id or address.
pub(super) async fn profile(
    tx: &ControlTx,
    id: Option<UserId>,
    email: Option<&str>,
) -> Result<Option<UserProfile>> {
    let found: Option<Held<UserProfile>> = tx
        .optional(
            "-- privacy::profile
             SELECT u.id, u.email, u.name, u.email_verified_at, u.password_set_at, u.disabled_at, u.created_at, u.updated_at, o.role AS operator
             FROM users u LEFT JOIN operators o ON o.user_id = u.id AND o.removed_at IS NULL
             WHERE u.id = $1 OR u.email = $2",
            &[&id.map(|id| id.0), &email.map(str::to_owned)],
        )
        .await?;
    Ok(found.map(|Held(profile)| profile))
}

impl FromRow for Held<HeldIdentity> {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(HeldIdentity {
            issuer: row.get("issuer")?,
            subject: row.get("subject")?,
            created_at: row.get("created_at")?,
        }))
    }
}

pub(super) async fn identities(tx: &ControlTx, user: UserId) -> Result<Vec<HeldIdentity>> {
    let sql = "-- privacy::identities
         SELECT issuer, subject, created_at FROM external_identities WHERE user_id = $1 ORDER BY created_at, issuer, subject LIMIT 1000";
    held(tx, sql, &[&user.0]).await
}

impl FromRow for Held<HeldMembership> {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(HeldMembership {
            tenant_id: TenantId(row.get("tenant_id")?),
            tenant: slug(row)?,
            workspace_id: WorkspaceId(row.get("workspace_id")?),
            workspace: row.get("workspace")?,
            role: word(row, "role")?,
            managed_by: row.get("managed_by")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        }))
    }
}

pub(super) async fn memberships(tx: &ControlTx, user: UserId) -> Result<Vec<HeldMembership>> {
    let sql = "-- privacy::memberships
         SELECT m.tenant_id, t.slug AS tenant, m.workspace_id, w.slug AS workspace, m.role, m.managed_by, m.created_at, m.updated_at
         FROM memberships m JOIN workspaces w ON w.id = m.workspace_id JOIN tenants t ON t.id = m.tenant_id
         WHERE m.user_id = $1 ORDER BY t.slug, w.slug LIMIT 1000";
    held(tx, sql, &[&user.0]).await
}

impl FromRow for Held<HeldSession> {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(HeldSession {
            id: SessionId(row.get("id")?),
            kind: word(row, "kind")?,
            created_at: row.get("created_at")?,
            seen_at: row.get("seen_at")?,
            expires_at: row.get("expires_at")?,
            revoked_at: row.get("revoked_at")?,
            address: row.get("address")?,
            user_agent: row.get("user_agent")?,
        }))
    }
}

pub(super) async fn sessions(tx: &ControlTx, user: UserId) -> Result<Vec<HeldSession>> {
    let sql = "-- privacy::sessions
         SELECT id, kind, created_at, seen_at, expires_at, revoked_at, host(address) AS address, user_agent
         FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT 1000";
    held(tx, sql, &[&user.0]).await
}

impl FromRow for Held<HeldKey> {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(HeldKey {
            id: ApiKeyId(row.get("id")?),
            tenant: slug(row)?,
            name: row.get("name")?,
            role: word(row, "role")?,
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
            revoked_at: row.get("revoked_at")?,
        }))
    }
}

pub(super) async fn keys(tx: &ControlTx, user: UserId) -> Result<Vec<HeldKey>> {
    let sql = "-- privacy::keys
         SELECT k.id, t.slug AS tenant, k.name, k.role, k.created_at, k.expires_at, k.revoked_at
         FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
         WHERE k.created_by = $1 ORDER BY k.created_at DESC, k.id LIMIT 1000";
    held(tx, sql, &[&user.0]).await
}

impl FromRow for Held<HeldInvitation> {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(HeldInvitation {
            id: InvitationId(row.get("id")?),
            tenant: slug(row)?,
            workspace_id: WorkspaceId(row.get("workspace_id")?),
            role: word(row, "role")?,
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
            used_at: row.get("used_at")?,
            revoked_at: row.get("revoked_at")?,
        }))
    }
}

pub(super) async fn invitations(tx: &ControlTx, email: &str) -> Result<Vec<HeldInvitation>> {
    let sql = "-- privacy::invitations
         SELECT i.id, t.slug AS tenant, i.workspace_id, i.role, i.created_at, i.expires_at, i.used_at, i.revoked_at
         FROM invitations i JOIN tenants t ON t.id = i.tenant_id
         WHERE lower(i.email) = $1 ORDER BY i.created_at DESC, i.id LIMIT 1000";
    held(tx, sql, &[&email]).await
}

impl FromRow for Held<HeldGrant> {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(HeldGrant {
            id: AccessGrantId(row.get("id")?),
            tenant: slug(row)?,
            reason: row.get("reason")?,
            role: word(row, "role")?,
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
            ended_at: row.get("ended_at")?,
        }))
    }
}

pub(super) async fn grants(tx: &ControlTx, user: UserId) -> Result<Vec<HeldGrant>> {
    let sql = "-- privacy::grants
         SELECT g.id, t.slug AS tenant, g.reason, g.role, g.created_at, g.expires_at, g.ended_at
         FROM access_grants g JOIN tenants t ON t.id = g.tenant_id
         WHERE g.operator_id = $1 ORDER BY g.created_at DESC, g.id LIMIT 1000";
    held(tx, sql, &[&user.0]).await
}

impl FromRow for Held<HeldMail> {
    fn from_row(row: &Row) -> Read<Self> {
        Ok(Self(HeldMail {
            subject: row.get("subject")?,
            status: row.get("status")?,
            created_at: row.get("created_at")?,
        }))
    }
}

pub(super) async fn mails(tx: &ControlTx, email: &str) -> Result<Vec<HeldMail>> {
    let sql = "-- privacy::mails
         SELECT subject, status, created_at FROM mails WHERE lower(recipient) = $1 ORDER BY created_at DESC, id LIMIT 1000";
    held(tx, sql, &[&email]).await
}
