use crate::world::{ADD, PID, Scopes, World, must, single, within};
use std::{sync::Arc, time::Duration};
use tenantry_pg::{Error, ErrorKind, PoolSettings, ScopeNames};
use tokio::sync::{Barrier, Notify};

/// The backends of scopes that are open at the same time.
async fn together<const N: usize>(scopes: &Scopes, names: [&ScopeNames; N]) -> Vec<i32> {
    let barrier = Arc::new(Barrier::new(N));
    let each = names.map(|names| {
        scopes.run(names, Arc::clone(&barrier), |tx, barrier| {
            Box::pin(async move {
                let rows = tx.query(PID, &[]).await?;
                barrier.wait().await;
                rows[0].get("pid")
            })
        })
    });
    let mut pids = Vec::new();
    for pid in within("scopes at once", futures_util::future::join_all(each)).await {
        pids.push(must::<i32, Error>(pid));
    }
    pids
}

#[tokio::test]
async fn a_tenant_stays_on_its_connection() {
    let world = World::new(3).await;
    let scopes = world.scopes(PoolSettings { size: 3, ..PoolSettings::default() });
    let homes = [&world.homes[0], &world.homes[1], &world.homes[2]];
    let pids = together(&scopes, homes).await;
    for turn in [0, 1, 2, 2, 1, 0, 1, 1, 2, 0] {
        assert_eq!(scopes.pid(homes[turn]).await, pids[turn], "{turn}");
    }
}

#[tokio::test]
async fn connections_retire_by_tenants() {
    let world = World::new(3).await;
    let scopes = world.scopes(PoolSettings { tenants_per_connection: 2, ..single() });
    let first = scopes.pid(&world.homes[0]).await;
    assert_eq!(scopes.pid(&world.homes[0]).await, first);
    assert_eq!(scopes.pid(&world.homes[1]).await, first);
    let second = scopes.pid(&world.homes[2]).await;
    assert_ne!(second, first, "two tenants were enough");
    assert_eq!(scopes.pid(&world.homes[2]).await, second);
    world.until_count(&format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {first}"), 0).await;
}

#[tokio::test]
async fn connections_retire_by_age() {
    let world = World::new(1).await;
    let scopes = world.scopes(PoolSettings { max_age: Duration::ZERO, ..single() });
    let home = &world.homes[0];
    assert_ne!(scopes.pid(home).await, scopes.pid(home).await);
    assert_eq!((scopes.status().idle, scopes.status().in_use), (0, 0));
}

#[tokio::test]
async fn a_dropped_transaction_closes_its_connection() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    let pid = scopes.pid(home).await;
    let lost = scopes.run(home, home.workspace.0, |tx, workspace| {
        Box::pin(async move {
            tx.query(ADD, &[workspace, &"never"]).await?;
            panic!("a test made this work panic")
        })
    });
    let lost: Result<(), Error> = lost.await;
    assert!(matches!(lost, Err(Error::Lost("test"))));
    scopes.settle().await;
    assert_eq!(scopes.status().idle, 0);
    world.until_count(&format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid}"), 0).await;
    assert!(scopes.list(home).await.is_empty());
}

#[tokio::test]
async fn an_exhausted_pool_is_busy_and_recovers() {
    let world = World::new(1).await;
    let scopes = world.scopes(PoolSettings { wait: Duration::from_millis(20), ..single() });
    let home = &world.homes[0];
    let (holds, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let holder = scopes.run(home, (Arc::clone(&holds), Arc::clone(&go)), |tx, (holds, go)| {
        Box::pin(async move {
            tx.query(PID, &[]).await?;
            holds.notify_one();
            go.notified().await;
            Ok(())
        })
    });
    let turned_away = async {
        within("the holder", holds.notified()).await;
        let error = scopes.last(home, PID).await.unwrap_err();
        go.notify_one();
        error
    };
    let (held, error) = tokio::join!(holder, turned_away);
    must(held);
    assert!(matches!(error, Error::Busy { waited_ms: 20, .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    scopes.pid(home).await;
}

#[tokio::test]
async fn warnings_stay_with_the_transaction_that_caused_them() {
    const WARN: &str = "DO $$ BEGIN RAISE WARNING 'something was not done'; END $$";
    let world = World::new(1).await;
    let owner = &world.database.placement.owner;
    let refused = owner.run("warned", (), |tx, ()| {
        Box::pin(async move {
            tx.batch(WARN).await?;
            tx.refuse_warnings()
        })
    });
    assert!(matches!(refused.await, Err(Error::Warned { .. })));
    must::<_, Error>(owner.run("ignores", (), |tx, ()| Box::pin(tx.batch(WARN))).await);
    let next = owner.run("next", (), |tx, ()| {
        Box::pin(async move {
            tx.query(PID, &[]).await?;
            tx.refuse_warnings()
        })
    });
    must::<_, Error>(next.await);
}
