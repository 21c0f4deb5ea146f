//! Leases: work belongs to one holder, for a while, as long as the holder is there.
//!
//! Owns: nothing; tables of work have the four columns below. Calls: pg. Called by: jobs, sagas' stores.
//! Invariants: a lease is free when it ran out by the database's clock, or its holder's connection is gone (`a_gone_holder_frees_its_lease`);
//! the token fences: each take makes another, and a write that names an old one finds no row. After a crash: the lease is free at once.
//!
//! A table of work has `lease_token uuid, lease_until timestamptz, holder_pid integer, holder_started timestamptz`. The first two are
//! NULL together; the last two are NULL where the holder showed no connection, whose lease is then free by time alone.

use std::time::Duration;
use tenantry_pg::Presence;
use uuid::Uuid;

/// A lease as it is taken.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// Fences the holder.
    pub token: Uuid,
    /// How long it holds without being renewed.
    pub length: Duration,
    /// The holder's connection.
    pub holder: Option<Presence>,
}

impl Lease {
    /// The length in milliseconds, as statements take it.
    pub fn millis(&self) -> i64 {
        i64::try_from(self.length.as_millis()).unwrap_or(i64::MAX)
    }

    /// The holder's columns, as statements take them.
    pub fn holder(&self) -> (Option<i32>, Option<chrono::DateTime<chrono::Utc>>) {
        (self.holder.map(|holder| holder.pid), self.holder.map(|holder| holder.started))
    }
}

/// SQL: this row's lease is free. A backend of another login hides its start, and counts as there: the lease then ends by time.
#[macro_export]
macro_rules! lease_is_free {
    () => {
        "(lease_until IS NULL OR lease_until <= clock_timestamp()
              OR (holder_pid IS NOT NULL AND NOT EXISTS (
                  SELECT FROM pg_stat_activity a
                  WHERE a.pid = holder_pid AND (a.backend_start = holder_started OR a.backend_start IS NULL))))"
    };
}
