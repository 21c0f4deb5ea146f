//! Adoption on the wire: a schema that exists already becomes a tenant.
//!
//! Owns: nothing. Calls: nothing. Called by: core's adoption, server, cli. After a crash: nothing is left.

use crate::{
    TenantId, WorkspaceId,
    run::Run,
    tenant::{OwnerInvitation, Tenant},
    tier::words,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for a schema to be adopted as a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptTenant {
    /// The schema's name as PostgreSQL keeps it, without quotes; case matters. At most 63 bytes.
    #[schema(max_length = 63)]
    pub schema: String,
    /// 3 to 63 characters of `a-z`, `0-9` and hyphens.
    #[schema(max_length = 63)]
    pub slug: String,
    /// For people; 1 to 200 characters.
    #[schema(max_length = 200)]
    pub name: String,
    /// Who answers for it.
    #[schema(max_length = 254)]
    pub admin_email: String,
    /// Its plan; the server's default tier when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub plan_tier: Option<String>,
    /// The version that its tables have, such as `3` or `2.1`; `0` when absent. A schema with a `flyway_schema_history` has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    pub baseline: Option<String>,
    /// The tenant's id, where its rows carry one in `tenant_id` already; a new one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 30)]
    pub tenant_id: Option<TenantId>,
    /// True: the run ends after the inspection, with its report, and nothing is changed.
    #[serde(default)]
    pub dry_run: bool,
}

words! {
    /// What keeps the rows of a table apart.
    Fence {
        /// Row-level security by `workspace_id`, inside the tenant's schema.
        Workspace = "workspace",
        /// The tenant's schema alone: all of its workspaces see the rows.
        Schema = "schema",
        /// Nothing is granted: only the owner reaches it.
        Closed = "closed",
    } "workspace, schema, closed"
}

/// A table, view or partition of an adopted schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdoptedTable {
    /// Its name.
    pub name: String,
    /// What will keep its rows apart.
    pub fence: Fence,
    /// PostgreSQL's estimate; `null` where it has none yet.
    pub rows_estimate: Option<i64>,
    /// Size on disk with indexes and TOAST, in bytes.
    pub bytes: i64,
}

/// What an adoption found, before it changes anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdoptionReport {
    /// The schema's name.
    pub schema: String,
    /// The version that its tables are taken to have.
    pub baseline: String,
    /// Whether the baseline comes from the schema's own `flyway_schema_history`.
    pub has_history: bool,
    /// Its tables, by name.
    pub tables: Vec<AdoptedTable>,
    /// Size on disk of all of them, in bytes.
    pub bytes: i64,
    /// Workspaces that its rows name; they become workspaces of the tenant.
    pub workspaces: Vec<WorkspaceId>,
    /// The tenant that its rows name in the template's own `tenant_id` columns.
    pub tenant_id: Option<TenantId>,
    /// Tables without `workspace_id`: every workspace of the tenant sees their rows.
    pub fenced_by_schema: Vec<String>,
    /// What the template has otherwise, a sentence each.
    pub differences: Vec<String>,
    /// Grants to others, which the adoption takes away and an undo gives back.
    pub grants: Vec<String>,
    /// Who is at work in the schema now, as far as the owner can see. Whoever uses it by its old name is cut off.
    pub in_use: Vec<String>,
    /// What may need a hand afterwards.
    pub remarks: Vec<String>,
}

/// The answer to [`AdoptTenant`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantToAdopt {
    /// The tenant as it is now; `null` for a dry run, which makes none.
    pub tenant: Option<Tenant>,
    /// The run that looks at the schema, and takes it over unless it is dry. A dry run's result is an [`AdoptionReport`].
    pub run: Run,
    /// An admin's API key for the default workspace. Shown this once, good as soon as the run has succeeded; absent for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// The invitation of its owner. Shown this once; absent for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_invitation: Option<OwnerInvitation>,
}

/// Where an adopted tenant comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adopted {
    /// The schema's name before.
    pub from: String,
    /// The version that its tables were taken to have.
    pub baseline: String,
    /// Tables without `workspace_id`: the schema alone fences them, and every workspace of the tenant sees their rows.
    pub fenced_by_schema: Vec<String>,
    /// When.
    pub adopted_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_not_sent() {
        let sent = r#"{"schema":"old_acme","slug":"acme","name":"Acme","admin_email":"a@b.example","dry_run":false}"#;
        let wish: AdoptTenant = serde_json::from_str(&sent.replace(r#","dry_run":false"#, "")).unwrap();
        assert_eq!(serde_json::to_string(&wish).unwrap(), sent);
        assert!(serde_json::from_str::<AdoptTenant>(&sent.replace("dry_run", "dryrun")).is_err());
    }
}
