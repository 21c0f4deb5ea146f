//! A bounded pool of connections of one login: tenant-affine check-out, retirement, and no way to hand out a connection
//! in doubt.
//!
//! Owns: nothing. Calls: connection, observe. Called by: transaction, tenant.
//! Invariants: a connection comes back only through [`Lease::confirmed`]; dropped any other way it is closed
//! (`a_dropped_transaction_closes_its_connection`); a tenant prefers connections that know it (`a_tenant_stays_on_its_connection`);
//! a connection retires after so many tenants or so long (`connections_retire`). After a crash: PostgreSQL ends the backends.

use crate::{Error, Login, Observer, Target, connection::Connection};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tenantry_types::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How a pool behaves.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// Connections at the most.
    pub size: usize,
    /// Named statements per connection; 0 behind a transaction pooler, where all go unnamed.
    pub named_statements: usize,
    /// A connection retires after it has served so many tenants: each costs its backend some 90 kB of catalogue cache.
    pub tenants_per_connection: usize,
    /// A connection retires at this age.
    pub max_age: Duration,
    /// How long a caller waits for a connection.
    pub wait: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            size: 8,
            named_statements: 500,
            tenants_per_connection: 250,
            max_age: Duration::from_mins(30),
            wait: Duration::from_secs(5),
        }
    }
}

/// How a pool is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// Connections at the most.
    pub size: usize,
    /// Connections that are checked out.
    pub in_use: usize,
    /// Connections that wait for work.
    pub idle: usize,
    /// Named statements on the idle connections.
    pub statements: usize,
}

/// A pool. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    target: Target,
    login: Login,
    settings: PoolSettings,
    enter: Option<&'static str>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Pool {
    /// A pool that connects when first asked.
    pub fn new(target: Target, login: Login, settings: PoolSettings, observer: Arc<dyn Observer>) -> Self {
        Self::with_enter(target, login, settings, None, observer)
    }

    pub(crate) fn with_enter(
        target: Target,
        login: Login,
        settings: PoolSettings,
        enter: Option<&'static str>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(settings.size));
        Self {
            inner: Arc::new(Inner {
                target,
                login,
                settings,
                enter,
                permits,
                idle: Mutex::default(),
                observer,
            }),
        }
    }

    /// How it is doing.
    pub fn status(&self) -> PoolStatus {
        let idle = self.inner.idle();
        PoolStatus {
            size: self.inner.settings.size,
            in_use: self.inner.settings.size - self.inner.permits.available_permits(),
            idle: idle.len(),
            statements: idle.iter().map(Connection::statement_count).sum(),
        }
    }

    pub(crate) fn place(&self) -> (Target, Login) {
        (self.inner.target.clone(), self.inner.login.clone())
    }

    /// Where it connects to.
    pub fn target(&self) -> &Target {
        &self.inner.target
    }

    pub(crate) async fn lease(&self, tenant: Option<TenantId>) -> Result<Lease, Error> {
        let inner = &self.inner;
        let permit = tokio::time::timeout(inner.settings.wait, Arc::clone(&inner.permits).acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| Error::Busy {
                user: inner.login.user.clone(),
                waited_ms: inner.settings.wait.as_millis(),
            })?;
        let found = inner.take_idle(tenant);
        let mut connection = match found {
            Some(connection) => connection,
            None => {
                Connection::open(&inner.target, &inner.login, inner.settings.named_statements, inner.enter)
                    .await?
            }
        };
        if let Some(tenant) = tenant {
            connection.known.insert(tenant);
            inner.observer.pool_usage(
                tenant,
                inner.settings.size - inner.permits.available_permits(),
                inner.settings.size,
            );
        }
        Ok(Lease { connection: Some(connection), inner: Arc::clone(inner), _permit: permit })
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn retired(&self, connection: &Connection) -> bool {
        connection.client.is_closed()
            || connection.born.elapsed() >= self.settings.max_age
            || connection.known.len() >= self.settings.tenants_per_connection
    }

    /// The connection that knows the tenant, else the one that knows the fewest: so a tenant stays on few backends,
    /// and a new one lands where there is room.
    fn take_idle(&self, tenant: Option<TenantId>) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|connection| !self.retired(connection));
        let place = match tenant {
            None => idle.len().checked_sub(1),
            Some(tenant) => {
                idle.iter()
                    .enumerate()
                    .min_by_key(|(_, connection)| {
                        if connection.known.contains(&tenant) { 0 } else { 1 + connection.known.len() }
                    })
                    .map(|(place, _)| place)
            }
        };
        place.map(|place| idle.swap_remove(place))
    }
}

/// A connection that is checked out.
pub(crate) struct Lease {
    connection: Option<Connection>,
    inner: Arc<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// The connection. `None` cannot be seen: only `confirmed` takes it, and that consumes the lease.
    pub(crate) fn get(&self) -> Result<&Connection, Error> {
        self.connection.as_ref().ok_or(Error::Lost("lease"))
    }

    pub(crate) fn observer(&self) -> &Arc<dyn Observer> {
        &self.inner.observer
    }

    /// Gives the connection back: PostgreSQL has confirmed that no transaction is open on it.
    pub(crate) fn confirmed(mut self) {
        if let Some(connection) = self.connection.take()
            && !self.inner.retired(&connection)
        {
            // What this borrower was warned of is not the next one's.
            drop(connection.take_warnings());
            self.inner.idle().push(connection);
        }
    }
}

/// When something happened on a monotonic clock; for durations only.
pub(crate) fn mark() -> Instant {
    Instant::now()
}
