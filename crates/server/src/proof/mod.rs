//! The part of the proof of isolation that goes over HTTP: two tenants are made for it, and one of them asks every operation for what is the other's.
//!
//! Owns: nothing; its tenants and users are named `isolation-probe-…`, at `.invalid`. Calls: the application's own router, core's provisioning, identity, registry. Called by:
//! core's isolation, in the worker.
//! Invariants: every operation of the document is asked, or is left out by name (`what_the_proof_leaves_out_only_shrinks`); each break is found and named
//! (`each_break_of_the_api_is_named`, `each_break_between_workspaces_is_named`); its requests are no alarm and in no log (`a_proof_over_http_is_no_alarm`); its tenants go
//! when it ends, however it ends (`a_proof_over_http_leaves_no_tenant`), also when its worker is told to stop (`a_worker_that_stops_removes_what_its_proof_made`). After a
//! crash: its tenants bear the id of the report, and are removed by whoever begins it anew (`a_proof_that_is_begun_anew_removes_what_it_made_before`), or by the next proof of
//! another report once theirs has ended (`what_a_crashed_proof_left_goes_with_the_next`).

mod asking;
mod counts;
mod making;
mod operations;
mod removing;
mod talking;
mod view;

use crate::{app::App, config::Config, run};
use axum::Router;
use counts::Counts;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use talking::Talk;
use tenantry_core::{
    Result,
    authz::Actor,
    ctx::Request,
    isolation::{OverHttp, Progress},
    placement::Placement,
};
use tenantry_pg::BoxFuture;
use tenantry_types::{IsolationReportId, isolation::IsolationCheck};

pub use operations::LEFT_OUT;

/// Proves over HTTP, in this process.
#[derive(Clone)]
pub struct HttpProof {
    app: App,
    router: Router,
    placement: Placement,
    /// Name of the proof whose tenants are there.
    at_work: Arc<Mutex<Option<String>>>,
}

impl HttpProof {
    /// With the router that the application is served by; the owner's means make its tenants where no slot is ready.
    pub fn of(config: &Config, app: &App, placement: &Placement) -> Self {
        Self::with(app, run::router(config, app), placement)
    }

    /// With another router: one that has something in front of it.
    pub fn with(app: &App, router: Router, placement: &Placement) -> Self {
        Self { app: app.clone(), router, placement: placement.clone(), at_work: Arc::default() }
    }

    /// By the name of a report: see [`removing::name_of`].
    async fn prove_as(&self, name: &str, progress: &Progress) -> Result<Vec<IsolationCheck>> {
        let talk = Talk::new(self.router.clone(), self.app.ctx().clone(), format!("isolation-proof-{name}"));
        let [ours, theirs] = removing::slugs(name);
        let (ours, theirs) = (self.make(&talk, &ours).await?, self.make(&talk, &theirs).await?);
        let mut counts = Counts::new(&theirs.markers());
        let mails = self.app.sends_mail;
        counts.not_asked(&operations::not_asked(mails));
        let mut asking = asking::Asking { talk, counts, ours, theirs, base: self.app.base_domain.clone() };
        asking.all(mails, progress).await;
        Ok(asking.counts.into_checks())
    }

    async fn remove_both(&self, name: &str) {
        for slug in removing::slugs(name) {
            if let Err(error) = self.remove(&slug).await {
                tracing::warn!(tenant = slug, %error, "a tenant of the proof is left; a later proof removes it");
            }
        }
        *self.at_work() = None;
    }

    fn at_work(&self) -> MutexGuard<'_, Option<String>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As whom the tenant of this slug is made and removed, under the request id of its proof.
fn request(slug: &str) -> Request {
    let name = slug.rsplit('-').nth(1).unwrap_or_default();
    Request { actor: Actor::System, request_id: format!("isolation-proof-{name}"), address: None }
}

impl OverHttp for HttpProof {
    /// Everything is asked, whatever the seed.
    fn prove<'a>(
        &'a self,
        report: IsolationReportId,
        _: i64,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Vec<IsolationCheck>>> {
        Box::pin(async move {
            self.remove_old().await?;
            let name = removing::name_of(report);
            for slug in removing::slugs(&name) {
                self.clear(&slug).await?;
            }
            *self.at_work() = Some(name.clone());
            let proved = self.prove_as(&name, progress).await;
            self.remove_both(&name).await;
            proved
        })
    }

    fn parts(&self) -> usize {
        operations::all().len()
    }

    fn give_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let name = self.at_work().clone();
            if let Some(name) = name {
                self.remove_both(&name).await;
            }
        })
    }
}
