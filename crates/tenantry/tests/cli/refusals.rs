//! What cannot start says why, and what to do.

use crate::{
    dev::dev,
    process::{Scratch, run, tenantry},
};
use std::net::TcpListener;

#[test]
fn bad_configuration_is_usage() {
    let mut command = tenantry("server --listen 0.0.0.0:8080");
    command.envs([
        ("TENANTRY_WARM_SLOTS", "many"),
        ("TENANTRY_OPERATOR_TOKEN", "short"),
        ("TENANTRY_LISTN", "x"),
    ]);
    let refused = run(&mut command).expect(2);
    assert_eq!(refused.out, "");
    for key in [
        "TENANTRY_WARM_SLOTS",
        "TENANTRY_OPERATOR_TOKEN",
        "TENANTRY_LISTN",
        "TENANTRY_SERVER_URL",
        "TENANTRY_MASTER_KEY",
    ] {
        assert!(refused.err.contains(key), "{key} is missing: {}", refused.err);
    }
    assert!(
        refused.err.contains("TENANTRY_TRUSTED_PROXIES") && !refused.err.contains("short\n"),
        "{}",
        refused.err
    );
}

#[test]
fn a_wrong_command_line_is_usage() {
    for line in ["dev --no-such-flag", "no-such-command", "tenant show", "server --listen"] {
        assert!(run(&mut tenantry(line)).expect(2).err.contains("--help"), "{line}");
    }
}

#[test]
fn a_port_in_use_is_named_before_anything_starts() {
    let scratch = Scratch::new("port");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let refused = run(dev(&scratch.join("data"), "").env("TENANTRY_METRICS_LISTEN", &addr)).expect(1);
    assert!(
        refused.err.contains(&addr) && refused.err.contains("TENANTRY_METRICS_LISTEN"),
        "{}",
        refused.err
    );
    let refused =
        run(tenantry(&format!("dev --listen {addr} --data-dir")).arg(scratch.join("data"))).expect(1);
    assert!(refused.err.contains(&addr) && refused.err.contains("--listen"), "{}", refused.err);
    assert!(!scratch.join("data").exists(), "nothing is made before the port is had");
}

#[test]
fn a_folder_without_a_server_is_named() {
    let scratch = Scratch::new("nobin");
    let refused = run(dev(&scratch.join("data"), "").env("TENANTRY_PG_BIN", scratch.folder("bin"))).expect(1);
    assert!(refused.err.contains("bin/initdb") && refused.err.contains("TENANTRY_PG_BIN"), "{}", refused.err);
}

#[test]
fn a_server_that_is_too_old_is_named() {
    let scratch = Scratch::new("old");
    scratch.folder("bin");
    for name in ["initdb", "postgres", "pg_ctl"] {
        scratch.file(&format!("bin/{name}"), "#!/bin/sh\necho 'postgres (PostgreSQL) 13.4'\n", 0o755);
    }
    let refused = run(dev(&scratch.join("data"), "").env("TENANTRY_PG_BIN", scratch.join("bin"))).expect(1);
    assert!(refused.err.contains("13.4") && refused.err.contains("15 or newer"), "{}", refused.err);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let scratch = Scratch::new("file");
    let file = scratch.file("file", "", 0o644);
    let refused = run(&mut dev(&file.join("data"), "")).expect(1);
    assert!(refused.err.contains("file/data") && refused.err.contains("--data-dir"), "{}", refused.err);
}

#[test]
fn beyond_this_machine_only_with_tls_or_a_proxy() {
    let mut command = tenantry("server --listen 0.0.0.0:0");
    command.envs([
        ("TENANTRY_SERVER_URL", "postgresql://localhost/tenantry"),
        ("TENANTRY_MASTER_KEY", "07".repeat(32).as_str()),
        ("TENANTRY_OPERATOR_TOKEN", tenantry_testkit::OPERATOR),
    ]);
    let refused = run(&mut command).expect(2);
    assert_eq!(refused.err.matches("TENANTRY_LISTEN ").count(), 1, "{}", refused.err);
}
