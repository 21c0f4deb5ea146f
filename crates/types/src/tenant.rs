//! Tenants and workspaces on the wire.
//!
//! Owns: nothing. Calls: nothing. Called by: registry, server, cli. After a crash: nothing is left.

use crate::{Limits, Role, Slug, TenantId, Tier, WorkspaceId, adopt::Adopted, run::Run, tier::words};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// Where a tenant is in its life.
    TenantStatus {
        /// A provisioning run is at work.
        Provisioning = "provisioning",
        /// Serves requests.
        Active = "active",
        /// Refuses requests; its data is kept.
        Suspended = "suspended",
        /// Refuses requests; its data is kept until purged.
        Deleted = "deleted",
    } "provisioning, active, suspended, deleted"
}

/// One customer organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tenant {
    /// `ten_…`
    pub id: TenantId,
    /// Unique; the name in hosts and commands.
    pub slug: Slug,
    /// For people.
    pub name: String,
    /// Where it is in its life.
    pub status: TenantStatus,
    /// Its plan.
    pub plan_tier: Tier,
    /// Its PostgreSQL schema; `null` until a run has placed it.
    pub schema_name: String,
    /// Who answers for it.
    pub admin_email: String,
    /// E-mail domains whose people may join by themselves.
    pub allowed_domains: Vec<String>,
    /// What people of those domains may join as, by themselves; `null`: they may not.
    #[serde(default)]
    pub domain_join_role: Option<Role>,
    /// What it may use: the tier's limits with the tenant's own overrides.
    pub limits: Limits,
    /// Its own number of agents, where it has one in place of its tier's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_agents: Option<u32>,
    /// The same of tasks in a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tasks_per_month: Option<u32>,
    /// The same of gigabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_limit_gb: Option<u32>,
    /// Where its people log in.
    pub console_url: String,
    /// The version of its schema; absent until a run has placed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
    /// Where its schema comes from, when one tenant is shown that was adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Adopted>,
    /// When it was deleted, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// Where it is deleted, in lists and where one tenant is shown: until when it can be restored; absent where deleted tenants are kept for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restorable_until: Option<DateTime<Utc>>,
    /// Bytes of its schema's tables and indexes when they were last weighed, in lists and where one tenant is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_bytes: Option<i64>,
    /// When one of its keys was last used, or something was last done that its audit trail has; as of `sampled_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<DateTime<Utc>>,
    /// When the two were looked at; absent while a tenant is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_at: Option<DateTime<Utc>>,
}

/// Asks for a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    /// 3 to 63 characters of `a-z`, `0-9` and hyphens.
    #[schema(min_length = 3, max_length = 63, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    pub slug: String,
    /// For people; 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Who answers for it.
    #[schema(max_length = 254)]
    pub admin_email: String,
    /// Its plan; the server's default tier when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_tier: Option<String>,
    /// E-mail domains whose people may join by themselves; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub allowed_domains: Vec<String>,
    /// A number of agents of its own, in place of the tier's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    pub max_agents: Option<u32>,
    /// The same of tasks in a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    pub max_tasks_per_month: Option<u32>,
    /// The same of gigabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    pub storage_limit_gb: Option<u32>,
    /// The version that its schema begins at, one of `GET /v1/tenant-template`; the newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    pub schema_version: Option<String>,
    /// Whether its default workspace begins with a few agents, tasks and messages, each marked as a demo's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo_data: bool,
}

/// What a new tenant can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantTemplate {
    /// The schema versions that it can begin at, the newest first.
    pub versions: Vec<SchemaVersion>,
    /// Whether it can begin with demo data: these are rows of the agent platform's own tables.
    pub demo_data: bool,
}

/// A version that a tenant's schema can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SchemaVersion {
    /// As its migration file has it, such as `2` or `2.1`; `0` where there is no such file.
    pub version: String,
    /// What its file says that it does.
    pub description: String,
    /// True for the one that a tenant gets which is asked for without one: the newest.
    pub is_default: bool,
    /// Slots that are ready at it: with one a tenant is there in milliseconds, without one its schema is made first.
    pub warm_slots: u32,
}

/// Changes a tenant. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTenant {
    /// For people; 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 254)]
    pub admin_email: Option<String>,
    /// E-mail domains whose people may join by themselves; at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub allowed_domains: Option<Vec<String>>,
    /// viewer or member: what people of those domains may join as, by themselves. `null`: they may not.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[schema(value_type = Option<String>, max_length = 20)]
    pub domain_join_role: Option<Option<String>>,
    /// Its plan: free, starter, pro or enterprise. The limits are the new tier's at once; what is used stays used, and what is there stays there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub plan_tier: Option<String>,
    /// A number of agents of its own, in place of the tier's. `null`: the tier's.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 2_147_483_647)]
    pub max_agents: Option<Option<u32>>,
    /// The same of tasks in a month.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 2_147_483_647)]
    pub max_tasks_per_month: Option<Option<u32>>,
    /// The same of gigabytes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 2_147_483_647)]
    pub storage_limit_gb: Option<Option<u32>>,
}

/// The answer to whatever begins a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantAndRun {
    /// The tenant as it is now.
    pub tenant: Tenant,
    /// The run at work on it.
    pub run: Run,
    /// Where the run makes a tenant: an admin's API key for its first workspace. Shown this once, good as soon as the run has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Where the run makes a tenant: the invitation of its owner. Shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_invitation: Option<OwnerInvitation>,
    /// Where the tenant is deleted: until when it can be restored; absent where deleted tenants are kept for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restorable_until: Option<DateTime<Utc>>,
}

/// An invitation for whoever answers for a tenant to become its OWNER.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnerInvitation {
    /// Whom it is for.
    pub email: String,
    /// The link to hand over; its token is stored nowhere.
    pub url: String,
    /// Until when the link is good.
    pub expires_at: DateTime<Utc>,
}

/// Why something is done, for the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// At most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// A body that says nothing; it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Confirms what cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// The tenant's slug, again.
    #[schema(max_length = 63)]
    pub confirm: String,
}

/// Whether a slug can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SlugAvailability {
    /// The slug that was asked about.
    pub slug: String,
    /// True when a tenant may be made with it now.
    pub available: bool,
    /// `taken`, or why it cannot be a slug: `too_short`, `too_long`, `invalid_character`, `edge_hyphen`, `double_hyphen`, `no_letter`, `reserved`.
    pub reason: Option<String>,
    /// The reason as a sentence.
    pub detail: Option<String>,
}

/// A division inside a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Workspace {
    /// `wsp_…`
    pub id: WorkspaceId,
    /// Unique in the tenant.
    pub slug: String,
    /// For people.
    pub name: String,
    /// True for the one that is used when none is named.
    pub is_default: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its name or state last changed; the `ETag`, in microseconds.
    pub updated_at: DateTime<Utc>,
    /// When it was archived, where it is: its members and keys are refused, its rows stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<DateTime<Utc>>,
}

/// A login for `psql`, confined to one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PsqlSession {
    /// Host name, address, or the folder of a Unix socket.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// A login made for this session, member of the tenant's role alone.
    pub user: String,
    /// Its password; shown once.
    pub password: String,
    /// libpq's `sslmode`.
    pub ssl_mode: String,
    /// The tenant's schema, first on the session's search path.
    pub schema_name: String,
    /// The workspace whose rows are visible.
    pub workspace_id: WorkspaceId,
    /// Bare UUID of the same, as the setting `tenantry.workspace_id` wants it.
    pub workspace_uuid: uuid::Uuid,
    /// No new connection after this; open ones are ended by the worker.
    pub expires_at: DateTime<Utc>,
}

/// Asks for a [`PsqlSession`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePsqlSession {
    /// Slug of the workspace; the default one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Minutes until the login expires, 1 to 480; 60 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 480)]
    pub minutes: Option<u32>,
}

impl TenantStatus {
    /// Whether requests of this tenant are served.
    pub fn serves(self) -> bool {
        matches!(self, Self::Active)
    }
}
