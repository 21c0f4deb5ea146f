use crate::world::{Heard, World, must, within};
use std::sync::Arc;
use tenantry_core::wake::{CHANNEL, CHANNELS, TRAIL, Waker};
use tenantry_pg::{Listener, Observer, Pool, PoolSettings};
use tokio::sync::watch;

async fn reaches(woken: &mut watch::Receiver<u64>, count: u64) -> u64 {
    *must(within("a wake-up", woken.wait_for(|now| *now >= count)).await)
}

fn listen(world: &World) -> Listener {
    Listener::start(world.database.target.clone(), world.database.installation.platform_login(), &CHANNELS)
}

#[tokio::test]
async fn a_lost_listener_wakes_its_users() {
    let world = World::new(0).await;
    let listener = listen(&world);
    let mut woken = listener.subscribe();
    assert_eq!(reaches(&mut woken, 1).await, 1, "it listens");
    must(world.admin.execute("NOTIFY tenantry").await);
    assert_eq!(reaches(&mut woken, 2).await, 2);
    let listening =
        "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    world.kill(i32::try_from(world.count(listening).await).unwrap()).await;
    assert_eq!(reaches(&mut woken, 4).await, 4, "it lost its connection, and listens again");
    must(world.admin.execute("NOTIFY tenantry").await);
    assert_eq!(reaches(&mut woken, 5).await, 5);
}

#[tokio::test]
async fn a_channel_wakes_its_own_listeners() {
    let world = World::new(0).await;
    let listener = listen(&world);
    let (mut any, mut work, mut trail) =
        (listener.subscribe(), listener.subscribe_to(CHANNEL), listener.subscribe_to(TRAIL));
    reaches(&mut any, 1).await;
    must(world.admin.execute("NOTIFY tenantry_trail").await);
    assert_eq!(reaches(&mut any, 2).await, 2);
    assert_eq!(
        (*trail.borrow_and_update(), *work.borrow_and_update()),
        (2, 1),
        "who waits for runs sleeps on"
    );
    must(world.admin.execute("NOTIFY tenantry").await);
    assert_eq!(reaches(&mut work, 2).await, 2);
    assert_eq!((*any.borrow_and_update(), *trail.borrow_and_update()), (3, 2));
}

#[tokio::test]
async fn a_listener_is_present() {
    let world = World::new(0).await;
    let listener = listen(&world);
    let mut presence = listener.presence();
    let here = must(within("a connection", presence.wait_for(Option::is_some)).await).unwrap();
    let seen = format!(
        "SELECT count(*)::text FROM pg_stat_activity WHERE pid = {} AND backend_start = '{}'",
        here.pid,
        here.started.to_rfc3339()
    );
    assert_eq!(world.count(&seen).await, 1);
    world.kill(here.pid).await;
    let next = *must(
        within("another connection", presence.wait_for(|now| now.is_some_and(|now| now != here))).await,
    );
    assert_ne!(next, Some(here));
    world.until_count(&seen, 0).await;
}

#[tokio::test]
async fn a_dropped_listener_leaves_its_connection() {
    let world = World::new(0).await;
    let listener = listen(&world);
    reaches(&mut listener.subscribe(), 1).await;
    drop(listener);
    let left = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    world.until_count(left, 0).await;
}

#[tokio::test]
async fn a_burst_is_one_notification() {
    let world = World::new(0).await;
    let listener = listen(&world);
    let mut woken = listener.subscribe();
    reaches(&mut woken, 1).await;
    let heard = Arc::new(Heard::default());
    let observer: Arc<dyn Observer> = Arc::<Heard>::clone(&heard);
    let login = world.database.installation.platform_login();
    let waker =
        Waker::start(Pool::new(world.database.target.clone(), login, PoolSettings::default(), observer));
    // The sender's task shares this thread: nothing is sent before the burst is over.
    for _ in 0..1000 {
        waker.wake();
    }
    assert_eq!(reaches(&mut woken, 2).await, 2);
    // Sent one after the other: a second notification of the burst would be heard before this one.
    waker.wake();
    assert_eq!(reaches(&mut woken, 3).await, 3);
    within("the sender's account", async {
        while heard.queries() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(heard.queries(), 2);
}
