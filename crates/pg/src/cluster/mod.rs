//! A private PostgreSQL cluster on this machine, in a folder of our own, reached through a Unix socket only.
//!
//! Owns: the data folder and the server that runs on it. Calls: `initdb`, `postgres`, `pg_ctl`; nothing of this crate.
//! Called by: `server` (`tenantry dev`), `testkit`.
//! Invariants: data survive a stop and a start (`data_survive_a_restart`); one live cluster per folder
//! (`two_at_once_are_refused`); the password is needed (`a_wrong_password_is_refused`); no TCP port is opened
//! (`listens_on_no_port`); a throw-away cluster leaves nothing (`ephemeral_leaves_nothing`).
//! After a crash: a cluster for keeps is taken over by the next start; a throw-away one is removed by its watchdog.

mod error;
mod find;
mod initdb;
mod place;
mod postmaster;
#[cfg(test)]
mod tests;
mod user;
mod watchdog;

pub use error::ClusterError;

use find::Binaries;
use place::{Claim, Place};
use postmaster::{Postmaster, Stop};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use watchdog::Watchdog;

/// The oldest major version of PostgreSQL that is supported.
pub const OLDEST: u32 = 15;
/// Part of the socket's name only; nobody listens on it.
const PORT: u16 = 5432;
const SUPERUSER: &str = "postgres";

/// What cluster to run.
#[derive(Debug, Clone, Default)]
pub struct ClusterConfig {
    /// Its folder, made if absent; the folder above must be there. Relative to the working folder.
    pub data_dir: PathBuf,
    /// The folder of `initdb`, `postgres` and `pg_ctl` (`TENANTRY_PG_BIN`); searched where absent.
    pub bin_dir: Option<PathBuf>,
    /// Settings of `postgresql.conf` by name, which win over ours. The socket's folder cannot be changed.
    pub settings: Vec<(String, String)>,
    /// For tests: fast and unsafe, and removed with its folder when dropped, or when this process ends in any way.
    pub ephemeral: bool,
}

/// A running cluster. Dropping it stops it; [`Cluster::stop`] does so too and tells whether that went well.
///
/// Its functions block: call them where blocking is allowed.
#[derive(Debug)]
pub struct Cluster {
    postmaster: Option<Postmaster>,
    watchdog: Option<Watchdog>,
    binaries: Binaries,
    password: String,
    port: u16,
    ephemeral: bool,
    // Last: the lock in it is let go when everything else is done.
    claim: Claim,
}

impl Cluster {
    /// Starts the cluster in that folder, making it first if it is not there, and returns when it answers.
    ///
    /// A server left there by a process that was killed is stopped first.
    pub fn start(config: &ClusterConfig) -> Result<Self, ClusterError> {
        Self::start_on(config, &find::Machine::this())
    }

    fn start_on(config: &ClusterConfig, machine: &find::Machine) -> Result<Self, ClusterError> {
        let place = Place::resolve(&config.data_dir)?;
        let made_by = place.made_by().map(|major| (major, place.asked.as_path()));
        let binaries = find::server(config.bin_dir.as_deref(), made_by, machine, &place.run_as)?;
        let claim = place.claim(config.ephemeral)?;
        // Before there is anything to clean up, so that no moment is left unwatched.
        let watchdog = config.ephemeral.then(|| Watchdog::start(&claim, &binaries)).transpose()?;
        postmaster::clear_predecessor(&claim, &binaries)?;
        let password = initdb::ensure(&claim.place, &binaries, config.ephemeral)?;
        let settings = settings(config);
        let port =
            settings.iter().rev().find(|(name, _)| name == "port").and_then(|(_, value)| value.parse().ok());
        let port = port.unwrap_or(PORT);
        let postmaster = Some(Postmaster::start(&claim, &binaries, port, &settings)?);
        Ok(Self { postmaster, watchdog, binaries, password, port, ephemeral: config.ephemeral, claim })
    }

    /// A connection URL as `postgres`, with its password, for the database `postgres`.
    pub fn superuser_url(&self) -> String {
        self.url(SUPERUSER, &self.password, SUPERUSER)
    }

    /// A connection URL through the socket for any user and database, each percent-encoded.
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        let [user, password, database] = [user, password, database].map(|part| encode(part.as_bytes()));
        let host = encode(self.socket_dir().as_os_str().as_bytes());
        format!("postgresql://{user}:{password}@{host}:{}/{database}", self.port)
    }

    /// The folder of the socket; absolute.
    pub fn socket_dir(&self) -> &Path {
        &self.claim.socket_dir
    }

    /// The port number in the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's major version, and its version in full as it prints it, such as `15.18`.
    pub fn version(&self) -> (u32, String) {
        (self.binaries.major, self.binaries.full.clone())
    }

    /// Where the data really are; absolute. Differs from what was asked for where root's folder was closed to the
    /// user who runs the server.
    pub fn data_dir(&self) -> &Path {
        &self.claim.place.base
    }

    /// The folder of the server's programs.
    pub fn bin_dir(&self) -> &Path {
        &self.binaries.dir
    }

    /// Breaks off running transactions, stops the server and waits for its end. An error as well if it had ended before.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), ClusterError> {
        let how = if self.ephemeral { Stop::Immediate } else { Stop::Fast };
        let stopped = match self.postmaster.take() {
            Some(mut postmaster) => postmaster.stop(&self.claim.place, &self.binaries, how),
            None => Ok(()),
        };
        drop(self.watchdog.take());
        if !self.claim.socket_dir.starts_with(&self.claim.place.base) {
            // Below the temp folder; not empty, and so kept, only if the server did not stop.
            let _ = std::fs::remove_dir(&self.claim.socket_dir);
        }
        stopped
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            tracing::warn!(%error, "the private PostgreSQL cluster did not stop in order");
        }
    }
}

/// Ours, then the caller's: the server takes the last of each name.
fn settings(config: &ClusterConfig) -> Vec<(String, String)> {
    let ours = [
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("password_encryption", "scram-sha-256"),
        ("shared_buffers", "128MB"),
        ("max_connections", "200"),
        // A transaction over a tenant's schema locks all its tables and indexes, and slots are made in batches.
        ("max_locks_per_transaction", "256"),
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
        ("log_min_messages", "warning"),
        ("log_line_prefix", "%m [%p] %q%u@%d "),
    ];
    let unsafe_but_fast = [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")];
    let unsafe_but_fast = unsafe_but_fast.into_iter().filter(|_| config.ephemeral);
    let ours =
        ours.into_iter().chain(unsafe_but_fast).map(|(name, value)| (name.to_owned(), value.to_owned()));
    ours.chain(config.settings.iter().cloned()).collect()
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// One beat of waiting for another process, of which the system tells us nothing.
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}
