//! Who runs the server: ourselves, or, where we are root, somebody who is not.
//!
//! Owns: nothing. Calls: `id`, `/etc/passwd`. Called by: every module of `cluster` that starts a program.
//! Invariants: an ordinary user never drops (`works_as_an_ordinary_user`); root never runs a program of
//! PostgreSQL as root (`the_server_never_runs_as_root`); nothing of the caller's `PG*` environment reaches
//! the server, `PGDATA` least of all (`the_callers_environment_does_not_leak`).
//! After a crash: nothing is left.

use super::error::{ClusterError, folder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

/// In this order: Debian's and Red Hat's user of the server, then whoever owns nothing.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

#[derive(Debug, Clone)]
pub(super) struct RunAs {
    /// User and group to become; none where we stay who we are.
    ids: Option<(u32, u32)>,
    name: String,
}

impl RunAs {
    /// The owner of the cluster if there is one already (root may visit a user's data without taking it over),
    /// else the first candidate that exists.
    pub(super) fn for_cluster(pg: &Path) -> Result<Self, ClusterError> {
        if own_uid()? != 0 {
            return Ok(Self { ids: None, name: "you run as".to_owned() });
        }
        match fs::metadata(pg) {
            Ok(found) if found.uid() != 0 => {
                return Ok(Self { ids: Some((found.uid(), found.gid())), name: format!("#{}", found.uid()) });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(folder("read", pg)(error)),
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        CANDIDATES
            .iter()
            .find_map(|name| {
                let ids = look_up(&passwd, name).or_else(|| ask_for(name))?;
                Some(Self { ids: Some(ids), name: (*name).to_owned() })
            })
            .ok_or(ClusterError::NoUser)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether root is given up.
    pub(super) fn drops(&self) -> bool {
        self.ids.is_some()
    }

    /// The user id the server will have, given one of our own files.
    pub(super) fn uid_or(&self, ours: u32) -> u32 {
        self.ids.map_or(ours, |(uid, _)| uid)
    }

    /// A program that runs as that user, in a folder anybody may enter, with nothing on its input. It leads a group of its own:
    /// Ctrl-C in the terminal is for us, who then end in order; a server, `initdb` or `pg_ctl` must not end before.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid);
        }
        for (key, _) in std::env::vars_os().filter(|(key, _)| key.as_bytes().starts_with(b"PG")) {
            command.env_remove(key);
        }
        // English messages, which `error.rs` reads; and UTC, which spares initdb a search through all time zones.
        command.env("LC_ALL", "C").env("TZ", "UTC").current_dir("/").stdin(Stdio::null()).process_group(0);
        command
    }

    /// Runs a program to its end; the error is for the case that it could not be run at all.
    pub(super) fn output(&self, command: &mut Command) -> Result<std::process::Output, ClusterError> {
        command.output().map_err(|source| self.cannot_run(command, source))
    }

    pub(super) fn cannot_run(&self, command: &Command, source: io::Error) -> ClusterError {
        let program = Path::new(command.get_program()).display().to_string();
        ClusterError::Run { program, user: self.name.clone(), source }
    }

    /// Makes that user the owner.
    pub(super) fn give(&self, path: &Path) -> Result<(), ClusterError> {
        let Some((uid, gid)) = self.ids else { return Ok(()) };
        chown(path, Some(uid), Some(gid)).map_err(folder("give PostgreSQL's user", path))
    }

    /// The kernel's own answer, which knows access lists and mounts that file modes do not show.
    pub(super) fn can_enter(&self, dir: &Path) -> Result<bool, ClusterError> {
        if self.ids.is_none() {
            return Ok(true);
        }
        let mut enter = self.command("sh");
        enter.args(["-c", "cd -- \"$0\""]).arg(dir).stdout(Stdio::null()).stderr(Stdio::null());
        let status = enter.status().map_err(|source| self.cannot_run(&enter, source))?;
        Ok(status.success())
    }
}

/// The standard library does not tell; `id` does, on every Unix.
fn own_uid() -> Result<u32, ClusterError> {
    let mut id = Command::new("id");
    id.arg("-u");
    let failed =
        |source| ClusterError::Run { program: "id".to_owned(), user: "you run as".to_owned(), source };
    let output = id.output().map_err(failed)?;
    parse_id(&output.stdout).ok_or_else(|| failed(io::Error::other("it printed no number")))
}

fn look_up(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        (uid != 0).then_some((uid, gid))
    })
}

/// For users kept in a directory service, which `/etc/passwd` does not list.
fn ask_for(name: &str) -> Option<(u32, u32)> {
    let ask = |flag| parse_id(&Command::new("id").args([flag, name]).output().ok()?.stdout);
    Some((ask("-u").filter(|uid| *uid != 0)?, ask("-g")?))
}

fn parse_id(output: &[u8]) -> Option<u32> {
    std::str::from_utf8(output).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_looked_up_by_its_whole_name_and_is_never_root() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgresql:x:7:8::/:\npostgres:x:101:104:,,,:/:/bin/sh\ntoor:x:0:0::/:";
        assert_eq!(look_up(passwd, "postgres"), Some((101, 104)));
        assert_eq!(look_up(passwd, "post"), None);
        assert_eq!(look_up(passwd, "toor"), None);
        assert_eq!(look_up("postgres:x:one:2", "postgres"), None);
    }

    #[test]
    fn the_callers_environment_does_not_leak() {
        let run_as = RunAs { ids: None, name: String::new() };
        let command = run_as.command("env");
        for (key, _) in std::env::vars_os().filter(|(key, _)| key.as_bytes().starts_with(b"PG")) {
            assert!(command.get_envs().any(|(k, value)| k == key && value.is_none()), "{key:?} leaks");
        }
        assert!(command.get_envs().any(|(key, value)| key == "LC_ALL" && value == Some(OsStr::new("C"))));
    }
}
