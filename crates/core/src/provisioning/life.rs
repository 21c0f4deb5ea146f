//! Changes of a tenant's life: suspend, resume, delete, restore, purge.
//!
//! Owns: nothing beyond provisioning's tables. Calls: registry, audit, identity (whether whoever asks still may), the steps. Called by: server.
//! Invariants: what refuses requests is done before the caller is answered (`a_suspended_tenant_is_refused_everywhere`); a change that the
//! tenant's state does not allow changes nothing; nor does one of an operator who was demoted while it waited
//! (`a_demoted_operator_changes_no_tenant`). After a crash: the worker does what is left of the run.

use super::{
    Runs,
    answer::{self, Made},
    model::{self, Input},
    steps, store,
};
use crate::{
    Error, Fields, Result,
    access::News,
    audit::{self, Deed},
    authz::Action,
    ctx::Request,
    idempotency::{Answer, Once},
    identity::recheck,
    registry,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use tenantry_durable::jobs::{self, NewJob};
use tenantry_pg::ControlTx;
use tenantry_types::{ErrorCode, run::RunKind, tenant::TenantAndRun};

/// A wish to change a tenant's life.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which change; one of suspend, resume, delete, restore, purge.
    pub kind: RunKind,
    /// Why, for the audit trail; at most 500 characters.
    pub reason: Option<String>,
    /// The slug again, where the change cannot be taken back.
    pub confirm: Option<String>,
}

impl Runs {
    /// Begins a change of a tenant's life. What refuses or serves requests has happened when this returns; the rest is the worker's.
    ///
    /// # Errors
    /// 404 for an unknown tenant, 409 where its state does not allow it or another run is at work, 422 for a wrong confirmation.
    pub async fn change(
        &self,
        request: &Request,
        once: Option<Once>,
        slug: &str,
        change: Change,
    ) -> Result<Answer<TenantAndRun>> {
        check(slug, &change)?;
        let input = (self.clone(), request.clone(), once, slug.to_owned(), change);
        let pool = self.pool.clone();
        let changing = async move {
            pool.run("change_tenant", input, |tx, (this, request, once, slug, change)| {
                Box::pin(async move {
                    if let Some(kept) = answer::kept(tx, this, once.as_ref()).await? {
                        return Ok(kept);
                    }
                    let made = this.change_in(tx, request, slug, change).await?;
                    answer::keep(tx, this, once.as_ref(), made).await
                })
            })
            .await
        };
        let news = |made: &Answer<TenantAndRun>| News::of([made.value.tenant.id]);
        let made = match &self.access {
            Some(access) => access.tell("change_tenant", changing, news).await,
            None => changing.await,
        };
        let made = made.map_err(one_at_a_time)?;
        self.waker.wake();
        Ok(made)
    }

    async fn change_in(
        &self,
        tx: &ControlTx,
        request: &Request,
        slug: &str,
        change: &Change,
    ) -> Result<Made> {
        let (record, suspended_at) =
            registry::store::hold_by_slug(tx, slug).await?.ok_or_else(Error::not_found)?;
        // They may have waited for the row while somebody took the right away.
        recheck::operator_may(tx, &self.ctx, &request.actor, may(change.kind)).await?;
        let status = model::next_state(change.kind, record.status, suspended_at.is_some())?;
        // The registry's constraint knows open runs alone, and a restoration is at its end at once: it must not pass a purge that waits.
        if store::is_busy(tx, record.id).await? {
            return Err(busy());
        }
        let run = self.begin_change(tx, change.kind, &record, suspended_at).await?;
        let deed = Deed {
            tenant: Some(record.id),
            action: action(change.kind),
            target_kind: "tenant",
            target: record.id.to_string(),
            after: Some(
                json!({"slug": slug, "from": record.status, "to": status, "reason": change.reason, "run_id": run.id}),
            ),
            ..Deed::default()
        };
        audit::record(tx, &self.ctx, request, &deed).await?;
        let tenant = registry::store::by_id(tx, record.id).await?;
        let tenant = tenant.ok_or_else(|| Error::Fault("a held tenant is gone".to_owned()))?;
        Ok(Made { tenant, run, access: None })
    }

    /// The run with the steps that are done at once.
    async fn begin_change(
        &self,
        tx: &ControlTx,
        kind: RunKind,
        record: &registry::TenantRecord,
        suspended_at: Option<DateTime<Utc>>,
    ) -> Result<tenantry_types::run::Run> {
        let input = Input { before: Some(record.status), suspended_at, ..Input::default() };
        let (mut run, mut making) = self.begun(kind, record.id, record.slug.as_str(), input);
        making.home = crate::placement::store::home_of(tx, record.id).await?;
        let done = self.act(tx, &mut making, &mut run, steps::at_once(kind)).await;
        done.map_err(|error| match error {
            // Another slot is no help here: this is where the tenant lives.
            Error::BrokenSlot { why, .. } => {
                Error::refused(ErrorCode::Conflict, format!("The tenant's fence does not hold: {why}."))
                    .next("Mend its grants or policies, then try again.")
            }
            other => other,
        })?;
        store::insert(tx, &run, &making.input).await?;
        Ok(run)
    }

    /// Asks for a job for every tenant whose retention is over; each begins the purge of its tenant.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_expired(&self, tx: &ControlTx, deleted_before: DateTime<Utc>) -> Result<()> {
        for slug in registry::store::deleted_before(tx, deleted_before).await? {
            let job =
                NewJob { kind: PURGE, key: &slug, input: json!(deleted_before), run_at: self.ctx.now() };
            jobs::enqueue(tx, self.ctx.uuid(), &job).await?;
        }
        Ok(())
    }

    /// Begins the purge of a tenant, if it is still deleted since before then.
    ///
    /// # Errors
    /// The database's; also while another run is at work on it, so that the job is tried again.
    pub async fn purge_expired(
        &self,
        tx: &ControlTx,
        slug: &str,
        deleted_before: DateTime<Utc>,
    ) -> Result<()> {
        if !registry::store::deleted_before(tx, deleted_before).await?.iter().any(|due| due == slug) {
            return Ok(());
        }
        let reason = Some("the retention is over".to_owned());
        let change = Change { kind: RunKind::Purge, reason, confirm: None };
        let made = self.change_in(tx, &super::host::system(), slug, &change).await.map_err(one_at_a_time)?;
        self.waker.wake();
        tracing::info!(tenant = %made.tenant.id, slug, run = %made.run.id, "the retention is over; purging");
        Ok(())
    }
}

/// The kind of job that purges a tenant whose retention is over.
pub const PURGE: &str = "purge";

/// What whoever asks for the change must be allowed.
fn may(kind: RunKind) -> Action {
    match kind {
        RunKind::Suspend | RunKind::Resume => Action::SuspendTenant,
        _ => Action::ChangeTenant,
    }
}

pub(super) fn action(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Create => "tenant.create",
        RunKind::Adopt => "tenant.adopt",
        RunKind::Import => "tenant.import",
        RunKind::Suspend => "tenant.suspend",
        RunKind::Resume => "tenant.resume",
        RunKind::Delete => "tenant.delete",
        RunKind::Restore => "tenant.restore",
        RunKind::Purge => "tenant.purge",
    }
}

fn check(slug: &str, change: &Change) -> Result<()> {
    let mut fields = Fields::default();
    if let Some(reason) = &change.reason {
        fields.text("/reason", reason, 500);
    }
    if change.kind == RunKind::Purge {
        confirmed(&mut fields, slug, change.confirm.as_deref());
    }
    fields.check()
}

/// What cannot be taken back wants the slug twice.
pub(super) fn confirmed(fields: &mut Fields, slug: &str, confirm: Option<&str>) {
    if confirm != Some(slug) {
        fields.wrong("/confirm", "mismatch", "must be the tenant's slug, since this cannot be taken back");
    }
}

/// The registry's constraint, as a refusal.
pub(super) fn one_at_a_time(error: Error) -> Error {
    if !error.violates("provisioning_runs_one_open_idx") {
        return error;
    }
    busy()
}

fn busy() -> Error {
    Error::refused(ErrorCode::Conflict, "Another run is at work on this tenant.")
        .next("Wait for it to end: GET /v1/tenants/{slug}/status.")
}
