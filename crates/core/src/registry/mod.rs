//! The registry: which tenants there are, their workspaces, and what their tier allows.
//!
//! Owns: tenants, tiers, workspaces, `tenant_samples`. Calls: audit, pg. Called by: identity, provisioning, server.
//! Invariants: a slug names one tenant (`tenants_slug_key`); each tenant has one default workspace (`workspaces_default_idx`); what is allowed
//! is asked of [`limits`] alone. After a crash: nothing of its own is left; runs repair unfinished tenants.

mod export;
mod list;
mod model;
pub(crate) mod quota;
mod samples;
pub(crate) mod store;

pub use export::TenantExport;
pub use list::{ListTenants, Sort};
pub use model::{Overrides, TenantRecord, console_url, limits};
pub use samples::sample;

use crate::{Error, Result};
use std::str::FromStr;
use tenantry_pg::Pool;
use tenantry_types::{
    Slug, SlugRefusal, Tier, TierTerms,
    page::Page,
    tenant::{SlugAvailability, Tenant, Workspace},
};

/// A page of tenants, for operators.
///
/// # Errors
/// 422 for a filter, sort or cursor that cannot be.
pub async fn list(platform: &Pool, public_url: &str, query: ListTenants) -> Result<Page<Tenant>> {
    list::list(platform, public_url, query).await
}

/// A tenant, for operators.
///
/// # Errors
/// 404 when there is none.
pub async fn show(platform: &Pool, public_url: &str, slug: &str) -> Result<Tenant> {
    let found = platform
        .run("show_tenant", slug.to_owned(), |tx, slug| Box::pin(list::by_slug(tx, slug)))
        .await?
        .ok_or_else(Error::not_found)?;
    Ok(found.to_wire(public_url))
}

/// A tenant's row.
///
/// # Errors
/// 404 when there is none, or the text is no slug.
pub async fn find(platform: &Pool, slug: &str) -> Result<TenantRecord> {
    // Legacy slugs may be reserved words of today: a look-up asks only what the table may hold.
    platform
        .run("find_tenant", slug.to_owned(), |tx, slug| Box::pin(store::by_slug(tx, slug)))
        .await?
        .ok_or_else(Error::not_found)
}

/// Whether a slug can be had, with the reason when not.
///
/// # Errors
/// The database's.
pub async fn availability(platform: &Pool, text: &str) -> Result<SlugAvailability> {
    let refused = |reason: &str, detail: String| SlugAvailability {
        slug: text.chars().take(100).collect(),
        available: false,
        reason: Some(reason.to_owned()),
        detail: Some(detail),
    };
    let slug = match Slug::from_str(text) {
        Ok(slug) => slug,
        Err(refusal) => return Ok(refused(SlugRefusal::code(refusal), refusal.to_string())),
    };
    match find(platform, slug.as_str()).await {
        Ok(_) => Ok(refused("taken", "another tenant has this slug".to_owned())),
        Err(Error::Refused { .. }) => {
            Ok(SlugAvailability { slug: slug.to_string(), available: true, reason: None, detail: None })
        }
        Err(fault) => Err(fault),
    }
}

/// The workspaces of a tenant, through the login that sees this tenant alone. `archived`: also those.
///
/// # Errors
/// The database's.
pub async fn workspaces(
    control: &Pool,
    scope: &crate::authz::TenantScope,
    archived: bool,
) -> Result<Page<Workspace>> {
    let items = control
        .run_for(scope.tenant_id(), "list_workspaces", archived, |tx, archived| {
            Box::pin(store::workspaces(tx, *archived))
        })
        .await?;
    Ok(Page { items, next_cursor: None })
}

/// The tiers with what each allows and costs, the smallest first.
///
/// # Errors
/// The database's.
pub async fn tiers(platform: &Pool, default: Tier) -> Result<Page<TierTerms>> {
    let items =
        platform.run("list_tiers", default, |tx, default| Box::pin(store::terms(tx, *default))).await?;
    Ok(Page { items, next_cursor: None })
}
