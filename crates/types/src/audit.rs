//! Audit events on the wire.
//!
//! Owns: the closed lists of actors and of findings. Calls: nothing. Called by: core's audit, server, cli. After a crash: nothing is left.

use crate::{EventId, TenantId, WorkspaceId, tier::words};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

words! {
    /// What an actor is.
    ActorKind {
        /// A user of the platform itself.
        Operator = "operator",
        /// A machine of one workspace.
        ApiKey = "api_key",
        /// A person.
        User = "user",
        /// An agent of a tenant.
        Agent = "agent",
        /// The platform's own worker.
        System = "system",
    } "operator, api_key, user, agent, system"
}

words! {
    /// What verification may find wrong.
    AuditProblemKind {
        /// The row does not say what was sealed.
        Changed = "changed",
        /// A row is missing.
        Removed = "removed",
        /// A row was not put there by the sealer.
        Inserted = "inserted",
        /// The row was sealed under another number.
        Reordered = "reordered",
        /// The chain ends before its head says.
        Truncated = "truncated",
    } "changed, removed, inserted, reordered, truncated"
}

/// Who did what, when, from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEvent {
    /// `evt_…`
    pub id: EventId,
    /// Whether it is part of its chain. The newest events are not, for about a second.
    pub sealed: bool,
    /// Its number in its chain, from 1; `null` until it is sealed.
    pub seq: Option<i64>,
    /// SHA-256 in hexadecimal, over the event and the hash before it; `null` until it is sealed.
    pub hash: Option<String>,
    /// When it was sealed.
    pub sealed_at: Option<DateTime<Utc>>,
    /// When it was done.
    pub occurred_at: DateTime<Utc>,
    /// The tenant that it concerns; `null`: the platform alone.
    pub tenant_id: Option<TenantId>,
    /// The workspace that it concerns; `null`: the whole tenant.
    pub workspace_id: Option<WorkspaceId>,
    /// What the actor is.
    pub actor_kind: ActorKind,
    /// Who: an id, or `operator`, or `worker`.
    pub actor: String,
    /// What was done, such as `tenant.create`.
    pub action: String,
    /// What it was done to, such as `tenant`.
    pub target_kind: Option<String>,
    /// The id of what it was done to.
    pub target: Option<String>,
    /// The request that did it.
    pub request_id: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// What the target was before, without secrets.
    pub before: Option<Value>,
    /// What the target was afterwards, without secrets.
    pub after: Option<Value>,
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditHead {
    /// How many events it has.
    pub seq: i64,
    /// The hash of the last, in hexadecimal; 64 zeros for a chain without events.
    pub hash: String,
}

/// Something that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditProblem {
    /// The number of the event.
    pub seq: i64,
    /// The event, where there is a row.
    pub id: Option<EventId>,
    /// What is wrong.
    pub kind: AuditProblemKind,
    /// The same in words.
    pub detail: String,
}

/// What came of verifying a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerification {
    /// The tenant's id, or `platform`.
    pub chain: String,
    /// The slug of the tenant when its events were last sealed.
    pub tenant: Option<String>,
    /// Rows that were looked at.
    pub events: i64,
    /// Where the chain ends. Keep it elsewhere: a chain that was rewritten as a whole is found by comparing heads.
    pub head: AuditHead,
    /// Whether nothing is wrong.
    pub ok: bool,
    /// What is wrong, in order; 100 at the most.
    pub problems: Vec<AuditProblem>,
    /// How many more were found.
    pub more_problems: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_on_the_wire() {
        for kind in ActorKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for kind in AuditProblemKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
