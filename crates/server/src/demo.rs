//! The demo: three tenants with rows, and a proof that they are apart.
//!
//! Owns: the API keys in `demo/` of the data folder. Calls: core, dev's folder. Called by: dev.
//! Invariants: goes the way that every request goes: tenants through provisioning, identities through API keys, rows through scopes; what is there is
//! left as it is, and so are keys that are good for another week (`a_second_start_adds_nothing`). After a crash: the next start adds what is missing.

use crate::{app::App, commands::Failure, dev::folder};
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tenantry_core::{
    Error,
    authz::{Action, Actor, TenantScope},
    ctx::Request,
    identity::{self, Credential, Visit},
    isolation::{self, Refusal},
    registry,
    workload::demo::{self, DemoAgent, Rows},
};
use tenantry_types::{
    ErrorCode,
    key::CreateApiKey,
    tenant::{CreateTenant, TenantStatus},
};

/// How long a key is good for, and the age from which a start makes a new one: what is shown is good for a week.
const KEY_LIFE: TimeDelta = TimeDelta::days(14);
const KEY_RENEWAL: TimeDelta = TimeDelta::days(7);

/// How long a tenant that is made cold may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a key's file holds before the key: `curl -H @FILE` sends it as it is.
const HEADER: &str = "Authorization: Bearer ";

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
            DemoAgent {
                name: "Iris",
                role: "support",
                task: "Answer 14 open tickets",
                message: "Six tickets are answered; two need a person.",
            },
            DemoAgent {
                name: "Otto",
                role: "research",
                task: "Compare three suppliers",
                message: "The cheapest one ships in nine days.",
            },
        ],
    },
    DemoTenant {
        slug: "globex",
        name: "Globex",
        tier: "starter",
        agents: &[DemoAgent {
            name: "Vera",
            role: "bookkeeping",
            task: "Match October's invoices",
            message: "41 of 43 match; two amounts differ.",
        }],
    },
    DemoTenant {
        slug: "initech",
        name: "Initech",
        tier: "free",
        agents: &[DemoAgent {
            name: "Milo",
            role: "reporting",
            task: "Write the weekly report",
            message: "The draft is ready to read.",
        }],
    },
];

/// What the demo has to show.
pub(crate) struct Shown {
    /// Each tenant, in the order of their making.
    pub(crate) tenants: Vec<ShownTenant>,
    /// That they are apart.
    pub(crate) proof: Proof,
}

/// A tenant of the demo.
pub(crate) struct ShownTenant {
    pub(crate) slug: String,
    pub(crate) tier: String,
    pub(crate) workspace: String,
    pub(crate) schema: String,
    /// What its key can see.
    pub(crate) rows: Rows,
    /// A file with the header that carries its key; absolute.
    pub(crate) header_file: PathBuf,
}

/// Who tried to read whose row, and what PostgreSQL said.
pub(crate) struct Proof {
    pub(crate) intruder: String,
    pub(crate) target: String,
    pub(crate) refusal: Refusal,
}

/// Makes what is missing, and tries to cross. Keys are kept in `folder`.
pub(crate) async fn show(app: &App, folder: &Path) -> Result<Shown, Failure> {
    if !app.place.template.is_built_in() {
        return Err("--demo shows the agent platform's tables: leave TENANTRY_TENANT_MIGRATIONS unset".into());
    }
    folder::prepare(folder)?;
    let folder = fs::canonicalize(folder)?;
    let request = Request { actor: Actor::operator(), request_id: "demo".to_owned(), address: None };
    let mut tenants = Vec::new();
    let mut scopes: Vec<TenantScope> = Vec::new();
    for wanted in &TENANTS {
        ensure(app, &request, wanted).await?;
        let header_file = folder.join(format!("{}.header", wanted.slug));
        let scope = enter(app, &request, wanted, &header_file).await?;
        demo::seed(&app.tenancy, app.ctx(), &request, &scope, wanted.agents).await?;
        let workspaces = registry::workspaces(&app.control, &scope, false).await?.items;
        let workspace = workspaces.into_iter().find(|workspace| workspace.id == scope.workspace_id());
        tenants.push(ShownTenant {
            slug: wanted.slug.to_owned(),
            tier: scope.tenant().tier.to_string(),
            workspace: workspace.map(|workspace| workspace.slug).unwrap_or_default(),
            schema: scope.tenant().schema_name.to_string(),
            rows: demo::count(&app.tenancy, &scope).await?,
            header_file,
        });
        scopes.push(scope);
    }
    let [target, intruder, ..] = scopes.as_slice() else {
        return Err("the demo has fewer than two tenants".into());
    };
    let refusal = isolation::attempt_foreign_read(&app.tenancy, intruder, target).await?;
    let [intruder, target] = [intruder, target].map(|scope| scope.tenant().slug.to_string());
    Ok(Shown { tenants, proof: Proof { intruder, target, refusal } })
}

async fn ensure(app: &App, request: &Request, wanted: &DemoTenant) -> Result<(), Error> {
    let mut woken = app.woken();
    match registry::find(&app.platform, wanted.slug).await {
        Ok(_) => {}
        Err(Error::Refused { code: ErrorCode::NotFound, .. }) => {
            let wish = CreateTenant {
                slug: wanted.slug.to_owned(),
                name: wanted.name.to_owned(),
                admin_email: format!("admin@{}.example", wanted.slug),
                plan_tier: Some(wanted.tier.to_owned()),
                allowed_domains: vec![format!("{}.example", wanted.slug)],
                ..CreateTenant::default()
            };
            app.provisioning.create(request, None, wish).await?;
        }
        Err(fault) => return Err(fault),
    }
    // Made cold, it takes the worker a moment.
    let active = async {
        while registry::find(&app.platform, wanted.slug).await?.status != TenantStatus::Active {
            // A wake-up for speed, a poll for truth.
            let _ = tokio::time::timeout(Duration::from_millis(100), woken.changed()).await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, active).await.unwrap_or_else(|_| {
        let seconds = PATIENCE.as_secs();
        Err(Error::Fault(format!(
            "the demo's tenant {} is not active after {seconds} s; see `tenantry run list`",
            wanted.slug
        )))
    })
}

/// The scope that the tenant's API key opens: the same way in as for everybody. A key that is missing, old or unknown is replaced.
async fn enter(
    app: &App,
    request: &Request,
    wanted: &DemoTenant,
    file: &Path,
) -> Result<TenantScope, Failure> {
    let nobody = Visit::default();
    if let Some(key) = kept(file, app.ctx().now())
        && let Ok(actor) = app.gate.verify(&Credential::Bearer(key), &nobody).await
        && let Ok(scope) = actor.scope(Action::WriteAgents)
        && scope.tenant().slug.as_str() == wanted.slug
    {
        return Ok(scope);
    }
    let wish = CreateApiKey {
        name: "demo".to_owned(),
        workspace: None,
        role: Some("member".to_owned()),
        expires_at: Some(app.ctx().now() + KEY_LIFE),
        scopes: Vec::new(),
    };
    let made = identity::create_api_key(
        &app.platform,
        app.ctx(),
        app.place.environment,
        request,
        None,
        wanted.slug,
        wish,
    )
    .await?
    .value;
    folder::write_private(file, &format!("{HEADER}{}\n", made.key))?;
    let actor = app.gate.verify(&Credential::Bearer(made.key), &nobody).await?;
    Ok(actor.scope(Action::WriteAgents)?)
}

/// The key of an earlier start, unless it is due for renewal.
fn kept(file: &Path, now: DateTime<Utc>) -> Option<String> {
    let made = DateTime::<Utc>::from(fs::metadata(file).ok()?.modified().ok()?);
    let text = fs::read_to_string(file).ok()?;
    let key = text.strip_prefix(HEADER)?.trim();
    (now - made < KEY_RENEWAL).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_for_a_week() {
        let file = std::env::temp_dir().join(format!("tenantry-test-{}-demo.header", std::process::id()));
        folder::write_private(&file, &format!("{HEADER}tnt_dev_x\n")).unwrap();
        let made = DateTime::<Utc>::from(fs::metadata(&file).unwrap().modified().unwrap());
        assert_eq!(kept(&file, made + KEY_RENEWAL - TimeDelta::seconds(1)).as_deref(), Some("tnt_dev_x"));
        assert_eq!(kept(&file, made + KEY_RENEWAL), None);
        fs::remove_file(&file).unwrap();
        assert_eq!(kept(&file, made), None);
    }
}
