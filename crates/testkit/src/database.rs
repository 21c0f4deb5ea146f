//! A database per test, from a template, in a cluster per process.
//!
//! Owns: the process's cluster. Calls: pg's cluster and bootstrap, core's placement. Called by: the test application, tests.
//! Invariants: the template holds tables and no roles, so that it can be copied and dropped. After a crash: the watchdog removes the cluster.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tenantry_core::{
    Error,
    ctx::Ctx,
    placement::{Placement, Template},
};
use tenantry_pg::{
    Login, Pool, PoolSettings, Quiet, Target,
    bootstrap::Superuser,
    cluster::{Cluster, ClusterConfig},
    migrate::{self, MigrationSet, history::HISTORY_TABLE},
    roles::{Installation, MasterKey},
};
use tokio::sync::OnceCell;

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let config = ClusterConfig {
        data_dir: scratch("pg"),
        bin_dir: None,
        settings: vec![("max_connections".to_owned(), "400".to_owned())],
        ephemeral: true,
    };
    Cluster::start(&config).unwrap_or_else(|error| panic!("the test cluster does not start: {error}"))
});

static TEMPLATE: OnceCell<()> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(1);
const TEMPLATE_NAME: &str = "tenantry_template";
const OWNER: &str = "tenantry_test_owner";
/// All that the control plane was made of then; published files never change.
const FIRST_RELEASE: (&str, &str) =
    ("V1__foundation.sql", include_str!("../../../migrations/control/V1__foundation.sql"));

/// The process's cluster; started by the first who asks.
pub fn cluster() -> &'static Cluster {
    &CLUSTER
}

/// A folder that no other process and no other call uses.
pub(crate) fn scratch(what: &str) -> PathBuf {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("tenantry-test-{}-{what}-{number}", std::process::id()))
}

/// Waits for what another process or task does; fails the test when it never does.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap_or_else(|_| panic!("never: {what}"))
}

fn owner() -> Login {
    Login { user: OWNER.to_owned(), passwords: vec!["test-owner".to_owned()] }
}

/// A database with the control plane set up, and an installation of its own.
#[derive(Clone)]
pub struct TestDatabase {
    /// Where it is.
    pub target: Target,
    /// Its roles' names and passwords.
    pub installation: Installation,
    /// The owner's means, who is no superuser.
    pub placement: Placement,
}

impl TestDatabase {
    /// A new one with the agent platform's tables for tenants.
    pub async fn new(ctx: Ctx) -> Self {
        Self::with_template(ctx, Template::built_in().unwrap_or_else(|error| panic!("{error}"))).await
    }

    /// A new one with other tables for tenants.
    pub async fn with_template(ctx: Ctx, template: Template) -> Self {
        let database = Self::bare(ctx, template).await;
        database.placement.set_up().await.unwrap_or_else(|error| panic!("set-up: {error}"));
        database
    }

    /// A new one with tables, but without logins and grants.
    pub async fn bare(ctx: Ctx, template: Template) -> Self {
        let superuser = Self::superuser().await;
        TEMPLATE.get_or_init(|| make_template(ctx.clone())).await;
        let name = format!("t{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let made = superuser
            .execute(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE_NAME} OWNER {OWNER}"))
            .await;
        made.unwrap_or_else(|error| panic!("{error}"));
        Self::at(&name, ctx, template)
    }

    /// A new one as an upgrade finds it: the control plane's tables of the first release, without rows, logins and grants.
    pub async fn of_the_first_release(ctx: Ctx, template: Template) -> Self {
        let superuser = Self::superuser().await;
        TEMPLATE.get_or_init(|| make_template(ctx.clone())).await;
        let name = format!("t{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        superuser.ensure_database(&name, OWNER).await.unwrap_or_else(|error| panic!("{error}"));
        let database = Self::at(&name, ctx, template);
        let first = MigrationSet::from_files([FIRST_RELEASE]).unwrap_or_else(|errors| panic!("{errors:?}"));
        let applied = database
            .placement
            .owner
            .run("first_release", first, |tx, first| {
                Box::pin(async move {
                    Ok::<_, Error>(migrate::apply(tx, "public", first, HISTORY_TABLE, false).await?)
                })
            })
            .await;
        applied.unwrap_or_else(|error| panic!("the first release: {error}"));
        database
    }

    fn at(name: &str, ctx: Ctx, template: Template) -> Self {
        let target = Self::target(name);
        let installation = Installation::of_database(name, MasterKey::new([7; 32]), None);
        let settings = PoolSettings {
            size: 4,
            named_statements: 100,
            wait: Duration::from_secs(30),
            ..PoolSettings::default()
        };
        let pool = Pool::new(target.clone().with_public_path(), owner(), settings, Arc::new(Quiet));
        Self {
            placement: Placement { owner: pool, installation: installation.clone(), template, ctx },
            target,
            installation,
        }
    }

    /// A database of the cluster, without a login.
    pub fn target(name: &str) -> Target {
        let (target, _) =
            Target::parse(&cluster().url("nobody", "", name)).unwrap_or_else(|error| panic!("{error}"));
        target
    }

    /// The owner's login; it is no superuser.
    pub fn owner_login() -> Login {
        owner()
    }

    /// The owner's connection as `DATABASE_URL` takes it.
    pub fn owner_url(&self) -> String {
        cluster().url(OWNER, "test-owner", self.target.database())
    }

    /// A superuser's session in the cluster's own database, for what only an administrator does.
    pub async fn superuser() -> Superuser {
        Self::superuser_of("postgres").await
    }

    /// A superuser's session in a database: the eye that sees past every fence.
    pub async fn superuser_of(database: &str) -> Superuser {
        let started = tokio::task::spawn_blocking(|| cluster().superuser_url()).await;
        let url = started.unwrap_or_else(|error| panic!("{error}"));
        let (target, login) = Target::parse(&url).unwrap_or_else(|error| panic!("{error}"));
        let login = login.unwrap_or_else(|| panic!("the cluster's URL names no user"));
        Superuser::connect(&target.with_database(database), &login)
            .await
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// A superuser's session in this database.
    pub async fn admin(&self) -> Superuser {
        Self::superuser_of(self.target.database()).await
    }
}

async fn make_template(ctx: Ctx) {
    let superuser = TestDatabase::superuser().await;
    let outcome = async {
        superuser.ensure_owner(&owner()).await?;
        superuser.close_other_databases().await?;
        superuser.ensure_database(TEMPLATE_NAME, OWNER).await
    };
    outcome.await.unwrap_or_else(|error| panic!("the template: {error}"));
    let template = Template::built_in().unwrap_or_else(|error| panic!("{error}"));
    let database = TestDatabase::at(TEMPLATE_NAME, ctx, template);
    database.placement.migrate_tables().await.unwrap_or_else(|error| panic!("the template: {error}"));
    drop(database);
    // A database with connections cannot be copied; ours are closing in the background.
    let end = format!(
        "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '{TEMPLATE_NAME}'"
    );
    let close = format!("ALTER DATABASE {TEMPLATE_NAME} ALLOW_CONNECTIONS false");
    for statement in [&close, &end] {
        superuser.execute(statement).await.unwrap_or_else(|error| panic!("the template: {error}"));
    }
    let left = format!("SELECT count(*)::text FROM pg_stat_activity WHERE datname = '{TEMPLATE_NAME}'");
    while superuser.value(&left).await.ok().flatten().as_deref() != Some("0") {
        tokio::task::yield_now().await;
    }
}

/// The environment of a process of ours that works on this database.
impl TestDatabase {
    /// As `tenantry server` and `worker` read it.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("DATABASE_URL", self.owner_url()),
            ("TENANTRY_MASTER_KEY", "07".repeat(32)),
            ("TENANTRY_OPERATOR_TOKEN", crate::OPERATOR.to_owned()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}
