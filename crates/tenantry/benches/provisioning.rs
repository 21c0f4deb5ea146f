//! B1, B2, B3: how long a tenant takes, over a real socket, beside the same DDL in one psql transaction, in the same run.
//!
//! - B1, warm: `POST /v1/tenants` to the answer that says `active`, a slot being ready.
//! - B2, cold: the same with `Prefer: wait`, no slot, a worker running; beside psql, which makes the same roles, schema, tables, grants and
//!   policies from one script in one transaction.
//! - B3: both again with many tenants there.
//!
//! Eight warm ones, as many as the worker refills at once, one cold and one by psql alternate, so that a noisy machine disturbs all of them.
//! Writes `target/bench/provisioning.json`. `--tenants N` sets the large fleet (5,000), `--samples N` the rounds (25).

use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};
use tenantry_server::run;
use tenantry_testkit::{OPERATOR, TestApp};
use tokio::sync::watch;

const SMALL_FLEET: usize = 100;

/// Slots in a refill of the worker: after each, the connections look up their memberships and catalogues again.
const BATCH: usize = 8;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime
        .unwrap_or_else(|error| panic!("{error}"))
        .block_on(bench(argument("--tenants", 5_000), argument("--samples", 25)));
}

fn argument(name: &str, default: usize) -> usize {
    std::env::args().skip_while(|arg| arg != name).nth(1).and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Milliseconds, sorted.
struct Figures(Vec<f64>);

impl Figures {
    fn at(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let place = ((self.0.len() - 1) as f64 * share).round() as usize;
        self.0[place]
    }
}

struct Round {
    warm: Figures,
    cold: Figures,
    psql: Figures,
}

async fn bench(large: usize, samples: usize) {
    // The worker keeps no slots by itself: its refills would stand in the way of what is measured.
    let app = TestApp::builder().start().await;
    let bound = run::bind(&app.config);
    let bound = bound.unwrap_or_else(|error| panic!("{error}"));
    let address = bound.addr();
    let (_stop, stopped) = watch::channel(false);
    let (config, parts) = (app.config.clone(), app.app.clone());
    tenantry_pg::task::detached(
        async move { run::serve(&config, parts, bound, stopped).await.map_err(drop) },
    );
    let script = ddl_script(&app).await;
    let _worker = app.start_worker();
    let mut number = 0;

    grow(&app, SMALL_FLEET, &mut number).await;
    let small = measure(&app, address, &script, samples, &mut number).await;
    print(SMALL_FLEET, &small);
    grow(&app, large, &mut number).await;
    let full = measure(&app, address, &script, samples, &mut number).await;
    print(large, &full);
    let (warm, cold) = (full.warm.at(0.5) / small.warm.at(0.5), full.cold.at(0.5) / small.cold.at(0.5));
    println!("B3  {large} tenants against {SMALL_FLEET}: warm {warm:.2} x, cold {cold:.2} x (required: 1.3)");
    write_json(
        &json!({"small": to_json(SMALL_FLEET, &small), "large": to_json(large, &full), "b3_warm": warm, "b3_cold": cold}),
    );
}

/// Makes tenants the warm way until there are so many.
async fn grow(app: &TestApp, wanted: usize, number: &mut usize) {
    let operator = app.operator();
    while *number < wanted {
        let batch = (wanted - *number).min(64);
        app.database.placement.fill(batch).await.unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..batch {
            *number += 1;
            let _ = operator.post("/v1/tenants", &wish(*number)).await.expect(202);
        }
        if *number % 512 < 64 {
            app.database.placement.analyze_catalogue().await.unwrap_or_else(|error| panic!("{error}"));
        }
    }
    app.database.placement.analyze_catalogue().await.unwrap_or_else(|error| panic!("{error}"));
}

fn wish(number: usize) -> Value {
    json!({"slug": format!("bench-{number}"), "name": "Bench", "admin_email": "bench@example.com"})
}

async fn measure(
    app: &TestApp,
    address: SocketAddr,
    script: &str,
    samples: usize,
    number: &mut usize,
) -> Round {
    let mut http = Http::open(address);
    let mut psql = Psql::start(app);
    let (mut warm, mut cold, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for sample in 0..=samples {
        app.database.placement.fill(BATCH).await.unwrap_or_else(|error| panic!("{error}"));
        let mut warm_ms = Vec::new();
        for _ in 0..BATCH {
            *number += 1;
            warm_ms.push(http.create(*number, "active"));
        }
        *number += 1;
        let cold_ms = http.create(*number, "active");
        let floor_ms = psql.run(&script.replace("BENCHNAME", &format!("bench{number}")));
        // The first of each fills caches, and is not counted.
        if sample > 0 {
            warm.extend(warm_ms);
            cold.push(cold_ms);
            floor.push(floor_ms);
        }
    }
    Round { warm: sorted(warm), cold: sorted(cold), psql: sorted(floor) }
}

fn sorted(mut figures: Vec<f64>) -> Figures {
    figures.sort_by(f64::total_cmp);
    Figures(figures)
}

/// One connection that is kept open. By hand: a client library's own time would be part of the figure.
struct Http {
    reader: BufReader<TcpStream>,
}

impl Http {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
        stream.set_nodelay(true).unwrap_or_else(|error| panic!("{error}"));
        Self { reader: BufReader::new(stream) }
    }

    /// Milliseconds until the answer that says so.
    fn create(&mut self, number: usize, status: &str) -> f64 {
        let body = wish(number).to_string();
        let request = format!(
            "POST /v1/tenants HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {OPERATOR}\r\nPrefer: wait=20\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let began = Instant::now();
        self.reader.get_mut().write_all(request.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.reader.read_line(&mut line).unwrap_or_else(|error| panic!("{error}"));
            assert!(read > 0, "the server closed the connection");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap_or_else(|error| panic!("{error}"));
        let took = began.elapsed().as_secs_f64() * 1000.0;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        assert_eq!(answer["tenant"]["status"], status, "{answer}");
        took
    }
}

/// A psql that is kept open, so that its start is not part of the floor.
struct Psql {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Psql {
    fn start(app: &TestApp) -> Self {
        let psql = tenantry_testkit::cluster().bin_dir().join("psql");
        let child = Command::new(psql)
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &app.database.owner_url()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("psql: {error}"));
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("psql has no pipes")
        };
        Self { child, input, output: BufReader::new(output) }
    }

    /// Milliseconds that the script takes, its COMMIT included.
    fn run(&mut self, script: &str) -> f64 {
        let began = Instant::now();
        write!(self.input, "{script}\n\\echo done\n").unwrap_or_else(|error| panic!("psql: {error}"));
        self.input.flush().unwrap_or_else(|error| panic!("psql: {error}"));
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap_or_else(|error| panic!("psql: {error}"));
        assert_eq!(line, "done\n", "psql stopped at an error");
        began.elapsed().as_secs_f64() * 1000.0
    }
}

impl Drop for Psql {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The DDL of a tenant as a person would write it down: roles, schema, both sets of files, grants, row-level security.
async fn ddl_script(app: &TestApp) -> String {
    let tenant = app.tenant("pattern").await.tenant;
    let admin = app.database.admin().await;
    let tables = format!(
        "SELECT string_agg(c.relname || ':' || EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id'), ',' ORDER BY c.oid)
         FROM pg_class c WHERE c.relnamespace = '{}'::regnamespace AND c.relkind = 'r'",
        tenant.schema_name
    );
    let tables =
        admin.value(&tables).await.ok().flatten().unwrap_or_else(|| panic!("the pattern has no tables"));
    let cell = app.database.installation.cell(1);
    let (schema, role, wide) = ("tenant_BENCHNAME", "role_BENCHNAME", "role_BENCHNAME_wide");
    let mut sql = format!(
        "BEGIN;
         CREATE ROLE {role} NOLOGIN NOINHERIT; CREATE ROLE {wide} NOLOGIN NOINHERIT; GRANT {role}, {wide} TO {cell};
         CREATE SCHEMA {schema}; GRANT USAGE ON SCHEMA {schema} TO {role}, {wide};
         SET LOCAL search_path TO {schema};\n"
    );
    sql.push_str(include_str!("../../../migrations/system/V1__system_tables.sql"));
    sql.push_str(include_str!("../../../migrations/tenant/V1__agent_platform.sql"));
    for history in ["_schema_history", "flyway_schema_history"] {
        sql.push_str(&tenantry_pg::migrate::history::create_history(schema, history));
    }
    for (table, has_workspace) in tables.split(',').filter_map(|pair| pair.split_once(':')) {
        if table.ends_with("schema_history") {
            continue;
        }
        let _ = writeln!(
            sql,
            "GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}; GRANT SELECT ON {table} TO {wide};"
        );
        if has_workspace == "true" && table != "_counters" {
            let own = "workspace_id = nullif(current_setting('tenantry.workspace_id', true), '')::uuid";
            let _ = writeln!(
                sql,
                "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
                 CREATE POLICY own ON {table} TO {role} USING ({own}) WITH CHECK ({own});
                 CREATE POLICY wide ON {table} FOR SELECT TO {wide} USING (true);"
            );
        }
    }
    sql.push_str("COMMIT;");
    sql
}

fn print(tenants: usize, round: &Round) {
    let Round { warm, cold, psql } = round;
    println!("with {tenants} tenants; {} warm, {} cold samples; milliseconds", warm.0.len(), cold.0.len());
    println!(
        "B1  warm         p50 {:>7.2}   p99 {:>7.2}   (required: 10 and 50); psql's DDL takes {:.0} x as long",
        warm.at(0.5),
        warm.at(0.99),
        psql.at(0.5) / warm.at(0.5)
    );
    println!(
        "B2  cold         p50 {:>7.2}   p99 {:>7.2}   {:.2} x psql (required: 1.5)",
        cold.at(0.5),
        cold.at(0.99),
        cold.at(0.5) / psql.at(0.5)
    );
    println!("    psql, floor  p50 {:>7.2}   p99 {:>7.2}", psql.at(0.5), psql.at(0.99));
}

fn to_json(tenants: usize, round: &Round) -> Value {
    let figures = |figures: &Figures| json!({"p50_ms": figures.at(0.5), "p99_ms": figures.at(0.99)});
    json!({
        "tenants": tenants, "warm": figures(&round.warm), "cold": figures(&round.cold), "psql": figures(&round.psql),
        "b2_ratio": round.cold.at(0.5) / round.psql.at(0.5),
    })
}

fn write_json(json: &Value) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("provisioning.json"), json.to_string()));
    written.unwrap_or_else(|error| panic!("{error}"));
}
