//! The executor: brings a leased run to its end.
//!
//! Owns: nothing. Calls: the host. Called by: core's hosts.
//! Invariants: see the module. After a crash: see the module.

use super::{
    Host,
    model::{Happening, begin_step, end_step, fail_step, happens, next_step, undo_step},
};
use crate::Lease;
use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenantry_pg::{BoxFuture, ControlTx, ErrorKind, TxError};
use tenantry_types::run::{Run, RunStatus, StepName, StepStatus};

/// Takings of a run after which an interruption counts as a failure: going forward, and going back. Undoing is worth more patience: after
/// it a person has to come.
const TAKINGS: (i32, i32) = (5, 20);

/// Drives a run that this lease holds until it is at an end. `takings` says how often it was taken, this time included.
///
/// # Errors
/// What interrupted it: the run waits for the next taking. A step's failure is none: the run that is returned tells of it.
pub async fn drive<H: Host>(host: &H, mut run: Run, lease: Lease, takings: i32) -> Result<Run, H::Error> {
    while !run.status.is_final() {
        let back_now = run.status == RunStatus::RollingBack;
        let patience = if back_now { TAKINGS.1 } else { TAKINGS.0 };
        if takings > patience {
            // Taken again and again without an end, and without an error: it takes its worker down each time.
            let told = format!("no worker came to its end in {patience} takings");
            let stop = Stop { run, error: tenantry_pg::Error::Shape(told).into() };
            run = save(host, failed(host, stop), lease).await?;
            continue;
        }
        let outcome = if back_now { back(host, &run, lease).await } else { forward(host, &run, lease).await };
        run = match outcome {
            Ok(run) => run,
            Err(stop) if interrupted(&stop.error) && takings < patience => {
                // Where that fails too, the lease ends by itself.
                let _ = release(host, stop.run, lease, pause(takings)).await;
                return Err(stop.error);
            }
            Err(stop) => save(host, failed(host, stop), lease).await?,
        };
    }
    Ok(run)
}

/// A segment that did not end: the run as it was then, and why.
struct Stop<E> {
    run: Run,
    error: E,
}

/// The database went away, or had no time: no fault of the step's.
fn interrupted<E: TxError>(error: &E) -> bool {
    let kind = error.pg().map(tenantry_pg::Error::kind);
    matches!(kind, Some(ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Retry))
}

/// A quarter of a second, twice as long after each taking, half a minute at the most.
fn pause(takings: i32) -> Duration {
    Duration::from_millis(250) * 2_u32.pow(u32::try_from(takings - 1).unwrap_or(0).min(7))
}

/// The run after a failure: on its way back, or left to a person.
fn failed<H: Host>(host: &H, stop: Stop<H::Error>) -> Run {
    let Stop { mut run, error } = stop;
    if run.status == RunStatus::RollingBack {
        let begun = |status| !matches!(status, StepStatus::Pending | StepStatus::Undone);
        let left: Vec<_> = run.steps.iter().filter(|s| begun(s.status)).map(|s| s.name.as_str()).collect();
        let undo = format!(
            "the undo failed: {error}; what may be left is that of {}. Mend the cause, then roll the run back again",
            left.join(", ")
        );
        tracing::error!(run = %run.id, error = undo, "an undo failed; the run needs a person");
        run.error =
            Some(run.error.take().map_or_else(|| undo.clone(), |first| format!("{first}; and {undo}")));
        happens(&mut run, Happening::UndoFailed, host.now());
    } else {
        let open = run.steps.iter().position(|step| step.status == StepStatus::Running);
        if let Some(open) = open {
            fail_step(&mut run, open, host.now(), &error.to_string());
        }
        run.error.get_or_insert_with(|| error.to_string());
        // A later step's record went with the transaction, and so did what the earlier ones of it did.
        tracing::warn!(run = %run.id, %error, "a step failed; undoing");
        happens(&mut run, Happening::Failed, host.now());
    }
    run
}

/// Does the steps of `range`, in the caller's transaction.
///
/// # Errors
/// A step's; it is recorded in `run`.
pub async fn act<H: Host>(
    host: &H,
    tx: &ControlTx,
    making: &mut H::Making,
    run: &mut Run,
    range: Range<usize>,
) -> Result<(), H::Error> {
    let steps = host.steps(run);
    for position in range {
        let Some(step) = steps.get(position) else { break };
        known(run, position, step.name)?;
        if run.steps.get(position).is_none_or(|record| record.status != StepStatus::Running) {
            begin_step(run, position, host.now());
        }
        let outcome = match host.at(&point(run, step.name.as_str(), "before")) {
            Err(error) => Err(error),
            Ok(()) => (step.act)(host, tx, making).await,
        };
        let outcome =
            outcome.and_then(|done| host.at(&point(run, step.name.as_str(), "after")).map(|()| done));
        match outcome {
            Ok(done) => end_step(run, position, host.now(), done),
            Err(error) => {
                fail_step(run, position, host.now(), &error.to_string());
                return Err(error);
            }
        }
    }
    if next_step(run).is_none() {
        happens(run, Happening::Finished, host.now());
    }
    Ok(())
}

/// Takes back the steps of `range`, last first, in the caller's transaction.
///
/// # Errors
/// An undo's.
pub async fn undo<H: Host>(
    host: &H,
    tx: &ControlTx,
    making: &mut H::Making,
    run: &mut Run,
    range: Range<usize>,
) -> Result<(), H::Error> {
    let steps = host.steps(run);
    for position in range.rev() {
        let Some(step) = steps.get(position) else { continue };
        known(run, position, step.name)?;
        host.at(&point(run, step.name.as_str(), "undo.before"))?;
        (step.undo)(host, tx, making).await?;
        host.at(&point(run, step.name.as_str(), "undo.after"))?;
        undo_step(run, position, host.now());
    }
    Ok(())
}

/// A run that another version began may have other steps: none of ours is done in the place of one of its.
fn known<E: TxError>(run: &Run, position: usize, name: StepName) -> Result<(), E> {
    match run.steps.get(position) {
        Some(record) if record.name == name => Ok(()),
        record => {
            let theirs = record.map_or("nothing", |record| record.name.as_str());
            let told = format!(
                "the run has {theirs} where this version has {name}: let the version that began it end it"
            );
            Err(tenantry_pg::Error::Shape(told).into())
        }
    }
}

/// `create.place.before`: where a test can make a run fail, or its process end.
fn point(run: &Run, step: &str, when: &str) -> String {
    format!("{}.{step}.{when}", run.kind)
}

/// The steps that share a transaction with the one at `at`.
fn segment<H: Host>(host: &H, run: &Run, at: usize) -> Range<usize> {
    let steps = host.steps(run);
    let start = steps.iter().take(at).rposition(|step| step.boundary).map_or(0, |before| before + 1);
    let end = steps.iter().skip(at).position(|step| step.boundary).map_or(steps.len(), |more| at + more + 1);
    start..end
}

/// The next segment's steps that are not done yet.
async fn forward<H: Host>(host: &H, run: &Run, lease: Lease) -> Result<Run, Stop<H::Error>> {
    let mut run = run.clone();
    happens(&mut run, Happening::Taken, host.now());
    let Some(first) = next_step(&run) else {
        // Cannot be, since the last step's transaction records the end.
        happens(&mut run, Happening::Finished, host.now());
        return Ok(run);
    };
    begin_step(&mut run, first, host.now());
    // Before the work: whoever watches sees the step at work, and the attempt counts whatever becomes of this process.
    let run = match save(host, run.clone(), lease).await {
        Ok(run) => run,
        Err(error) => return Err(Stop { run, error }),
    };
    let range = first..segment(host, &run, first).end;
    let committed = format!("{}.committed.{}", run.kind, range.end);
    let run = attempt(host, run, lease, Way::Forward(range)).await?;
    match host.at(&committed) {
        Err(error) if !run.status.is_final() => Err(Stop { run, error }),
        _ => Ok(run),
    }
}

/// Every segment that anything may be left of, last first, each in a transaction.
async fn back<H: Host>(host: &H, run: &Run, lease: Lease) -> Result<Run, Stop<H::Error>> {
    let begun = |status| !matches!(status, StepStatus::Pending | StepStatus::Undone);
    let mut run = run.clone();
    // Of the whole segment of the last step that began: a step whose record was lost may have left something outside the transaction.
    let last = run.steps.iter().rposition(|step| begun(step.status)).unwrap_or(0);
    let mut range = segment(host, &run, last);
    loop {
        let committed = format!("{}.undone.{}", run.kind, range.start);
        let start = range.start;
        run = attempt(host, run, lease, Way::Back(range)).await?;
        match host.at(&committed) {
            _ if start == 0 => return Ok(run),
            Err(error) => return Err(Stop { run, error }),
            Ok(()) => {}
        }
        range = segment(host, &run, start - 1);
    }
}

/// What a transaction is to do.
#[derive(Clone)]
enum Way {
    Forward(Range<usize>),
    Back(Range<usize>),
}

/// One transaction of a run, with its record. The record of a failure has to survive the transaction's roll-back, so it travels beside.
async fn attempt<H: Host>(host: &H, run: Run, lease: Lease, way: Way) -> Result<Run, Stop<H::Error>> {
    let record = Arc::new(Mutex::new(run.clone()));
    let input = (host.clone(), run.clone(), lease, way, Arc::clone(&record));
    let work = host.pool().run("saga", input, |tx, (host, run, lease, way, record)| {
        Box::pin(async move {
            let mut run = run.clone();
            let mut making = host.begin(tx, &run).await?;
            let outcome = match way.clone() {
                Way::Forward(range) => act(host, tx, &mut making, &mut run, range).await,
                Way::Back(range) => {
                    let first = range.start == 0;
                    let outcome = undo(host, tx, &mut making, &mut run, range).await;
                    if first && outcome.is_ok() {
                        happens(&mut run, Happening::Undone, host.now());
                    }
                    outcome
                }
            };
            (*record.lock().unwrap_or_else(PoisonError::into_inner)).clone_from(&run);
            outcome?;
            tx.refuse_warnings()?;
            // In the run that is returned too: the next transaction begins from it.
            host.record(&mut run, &making);
            host.save(tx, &run, lease).await?;
            Ok::<_, H::Error>(run)
        })
    });
    let outcome = keeping(host, &run, lease, work).await;
    outcome.map_err(|error| {
        let mut stopped = record.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // An end that was not committed did not happen.
        (stopped.status, stopped.finished_at, stopped.duration_ms) = (run.status, None, None);
        Stop { run: stopped, error }
    })
}

/// Renews the lease while the work goes on.
async fn keeping<H: Host, T>(host: &H, run: &Run, lease: Lease, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            () = tokio::time::sleep(lease.length / 3) => {
                let renewed = with(host, "renew_run", run.clone(), lease, |host, tx, run, lease| host.renew(tx, run, lease));
                if let Err(error) = renewed.await {
                    // The work goes on: its own write finds out whether the lease is still ours.
                    tracing::warn!(run = %run.id, %error, "the lease could not be renewed");
                }
            }
        }
    }
}

async fn save<H: Host>(host: &H, run: Run, lease: Lease) -> Result<Run, H::Error> {
    with(host, "save_run", run.clone(), lease, |host, tx, run, lease| host.save(tx, run, lease)).await?;
    Ok(run)
}

async fn release<H: Host>(host: &H, run: Run, lease: Lease, pause: Duration) -> Result<(), H::Error> {
    host.pool()
        .run("release_run", (host.clone(), run, lease, pause), |tx, (host, run, lease, pause)| {
            host.release(tx, run, lease, *pause)
        })
        .await
}

/// One of the host's writes.
type Write<H> =
    for<'a> fn(&'a H, &'a ControlTx, &'a Run, &'a Lease) -> BoxFuture<'a, Result<(), <H as Host>::Error>>;

/// The same in a transaction of its own.
async fn with<H: Host>(
    host: &H,
    name: &'static str,
    run: Run,
    lease: Lease,
    write: Write<H>,
) -> Result<(), H::Error> {
    let input = (host.clone(), run, lease, write);
    host.pool().run(name, input, |tx, (host, run, lease, write)| write(host, tx, run, lease)).await
}
