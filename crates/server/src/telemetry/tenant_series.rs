//! Series by tenant, for a bounded number of tenants.
//!
//! Owns: the series with a `tenant_id` label. Calls: prometheus. Called by: `telemetry::metrics`.
//! Invariants: at most the configured number of tenants has series, and no memory is kept for the others
//! (`metrics::tests::tenants_beyond_the_cap_share_other`).
//! After a crash: counters start at zero, as Prometheus expects.

use super::metrics::{BUCKETS, CreateError};
use prometheus::{
    Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, Opts, Registry,
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};
use tenantry_types::TenantId;

/// The label of tenants beyond the cap.
pub const OTHER: &str = "other";
/// The label where the tenant is not known.
pub const UNKNOWN: &str = "unknown";

/// Handles of one tenant, or of all that share a label.
pub struct Series {
    /// The value of `tenant_id`.
    pub label: String,
    /// `schema_switch_latency_seconds`.
    pub switched: Histogram,
    /// `tenant_unauthorized_access_attempts_total`.
    pub unauthorized: Counter,
}

/// The families, and the tenants that have series of their own.
pub struct TenantSeries {
    pub requests: CounterVec,
    pub request_duration: HistogramVec,
    pub query_duration: HistogramVec,
    pub query_errors: CounterVec,
    pub pool_usage: GaugeVec,
    switched: HistogramVec,
    unauthorized: CounterVec,
    cap: usize,
    known: RwLock<HashMap<TenantId, Arc<Series>>>,
    other: Arc<Series>,
    unknown: Arc<Series>,
}

/// Makes a counter family and registers it.
pub fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<CounterVec, CreateError> {
    let family = CounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(family.clone()))?;
    Ok(family)
}

/// Makes a histogram family of seconds and registers it.
pub fn seconds(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<HistogramVec, CreateError> {
    let family = HistogramVec::new(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()), labels)?;
    registry.register(Box::new(family.clone()))?;
    Ok(family)
}

/// Makes a gauge family and registers it.
pub fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, CreateError> {
    let family = GaugeVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(family.clone()))?;
    Ok(family)
}

impl TenantSeries {
    /// Registers the families; `cap` tenants get labels of their own.
    pub fn new(registry: &Registry, cap: usize) -> Result<Self, CreateError> {
        let switched = seconds(
            registry,
            "schema_switch_latency_seconds",
            "Seconds until a connection had a tenant's role and settings.",
            &["tenant_id"],
        )?;
        let unauthorized = counters(
            registry,
            "tenant_unauthorized_access_attempts_total",
            "Requests refused because their identity may not reach the tenant.",
            &["tenant_id"],
        )?;
        let make = |label: &str| Arc::new(series(label, &switched, &unauthorized));
        Ok(Self {
            requests: counters(
                registry,
                "tenant_api_requests_total",
                "Requests answered, by tenant.",
                &["tenant_id", "endpoint", "status"],
            )?,
            request_duration: seconds(
                registry,
                "tenant_request_duration_seconds",
                "Seconds until a request was answered, by tenant.",
                &["tenant_id", "endpoint"],
            )?,
            query_duration: seconds(
                registry,
                "tenant_db_query_duration_seconds",
                "Seconds that statements in a tenant's schema took.",
                &["tenant_id", "query_type"],
            )?,
            query_errors: counters(
                registry,
                "tenant_query_errors_total",
                "Statements in a tenant's schema that failed.",
                &["tenant_id", "error_type"],
            )?,
            pool_usage: gauges(
                registry,
                "tenant_connection_pool_usage",
                "Share of the tenant's connection pool in use, 0 to 1.",
                &["tenant_id"],
            )?,
            other: make(OTHER),
            unknown: make(UNKNOWN),
            switched,
            unauthorized,
            cap,
            known: RwLock::default(),
        })
    }

    /// The handles of a tenant: its own while there is room, else those of `other`.
    pub fn of(&self, tenant: TenantId) -> Arc<Series> {
        // A lock is poisoned only by a panic between two map operations, which leaves the map whole.
        let full = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(series) = known.get(&tenant) {
                return Arc::clone(series);
            }
            known.len() >= self.cap
        };
        if full {
            return Arc::clone(&self.other);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have taken the last place in between.
        if known.len() >= self.cap && !known.contains_key(&tenant) {
            return Arc::clone(&self.other);
        }
        let make = || Arc::new(series(&tenant.to_string(), &self.switched, &self.unauthorized));
        Arc::clone(known.entry(tenant).or_insert_with(make))
    }

    /// A tenant that is there for a moment: it shares the handles of `other` until it is [forgotten](Self::forget).
    pub fn set_aside(&self, tenant: TenantId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(tenant).or_insert_with(|| Arc::clone(&self.other));
    }

    /// The moment is over. Whoever has series of its own keeps them.
    pub fn forget(&self, tenant: TenantId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.get(&tenant).is_some_and(|series| Arc::ptr_eq(series, &self.other)) {
            known.remove(&tenant);
        }
    }

    /// The handles where no tenant could be told.
    pub fn unknown(&self) -> &Series {
        &self.unknown
    }

    /// The gauge of a tenant's pool.
    pub fn pool(&self, tenant: TenantId) -> Gauge {
        self.pool_usage.with_label_values(&[self.of(tenant).label.as_str()])
    }
}

fn series(label: &str, switched: &HistogramVec, unauthorized: &CounterVec) -> Series {
    Series {
        label: label.to_owned(),
        switched: switched.with_label_values(&[label]),
        unauthorized: unauthorized.with_label_values(&[label]),
    }
}
