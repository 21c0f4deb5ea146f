//! SQL of the look at an identity.
//!
//! Owns: nothing. Calls: registry's columns. Called by: look. Invariants: see the module. After a crash: nothing is left.

use crate::{
    Result,
    authz::{GrantedActor, KeyActor, MemberActor, OperatorActor, Person, Place, ProvenBy},
    identity::keys::KeyText,
    registry::{
        TenantRecord,
        store::{select_tenant_with, word},
    },
};
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{AccessGrantId, ApiKeyId, UserId, WorkspaceId};
use uuid::Uuid;

/// A person, and what their identity hangs on.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) user: UserId,
    pub(crate) proven_by: ProvenBy,
    pub(crate) now: DateTime<Utc>,
}

impl Standing {
    fn session(&self) -> Option<Uuid> {
        match &self.proven_by {
            ProvenBy::Session(session) => Some(session.0),
            ProvenBy::Issuer(_) => None,
        }
    }
}

/// The person of a row with `user_id`, `user_email`, `user_name`.
fn person_of(row: &Row) -> std::result::Result<Person, pg::Error> {
    Ok(Person {
        id: UserId(row.get("user_id")?),
        email: row.get("user_email")?,
        name: row.get("user_name")?,
        // The row does not say; whoever asked knows.
        proven_by: ProvenBy::Issuer(String::new()),
    })
}

/// A row of a tenant with `place_workspace_id` and `place_role`.
fn place_of(row: &Row) -> std::result::Result<Place, pg::Error> {
    Ok(Place {
        workspace: WorkspaceId(row.get("place_workspace_id")?),
        role: word(row, "place_role")?,
        tenant: TenantRecord::from_row(row)?,
    })
}

struct MemberRow(Person, Place);

impl FromRow for MemberRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(person_of(row)?, place_of(row)?))
    }
}

/// The person as a member of that workspace.
pub(crate) async fn member(
    tx: &ControlTx,
    standing: &Standing,
    workspace: WorkspaceId,
) -> Result<Option<MemberActor>> {
    let row: Option<MemberRow> = tx
        .optional(
            select_tenant_with!(
                "find_member",
                ", u.id AS user_id, u.email AS user_email, u.name AS user_name, m.workspace_id AS place_workspace_id, m.role AS place_role",
                "JOIN memberships m ON m.tenant_id = t.id JOIN workspaces w ON w.id = m.workspace_id JOIN users u ON u.id = m.user_id
                 WHERE m.user_id = $1 AND m.workspace_id = $2 AND w.archived_at IS NULL AND u.disabled_at IS NULL
                   -- What an issuer manages holds with the issuer's tokens alone: a sign-in here would outlive its word.
                   AND ($3::uuid IS NULL OR m.managed_by IS NULL)
                   AND ($3::uuid IS NULL OR EXISTS (
                       SELECT FROM sessions s WHERE s.id = $3 AND s.user_id = u.id AND s.revoked_at IS NULL AND s.expires_at > $4))"
            ),
            &[&standing.user.0, &workspace.0, &standing.session(), &standing.now],
        )
        .await?;
    Ok(row.map(|MemberRow(person, place)| MemberActor {
        person: Person { proven_by: standing.proven_by.clone(), ..person },
        place,
    }))
}

struct PersonRow(Person);

impl FromRow for PersonRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(person_of(row)?))
    }
}

/// The person, wherever they are members.
pub(crate) async fn person(tx: &ControlTx, standing: &Standing) -> Result<Option<Person>> {
    let row: Option<PersonRow> = tx
        .optional(
            "-- look::person
             SELECT u.id AS user_id, u.email AS user_email, u.name AS user_name FROM users u
             WHERE u.id = $1 AND u.disabled_at IS NULL
               AND ($2::uuid IS NULL OR EXISTS (
                   SELECT FROM sessions s WHERE s.id = $2 AND s.user_id = u.id AND s.revoked_at IS NULL AND s.expires_at > $3))",
            &[&standing.user.0, &standing.session(), &standing.now],
        )
        .await?;
    Ok(row.map(|PersonRow(person)| Person { proven_by: standing.proven_by.clone(), ..person }))
}

struct OperatorRow(Person, tenantry_types::OperatorRole);

impl FromRow for OperatorRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(person_of(row)?, word(row, "operator_role")?))
    }
}

/// The person as an operator.
pub(crate) async fn operator(tx: &ControlTx, standing: &Standing) -> Result<Option<OperatorActor>> {
    let row: Option<OperatorRow> = tx
        .optional(
            "-- look::operator
             SELECT u.id AS user_id, u.email AS user_email, u.name AS user_name, o.role AS operator_role
             FROM operators o JOIN users u ON u.id = o.user_id
             -- Whoever is locked after failed sign-ins signs in no more, and works on: else anybody could end their work by guessing.
             WHERE u.id = $1 AND u.disabled_at IS NULL AND o.removed_at IS NULL
               AND ($2::uuid IS NULL OR EXISTS (
                   SELECT FROM sessions s WHERE s.id = $2 AND s.user_id = u.id AND s.revoked_at IS NULL AND s.expires_at > $3))",
            &[&standing.user.0, &standing.session(), &standing.now],
        )
        .await?;
    Ok(row.map(|OperatorRow(person, role)| OperatorActor {
        person: Some(Person { proven_by: standing.proven_by.clone(), ..person }),
        role,
    }))
}

/// By what a key is found.
pub(crate) enum KeyBy {
    /// Its text: the public part finds it, the hash must be the same.
    Text(KeyText),
    /// Its row.
    Id(ApiKeyId),
}

struct KeyRow {
    key: KeyActor,
    hash: Vec<u8>,
    until: Option<DateTime<Utc>>,
}

impl FromRow for KeyRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            key: KeyActor {
                id: ApiKeyId(row.get("key_id")?),
                name: row.get("key_name")?,
                scopes: row.get("key_scopes")?,
                place: place_of(row)?,
            },
            hash: row.get("key_hash")?,
            until: row.get("key_expires_at")?,
        })
    }
}

/// An identity, and when it ends by itself.
pub(crate) type Until<T> = (T, Option<DateTime<Utc>>);

/// The key with its place, when the secret is right and the key is alive.
pub(crate) async fn key(tx: &ControlTx, by: &KeyBy, now: DateTime<Utc>) -> Result<Option<Until<KeyActor>>> {
    let (public, id) = match by {
        KeyBy::Text(text) => (Some(text.public_id().to_owned()), None),
        KeyBy::Id(id) => (None, Some(id.0)),
    };
    let found: Option<KeyRow> = tx
        .optional(
            select_tenant_with!(
                "find_key",
                ", k.id AS key_id, k.name AS key_name, k.scopes AS key_scopes, k.key_hash, k.expires_at AS key_expires_at, k.workspace_id AS place_workspace_id, k.role AS place_role",
                "JOIN api_keys k ON k.tenant_id = t.id JOIN workspaces w ON w.id = k.workspace_id
                 WHERE (k.public_id = $1 OR k.id = $2) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $3)
                   AND w.archived_at IS NULL"
            ),
            &[&public, &id, &now],
        )
        .await?;
    let Some(KeyRow { key, hash, until }) = found else { return Ok(None) };
    let right = match by {
        KeyBy::Text(text) => bool::from(hash.ct_eq(&text.hash())),
        KeyBy::Id(_) => true,
    };
    Ok(right.then_some((key, until)))
}

struct GrantedRow(GrantedActor, DateTime<Utc>);

impl FromRow for GrantedRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let granted = GrantedActor {
            grant: AccessGrantId(row.get("grant_id")?),
            operator: row.get("grant_operator")?,
            place: place_of(row)?,
        };
        Ok(Self(granted, row.get("grant_expires_at")?))
    }
}

/// The grant with its place, by its id or by its token's hash, while it lasts and its operator is one.
pub(crate) async fn granted(
    tx: &ControlTx,
    id: Option<AccessGrantId>,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Until<GrantedActor>>> {
    let row: Option<GrantedRow> = tx
        .optional(
            select_tenant_with!(
                "find_granted",
                ", g.id AS grant_id, g.operator AS grant_operator, g.expires_at AS grant_expires_at, g.workspace_id AS place_workspace_id, g.role AS place_role",
                "JOIN access_grants g ON g.tenant_id = t.id JOIN workspaces w ON w.id = g.workspace_id
                 WHERE (g.id = $1 OR g.token_hash = $2) AND g.ended_at IS NULL AND g.expires_at > $3 AND w.archived_at IS NULL
                   -- Only the token of the configuration is no person; an operator who was erased leaves no id, and is none any more.
                   AND (g.operator_id IS NULL AND g.operator = 'operator' OR EXISTS (
                       SELECT FROM operators o JOIN users u ON u.id = o.user_id
                       WHERE o.user_id = g.operator_id AND o.removed_at IS NULL AND u.disabled_at IS NULL
                         AND (o.role = 'admin' OR o.role = 'support' AND g.role = 'viewer')))"
            ),
            &[&id.map(|id| id.0), &token_hash.to_vec(), &now],
        )
        .await?;
    Ok(row.map(|GrantedRow(granted, until)| (granted, Some(until))))
}
