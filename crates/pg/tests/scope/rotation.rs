use crate::world::{Heard, World, must};
use std::sync::Arc;
use tenantry_core::placement::Placement;
use tenantry_pg::{
    Error, ErrorKind, Login, Pool, PoolSettings,
    bootstrap::Superuser,
    roles::{Installation, MasterKey},
};

const OLD: [u8; 32] = [7; 32];
const NEW: [u8; 32] = [8; 32];

/// Whether every login of the installation is let in.
async fn lets_in(world: &World, key: [u8; 32], previous: Option<[u8; 32]>) -> [bool; 3] {
    let installation = installation(world, key, previous);
    let logins: [Login; 3] =
        [installation.platform_login(), installation.control_login(), installation.cell_login(1)];
    let mut answers = [false; 3];
    for (answer, login) in answers.iter_mut().zip(logins) {
        *answer = match Superuser::connect(&world.database.target, &login).await {
            Ok(_) => true,
            Err(error) if error.sql_state() == Some("28P01") => false,
            Err(error) => panic!("{error}"),
        };
    }
    answers
}

fn installation(world: &World, key: [u8; 32], previous: Option<[u8; 32]>) -> Installation {
    Installation::of_database(
        world.database.target.database(),
        MasterKey::new(key),
        previous.map(MasterKey::new),
    )
}

#[tokio::test]
async fn logins_work_through_a_rotation_of_the_master_key() {
    let world = World::new(1).await;
    assert_eq!(lets_in(&world, OLD, None).await, [true; 3]);
    assert_eq!(lets_in(&world, NEW, None).await, [false; 3]);
    assert_eq!(lets_in(&world, NEW, Some(OLD)).await, [true; 3], "before set-up, with the old password");
    let rotating =
        Placement { installation: installation(&world, NEW, Some(OLD)), ..world.database.placement.clone() };
    assert!(must(rotating.set_up().await).access);
    assert_eq!(lets_in(&world, NEW, Some(OLD)).await, [true; 3], "after set-up, with the new one");
    assert_eq!(lets_in(&world, NEW, None).await, [true; 3]);
    assert_eq!(lets_in(&world, OLD, None).await, [false; 3]);
    assert!(!must(rotating.set_up().await).access, "once is enough");
}

#[tokio::test]
async fn a_pool_with_a_wrong_key_is_unavailable_and_names_the_login() {
    let world = World::new(0).await;
    let login = installation(&world, NEW, None).platform_login();
    let user = login.user.clone();
    let settings = PoolSettings { size: 1, ..PoolSettings::default() };
    let pool = Pool::new(world.database.target.clone(), login, settings, Arc::new(Heard::default()));
    for _ in 0..2 {
        let refused = pool.run("try", (), |tx, ()| Box::pin(tx.query("SELECT 1", &[]))).await;
        let error: Error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains(&user), "{error}");
        assert_eq!(pool.status().in_use, 0, "a failed attempt keeps no place");
    }
}
