//! Presence: by which backend of PostgreSQL a process is seen.
//!
//! Owns: nothing. Calls: the driver. Called by: listen; durable's leases.
//! Invariants: a process id comes back one day, one with the same start does not: both together name one backend for ever. After a crash: the
//! backend ends, and with it what was tied to it.

use crate::Error;
use chrono::{DateTime, Utc};

/// A backend of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// Its process id.
    pub pid: i32,
    /// When it began.
    pub started: DateTime<Utc>,
}

impl Presence {
    /// Asked on the connection itself.
    pub(crate) const SQL: &str =
        "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()";

    pub(crate) fn of(row: &tokio_postgres::Row) -> Result<Self, Error> {
        Ok(Self {
            pid: row.try_get("pid").map_err(Error::Row)?,
            started: row.try_get("backend_start").map_err(Error::Row)?,
        })
    }
}
