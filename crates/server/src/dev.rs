//! `tenantry dev`: everything in one process, for a first look and for development.
//!
//! Owns: the private cluster, and what `folder` keeps beside it. Calls: pg's cluster, app, worker, demo, `banner`. Called by: commands.
//! Invariants: Ctrl-C and SIGTERM drain requests, let the worker finish what it holds and stop the cluster, in this order
//! (`dev_starts_stops_and_keeps_its_data`), also while it is still starting (`ctrl_c_during_the_start_stops_cleanly`); a part that fails
//! takes the others with it. After a crash: the next start takes the cluster over and recovers it (`a_killed_dev_is_taken_over`).

mod banner;
pub(crate) mod folder;

use crate::{
    app::{App, Place},
    commands::{self, Failure},
    config::{Config, MasterKey, Secret},
    demo,
    http::console::Console,
    mail,
    run::{self, Sockets},
    worker::{Woken, Worker},
};
use banner::Banner;
use tenantry_core::{ctx::Ctx, identity::Environment, placement::Placement, wake};
use tenantry_pg::{
    Listener, Login, Target,
    bootstrap::Superuser,
    cluster::{Cluster, ClusterConfig},
    roles::hex,
};
use tokio::sync::watch;

const DATABASE: &str = "tenantry";
const OWNER: &str = "tenantry_owner";

/// Runs until SIGTERM or Ctrl-C.
pub(crate) async fn run(mut config: Config, demo: bool) -> Result<(), Failure> {
    let stop = run::stop_on_signal()?;
    // Before anything is started: the likeliest mistake is a port in use.
    let sockets = run::bind(&config)?;
    folder::prepare(&config.data_dir)?;
    let cluster = match &config.database_url {
        Some(_) => None,
        None => Some(start_cluster(&config).await?),
    };
    let outcome = Box::pin(with_database(&mut config, cluster.as_ref(), sockets, demo, stop)).await;
    let Some(cluster) = cluster else { return outcome };
    let stopped = tokio::task::spawn_blocking(move || cluster.stop()).await?;
    if let (Err(_), Err(error)) = (&outcome, &stopped) {
        tracing::error!(%error, "PostgreSQL did not stop in order either");
    }
    outcome.and(stopped.map_err(Failure::from))
}

async fn start_cluster(config: &Config) -> Result<Cluster, Failure> {
    let wanted = ClusterConfig {
        data_dir: config.data_dir.clone(),
        bin_dir: config.pg_bin.clone(),
        settings: Vec::new(),
        ephemeral: false,
    };
    // The cluster's calls block: processes and files. A stop that comes meanwhile waits for them: seconds at the first start.
    Ok(tokio::task::spawn_blocking(move || Cluster::start(&wanted)).await??)
}

async fn with_database(
    config: &mut Config,
    cluster: Option<&Cluster>,
    sockets: Sockets,
    demo: bool,
    stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    sockets.settle_public_url(config);
    let (app, placement) = tokio::select! {
        () = run::stopped(stop.clone()) => return Ok(()),
        prepared = prepare(config, cluster) => prepared?,
    };
    let (halt, stop) = halt_or(stop);
    let listener = Listener::beside(&placement.owner, &wake::CHANNELS);
    let worker = Worker {
        presence: listener.presence(),
        prover: Some(app.prover(config, &placement)),
        demo_data: Some(app.demo_data()),
        placement,
        settings: commands::settings(config),
        metrics: app.metrics.clone(),
        waker: app.runs.waker.clone(),
        access: app.access.waker(),
        mailer: mail::mailer(config)?,
    };
    let working = tenantry_pg::task::detached(worker.run(Woken::by(&listener), stop.clone()));
    let url = sockets.url(config);
    let serving = run::serve(config, app.clone(), sockets, stop.clone());
    let greeting = async {
        tokio::select! {
            () = run::stopped(stop) => Ok(()),
            told = greet(config, &app, &url, demo, cluster) => told,
        }
    };
    // All three are waited for: requests are drained, and what the worker holds is finished, before the cluster goes.
    let (served, work, greeted) = tokio::join!(
        or_halt(&halt, async { Ok(serving.await?) }),
        or_halt(&halt, async { Ok(working.await?) }),
        or_halt(&halt, greeting),
    );
    served.and(work).and(greeted)
}

/// Secrets, the database and its control plane; then the parts of the server, and the owner's means for the worker.
async fn prepare(config: &mut Config, cluster: Option<&Cluster>) -> Result<(App, Placement), Failure> {
    let configured = config.master_key.as_ref().map(|key| hex(key.expose()));
    let key = folder::secret(&config.data_dir.join("master.key"), configured)?;
    config.master_key = Some(MasterKey::new(folder::unhex(&key)?));
    let configured = config.operator_token.as_ref().map(|token| token.expose().to_owned());
    let token = folder::secret(&config.data_dir.join("operator.token"), configured)?;
    config.operator_token = Some(Secret::new(&token));
    let (target, owner) = match cluster {
        Some(cluster) => private_database(cluster, &key).await?,
        None => commands::owner(config)?,
    };
    let placement = commands::placement_of(config, &target, owner)?;
    placement.set_up().await?;
    let place = Place {
        pooler: commands::pooler(config)?,
        installation: placement.installation.clone(),
        template: placement.template.clone(),
        target,
        ctx: Ctx::system(),
        environment: Environment::Dev,
    };
    Ok((App::new(config, place)?, placement))
}

/// The private cluster's database, and its owner, who is no superuser: what works here works on a managed server.
async fn private_database(cluster: &Cluster, key: &str) -> Result<(Target, Login), Failure> {
    let (target, superuser) = Target::parse(&cluster.superuser_url())?;
    let superuser = Superuser::connect(&target, &superuser.ok_or("the cluster's URL names no user")?).await?;
    let password = hex(&<sha2::Sha256 as sha2::Digest>::digest(format!("owner of {key}").as_bytes()));
    let owner = Login { user: OWNER.to_owned(), passwords: vec![password] };
    superuser.ensure_owner(&owner).await?;
    superuser.ensure_database(DATABASE, OWNER).await?;
    superuser.close_other_databases().await?;
    Ok((target.with_database(DATABASE), owner))
}

/// A stop of our own beside the signal's.
fn halt_or(signal: watch::Receiver<bool>) -> (watch::Sender<bool>, watch::Receiver<bool>) {
    let (halt, stop) = watch::channel(false);
    let ours = halt.clone();
    // Ends with the signal, or with the process.
    tenantry_pg::task::detached(async move {
        run::stopped(signal).await;
        ours.send_replace(true);
    });
    (halt, stop)
}

/// A part without which the rest is no use: when it fails, all stop.
async fn or_halt(
    halt: &watch::Sender<bool>,
    part: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let ended = part.await;
    if ended.is_err() {
        halt.send_replace(true);
    }
    ended
}

/// Makes what the demo shows, and says where to look.
async fn greet(
    config: &Config,
    app: &App,
    url: &str,
    demo: bool,
    cluster: Option<&Cluster>,
) -> Result<(), Failure> {
    let shown = if demo { Some(demo::show(app, &config.data_dir.join("demo")).await?) } else { None };
    let token = config.operator_token.as_ref().map_or("", |token| token.expose());
    folder::leave_for_cli(&config.data_dir, url, token)?;
    let database = cluster.map_or_else(
        || "the one that DATABASE_URL names".to_owned(),
        |cluster| format!("private PostgreSQL {} in {}", cluster.version().1, cluster.data_dir().display()),
    );
    let console = Console::built().is_there();
    Banner { url, token, database: &database, data_dir: &config.data_dir, shown: shown.as_ref(), console }
        .print()
}
