//! B7: an authenticated, scoped GET through the whole stack, beside the same scoped read by pgbench.
//!
//! - `stack`: the real server as a process; ten users, each with a connection that is kept open and a key of another tenant's, one `GET /v1/agents/{id}` after the other.
//! - `pgbench`: ten clients, prepared statements; BEGIN, role and workspace, the same row by its id, COMMIT. The scoped rate of pgbench.
//! - `pgbench, piped`: the same four statements in one round trip, parsed each time. The peer of one.
//!
//! The rounds of the three alternate, so that a noisy machine disturbs all of them. Prints p50 and p99, the mean rates and the ratios, and writes
//! `target/bench/b7.json`. `--tenants N` (50, at most 128), `--rounds N` (5), `--seconds N` (5 each).

use serde_json::{Value, json};
use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};
use tenantry_pg::sql::{quote_ident, quote_literal};
use tenantry_testkit::{
    Program, TestApp, Wire, cluster,
    figures::{Spread, argument, write},
};
use tenantry_types::{AgentId, WorkspaceId, agent::Agent};
use tokio::task::JoinSet;

const USERS: usize = 10;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let seconds = Duration::from_secs(argument("--seconds", 5) as u64);
    let (tenants, rounds) = (argument("--tenants", 50).clamp(1, 128), argument("--rounds", 5).max(1));
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(bench(tenants, rounds, seconds));
}

/// A row, and whose it is.
struct Home {
    key: String,
    path: String,
}

async fn bench(tenants: usize, rounds: usize, seconds: Duration) {
    let app = TestApp::builder().slots(tenants).start().await;
    let (mut homes, mut scripts) = (Vec::new(), Scripts::new());
    for number in 0..tenants {
        let tenant = app.tenant(&format!("bench-{number}")).await;
        let wish = json!({"name": "Iris", "role": "r"});
        let agent: Agent = tenant.client.post("/v1/agents", &wish).await.expect(201).parse();
        let schema = &tenant.tenant.schema_name;
        let opaque = schema.trim_start_matches("tenant_");
        let role = app.database.installation.tenant_role(opaque);
        scripts.add(schema, &role, tenant.key.workspace_id, agent.id);
        homes.push(Home { key: tenant.key.key, path: format!("/v1/agents/{}", agent.id) });
    }
    let homes: Arc<[Home]> = homes.into();
    let (_server, address) = Program::server(env!("CARGO_BIN_EXE_tenantry"), &app.database, &[]);
    let (mut took, mut rates) = (Vec::new(), <[Vec<f64>; 3]>::default());
    // The first round warms caches and statements, and is not counted.
    for round in 0..=rounds {
        let answers = stack(address, &homes, seconds).await;
        let rate = per_second(answers.len(), seconds);
        let measured = [rate, scripts.run(&app, false, seconds), scripts.run(&app, true, seconds)];
        if round > 0 {
            took.extend(answers);
            rates.iter_mut().zip(measured).for_each(|(rates, rate)| rates.push(rate));
        }
    }
    report(tenants, rounds, &Spread::of(took), rates.map(|rates| mean(&rates)));
}

#[expect(clippy::cast_precision_loss, reason = "counts of seconds of work")]
fn per_second(count: usize, seconds: Duration) -> f64 {
    count as f64 / seconds.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "some rounds")]
fn mean(rates: &[f64]) -> f64 {
    rates.iter().sum::<f64>() / rates.len() as f64
}

/// Milliseconds of each answer.
async fn stack(address: SocketAddr, homes: &Arc<[Home]>, seconds: Duration) -> Vec<f64> {
    let end = Instant::now() + seconds;
    let mut users = JoinSet::new();
    for user in 0..USERS {
        let homes = Arc::clone(homes);
        users.spawn(async move {
            let mut wire = Wire::open(address).await.unwrap_or_else(|error| panic!("{error}"));
            let (mut took, mut turn) = (Vec::new(), user * 7);
            while Instant::now() < end {
                let home = &homes[turn % homes.len()];
                let began = Instant::now();
                let answer = wire.ask("GET", &home.path, Some(&home.key), None).await;
                took.push(began.elapsed().as_secs_f64() * 1e3);
                let answer = answer.unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(answer.status, 200, "{}", answer.text);
                turn += 1;
            }
            took
        });
    }
    users.join_all().await.into_iter().flatten().collect()
}

/// What pgbench runs: a file for each tenant, all as likely.
struct Scripts {
    folder: PathBuf,
    count: usize,
}

impl Scripts {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("tenantry-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{error}"));
        Self { folder, count: 0 }
    }

    fn add(&mut self, schema: &str, role: &str, workspace: WorkspaceId, agent: AgentId) {
        let enter = format!(
            "SELECT set_config('role', {}, true), set_config('tenantry.workspace_id', {}, true)",
            quote_literal(role),
            quote_literal(&workspace.0.to_string())
        );
        let find = format!(
            "SELECT id, name, status FROM {}.agents WHERE id = {}",
            quote_ident(schema),
            quote_literal(&agent.0.to_string())
        );
        let plain = format!("BEGIN;\n{enter};\n{find};\nCOMMIT;\n");
        let piped = format!("\\startpipeline\n{plain}\\endpipeline\n");
        for (kind, text) in [("plain", plain), ("piped", piped)] {
            let file = self.folder.join(format!("{kind}-{}.sql", self.count));
            fs::write(file, text).unwrap_or_else(|error| panic!("{error}"));
        }
        self.count += 1;
    }

    /// Transactions a second.
    fn run(&self, app: &TestApp, piped: bool, seconds: Duration) -> f64 {
        let login = app.database.installation.cell_login(1);
        let password = login.passwords.first().map_or("", String::as_str);
        let mut command = Command::new(cluster().bin_dir().join("pgbench"));
        // What is piped is prepared before anything of it runs, and the login may not even name the schema then: that is parsed each time.
        let mode = if piped { "extended" } else { "prepared" };
        command.args(["-n", "-M", mode, "-c", &USERS.to_string(), "-j", "2"]);
        command.args(["-T", &seconds.as_secs().max(1).to_string()]);
        for number in 0..self.count {
            let kind = if piped { "piped" } else { "plain" };
            command.arg("-f").arg(self.folder.join(format!("{kind}-{number}.sql")));
        }
        command.arg(cluster().url(&login.user, password, app.database.target.database()));
        let ran = command.output().unwrap_or_else(|error| panic!("pgbench: {error}"));
        let said = String::from_utf8_lossy(&ran.stdout);
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        let wrong = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "pgbench: {wrong}");
        rate.unwrap_or_else(|| panic!("pgbench tells no rate: {said} {wrong}"))
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn report(tenants: usize, rounds: usize, took: &Spread, [stack, plain, piped]: [f64; 3]) {
    let (to_plain, to_piped) = (stack / plain, stack / piped);
    println!(
        "B7  authenticated scoped GET, {USERS} users, {tenants} tenants in turn, mean of {rounds} rounds"
    );
    println!(
        "    whole stack      {stack:>8.0} /s   p50 {:.2} ms, p99 {:.2} ms (required: 20)",
        took.p50, took.p99
    );
    println!("    pgbench          {plain:>8.0} /s   the stack is {to_plain:.2} x (required: 0.35)");
    println!("    pgbench, piped   {piped:>8.0} /s   the stack is {to_piped:.2} x");
    let figures: Value = json!({
        "id": "B7", "tenants": tenants, "users": USERS, "rounds": rounds, "ms": took.json(), "stack_per_s": stack,
        "pgbench_per_s": plain, "pgbench_piped_per_s": piped, "ratio_to_pgbench": to_plain, "ratio_to_piped": to_piped,
    });
    write("b7", &figures);
}
