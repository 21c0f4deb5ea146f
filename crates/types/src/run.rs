//! Provisioning runs on the wire: the work that makes, changes and removes a tenant.
//!
//! Owns: the closed lists of kinds, steps and states. Calls: nothing. Called by: provisioning, server, cli. After a crash: nothing is left.

use crate::{RunId, TenantId, tier::words};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

words! {
    /// Where a run is.
    RunStatus {
        /// Waits for a worker.
        Pending = "pending",
        /// A worker holds it.
        Running = "running",
        /// Every step is done.
        Succeeded = "succeeded",
        /// A step failed; earlier ones are being undone.
        RollingBack = "rolling_back",
        /// Nothing of it is left.
        RolledBack = "rolled_back",
        /// An undo failed; a person has to look.
        NeedsAttention = "needs_attention",
    } "pending, running, succeeded, rolling_back, rolled_back, needs_attention"
}

words! {
    /// What a run does with its tenant.
    RunKind {
        /// Makes it.
        Create = "create",
        /// Makes it from a schema that exists already.
        Adopt = "adopt",
        /// Makes it from an archive.
        Import = "import",
        /// Refuses its requests; keeps its data.
        Suspend = "suspend",
        /// Serves its requests again.
        Resume = "resume",
        /// Refuses its requests, and purges it when the retention is over.
        Delete = "delete",
        /// Takes back a deletion.
        Restore = "restore",
        /// Removes it with everything but its audit trail.
        Purge = "purge",
    } "create, adopt, import, suspend, resume, delete, restore, purge"
}

words! {
    /// The steps of runs. Those that make a tenant come first, in their order.
    StepName {
        /// The registry row and the slug.
        Reserve = "reserve",
        /// Schema and role: a warm slot claimed, or made now.
        Place = "place",
        /// Schema brought to the target version.
        Migrate = "migrate",
        /// Role, grants, row-level security.
        Isolate = "isolate",
        /// The default workspace, its first API key, the invitation of the owner.
        Seed = "seed",
        /// Optional resources beside PostgreSQL.
        Extras = "extras",
        /// The new tenant's fence is probed.
        Verify = "verify",
        /// Rows to look at, in a tenant that is to have some.
        DemoData = "demo_data",
        /// The tenant serves requests.
        Activate = "activate",
        /// A schema that exists is looked at, and compared with the template.
        Inspect = "inspect",
        /// A schema that exists is renamed and guarded.
        TakeOver = "take_over",
        /// Rows come from an archive.
        Load = "load",
        /// Requests are refused.
        Close = "close",
        /// Requests are served.
        Open = "open",
        /// psql sessions are ended.
        Sessions = "sessions",
        /// Audit events leave the tenant's schema for the trail that stays.
        Audit = "audit",
        /// Schema and roles are dropped.
        Drop = "drop",
        /// The registry forgets the tenant; its slug is free.
        Forget = "forget",
        /// One that another version of Tenantry does; the detail tells its name.
        Unknown = "unknown",
    } "reserve, place, migrate, isolate, seed, demo_data, extras, verify, activate, inspect, take_over, load, close, open, sessions, audit, drop, forget, unknown"
}

words! {
    /// Where a step is.
    StepStatus {
        /// Not begun.
        Pending = "pending",
        /// At work.
        Running = "running",
        /// Done.
        Succeeded = "succeeded",
        /// Nothing to do.
        Skipped = "skipped",
        /// Failed.
        Failed = "failed",
        /// Undone after a failure.
        Undone = "undone",
    } "pending, running, succeeded, skipped, failed, undone"
}

impl RunStatus {
    /// Whether the run has ended.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::RolledBack | Self::NeedsAttention)
    }
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// Which step.
    pub name: StepName,
    /// Where it is.
    pub status: StepStatus,
    /// When it last began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How long it took, in milliseconds with three decimals.
    pub duration_ms: Option<Millis>,
    /// How often it was begun.
    pub attempts: u32,
    /// What it did, in a few words: `warm slot`, `12 tables`.
    pub detail: Option<String>,
    /// Why it failed, for an operator.
    pub error: Option<String>,
}

/// A duration in milliseconds, kept in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis {
    /// Whole microseconds.
    pub micros: i64,
}

impl Serialize for Millis {
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 microseconds, 285 years")]
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.micros as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Millis {
    #[expect(clippy::cast_possible_truncation, reason = "a duration of 285 years is not sent")]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { micros: (f64::deserialize(deserializer)? * 1000.0).round() as i64 })
    }
}

impl utoipa::PartialSchema for Millis {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::Number).into()
    }
}

impl ToSchema for Millis {}

/// Durable work on a tenant: made of steps, all done or all undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// `run_…`
    pub id: RunId,
    /// What it does with its tenant.
    pub kind: RunKind,
    /// The tenant; its row is gone after a creation was rolled back, or after a purge.
    pub tenant_id: TenantId,
    /// The tenant's slug when the run began.
    pub tenant_slug: String,
    /// Where it is.
    pub status: RunStatus,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// Why it failed, for an operator; where a person has to look, what may be left and what to do.
    pub error: Option<String>,
    /// What it brought: `console_url` where it made a tenant, the report of an adoption.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub result: Option<serde_json::Value>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When a worker began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// From the wish to the end, in milliseconds.
    pub duration_ms: Option<Millis>,
}
