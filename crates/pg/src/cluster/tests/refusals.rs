//! What is refused, and whether the reason helps.
//!
//! Owns: nothing. Calls: `cluster`. Called by: nobody.
//! Invariants: none of its own. After a crash: folders `tenantry-test-…` below the temp folder.

use super::super::find::Machine;
use super::*;

#[test]
fn two_at_once_are_refused() {
    let refused = Cluster::start(&config(SHARED.data_dir())).unwrap_err();
    assert!(matches!(refused, ClusterError::InUse { .. }), "{refused}");
    let text = refused.to_string();
    assert!(
        text.contains(&format!("process {}", std::process::id())) && text.contains("TENANTRY_DATA_DIR"),
        "{text}"
    );
    assert_eq!(ask(&SHARED, "select 1"), "1", "the first one is not disturbed");
}

#[test]
fn a_folder_error_says_what_to_do() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("absent/data");
    let refused = Cluster::start(&config(&data_dir)).unwrap_err().to_string();
    assert!(refused.contains(data_dir.to_str().unwrap()), "{refused}");
    assert!(
        refused.contains("make the folder above it first") && refused.contains("--data-dir"),
        "{refused}"
    );
    let file = scratch.join("file");
    fs::write(&file, "").unwrap();
    let refused = Cluster::start(&config(&file)).unwrap_err().to_string();
    assert!(refused.contains(file.to_str().unwrap()) && refused.contains("--data-dir"), "{refused}");
    let full =
        ClusterError::Folder { action: "write", path: file, source: std::io::ErrorKind::StorageFull.into() };
    assert!(full.to_string().contains("free some space"), "{full}");
}

#[test]
fn no_server_at_all_says_what_to_install() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("data");
    let refused = Cluster::start_on(&config(&data_dir), &Machine::new(&[], &scratch.0)).unwrap_err();
    assert!(matches!(refused, ClusterError::NotFound { .. }), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("apt-get install postgresql") && text.contains("TENANTRY_PG_BIN"), "{text}");
    assert!(!data_dir.exists(), "nothing is made before there is a server to run");
}

#[test]
fn an_old_server_is_refused_by_its_version() {
    let scratch = Scratch::new();
    for name in ["initdb", "postgres", "pg_ctl"] {
        scratch
            .script(&format!("old/{name}"), "#!/bin/sh\necho 'postgres (PostgreSQL) 13.4 (Debian 13.4-1)'");
    }
    let bin_dir = Some(scratch.join("old"));
    let refused = Cluster::start(&ClusterConfig { bin_dir, ..config(&scratch.join("data")) }).unwrap_err();
    assert!(matches!(refused, ClusterError::TooOld { .. }), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("PostgreSQL 13.4 in") && text.contains("15 or newer"), "{text}");
    let machine = Machine::new(&[scratch.join("old")], &scratch.0);
    let refused = Cluster::start_on(&config(&scratch.join("data")), &machine).unwrap_err();
    assert!(matches!(refused, ClusterError::TooOld { .. }), "{refused}");
}

#[test]
fn a_bin_dir_without_a_server_is_named() {
    let scratch = Scratch::new();
    let bin_dir = Some(scratch.join("nothing"));
    let refused =
        Cluster::start(&ClusterConfig { bin_dir, ..config(&scratch.join("data")) }).unwrap_err().to_string();
    assert!(refused.contains("nothing/initdb") && refused.contains("TENANTRY_PG_BIN"), "{refused}");
}

#[test]
fn data_of_another_major_version_are_not_touched() {
    let scratch = Scratch::new();
    let pg = scratch.join("data/pg");
    fs::create_dir_all(&pg).unwrap();
    fs::write(pg.join("PG_VERSION"), "99\n").unwrap();
    let refused = Cluster::start(&config(&scratch.join("data"))).unwrap_err();
    assert!(matches!(refused, ClusterError::OtherMajor { made_by: 99, .. }), "{refused}");
    assert!(refused.to_string().contains("install postgresql-99"), "{refused}");
}

#[test]
fn a_folder_that_is_no_cluster_is_left_alone() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.join("data/pg/photos")).unwrap();
    let refused = Cluster::start(&config(&scratch.join("data"))).unwrap_err();
    assert!(matches!(refused, ClusterError::NotCluster(_)), "{refused}");
    assert!(scratch.join("data/pg/photos").exists());
}

#[test]
fn a_bad_setting_is_told_with_the_log() {
    let scratch = Scratch::new();
    let mut config = config(&scratch.join("data"));
    config.settings.push(setting("no_such_setting", "1"));
    let refused = Cluster::start(&config).unwrap_err().to_string();
    assert!(refused.contains("unrecognized configuration parameter \"no_such_setting\""), "{refused}");
    assert!(refused.contains("data/postgres.log") && refused.contains("correct that setting"), "{refused}");
    config.settings.pop();
    assert_eq!(ask(&Cluster::start(&config).unwrap(), "select 1"), "1");
}
