//! Throw-away clusters leave nothing, however their holder ends, and take nothing that is not theirs.
//!
//! Owns: nothing. Calls: `cluster`, `psql`. Called by: nobody.
//! Invariants: none of its own. After a crash: folders `tenantry-test-…` below the temp folder.

use super::role::Player;
use super::*;
use std::fs::File;
use std::io::Read;
use std::os::unix::net::UnixStream;

fn throw_away(data_dir: &Path) -> ClusterConfig {
    ClusterConfig { ephemeral: true, ..config(data_dir) }
}

#[test]
fn ephemeral_leaves_nothing() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&throw_away(&scratch.join("data"))).unwrap();
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(ask(&cluster, &format!("show {name}")), "off");
    }
    drop(cluster);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0);
}

#[test]
fn ephemeral_goes_when_its_holder_is_killed() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("data");
    let mut holder = Player::start("hold-ephemeral", &data_dir);
    let mut session = UnixStream::connect(holder.says("ready")).unwrap();
    let lock = File::open(data_dir.join("lock")).unwrap();
    assert!(lock.try_lock().is_err(), "the holder has it");
    holder.kill();
    // The watchdog has the lock until it is done.
    within_a_minute(move || lock.lock()).unwrap();
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0);
    let left = within_a_minute(move || session.read(&mut [0]));
    assert!(matches!(left, Ok(0) | Err(_)), "the server is still there");
}

#[test]
fn ephemeral_that_fails_to_start_leaves_nothing() {
    let scratch = Scratch::new();
    let mut config = throw_away(&scratch.join("data"));
    config.settings.push(setting("no_such_setting", "1"));
    let told = Cluster::start(&config).unwrap_err().to_string();
    assert!(told.contains("no_such_setting"), "{told}");
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0);
}

#[test]
fn ephemeral_leaves_foreign_folders_alone() {
    let scratch = Scratch::new();
    fs::write(scratch.join("precious"), "").unwrap();
    let refused = Cluster::start(&throw_away(&scratch.0)).unwrap_err();
    assert!(matches!(refused, ClusterError::NotEphemeral(_)), "{refused}");
    assert!(scratch.join("precious").exists());
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "not even a lock is left");
}

/// After a crash of the machine nobody was left to remove it.
#[test]
fn ephemeral_remains_are_replaced_but_never_kept() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("data");
    fs::create_dir(&data_dir).unwrap();
    fs::write(data_dir.join("ephemeral"), "").unwrap();
    let refused = Cluster::start(&config(&data_dir)).unwrap_err();
    assert!(matches!(refused, ClusterError::LeftByEphemeral(_)), "{refused}");
    let cluster = Cluster::start(&throw_away(&data_dir)).unwrap();
    assert_eq!(ask(&cluster, "select 1"), "1");
    cluster.stop().unwrap();
    assert!(!data_dir.exists());
}

/// Root's folder is closed to the server: then both the folder and its shelter go.
#[test]
fn ephemeral_leaves_nothing_in_its_shelter() {
    let scratch = Scratch::new();
    set_mode(&scratch.0, 0o700);
    let cluster = Cluster::start(&throw_away(&scratch.join("data"))).unwrap();
    let real = cluster.data_dir().to_owned();
    assert_eq!(real.starts_with("/var/lib/tenantry"), we_are_root(&scratch));
    cluster.stop().unwrap();
    assert!(!real.exists());
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 0);
}
