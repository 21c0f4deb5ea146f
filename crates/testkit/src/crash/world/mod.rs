//! The world as a superuser sees it, against what the registry says. SQL of the harness's own: product code is the suspect, not a witness.
//!
//! Owns: nothing; reads everything. Calls: a superuser's session. Called by: stage, tests/crash.
//! Invariants: each difference is a line that names what differs (`a_planted_difference_is_named`); a table that names tenants is looked at
//! from the day it is made, unless it is among the exceptions with a reason. After a crash: nothing is left.

mod homes;
mod locks;
mod registry;
mod runs;

use tenantry_core::provisioning;
use tenantry_pg::bootstrap::Superuser;

/// What is compared with what.
pub(super) struct World<'a> {
    /// A superuser's session in the database.
    pub(super) admin: &'a Superuser,
    /// Prefix of the installation's roles.
    pub(super) prefix: &'a str,
    /// The schema of a tenant that was made without a crash: what every home must look like.
    pub(super) reference: &'a str,
    /// The tenant whose home is compared with the reference piece by piece; all of them where it is empty. PostgreSQL takes some 20 ms to
    /// print the policies and constraints of one.
    pub(super) tenant: &'a str,
}

/// Every difference between the world and the registry, a line each; nothing where there is none.
pub(super) async fn differences(world: &World<'_>) -> Vec<String> {
    let mut sql: Vec<String> = [homes::CHECKS, registry::CHECKS, runs::CHECKS, locks::CHECKS]
        .concat()
        .iter()
        .map(|check| (*check).to_owned())
        .collect();
    sql.push(homes::LIKE_THE_REFERENCE.to_owned());
    for generated in [registry::ROWS_OF_NO_TENANT, registry::KEYS_IN_FLIGHT] {
        sql.extend(ask(world, generated).await.lines().map(str::to_owned));
    }
    let checks = sql.iter().map(|check| format!("(SELECT line FROM ({check}) AS c (line))"));
    let all = checks.collect::<Vec<_>>().join("\nUNION ALL ");
    let all = format!("SELECT string_agg(line, E'\\n' ORDER BY line) FROM ({all}) AS every (line)");
    ask(world, &all).await.lines().map(str::to_owned).collect()
}

/// One text, empty for NULL.
async fn ask(world: &World<'_>, sql: &str) -> String {
    let steps: Vec<String> = provisioning::catalogue()
        .iter()
        .map(|(kind, steps)| format!("('{kind}', {})", steps.len()))
        .collect();
    let sql = sql
        .replace("{prefix}", world.prefix)
        .replace("{reference}", world.reference)
        .replace("{tenant}", world.tenant)
        .replace("{steps}", &steps.join(", "));
    let sql = format!("SELECT coalesce((SELECT told::text FROM ({sql}) AS asked (told)), '')");
    let found = world.admin.value(&sql).await;
    found.unwrap_or_else(|error| panic!("{error:?}\n{sql}")).unwrap_or_default()
}
