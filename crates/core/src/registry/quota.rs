//! Limits of a tenant, asked in the transaction that uses them up.
//!
//! Owns: nothing. Calls: store. Called by: identity's members, invitations and workspaces.
//! Invariants: what is counted is counted under the tenant's lock, so that no limit is passed by one (`sixty_four_invitations_meet_the_limit`);
//! a refusal names the limit, what is used, and the tier that lifts it. After a crash: nothing is left.

use super::{TenantRecord, store};
use crate::{Error, Result};
use tenantry_pg::ControlTx;
use tenantry_types::{ErrorCode, Limits, Tier};

/// A limit that counts things.
pub(crate) struct Quota {
    /// As in `GET /v1/limits`.
    pub(crate) name: &'static str,
    /// Its number.
    pub(crate) of: fn(&Limits) -> Option<u64>,
}

/// Members of a workspace, with those who are invited.
pub(crate) const MEMBERS: Quota = Quota { name: "workspace_members", of: |limits| limits.workspace_members };

/// Workspaces that are not archived.
pub(crate) const WORKSPACES: Quota = Quota { name: "workspaces", of: |limits| limits.workspaces };

/// Whether one more is allowed where `used` are there. `tenant` was read under its lock.
///
/// # Errors
/// 402 when not.
pub(crate) async fn one_more(tx: &ControlTx, tenant: &TenantRecord, quota: &Quota, used: i64) -> Result<()> {
    let used = u64::try_from(used).unwrap_or(u64::MAX);
    let Some(limit) = (quota.of)(&tenant.limits).filter(|limit| used >= *limit) else { return Ok(()) };
    Err(refusal(quota, tenant.tier, limit, used, &store::tiers(tx).await?))
}

fn refusal(quota: &Quota, tier: Tier, limit: u64, used: u64, tiers: &[(Tier, Limits)]) -> Error {
    let name = quota.name;
    let refused = Error::refused(
        ErrorCode::QuotaExceeded,
        format!("The limit `{name}` of the tier {tier} is {limit}, and {used} are used."),
    );
    let higher = tiers.iter().find(|(_, limits)| (quota.of)(limits).is_none_or(|other| other > used));
    match higher {
        Some((tier, limits)) => {
            let allowed = (quota.of)(limits).map_or_else(|| "any number".to_owned(), |n| n.to_string());
            refused.next(format!("The tier {tier} allows {allowed}; or free one that is used."))
        }
        None => refused.next("Free one that is used."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(members: Option<u64>) -> Limits {
        Limits {
            agent_minutes_per_month: None,
            api_calls_per_hour: None,
            concurrent_tasks: None,
            workspaces: None,
            workspace_members: members,
            agents: None,
            tasks_per_month: None,
            storage_gb: None,
            queue_priority: 0,
        }
    }

    #[test]
    fn the_refusal_names_the_tier_that_lifts_the_limit() {
        let tiers = [
            (Tier::Free, limits(Some(3))),
            (Tier::Starter, limits(Some(3))),
            (Tier::Pro, limits(Some(10))),
            (Tier::Enterprise, limits(None)),
        ];
        let told = |used| match refusal(&MEMBERS, Tier::Free, 3, used, &tiers) {
            Error::Refused { code: ErrorCode::QuotaExceeded, detail, next_steps, .. } => {
                (detail, next_steps.join(" "))
            }
            other => panic!("{other}"),
        };
        let (detail, next) = told(3);
        assert_eq!(detail, "The limit `workspace_members` of the tier free is 3, and 3 are used.");
        assert_eq!(next, "The tier pro allows 10; or free one that is used.");
        assert!(told(10).1.contains("enterprise allows any number"));
    }
}
