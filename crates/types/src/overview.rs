//! The platform at a glance, on the wire.
//!
//! Owns: nothing. Calls: nothing. Called by: ops, server, cli. After a crash: nothing is left.

use crate::{IsolationReportId, isolation::IsolationStatus};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an operator sees first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// Tenants.
    pub tenants: TenantCounts,
    /// Provisioning runs.
    pub runs: RunCounts,
    /// Ready-made schemas.
    pub slots: SlotCounts,
    /// Work whose holder was not heard of before its lease ended: runs, jobs and isolation reports. A worker takes it again.
    pub lost_leases: i64,
    /// Jobs that gave up.
    pub failed_jobs: i64,
    /// Proofs of isolation.
    pub isolation: IsolationGlance,
    /// Requests and statements that reached for another tenant.
    pub cross_tenant: CrossTenant,
    /// Seconds that the oldest audit event waits for its seal.
    pub unsealed_seconds: i64,
    /// Bytes of all tenants' schemas, as they were last weighed.
    pub schema_bytes: i64,
    /// When this was looked at.
    pub looked_at: DateTime<Utc>,
}

/// Tenants, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantCounts {
    /// All that the registry has.
    pub total: i64,
    /// By where they are in their life.
    pub by_status: StatusCounts,
    /// By plan; deleted ones are left out.
    pub by_tier: TierCounts,
}

/// Tenants by status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusCounts {
    /// A provisioning run is at work.
    pub provisioning: i64,
    /// Serve requests.
    pub active: i64,
    /// Refuse requests.
    pub suspended: i64,
    /// Are kept until purged.
    pub deleted: i64,
}

/// Tenants by tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TierCounts {
    /// free
    pub free: i64,
    /// starter
    pub starter: i64,
    /// pro
    pub pro: i64,
    /// enterprise
    pub enterprise: i64,
}

/// Runs, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunCounts {
    /// Wait for a worker.
    pub pending: i64,
    /// Are at work.
    pub running: i64,
    /// Are being undone.
    pub rolling_back: i64,
    /// Could not be undone: a person has to come.
    pub needs_attention: i64,
    /// Failed and were undone, of those that were asked for in the last 24 hours.
    pub rolled_back_24h: i64,
    /// Are not at their end two minutes after they were asked for.
    pub stuck: i64,
}

/// Slots, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SlotCounts {
    /// Can be claimed.
    pub ready: i64,
    /// Whose fence did not hold when it was looked at; never handed out.
    pub broken: i64,
}

/// Proofs of isolation, at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IsolationGlance {
    /// The newest over all tenants that came to its end.
    pub newest: Option<NewestReport>,
    /// One that waits or is being made.
    pub at_work: Option<IsolationReportId>,
}

/// A proof in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewestReport {
    /// Its id.
    pub id: IsolationReportId,
    /// passed or failed.
    pub status: IsolationStatus,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// Seconds since then.
    pub age_seconds: i64,
    /// What is open.
    pub open: i64,
}

/// Reaches across the border between tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CrossTenant {
    /// Requests of the last 24 hours that named another tenant than their identity's, as the audit trail has them. Each was refused.
    pub refused_24h: i64,
    /// What got behind that, to this server process since its start: statements that PostgreSQL itself refused, or rows of elsewhere. Must be 0; the
    /// metric `cross_tenant_query_attempts_total` has it for every process.
    pub behind: i64,
}
