//! The scope through a real PgBouncer in transaction mode, with fewer server connections than tenants and clients.

use crate::world::{Scopes, World, must, within};
use tenantry_pg::{Error, ErrorKind, Login, PoolSettings, bootstrap::Superuser};
use tenantry_testkit::TestPooler;

async fn start(world: &World, logins: &[Login]) -> Option<TestPooler> {
    if !TestPooler::is_here() {
        return None;
    }
    Some(TestPooler::start(&world.database, logins, 2).await)
}

fn unnamed(size: usize) -> PoolSettings {
    PoolSettings { size, named_statements: 0, ..PoolSettings::default() }
}

fn through(world: &World, pooler: &TestPooler) -> Scopes {
    world.scopes_at(pooler.target(), unnamed(6))
}

#[tokio::test]
async fn interleaved_tenants_share_few_server_connections() {
    let world = World::new(3).await;
    let Some(pooler) = start(&world, &must(world.database.placement.cell_logins().await)).await else {
        return;
    };
    let scopes = through(&world, &pooler);
    let turns = (0..90).map(|turn| {
        let (scopes, home) = (&scopes, &world.homes[turn % 3]);
        async move {
            must(scopes.add(home, &format!("{} {turn:02}", turn % 3)).await);
            (turn % 3, scopes.list(home).await, scopes.pid(home).await)
        }
    });
    let mut pids = std::collections::BTreeSet::new();
    for (home, names, pid) in within("all turns", futures_util::future::join_all(turns)).await {
        assert!(
            !names.is_empty() && names.iter().all(|name| name.starts_with(&home.to_string())),
            "{home}: {names:?}"
        );
        pids.insert(pid);
    }
    assert!(pids.len() <= 2, "{pids:?}");
    for home in &world.homes {
        assert_eq!(scopes.list(home).await.len(), 30);
    }
}

#[tokio::test]
async fn no_state_is_left_on_a_server_connection() {
    let world = World::new(2).await;
    let logins = must(world.database.placement.cell_logins().await);
    let Some(pooler) = start(&world, &logins).await else { return };
    let scopes = through(&world, &pooler);
    for turn in 0..6 {
        must(scopes.add(&world.homes[turn % 2], &format!("agent {turn}")).await);
        assert!(
            scopes.add(&world.homes[turn % 2], &format!("agent {turn}")).await.is_err(),
            "the name is taken"
        );
    }
    let stranger = must(Superuser::connect(pooler.target(), &logins[0]).await);
    let state = "SELECT concat_ws('|', current_user = session_user, current_setting('role'),
                                  coalesce(current_setting('tenantry.workspace_id', true), ''), pg_current_xact_id_if_assigned(),
                                  (SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'))";
    for _ in 0..6 {
        assert_eq!(must(stranger.value(state).await).as_deref(), Some("t|none||0"));
    }
    let open = format!(
        "SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{}' AND state <> 'idle'",
        logins[0].user
    );
    world.until_count(&open, 0).await;
}

#[tokio::test]
async fn errors_through_the_pooler_are_the_servers() {
    let world = World::new(2).await;
    let Some(pooler) = start(&world, &must(world.database.placement.cell_logins().await)).await else {
        return;
    };
    let scopes = through(&world, &pooler);
    must(scopes.add(&world.homes[0], "one").await);
    assert_eq!(scopes.add(&world.homes[0], "one").await.unwrap_err().kind(), ErrorKind::Unique);
    let foreign = format!("SELECT FROM \"{}\".agents", world.homes[0].schema);
    let refused = scopes.run(&world.homes[1], foreign, |tx, sql| Box::pin(tx.probe(sql))).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Denied);
    let lost: Result<(), Error> = scopes
        .run(&world.homes[0], (), |tx, ()| {
            Box::pin(async move {
                tx.query("DELETE FROM tenant.agents", &[]).await?;
                panic!("a test made this work panic")
            })
        })
        .await;
    assert!(matches!(lost, Err(Error::Lost(_))));
    assert_eq!(scopes.list(&world.homes[0]).await, ["one"]);
}

/// The pooler's list of users is renewed by hand: until then it knows the password from before.
#[tokio::test]
async fn a_rotated_key_works_with_the_poolers_old_list() {
    let world = World::new(1).await;
    let old = must(world.database.placement.cell_logins().await);
    let Some(pooler) = start(&world, &old).await else { return };
    let login = Login {
        passwords: ["new".to_owned()].into_iter().chain(old[0].passwords.clone()).collect(),
        ..old[0].clone()
    };
    let session = must(Superuser::connect(pooler.target(), &login).await);
    assert_eq!(must(session.value("SELECT 1::text").await).as_deref(), Some("1"));
}
