//! A database with homes for tenants in it, and scopes that are opened there.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenantry_core::ctx::Ctx;
use tenantry_pg::{
    BoxFuture, Error, ErrorKind, Observer, Outcome, PoolSettings, PoolStatus, Row, ScopeMinter, ScopeNames,
    Target, TenantPools, TenantTx, bootstrap::Superuser,
};
use tenantry_testkit::TestDatabase;
use tenantry_types::{TenantId, WorkspaceId};
use uuid::Uuid;

pub(crate) const ADD: &str = "INSERT INTO tenant.agents (workspace_id, name, role) VALUES ($1, $2, 'tester')";
pub(crate) const LIST: &str = "SELECT name FROM tenant.agents ORDER BY name";
pub(crate) const PID: &str = "SELECT pg_backend_pid() AS pid";

/// Fails the test with all that the error says.
pub(crate) fn must<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Waits for what another process or task does; fails the test when it never does.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// What the pools reported.
#[derive(Default)]
pub(crate) struct Heard {
    failures: Mutex<Vec<(Option<TenantId>, &'static str, ErrorKind)>>,
    queries: Mutex<usize>,
}

impl Heard {
    pub(crate) fn failures(&self) -> Vec<(Option<TenantId>, &'static str, ErrorKind)> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn kinds(&self) -> Vec<ErrorKind> {
        self.failures().into_iter().map(|(_, _, kind)| kind).collect()
    }

    pub(crate) fn queries(&self) -> usize {
        *self.queries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Heard {
    fn query(&self, _: Option<TenantId>, _: &'static str, _: Duration) {
        *self.queries.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
    fn failed(&self, tenant: Option<TenantId>, transaction: &'static str, kind: ErrorKind) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push((tenant, transaction, kind));
    }
    fn scope_entered(&self, _: TenantId, _: Duration) {}
    fn pool_usage(&self, _: TenantId, _: usize, _: usize) {}
}

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) admin: Superuser,
    /// A scope in the first workspace of each home.
    pub(crate) homes: Vec<ScopeNames>,
}

impl World {
    pub(crate) async fn new(homes: usize) -> Self {
        let database = TestDatabase::new(Ctx::system()).await;
        must(database.placement.fill(homes).await);
        let found =
            database.placement.owner.run("homes", (), |tx, ()| {
                Box::pin(tx.query(
                    "SELECT schema_name, role_name, cell, tenant_id FROM slots ORDER BY schema_name",
                    &[],
                ))
            });
        let found: Vec<Row> = must::<_, Error>(found.await);
        let homes = found.iter().map(|row| must(names(row))).collect();
        Self { admin: database.admin().await, database, homes }
    }

    /// Scopes over connections straight to the server.
    pub(crate) fn scopes(&self, settings: PoolSettings) -> Scopes {
        self.scopes_at(&self.database.target, settings)
    }

    /// Scopes over connections to a proxy or a pooler.
    pub(crate) fn scopes_at(&self, target: &Target, settings: PoolSettings) -> Scopes {
        let heard = Arc::new(Heard::default());
        let observer: Arc<dyn Observer> = Arc::<Heard>::clone(&heard);
        let pools = TenantPools::new(target.clone(), self.database.installation.clone(), settings, observer);
        Scopes { pools, minter: ScopeMinter::new(), heard }
    }

    /// A number that the catalogue knows.
    pub(crate) async fn count(&self, sql: &str) -> usize {
        let value = must(self.admin.value(sql).await);
        value.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no number: {sql}"))
    }

    /// Waits until a query for a number gives this one.
    pub(crate) async fn until_count(&self, sql: &str, wanted: usize) {
        within(sql, async { while self.count(sql).await != wanted {} }).await;
    }

    /// Ends a backend and waits for its end.
    pub(crate) async fn kill(&self, pid: i32) {
        must(self.admin.execute(&format!("SELECT pg_terminate_backend({pid})")).await);
        self.until_count(&format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid}"), 0).await;
    }

    /// Changes a setting of the cells' logins, for connections made from now on.
    pub(crate) async fn set_for_cells(&self, setting: &str) {
        let login = self.database.installation.cell(self.homes[0].cell);
        must(self.admin.execute(&format!("ALTER ROLE \"{login}\" SET {setting}")).await);
    }
}

fn names(row: &Row) -> Result<ScopeNames, Error> {
    let (schema, role): (String, String) = (row.get("schema_name")?, row.get("role_name")?);
    Ok(ScopeNames {
        tenant: TenantId(row.get("tenant_id")?),
        schema: schema.into(),
        role: role.into(),
        cell: row.get("cell")?,
        workspace: WorkspaceId(Uuid::from_u128(1)),
    })
}

/// The same tenant, another workspace.
pub(crate) fn other_workspace(names: &ScopeNames) -> ScopeNames {
    ScopeNames { workspace: WorkspaceId(Uuid::from_u128(2)), ..names.clone() }
}

/// One connection.
pub(crate) fn single() -> PoolSettings {
    PoolSettings { size: 1, ..PoolSettings::default() }
}

pub(crate) struct Scopes {
    pub(crate) pools: TenantPools,
    pub(crate) heard: Arc<Heard>,
    minter: ScopeMinter,
}

impl Scopes {
    pub(crate) async fn run<I, T, W>(&self, names: &ScopeNames, input: I, work: W) -> Result<T, Error>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a TenantTx, &'a I) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        self.pools.run(&self.minter, names, "test", input, work).await
    }

    /// One statement that ends its transaction.
    pub(crate) async fn last(&self, names: &ScopeNames, sql: &'static str) -> Result<Vec<Row>, Error> {
        self.run(names, sql, |tx, sql| Box::pin(tx.last(sql, &[]))).await
    }

    /// An agent in the scope's workspace, in one statement.
    pub(crate) async fn add(&self, names: &ScopeNames, name: &str) -> Result<(), Error> {
        let input = (names.workspace.0, name.to_owned());
        self.run(names, input, |tx, (workspace, name)| {
            Box::pin(async move { tx.last(ADD, &[workspace, name]).await.map(drop) })
        })
        .await
    }

    /// Statements that are tried and undone.
    pub(crate) async fn attempt(
        &self,
        names: &ScopeNames,
        statements: Vec<String>,
    ) -> Result<Vec<Outcome>, Error> {
        self.pools.attempt(&self.minter, names, "test", statements).await
    }

    /// The agents that the scope sees.
    pub(crate) async fn list(&self, names: &ScopeNames) -> Vec<String> {
        must(self.last(names, LIST).await).iter().map(|row| must(row.get("name"))).collect()
    }

    /// The backend that serves the scope.
    pub(crate) async fn pid(&self, names: &ScopeNames) -> i32 {
        must(must(self.last(names, PID).await)[0].get("pid"))
    }

    /// The number of rows of a statement that is sent as it is: unnamed, and without a schema written in.
    pub(crate) async fn rows(&self, names: &ScopeNames, sql: &'static str) -> Result<usize, Error> {
        self.run(names, sql, |tx, sql| Box::pin(tx.probe(sql))).await
    }

    pub(crate) fn status(&self) -> PoolStatus {
        self.pools.status()[0].1
    }

    /// Waits until every connection is back or gone.
    pub(crate) async fn settle(&self) {
        within("an idle pool", async {
            while self.status().in_use > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
