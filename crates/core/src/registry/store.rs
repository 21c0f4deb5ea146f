//! SQL of the registry.
//!
//! Owns: tenants, tiers, workspaces. Calls: pg. Called by: registry and its list, provisioning through it.
//! Invariants: see the migrations; each statement names itself in its first line. After a crash: one transaction or none.

use super::model::{Overrides, TenantRecord, tier_limits};
use crate::{Error, Result};
use chrono::{DateTime, Utc};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{
    ErrorCode, Limits, Slug, TenantId, Tier, TierTerms, WorkspaceId,
    tenant::{TenantStatus, Workspace},
};
use uuid::Uuid;

/// The columns of a [`TenantRecord`], and where they come from.
macro_rules! select_tenant_with {
    ($name:literal, $more:literal, $rest:expr) => {
        concat!(
            "-- registry::",
            $name,
            "
             SELECT t.id, t.slug, t.name, t.status, t.plan_tier, t.schema_name, t.role_name, t.cell, t.schema_version,
                    t.access_version, t.domain_join_role,
                    t.admin_email, t.allowed_domains, t.created_at, t.updated_at, t.deleted_at,
                    t.max_agents::bigint AS own_agents,
                    t.max_tasks_per_month::bigint AS own_tasks_per_month,
                    t.storage_limit_gb::bigint AS own_storage_gb,
                    r.agent_minutes_per_month, r.api_calls_per_hour, r.concurrent_tasks, r.workspaces,
                    r.workspace_members, r.agents, r.tasks_per_month, r.storage_gb, r.queue_priority",
            $more,
            "
             FROM tenants t JOIN tiers r ON r.name = t.plan_tier ",
            $rest
        )
    };
}
macro_rules! select_tenant {
    ($name:literal, $rest:expr) => {
        $crate::registry::store::select_tenant_with!($name, "", $rest)
    };
}
pub(crate) use select_tenant_with;

pub(crate) use super::model::word;

/// A tenant by its slug. What cannot be a slug is absent without a question: PostgreSQL would refuse U+0000 with an error.
pub(crate) async fn by_slug(tx: &ControlTx, slug: &str) -> Result<Option<TenantRecord>> {
    if Slug::stored(slug).is_none() {
        return Ok(None);
    }
    Ok(tx.optional(select_tenant!("by_slug", "WHERE t.slug = $1"), &[&slug]).await?)
}

pub(crate) async fn by_id(tx: &ControlTx, id: TenantId) -> Result<Option<TenantRecord>> {
    Ok(tx.optional(select_tenant!("by_id", "WHERE t.id = $1"), &[&id.0]).await?)
}

struct Held(TenantRecord, Option<DateTime<Utc>>);

impl FromRow for Held {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(TenantRecord::from_row(row)?, row.get("suspended_at")?))
    }
}

/// A tenant that nobody else changes until the transaction ends, and since when it is suspended.
pub(crate) async fn hold_by_slug(
    tx: &ControlTx,
    slug: &str,
) -> Result<Option<(TenantRecord, Option<DateTime<Utc>>)>> {
    if Slug::stored(slug).is_none() {
        return Ok(None);
    }
    // The row alone, and what is read with it afterwards: whoever waited in a join would find no tier where another was given meanwhile.
    let rows = tx
        .query("-- registry::lock_by_slug\nSELECT FROM tenants WHERE slug = $1 FOR UPDATE", &[&slug])
        .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let held: Option<Held> = tx
        .optional(select_tenant_with!("held_by_slug", ", t.suspended_at", "WHERE t.slug = $1"), &[&slug])
        .await?;
    Ok(held.map(|Held(record, suspended_at)| (record, suspended_at)))
}

/// Slugs of tenants that were deleted before then, the longest ago first.
pub(crate) async fn deleted_before(tx: &ControlTx, before: DateTime<Utc>) -> Result<Vec<String>> {
    let rows = tx
        .query(
            "-- registry::deleted_before
             SELECT slug FROM tenants WHERE status = 'deleted' AND deleted_at < $1 ORDER BY deleted_at LIMIT 100",
            &[&before],
        )
        .await?;
    rows.iter().map(|row| Ok(row.get("slug")?)).collect()
}

struct TierRow(Tier, Limits, Option<String>);

impl FromRow for TierRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(word(row, "name")?, tier_limits(row)?, row.get("price")?))
    }
}

/// What each tier allows, the smallest first.
pub(super) async fn tiers(tx: &ControlTx) -> Result<Vec<(Tier, Limits)>> {
    Ok(tier_rows(tx).await?.into_iter().map(|TierRow(tier, limits, _)| (tier, limits)).collect())
}

/// The same with prices, as clients see it.
pub(super) async fn terms(tx: &ControlTx, default: Tier) -> Result<Vec<TierTerms>> {
    let told = |TierRow(name, limits, price_usd_per_month)| TierTerms {
        name,
        is_default: name == default,
        limits,
        price_usd_per_month,
    };
    Ok(tier_rows(tx).await?.into_iter().map(told).collect())
}

async fn tier_rows(tx: &ControlTx) -> Result<Vec<TierRow>> {
    Ok(tx
        .all(
            "-- registry::tiers
             SELECT name, agent_minutes_per_month, api_calls_per_hour, concurrent_tasks, workspaces,
                    workspace_members, agents, tasks_per_month, storage_gb, queue_priority,
                    price_usd_per_month::text AS price
             FROM tiers ORDER BY queue_priority, name",
            &[],
        )
        .await?)
}

struct WorkspaceRow(Workspace);

impl FromRow for WorkspaceRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(Workspace {
            id: WorkspaceId(row.get("id")?),
            slug: row.get("slug")?,
            name: row.get("name")?,
            is_default: row.get("is_default")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            archived_at: row.get("archived_at")?,
        }))
    }
}

/// All workspaces that the login may see: row-level security, not a WHERE, confines them to one tenant.
pub(super) async fn workspaces(tx: &ControlTx, archived: bool) -> Result<Vec<Workspace>> {
    let rows: Vec<WorkspaceRow> = tx
        .all(
            "-- registry::workspaces
             SELECT id, slug, name, is_default, created_at, updated_at, archived_at FROM workspaces
             WHERE $1 OR archived_at IS NULL ORDER BY is_default DESC, slug",
            &[&archived],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The named workspace of a tenant, or its default one.
pub(crate) async fn workspace(
    tx: &ControlTx,
    tenant: TenantId,
    slug: Option<&str>,
) -> Result<Option<Workspace>> {
    if slug.is_some_and(|slug| slug.contains('\0')) {
        return Ok(None);
    }
    let row: Option<WorkspaceRow> = tx
        .optional(
            "-- registry::workspace
             SELECT id, slug, name, is_default, created_at, updated_at, archived_at FROM workspaces
             WHERE tenant_id = $1 AND archived_at IS NULL AND CASE WHEN $2 IS NULL THEN is_default ELSE slug = $2 END",
            &[&tenant.0, &slug.map(str::to_owned)],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// A workspace that the login may see, archived or not.
pub(crate) async fn workspace_by_id(tx: &ControlTx, id: WorkspaceId) -> Result<Option<Workspace>> {
    let row: Option<WorkspaceRow> = tx
        .optional(
            "-- registry::workspace_by_id
             SELECT id, slug, name, is_default, created_at, updated_at, archived_at FROM workspaces WHERE id = $1",
            &[&id.0],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// Workspaces of the tenant that are not archived.
pub(crate) async fn count_workspaces(tx: &ControlTx, tenant: TenantId) -> Result<i64> {
    let rows = tx
        .query(
            "-- registry::count_workspaces
             SELECT count(*) AS rows FROM workspaces WHERE tenant_id = $1 AND archived_at IS NULL",
            &[&tenant.0],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("rows")).transpose()?.unwrap_or(0))
}

/// A workspace as it is; fails where its slug is in use.
pub(crate) async fn make_workspace(tx: &ControlTx, tenant: TenantId, made: &Workspace) -> Result<()> {
    tx.query(
        "-- registry::make_workspace
         INSERT INTO workspaces (id, tenant_id, slug, name, is_default, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            &made.id.0,
            &tenant.0,
            &made.slug,
            &made.name,
            &made.is_default,
            &made.created_at,
            &made.updated_at,
        ],
    )
    .await?;
    Ok(())
}

/// Takes the mark from the tenant's default workspace, before another one gets it.
pub(crate) async fn no_default_workspace(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- registry::no_default_workspace
         UPDATE workspaces SET is_default = false, updated_at = greatest($2, updated_at + interval '1 microsecond')
         WHERE tenant_id = $1 AND is_default",
        &[&tenant.0, &now],
    )
    .await?;
    Ok(())
}

/// A workspace's name and state.
pub(crate) async fn set_workspace(tx: &ControlTx, workspace: &Workspace) -> Result<()> {
    let Workspace { id, name, is_default, updated_at, archived_at, .. } = workspace;
    tx.query(
        "-- registry::set_workspace
         UPDATE workspaces SET name = $2, is_default = $3, updated_at = $4, archived_at = $5 WHERE id = $1",
        &[&id.0, name, is_default, updated_at, archived_at],
    )
    .await?;
    Ok(())
}

/// What an operator may change of a tenant.
pub(crate) async fn set_details(tx: &ControlTx, tenant: &TenantRecord) -> Result<()> {
    tx.query(
        "-- registry::set_details
         UPDATE tenants SET name = $2, admin_email = $3, allowed_domains = $4, domain_join_role = $5, updated_at = $6,
                plan_tier = $7, max_agents = $8, max_tasks_per_month = $9, storage_limit_gb = $10
         WHERE id = $1",
        &[
            &tenant.id.0,
            &tenant.name,
            &tenant.admin_email,
            &tenant.allowed_domains,
            &tenant.domain_join_role.map(|role| role.as_str().to_owned()),
            &tenant.updated_at,
            &tenant.tier.as_str(),
            &stored(tenant.own.agents),
            &stored(tenant.own.tasks_per_month),
            &stored(tenant.own.storage_gb),
        ],
    )
    .await?;
    Ok(())
}

/// A wish's check keeps these within the column.
fn stored(own: Option<u64>) -> Option<i32> {
    own.map(|number| i32::try_from(number).unwrap_or(i32::MAX))
}

/// A tenant's row at its beginning.
pub(crate) struct NewTenant<'a> {
    pub(crate) id: TenantId,
    pub(crate) slug: &'a str,
    pub(crate) name: &'a str,
    pub(crate) schema_name: &'a str,
    pub(crate) role_name: &'a str,
    pub(crate) tier: Tier,
    pub(crate) admin_email: &'a str,
    pub(crate) allowed_domains: &'a [String],
    pub(crate) own: Overrides,
    pub(crate) now: DateTime<Utc>,
}

pub(crate) async fn insert_tenant(tx: &ControlTx, tenant: &NewTenant<'_>) -> Result<()> {
    tx.query(
        "-- registry::insert_tenant
         INSERT INTO tenants (id, slug, name, schema_name, role_name, status, plan_tier, admin_email, allowed_domains,
                              created_at, updated_at, max_agents, max_tasks_per_month, storage_limit_gb)
         VALUES ($1, $2, $3, $4, $5, 'provisioning', $6, $7, $8, $9, $9, $10, $11, $12)",
        &[
            &tenant.id.0,
            &tenant.slug,
            &tenant.name,
            &tenant.schema_name,
            &tenant.role_name,
            &tenant.tier.as_str(),
            &tenant.admin_email,
            &tenant.allowed_domains.to_vec(),
            &tenant.now,
            &stored(tenant.own.agents),
            &stored(tenant.own.tasks_per_month),
            &stored(tenant.own.storage_gb),
        ],
    )
    .await?;
    Ok(())
}

/// Where a tenant lives, once that is known.
pub(crate) async fn place_tenant(
    tx: &ControlTx,
    tenant: TenantId,
    shard: Uuid,
    cell: i32,
    schema_version: &str,
) -> Result<()> {
    tx.query(
        "-- registry::place_tenant
         UPDATE tenants SET shard_id = $2, cell = $3, schema_version = $4, updated_at = now() WHERE id = $1",
        &[&tenant.0, &shard, &cell, &schema_version],
    )
    .await?;
    Ok(())
}

pub(crate) async fn activate_tenant(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- registry::activate_tenant
         UPDATE tenants SET status = 'active', updated_at = $2 WHERE id = $1 AND status = 'provisioning'",
        &[&tenant.0, &now],
    )
    .await?;
    Ok(())
}

/// Undo of [`activate_tenant`]: requests are refused, whatever the tenant's state was.
pub(crate) async fn deactivate_tenant(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- registry::deactivate_tenant
         UPDATE tenants SET status = 'provisioning', deleted_at = NULL, updated_at = $2, access_version = access_version + 1
         WHERE id = $1",
        &[&tenant.0, &now],
    )
    .await?;
    Ok(())
}

/// A change of a tenant's life. When it was deleted is kept until it is restored.
pub(crate) async fn set_status(
    tx: &ControlTx,
    tenant: TenantId,
    status: TenantStatus,
    suspended_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- registry::set_status
         UPDATE tenants SET status = $2, suspended_at = $3, updated_at = $4, access_version = access_version + 1,
                deleted_at = CASE WHEN $2 = 'deleted' THEN coalesce(deleted_at, $4) END
         WHERE id = $1",
        &[&tenant.0, &status.as_str(), &suspended_at, &now],
    )
    .await?;
    Ok(())
}

/// Holds the tenant's row until the transaction ends, and makes all that was decided about access in it before worth another look. Whoever
/// changes members, keys or workspaces does this first: so two changes in one tenant come one after the other. False where there is no such tenant.
pub(crate) async fn change_access(tx: &ControlTx, tenant: TenantId) -> Result<bool> {
    let rows = tx
        .query(
            "-- registry::change_access
             UPDATE tenants SET access_version = access_version + 1 WHERE id = $1 RETURNING 1::bigint AS rows",
            &[&tenant.0],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Tenants whose own schema does not know their version of access yet: this one, or the first of all.
pub(crate) async fn unpublished(
    tx: &ControlTx,
    tenant: Option<TenantId>,
    limit: i64,
) -> Result<Vec<TenantRecord>> {
    Ok(tx
        .all(
            select_tenant!(
                "unpublished",
                // Without a home there is nothing to write to, and nobody who writes.
                "WHERE t.access_published < t.access_version AND t.cell IS NOT NULL AND ($1 IS NULL OR t.id = $1) ORDER BY t.id LIMIT $2"
            ),
            &[&tenant.map(|tenant| tenant.0), &limit],
        )
        .await?)
}

pub(crate) async fn mark_published(tx: &ControlTx, tenant: TenantId, version: i64) -> Result<()> {
    tx.last(
        "-- registry::mark_published
         UPDATE tenants SET access_published = greatest(access_published, $2) WHERE id = $1",
        &[&tenant.0, &version],
    )
    .await?;
    Ok(())
}

/// The end of a purge: the row, and with it workspaces, keys, invitations and sessions. Only a deleted tenant may go this way.
pub(crate) async fn remove_deleted_tenant(tx: &ControlTx, tenant: TenantId) -> Result<()> {
    tx.query(
        "-- registry::remove_deleted_tenant
         DELETE FROM tenants WHERE id = $1 AND status = 'deleted'",
        &[&tenant.0],
    )
    .await?;
    Ok(())
}

/// Undo of [`insert_tenant`]: frees the slug. Only a tenant that never served may go this way.
pub(crate) async fn remove_unborn_tenant(tx: &ControlTx, tenant: TenantId) -> Result<()> {
    tx.query(
        "-- registry::remove_unborn_tenant
         DELETE FROM tenants WHERE id = $1 AND status = 'provisioning'",
        &[&tenant.0],
    )
    .await?;
    Ok(())
}

pub(crate) async fn archive_workspace(tx: &ControlTx, id: WorkspaceId, at: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- registry::archive_workspace
         UPDATE workspaces SET archived_at = $2 WHERE id = $1 AND NOT is_default",
        &[&id.0, &at],
    )
    .await?;
    Ok(())
}

pub(crate) async fn insert_workspace(
    tx: &ControlTx,
    id: WorkspaceId,
    tenant: TenantId,
    slug: &str,
    name: &str,
    is_default: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- registry::insert_workspace
         INSERT INTO workspaces (id, tenant_id, slug, name, is_default, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (tenant_id, slug) DO NOTHING",
        &[&id.0, &tenant.0, &slug, &name, &is_default, &now],
    )
    .await?;
    Ok(())
}

/// Fails where one of these ids is a workspace already, whoever's: rows that name it would be another tenant's copy.
pub(crate) async fn refuse_known_workspaces(tx: &ControlTx, ids: &[WorkspaceId]) -> Result<()> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = tx
        .query(
            "-- registry::refuse_known_workspaces\nSELECT id FROM workspaces WHERE id = ANY ($1) LIMIT 1",
            &[&ids],
        )
        .await?;
    match rows.first() {
        None => Ok(()),
        Some(row) => Err(Error::refused(
            ErrorCode::Conflict,
            format!(
                "The rows name the workspace {}, which is another tenant's.",
                WorkspaceId(row.get("id")?)
            ),
        )
        .next(
            "A copy of a tenant's schema cannot be adopted beside it: give its rows other workspaces first.",
        )),
    }
}
