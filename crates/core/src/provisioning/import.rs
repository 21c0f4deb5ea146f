//! A tenant made of an archive: what may be wished for, and the run that makes it.
//!
//! Owns: nothing. Calls: registry, archive, wish. Called by: server's import.
//! Invariants: a wish that cannot be is refused before its archive is read (`a_wrong_wish_is_refused_before_the_upload`).
//! After a crash: an archive without a run is swept.

use super::{Provisioning, wish};
use crate::{Error, Result, archive::Uploaded, ctx::Request, registry, registry::TenantRecord};
use tenantry_types::{ErrorCode, run::Run, tenant::CreateTenant};

/// Asks for a tenant made of an archive. What is absent is taken from the archive.
#[derive(Debug, Clone, Default)]
pub struct ImportWish {
    /// The slug of the new tenant.
    pub slug: String,
    /// For people.
    pub name: Option<String>,
    /// Who answers for it.
    pub admin_email: Option<String>,
    /// Its plan.
    pub plan_tier: Option<String>,
}

impl Provisioning {
    /// Refuses a wish that cannot be, before its archive travels.
    ///
    /// # Errors
    /// 422 for bad fields, 409 for a slug that is taken.
    pub async fn admit(&self, wanted: &ImportWish) -> Result<()> {
        let wanted = CreateTenant {
            slug: wanted.slug.clone(),
            name: wanted.name.clone().unwrap_or_else(|| "as archived".to_owned()),
            admin_email: wanted.admin_email.clone().unwrap_or_else(|| "as@archived.example".to_owned()),
            plan_tier: wanted.plan_tier.clone(),
            allowed_domains: Vec::new(),
        };
        let wanted = wish::check(wanted, self.default_tier)?;
        match registry::find(&self.platform, wanted.slug.as_str()).await {
            Ok(_) => Err(Error::refused(
                ErrorCode::SlugTaken,
                format!("Another tenant has the slug {}.", wanted.slug),
            )
            .next("Choose another; GET /v1/slugs/{slug} tells which are free.")),
            Err(Error::Refused { .. }) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Makes a tenant of an uploaded archive, through a run of the worker.
    ///
    /// # Errors
    /// 503: runs of this kind are not made yet.
    #[expect(clippy::unused_async, reason = "the run is written to the database")]
    pub async fn import(&self, _: &Request, _: ImportWish, _: &Uploaded) -> Result<(TenantRecord, Run)> {
        Err(Error::refused(ErrorCode::Unavailable, "Runs that load an archive are not made yet."))
    }
}
