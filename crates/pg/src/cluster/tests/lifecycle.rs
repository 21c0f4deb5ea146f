//! The ordinary course: start, use, stop, start again; as root and as somebody else.
//!
//! Owns: nothing. Calls: `cluster`, `psql`. Called by: nobody.
//! Invariants: none of its own. After a crash: folders `tenantry-test-…` below the temp folder.

use super::role::Player;
use super::*;

#[test]
fn data_survive_a_restart() {
    let scratch = Scratch::new();
    let config = config(&scratch.join("data"));
    let cluster = Cluster::start(&config).unwrap();
    let url = cluster.superuser_url();
    ask(&cluster, "create table t as select 42 as answer");
    cluster.stop().unwrap();

    let cluster = Cluster::start(&config).unwrap();
    assert_eq!(ask(&cluster, "select answer from t"), "42");
    assert_eq!(cluster.superuser_url(), url, "the password stays");
    assert_eq!(cluster.data_dir(), scratch.join("data"));
    let (major, full) = cluster.version();
    assert!(major >= OLDEST && full.starts_with(&major.to_string()), "{full}");
    assert_eq!(ask(&cluster, "show server_version").split(' ').next(), Some(full.as_str()));
}

#[test]
fn the_cluster_is_as_promised() {
    let scratch = Scratch::new();
    let mut config = config(&scratch.join("data"));
    config.settings.push(setting("max_connections", "33"));
    let cluster = Cluster::start(&config).unwrap();
    for (name, value) in [
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("password_encryption", "scram-sha-256"),
        ("max_locks_per_transaction", "256"),
        ("unix_socket_permissions", "0700"),
        ("log_min_messages", "warning"),
        ("TimeZone", "UTC"),
        ("fsync", "on"),
        // The caller's settings win over ours.
        ("max_connections", "33"),
        ("shared_buffers", "16MB"),
    ] {
        assert_eq!(ask(&cluster, &format!("show {name}")), value, "{name}");
    }
    let files = [
        ("pg", 0o700),
        ("run", 0o700),
        ("superuser.password", 0o600),
        ("postgres.log", 0o600),
        ("lock", 0o600),
    ];
    for (name, mode) in files {
        assert_eq!(fs::metadata(cluster.data_dir().join(name)).unwrap().mode() & 0o777, mode, "{name}");
    }
}

#[test]
fn listens_on_no_port() {
    assert_eq!(ask(&SHARED, "show listen_addresses"), "");
    assert_eq!(ask(&SHARED, "select coalesce(inet_server_addr()::text, 'socket')"), "socket");
}

#[test]
fn a_wrong_password_is_refused() {
    let refused = psql(&SHARED, &SHARED.url("postgres", "wrong", "postgres"), "select 1").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");
    assert!(
        ask(&SHARED, "select rolpassword from pg_authid where rolname = 'postgres'")
            .starts_with("SCRAM-SHA-256$")
    );
}

#[test]
fn a_url_carries_any_name() {
    ask(&SHARED, "create role \"a b/ü\" login password 'p@:/%?#'");
    ask(&SHARED, "create database \"d&=1\"");
    let url = SHARED.url("a b/ü", "p@:/%?#", "d&=1");
    assert_eq!(
        psql(&SHARED, &url, "select current_user || ' ' || current_database()").unwrap(),
        "a b/ü d&=1"
    );
}

#[test]
fn the_server_never_runs_as_root() {
    assert_ne!(fs::metadata(socket(&SHARED)).unwrap().uid(), 0);
}

/// The terminal sends Ctrl-C to its whole group: we then stop the server in order, which it must live to see.
#[test]
fn ctrl_c_does_not_reach_the_server() {
    let server = postmaster_pid(SHARED.data_dir());
    // The third field after the name, which may itself hold blanks and brackets.
    let group = fs::read_to_string(format!("/proc/{server}/stat")).map_or_else(
        |_| {
            let output = Command::new("ps").args(["-o", "pgid=", "-p", &server]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        },
        |stat| stat.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap().to_owned(),
    );
    assert_eq!(group, server, "it leads a group of its own");
}

#[test]
fn a_long_path_gets_a_short_socket() {
    let scratch = Scratch::new();
    let parent = scratch.join(&"long".repeat(30));
    fs::create_dir(&parent).unwrap();
    let cluster = Cluster::start(&ClusterConfig { ephemeral: true, ..config(&parent.join("data")) }).unwrap();
    let short = cluster.socket_dir().to_owned();
    assert!(!short.starts_with(&parent) && socket(&cluster).as_os_str().len() <= 100, "{short:?}");
    assert_eq!(fs::metadata(&short).unwrap().mode() & 0o777, 0o700);
    assert_eq!(ask(&cluster, "select 1"), "1");
    cluster.stop().unwrap();
    assert!(!short.exists());
}

/// Root's own folders are closed to the user who runs the server; anybody else's folder is open to themselves.
#[test]
fn a_folder_closed_to_the_server_is_relocated() {
    let scratch = Scratch::new();
    let closed = scratch.join("closed");
    fs::create_dir(&closed).unwrap();
    set_mode(&closed, 0o700);
    let config = config(&closed.join(".data"));
    let cluster = Cluster::start(&config).unwrap();
    let real = Scratch(cluster.data_dir().to_owned());
    if !we_are_root(&scratch) {
        assert_eq!(real.0, closed.join(".data"));
        return;
    }
    assert!(
        real.0.starts_with("/var/lib/tenantry") && real.0.to_str().unwrap().contains("/data-"),
        "{:?}",
        real.0
    );
    let note = fs::read_to_string(closed.join(".data/location")).unwrap();
    assert_eq!(note.lines().next(), real.0.to_str());
    ask(&cluster, "create table kept ()");
    cluster.stop().unwrap();
    let cluster = Cluster::start(&config).unwrap();
    assert_eq!(
        (ask(&cluster, "select count(*) from kept"), cluster.data_dir()),
        ("0".to_owned(), real.0.as_path())
    );
}

/// The data folder itself may be closed: it is ours, and passage through it shows nothing of what else is in it.
#[test]
fn a_closed_data_folder_is_opened_no_further_than_needed() {
    let scratch = Scratch::new();
    let data_dir = scratch.join("data");
    fs::create_dir(&data_dir).unwrap();
    set_mode(&data_dir, 0o700);
    fs::write(data_dir.join("master.key"), "of somebody else").unwrap();
    let cluster = Cluster::start(&config(&data_dir)).unwrap();
    assert_eq!(cluster.data_dir(), data_dir);
    let expected = if we_are_root(&scratch) { 0o711 } else { 0o700 };
    assert_eq!(fs::metadata(&data_dir).unwrap().mode() & 0o777, expected);
}

/// And root, who comes later, runs that user's data without taking them over.
#[test]
fn works_as_an_ordinary_user() {
    let scratch = Scratch::new();
    let player = Player::start_as_ordinary_user("live-as-ordinary-user", &scratch);
    assert_eq!(player.says("counted first"), "1");
    assert_eq!(player.says("counted second"), "2");
    let refused = player.says("refused");
    assert!(refused.contains("home/other") && refused.contains("--data-dir"), "{refused}");
    assert_eq!(player.says("mode"), "600");
    let data_dir = scratch.join("home/data");
    let owner = fs::metadata(data_dir.join("pg")).unwrap().uid();
    let cluster = Cluster::start(&config(&data_dir)).unwrap();
    assert_eq!(ask(&cluster, "select count(*) from runs"), "2");
    assert_eq!(fs::metadata(socket(&cluster)).unwrap().uid(), owner);
}
