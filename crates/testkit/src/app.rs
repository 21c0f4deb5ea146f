//! An application with its database, and identities in it.
//!
//! Owns: nothing. Calls: server's wiring. Called by: tests. After a crash: nothing is left.

use crate::{Client, TestClock, TestDatabase, TestFaults, TestFile, TestPooler};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tenantry_core::{
    authz::{Action, TenantScope},
    ctx::{Ctx, System},
    identity::{Credential, Environment, Visit},
    placement::Template,
};
use tenantry_pg::Target;
use tenantry_server::{
    app::{App, Place},
    config::{Config, Mode},
    mail, run,
    worker::{Woken, Worker, WorkerSettings},
};
use tenantry_types::{
    key::NewApiKey,
    run::Run,
    tenant::{Tenant, TenantAndRun},
};
use tokio::sync::watch;

/// The operator's token of every test application.
pub const OPERATOR: &str = "test-operator-token-0123456789abcdef";

/// How a test application is made.
#[derive(Clone)]
pub struct TestAppBuilder {
    slots: usize,
    environment: BTreeMap<String, String>,
    template: Option<Template>,
    pooled: Option<usize>,
    database: Option<TestDatabase>,
    elsewhere: Option<Target>,
    proves_over_http: bool,
    /// Read at the start, and gone after it.
    files: Vec<Arc<TestFile>>,
}

impl TestAppBuilder {
    /// Warm slots that are filled at the start, and that its worker keeps.
    #[must_use]
    pub fn slots(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    /// A key of the configuration.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Other tables for tenants.
    #[must_use]
    pub fn template(mut self, template: Template) -> Self {
        self.template = Some(template);
        self
    }

    /// Tenant traffic through a pooler of its own, with so many server connections for each cell. `TENANTRY_TEST_POOLER` gives every application one.
    #[must_use]
    pub fn through_pooler(mut self, size: usize) -> Self {
        self.pooled = Some(size);
        self
    }

    /// A second process on the same database.
    #[must_use]
    pub fn database(mut self, database: &TestDatabase) -> Self {
        self.database = Some(database.clone());
        self
    }

    /// Connects there instead of to its database: to a port where nobody listens, or through something that interferes.
    #[must_use]
    pub fn elsewhere(mut self, target: Target) -> Self {
        self.elsewhere = Some(target);
        self
    }

    /// Its worker proves isolation in the database alone: for a test that has many proofs made, and asks nothing of the API.
    #[must_use]
    pub fn without_the_proof_over_http(mut self) -> Self {
        self.proves_over_http = false;
        self
    }

    /// External issuers, as their file has them.
    #[must_use]
    pub fn issuers(mut self, toml: &str) -> Self {
        let file = Arc::new(TestFile::new("issuers", toml));
        self.files.push(Arc::clone(&file));
        self.set("TENANTRY_ISSUERS", &file.path().to_string_lossy())
    }

    /// Makes it.
    pub async fn start(self) -> TestApp {
        let (clock, faults) = (TestClock::default(), TestFaults::default());
        let ctx =
            Ctx { clock: Arc::new(clock.clone()), ids: Arc::new(System), faults: Arc::new(faults.clone()) };
        let template =
            self.template.unwrap_or_else(|| Template::built_in().unwrap_or_else(|error| panic!("{error}")));
        let database = match self.database {
            Some(database) => database,
            None => TestDatabase::with_template(ctx.clone(), template.clone()).await,
        };
        if self.slots > 0 {
            database.placement.fill(self.slots).await.unwrap_or_else(|error| panic!("slots: {error}"));
        }
        let config =
            Config::load(Mode::Dev, &self.environment, None).unwrap_or_else(|errors| panic!("{errors}"));
        let pooler = match self.pooled.or_else(pooled_by_wish) {
            // What is about connections elsewhere has no pooler before them.
            Some(size) if self.elsewhere.is_none() => Some(Box::pin(pooler(&database, size)).await),
            _ => None,
        };
        let place = Place {
            target: self.elsewhere.unwrap_or_else(|| database.target.clone()),
            pooler: pooler.as_ref().map(|pooler| pooler.target().clone()),
            installation: database.installation.clone(),
            template,
            ctx,
            environment: Environment::Dev,
        };
        let app = App::new(&config, place).unwrap_or_else(|error| panic!("{error}"));
        let anyone = Client::new(run::router(&config, &app), None);
        let (slots, proves_over_http) = (self.slots, self.proves_over_http);
        TestApp { app, anyone, clock, faults, database, config, slots, proves_over_http, _pooler: pooler }
    }
}

/// An application with its database, in this process. Its worker works when told to.
pub struct TestApp {
    /// The parts.
    pub app: App,
    /// A caller without an identity.
    pub anyone: Client,
    /// Its clock.
    pub clock: TestClock,
    /// Its failure points.
    pub faults: TestFaults,
    /// Its database.
    pub database: TestDatabase,
    /// Its configuration.
    pub config: Config,
    slots: usize,
    proves_over_http: bool,
    _pooler: Option<TestPooler>,
}

/// Server connections for each cell where every application is to have a pooler: as few as a tenant's request can make do with, and one to take turns with.
pub const POOLED: usize = 2;

#[expect(clippy::disallowed_methods, reason = "how a whole run of the tests is asked to go through a pooler")]
fn pooled_by_wish() -> Option<usize> {
    std::env::var("TENANTRY_TEST_POOLER").is_ok_and(|wish| wish == "1").then_some(POOLED)
}

/// Cells whose logins a pooler knows, whether they are there yet or not: their passwords come from the key.
const POOLED_CELLS: i32 = 10;

async fn pooler(database: &TestDatabase, size: usize) -> TestPooler {
    let logins: Vec<_> = (1..=POOLED_CELLS).map(|cell| database.installation.cell_login(cell)).collect();
    TestPooler::start(database, &logins, size).await
}

/// A tenant with an identity in it.
pub struct TestTenant {
    /// As the API answered.
    pub tenant: Tenant,
    /// Its API key.
    pub key: NewApiKey,
    /// A caller with that key.
    pub client: Client,
}

impl TestApp {
    /// Without slots: tenants are made by the worker.
    pub fn builder() -> TestAppBuilder {
        let environment = [
            ("TENANTRY_OPERATOR_TOKEN", OPERATOR),
            ("TENANTRY_LISTEN", "127.0.0.1:0"),
            // What a hash costs is measured elsewhere.
            ("TENANTRY_ARGON2_MEMORY_KIB", "64"),
            ("TENANTRY_ARGON2_ITERATIONS", "1"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
        TestAppBuilder {
            slots: 0,
            environment: environment.into(),
            template: None,
            pooled: None,
            database: None,
            elsewhere: None,
            proves_over_http: true,
            files: Vec::new(),
        }
    }

    /// With two slots, and their tenant in milliseconds.
    pub async fn start() -> Self {
        Self::builder().slots(2).start().await
    }

    /// A caller with the operator's token.
    pub fn operator(&self) -> Client {
        self.anyone.clone().with_token(Some(OPERATOR))
    }

    /// A worker of this application.
    pub fn worker(&self) -> Worker {
        let mut prover = self.app.prover(&self.config, &self.database.placement);
        prover.http = prover.http.filter(|_| self.proves_over_http);
        Worker {
            placement: self.database.placement.clone(),
            settings: WorkerSettings { warm_slots: self.slots, ..WorkerSettings::default() },
            metrics: self.app.metrics.clone(),
            waker: self.app.runs.waker.clone(),
            access: self.app.access.waker(),
            mailer: mail::mailer(&self.config).unwrap_or_else(|error| panic!("{error}")),
            prover: Some(prover),
            demo_data: Some(self.app.demo_data()),
            presence: watch::channel(None).1,
        }
    }

    /// One look of the worker.
    pub async fn work(&self) {
        self.worker().look(&mut 0).await;
        // What a server hears by NOTIFY a moment later.
        self.app.access.forget();
    }

    /// A worker that works until the returned sender is dropped or sends true.
    pub fn start_worker(&self) -> watch::Sender<bool> {
        let (stop, stopped) = watch::channel(false);
        let (worker, woken) = (self.worker(), Woken::by(self.app.listener()));
        tenantry_pg::task::detached(async move {
            let gone = stopped.clone();
            tokio::select! {
                () = worker.run(woken, stopped) => {}
                () = run::stopped(gone) => {}
            }
        });
        stop
    }

    /// A tenant with a member's key for its default workspace.
    pub async fn tenant(&self, slug: &str) -> TestTenant {
        let body = json!({"slug": slug, "name": slug, "admin_email": format!("admin@{slug}.example")});
        let made: TenantAndRun = self.operator().post("/v1/tenants", &body).await.expect(202).parse();
        if !made.run.status.is_final() {
            self.work().await;
            self.until_ended(slug).await;
        }
        let tenant: Tenant = self.operator().get(&format!("/v1/tenants/{slug}")).await.expect(200).parse();
        let key = self.key(slug, &json!({"name": "test"})).await;
        TestTenant { client: self.anyone.clone().with_token(Some(&key.key)), tenant, key }
    }

    /// Waits for the tenant's run: a worker that was started beside the test may have taken it.
    async fn until_ended(&self, slug: &str) {
        let mut woken = self.app.woken();
        for _ in 0..200 {
            let run: Run =
                self.operator().get(&format!("/v1/tenants/{slug}/status")).await.expect(200).parse();
            if run.status.is_final() {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_millis(50), woken.changed()).await;
        }
        panic!("the run of {slug} did not end");
    }

    /// An API key.
    pub async fn key(&self, slug: &str, body: &serde_json::Value) -> NewApiKey {
        self.operator().post(&format!("/v1/tenants/{slug}/api-keys"), body).await.expect(201).parse()
    }

    /// The scope that a key opens: the same way in as a request's.
    pub async fn scope(&self, key: &NewApiKey) -> TenantScope {
        self.scope_for(key, Action::ReadAgents).await
    }

    /// The same for another action.
    pub async fn scope_for(&self, key: &NewApiKey, action: Action) -> TenantScope {
        let actor = self.app.gate.verify(&Credential::Bearer(key.key.clone()), &Visit::default()).await;
        let actor = actor.unwrap_or_else(|error| panic!("{error}"));
        actor.scope(action).unwrap_or_else(|error| panic!("{error}"))
    }
}
