//! Clock, ids, faults: what would otherwise be chance, as arguments. And who asks.
//!
//! Owns: nothing. Calls: nothing. Called by: every module.
//! Invariants: the only homes of `Utc::now` and `Uuid::now_v7` (clippy.toml). After a crash: nothing is left.

use crate::{Error, Result, authz::Actor};
use chrono::{DateTime, Utc};
use std::{net::IpAddr, sync::Arc};
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// What the database says the time is, in this clock's terms: the same, but for a test that has put all clocks forward.
    fn of_database(&self, told: DateTime<Utc>) -> DateTime<Utc> {
        told
    }
}

/// Makes ids.
pub trait Ids: Send + Sync + 'static {
    /// A new `UUIDv7`: ordered by time, so that indexes stay dense.
    fn uuid(&self) -> Uuid;
}

/// Lets a test make a named point fail.
pub trait Faults: Send + Sync + 'static {
    /// Called when `point` is reached.
    ///
    /// # Errors
    /// Whatever the test wants to happen there; never in production.
    fn at(&self, point: &str) -> Result<()>;
}

/// The system's clock and ids; no faults.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "the one home of the wall clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

impl Ids for System {
    #[expect(clippy::disallowed_methods, reason = "the one home of new ids")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

impl Faults for System {
    fn at(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

/// What every operation needs and none may take from the air.
#[derive(Clone)]
pub struct Ctx {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Fails where a test wants it.
    pub faults: Arc<dyn Faults>,
}

impl Ctx {
    /// The system's.
    pub fn system() -> Self {
        Self { clock: Arc::new(System), ids: Arc::new(System), faults: Arc::new(System) }
    }

    /// Now, in whole microseconds: what PostgreSQL keeps, so that a value read back equals the one written.
    pub fn now(&self) -> DateTime<Utc> {
        let now = self.clock.now();
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    /// Now, by whichever is behind of this machine's clock and the database's: for what must not happen too early.
    pub fn earlier(&self, database: DateTime<Utc>) -> DateTime<Utc> {
        self.now().min(self.clock.of_database(database))
    }

    /// A new id.
    pub fn uuid(&self) -> Uuid {
        self.ids.uuid()
    }
}

/// Who asks, and from where: what an audit event needs to say.
#[derive(Debug, Clone)]
pub struct Request {
    /// Verified by the caller.
    pub actor: Actor,
    /// The id that the caller was given.
    pub request_id: String,
    /// The client's address, as far as trusted proxies tell it.
    pub address: Option<IpAddr>,
}

/// Secret random bytes.
///
/// # Errors
/// [`Error::Fault`] when the system has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Fault(format!("no randomness: {error}")))?;
    Ok(bytes)
}
