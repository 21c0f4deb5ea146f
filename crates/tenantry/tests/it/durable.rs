//! Work that outlives a request, without a word of the domain: jobs, schedules, the outbox; and how sagas share and undo.

use crate::catalogue::{execute, value};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tenantry_core::{Error, ctx::Ctx, ctx::Faults, provisioning};
use tenantry_durable::{
    Lease,
    jobs::{self, Handler, Job, NewJob},
    outbox,
};
use tenantry_pg::{ControlTx, Pool, task};
use tenantry_testkit::{TestApp, TestDatabase};
use tokio::sync::Notify;

async fn database() -> TestDatabase {
    TestDatabase::new(Ctx::system()).await
}

fn lease() -> Lease {
    Lease { token: Ctx::system().uuid(), length: Duration::from_secs(30), holder: None }
}

fn now() -> DateTime<Utc> {
    Ctx::system().now()
}

async fn put(pool: &Pool, what: &'static str) {
    pool.run("put", what, |tx, what| Box::pin(outbox::put(tx, "test", "key", vec![(*what, Value::Null)])))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
}

/// Names of the events after a position, and where they end.
async fn read(pool: &Pool, after: i64) -> (Vec<String>, i64) {
    let read = pool.run("read", after, |tx, after| Box::pin(outbox::read(tx, "test", None, *after, 100)));
    let events = read.await.unwrap_or_else(|error| panic!("{error}"));
    let end = events.last().map_or(after, |event| event.position);
    (events.into_iter().map(|event| event.event).collect(), end)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_is_not_missed() {
    let database = database().await;
    let pool = &database.placement.owner;
    let (put_first, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (owner, signals) = (pool.clone(), (Arc::clone(&put_first), Arc::clone(&go)));
    let late = task::detached(async move {
        owner
            .run("late", signals, |tx, (put_first, go)| {
                Box::pin(async move {
                    outbox::put(tx, "test", "key", vec![("first", Value::Null)]).await?;
                    put_first.notify_one();
                    go.notified().await;
                    Ok::<_, tenantry_pg::Error>(())
                })
            })
            .await
    });
    put_first.notified().await;
    put(pool, "second").await;
    let (told, after) = read(pool, 0).await;
    assert_eq!(told, ["second"], "the first has the lower id, and nobody can see it yet");
    go.notify_one();
    late.await.unwrap().unwrap();
    assert_eq!(read(pool, after).await.0, ["first"], "a reader who went on is told all the same");
    assert_eq!(read(pool, 0).await.0, ["second", "first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_and_writers_at_once_see_one_order() {
    let database = database().await;
    let pool = &database.placement.owner;
    let writers = (0..4).map(|_| {
        let pool = pool.clone();
        task::detached(async move {
            for _ in 0..25 {
                put(&pool, "event").await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let (mut seen, mut after) = (0, 0);
    while seen < 100 {
        let (told, end) = read(pool, after).await;
        (seen, after) = (seen + told.len(), end);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(
        (seen, after, read(pool, after).await.0.len()),
        (100, 100, 0),
        "no gap, nothing twice, nothing behind"
    );
}

async fn enqueue(pool: &Pool, kind: &'static str, key: &'static str) {
    let asked = pool.run("ask", (kind, key), |tx, (kind, key)| {
        let job = NewJob { kind, key, input: json!({"for": key}), run_at: now() };
        Box::pin(async move { jobs::enqueue(tx, Ctx::system().uuid(), &job).await })
    });
    asked.await.unwrap_or_else(|error| panic!("{error}"));
}

/// Does `work` in the job's transaction, after it has put an event there.
fn handler(work: impl Fn(&Job) -> Result<(), Error> + Send + Sync + 'static) -> Handler<Error> {
    let work = Arc::new(work);
    Arc::new(move |tx: &ControlTx, job: &Job| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            outbox::put(tx, "test", &job.key, vec![("effect", Value::Null)]).await?;
            work(job)
        })
    })
}

async fn work(pool: &Pool, at: DateTime<Utc>, handler: Handler<Error>) -> Option<bool> {
    let done = jobs::work(pool, at, lease(), |kind| (kind == "paint").then(|| Arc::clone(&handler))).await;
    done.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_for_one_thing_are_one_job() {
    let database = database().await;
    let pool = &database.placement.owner;
    let wish = || enqueue(pool, "paint", "door");
    tokio::join!(wish(), wish(), wish(), wish());
    enqueue(pool, "paint", "wall").await;
    let count = async || value(&database, "SELECT count(*) FROM jobs").await;
    assert_eq!(count().await, "2");
    let done = handler(|_| Ok(()));
    assert_eq!(work(pool, now(), Arc::clone(&done)).await, Some(true));
    assert_eq!(work(pool, now(), Arc::clone(&done)).await, Some(true));
    assert_eq!(work(pool, now(), done).await, None);
    wish().await;
    assert_eq!(count().await, "3", "what is done may be asked for again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_done_once() {
    let database = database().await;
    let pool = &database.placement.owner;
    for key in ["a", "b", "c"] {
        enqueue(pool, "paint", key).await;
    }
    let times = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&times);
    let done = handler(move |job| {
        counted.fetch_add(1, Ordering::SeqCst);
        assert_eq!(job.input, json!({"for": job.key}));
        Ok(())
    });
    let workers = (0..6).map(|_| {
        let (pool, done) = (pool.clone(), Arc::clone(&done));
        task::detached(async move { work(&pool, now(), done).await })
    });
    let workers: Vec<_> = workers.collect();
    let mut did = 0;
    for worker in workers {
        did += usize::from(worker.await.unwrap() == Some(true));
    }
    while work(pool, now(), Arc::clone(&done)).await.is_some() {
        did += 1;
    }
    assert_eq!((did, times.load(Ordering::SeqCst), read(pool, 0).await.0.len()), (3, 3, 3));
    assert_eq!(
        value(&database, "SELECT string_agg(DISTINCT concat_ws(' ', status, attempts, finished_at IS NOT NULL), ', ') FROM jobs").await,
        "succeeded 1 t"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_gives_up() {
    let database = database().await;
    let pool = &database.placement.owner;
    enqueue(pool, "paint", "door").await;
    let fails = || handler(|_| Err(Error::Fault("no paint".to_owned())));
    let mut at = now();
    for attempt in 1..=jobs::ATTEMPTS {
        assert_eq!(work(pool, at, fails()).await, Some(false), "attempt {attempt}");
        assert_eq!(work(pool, at + TimeDelta::seconds(1), fails()).await, None, "it rests before the next");
        at += TimeDelta::minutes(5);
    }
    assert_eq!(work(pool, at, fails()).await, None, "nobody tries it again");
    let row = "SELECT concat_ws(' ', status, attempts, error) FROM jobs";
    assert_eq!(value(&database, row).await, format!("failed {} no paint", jobs::ATTEMPTS));
    assert_eq!(read(pool, 0).await.0, [""; 0], "what it did was rolled back each time");
    // A kind that nobody knows is a failure too, not a job that is passed over in silence.
    enqueue(pool, "carve", "door").await;
    assert_eq!(work(pool, now(), fails()).await, Some(false));
    let unknown = "SELECT error FROM jobs WHERE kind = 'carve'";
    assert_eq!(value(&database, unknown).await, "nobody knows how to do `carve`");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_token_changes_nothing() {
    let database = database().await;
    let pool = &database.placement.owner;
    enqueue(pool, "paint", "door").await;
    let other = database.clone();
    // In the middle of the work somebody else has the job, as after a lease that ran out.
    let overtaken = handler(move |_| {
        tokio::task::block_in_place(|| {
            let take =
                execute(&other, "UPDATE jobs SET lease_token = gen_random_uuid(), attempts = attempts + 1");
            tokio::runtime::Handle::current().block_on(take);
        });
        Ok(())
    });
    assert_eq!(work(pool, now(), overtaken).await, Some(false));
    assert_eq!(read(pool, 0).await.0, [""; 0], "its effect went with its transaction");
    let row = "SELECT concat_ws(' ', status, attempts, error IS NULL, lease_token IS NOT NULL) FROM jobs";
    assert_eq!(value(&database, row).await, "running 2 t t", "the job is its new holder's");
    assert_eq!(work(pool, now(), handler(|_| Ok(()))).await, None);
    execute(&database, "UPDATE jobs SET lease_until = now()").await;
    assert_eq!(work(pool, now(), handler(|_| Ok(()))).await, Some(true), "a lease that ran out is free");
    assert_eq!(read(pool, 0).await.0, ["effect"]);
}

const HOURLY: &[(&str, Duration)] = &[("paint", Duration::from_hours(1))];

async fn tick(pool: &Pool, at: DateTime<Utc>) {
    let ticked =
        pool.run("tick", at, |tx, at| Box::pin(jobs::tick(tx, *at, HOURLY, || Ctx::system().uuid())));
    ticked.await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_due_once_a_period() {
    let database = database().await;
    let pool = &database.placement.owner;
    let count = async || value(&database, "SELECT count(*) FROM jobs").await;
    let begin = now();
    for (hour, jobs) in [(0, "1"), (1, "2"), (2, "3")] {
        let at = begin + TimeDelta::hours(hour) + TimeDelta::seconds(hour);
        tokio::join!(tick(pool, at), tick(pool, at), tick(pool, at));
        tick(pool, at + TimeDelta::minutes(59)).await;
        assert_eq!(count().await, jobs, "hour {hour}");
        assert_eq!(work(pool, at, handler(|_| Ok(()))).await, Some(true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_periods_do_not_pile_up() {
    let database = database().await;
    let pool = &database.placement.owner;
    let open = async || value(&database, "SELECT count(*) FROM jobs WHERE finished_at IS NULL").await;
    let begin = now();
    // Nobody does the job, and then nobody looks for a day.
    for hour in [0, 2, 4, 28] {
        tick(pool, begin + TimeDelta::hours(hour)).await;
        assert_eq!(open().await, "1", "after {hour} hours");
    }
    assert_eq!(work(pool, begin + TimeDelta::hours(28), handler(|_| Ok(()))).await, Some(true));
    tick(pool, begin + TimeDelta::hours(28)).await;
    assert_eq!(open().await, "0", "a day that was missed is one job");
}

/// What stood in the database, as others see it, when each point was passed.
struct Onlooker {
    database: TestDatabase,
    seen: Mutex<Vec<String>>,
    fails: &'static str,
}

impl Faults for Onlooker {
    fn at(&self, point: &str) -> tenantry_core::Result<()> {
        let look = value(
            &self.database,
            "SELECT concat_ws(' ', (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tenant\\_%') || ' schemas',
                              (SELECT count(*) FROM workspaces) || ' workspaces', (SELECT status FROM tenants))",
        );
        let stood = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(look));
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{point}: {stood}"));
        if point == self.fails { Err(Error::Fault("as the test wants".to_owned())) } else { Ok(()) }
    }
}

/// Drives a cold run with an onlooker, and tells what it saw at the points that end so.
async fn looked_at(fails: &'static str, points: &str) -> String {
    let app = TestApp::builder().start().await;
    let body = json!({"slug": "acme", "name": "Acme", "admin_email": "ops@acme.example"});
    app.operator().post("/v1/tenants", &body).await.expect(202);
    let onlooker = Arc::new(Onlooker { database: app.database.clone(), seen: Mutex::default(), fails });
    let mut placement = app.database.placement.clone();
    placement.ctx.faults = Arc::<Onlooker>::clone(&onlooker);
    let ended = provisioning::work(&placement, Duration::from_secs(30), None).await;
    assert!(ended.is_ok_and(|ended| ended.is_some()), "the run was not driven to its end");
    let seen = onlooker.seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.iter().filter(|line| line.contains(points)).cloned().collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_share_a_transaction() {
    insta::assert_snapshot!(looked_at("", ".before").await, @r"
    create.place.before: 0 schemas 0 workspaces provisioning
    create.migrate.before: 0 schemas 0 workspaces provisioning
    create.isolate.before: 0 schemas 0 workspaces provisioning
    create.seed.before: 0 schemas 0 workspaces provisioning
    create.extras.before: 1 schemas 1 workspaces provisioning
    create.verify.before: 1 schemas 1 workspaces provisioning
    create.activate.before: 1 schemas 1 workspaces provisioning
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_undoes_in_reverse() {
    insta::assert_snapshot!(looked_at("create.verify.before", ".undo.after").await, @r"
    create.activate.undo.after: 1 schemas 1 workspaces provisioning
    create.verify.undo.after: 1 schemas 1 workspaces provisioning
    create.extras.undo.after: 1 schemas 1 workspaces provisioning
    create.seed.undo.after: 1 schemas 1 workspaces provisioning
    create.isolate.undo.after: 1 schemas 1 workspaces provisioning
    create.migrate.undo.after: 1 schemas 1 workspaces provisioning
    create.place.undo.after: 1 schemas 1 workspaces provisioning
    create.reserve.undo.after: 0 schemas 1 workspaces provisioning
    ");
}
