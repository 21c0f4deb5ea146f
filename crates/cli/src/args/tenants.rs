//! Flags of making a tenant, and of what it may use in place of its tier's limits.
//!
//! Owns: names of flags, which do not change once shipped. Calls: clap. Called by: args, `tenant create`. After a crash: nothing is left.

use super::{WAIT_SECONDS, words};
use clap::{Args, Subcommand};
use tenantry_types::Tier;

/// Numbers of a tenant's own, each in place of its tier's.
#[derive(Debug, Clone, Default, Args)]
pub struct OwnLimitsArgs {
    /// Agents, in place of the tier's number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=2_147_483_647))]
    pub max_agents: Option<u32>,
    /// Tasks in a month, in place of the tier's number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=2_147_483_647))]
    pub max_tasks_per_month: Option<u32>,
    /// Gigabytes, in place of the tier's number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=2_147_483_647))]
    pub storage_limit_gb: Option<u32>,
}

/// Commands on tiers.
#[derive(Debug, Clone, Subcommand)]
pub enum TierCommand {
    /// List the tiers, the smallest first
    List,
}

/// `tenant create`.
#[derive(Debug, Clone, Args)]
pub struct CreateTenantArgs {
    /// 3 to 63 characters of a-z, 0-9 and hyphens
    pub slug: String,
    /// Name for people
    #[arg(long)]
    pub name: String,
    /// E-mail address of who answers for the tenant
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: String,
    /// Plan [default: the server's]
    #[arg(long, value_parser = words(Tier::ALL, |tier| tier.as_str()), ignore_case = true)]
    pub tier: Option<String>,
    /// E-mail domain whose people may join by themselves; may be repeated
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// Numbers of its own
    #[command(flatten)]
    pub own: OwnLimitsArgs,
    /// Version that its schema begins at; `tenantry tenant versions` lists them [default: the newest]
    #[arg(long, value_name = "VERSION")]
    pub schema_version: Option<String>,
    /// Begin with a few agents, tasks and messages, marked as a demo's
    #[arg(long)]
    pub demo_data: bool,
    /// Seconds to wait for the run to end
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_value = WAIT_SECONDS,
          default_missing_value = WAIT_SECONDS, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub wait: u32,
    /// Answer at once; follow with `tenantry run watch`
    #[arg(long, conflicts_with = "wait")]
    pub no_wait: bool,
}
