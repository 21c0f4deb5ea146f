use crate::{
    proxy::Proxy,
    world::{ADD, LIST, Scopes, World, must, single, within},
};
use std::{pin::pin, sync::Arc, time::Duration};
use tenantry_pg::{BoxFuture, Error, PoolSettings, ScopeNames, TenantTx};
use tokio::sync::{Barrier, Notify};
use uuid::Uuid;

/// Who a borrower would be before its own scope begins, and whether a transaction is open.
const LOOK: &str = "SELECT current_user = session_user, current_setting('role'), \
                    coalesce(current_setting('tenantry.workspace_id', true), ''), pg_current_xact_id_if_assigned()";
const CLEAN: &str = "t none  - I";

type Input = (Uuid, String);
type Work = for<'a> fn(&'a TenantTx, &'a Input) -> BoxFuture<'a, Result<(), Error>>;

fn one<'a>(tx: &'a TenantTx, (workspace, name): &'a Input) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move { tx.last(ADD, &[workspace, name]).await.map(drop) })
}

fn several<'a>(tx: &'a TenantTx, (workspace, name): &'a Input) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        tx.query(ADD, &[workspace, &format!("{name} 1")]).await?;
        tx.query(LIST, &[]).await?;
        tx.query(ADD, &[workspace, &format!("{name} 2")]).await.map(drop)
    })
}

fn fails<'a>(tx: &'a TenantTx, (workspace, name): &'a Input) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        tx.query(ADD, &[workspace, name]).await?;
        tx.query(ADD, &[workspace, name]).await.map(drop)
    })
}

fn panics<'a>(tx: &'a TenantTx, (workspace, name): &'a Input) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        tx.query(ADD, &[workspace, name]).await?;
        panic!("a test made this work panic")
    })
}

/// Drops the caller's future after so many chunks on the wire; true when it was done before.
async fn drop_after(
    chunks: usize,
    proxy: &Proxy,
    scopes: &Scopes,
    home: &ScopeNames,
    name: String,
    work: Work,
) -> bool {
    let caller = pin!(scopes.run(home, (home.workspace.0, name), work));
    tokio::select! {
        biased;
        _ = caller => true,
        () = proxy.events(chunks) => false,
    }
}

/// What the next borrower of each idle connection would find. Connections that were given up are gone, or will be.
async fn idle_connections(proxy: &Proxy, scopes: &Scopes) -> Vec<String> {
    within("no connection but the idle ones", async {
        loop {
            let found = proxy.ask(LOOK).await;
            if found.len() == scopes.status().idle {
                return found;
            }
        }
    })
    .await
}

/// Drops callers of `work` at every chunk of its conversation, the first time before anything was sent, and looks at what the next
/// borrower gets. Returns the names that are there afterwards.
async fn drop_at_every_chunk(settings: PoolSettings, work: Work) -> Vec<String> {
    let world = World::new(1).await;
    let proxy = Proxy::start(&world.database).await;
    let scopes = world.scopes_at(&proxy.target, settings);
    let home = &world.homes[0];
    for chunks in 0.. {
        let name = format!("drop {chunks}");
        let done = within("a call", drop_after(chunks, &proxy, &scopes, home, name, work)).await;
        scopes.settle().await;
        for found in idle_connections(&proxy, &scopes).await {
            assert_eq!(found, CLEAN, "after {chunks} chunks");
        }
        if done {
            assert!(chunks > 1, "the conversation had more chunks than {chunks}");
            break;
        }
    }
    scopes.list(home).await
}

#[tokio::test]
async fn cancelled_at_every_await() {
    let names = drop_at_every_chunk(single(), one).await;
    assert!(names.len() > 2, "work that was sent for is done, though nobody waits: {names:?}");
    // Every call connects, so that callers go away during that, too.
    let names = drop_at_every_chunk(PoolSettings { max_age: Duration::ZERO, ..single() }, one).await;
    assert!(names.len() > 4, "{names:?}");
}

#[tokio::test]
async fn cancelled_between_statements_all_or_nothing() {
    let names = drop_at_every_chunk(single(), several).await;
    let (first, second): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| name.ends_with(" 1"));
    assert!(!first.is_empty());
    let of = |names: Vec<&String>| -> Vec<String> {
        names.iter().map(|name| name[..name.len() - 2].to_owned()).collect()
    };
    assert_eq!(of(first), of(second));
}

#[tokio::test]
async fn cancelled_work_that_fails_leaves_nothing() {
    assert!(drop_at_every_chunk(single(), fails).await.is_empty());
}

#[tokio::test]
async fn cancelled_work_that_panics_leaves_nothing() {
    assert!(drop_at_every_chunk(single(), panics).await.is_empty());
}

#[tokio::test]
async fn cancelled_while_waiting_for_the_pool() {
    let world = World::new(1).await;
    let proxy = Proxy::start(&world.database).await;
    let scopes = world.scopes_at(&proxy.target, single());
    let home = &world.homes[0];
    scopes.pid(home).await;
    let (holds, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let holder = scopes.run(home, (Arc::clone(&holds), Arc::clone(&go)), |tx, (holds, go)| {
        Box::pin(async move {
            tx.query(LIST, &[]).await?;
            holds.notify_one();
            go.notified().await;
            Ok(())
        })
    });
    let waiters = async {
        within("the holder", holds.notified()).await;
        for waiter in 0..5 {
            assert!(!drop_after(0, &proxy, &scopes, home, format!("waiter {waiter}"), several).await);
        }
        go.notify_one();
    };
    must(tokio::join!(holder, waiters).0);
    let names = scopes.list(home).await;
    assert_eq!(names.len() % 2, 0, "{names:?}");
    scopes.settle().await;
    assert_eq!(idle_connections(&proxy, &scopes).await, [CLEAN]);
}

#[tokio::test]
async fn dropped_callers_leave_a_whole_pool() {
    let world = World::new(1).await;
    let proxy = Proxy::start(&world.database).await;
    let scopes = world.scopes_at(&proxy.target, PoolSettings { size: 3, ..PoolSettings::default() });
    let home = &world.homes[0];
    for (chunks, work) in (0..30).zip([one, several, fails, panics].into_iter().cycle()) {
        drop_after(chunks % 7, &proxy, &scopes, home, format!("drop {chunks}"), work).await;
    }
    scopes.settle().await;
    let barrier = Arc::new(Barrier::new(3));
    let together = || {
        scopes.run(home, Arc::clone(&barrier), |tx, barrier| {
            Box::pin(async move {
                tx.query(LIST, &[]).await?;
                barrier.wait().await;
                Ok(())
            })
        })
    };
    let (a, b, c) = within("three at once", async { tokio::join!(together(), together(), together()) }).await;
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(idle_connections(&proxy, &scopes).await, [CLEAN; 3]);
}
