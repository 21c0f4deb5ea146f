//! Words that every part of Tenantry shares: typed ids, slugs, tiers, roles, limits, wire shapes, error codes.
//!
//! Owns: nothing. Calls: nothing. Called by: every crate.
//! Invariants: no I/O, no clock, no randomness; what parses here prints back the same (property tests in each module).
//! After a crash: nothing is left.

pub mod adopt;
pub mod agent;
pub mod archive;
pub mod audit;
pub mod health;
pub mod id;
pub mod identity;
pub mod isolation;
pub mod key;
pub mod overview;
pub mod page;
pub mod problem;
pub mod run;
pub mod slug;
pub mod tenant;
pub mod tier;

pub use id::{
    AccessGrantId, AgentId, ApiKeyId, EventId, InvitationId, IsolationReportId, RunId, SessionId, TaskId,
    TenantId, UserId, WorkspaceId,
};
pub use problem::{ErrorCode, FieldError, Problem};
pub use slug::{Slug, SlugRefusal};
pub use tier::{Limits, OperatorRole, Role, Tier, TierTerms};

/// Tells an explicit `null` from an absent field.
#[expect(clippy::option_option, reason = "absent, null and a value are three different wishes")]
fn present<'de, T: serde::Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}
