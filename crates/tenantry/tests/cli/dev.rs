//! `tenantry dev` with a private cluster: its life, its deaths, its memory.

use crate::{
    http,
    process::{Ended, Process, Scratch, eventually, lives, of_binary, run, tenantry, we_are_root},
};
use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

/// A `tenantry dev` that is up.
pub struct Dev {
    pub process: Process,
    pub url: String,
    pub token: String,
}

/// The command line of a `dev` in that folder. One slot is enough for a test.
pub fn dev(data_dir: &Path, flags: &str) -> Command {
    let mut command = tenantry(&format!("dev --listen 127.0.0.1:0 {flags} --data-dir"));
    command.arg(data_dir).env("TENANTRY_WARM_SLOTS", "1");
    command
}

/// Starts it, and waits for its greeting.
pub fn up(command: &mut Command) -> Dev {
    let process = Process::start(command);
    process.until("greeting", |said| said.out.contains("Ctrl-C stops").then_some(()));
    let out = process.said().out;
    let word = |label: &str| {
        let line = out.lines().find_map(|line| line.trim().strip_prefix(label));
        line.unwrap_or_else(|| panic!("no {label}: {out}")).trim().to_owned()
    };
    Dev { url: word("API  "), token: word("Operator token"), process }
}

impl Dev {
    fn interrupt(self) -> Ended {
        self.process.signal_group("INT");
        self.process.wait().expect(0)
    }
}

/// What the administrator sees in the private cluster.
fn psql(data_dir: &Path, sql: &str) -> String {
    let password = read(&data_dir.join("superuser.password"));
    let mut psql = Command::new("psql");
    psql.args(["-XAtq", "-U", "postgres", "-d", "tenantry", "-c", sql, "-h"]).arg(data_dir.join("run"));
    let output =
        psql.env("PGPASSWORD", password.trim()).output().unwrap_or_else(|error| panic!("psql: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

const CENSUS: &str = "SELECT 'tenants', count(*) FROM tenants UNION ALL SELECT 'workspaces', count(*) FROM workspaces
    UNION ALL SELECT 'keys', count(*) FROM api_keys UNION ALL SELECT 'audit', (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM audit_unsealed)
    UNION ALL SELECT 'runs', count(*) FROM provisioning_runs UNION ALL SELECT 'slots', count(*) FROM slots ORDER BY 1";

fn server_pid(data_dir: &Path) -> Option<String> {
    let file = fs::read_to_string(data_dir.join("pg/postmaster.pid")).ok()?;
    file.lines().next().map(str::to_owned)
}

/// The agents that the printed `curl` shows.
fn curl(dev: &Dev, scratch: &Scratch) -> String {
    let header = read(&scratch.join("data/demo/acme.header"));
    let reply = http::send(&dev.url, "GET", "/v1/agents", &[header.trim()], None).reply();
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body
}

#[test]
fn dev_starts_stops_and_keeps_its_data() {
    let scratch = Scratch::new("dev");
    let data_dir = scratch.join("data");
    let first = up(&mut dev(&data_dir, "--demo"));
    let agents = curl(&first, &scratch);
    assert!(agents.contains("Iris"), "{agents}");
    let token = first.token.clone();
    let server = server_pid(&data_dir).unwrap();
    let ended = first.interrupt();
    assert!(ended.out.contains("permission denied for schema tenant_"), "{}", ended.out);
    assert!(ended.out.lines().all(|line| line.chars().count() <= 100), "{}", ended.out);
    assert!(server_pid(&data_dir).is_none() && !lives(&server), "PostgreSQL lives on");
    let second = up(&mut dev(&data_dir, "--demo"));
    assert_eq!((curl(&second, &scratch), &second.token), (agents, &token));
    second.interrupt();
}

#[test]
fn a_second_start_adds_nothing() {
    let scratch = Scratch::new("second");
    let data_dir = scratch.join("data");
    let first = up(&mut dev(&data_dir, "--demo"));
    // The worker fills the slot that a tenant took.
    eventually("a ready slot", || {
        psql(&data_dir, "SELECT count(*) FROM slots WHERE state = 'ready'") == "1\n"
    });
    let census = psql(&data_dir, CENSUS);
    first.interrupt();
    let second = up(&mut dev(&data_dir, "--demo"));
    assert_eq!(psql(&data_dir, CENSUS), census);
    second.interrupt();
}

/// Nothing but what an operator has to know: no line of the start, and no alarm for the refusal that the demo provokes.
#[test]
fn a_start_without_trouble_logs_nothing() {
    let scratch = Scratch::new("quiet");
    let ended = up(&mut dev(&scratch.join("data"), "--demo")).interrupt();
    assert_eq!(ended.err, "");
}

#[test]
fn ctrl_c_during_the_start_stops_cleanly() {
    let scratch = Scratch::new("early");
    let data_dir = scratch.join("data");
    let half_made = || {
        let entries = fs::read_dir(&data_dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("pg.init-"))
    };
    let in_initdb = Process::start(&mut dev(&data_dir, "--demo"));
    eventually("initdb", half_made);
    in_initdb.signal_group("INT");
    let ended = in_initdb.wait().expect(0);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", ""));
    assert!(!half_made() && server_pid(&data_dir).is_none());
    let in_set_up = Process::start(&mut dev(&data_dir, "--demo"));
    eventually("PostgreSQL", || server_pid(&data_dir).is_some());
    in_set_up.signal_group("INT");
    assert_eq!(in_set_up.wait().expect(0).err, "");
    assert!(server_pid(&data_dir).is_none());
    up(&mut dev(&data_dir, "--demo")).interrupt();
}

#[test]
fn a_killed_dev_is_taken_over() {
    let scratch = Scratch::new("killed");
    let data_dir = scratch.join("data");
    let first = up(&mut dev(&data_dir, "--demo"));
    let agents = curl(&first, &scratch);
    let orphan = server_pid(&data_dir).unwrap();
    first.process.signal("KILL");
    assert_eq!(first.process.wait().signal, Some(9));
    let second = up(&mut dev(&data_dir, "--demo"));
    assert_eq!(curl(&second, &scratch), agents);
    let server = server_pid(&data_dir).unwrap();
    second.process.signal("TERM");
    second.process.wait().expect(0);
    assert!(!lives(&orphan) && !lives(&server), "PostgreSQL lives on");
}

#[test]
fn a_second_dev_on_the_same_folder_is_refused() {
    let scratch = Scratch::new("twice");
    let data_dir = scratch.join("data");
    let first = up(&mut dev(&data_dir, ""));
    let refused = run(&mut dev(&data_dir, "")).expect(1);
    assert!(refused.err.contains(&format!("process {}", first.process.pid)), "{}", refused.err);
    assert_eq!(http::get(&first.url, "/readyz", "").status, 200);
    first.interrupt();
}

#[test]
fn root_may_keep_its_data_where_postgres_may_not_go() {
    let scratch = Scratch::new("closed");
    if !we_are_root(&scratch) {
        eprintln!("skipped: only root drops to another user");
        return;
    }
    let closed = scratch.folder("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let data_dir = closed.join("data");
    let ended = up(&mut dev(&data_dir, "")).interrupt();
    let location = read(&data_dir.join("location"));
    let shelter = PathBuf::from(location.lines().next().unwrap());
    assert!(ended.out.contains(shelter.to_str().unwrap()), "{}", ended.out);
    assert!(data_dir.join("cli.json").exists() && shelter.join("pg").exists());
    fs::remove_dir_all(shelter).unwrap();
}

/// Under the number of `nobody` where this test runs as root: with a folder of its own, and then one that it may not write.
#[test]
fn dev_works_as_an_ordinary_user() {
    let scratch = Scratch::new("ordinary");
    let binary = scratch.join("tenantry");
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_tenantry")).arg(&binary).status().unwrap().success());
    let home = scratch.folder("home");
    let root = we_are_root(&scratch);
    if root {
        std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
    }
    let start = |data_dir: &Path| {
        let mut command = of_binary(&binary, "dev --listen 127.0.0.1:0 --data-dir");
        command.arg(data_dir).env("TENANTRY_WARM_SLOTS", "0");
        if root {
            command.uid(65534).gid(65534)
        } else {
            &mut command
        };
        command
    };
    up(&mut start(&home.join("data"))).interrupt();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o555)).unwrap();
    let refused = run(&mut start(&home.join("other"))).expect(1).err;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(refused.contains("home/other") && refused.contains("--data-dir"), "{refused}");
}
