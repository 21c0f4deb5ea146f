//! Begins an adoption: the run by which a schema that exists becomes a tenant, or is only looked at.
//!
//! Owns: nothing beyond provisioning's tables. Calls: adoption, the steps. Called by: server.
//! Invariants: the server never enters the schema: the worker does (`an_adoption_through_the_api`); a dry run makes no tenant
//! (`a_dry_run_changes_nothing`). After a crash: a worker takes the run.

use super::{
    Beginning, Provisioning, access::FirstAccess, answer, model::Input, slug_taken, steps, store, wish,
};
use crate::{
    Error, Result, adoption,
    ctx::Request,
    idempotency::{Answer, Once},
};
use tenantry_durable::saga;
use tenantry_types::{
    ErrorCode, TenantId,
    adopt::{AdoptTenant, TenantToAdopt},
    run::RunKind,
    tenant::CreateTenant,
};

impl Provisioning {
    /// Makes a tenant of a schema that exists, as a run for the worker; or looks at it, where the wish is dry.
    ///
    /// # Errors
    /// 409 for a slug that is taken, 422 for bad fields; those of [`crate::idempotency::begin`].
    pub async fn adopt(
        &self,
        request: &Request,
        once: Option<Once>,
        wish: AdoptTenant,
    ) -> Result<Answer<TenantToAdopt>> {
        adoption::check(&wish)?;
        let asked = CreateTenant {
            slug: wish.slug.clone(),
            name: wish.name.clone(),
            admin_email: wish.admin_email.clone(),
            plan_tier: wish.plan_tier.clone(),
            ..CreateTenant::default()
        };
        let checked = wish::check(asked, self.default_tier, &self.template)?;
        if wish.dry_run {
            return self.look_only(wish).await;
        }
        let access = FirstAccess::new(self, once.as_ref())?;
        let slug = checked.slug.to_string();
        let input = (self.clone(), request.clone(), (once, checked, access), wish);
        let made = self
            .runs
            .pool
            .run("adopt_tenant", input, |tx, (this, request, (once, checked, access), wish)| {
                Box::pin(async move {
                    if let Some(kept) = answer::kept(tx, &this.runs, once.as_ref()).await? {
                        return Ok(kept);
                    }
                    let names = this.unplaced(wish.tenant_id)?;
                    let input = Input { adopt: Some(wish.clone()), ..Input::default() };
                    let beginning =
                        Beginning { kind: RunKind::Adopt, wish: checked, access, names, home: None, input };
                    let made = this.begin_making(tx, request, beginning).await?;
                    answer::keep(tx, &this.runs, once.as_ref(), made).await
                })
            })
            .await
            .map_err(|error: Error| id_taken(slug_taken(error, &slug)))?;
        self.runs.waker.wake();
        Ok(made.map(|made| TenantToAdopt {
            tenant: Some(made.tenant),
            run: made.run,
            api_key: made.api_key,
            owner_invitation: made.owner_invitation,
        }))
    }

    /// A run of the inspection alone. It makes nothing that could be made twice.
    async fn look_only(&self, wish: AdoptTenant) -> Result<Answer<TenantToAdopt>> {
        // Never the wished one: a look is no run of a tenant that may be there.
        let tenant = TenantId(self.runs.ctx.uuid());
        let run = self
            .runs
            .pool
            .run("inspect_schema", (self.runs.clone(), wish, tenant), |tx, (runs, wish, tenant)| {
                Box::pin(async move {
                    let input = Input { adopt: Some(wish.clone()), ..Input::default() };
                    let (mut run, making) = runs.begun(RunKind::Adopt, *tenant, &wish.slug, input);
                    run.steps = saga::fresh_steps(steps::DRY_ADOPT.iter().map(|step| step.name));
                    store::insert(tx, &run, &making.input).await?;
                    Ok::<_, Error>(run)
                })
            })
            .await?;
        self.runs.waker.wake();
        Ok(Answer::first(TenantToAdopt { tenant: None, run, api_key: None, owner_invitation: None }))
    }
}

/// The id that the rows carry belongs to a tenant.
fn id_taken(error: Error) -> Error {
    if !error.violates("tenants_pkey") {
        return error;
    }
    Error::refused(ErrorCode::Conflict, "Another tenant has this id.")
        .next("Leave `tenant_id` out, unless the schema's rows carry it.")
}
