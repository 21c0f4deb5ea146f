//! A tenant made of an archive: what may be wished for, and the run that makes it.
//!
//! Owns: nothing. Calls: registry, archive, wish. Called by: server's import.
//! Invariants: a wish that cannot be is refused before its archive is read (`a_wrong_wish_is_refused_before_the_upload`).
//! After a crash: an archive that no run made a tenant of is swept a week later.

use super::{Beginning, Provisioning, access::FirstAccess, answer, model::Input, slug_taken, wish};
use crate::{
    Error, Result,
    archive::Uploaded,
    ctx::Request,
    idempotency::{Answer, Once},
    registry,
};
use serde::Serialize;
use tenantry_types::{
    ErrorCode,
    run::RunKind,
    tenant::{CreateTenant, TenantAndRun},
};

/// Asks for a tenant made of an archive. What is absent is taken from the archive.
#[derive(Debug, Clone, Default, Serialize)]
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
    /// 422 for bad fields, 409 for a slug that is taken. With `once` the slug may be the one that the same request took earlier.
    pub async fn admit(&self, wanted: &ImportWish, once: bool) -> Result<()> {
        let wanted = CreateTenant {
            slug: wanted.slug.clone(),
            name: wanted.name.clone().unwrap_or_else(|| "as archived".to_owned()),
            admin_email: wanted.admin_email.clone().unwrap_or_else(|| "as@archived.example".to_owned()),
            plan_tier: wanted.plan_tier.clone(),
            ..CreateTenant::default()
        };
        let wanted = wish::check(wanted, self.default_tier, &self.template)?;
        if once {
            return Ok(());
        }
        match registry::find(&self.runs.pool, wanted.slug.as_str()).await {
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
    /// 409 for a slug that is taken, 422 for bad fields; those of [`crate::idempotency::begin`].
    pub async fn import(
        &self,
        request: &Request,
        once: Option<Once>,
        wanted: ImportWish,
        uploaded: &Uploaded,
    ) -> Result<Answer<TenantAndRun>> {
        let archived = &uploaded.head.tenant;
        let asked = CreateTenant {
            slug: wanted.slug,
            name: wanted.name.unwrap_or_else(|| archived.name.clone()),
            admin_email: wanted.admin_email.unwrap_or_else(|| archived.admin_email.clone()),
            plan_tier: wanted.plan_tier.or_else(|| Some(archived.plan_tier.to_string())),
            allowed_domains: archived.allowed_domains.clone(),
            max_agents: archived.max_agents.map(number),
            max_tasks_per_month: archived.max_tasks_per_month.map(number),
            storage_limit_gb: archived.storage_limit_gb.map(number),
            schema_version: Some(uploaded.head.schema_version.clone()),
            demo_data: false,
        };
        let checked = wish::check(asked, self.default_tier, &self.template)?;
        let access = FirstAccess::new(self, once.as_ref())?;
        let slug = checked.slug.to_string();
        let input = (self.clone(), request.clone(), (once, checked, access), uploaded.id);
        let made = self
            .runs
            .pool
            .run("import_tenant", input, |tx, (this, request, (once, checked, access), archive)| {
                Box::pin(async move {
                    if let Some(kept) = answer::kept(tx, &this.runs, once.as_ref()).await? {
                        return Ok(kept);
                    }
                    let names = this.unplaced(None)?;
                    let input = Input { archive: Some(*archive), ..Input::default() };
                    let beginning =
                        Beginning { kind: RunKind::Import, wish: checked, access, names, home: None, input };
                    let made = this.begin_making(tx, request, beginning).await?;
                    answer::keep(tx, &this.runs, once.as_ref(), made).await
                })
            })
            .await
            .map_err(|error: Error| slug_taken(error, &slug))?;
        self.runs.waker.wake();
        Ok(made)
    }
}

/// A number of an archive's tenant. One below zero is none that a tenant can have, and is refused as too large.
fn number(archived: i32) -> u32 {
    u32::try_from(archived).unwrap_or(u32::MAX)
}
