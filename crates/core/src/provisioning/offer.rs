//! What a new tenant can be made of.
//!
//! Owns: nothing. Calls: placement. Called by: server.
//! Invariants: what is offered can be asked for, and nothing else can (`the_template_tells_what_can_be_asked_for`). After a crash: nothing is left.

use super::Provisioning;
use crate::{Result, placement};
use tenantry_types::tenant::{SchemaVersion, TenantTemplate};

/// The versions that a tenant can begin at with the slots that are ready at each, and whether it can have demo data.
///
/// # Errors
/// The database's.
pub async fn offer(provisioning: &Provisioning) -> Result<TenantTemplate> {
    let template = &provisioning.template;
    let ready = provisioning
        .runs
        .pool
        .run("count_ready_slots", (), |tx, ()| Box::pin(placement::store::ready_by_template(tx)))
        .await?;
    let newest = template.version();
    let version = |version: String, description: String| {
        let at = template.at(&version);
        let slots = at.and_then(|at| ready.get(at.digest()).copied());
        SchemaVersion { is_default: version == newest, warm_slots: slots.unwrap_or(0), version, description }
    };
    let files = template.offered();
    let versions = if files.is_empty() {
        vec![version(newest.clone(), String::new())]
    } else {
        let named = |file: &&tenantry_pg::migrate::MigrationFile| {
            Some(version(file.version()?.to_string(), file.description.clone()))
        };
        files.iter().filter_map(named).collect()
    };
    Ok(TenantTemplate { versions, demo_data: template.is_built_in() })
}
