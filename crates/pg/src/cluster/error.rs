//! What can go wrong with the private cluster, said so that the reader knows what to do next.
//!
//! Owns: the texts. Calls: nothing. Called by: every module of `cluster`.
//! Invariants: each message names the thing at fault and a way out (`a_folder_error_says_what_to_do`,
//! `an_old_server_is_refused_by_its_version`, `no_server_at_all_says_what_to_install`).
//! After a crash: nothing is left.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Why the private cluster did not start, or did not stop.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No server on this machine.
    #[error(
        "no PostgreSQL server was found on this machine (looked in {looked}): install one, on Debian and Ubuntu with \
         `apt-get install postgresql`, or set TENANTRY_PG_BIN to the folder that holds initdb, postgres and pg_ctl"
    )]
    NotFound {
        /// The places that were tried, with what was wrong about those that looked promising.
        looked: String,
    },
    /// The folder that was asked for holds no usable server.
    #[error(
        "{} holds no usable PostgreSQL server: {reason}; set TENANTRY_PG_BIN to a folder with working initdb, postgres and \
         pg_ctl, or unset it to have them searched", dir.display()
    )]
    BadBinDir {
        /// The folder asked for.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Only servers below the oldest version that is supported.
    #[error(
        "PostgreSQL {version} in {} is too old, version {} or newer is needed: install one, on Debian and Ubuntu with \
         `apt-get install postgresql`, or set TENANTRY_PG_BIN to the folder of a newer one", dir.display(), super::OLDEST
    )]
    TooOld {
        /// The folder of the newest one found.
        dir: PathBuf,
        /// Its version as it prints it.
        version: String,
    },
    /// The data were written by another major version.
    #[error(
        "the data in {} were written by PostgreSQL {made_by}, but only {found} was found: install postgresql-{made_by}, or \
         set TENANTRY_PG_BIN to its folder, or begin afresh in another folder with --data-dir or TENANTRY_DATA_DIR",
        data_dir.display()
    )]
    OtherMajor {
        /// The data folder.
        data_dir: PathBuf,
        /// The major version in the cluster's `PG_VERSION`.
        made_by: u32,
        /// What was found instead.
        found: String,
    },
    /// Another process runs the cluster of this folder.
    #[error(
        "the data folder {} is in use by {holder}: stop that one first, or choose another folder with --data-dir or \
         TENANTRY_DATA_DIR", data_dir.display()
    )]
    InUse {
        /// The data folder.
        data_dir: PathBuf,
        /// `process N`, or `another process` where it could not be read.
        holder: String,
    },
    /// A file or folder could not be made, read or written.
    #[error("cannot {action} {}: {source}; {}", path.display(), remedy(source))]
    Folder {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system answered.
        source: Error,
    },
    /// The cluster's folder is there but holds something else.
    #[error(
        "{} exists but is not a PostgreSQL cluster: move it away, or choose another folder with --data-dir or \
         TENANTRY_DATA_DIR", .0.display()
    )]
    NotCluster(PathBuf),
    /// A throw-away cluster was to be put where something else lives.
    #[error(
        "{} is not empty and was not made for a throw-away cluster, which removes its folder at the end: name a new folder",
        .0.display()
    )]
    NotEphemeral(PathBuf),
    /// A throw-away cluster was left there and is to be used for keeps.
    #[error(
        "{} was left behind by a throw-away cluster, whose data are not safe to keep: remove it, or choose another folder \
         with --data-dir or TENANTRY_DATA_DIR", .0.display()
    )]
    LeftByEphemeral(PathBuf),
    /// Root, and nobody to run the server as.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres` nor a user `nobody`: make one \
         (`useradd --system postgres`) or run as an ordinary user"
    )]
    NoUser,
    /// Root, and the user who runs the server cannot get at the data that are there already.
    #[error(
        "the user {user}, who runs PostgreSQL here, cannot enter {}: give it passage (`chmod o+x` on each folder above), or \
         choose another folder with --data-dir or TENANTRY_DATA_DIR", path.display()
    )]
    Unreachable {
        /// Who.
        user: String,
        /// Where to.
        path: PathBuf,
    },
    /// No randomness for the password.
    #[error(
        "the system gave no random bytes for a password: {0}; try again, or check that /dev/urandom is there"
    )]
    Random(#[from] getrandom::Error),
    /// A program could not be run at all.
    #[error(
        "cannot run {program}: {source}; check that it is installed and may be executed by the user {user}"
    )]
    Run {
        /// The program.
        program: String,
        /// As whom.
        user: String,
        /// What the system answered.
        source: Error,
    },
    /// `initdb` gave up.
    #[error("initdb could not make a cluster in {}: {detail}; {}", path.display(), remedy_of_text(detail))]
    Initdb {
        /// The data folder.
        path: PathBuf,
        /// What it wrote.
        detail: String,
    },
    /// The server ended before it was ready, or before it was told to.
    #[error("PostgreSQL ended by itself ({status}); the end of {}:\n{tail}\n{}", log.display(), remedy_of_text(tail))]
    Died {
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The server runs but does not answer.
    #[error(
        "PostgreSQL was not ready after {seconds} s and was stopped; the end of {}:\n{tail}\nstart again to let it go on \
         with its recovery", log.display()
    )]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The server does not stop.
    #[error("PostgreSQL in {} did not stop: {detail}; stop process {pid} by hand", path.display())]
    Stop {
        /// The cluster's folder.
        path: PathBuf,
        /// The postmaster.
        pid: u32,
        /// What was said.
        detail: String,
    },
}

const ELSEWHERE: &str = "choose another folder with --data-dir or TENANTRY_DATA_DIR";

fn remedy(source: &Error) -> String {
    match source.kind() {
        ErrorKind::NotFound => format!("make the folder above it first, or {ELSEWHERE}"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!("free some space, or {ELSEWHERE}"),
        _ => format!("make it writable for the user you run as, or {ELSEWHERE}"),
    }
}

/// PostgreSQL's own programs answer in prose (always in English: `RunAs::command` sees to it).
fn remedy_of_text(text: &str) -> String {
    if text.contains("No space left") || text.contains("Disk quota exceeded") {
        return format!("free some space, or {ELSEWHERE}");
    }
    if text.contains("Permission denied") || text.contains("Read-only file system") {
        return format!("make the folder writable for the user who runs PostgreSQL, or {ELSEWHERE}");
    }
    if text.contains("could not map anonymous shared memory") || text.contains("Cannot allocate memory") {
        return "free some memory, or lower shared_buffers".to_owned();
    }
    if text.contains("unrecognized configuration parameter") || text.contains("invalid value for parameter") {
        return "correct that setting".to_owned();
    }
    format!("put right what it names and start again, or {ELSEWHERE}")
}

/// For `map_err`: what was tried on which file or folder.
pub(super) fn folder(action: &'static str, path: &Path) -> impl FnOnce(Error) -> ClusterError + use<> {
    let path = path.to_owned();
    move |source| ClusterError::Folder { action, path, source }
}
