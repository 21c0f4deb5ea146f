//! Deaths without notice: of our process, of the server, in the middle of making a cluster.
//!
//! Owns: nothing. Calls: `cluster`, `psql`. Called by: nobody.
//! Invariants: none of its own. After a crash: folders `tenantry-test-…` below the temp folder.

use super::role::Player;
use super::*;

#[test]
fn outlives_its_killed_holder_and_is_taken_over() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("data");
    let mut holder = Player::start("hold", &data_dir);
    holder.says("ready");
    let orphan = postmaster_pid(&data_dir);
    holder.kill();
    let cluster = Cluster::start(&config(&data_dir)).unwrap();
    assert_ne!(postmaster_pid(&data_dir), orphan);
    assert_eq!(ask(&cluster, "select n from held"), "7");
    cluster.stop().unwrap();
}

#[test]
fn a_killed_postmaster_is_recovered() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("data");
    let cluster = Cluster::start(&config(&data_dir)).unwrap();
    ask(&cluster, "create table t as select generate_series(1, 1000) as n");
    kill(&postmaster_pid(&data_dir));
    let told = cluster.stop().unwrap_err();
    assert!(matches!(told, ClusterError::Died { .. }), "{told}");
    assert!(data_dir.join("pg/postmaster.pid").exists(), "it had no time to tidy up");
    let cluster = Cluster::start(&config(&data_dir)).unwrap();
    assert_eq!(ask(&cluster, "select count(*) from t"), "1000");
}

/// After a restart of a container the number in `postmaster.pid` is likely to be taken by another process; after a power
/// cut the file may be empty. Only `/proc` tells both from a live server.
#[cfg(target_os = "linux")]
#[test]
fn a_reused_pid_is_no_server() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("data");
    let cluster = Cluster::start(&config(&data_dir)).unwrap();
    let socket_lock = cluster.socket_dir().join(".s.PGSQL.5432.lock");
    // Of the server's own user: other users' processes PostgreSQL does not mind.
    let mut innocent = cluster.claim.place.run_as.command("cat");
    let mut innocent = innocent.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let dead = postmaster_pid(&data_dir);
    kill(&dead);
    drop(cluster);
    for file in [data_dir.join("pg/postmaster.pid"), socket_lock] {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen(&dead, &innocent.id().to_string(), 1)).unwrap();
    }
    let cluster = Cluster::start(&config(&data_dir)).unwrap();
    assert_eq!(ask(&cluster, "select 1"), "1");
    cluster.stop().unwrap();
    fs::write(data_dir.join("pg/postmaster.pid"), "").unwrap();
    assert_eq!(ask(&Cluster::start(&config(&data_dir)).unwrap(), "select 1"), "1");
    assert!(innocent.try_wait().unwrap().is_none(), "a bystander was stopped");
    drop(innocent.stdin.take());
    innocent.wait().unwrap();
}

#[test]
fn killed_during_initdb_starts_afresh() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("data");
    let mut maker = Player::start("hold", &data_dir);
    let half_made = || {
        let entries = fs::read_dir(&data_dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).find(|path| path.to_str().unwrap().contains("pg.init-"))
    };
    let begun = std::time::Instant::now();
    // `initdb` writes this file at its start, long before it is done.
    while !half_made().is_some_and(|half| half.join("PG_VERSION").exists()) {
        assert!(begun.elapsed() < Duration::from_mins(1), "initdb did not begin");
        std::thread::yield_now();
    }
    maker.kill();
    assert!(half_made().is_some() && !data_dir.join("pg").exists(), "killed too late to prove anything");
    let cluster = Cluster::start(&config(&data_dir)).unwrap();
    assert_eq!(ask(&cluster, "select 1"), "1");
    assert_eq!(half_made(), None);
}
