//! The commands that run here: server, worker, dev, migrate-control, pooler, openapi, probe.
//!
//! Owns: nothing. Calls: config, run, worker, dev. Called by: the binary.
//! Invariants: exit codes are those of docs/cli.md: 0 done, 1 failed, 2 usage (`bad_configuration_is_usage`). After a crash: start again.

mod operator;

pub use operator::{BootstrapArgs, HiddenLine};

use crate::{
    app::{App, Place},
    config::{self, Config, Mode, process_environment},
    dev, http, mail, run, telemetry,
    worker::{Woken, Worker, WorkerSettings},
};
use std::{
    fmt::Display,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tenantry_core::{
    access, authz,
    ctx::Ctx,
    identity::Environment,
    placement::{Placement, Template},
    wake::{self, Waker},
};
use tenantry_pg::{
    Listener, Login, Pool, PoolSettings, Quiet, Target,
    roles::{Installation, MasterKey},
};

/// Commands that start a process of the platform, or speak with its database as the owner.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Everything in one process, with a private PostgreSQL unless `DATABASE_URL` is set.
    Dev(DevArgs),
    /// Serves the API. Holds no owner's credential.
    Server(ConfigArgs),
    /// Makes tenants, fills warm slots, ends psql sessions. The only process that needs the owner's `DATABASE_URL`.
    Worker(ConfigArgs),
    /// Brings the control plane's tables, logins and grants up to date.
    MigrateControl(ConfigArgs),
    /// Makes the first operator, or lets a locked one in again. Needs the owner's `DATABASE_URL`.
    BootstrapOperator(BootstrapArgs),
    /// What a connection pooler needs to know.
    #[command(subcommand)]
    Pooler(PoolerCommand),
    /// Prints the OpenAPI 3.1 document.
    Openapi,
    /// Prints the reference of all configuration keys, Markdown.
    #[command(hide = true)]
    ConfigReference,
    /// Print who may do what, as the page in docs/security
    #[command(hide = true)]
    AuthzMatrix,
    /// Exits 0 when GET URL answers with 200; for container health checks.
    #[command(hide = true)]
    Probe {
        /// `http://host:port/path`
        url: String,
    },
}

/// Flags of `dev`.
#[derive(Debug, clap::Args)]
pub struct DevArgs {
    /// Three tenants with rows, and a proof that they are apart.
    #[arg(long)]
    pub demo: bool,
    /// Folder of the private cluster [default: .tenantry]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of the API and console [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// TOML file with keys of docs/configuration.md
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Flags of production processes.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// TOML file with keys of docs/configuration.md
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address of the API [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
}

/// Commands for poolers.
#[derive(Debug, clap::Subcommand)]
pub enum PoolerCommand {
    /// Prints PgBouncer's userlist: the cells' logins with their passwords. Keep it as secret as the master key.
    Userlist(ConfigArgs),
}

/// Runs a command to its end. `hidden` reads what is typed without showing it.
pub fn execute(command: Command, hidden: HiddenLine) -> ExitCode {
    match command {
        Command::Openapi => match serde_json::to_string_pretty(&http::router::openapi()) {
            Ok(text) => said(&text),
            Err(error) => failed(&error),
        },
        Command::AuthzMatrix => said(authz::matrix().trim_end()),
        Command::ConfigReference => said(config::reference_markdown().trim_end()),
        Command::Probe { url } => probe(&url),
        Command::Dev(args) => {
            with_config(Mode::Dev, args.config.as_deref(), args.listen, args.data_dir, |config| {
                runtime(dev::run(config, args.demo))
            })
        }
        Command::Server(args) => {
            with_config(Mode::Server, args.config.as_deref(), args.listen, None, |config| {
                runtime(server(config))
            })
        }
        Command::Worker(args) => {
            with_config(Mode::Worker, args.config.as_deref(), args.listen, None, |config| {
                runtime(worker(config))
            })
        }
        Command::MigrateControl(args) => {
            with_config(Mode::Worker, args.config.as_deref(), args.listen, None, |config| {
                runtime(migrate_control(config))
            })
        }
        Command::BootstrapOperator(args) => {
            with_config(Mode::Worker, args.config.clone().as_deref(), None, None, |config| {
                runtime(operator::bootstrap(config, args, hidden))
            })
        }
        Command::Pooler(PoolerCommand::Userlist(args)) => {
            with_config(Mode::Worker, args.config.as_deref(), args.listen, None, |config| {
                runtime(userlist(config))
            })
        }
    }
}

/// What a command ends with, when it does not end well.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

fn with_config(
    mode: Mode,
    file: Option<&Path>,
    listen: Option<String>,
    data_dir: Option<PathBuf>,
    command: impl FnOnce(Config) -> ExitCode,
) -> ExitCode {
    let mut environment = process_environment();
    environment.extend(listen.map(|addr| ("TENANTRY_LISTEN".to_owned(), addr)));
    environment.extend(data_dir.map(|dir| ("TENANTRY_DATA_DIR".to_owned(), dir.display().to_string())));
    match Config::load(mode, &environment, file) {
        Err(errors) => {
            complain(&errors);
            ExitCode::from(2)
        }
        Ok(config) => match telemetry::log::init(&config.log_filter, config.log_format) {
            Err(error) => failed(&error),
            Ok(()) => command(config),
        },
    }
}

fn runtime(command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn Display) -> ExitCode {
    complain(error);
    ExitCode::FAILURE
}

fn complain(error: &dyn Display) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(std::io::stderr(), "error: {error}");
}

fn said(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn server(mut config: Config) -> Result<(), Failure> {
    let url = config.server_url.as_deref().or(config.database_url.as_ref().map(config::Secret::expose));
    let place = place(&config, url.ok_or("TENANTRY_SERVER_URL is required")?)?;
    let stop = run::stop_on_signal()?;
    let sockets = run::bind(&config)?;
    sockets.settle_public_url(&mut config);
    let metrics = sockets.metrics_addr().map(tracing::field::display);
    tracing::info!(address = %sockets.addr(), metrics, tls = config.tls(), "serving");
    let app = App::new(&config, place)?;
    run::serve(&config, app, sockets, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

async fn worker(config: Config) -> Result<(), Failure> {
    let url = config.database_url.as_ref().ok_or("DATABASE_URL is required")?.expose().to_owned();
    let placement = placement(&config)?;
    // What isolation is proved with: the application as a server has it, with the logins that servers use.
    let app = App::new(&config, place(&config, &url)?)?;
    let stop = run::stop_on_signal()?;
    let listener = Listener::beside(&placement.owner, &wake::CHANNELS);
    let worker = Worker {
        settings: settings(&config),
        metrics: app.metrics.clone(),
        waker: Waker::start(placement.owner.clone()),
        access: Waker::on(placement.owner.clone(), access::CHANNEL),
        prover: Some(app.prover(&config, &placement)),
        demo_data: Some(app.demo_data()),
        placement,
        mailer: mail::mailer(&config)?,
        presence: listener.presence(),
    };
    tracing::info!(warm_slots = config.warm_slots, "working");
    worker.run(Woken::by(&listener), stop).await;
    tracing::info!("stopped");
    Ok(())
}

pub(crate) fn settings(config: &Config) -> WorkerSettings {
    WorkerSettings {
        warm_slots: usize::try_from(config.warm_slots).unwrap_or(0),
        lease: config.lease,
        retention: config.retention,
        grace: config.shutdown_grace,
        ..WorkerSettings::default()
    }
}

async fn migrate_control(config: Config) -> Result<(), Failure> {
    let done = placement(&config)?.set_up().await?;
    let access = if done.access { "applied" } else { "as they were" };
    writeln!(std::io::stdout(), "{} migrations ran; logins, grants and policies {access}", done.migrations)?;
    Ok(())
}

async fn userlist(config: Config) -> Result<(), Failure> {
    for login in placement(&config)?.cell_logins().await? {
        let password = login.passwords.first().map_or("", String::as_str);
        writeln!(std::io::stdout(), "\"{}\" \"{password}\"", login.user)?;
    }
    Ok(())
}

/// The owner's connection, from `DATABASE_URL`.
pub(crate) fn owner(config: &Config) -> Result<(Target, Login), Failure> {
    let url = config.database_url.as_ref().ok_or("DATABASE_URL is required")?;
    let (target, login) = Target::parse(url.expose())?;
    Ok((target, login.ok_or("DATABASE_URL names no user")?))
}

fn installation(config: &Config, target: &Target) -> Result<Installation, Failure> {
    let key = config.master_key.as_ref().ok_or("TENANTRY_MASTER_KEY is required")?;
    let previous = config.master_key_previous.as_ref().map(|key| MasterKey::new(*key.expose()));
    Ok(Installation::of_database(target.database(), MasterKey::new(*key.expose()), previous))
}

fn template(config: &Config) -> Result<Template, Failure> {
    Ok(match &config.tenant_migrations {
        Some(folder) => Template::from_folder(folder)?,
        None => Template::built_in()?,
    })
}

/// What the owner's commands work with.
fn placement(config: &Config) -> Result<Placement, Failure> {
    let (target, login) = owner(config)?;
    placement_of(config, &target, login)
}

/// The same for an owner that is known from elsewhere.
pub(crate) fn placement_of(config: &Config, target: &Target, owner: Login) -> Result<Placement, Failure> {
    let installation = installation(config, target)?;
    let settings = PoolSettings {
        size: 4,
        named_statements: 100,
        wait: Duration::from_secs(30),
        ..PoolSettings::default()
    };
    let owner = Pool::new(target.clone().with_public_path(), owner, settings, std::sync::Arc::new(Quiet));
    Ok(Placement { owner, installation, template: template(config)?, ctx: Ctx::system() })
}

/// Where tenant traffic goes, when there is a pooler.
pub(crate) fn pooler(config: &Config) -> Result<Option<Target>, Failure> {
    Ok(config.pooler_url.as_deref().map(Target::parse).transpose()?.map(|(target, _)| target))
}

/// Where the server works, for `url`, whose login is not used.
fn place(config: &Config, url: &str) -> Result<Place, Failure> {
    let (target, _) = Target::parse(url)?;
    Ok(Place {
        installation: installation(config, &target)?,
        target,
        pooler: pooler(config)?,
        template: template(config)?,
        ctx: Ctx::system(),
        environment: Environment::Live,
    })
}

/// GET by hand: one request without TLS to this very container is no reason for a client library in the server.
fn probe(url: &str) -> ExitCode {
    let Some((host, path)) =
        url.strip_prefix("http://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    else {
        return failed(&"the URL must begin with http://");
    };
    let answer = (|| {
        let mut stream = std::net::TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(3)))?;
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(64 * 1024).read_to_string(&mut answer).map(|_| answer)
    })();
    match answer {
        Ok(answer) if answer.starts_with("HTTP/1.1 200") => ExitCode::SUCCESS,
        Ok(answer) => failed(&answer.lines().next().unwrap_or("no answer")),
        Err(error) => failed(&error),
    }
}
