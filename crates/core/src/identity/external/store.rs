//! SQL of external issuers.
//!
//! Owns: `external_identities`, `external_organisations`, `external_memberships`, `webhook_deliveries`; reads users, workspaces, tiers, `api_keys`, and writes memberships that an
//! issuer manages, with `former_members`. Calls: pg, registry's columns. Called by: external.
//! Invariants: a membership is written only where its `managed_by` is the issuer's. After a crash: one transaction or none.

use crate::{
    Result,
    authz::{Person, ProvenBy},
    registry::{
        TenantRecord,
        store::{select_tenant_with, word},
    },
};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{Role, TenantId, Tier, UserId, WorkspaceId};
use uuid::Uuid;

/// Somebody as an issuer knows them.
pub(super) struct Identity {
    /// None: ended before they ever came here.
    pub(super) person: Option<Person>,
    /// Ended at the issuer, or disabled here.
    pub(super) gone: bool,
}

impl FromRow for Identity {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let person = match row.get::<Option<Uuid>>("user_id")? {
            Some(id) => Some(Person {
                id: UserId(id),
                email: row.get("email")?,
                name: row.get("name")?,
                proven_by: ProvenBy::Issuer(String::new()),
            }),
            None => None,
        };
        Ok(Self { person, gone: row.get("gone")? })
    }
}

/// The same, and nobody ends it until the transaction has.
pub(super) async fn hold_identity(tx: &ControlTx, issuer: &str, subject: &str) -> Result<Option<Identity>> {
    Ok(tx
        .optional(
            "-- external::hold_identity
             SELECT x.user_id, u.email, u.name, x.ended_at IS NOT NULL OR u.disabled_at IS NOT NULL AS gone
             FROM external_identities x LEFT JOIN users u ON u.id = x.user_id WHERE x.issuer = $1
               -- Of who was erased here a digest is left.
               AND x.subject IN ($2, 'erased:' || encode(sha256(convert_to($1 || chr(10) || $2, 'UTF8')), 'hex'))
             ORDER BY x.ended_at LIMIT 1
             FOR SHARE OF x",
            &[&issuer, &subject],
        )
        .await?)
}

pub(super) async fn identity(tx: &ControlTx, issuer: &str, subject: &str) -> Result<Option<Identity>> {
    Ok(tx
        .optional(
            "-- external::identity
             SELECT x.user_id, u.email, u.name, x.ended_at IS NOT NULL OR u.disabled_at IS NOT NULL AS gone
             FROM external_identities x LEFT JOIN users u ON u.id = x.user_id WHERE x.issuer = $1
               -- Of who was erased here a digest is left.
               AND x.subject IN ($2, 'erased:' || encode(sha256(convert_to($1 || chr(10) || $2, 'UTF8')), 'hex'))
             ORDER BY x.ended_at LIMIT 1",
            &[&issuer, &subject],
        )
        .await?)
}

/// Whom an organisation is looked up for.
pub(super) struct Asked<'a> {
    pub(super) issuer: &'a str,
    pub(super) name: &'a str,
    pub(super) organisation: &'a str,
    pub(super) subject: &'a str,
    /// None: not known here yet.
    pub(super) user: Option<UserId>,
    /// Slug of the workspace; none: the default one.
    pub(super) workspace: Option<&'a str>,
}

/// A tenant as an organisation's people find it.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of one row, and none excludes another")]
pub(super) struct Found {
    pub(super) tenant: TenantRecord,
    /// The workspace that they are members of, while it is there.
    pub(super) workspace: Option<WorkspaceId>,
    /// The membership, and whether this issuer manages it.
    pub(super) member: Option<(Role, bool)>,
    /// What the issuer said last, and whether it was the end.
    pub(super) said: Option<(DateTime<Utc>, bool)>,
    /// The organisation is known to be this tenant's.
    pub(super) linked: bool,
    /// It was, and is gone.
    pub(super) ended: bool,
    /// Another organisation of the issuer is or was this tenant's.
    pub(super) taken: bool,
    /// Somebody is a member of it who did not come through this issuer, or a key of it was used. Every tenant is born with a key: that one is there says nothing.
    pub(super) lived_in: bool,
    /// When the latest event happened that the issuer told of the membership.
    pub(super) event_at: Option<DateTime<Utc>>,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let member = match row.get::<Option<String>>("member_role")? {
            Some(_) => Some((word(row, "member_role")?, row.get("managed")?)),
            None => None,
        };
        let as_of: Option<DateTime<Utc>> = row.get("as_of")?;
        Ok(Self {
            tenant: TenantRecord::from_row(row)?,
            workspace: row.get::<Option<Uuid>>("workspace_id")?.map(WorkspaceId),
            member,
            said: as_of.map(|at| row.get("said_ended").map(|ended| (at, ended))).transpose()?,
            linked: row.get("linked")?,
            ended: row.get("organisation_ended")?,
            taken: row.get("taken")?,
            lived_in: row.get("lived_in")?,
            event_at: row.get("event_at")?,
        })
    }
}

/// The tenant that the organisation is known to be.
pub(super) async fn known_place(tx: &ControlTx, asked: &Asked<'_>) -> Result<Option<Found>> {
    Ok(tx
        .optional(
            select_tenant_with!(
                "external_place",
                ", w.id AS workspace_id, m.role AS member_role, coalesce(m.managed_by = $2, false) AS managed, s.as_of, s.ended AS said_ended, s.event_at,
                 true AS linked, o.ended_at IS NOT NULL AS organisation_ended, false AS taken, false AS lived_in",
                "JOIN external_organisations o ON o.tenant_id = t.id
                 LEFT JOIN workspaces w ON w.tenant_id = t.id AND w.archived_at IS NULL AND (w.slug = $6 OR ($6 IS NULL AND w.is_default))
                 LEFT JOIN memberships m ON m.workspace_id = w.id AND m.user_id = $5
                 LEFT JOIN external_memberships s ON s.issuer = o.issuer AND s.organisation = o.organisation AND s.subject = $4
                 WHERE o.issuer = $1 AND o.organisation = $3"
            ),
            &[
                &asked.issuer,
                &asked.name,
                &asked.organisation,
                &asked.subject,
                &asked.user.map(|user| user.0),
                &asked.workspace.map(str::to_owned),
            ],
        )
        .await?)
}

/// The tenant that the organisation would be by its slug, with what speaks against it.
pub(super) async fn possible_place(tx: &ControlTx, asked: &Asked<'_>, slug: &str) -> Result<Option<Found>> {
    Ok(tx
        .optional(
            select_tenant_with!(
                "external_possible_place",
                ", w.id AS workspace_id, m.role AS member_role, coalesce(m.managed_by = $2, false) AS managed, s.as_of, s.ended AS said_ended, s.event_at,
                 false AS linked, false AS organisation_ended,
                 EXISTS (SELECT FROM external_organisations o WHERE o.issuer = $1 AND o.tenant_id = t.id) AS taken,
                 EXISTS (SELECT FROM memberships p WHERE p.tenant_id = t.id AND p.managed_by IS DISTINCT FROM $2)
                 OR EXISTS (SELECT FROM api_keys k WHERE k.tenant_id = t.id AND k.last_used_at IS NOT NULL) AS lived_in",
                "LEFT JOIN workspaces w ON w.tenant_id = t.id AND w.archived_at IS NULL AND (w.slug = $6 OR ($6 IS NULL AND w.is_default))
                 LEFT JOIN memberships m ON m.workspace_id = w.id AND m.user_id = $5
                 LEFT JOIN external_memberships s ON s.issuer = $1 AND s.organisation = $3 AND s.subject = $4
                 WHERE t.slug = $7"
            ),
            &[
                &asked.issuer,
                &asked.name,
                &asked.organisation,
                &asked.subject,
                &asked.user.map(|user| user.0),
                &asked.workspace.map(str::to_owned),
                &slug,
            ],
        )
        .await?)
}

/// False where somebody else has just written it.
pub(super) async fn insert_identity(
    tx: &ControlTx,
    issuer: &str,
    subject: &str,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let made = tx
        .query(
            "-- external::insert_identity
             INSERT INTO external_identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (issuer, subject) DO NOTHING RETURNING 1::bigint AS rows",
            &[&issuer, &subject, &user.0, &now],
        )
        .await?;
    Ok(!made.is_empty())
}

/// From now on nobody is let in as that subject. Returns the user, where it was one.
pub(super) async fn end_identity(
    tx: &ControlTx,
    issuer: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Option<UserId>> {
    let rows = tx
        .query(
            "-- external::end_identity
             INSERT INTO external_identities (issuer, subject, created_at, ended_at) VALUES ($1, $2, $3, $3)
             ON CONFLICT (issuer, subject) DO UPDATE SET ended_at = coalesce(external_identities.ended_at, excluded.ended_at)
             RETURNING user_id",
            &[&issuer, &subject, &now],
        )
        .await?;
    let user = rows.first().map(|row| row.get::<Option<Uuid>>("user_id")).transpose()?.flatten();
    Ok(user.map(UserId))
}

/// False where the organisation, or the tenant, has just become another's.
pub(super) async fn link(
    tx: &ControlTx,
    issuer: &str,
    organisation: &str,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let made = tx
        .query(
            "-- external::link
             INSERT INTO external_organisations (issuer, organisation, tenant_id, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING RETURNING 1::bigint AS rows",
            &[&issuer, &organisation, &tenant.0, &now],
        )
        .await?;
    Ok(!made.is_empty())
}

/// The tenant that an organisation is.
pub(super) async fn tenant_of(tx: &ControlTx, issuer: &str, organisation: &str) -> Result<Option<TenantId>> {
    let rows = tx
        .query(
            "-- external::tenant_of
             SELECT tenant_id FROM external_organisations WHERE issuer = $1 AND organisation = $2",
            &[&issuer, &organisation],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("tenant_id").map(TenantId)).transpose()?)
}

pub(super) async fn end_organisation(
    tx: &ControlTx,
    issuer: &str,
    organisation: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- external::end_organisation
         UPDATE external_organisations SET ended_at = $3 WHERE issuer = $1 AND organisation = $2 AND ended_at IS NULL",
        &[&issuer, &organisation, &now],
    )
    .await?;
    Ok(())
}

/// Writes down that the issuer says that they are in, unless it has said something later. Returns whether it is the latest word.
pub(super) async fn say(
    tx: &ControlTx,
    issuer: &str,
    subject: &str,
    organisation: &str,
    at: DateTime<Utc>,
) -> Result<bool> {
    let rows = tx
        .query(
            "-- external::say
             INSERT INTO external_memberships (issuer, subject, organisation, as_of, ended) VALUES ($1, $2, $3, $4, false)
             ON CONFLICT (issuer, subject, organisation) DO UPDATE SET as_of = excluded.as_of, ended = false
             WHERE external_memberships.as_of < excluded.as_of
             RETURNING 1::bigint AS rows",
            &[&issuer, &subject, &organisation, &at],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Writes down that they are out. That always counts: whoever is in again after all comes back with their next token.
pub(super) async fn say_ended(
    tx: &ControlTx,
    issuer: &str,
    subject: &str,
    organisation: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- external::say_ended
         INSERT INTO external_memberships (issuer, subject, organisation, as_of, ended) VALUES ($1, $2, $3, $4, true)
         ON CONFLICT (issuer, subject, organisation)
         DO UPDATE SET as_of = greatest(external_memberships.as_of, excluded.as_of), ended = true",
        &[&issuer, &subject, &organisation, &at],
    )
    .await?;
    Ok(())
}

/// When the latest event happened that the issuer told of the membership, where it told of any.
pub(super) async fn last_event(
    tx: &ControlTx,
    issuer: &str,
    subject: &str,
    organisation: &str,
) -> Result<Option<DateTime<Utc>>> {
    let rows = tx
        .query(
            "-- external::last_event
             SELECT event_at FROM external_memberships WHERE issuer = $1 AND subject = $2 AND organisation = $3",
            &[&issuer, &subject, &organisation],
        )
        .await?;
    Ok(rows.first().map(|row| row.get::<Option<DateTime<Utc>>>("event_at")).transpose()?.flatten())
}

/// Remembers the event. Alone it says nothing of who is in or out: tokens count as before.
pub(super) async fn note_event(
    tx: &ControlTx,
    issuer: &str,
    subject: &str,
    organisation: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- external::note_event
         INSERT INTO external_memberships (issuer, subject, organisation, as_of, ended, event_at)
         VALUES ($1, $2, $3, to_timestamp(0), false, $4)
         ON CONFLICT (issuer, subject, organisation)
         DO UPDATE SET event_at = greatest(external_memberships.event_at, excluded.event_at)",
        &[&issuer, &subject, &organisation, &at],
    )
    .await?;
    Ok(())
}

/// Members of a workspace.
pub(super) async fn members(tx: &ControlTx, workspace: WorkspaceId) -> Result<u64> {
    let rows = tx
        .query(
            "-- external::members\nSELECT count(*) AS members FROM memberships WHERE workspace_id = $1",
            &[&workspace.0],
        )
        .await?;
    let count: i64 = rows.first().map(|row| row.get("members")).transpose()?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The smallest tier with room for more than that many members.
pub(super) async fn roomier(tx: &ControlTx, members: u64) -> Result<Option<Tier>> {
    let rows = tx
        .query(
            "-- external::roomier
             SELECT name FROM tiers WHERE workspace_members IS NULL OR workspace_members > $1 ORDER BY queue_priority LIMIT 1",
            &[&i64::try_from(members).unwrap_or(i64::MAX)],
        )
        .await?;
    Ok(rows.first().map(|row| word(row, "name")).transpose()?)
}

/// False where they are a member already.
pub(super) async fn join(
    tx: &ControlTx,
    place: (TenantId, WorkspaceId),
    user: UserId,
    role: Role,
    managed_by: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let made = tx
        .query(
            "-- external::join
             WITH back AS (
                 UPDATE former_members SET barred_at = NULL WHERE user_id = $3 AND workspace_id = $2 AND barred_at IS NOT NULL)
             INSERT INTO memberships (tenant_id, workspace_id, user_id, role, version, managed_by, created_at, updated_at)
             VALUES ($1, $2, $3, $4,
                     coalesce((SELECT f.version + 1 FROM former_members f WHERE f.user_id = $3 AND f.workspace_id = $2), 1), $5, $6, $6)
             ON CONFLICT DO NOTHING RETURNING 1::bigint AS rows",
            &[&place.0.0, &place.1.0, &user.0, &role.as_str(), &managed_by, &now],
        )
        .await?;
    Ok(!made.is_empty())
}

/// Another role, where the issuer manages the membership.
pub(super) async fn change(
    tx: &ControlTx,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
    managed_by: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- external::change
         UPDATE memberships SET role = $3, version = version + 1, updated_at = $5
         WHERE workspace_id = $1 AND user_id = $2 AND managed_by = $4",
        &[&workspace.0, &user.0, &role.as_str(), &managed_by, &now],
    )
    .await?;
    Ok(())
}

/// A membership that has ended.
pub(super) struct Ended {
    pub(super) user: UserId,
    pub(super) workspace: WorkspaceId,
    pub(super) role: Role,
}

impl FromRow for Ended {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            user: UserId(row.get("user_id")?),
            workspace: WorkspaceId(row.get("workspace_id")?),
            role: word(row, "role")?,
        })
    }
}

/// Ends what the issuer manages in a tenant: of one user, who is barred from then on, or of all, who are not: their organisation went, and none of them was removed.
pub(super) async fn leave(
    tx: &ControlTx,
    tenant: TenantId,
    user: Option<UserId>,
    managed_by: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Ended>> {
    Ok(tx
        .all(
            "-- external::leave
             WITH gone AS (
                 DELETE FROM memberships WHERE tenant_id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND managed_by = $3
                 RETURNING tenant_id, workspace_id, user_id, version, role),
             remembered AS (
                 INSERT INTO former_members (tenant_id, workspace_id, user_id, version, barred_at)
                 SELECT tenant_id, workspace_id, user_id, version, CASE WHEN $2::uuid IS NOT NULL THEN $4::timestamptz END FROM gone
                 ON CONFLICT (user_id, workspace_id) DO UPDATE SET version = excluded.version, barred_at = excluded.barred_at)
             SELECT user_id, workspace_id, role FROM gone",
            &[&tenant.0, &user.map(|user| user.0), &managed_by, &now],
        )
        .await?)
}

/// Tenants where the issuer says that the user is a member, in the order in which they are locked.
pub(super) async fn tenants_of(tx: &ControlTx, user: UserId, managed_by: &str) -> Result<Vec<TenantId>> {
    let rows = tx
        .query(
            "-- external::tenants_of
             SELECT DISTINCT tenant_id FROM memberships WHERE user_id = $1 AND managed_by = $2 ORDER BY tenant_id",
            &[&user.0, &managed_by],
        )
        .await?;
    rows.iter().map(|row| Ok(TenantId(row.get("tenant_id")?))).collect()
}

/// Notes a delivery. False where it was dealt with before.
pub(super) async fn begin_delivery(
    tx: &ControlTx,
    source: &str,
    id: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let made = tx
        .query(
            "-- external::begin_delivery
             INSERT INTO webhook_deliveries (source, id, received_at) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING RETURNING 1::bigint AS rows",
            &[&source, &id, &now],
        )
        .await?;
    Ok(!made.is_empty())
}

/// Forgets some of what was dealt with before then.
pub(super) async fn forget_deliveries(tx: &ControlTx, before: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- external::forget_deliveries
         DELETE FROM webhook_deliveries d USING (
             SELECT source, id FROM webhook_deliveries WHERE received_at < $1 LIMIT 100) old
         WHERE d.source = old.source AND d.id = old.id",
        &[&before],
    )
    .await?;
    Ok(())
}
