//! The demo: three tenants with rows, and a proof that they are apart.
//!
//! Owns: nothing. Calls: core. Called by: dev.
//! Invariants: goes the way that every request goes: tenants through provisioning, identities through API keys, rows through scopes; what is there is
//! left as it is (`a_second_start_adds_nothing`). After a crash: the next start adds what is missing.

use crate::app::App;
use tenantry_core::{
    Error,
    authz::{Action, Actor, TenantScope},
    ctx::Request,
    identity,
    isolation::{self, Refusal},
    registry,
    workload::demo::{self, DemoAgent},
};
use tenantry_types::{
    ErrorCode,
    key::CreateApiKey,
    tenant::{CreateTenant, TenantStatus},
};

struct DemoTenant {
    slug: &'static str,
    name: &'static str,
    tier: &'static str,
    agents: &'static [DemoAgent],
}

const TENANTS: [DemoTenant; 3] = [
    DemoTenant {
        slug: "acme",
        name: "Acme Corporation",
        tier: "pro",
        agents: &[
            DemoAgent { name: "Iris", role: "support", task: "Answer 14 open tickets", message: "Six tickets are answered; two need a person." },
            DemoAgent { name: "Otto", role: "research", task: "Compare three suppliers", message: "The cheapest one ships in nine days." },
        ],
    },
    DemoTenant {
        slug: "globex",
        name: "Globex",
        tier: "starter",
        agents: &[DemoAgent { name: "Vera", role: "bookkeeping", task: "Match October's invoices", message: "41 of 43 match; two amounts differ." }],
    },
    DemoTenant {
        slug: "initech",
        name: "Initech",
        tier: "free",
        agents: &[DemoAgent { name: "Milo", role: "reporting", task: "Write the weekly report", message: "The draft is ready to read." }],
    },
];

/// What the demo has to show.
pub(crate) struct Shown {
    /// Each tenant's slug, schema, and an API key made at this start.
    pub(crate) tenants: Vec<ShownTenant>,
    /// Who tried to read whose row, and what PostgreSQL said.
    pub(crate) proof: (String, String, Refusal),
}

/// A tenant of the demo.
pub(crate) struct ShownTenant {
    pub(crate) slug: String,
    pub(crate) schema: String,
    pub(crate) tier: String,
    pub(crate) agents: usize,
    pub(crate) key: String,
}

/// Makes what is missing, and tries to cross.
pub(crate) async fn show(app: &App) -> Result<Shown, Error> {
    let request = Request { actor: Actor::Operator, request_id: "demo".to_owned(), address: None };
    let mut tenants = Vec::new();
    let mut scopes: Vec<TenantScope> = Vec::new();
    for wanted in &TENANTS {
        ensure(app, &request, wanted).await?;
        let (key, scope) = enter(app, &request, wanted).await?;
        demo::seed(&app.tenancy, app.ctx(), &scope, wanted.agents).await?;
        tenants.push(ShownTenant {
            slug: wanted.slug.to_owned(),
            schema: scope.tenant().schema_name.to_string(),
            tier: scope.tenant().tier.to_string(),
            agents: wanted.agents.len(),
            key,
        });
        scopes.push(scope);
    }
    let [target, intruder, ..] = scopes.as_slice() else {
        return Err(Error::Fault("the demo has fewer than two tenants".to_owned()));
    };
    let refusal = isolation::attempt_foreign_read(&app.tenancy, intruder, target).await?;
    let proof = (intruder.tenant().slug.to_string(), target.tenant().slug.to_string(), refusal);
    Ok(Shown { tenants, proof })
}

async fn ensure(app: &App, request: &Request, wanted: &DemoTenant) -> Result<(), Error> {
    match registry::find(&app.platform, wanted.slug).await {
        Ok(_) => {}
        Err(Error::Refused { code: ErrorCode::NotFound, .. }) => {
            let wish = CreateTenant {
                slug: wanted.slug.to_owned(),
                name: wanted.name.to_owned(),
                admin_email: format!("admin@{}.example", wanted.slug),
                plan_tier: Some(wanted.tier.to_owned()),
                allowed_domains: vec![format!("{}.example", wanted.slug)],
            };
            app.provisioning.create(request, wish).await?;
        }
        Err(fault) => return Err(fault),
    }
    // Made cold, it takes the worker a moment.
    let mut woken = app.woken();
    for _ in 0..100 {
        if registry::find(&app.platform, wanted.slug).await?.status == TenantStatus::Active {
            return Ok(());
        }
        let _ = tokio::time::timeout(std::time::Duration::from_millis(100), woken.changed()).await;
    }
    Err(Error::Fault(format!("the demo's tenant {} did not become active in ten seconds", wanted.slug)))
}

/// A new API key, and the scope that it opens: the same way in as for everybody.
async fn enter(app: &App, request: &Request, wanted: &DemoTenant) -> Result<(String, TenantScope), Error> {
    let wish = CreateApiKey {
        name: "demo".to_owned(),
        workspace: None,
        role: Some("member".to_owned()),
        expires_at: Some(app.ctx().now() + chrono::TimeDelta::days(1)),
    };
    let made =
        identity::create_api_key(&app.platform, app.ctx(), app.place.environment, request, wanted.slug, wish).await?;
    let actor = identity::verify_api_key(&app.platform, app.ctx(), &made.key).await?;
    Ok((made.key, actor.scope(Action::WriteAgents)?))
}
