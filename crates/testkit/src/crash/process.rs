//! The process that dies: a real worker, or a server's part of a run, with a list of points at which it fails or is no more.
//!
//! Owns: nothing. Calls: server's worker, core's provisioning. Called by: `crash_worker`.
//! Invariants: what it did last is on disk before it dies; it ends itself with SIGKILL, so that nothing of it is closed in order.
//! After a crash: its connections are gone, as those of any killed process.

use super::{ANSWER, Crash, Plan, Wish, ask};
use std::{
    collections::HashMap,
    fs::File,
    io::Write,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenantry_core::{
    Error, Result, access,
    ctx::{Ctx, Faults, System},
    identity::Environment,
    placement::{Placement, Template},
    provisioning::{Provisioning, Runs},
    wake::{self, Waker},
};
use tenantry_pg::{
    Listener, Pool, PoolSettings, Quiet, Target,
    roles::{Installation, MasterKey},
};
use tenantry_server::{
    telemetry::Metrics,
    worker::{Worker, WorkerSettings},
};
use tenantry_types::Tier;

/// Does what the plan says: JSON of a [`Plan`]. Exit code 0 when it was done, 1 with a sentence when it could not be.
pub fn main(plan: &str) -> ExitCode {
    match run(plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crash_worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(plan: &str) -> Result<()> {
    let fault = |error: &dyn std::fmt::Display| Error::Fault(error.to_string());
    let plan: Plan = serde_json::from_str(plan).map_err(|error| fault(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| fault(&error))?.block_on(work(plan))
}

async fn work(plan: Plan) -> Result<()> {
    let fault = |error: &dyn std::fmt::Display| Error::Fault(error.to_string());
    let (target, owner) = Target::parse(&plan.owner_url).map_err(|error| fault(&error))?;
    let owner = owner.ok_or_else(|| Error::Fault("the owner's URL names no user".to_owned()))?;
    let mortal = Arc::new(Mortal::new(&plan)?);
    let ctx = Ctx { clock: Arc::new(System), ids: Arc::new(System), faults: mortal.clone() };
    let installation = Installation::of_database(target.database(), MasterKey::new([7; 32]), None);
    let template = Template::built_in().map_err(|error| fault(&error))?;
    let pool = |login| {
        let settings = PoolSettings { size: 4, named_statements: 0, ..PoolSettings::default() };
        Pool::new(target.clone().with_public_path(), login, settings, Arc::new(Quiet))
    };
    match &plan.wish {
        Some(wish) => serve(pool(installation.platform_login()), ctx, installation, &template, wish).await?,
        None => toil(Placement { owner: pool(owner), installation, template, ctx }, plan.warm_slots).await?,
    }
    Ok(())
}

/// A server's part: the wish, in the transaction that answers it.
async fn serve(
    platform: Pool,
    ctx: Ctx,
    installation: Installation,
    template: &Template,
    wish: &Wish,
) -> Result<()> {
    let faults = Arc::clone(&ctx.faults);
    let provisioning = Provisioning {
        runs: Runs {
            waker: Waker::start(platform.clone()),
            access: None,
            pool: platform,
            ctx,
            installation,
            schema_version: template.version(),
            environment: Environment::Dev,
            public_url: "http://127.0.0.1:8080".to_owned(),
            retention: None,
        },
        template: template.clone(),
        default_tier: Tier::Free,
    };
    ask(&provisioning, wish).await?;
    faults.at(ANSWER)
}

/// A worker: works until no run is open.
async fn toil(placement: Placement, warm_slots: usize) -> Result<()> {
    let owner = placement.owner.clone();
    let listener = Listener::beside(&owner, &wake::CHANNELS);
    let mut woken = listener.subscribe();
    let present = listener.presence().wait_for(Option::is_some).await.map(drop);
    present.map_err(|_| Error::Fault("the listener is gone".to_owned()))?;
    let worker = Worker {
        placement,
        settings: WorkerSettings { warm_slots, ..WorkerSettings::default() },
        metrics: Metrics::new(1).map_err(|error| Error::Fault(error.to_string()))?,
        waker: Waker::start(owner.clone()),
        access: Waker::on(owner.clone(), access::CHANNEL),
        mailer: None,
        prover: None,
        demo_data: None,
        presence: listener.presence(),
    };
    loop {
        worker.look(&mut 0).await;
        if open_runs(&owner).await? == 0 {
            return Ok(());
        }
        // Another worker may hold what is open: its end wakes us, and so does the poll.
        let _ = tokio::time::timeout(Duration::from_millis(20), woken.changed()).await;
    }
}

async fn open_runs(owner: &Pool) -> Result<i64> {
    owner
        .run("open_runs", (), |tx, ()| {
            Box::pin(async move {
                let open = "SELECT count(*) AS open FROM provisioning_runs WHERE finished_at IS NULL";
                let rows = tx.query(open, &[]).await?;
                Ok(rows.first().map_or(Ok(0), |row| row.get("open"))?)
            })
        })
        .await
}

/// Writes down each point; dies at one, fails at another.
struct Mortal {
    crash: Option<Crash>,
    fail: Option<String>,
    trace: Mutex<(File, HashMap<String, usize>)>,
}

impl Mortal {
    fn new(plan: &Plan) -> Result<Self> {
        let trace = File::create(&plan.trace)
            .map_err(|error| Error::Fault(format!("{}: {error}", plan.trace.display())))?;
        Ok(Self {
            crash: plan.crash.clone(),
            fail: plan.fail.clone(),
            trace: Mutex::new((trace, HashMap::new())),
        })
    }
}

impl Faults for Mortal {
    fn at(&self, point: &str) -> Result<()> {
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, passed) = &mut *trace;
        let nth = passed.entry(point.to_owned()).or_default();
        *nth += 1;
        let dies = self.crash.as_ref().is_some_and(|crash| crash.point == point && crash.nth == *nth);
        writeln!(file, "{} {point}", if dies { "died" } else { "passed" })
            .map_err(|error| Error::Fault(format!("the trace: {error}")))?;
        if dies {
            // Returns only if the system refuses; then the harness finds a process that did not die.
            let killed =
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            return Err(Error::Fault(format!("still alive: {killed:?}")));
        }
        if self.fail.as_deref() == Some(point) {
            return Err(Error::Fault("the crash harness made this point fail".to_owned()));
        }
        Ok(())
    }
}
