//! B6: throughput of a scoped query, beside its floor and the usual way, in the same run.
//!
//! Four callers, fifty tenants in turn (`--tenants N`; above 500 there is more than one cell, and connections retire), one primary-key read each:
//! - `unscoped`: the floor. One unnamed statement on a real schema name, no transaction, no role.
//! - `scoped`: `TenantPools`: BEGIN, role and workspace, named statement, COMMIT in one round trip.
//! - `four_awaits`: the same four statements, each awaited before the next, unnamed.
//!
//! The rounds of the three alternate, so that a noisy machine disturbs all of them. Prints the medians and writes
//! `target/bench/b6-<tenants>.json`. `--seconds N` sets the length of a round (2).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tenantry_pg::{Error, PoolSettings, Quiet, ScopeMinter, ScopeNames, TenantPools};
use tenantry_testkit::{
    TestApp,
    figures::{argument, write},
};
use tenantry_types::{AgentId, agent::Agent, tenant::TenantAndRun};
use tokio_postgres::{Client, NoTls, types::Type};

const CONNECTIONS: usize = 4;
const ROUNDS: usize = 7;
const FIND: &str = "SELECT id, name, status FROM tenant.agents WHERE id = $1";

struct Target {
    names: ScopeNames,
    agent: AgentId,
    raw: String,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(bench());
}

async fn bench() {
    let tenants = argument("--tenants", 50).max(1);
    let round = Duration::from_secs(argument("--seconds", 2).max(1) as u64);
    let app = TestApp::builder().start().await;
    let targets: Arc<[Target]> = prepare(&app, tenants).await.into();
    // Retirement is what production has: at 50 tenants nothing retires.
    let settings = PoolSettings { size: CONNECTIONS, ..PoolSettings::default() };
    let pools = TenantPools::new(
        app.database.target.clone(),
        app.database.installation.clone(),
        settings,
        Arc::new(Quiet),
    );
    let (pools, minter) = (Arc::new(pools), Arc::new(ScopeMinter::new()));
    let raw = connect(&app, &app.database.installation.platform_login(), true).await;
    let mut cells = BTreeMap::new();
    for target in targets.iter() {
        if let Entry::Vacant(cell) = cells.entry(target.names.cell) {
            let login = app.database.installation.cell_login(target.names.cell);
            cell.insert(connect(&app, &login, false).await);
        }
    }
    let cells = Arc::new(cells);
    let mut rates: [Vec<f64>; 3] = Default::default();
    // The first round warms caches and statements, and is not counted.
    for number in 0..=ROUNDS {
        let measured = [
            unscoped(&raw, &targets, round).await,
            scoped(&pools, &minter, &targets, round).await,
            four_awaits(&cells, &targets, round).await,
        ];
        if number > 0 {
            rates.iter_mut().zip(measured).for_each(|(rates, rate)| rates.push(rate));
        }
    }
    report(tenants, rates.map(median));
}

async fn prepare(app: &TestApp, tenants: usize) -> Vec<Target> {
    let mut targets = Vec::new();
    while targets.len() < tenants {
        let batch = (tenants - targets.len()).min(64);
        app.database.placement.fill(batch).await.unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..batch {
            targets.push(target(app, &format!("bench-{}", targets.len())).await);
        }
    }
    app.database.placement.analyze_catalogue().await.unwrap_or_else(|error| panic!("{error}"));
    // The floor reads as the platform login, which has no rights in tenant schemas: an administrator lends them for this run.
    let admin = app.database.admin().await;
    let platform = app.database.installation.platform();
    admin
        .execute(&format!("ALTER ROLE {platform} SUPERUSER"))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    targets
}

async fn target(app: &TestApp, slug: &str) -> Target {
    let wish = serde_json::json!({"slug": slug, "name": slug, "admin_email": "bench@example.com"});
    let made: TenantAndRun = app.operator().post("/v1/tenants", &wish).await.expect(202).parse();
    let key = made.api_key.unwrap_or_else(|| panic!("no key of {slug}"));
    let body = serde_json::json!({"name": "Iris", "role": "bench"});
    let client = app.anyone.clone().with_token(Some(&key));
    let agent: Agent = client.post("/v1/agents", &body).await.expect(201).parse();
    let tenant = made.tenant;
    let cell = format!("SELECT cell::text FROM public.tenants WHERE slug = '{slug}'");
    let cell = app.database.admin().await.value(&cell).await.unwrap_or_else(|error| panic!("{error}"));
    let opaque = tenant.schema_name.trim_start_matches("tenant_");
    let names = ScopeNames {
        tenant: tenant.id,
        schema: Arc::from(tenant.schema_name.as_str()),
        role: Arc::from(app.database.installation.tenant_role(opaque)),
        cell: cell.and_then(|cell| cell.parse().ok()).unwrap_or_else(|| panic!("{slug} is in no cell")),
        workspace: agent.workspace_id,
    };
    Target { names, agent: agent.id, raw: FIND.replace("tenant.", &format!("{}.", tenant.schema_name)) }
}

async fn connect(app: &TestApp, login: &tenantry_pg::Login, reset: bool) -> Arc<[Client]> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let password = login.passwords.first().map_or("", String::as_str);
        let url = tenantry_testkit::cluster().url(&login.user, password, app.database.target.database());
        let (client, connection) =
            tokio_postgres::connect(&url, NoTls).await.unwrap_or_else(|error| panic!("{error}"));
        tenantry_pg::task::detached(connection);
        if reset {
            client.batch_execute("SET statement_timeout = 0").await.unwrap_or_else(|error| panic!("{error}"));
        }
        clients.push(client);
    }
    clients.into()
}

/// Runs `CONNECTIONS` loops for a round; statements per second. Each loop starts at another tenant.
async fn rate<F, Fut>(round: Duration, each: F) -> f64
where
    F: Fn(usize, usize) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let (each, done, began) = (Arc::new(each), Arc::new(AtomicU64::new(0)), Instant::now());
    let loops: Vec<_> = (0..CONNECTIONS)
        .map(|worker| {
            let (each, done) = (Arc::clone(&each), Arc::clone(&done));
            tenantry_pg::task::detached(async move {
                let mut turn = worker * 13;
                while began.elapsed() < round {
                    each(worker, turn).await;
                    done.fetch_add(1, Ordering::Relaxed);
                    turn += 1;
                }
            })
        })
        .collect();
    for looping in loops {
        looping.await.unwrap_or_else(|error| panic!("{error}"));
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds of work")]
    let done = done.load(Ordering::Relaxed) as f64;
    done / began.elapsed().as_secs_f64()
}

async fn unscoped(clients: &Arc<[Client]>, targets: &Arc<[Target]>, round: Duration) -> f64 {
    let (clients, targets) = (Arc::clone(clients), Arc::clone(targets));
    rate(round, move |worker, turn| {
        let (clients, targets) = (Arc::clone(&clients), Arc::clone(&targets));
        async move {
            let target = &targets[turn % targets.len()];
            let rows = clients[worker].query_typed(&target.raw, &[(&target.agent.0, Type::UUID)]).await;
            assert_eq!(rows.unwrap_or_else(|error| panic!("{error}")).len(), 1);
        }
    })
    .await
}

async fn scoped(
    pools: &Arc<TenantPools>,
    minter: &Arc<ScopeMinter>,
    targets: &Arc<[Target]>,
    round: Duration,
) -> f64 {
    let (pools, minter, targets) = (Arc::clone(pools), Arc::clone(minter), Arc::clone(targets));
    rate(round, move |_, turn| {
        let (pools, minter, targets) = (Arc::clone(&pools), Arc::clone(&minter), Arc::clone(&targets));
        async move {
            let target = &targets[turn % targets.len()];
            let rows: Result<usize, Error> = pools
                .run(&minter, &target.names, "bench", target.agent.0, |tx, id| {
                    Box::pin(async move { Ok(tx.last(FIND, &[id]).await?.len()) })
                })
                .await;
            assert_eq!(rows.unwrap_or_else(|error| panic!("{error}")), 1);
        }
    })
    .await
}

type Cells = BTreeMap<i32, Arc<[Client]>>;

async fn four_awaits(cells: &Arc<Cells>, targets: &Arc<[Target]>, round: Duration) -> f64 {
    let (cells, targets) = (Arc::clone(cells), Arc::clone(targets));
    rate(round, move |worker, turn| {
        let (cells, targets) = (Arc::clone(&cells), Arc::clone(&targets));
        async move {
            let target = &targets[turn % targets.len()];
            let client = &cells[&target.names.cell][worker];
            let outcome = async {
                client.batch_execute("BEGIN").await?;
                let (role, workspace) = (&*target.names.role, target.names.workspace.0.to_string());
                let enter =
                    "SELECT set_config('role', $1, true), set_config('tenantry.workspace_id', $2, true)";
                client.query_typed(enter, &[(&role, Type::TEXT), (&workspace, Type::TEXT)]).await?;
                let rows = client.query_typed(&target.raw, &[(&target.agent.0, Type::UUID)]).await?;
                client.batch_execute("COMMIT").await?;
                Ok::<_, tokio_postgres::Error>(rows.len())
            };
            assert_eq!(outcome.await.unwrap_or_else(|error| panic!("{error}")), 1);
        }
    })
    .await
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn report(tenants: usize, [unscoped, scoped, four]: [f64; 3]) {
    println!(
        "B6  scoped query, {CONNECTIONS} connections, {tenants} tenants in turn, median of {ROUNDS} rounds"
    );
    println!("    unscoped, unnamed   {unscoped:>8.0} /s   floor");
    println!("    scoped              {scoped:>8.0} /s   {:.2} x floor (required: 0.85)", scoped / unscoped);
    println!("    four awaits         {four:>8.0} /s   scoped is {:.2} x (required: 1.7)", scoped / four);
    let json = serde_json::json!({
        "id": "B6", "tenants": tenants, "unscoped_per_s": unscoped, "scoped_per_s": scoped, "four_awaits_per_s": four,
        "ratio_to_floor": scoped / unscoped, "ratio_to_four_awaits": scoped / four,
    });
    write(&format!("b6-{tenants}"), &json);
}
