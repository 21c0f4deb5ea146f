//! Tiers, roles and limits.
//!
//! Owns: nothing. Calls: nothing. Called by: registry, authz, server, cli.
//! Invariants: `None` is "unlimited", never "unknown". After a crash: nothing is left.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A word is not one of a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {allowed}")]
pub struct UnknownWord {
    /// The allowed words, separated by commas.
    pub allowed: &'static str,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? } $list:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the database, the API and tokens.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::tier::UnknownWord;
            /// Accepts any case.
            fn from_str(text: &str) -> Result<Self, $crate::tier::UnknownWord> {
                Self::ALL.iter().copied().find(|known| known.as_str().eq_ignore_ascii_case(text))
                    .ok_or($crate::tier::UnknownWord { allowed: $list })
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as ::serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// The plan of a tenant, source of its limits.
    Tier {
        /// The default.
        Free = "free",
        /// The smallest paid plan.
        Starter = "starter",
        /// For teams.
        Pro = "pro",
        /// Unlimited.
        Enterprise = "enterprise",
    } "free, starter, pro, enterprise"
}

words! {
    /// What a user or key may do in a workspace; later ones include the earlier.
    Role {
        /// Reads.
        Viewer = "viewer",
        /// Reads and writes.
        Member = "member",
        /// Also manages members and keys.
        Admin = "admin",
        /// Also owns the tenant.
        Owner = "owner",
    } "viewer, member, admin, owner"
}

words! {
    /// What an operator may do; later ones include the earlier.
    OperatorRole {
        /// Reads.
        Auditor = "auditor",
        /// Also suspends and resumes tenants, and runs.
        Support = "support",
        /// Everything that operators may.
        Admin = "admin",
    } "auditor, support, admin"
}

/// What a tenant may use. `null` is unlimited. Source: the tier's row, overridden by the tenant's own columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Agent minutes in a calendar month (UTC).
    pub agent_minutes_per_month: Option<u64>,
    /// API calls in an hour.
    pub api_calls_per_hour: Option<u64>,
    /// Tasks that run at the same time.
    pub concurrent_tasks: Option<u64>,
    /// Workspaces that are not archived.
    pub workspaces: Option<u64>,
    /// Members in each workspace.
    pub workspace_members: Option<u64>,
    /// Agents that are not deleted.
    pub agents: Option<u64>,
    /// Tasks created in a calendar month (UTC).
    pub tasks_per_month: Option<u64>,
    /// Storage, in gigabytes of 10^9 bytes.
    pub storage_gb: Option<u64>,
    /// Priority in queues; higher goes first.
    pub queue_priority: u8,
}

/// A tier: what it allows, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TierTerms {
    /// Its word, as in `plan_tier`.
    pub name: Tier,
    /// Whether a tenant gets it that is made without one.
    pub is_default: bool,
    /// What it allows, where a tenant has no numbers of its own.
    pub limits: Limits,
    /// US dollars a month, as a decimal number with two places; `null`: negotiated.
    pub price_usd_per_month: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_written_in_lower() {
        assert_eq!("PRO".parse(), Ok(Tier::Pro));
        assert_eq!(serde_json::to_string(&Tier::Enterprise).unwrap(), "\"enterprise\"");
        assert_eq!(serde_json::from_str::<Role>("\"Owner\"").unwrap(), Role::Owner);
        assert_eq!(
            "gold".parse::<Tier>().unwrap_err().to_string(),
            "must be one of free, starter, pro, enterprise"
        );
        assert!(Role::Owner > Role::Viewer);
    }
}
