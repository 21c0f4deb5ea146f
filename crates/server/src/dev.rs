//! `tenantry dev`: everything in one process, for a first look and for development.
//!
//! Owns: the data folder: cluster, master key, operator token, `cli.json`. Calls: pg's cluster, app, worker, demo. Called by: commands.
//! Invariants: secrets are made once and readable by their owner alone; Ctrl-C and SIGTERM drain requests and stop the cluster
//! (`dev_starts_stops_and_keeps_its_data`). After a crash: the next start takes the cluster over and recovers it.

use crate::{
    app::{App, Place},
    commands::{self, Failure},
    config::{Config, MasterKey as ConfiguredKey, Secret},
    demo, run,
    worker::Worker,
};
use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};
use tenantry_core::{ctx::Ctx, identity::Environment, placement::Placement};
use tenantry_pg::{
    Login, Pool, PoolSettings, Quiet, Target,
    bootstrap::Superuser,
    cluster::{Cluster, ClusterConfig},
    roles::{Installation, MasterKey, hex},
};
use tokio::sync::watch;

const DATABASE: &str = "tenantry";
const OWNER: &str = "tenantry_owner";

/// Runs until SIGTERM or Ctrl-C.
pub(crate) async fn run(mut config: Config, demo: bool) -> Result<(), Failure> {
    let stop = run::stop_on_signal()?;
    // Before anything is started: the likeliest mistake is a port in use.
    let bound = run::bind(&config)?;
    prepare_folder(&config.data_dir)?;
    let cluster = match &config.database_url {
        Some(_) => None,
        None => Some(start_cluster(&config).await?),
    };
    let outcome = with_database(&mut config, cluster.as_ref(), bound, demo, stop).await;
    if let Some(cluster) = cluster {
        tokio::task::spawn_blocking(move || cluster.stop()).await??;
    }
    outcome
}

async fn with_database(
    config: &mut Config,
    cluster: Option<&Cluster>,
    bound: crate::http::listener::Bound,
    demo: bool,
    stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let key = secret(&config.data_dir.join("master.key"), config.master_key.as_ref().map(|key| hex(key.expose())))?;
    let token = secret(&config.data_dir.join("operator.token"), config.operator_token.as_ref().map(|t| t.expose().to_owned()))?;
    config.operator_token = Some(Secret::new(&token));
    config.master_key = Some(ConfiguredKey::new(unhex(&key)?));
    let (target, owner) = match (cluster, &config.database_url) {
        (Some(cluster), _) => private_database(cluster, &key).await?,
        (None, Some(url)) => {
            let (target, login) = Target::parse(url.expose())?;
            (target, login.ok_or("DATABASE_URL names no user")?)
        }
        (None, None) => return Err("there is neither a cluster nor DATABASE_URL".into()),
    };
    let installation = Installation::of_database(target.database(), MasterKey::new(unhex(&key)?), None);
    let settings = PoolSettings { size: 4, named_statements: 0, wait: Duration::from_secs(30), ..PoolSettings::default() };
    let owner = Pool::new(target.clone().with_public_path(), owner, settings, std::sync::Arc::new(Quiet));
    let template = commands::template(config)?;
    let placement =
        Placement { owner, installation: installation.clone(), template: template.clone(), ctx: Ctx::system() };
    placement.set_up().await?;
    let pooler = config.pooler_url.as_deref().map(Target::parse).transpose()?.map(|(target, _)| target);
    let place = Place { target, pooler, installation, template, ctx: Ctx::system(), environment: Environment::Dev };
    let url = format!("{}://{}", if config.tls() { "https" } else { "http" }, bound.addr());
    if config.listen.port() == 0 {
        config.public_url.clone_from(&url);
    }
    let app = App::new(config, place)?;
    let worker = Worker { placement, settings: commands::settings(config), metrics: app.metrics.clone() };
    // The worker ends with `stop`, and is waited for: what it holds is finished before the cluster goes.
    let working = tenantry_pg::task::detached(worker.run(app.woken(), stop.clone()));
    let serving = run::serve(config, app.clone(), bound, stop);
    let greeting = greet(config, &app, &url, &token, demo, cluster);
    let (served, greeted) = tokio::join!(serving, greeting);
    working.await?;
    served?;
    greeted
}

/// Makes what the demo shows, and says where to look.
async fn greet(
    config: &Config,
    app: &App,
    url: &str,
    token: &str,
    demo: bool,
    cluster: Option<&Cluster>,
) -> Result<(), Failure> {
    let shown = if demo { Some(demo::show(app).await?) } else { None };
    leave_for_cli(&config.data_dir, url, token)?;
    let mut out = Vec::new();
    let database = cluster.map_or_else(
        || "DATABASE_URL".to_owned(),
        |cluster| format!("private PostgreSQL {} in {}", cluster.version().1, cluster.data_dir().display()),
    );
    writeln!(out, "\n  Tenantry {} is up.\n", crate::http::health::VERSION)?;
    writeln!(out, "  API and console   {url}\n  API reference     {url}/docs\n  Database          {database}")?;
    writeln!(out, "  Operator token    {token}")?;
    match &shown {
        None => writeln!(out, "\n  Make a tenant:\n\n    tenantry tenant create acme --name Acme --admin-email admin@acme.example")?,
        Some(shown) => tell_demo(&mut out, shown, url)?,
    }
    writeln!(out, "\n  Ctrl-C stops everything; the data stay.\n")?;
    std::io::stdout().write_all(&out)?;
    Ok(())
}

fn tell_demo(out: &mut Vec<u8>, shown: &demo::Shown, url: &str) -> std::io::Result<()> {
    writeln!(out, "\n  Tenant    Tier      Schema                    Agents")?;
    for tenant in &shown.tenants {
        writeln!(out, "  {:<9} {:<9} {:<25} {}", tenant.slug, tenant.tier, tenant.schema, tenant.agents)?;
    }
    let (intruder, target, refusal) = &shown.proof;
    writeln!(out, "\n  Proof: {intruder}'s identity asked for a row of {target}, and PostgreSQL itself said")?;
    writeln!(out, "    {} (SQLSTATE {})", refusal.message, refusal.sql_state)?;
    if let Some(first) = shown.tenants.first() {
        writeln!(out, "\n  Read {}'s agents with its own key (good for a day):\n", first.slug)?;
        writeln!(out, "    curl -s {url}/v1/agents -H 'Authorization: Bearer {}'", first.key)?;
    }
    Ok(())
}

fn prepare_folder(folder: &Path) -> Result<(), Failure> {
    match fs::create_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) => Err(format!(
            "the data folder {} cannot be made: {error}; name another with --data-dir or TENANTRY_DATA_DIR",
            folder.display()
        )
        .into()),
    }
}

async fn start_cluster(config: &Config) -> Result<Cluster, Failure> {
    let wanted = ClusterConfig {
        data_dir: config.data_dir.clone(),
        bin_dir: config.pg_bin.clone(),
        settings: Vec::new(),
        ephemeral: false,
    };
    // The cluster's calls block: processes and files.
    Ok(tokio::task::spawn_blocking(move || Cluster::start(&wanted)).await??)
}

/// The private cluster's database, and its owner, who is no superuser: what works here works on a managed server.
async fn private_database(cluster: &Cluster, key: &str) -> Result<(Target, Login), Failure> {
    let (target, superuser) = Target::parse(&cluster.superuser_url())?;
    let superuser = Superuser::connect(&target, &superuser.ok_or("the cluster's URL names no user")?).await?;
    let password = hex(&<sha2::Sha256 as sha2::Digest>::digest(format!("owner of {key}").as_bytes()));
    let owner = Login { user: OWNER.to_owned(), passwords: vec![password] };
    superuser.ensure_owner(&owner).await?;
    superuser.ensure_database(DATABASE, OWNER).await?;
    Ok((target.with_database(DATABASE), owner))
}

/// A secret of the data folder: the configured one, the one that is there, or a new one.
fn secret(path: &Path, configured: Option<String>) -> Result<String, Failure> {
    if let Some(configured) = configured {
        return Ok(configured);
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut bytes = [0_u8; 32];
            getrandom::fill(&mut bytes)?;
            let text = hex(&bytes);
            write_private(path, &text)?;
            Ok(text)
        }
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// Whole or not at all, and for its owner's eyes alone.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let draft = path.with_extension("new");
    let written = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).and_then(
        |mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        },
    );
    written
        .and_then(|()| fs::rename(&draft, path))
        .map_err(|error| format!("{} cannot be written: {error}", path.display()).into())
}

fn unhex(text: &str) -> Result<[u8; 32], Failure> {
    let digits = (0..64).step_by(2).map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    let bytes: Option<Vec<u8>> = digits.collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .filter(|_| text.len() == 64)
        .ok_or_else(|| "master.key in the data folder must hold 64 hexadecimal digits".into())
}

/// Lets the CLI find this server without being told.
fn leave_for_cli(folder: &Path, url: &str, token: &str) -> Result<(), Failure> {
    let text = serde_json::json!({"url": url, "token": token}).to_string();
    write_private(&folder.join("cli.json"), &text)
}
