//! A tenant's row and what its tier allows.
//!
//! Owns: nothing. Calls: nothing. Called by: registry, authz, identity, provisioning.
//! Invariants: a tenant's own column overrides its tier, and NULL is the tier's own (`own_columns_override_the_tier`).
//! After a crash: nothing is left.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tenantry_pg::{self as pg, FromRow, Row};
use tenantry_types::{
    Limits, Role, Slug, TenantId, Tier,
    tenant::{Tenant, TenantStatus},
};

/// A tenant's row with its limits.
#[derive(Debug, Clone)]
pub struct TenantRecord {
    /// Its id.
    pub id: TenantId,
    /// Its slug.
    pub slug: Slug,
    /// For people.
    pub name: String,
    /// Where it is in its life.
    pub status: TenantStatus,
    /// Its plan.
    pub tier: Tier,
    /// Its schema.
    pub schema_name: Arc<str>,
    /// Its role.
    pub role_name: Arc<str>,
    /// The cell whose login may take on its role; none until it is placed.
    pub cell: Option<i32>,
    /// The version of its schema; none until it is placed.
    pub schema_version: Option<String>,
    /// Grows with every change of who may do what in it.
    pub access_version: i64,
    /// What it may use.
    pub limits: Limits,
    /// Its own numbers, which are in the limits already.
    pub own: Overrides,
    /// What people of its domains may join as, by themselves.
    pub domain_join_role: Option<Role>,
    /// Who answers for it.
    pub admin_email: String,
    /// E-mail domains that may join.
    pub allowed_domains: Vec<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted, where it is.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl TenantRecord {
    /// As clients see it.
    pub fn to_wire(&self, public_url: &str) -> Tenant {
        Tenant {
            id: self.id,
            slug: self.slug.clone(),
            name: self.name.clone(),
            status: self.status,
            plan_tier: self.tier,
            schema_name: self.schema_name.to_string(),
            admin_email: self.admin_email.clone(),
            allowed_domains: self.allowed_domains.clone(),
            domain_join_role: self.domain_join_role,
            limits: self.limits,
            max_agents: shown(self.own.agents),
            max_tasks_per_month: shown(self.own.tasks_per_month),
            storage_limit_gb: shown(self.own.storage_gb),
            console_url: console_url(public_url, &self.slug),
            schema_version: self.schema_version.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            adopted: None,
            deleted_at: self.deleted_at,
            restorable_until: None,
            schema_bytes: None,
            last_activity_at: None,
            sampled_at: None,
        }
    }
}

/// The columns are of 31 bits.
fn shown(own: Option<u64>) -> Option<u32> {
    own.and_then(|number| u32::try_from(number).ok())
}

/// Where a tenant's people find the console.
pub fn console_url(public_url: &str, slug: &Slug) -> String {
    format!("{}/t/{slug}", public_url.trim_end_matches('/'))
}

/// The tenant's own numbers, where it has any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// `max_agents`
    pub agents: Option<u64>,
    /// `max_tasks_per_month`
    pub tasks_per_month: Option<u64>,
    /// `storage_limit_gb`
    pub storage_gb: Option<u64>,
}

/// The one answer to "what is allowed here": the tier's numbers, each overridden by the tenant's own.
pub fn limits(tier: Limits, own: Overrides) -> Limits {
    Limits {
        agents: own.agents.or(tier.agents),
        tasks_per_month: own.tasks_per_month.or(tier.tasks_per_month),
        storage_gb: own.storage_gb.or(tier.storage_gb),
        ..tier
    }
}

fn natural(row: &Row, column: &str) -> Result<Option<u64>, pg::Error> {
    // CHECKs keep these columns at zero or more.
    Ok(row.get::<Option<i64>>(column)?.and_then(|value| u64::try_from(value).ok()))
}

/// The limits of a row that has the columns of `tiers`.
pub(super) fn tier_limits(row: &Row) -> Result<Limits, pg::Error> {
    Ok(Limits {
        agent_minutes_per_month: natural(row, "agent_minutes_per_month")?,
        api_calls_per_hour: natural(row, "api_calls_per_hour")?,
        concurrent_tasks: natural(row, "concurrent_tasks")?,
        workspaces: natural(row, "workspaces")?,
        workspace_members: natural(row, "workspace_members")?,
        agents: natural(row, "agents")?,
        tasks_per_month: natural(row, "tasks_per_month")?,
        storage_gb: natural(row, "storage_gb")?,
        queue_priority: u8::try_from(row.get::<i16>("queue_priority")?).unwrap_or(0),
    })
}

/// A word of the database that a CHECK keeps within our list.
pub(crate) fn word<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T, pg::Error> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| pg::Error::Shape(format!("{column} holds {text:?}")))
}

impl FromRow for TenantRecord {
    fn from_row(row: &Row) -> Result<Self, pg::Error> {
        let slug: String = row.get("slug")?;
        let own = Overrides {
            agents: natural(row, "own_agents")?,
            tasks_per_month: natural(row, "own_tasks_per_month")?,
            storage_gb: natural(row, "own_storage_gb")?,
        };
        Ok(Self {
            id: TenantId(row.get("id")?),
            // Not parsed again as a wish: a word may become reserved after a tenant has it.
            slug: Slug::stored(&slug).ok_or_else(|| pg::Error::Shape(format!("slug {slug:?}")))?,
            name: row.get("name")?,
            status: word(row, "status")?,
            tier: word(row, "plan_tier")?,
            schema_name: Arc::from(row.get::<String>("schema_name")?),
            role_name: Arc::from(row.get::<String>("role_name")?),
            cell: row.get("cell")?,
            schema_version: row.get("schema_version")?,
            access_version: row.get("access_version")?,
            domain_join_role: row
                .get::<Option<String>>("domain_join_role")?
                .and_then(|role| role.parse().ok()),
            limits: limits(tier_limits(row)?, own),
            own,
            admin_email: row.get("admin_email")?,
            allowed_domains: row.get("allowed_domains")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            deleted_at: row.get("deleted_at")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_columns_override_the_tier() {
        let tier = Limits {
            agent_minutes_per_month: Some(1000),
            api_calls_per_hour: Some(100),
            concurrent_tasks: Some(1),
            workspaces: Some(1),
            workspace_members: Some(1),
            agents: Some(10),
            tasks_per_month: None,
            storage_gb: Some(1),
            queue_priority: 0,
        };
        let own = Overrides { agents: Some(0), tasks_per_month: Some(7), storage_gb: None };
        let allowed = limits(tier, own);
        assert_eq!(
            (allowed.agents, allowed.tasks_per_month, allowed.storage_gb),
            (Some(0), Some(7), Some(1))
        );
        assert_eq!(limits(tier, Overrides::default()), tier);
    }
}
