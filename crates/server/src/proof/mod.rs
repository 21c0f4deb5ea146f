//! The part of the proof of isolation that goes over HTTP: two tenants are made for it, and one of them asks every operation for what is the other's.
//!
//! Owns: nothing; its tenants and users are named `isolation-probe-…`, at `.invalid`. Calls: the application's own router, core's provisioning, identity, registry. Called by:
//! core's isolation, in the worker.
//! Invariants: every operation of the document is asked, or is left out by name (`what_the_proof_leaves_out_only_shrinks`); each break is found and named
//! (`each_break_of_the_api_is_named`); its requests are no alarm and in no log (`a_proof_over_http_is_no_alarm`); its tenants go when it ends, however it ends
//! (`a_proof_over_http_leaves_no_tenant`). After a crash: its tenants are there until the next proof, which removes those that are older than ten minutes.

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
use talking::Talk;
use tenantry_core::{
    Result,
    authz::Actor,
    ctx::{Request, random},
    isolation::OverHttp,
    placement::Placement,
};
use tenantry_pg::{BoxFuture, roles::hex};
use tenantry_types::isolation::IsolationCheck;

pub use operations::LEFT_OUT;

/// Proves over HTTP, in this process.
#[derive(Clone)]
pub struct HttpProof {
    app: App,
    router: Router,
    placement: Placement,
}

impl HttpProof {
    /// With the router that the application is served by; the owner's means make its tenants where no slot is ready.
    pub fn of(config: &Config, app: &App, placement: &Placement) -> Self {
        Self::with(app, run::router(config, app), placement)
    }

    /// With another router: one that has something in front of it.
    pub fn with(app: &App, router: Router, placement: &Placement) -> Self {
        Self { app: app.clone(), router, placement: placement.clone() }
    }

    /// What tells one proof from all others: eight hexadecimal digits.
    async fn prove_as(&self, name: &str) -> Result<Vec<IsolationCheck>> {
        let talk = Talk::new(self.router.clone(), self.app.ctx().clone(), format!("isolation-proof-{name}"));
        let ours = self.make(&talk, &format!("{}-{name}-a", making::PREFIX)).await?;
        let theirs = self.make(&talk, &format!("{}-{name}-b", making::PREFIX)).await?;
        let counts = Counts::new(&theirs.markers());
        let mut asking = asking::Asking { talk, counts, ours, theirs, base: self.app.base_domain.clone() };
        asking.all(self.app.sends_mail).await?;
        Ok(asking.counts.into_checks())
    }
}

/// As whom the tenant of this slug is made and removed, under the request id of its proof.
fn request(slug: &str) -> Request {
    let name = slug.rsplit('-').nth(1).unwrap_or_default();
    Request { actor: Actor::System, request_id: format!("isolation-proof-{name}"), address: None }
}

impl OverHttp for HttpProof {
    /// Everything is asked, whatever the seed.
    fn prove(&self, _: i64) -> BoxFuture<'_, Result<Vec<IsolationCheck>>> {
        Box::pin(async move {
            self.remove_old().await?;
            let name = hex(&random::<4>()?);
            let proved = self.prove_as(&name).await;
            for side in ["a", "b"] {
                let slug = format!("{}-{name}-{side}", making::PREFIX);
                if let Err(error) = self.remove(&slug).await {
                    tracing::warn!(tenant = slug, %error, "a tenant of the proof is left; a later proof removes it");
                }
            }
            proved
        })
    }
}
