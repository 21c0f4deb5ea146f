//! The server process: start it, wait until it answers, stop it; and deal with one that an earlier process left.
//!
//! Owns: the postmaster, `<data_dir>/postgres.log`. Calls: `postgres`, `pg_ctl`, `/proc` where there is one.
//! Called by: `cluster`.
//! Invariants: a server that outlived its holder is stopped in order before a new one starts, with its data intact
//! (`outlives_its_killed_holder_and_is_taken_over`); a dead server's `postmaster.pid` hinders nobody, whoever has that
//! number now (`a_killed_postmaster_is_recovered`, `a_reused_pid_is_no_server`); a server that ends early
//! tells why (`a_bad_setting_is_told_with_the_log`).
//! After a crash of ours: the server lives on, the next start stops it. After a crash of the server: it recovers by itself.

use super::error::{ClusterError, folder};
use super::find::Binaries;
use super::pause;
use super::place::{Claim, Place};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_mins(1);
/// Backends of a killed postmaster end at their next glance; until then nobody else may have the data.
const BACKENDS_GONE_WITHIN: Duration = Duration::from_secs(15);
const STOP_WITHIN: Duration = Duration::from_secs(30);
const LOG_KEPT: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Postmaster {
    child: Child,
    pg: PathBuf,
    log: PathBuf,
    /// Where this server's part of the log begins.
    log_from: u64,
}

/// How the server is to end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// Break off transactions, write everything down.
    Fast,
    /// Drop everything; the next start recovers, if there is one.
    Immediate,
}

impl Postmaster {
    pub(super) fn start(
        claim: &Claim,
        binaries: &Binaries,
        port: u16,
        settings: &[(String, String)],
    ) -> Result<Self, ClusterError> {
        let first = Instant::now();
        loop {
            let mut server = Self::spawn(claim, binaries, port, settings)?;
            match server.wait_until_ready(&claim.socket_dir.join(format!(".s.PGSQL.{port}"))) {
                Ok(()) => return Ok(server),
                Err(ClusterError::Died { tail, .. })
                    if tail.contains("is still in use") && first.elapsed() < BACKENDS_GONE_WITHIN =>
                {
                    pause();
                }
                Err(error) => {
                    if let Err(also) = server.stop(&claim.place, binaries, Stop::Immediate) {
                        tracing::debug!(%also, "a server that did not start is gone already");
                    }
                    return Err(error);
                }
            }
        }
    }

    fn spawn(
        claim: &Claim,
        binaries: &Binaries,
        port: u16,
        settings: &[(String, String)],
    ) -> Result<Self, ClusterError> {
        let (pg, log) = (claim.place.pg(), claim.place.log());
        if fs::metadata(&log).is_ok_and(|found| found.len() > LOG_KEPT) {
            fs::rename(&log, log.with_added_extension("1")).map_err(folder("rename", &log))?;
        }
        let open = |path: &Path| OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let output = open(&log).map_err(folder("write", &log))?;
        let log_from = output.metadata().map_err(folder("read", &log))?.len();
        let errors = output.try_clone().map_err(folder("write", &log))?;
        let mut postgres = claim.place.run_as.command(binaries.program("postgres"));
        postgres.arg("-D").arg(&pg);
        for (name, value) in settings {
            postgres.arg("-c").arg(format!("{name}={value}"));
        }
        // Last, so that no setting takes the socket from under the URLs that we hand out.
        postgres.arg("-p").arg(port.to_string()).arg("-k").arg(&claim.socket_dir);
        postgres.stdout(output).stderr(errors);
        let child = postgres.spawn().map_err(|source| claim.place.run_as.cannot_run(&postgres, source))?;
        Ok(Self { child, pg, log, log_from })
    }

    fn wait_until_ready(&mut self, socket: &Path) -> Result<(), ClusterError> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Err(self.died(status));
            }
            let file = PidFile::read(&self.pg);
            if file.is_some_and(|file| file.pid == self.child.id() && file.ready)
                && UnixStream::connect(socket).is_ok()
            {
                return Ok(());
            }
            if begun.elapsed() > READY_WITHIN {
                let seconds = READY_WITHIN.as_secs();
                return Err(ClusterError::NotReady { seconds, log: self.log.clone(), tail: self.tail() });
            }
            pause();
        }
    }

    /// Stops it and waits for its end, by harder means where the wanted one takes too long.
    pub(super) fn stop(&mut self, place: &Place, binaries: &Binaries, how: Stop) -> Result<(), ClusterError> {
        if let Some(status) = self.ended()? {
            return Err(self.died(status));
        }
        let signals: &[&str] = match how {
            Stop::Fast => &["INT", "QUIT"],
            Stop::Immediate => &["QUIT"],
        };
        for signal in signals {
            let mut kill = place.run_as.command(binaries.program("pg_ctl"));
            kill.args(["kill", signal, &self.child.id().to_string()]);
            // It may have ended just now; waiting for its end tells.
            place.run_as.output(&mut kill)?;
            match (self.wait_for_end(STOP_WITHIN)?, how) {
                (Some(status), Stop::Fast) if !status.success() => return Err(self.died(status)),
                (Some(_), _) => return Ok(()),
                (None, _) => {}
            }
        }
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map(|_| ()).map_err(|error| self.not_stopped(error.to_string()))
    }

    fn wait_for_end(&mut self, patience: Duration) -> Result<Option<ExitStatus>, ClusterError> {
        let begun = Instant::now();
        loop {
            let ended = self.ended()?;
            if ended.is_some() || begun.elapsed() > patience {
                return Ok(ended);
            }
            pause();
        }
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>, ClusterError> {
        self.child.try_wait().map_err(|error| self.not_stopped(error.to_string()))
    }

    fn not_stopped(&self, detail: String) -> ClusterError {
        ClusterError::Stop { path: self.pg.clone(), pid: self.child.id(), detail }
    }

    fn died(&self, status: ExitStatus) -> ClusterError {
        ClusterError::Died { status: status.to_string(), log: self.log.clone(), tail: self.tail() }
    }

    /// The last lines this server has written.
    fn tail(&self) -> String {
        const BYTES: u64 = 4096;
        let mut bytes = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            let from = log.metadata()?.len().saturating_sub(BYTES).max(self.log_from);
            log.seek(SeekFrom::Start(from))?;
            log.take(BYTES).read_to_end(&mut bytes)
        });
        if let Err(error) = read {
            return format!("(it cannot be read: {error})");
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        if lines.is_empty() {
            "(empty)".to_owned()
        } else {
            lines[lines.len().saturating_sub(15)..].join("\n")
        }
    }
}

/// Stops a server that a killed holder has left, and removes what would keep the next one from starting.
/// The claim's lock keeps others of ours from starting one meanwhile.
pub(super) fn clear_predecessor(claim: &Claim, binaries: &Binaries) -> Result<(), ClusterError> {
    let (place, pg) = (&claim.place, claim.place.pg());
    if !pg.join("postmaster.pid").exists() {
        return Ok(());
    }
    let pid = PidFile::read(&pg).map(|file| file.pid);
    if Path::new("/proc/self/cwd").exists() {
        if !pid.is_some_and(|pid| works_in(&process(pid), &pg)) {
            return forget_dead(pid, claim);
        }
    } else {
        let mut status = place.run_as.command(binaries.program("pg_ctl"));
        if !place.run_as.output(status.arg("-D").arg(&pg).arg("status"))?.status.success() {
            return Ok(());
        }
    }
    let pid = pid.unwrap_or_default();
    tracing::info!(pid, "stopping the PostgreSQL server of an earlier process that was killed");
    let mut detail = String::new();
    for mode in ["fast", "immediate"] {
        let mut stop = place.run_as.command(binaries.program("pg_ctl"));
        stop.arg("-D").arg(&pg).args(["-m", mode, "-w", "-t", &STOP_WITHIN.as_secs().to_string(), "stop"]);
        let output = place.run_as.output(&mut stop)?;
        if output.status.success() || PidFile::read(&pg).is_none() {
            return Ok(());
        }
        String::from_utf8_lossy(&output.stderr).trim().clone_into(&mut detail);
    }
    Err(ClusterError::Stop { path: pg, pid, detail })
}

/// In a container that was restarted, a dead server's number is likely to be somebody else's: PostgreSQL would take that
/// one for a server and refuse, as it does with a file that was cut short. Where the number is free it is left to
/// PostgreSQL, which finds in that file whether backends of the dead server are still about.
fn forget_dead(pid: Option<u32>, claim: &Claim) -> Result<(), ClusterError> {
    if pid.is_some_and(|pid| !process(pid).exists()) {
        return Ok(());
    }
    let pg = claim.place.pg();
    let begun = Instant::now();
    while somebody_works_in(&pg)? {
        if begun.elapsed() > BACKENDS_GONE_WITHIN {
            // PostgreSQL will refuse, and its log says whom it waits for.
            return Ok(());
        }
        pause();
    }
    let mut stale = vec![pg.join("postmaster.pid")];
    for entry in fs::read_dir(&claim.socket_dir).map_err(folder("read", &claim.socket_dir))?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "lock") {
            stale.push(entry.path());
        }
    }
    for file in stale {
        fs::remove_file(&file).map_err(folder("remove", &file))?;
    }
    Ok(())
}

fn process(pid: u32) -> PathBuf {
    Path::new("/proc").join(pid.to_string())
}

fn somebody_works_in(pg: &Path) -> Result<bool, ClusterError> {
    let mut processes = fs::read_dir("/proc").map_err(folder("read", Path::new("/proc")))?.flatten();
    Ok(processes.any(|process| works_in(&process.path(), pg)))
}

/// Every process of a server has its data folder as its working folder.
fn works_in(process: &Path, pg: &Path) -> bool {
    fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == pg)
}

/// The lines of `postmaster.pid` that matter: the first, and the eighth.
struct PidFile {
    pid: u32,
    ready: bool,
}

impl PidFile {
    fn read(pg: &Path) -> Option<Self> {
        let text = fs::read_to_string(pg.join("postmaster.pid")).ok()?;
        let pid = text.lines().next()?.trim().parse().ok()?;
        Some(Self { pid, ready: text.lines().nth(7).is_some_and(|status| status.trim() == "ready") })
    }
}
