//! What an operator may ask of a run: take it back, or try it again.
//!
//! Owns: nothing beyond provisioning's tables. Calls: durable's state machine, registry, audit. Called by: server.
//! Invariants: whoever holds the run is overruled by its token (`a_running_run_is_rolled_back`); a tenant that serves for longer than a day is
//! deleted, not rolled back (`an_old_tenant_is_not_rolled_back`); a run that another one came after is history, and touches nothing any more
//! (`a_run_of_the_past_is_left_alone`). After a crash: the worker takes the run as it was asked.

use super::{Runs, latest, life, store};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    ctx::Request,
    idempotency::{self, Answer, Once},
    registry,
};
use chrono::TimeDelta;
use serde_json::json;
use tenantry_durable::saga::{Happening, happens, next_status};
use tenantry_pg::ControlTx;
use tenantry_types::{
    ErrorCode, RunId,
    run::{Run, RunKind, RunStatus, StepStatus},
};

/// Hours after its end in which a run that made a tenant can be rolled back. Later the tenant has a life of its own.
const ROLLBACK_HOURS: i64 = 24;

impl Runs {
    /// Takes a run back: the worker undoes its steps in reverse. The tenant that it made is removed with everything in it, so the slug has
    /// to be confirmed.
    ///
    /// # Errors
    /// 404 for an unknown run, 409 where it cannot be taken back, 422 for a wrong confirmation.
    pub async fn roll_back(
        &self,
        request: &Request,
        once: Option<Once>,
        id: RunId,
        confirm: &str,
    ) -> Result<Answer<Run>> {
        self.ask(request, once, id, Some(confirm.to_owned()), Happening::RollbackAsked).await
    }

    /// The same for the latest run of a tenant.
    ///
    /// # Errors
    /// The same.
    pub async fn roll_back_latest(
        &self,
        request: &Request,
        once: Option<Once>,
        slug: &str,
        confirm: &str,
    ) -> Result<Answer<Run>> {
        let run = latest(&self.pool, slug).await?;
        self.roll_back(request, once, run.id, confirm).await
    }

    /// Tries a run again that was rolled back, from its first step.
    ///
    /// # Errors
    /// 404 for an unknown run, 409 where there is nothing to try again.
    pub async fn retry(&self, request: &Request, once: Option<Once>, id: RunId) -> Result<Answer<Run>> {
        self.ask(request, once, id, None, Happening::RetryAsked).await
    }

    async fn ask(
        &self,
        request: &Request,
        once: Option<Once>,
        id: RunId,
        confirm: Option<String>,
        asked: Happening,
    ) -> Result<Answer<Run>> {
        let input = (self.clone(), (request.clone(), once), id, confirm, asked);
        let run = self
            .pool
            .run("ask_run", input, |tx, (this, (request, once), id, confirm, asked)| {
                Box::pin(async move {
                    let once = once.as_ref();
                    if idempotency::begin(tx, &this.ctx, once).await?.is_some() {
                        let run = store::find(tx, *id).await?.ok_or_else(Error::not_found)?;
                        return Ok(Answer::again(run));
                    }
                    let run = this.ask_in(tx, request, *id, confirm.as_deref(), *asked).await?;
                    idempotency::finish(tx, &this.ctx, once, 202, &run.id).await?;
                    Ok(Answer::first(run))
                })
            })
            .await
            .map_err(life::one_at_a_time)?;
        self.waker.wake();
        Ok(run)
    }

    async fn ask_in(
        &self,
        tx: &ControlTx,
        request: &Request,
        id: RunId,
        confirm: Option<&str>,
        asked: Happening,
    ) -> Result<Run> {
        let found = store::find(tx, id).await?.ok_or_else(Error::not_found)?;
        if found.status.is_final() {
            // Nobody may change the tenant while it is decided. An open run keeps others away by itself, and its holder, who may have the
            // tenant's row, is not waited for.
            registry::store::hold_by_slug(tx, &found.tenant_slug).await?;
        }
        let mut run = store::hold(tx, id).await?.ok_or_else(Error::not_found)?;
        if asked == Happening::RollbackAsked {
            let mut fields = Fields::default();
            life::confirmed(&mut fields, &run.tenant_slug, confirm);
            fields.check()?;
        }
        self.allowed(tx, &run, asked).await?;
        happens(&mut run, asked, self.ctx.now());
        if asked == Happening::RetryAsked {
            begin_again(&mut run);
        }
        store::overrule(tx, &run).await?;
        let deed = Deed {
            tenant: Some(run.tenant_id),
            action: if asked == Happening::RetryAsked { "run.retry" } else { "run.rollback" },
            target_kind: "run",
            target: run.id.to_string(),
            after: Some(json!({"kind": run.kind, "slug": run.tenant_slug})),
            ..Deed::default()
        };
        audit::record(tx, &self.ctx, request, &deed).await?;
        Ok(run)
    }

    async fn allowed(&self, tx: &ControlTx, run: &Run, asked: Happening) -> Result<()> {
        let refused = |detail: String, next: &str| {
            Err(Error::refused(ErrorCode::Conflict, detail).next(next.to_owned()))
        };
        if next_status(run.status, asked).is_none() {
            let next = match run.status {
                RunStatus::NeedsAttention => "Roll it back first: POST /v1/provisioning-runs/{id}/rollback.",
                RunStatus::RolledBack => "Try it again with POST /v1/provisioning-runs/{id}/retry.",
                _ => "GET /v1/provisioning-runs/{id} shows how far it is.",
            };
            return refused(format!("The run is {}.", run.status), next);
        }
        // What it would set back or do again is no longer as it left it: a purge that is tried again would meet a tenant that was restored.
        if store::latest(tx, run.tenant_id).await? != Some(run.id) {
            let next = match asked {
                Happening::RetryAsked => {
                    "Ask for the change itself again; the tenant's state says whether it can be had."
                }
                _ => "Delete the tenant instead: DELETE /v1/tenants/{slug}.",
            };
            return refused("Another run came after this one.".to_owned(), next);
        }
        let makes = matches!(run.kind, RunKind::Create | RunKind::Adopt | RunKind::Import);
        let input = store::input(tx, run.id).await?;
        if makes && input.new.is_none() && input.adopt.is_none() {
            let detail =
                "The run was begun by an earlier version, which did not write down what its undo needs."
                    .to_owned();
            return refused(detail, "Delete the tenant instead: DELETE /v1/tenants/{slug}.");
        }
        if asked == Happening::RetryAsked {
            return slug_is_free(tx, run).await;
        }
        if run.status != RunStatus::Succeeded {
            return Ok(());
        }
        if !makes {
            let next = "Suspend and resume, delete and restore take each other back; a purge nobody can.";
            return refused(format!("A finished {} is not rolled back.", run.kind), next);
        }
        let recent = run.finished_at.is_some_and(|at| self.ctx.now() - at < TimeDelta::hours(ROLLBACK_HOURS));
        if !recent {
            let detail = format!("The tenant was made more than {ROLLBACK_HOURS} hours ago.");
            return refused(
                detail,
                "Delete it instead: DELETE /v1/tenants/{slug} keeps its data for the retention.",
            );
        }
        Ok(())
    }
}

/// A tenant that is made again wants its slug, which somebody else may have by now.
async fn slug_is_free(tx: &ControlTx, run: &Run) -> Result<()> {
    let makes = matches!(run.kind, RunKind::Create | RunKind::Adopt | RunKind::Import);
    if makes && registry::store::by_slug(tx, &run.tenant_slug).await?.is_some() {
        return Err(super::taken(&run.tenant_slug));
    }
    Ok(())
}

/// As before its first step; what was counted stays counted.
fn begin_again(run: &mut Run) {
    (run.error, run.result, run.started_at) = (None, None, None);
    for step in &mut run.steps {
        step.status = StepStatus::Pending;
        (step.started_at, step.finished_at, step.duration_ms, step.error, step.detail) =
            (None, None, None, None, None);
    }
}
