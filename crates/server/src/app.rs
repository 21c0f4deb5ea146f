//! The application: every part that a request may need, wired once at start-up.
//!
//! Owns: pools, listener, waker. Calls: core, pg. Called by: http's handlers, commands.
//! Invariants: holds no owner's credential; everything derives from the master key (`the_server_needs_no_owner`).
//! After a crash: nothing is left; processes are interchangeable.

use crate::{
    config::{Config, secret::Secret},
    fetch::OverHttp,
    mail,
    proof::HttpProof,
    telemetry::{CreateError, Metrics},
};
use std::{ops::Deref, sync::Arc, time::Duration};
use tenantry_core::{
    access::Access,
    archive::Archives,
    audit::Notes,
    ctx::Ctx,
    identity::{
        Asks, Environment, Gate, Grants, Keys, Mismatches, Operators, Passwords, SignIn, TokenSettings,
        Tokens, Verifiers,
        external::{Fetch, Issuers},
        people::People,
    },
    isolation::Prover,
    ops::Front,
    placement::{Placement, Template},
    provisioning::{DemoData, Provisioning, Runs},
    psql::{self, Psql},
    secrets::Vault,
    tenancy::{ATTEMPT, Tenancy},
    wake::{self, Waker},
    workload::demo::DemoRows,
};
use tenantry_pg::{
    ErrorKind, Listener, Observer, Pool, PoolSettings, Target, TenantPools, roles::Installation,
};
use tenantry_types::TenantId;
use tokio::sync::watch;

/// Exports of a cell's tenants at once: each is a long transaction, and holds some megabytes.
const EXPORTS_PER_CELL: usize = 2;

/// Where the database is, and what this installation is called there.
#[derive(Clone)]
pub struct Place {
    /// Direct connections.
    pub target: Target,
    /// Tenant traffic through a transaction pooler, where there is one.
    pub pooler: Option<Target>,
    /// Names and passwords.
    pub installation: Installation,
    /// What a tenant's schema is made of.
    pub template: Template,
    /// Clock, ids, faults.
    pub ctx: Ctx,
    /// Part of API keys.
    pub environment: Environment,
}

/// The parts. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What a handler finds in [`App`].
pub struct Parts {
    /// The platform login.
    pub platform: Pool,
    /// The login that sees one tenant.
    pub control: Pool,
    /// The door to tenant rows.
    pub tenancy: Tenancy,
    /// Makes tenants.
    pub provisioning: Provisioning,
    /// Changes them.
    pub runs: Runs,
    /// Opens psql sessions.
    pub psql: Psql,
    /// Takes tenants out as archives, and archives in.
    pub archives: Archives,
    /// Seals and opens what is secret in the database.
    pub vault: Vault,
    /// Members, invitations, workspaces.
    pub people: People,
    /// Signs people in and out.
    pub sign_in: SignIn,
    /// Tells who each request comes from.
    pub gate: Gate,
    /// Writes down requests that name another tenant than their identity's.
    pub mismatches: Mismatches,
    /// Who else may say who somebody is.
    pub issuers: Issuers,
    /// Tells every server when that has changed.
    pub access: Access,
    /// API keys of the caller's workspace.
    pub keys: Keys,
    /// Users of the platform itself.
    pub operators: Operators,
    /// Who of them was let into which tenant.
    pub grants: Grants,
    /// Counts.
    pub metrics: Metrics,
    /// Where it all is.
    pub place: Place,
    /// Where people find the console.
    pub public_url: String,
    /// Whether links are mailed; else they are told to whoever asked for them.
    pub sends_mail: bool,
    /// How requests come in, for the security checklist.
    pub front: Front,
    /// Domain whose subdomains are tenants.
    pub base_domain: Option<String>,
    listener: Listener,
    /// Tells workers that a proof was asked for.
    pub provers: Waker,
    stopping: watch::Sender<bool>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Wires the parts. Connects to nothing yet, except that the listener begins to try.
    ///
    /// # Errors
    /// When the metrics cannot be registered, or argon2 does not know the cost that it is given.
    pub fn new(config: &Config, place: Place) -> Result<Self, WiringError> {
        let metrics = Metrics::new(config.max_tenant_series)?;
        let observer: Arc<dyn Observer> = Arc::new(Counting(metrics.clone()));
        let direct = PoolSettings { size: config.pool_size, ..PoolSettings::default() };
        let (tenants, tenant_settings) = match &place.pooler {
            // Transaction poolers before PgBouncer 1.21 lose named statements.
            Some(pooler) => (pooler.clone(), PoolSettings { named_statements: 0, ..direct }),
            None => (place.target.clone(), direct),
        };
        let installation = &place.installation;
        let platform =
            Pool::new(place.target.clone(), installation.platform_login(), direct, Arc::clone(&observer));
        let control =
            Pool::new(place.target.clone(), installation.control_login(), direct, Arc::clone(&observer));
        let wide = TenantPools::new(
            place.target.clone(),
            installation.clone(),
            PoolSettings { size: EXPORTS_PER_CELL, named_statements: 0, ..direct },
            Arc::clone(&observer),
        );
        let pools = TenantPools::new(tenants, installation.clone(), tenant_settings, observer);
        let waker = Waker::start(platform.clone());
        let trail = Waker::on(platform.clone(), wake::TRAIL);
        let notes = Notes::start(platform.clone(), place.ctx.clone(), trail);
        let tenancy = Tenancy::new(platform.clone(), place.ctx.clone(), pools, wide, notes);
        let access = Access::start(platform.clone(), Arc::new(tenancy.clone()));
        let sign_in = sign_in(config, &place, &platform, &access)?;
        let (gate, issuers) = gate(config, &place, &platform, &access, &sign_in);
        let mismatches = Mismatches::start(platform.clone(), place.ctx.clone());
        let listener = Listener::start(place.target.clone(), installation.platform_login(), &wake::CHANNELS);
        let provers = Waker::on(platform.clone(), wake::PROOF);
        let runs = runs(config, &place, &platform, &waker, &access);
        let provisioning = Provisioning {
            runs: runs.clone(),
            template: place.template.clone(),
            default_tier: config.default_tier,
        };
        let psql = Psql {
            platform: platform.clone(),
            ctx: place.ctx.clone(),
            installation: installation.clone(),
            target: place.target.clone(),
            waker,
            patience: psql::PATIENCE,
        };
        let people = people(config, &place, (&platform, &control), &access, &sign_in);
        let (keys, operators, grants) = given(&place, (&platform, &control), &access, &sign_in);
        Ok(Self(Arc::new(Parts {
            keys,
            operators,
            grants,
            archives: Archives {
                platform: platform.clone(),
                tenancy: tenancy.clone(),
                ctx: place.ctx.clone(),
                template: place.template.clone(),
                largest: config.import_max_bytes,
            },
            platform,
            control,
            tenancy,
            provisioning,
            runs,
            psql,
            people,
            vault: sign_in.vault.clone(),
            sign_in,
            gate,
            mismatches,
            issuers,
            access,
            metrics,
            place,
            public_url: config.public_url.clone(),
            sends_mail: mail::is_configured(config),
            front: front(config),
            base_domain: config.base_domain.clone(),
            listener,
            provers,
            stopping: watch::Sender::new(false),
        })))
    }
}

impl App {
    /// What a worker begins tenants with that are asked for with demo data.
    pub fn demo_data(&self) -> Arc<dyn DemoData> {
        Arc::new(DemoRows { tenancy: self.tenancy.clone(), ctx: self.place.ctx.clone() })
    }

    /// What a worker proves isolation with: the owner looks at the catalogue, all else is tried as this application would do it, over HTTP too.
    pub fn prover(&self, config: &Config, placement: &Placement) -> Prover {
        Prover {
            owner: placement.owner.clone(),
            control: self.control.clone(),
            tenancy: self.tenancy.clone(),
            ctx: self.place.ctx.clone(),
            installation: self.place.installation.clone(),
            http: Some(Arc::new(HttpProof::of(config, self, placement))),
        }
    }
}

/// What the configuration has let pass: no listener is open without one of these.
fn front(config: &Config) -> Front {
    if config.tls() {
        Front::Tls
    } else if config.trusted_proxies.is_empty() {
        Front::Loopback
    } else {
        Front::Proxy { https: config.public_url.starts_with("https://") }
    }
}

/// Why the parts do not go together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The metrics cannot be registered.
    #[error(transparent)]
    Metrics(#[from] CreateError),
    /// People could not sign in.
    #[error(transparent)]
    Identity(#[from] tenantry_core::Error),
}

/// What operators and a tenant's admins give and take away.
fn runs(config: &Config, place: &Place, platform: &Pool, waker: &Waker, access: &Access) -> Runs {
    Runs {
        pool: platform.clone(),
        ctx: place.ctx.clone(),
        installation: place.installation.clone(),
        schema_version: place.template.version(),
        environment: place.environment,
        public_url: config.public_url.clone(),
        retention: config.retention,
        waker: waker.clone(),
        access: Some(access.clone()),
    }
}

fn gate(
    config: &Config,
    place: &Place,
    platform: &Pool,
    access: &Access,
    sign_in: &SignIn,
) -> (Gate, Issuers) {
    let operator = config.operator_token.as_ref().map(Secret::expose);
    let fetch: Arc<dyn Fetch> = Arc::new(OverHttp::new());
    let issuers = Issuers::new(config.issuers.clone(), &fetch, &place.ctx);
    let verifiers =
        Verifiers { tokens: sign_in.tokens.clone(), lasting: sign_in.lasting, issuers: issuers.clone() };
    let gate = Gate::new(platform.clone(), place.ctx.clone(), access.clone(), operator, verifiers);
    (gate, issuers)
}

fn people(
    config: &Config,
    place: &Place,
    (platform, control): (&Pool, &Pool),
    access: &Access,
    sign_in: &SignIn,
) -> People {
    People {
        platform: platform.clone(),
        control: control.clone(),
        ctx: place.ctx.clone(),
        access: access.clone(),
        sign_in: sign_in.clone(),
        vault: sign_in.vault.clone(),
        sends_mail: mail::is_configured(config),
        public_url: config.public_url.clone(),
        issuers: config.issuers.iter().map(|issuer| issuer.name.clone()).collect(),
    }
}

fn given(
    place: &Place,
    (platform, control): (&Pool, &Pool),
    access: &Access,
    sign_in: &SignIn,
) -> (Keys, Operators, Grants) {
    let (ctx, environment) = (&place.ctx, place.environment);
    let (platform, control, access) = (|| platform.clone(), || control.clone(), || access.clone());
    // One bound for all hashing of the process.
    let passwords = sign_in.passwords.clone();
    (
        Keys { control: control(), access: access(), ctx: ctx.clone(), environment },
        Operators { platform: platform(), access: access(), ctx: ctx.clone(), passwords },
        Grants { platform: platform(), control: control(), access: access(), ctx: ctx.clone() },
    )
}

fn sign_in(config: &Config, place: &Place, platform: &Pool, access: &Access) -> Result<SignIn, WiringError> {
    let vault = Vault::of(&place.installation);
    let settings = TokenSettings {
        issuer: config.public_url.clone(),
        audience: config.identity.token_audience.clone(),
        lifetime: config.identity.access_token(),
    };
    Ok(SignIn {
        platform: platform.clone(),
        ctx: place.ctx.clone(),
        access: access.clone(),
        passwords: Passwords::new(config.identity.hashing())?,
        tokens: Tokens::new(platform.clone(), place.ctx.clone(), vault.clone(), settings),
        installation: place.installation.clone(),
        vault,
        lasting: config.identity.lasting(),
        public_url: config.public_url.clone(),
        mails: mail::is_configured(config),
        asks: Asks::default(),
    })
}

impl Parts {
    /// Clock and ids.
    pub fn ctx(&self) -> &Ctx {
        &self.place.ctx
    }

    /// What tells of wake-ups, by their channels.
    pub fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Changes with every wake-up.
    pub fn woken(&self) -> watch::Receiver<u64> {
        self.listener.subscribe()
    }

    /// Becomes true when the process stops: streams end then, so that their connections can.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Tells every stream to end.
    pub fn stop_streams(&self) {
        self.stopping.send_replace(true);
    }
}

/// Counts what the pools tell.
struct Counting(Metrics);

impl Observer for Counting {
    fn query(&self, tenant: Option<TenantId>, query_type: &'static str, took: Duration) {
        if let Some(tenant) = tenant {
            self.0.query_done(tenant, query_type, took);
        }
    }

    fn failed(&self, tenant: Option<TenantId>, transaction: &'static str, kind: ErrorKind) {
        let Some(tenant) = tenant.filter(|_| transaction != ATTEMPT) else { return };
        self.0.query_failed(tenant, kind.as_str());
        // Whoever gets here is past the middleware with a statement that reached beyond its scope.
        match kind {
            ErrorKind::Denied => {
                tracing::error!(%tenant, transaction, "PostgreSQL refused a scope's statement with 42501");
            }
            ErrorKind::Foreign => {
                tracing::error!(%tenant, transaction, "a scope was shown a row of elsewhere");
            }
            _ => return,
        }
        self.0.cross_tenant();
    }

    fn scope_entered(&self, tenant: TenantId, took: Duration) {
        self.0.schema_switched(tenant, took);
    }

    #[expect(clippy::cast_precision_loss, reason = "pools have hundreds of connections, not 2^52")]
    fn pool_usage(&self, tenant: TenantId, in_use: usize, size: usize) {
        self.0.pool_usage(tenant, in_use as f64 / size.max(1) as f64);
    }
}
