use crate::world::{ADD, LIST, PID, Scopes, World, must, single, within};
use futures_util::FutureExt;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tenantry_pg::{
    BoxFuture, Error, ErrorKind, PoolSettings, ScopeNames, TenantTx, bootstrap::Superuser, sql::quote_ident,
};
use tokio::sync::Barrier;
use uuid::Uuid;

const RENAME: &str = "UPDATE tenant.agents SET role = role || $2 WHERE name = $1";

#[tokio::test]
async fn an_ignored_error_does_not_commit() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    let ignores = scopes.run(home, home.workspace.0, |tx, workspace| {
        Box::pin(async move {
            tx.query(ADD, &[workspace, &"one"]).await?;
            let _ = tx.query("SELECT 1 / 0", &[]).await;
            Ok(())
        })
    });
    assert!(matches!(ignores.await, Err(Error::Aborted("test"))));
    assert!(scopes.list(home).await.is_empty());
}

#[tokio::test]
async fn after_an_error_no_statement_is_sent() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let goes_on = scopes.run(&world.homes[0], (), |tx, ()| {
        Box::pin(async move {
            let _ = tx.last("SELECT 1 / 0", &[]).await;
            tx.query(LIST, &[]).await
        })
    });
    assert!(matches!(goes_on.await, Err(Error::Aborted("test"))));
    let after_last = scopes.run(&world.homes[0], (), |tx, ()| {
        Box::pin(async move {
            tx.last(LIST, &[]).await?;
            tx.query(LIST, &[]).await
        })
    });
    assert!(matches!(after_last.await, Err(Error::Ended("test"))));
}

#[tokio::test]
async fn nothing_travels_behind_the_last_statement() {
    let world = World::new(1).await;
    let pool = &world.database.placement.owner;
    let pair = pool.run("pair", (), |tx, ()| {
        Box::pin(async move {
            let (last, behind) =
                tokio::join!(tx.last("SELECT 1", &[]), tx.query("CREATE TABLE public.behind ()", &[]));
            last?;
            Ok::<_, Error>(matches!(behind, Err(Error::Ended("pair"))))
        })
    });
    assert!(must(pair.await));
    assert_eq!(world.count("SELECT count(*)::text FROM pg_class WHERE relname = 'behind'").await, 0);
}

/// A statement that was sent, and whose answer nobody waited for, may have failed.
#[tokio::test]
async fn an_abandoned_statement_does_not_commit() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    let abandons = scopes.run(home, home.workspace.0, |tx, workspace| {
        Box::pin(async move {
            tx.query(ADD, &[workspace, &"one"]).await?;
            Ok(tx.query(ADD, &[workspace, &"one"]).now_or_never().is_none())
        })
    });
    assert!(matches!(abandons.await, Err(Error::Aborted("test"))));
    assert!(scopes.list(home).await.is_empty());
}

/// A statement that the driver refuses never reaches PostgreSQL, so nothing there would stop the COMMIT behind it.
#[tokio::test]
async fn what_cannot_be_sent_is_not_committed() {
    const TWO: &str = "SELECT $1::bigint + $2::bigint";
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    for _ in 0..2 {
        must(scopes.run(home, (), |tx, ()| Box::pin(tx.last(TWO, &[&1_i64, &2_i64]))).await);
    }
    let unsent = scopes.run(home, home.workspace.0, |tx, workspace| {
        Box::pin(async move {
            tx.query(ADD, &[workspace, &"one"]).await?;
            tx.last(TWO, &[&1_i64]).await
        })
    });
    assert!(matches!(unsent.await, Err(Error::Db { .. })));
    assert!(scopes.list(home).await.is_empty());
}

struct Pair {
    workspace: Uuid,
    names: [&'static str; 2],
    attempts: Arc<AtomicUsize>,
    barrier: Arc<Barrier>,
}

impl Pair {
    /// Lets both transactions meet once; whoever runs again does not wait.
    async fn meet(&self) {
        if self.attempts.fetch_add(1, SeqCst) < 2 {
            self.barrier.wait().await;
        }
    }
}

/// Runs the same work in two scopes at once, the second with its names turned round. Returns the attempts of both together.
async fn pair(
    scopes: &Scopes,
    home: &ScopeNames,
    work: for<'a> fn(&'a TenantTx, &'a Pair) -> BoxFuture<'a, Result<(), Error>>,
) -> usize {
    let (attempts, barrier) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
    let one = |names| {
        let input = Pair {
            workspace: home.workspace.0,
            names,
            attempts: Arc::clone(&attempts),
            barrier: Arc::clone(&barrier),
        };
        scopes.run(home, input, work)
    };
    let (first, second) = within("both", async { tokio::join!(one(["a", "b"]), one(["b", "a"])) }).await;
    must(first);
    must(second);
    attempts.load(SeqCst)
}

#[tokio::test]
async fn a_serialization_failure_is_retried() {
    let world = World::new(1).await;
    world.set_for_cells("default_transaction_isolation = 'serializable'").await;
    let scopes = world.scopes(PoolSettings { size: 2, ..PoolSettings::default() });
    let home = &world.homes[0];
    let attempts = pair(&scopes, home, |tx, pair| {
        Box::pin(async move {
            let seen = tx.query(LIST, &[]).await?.len();
            pair.meet().await;
            tx.query(ADD, &[&pair.workspace, &format!("{} saw {seen}", pair.names[0])]).await.map(drop)
        })
    });
    let again = attempts.await - 2;
    assert!(again > 0);
    assert_eq!(scopes.heard.kinds(), vec![ErrorKind::Retry; again]);
    let names = scopes.list(home).await;
    assert!(names == ["a saw 0", "b saw 1"] || names == ["a saw 1", "b saw 0"], "{names:?}");
}

#[tokio::test]
async fn a_deadlock_is_retried() {
    let world = World::new(1).await;
    world.set_for_cells("deadlock_timeout = '10ms'").await;
    let scopes = world.scopes(PoolSettings { size: 2, ..PoolSettings::default() });
    let home = &world.homes[0];
    must(scopes.add(home, "a").await);
    must(scopes.add(home, "b").await);
    let attempts = pair(&scopes, home, |tx, pair| {
        Box::pin(async move {
            tx.query(RENAME, &[&pair.names[0], &"!"]).await?;
            pair.meet().await;
            tx.query(RENAME, &[&pair.names[1], &"!"]).await.map(drop)
        })
    });
    let again = attempts.await - 2;
    assert!(again > 0);
    assert_eq!(scopes.heard.kinds(), vec![ErrorKind::Retry; again]);
    let changed = must(scopes.last(home, "SELECT FROM tenant.agents WHERE role = 'tester!!'").await);
    assert_eq!(changed.len(), 2, "each change once");
}

#[tokio::test]
async fn a_retry_ends() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let attempts = Arc::new(AtomicUsize::new(0));
    let always = scopes.run(&world.homes[0], Arc::clone(&attempts), |tx, attempts| {
        attempts.fetch_add(1, SeqCst);
        Box::pin(tx.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", &[]))
    });
    assert_eq!(always.await.unwrap_err().kind(), ErrorKind::Retry);
    assert_eq!(attempts.load(SeqCst), 5);
}

#[tokio::test]
async fn a_refused_commit_is_an_error() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    let schema = quote_ident(&home.schema);
    let late =
        format!("ALTER TABLE {schema}.agents ADD UNIQUE (workspace_id, role) DEFERRABLE INITIALLY DEFERRED");
    must(world.admin.execute(&late).await);
    must(scopes.add(home, "one").await);
    let pid = scopes.pid(home).await;
    let error = scopes.add(home, "with the last statement").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unique);
    let later = scopes.run(home, home.workspace.0, |tx, workspace| {
        Box::pin(async move { tx.query(ADD, &[workspace, &"at the end"]).await })
    });
    assert_eq!(later.await.unwrap_err().kind(), ErrorKind::Unique);
    assert_eq!(scopes.heard.kinds(), [ErrorKind::Unique; 2]);
    assert_eq!(scopes.list(home).await, ["one"]);
    assert_ne!(scopes.pid(home).await, pid, "a connection whose COMMIT was refused at the end is closed");
}

struct Killed {
    workspace: Uuid,
    world: World,
    attempts: AtomicUsize,
}

/// Adds a row, then ends its own backend.
async fn add_and_die(tx: &TenantTx, killed: &Killed) -> Result<(), Error> {
    killed.attempts.fetch_add(1, SeqCst);
    tx.query(ADD, &[&killed.workspace, &"one"]).await?;
    let rows = tx.query(PID, &[]).await?;
    killed.world.kill(rows[0].get("pid")?).await;
    Ok(())
}

#[tokio::test]
async fn a_lost_backend_is_unavailable_and_the_pool_recovers() {
    let world = World::new(1).await;
    let (scopes, home) = (world.scopes(single()), world.homes[0].clone());
    let input = Killed { workspace: home.workspace.0, world, attempts: AtomicUsize::new(0) };
    let lost = scopes.run(&home, input, |tx, killed| {
        Box::pin(async move {
            add_and_die(tx, killed).await?;
            tx.query(LIST, &[]).await
        })
    });
    assert_eq!(lost.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(scopes.heard.kinds(), [ErrorKind::Unavailable], "told once");
    assert!(scopes.list(&home).await.is_empty());
}

#[tokio::test]
async fn a_lost_commit_is_not_repeated() {
    let world = World::new(1).await;
    let (scopes, home) = (world.scopes(single()), world.homes[0].clone());
    let input = Arc::new(Killed { workspace: home.workspace.0, world, attempts: AtomicUsize::new(0) });
    let lost = scopes.run(&home, Arc::clone(&input), |tx, killed| Box::pin(add_and_die(tx, killed)));
    assert_eq!(lost.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(input.attempts.load(SeqCst), 1);
    assert!(scopes.list(&home).await.is_empty());
}

#[tokio::test]
async fn idle_connections_that_died_are_not_handed_out() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    let pid = scopes.pid(home).await;
    world.kill(pid).await;
    within("a new connection", async {
        // The driver hears of the end a moment after the server's catalogue does.
        while scopes.last(home, PID).await.is_err() {}
    })
    .await;
    assert_ne!(scopes.pid(home).await, pid);
}

#[tokio::test]
async fn a_superusers_session_tells_errors_as_the_pools_do() {
    let world = World::new(1).await;
    let login = world.database.installation.cell_login(world.homes[0].cell);
    let wrong = tenantry_pg::Login { passwords: vec!["wrong".to_owned()], ..login };
    let refused = Superuser::connect(&world.database.target, &wrong).await;
    let error = refused.err().unwrap_or_else(|| panic!("a wrong password was taken"));
    assert_eq!((error.kind(), error.sql_state()), (ErrorKind::Unavailable, Some("28P01")));
}
