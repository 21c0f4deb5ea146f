//! What a run has to remember, and what a tenant's state allows. Without I/O.
//!
//! Owns: nothing. Calls: registry's types. Called by: provisioning, its host and steps.
//! Invariants: what may happen to a tenant follows from its state alone (`every_change_of_a_tenant`); no secret is remembered, only hashes.
//! After a crash: nothing is left.

use crate::{Error, Result, registry::Overrides};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenantry_types::{
    ApiKeyId, ErrorCode, Tier, WorkspaceId, adopt::AdoptTenant, run::RunKind, tenant::TenantStatus,
};
use uuid::Uuid;

/// What the steps of a run need; kept with it, so that any worker can go on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Input {
    /// The tenant to be, where the run makes one.
    pub(super) new: Option<New>,
    /// The tenant's state before the run.
    pub(super) before: Option<TenantStatus>,
    /// When it was suspended, before the run.
    pub(super) suspended_at: Option<DateTime<Utc>>,
    /// The schema that is to be adopted.
    pub(super) adopt: Option<AdoptTenant>,
    /// The archive that is to be loaded.
    pub(super) archive: Option<Uuid>,
}

/// A tenant to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct New {
    pub(super) name: String,
    pub(super) tier: Tier,
    pub(super) admin_email: String,
    pub(super) allowed_domains: Vec<String>,
    /// Its own numbers, in place of its tier's.
    #[serde(default)]
    pub(super) own: Overrides,
    /// The version that its schema is to begin at; the newest where there is none.
    #[serde(default)]
    pub(super) schema_version: Option<String>,
    pub(super) schema_name: String,
    pub(super) role_name: String,
    /// Where its people find the console.
    pub(super) console_url: String,
    pub(super) first: First,
}

/// What the first workspace begins with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct First {
    pub(super) workspace: WorkspaceId,
    pub(super) key: ApiKeyId,
    pub(super) key_public_id: String,
    /// Hexadecimal SHA-256.
    pub(super) key_hash: String,
    pub(super) invitation: Uuid,
    /// Hexadecimal SHA-256.
    pub(super) invitation_hash: String,
    pub(super) invitation_expires_at: DateTime<Utc>,
}

/// The state that a change of a tenant's life leads to; a refusal says what can be done instead.
pub(super) fn next_state(kind: RunKind, now: TenantStatus, suspended: bool) -> Result<TenantStatus> {
    use RunKind::{Adopt, Create, Delete, Import, Purge, Restore, Resume, Suspend};
    use TenantStatus::{Active, Deleted, Provisioning, Suspended};
    let refused = |detail: &str, next: &str| {
        Err(Error::refused(ErrorCode::Conflict, detail.to_owned()).next(next.to_owned()))
    };
    match (kind, now) {
        (_, Provisioning) => refused(
            "The tenant is being made or removed.",
            "Wait for its run to end: GET /v1/tenants/{slug}/status.",
        ),
        (Suspend, Active) => Ok(Suspended),
        (Restore, Deleted) if suspended => Ok(Suspended),
        (Resume, Suspended) | (Restore, Deleted) => Ok(Active),
        (Delete, Active | Suspended) | (Purge, Deleted) => Ok(Deleted),
        (Suspend, Suspended) => refused("The tenant is suspended already.", "Nothing to do."),
        (Suspend | Resume, Deleted) => {
            refused("The tenant is deleted.", "Restore it first: POST /v1/tenants/{slug}/restore.")
        }
        (Resume, Active) => refused("The tenant is active already.", "Nothing to do."),
        (Delete, Deleted) => refused(
            "The tenant is deleted already.",
            "To remove its data before the retention ends: POST /v1/tenants/{slug}/purge.",
        ),
        (Restore, Active | Suspended) => refused("The tenant is not deleted.", "Nothing to do."),
        (Purge, Active | Suspended) => {
            refused("Only a deleted tenant can be purged.", "Delete it first: DELETE /v1/tenants/{slug}.")
        }
        (Create | Adopt | Import, Active | Suspended | Deleted) => {
            refused("The tenant is there already.", "Nothing to do.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn every_change_of_a_tenant() {
        let mut table = String::new();
        for kind in RunKind::ALL {
            for now in TenantStatus::ALL {
                for suspended in [false, true] {
                    if let Ok(next) = next_state(*kind, *now, suspended) {
                        writeln!(
                            table,
                            "{kind}: {now}{} -> {next}",
                            if suspended { " (suspended)" } else { "" }
                        )
                        .unwrap();
                    }
                }
            }
        }
        insta::assert_snapshot!(table, @r"
        suspend: active -> suspended
        suspend: active (suspended) -> suspended
        resume: suspended -> active
        resume: suspended (suspended) -> active
        delete: active -> deleted
        delete: active (suspended) -> deleted
        delete: suspended -> deleted
        delete: suspended (suspended) -> deleted
        restore: deleted -> active
        restore: deleted (suspended) -> suspended
        purge: deleted -> deleted
        purge: deleted (suspended) -> deleted
        ");
    }
}
