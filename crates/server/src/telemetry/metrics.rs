//! Metrics in the text format of Prometheus, under the names of the API reference.
//!
//! Owns: every series. Calls: prometheus. Called by: http middleware, wiring (which observes pools and runs).
//! Invariants: names and labels do not change once shipped (`every_series_is_there_after_traffic`); the number of
//! series is bounded (`tenants_beyond_the_cap_share_other`, `unusual_methods_share_a_label`);
//! `cross_tenant_query_attempts_total` is present from the start (`the_page_is_useful_before_any_traffic`).
//! After a crash: counters start at zero, as Prometheus expects.

use super::{
    process,
    tenant_series::{TenantSeries, counters, gauges, seconds},
};
use prometheus::{Counter, CounterVec, Encoder as _, Gauge, GaugeVec, HistogramVec, Registry, TextEncoder};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tenantry_types::{
    TenantId,
    isolation::{IsolationLayer, IsolationReport, IsolationStatus},
};

/// Upper bounds in seconds: half a millisecond for a query, half a minute for a request that times out.
pub const BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The endpoint of requests that no route matches.
pub const UNMATCHED: &str = "unmatched";

/// A series could not be made: its name is taken or malformed. A bug, found by the first test that starts a server.
#[derive(Debug, thiserror::Error)]
#[error("a metrics series could not be made: {0}")]
pub struct CreateError(#[from] prometheus::Error);

struct Families {
    registry: Registry,
    tenants: TenantSeries,
    cross_tenant: Counter,
    http_requests: CounterVec,
    http_duration: HistogramVec,
    runs: CounterVec,
    run_duration: HistogramVec,
    warm_slots: GaugeVec,
    audit_unsealed: Gauge,
    audit_lag: Gauge,
    isolation_open: GaugeVec,
    isolation_proved: GaugeVec,
    resident_memory: Gauge,
}

/// Every series of this process. Cheap to clone; clones share the series.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Makes the series. `max_tenants` tenants get series of their own; the rest share `tenant_id="other"`.
    ///
    /// # Errors
    /// A series has a name that is taken or malformed.
    pub fn new(max_tenants: usize) -> Result<Self, CreateError> {
        let registry = Registry::new();
        let cross_tenant = Counter::new(
            "cross_tenant_query_attempts_total",
            "Attempts that got behind the middleware and reached for another tenant. Anything but 0 is an incident.",
        )?;
        let resident_memory = Gauge::new(
            "tenantry_process_resident_memory_bytes",
            "Bytes of memory that the process occupies.",
        )?;
        let audit_unsealed = Gauge::new(
            "tenantry_audit_unsealed",
            "Audit events that are not sealed yet, as the worker saw it last.",
        )?;
        let audit_lag = Gauge::new(
            "tenantry_audit_seal_lag_seconds",
            "Age of the oldest audit event that is not sealed, as the worker saw it last.",
        )?;
        registry.register(Box::new(audit_unsealed.clone()))?;
        registry.register(Box::new(audit_lag.clone()))?;
        let start = Gauge::new(
            "tenantry_process_start_time_seconds",
            "When the process started, in seconds since 1970.",
        )?;
        start.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
        registry.register(Box::new(cross_tenant.clone()))?;
        registry.register(Box::new(start))?;
        if process::resident_memory_bytes().is_some() {
            registry.register(Box::new(resident_memory.clone()))?;
        }
        let build =
            gauges(&registry, "tenantry_build_info", "Always 1; the label tells the version.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        Ok(Self(Arc::new(Families {
            tenants: TenantSeries::new(&registry, max_tenants)?,
            http_requests: counters(
                &registry,
                "tenantry_http_requests_total",
                "Requests answered.",
                &["endpoint", "method", "status"],
            )?,
            http_duration: seconds(
                &registry,
                "tenantry_http_request_duration_seconds",
                "Seconds until a request was answered.",
                &["endpoint"],
            )?,
            runs: counters(
                &registry,
                "tenantry_provisioning_runs_total",
                "Provisioning runs that ended.",
                &["status"],
            )?,
            run_duration: seconds(
                &registry,
                "tenantry_provisioning_duration_seconds",
                "Seconds from the wish to the active tenant, with a warm slot or without.",
                &["path"],
            )?,
            warm_slots: gauges(&registry, "tenantry_warm_slots", "Slots of the warm pool.", &["state"])?,
            audit_unsealed,
            audit_lag,
            isolation_open: gauges(
                &registry,
                "tenantry_isolation_open",
                "What the last proof of isolation over all tenants found open. Anything but 0 is an incident.",
                &["layer"],
            )?,
            isolation_proved: gauges(
                &registry,
                "tenantry_isolation_proved_timestamp_seconds",
                "When the last proof of isolation over all tenants ended, in seconds since 1970.",
                &["status"],
            )?,
            cross_tenant,
            resident_memory,
            registry,
        })))
    }

    /// The value of `tenant_id` for a tenant: its id, or `other` beyond the cap.
    pub fn tenant_label(&self, tenant: TenantId) -> String {
        self.0.tenants.of(tenant).label.clone()
    }

    /// A tenant that is there for a moment takes no other's place: it counts as `other` until it is gone.
    pub fn set_aside(&self, tenant: TenantId) {
        self.0.tenants.set_aside(tenant);
    }

    /// It is gone.
    pub fn forget(&self, tenant: TenantId) {
        self.0.tenants.forget(tenant);
    }

    /// A request was answered. `endpoint` is the route's template, never the path.
    pub fn request_done(
        &self,
        tenant: Option<TenantId>,
        endpoint: &str,
        method: &axum::http::Method,
        status: axum::http::StatusCode,
        took: Duration,
    ) {
        let families = &*self.0;
        let (status, took) = (status.as_str(), took.as_secs_f64());
        families.http_requests.with_label_values(&[endpoint, known_method(method), status]).inc();
        families.http_duration.with_label_values(&[endpoint]).observe(took);
        if let Some(tenant) = tenant {
            let series = families.tenants.of(tenant);
            families.tenants.requests.with_label_values(&[&*series.label, endpoint, status]).inc();
            families.tenants.request_duration.with_label_values(&[&*series.label, endpoint]).observe(took);
        }
    }

    /// A statement in a tenant's schema ended well. `query_type` comes from a closed list in the code.
    pub fn query_done(&self, tenant: TenantId, query_type: &'static str, took: Duration) {
        let series = self.0.tenants.of(tenant);
        let labels = [&*series.label, query_type];
        self.0.tenants.query_duration.with_label_values(&labels).observe(took.as_secs_f64());
    }

    /// A statement in a tenant's schema failed. `error_type` comes from a closed list in the code.
    pub fn query_failed(&self, tenant: TenantId, error_type: &'static str) {
        let series = self.0.tenants.of(tenant);
        self.0.tenants.query_errors.with_label_values(&[&*series.label, error_type]).inc();
    }

    /// A connection took on a tenant's role and settings.
    pub fn schema_switched(&self, tenant: TenantId, took: Duration) {
        self.0.tenants.of(tenant).switched.observe(took.as_secs_f64());
    }

    /// The share of the tenant's pool that is in use; kept within 0 and 1.
    pub fn pool_usage(&self, tenant: TenantId, share: f64) {
        self.0.tenants.pool(tenant).set(share.clamp(0.0, 1.0));
    }

    /// An identity was refused a tenant. `None` where the tenant could not be told.
    pub fn unauthorized(&self, tenant: Option<TenantId>) {
        match tenant {
            Some(tenant) => self.0.tenants.of(tenant).unauthorized.inc(),
            None => self.0.tenants.unknown().unauthorized.inc(),
        }
    }

    /// Something behind the middleware reached for another tenant.
    pub fn cross_tenant(&self) {
        self.0.cross_tenant.inc();
    }

    /// How often that happened since this process began.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count that begins at 0 and grows by 1"
    )]
    pub fn crossed(&self) -> u64 {
        self.0.cross_tenant.get() as u64
    }

    /// A provisioning run ended. `status` comes from a closed list in the code.
    pub fn run_done(&self, status: &'static str) {
        self.0.runs.with_label_values(&[status]).inc();
    }

    /// A tenant became active, `took` after it was asked for.
    pub fn provisioned(&self, warm: bool, took: Duration) {
        let path = if warm { "warm" } else { "cold" };
        self.0.run_duration.with_label_values(&[path]).observe(took.as_secs_f64());
    }

    /// Counts a run that has ended, and how long its tenant took to become active.
    pub fn run_ended(&self, run: &tenantry_types::run::Run, warm: bool) {
        self.run_done(run.status.as_str());
        if let (tenantry_types::run::RunStatus::Succeeded, Some(took)) = (run.status, run.duration_ms) {
            self.provisioned(warm, Duration::from_micros(u64::try_from(took.micros).unwrap_or(0)));
        }
    }

    /// How many slots are in a state. `state` comes from a closed list in the code.
    pub fn warm_slots(&self, state: &'static str, count: u32) {
        self.0.warm_slots.with_label_values(&[state]).set(f64::from(count));
    }

    /// A worker has brought a proof of isolation to its end. One of a single tenant says nothing of the rest.
    #[expect(clippy::cast_precision_loss, reason = "seconds and counts are far below 2^52")]
    pub fn isolation_proved(&self, report: &IsolationReport) {
        let Some(ended) = report.finished_at.filter(|_| report.tenant.is_none()) else { return };
        self.0.isolation_proved.with_label_values(&[report.status.as_str()]).set(ended.timestamp() as f64);
        if report.status == IsolationStatus::Broken {
            return;
        }
        for layer in [IsolationLayer::Catalogue, IsolationLayer::Live, IsolationLayer::Http] {
            let open: i64 =
                report.checks.iter().filter(|check| check.layer == layer).map(|check| check.open).sum();
            self.0.isolation_open.with_label_values(&[layer.as_str()]).set(open as f64);
        }
    }

    /// What the sealer of the audit trail left: events not sealed, and the age of the oldest.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 events, or milliseconds")]
    pub fn audit(&self, unsealed: i64, lag: chrono::TimeDelta) {
        self.0.audit_unsealed.set(unsealed as f64);
        self.0.audit_lag.set(lag.num_milliseconds() as f64 / 1000.0);
    }

    /// The page of `/metrics`, of content type [`CONTENT_TYPE`].
    pub fn render(&self) -> String {
        if let Some(bytes) = process::resident_memory_bytes() {
            // Exact up to 2^53 bytes.
            #[expect(clippy::cast_precision_loss, reason = "Prometheus knows only f64")]
            self.0.resident_memory.set(bytes as f64);
        }
        let mut page = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.0.registry.gather(), &mut page) {
            tracing::error!(%error, "metrics could not be written");
        }
        String::from_utf8_lossy(&page).into_owned()
    }
}

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Anybody can invent a method; only those of the standard become labels.
fn known_method(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{Method, StatusCode};
    use uuid::Uuid;

    fn tenant(n: u128) -> TenantId {
        TenantId(Uuid::from_u128(n))
    }

    fn has(page: &str, line: &str) {
        assert!(page.lines().any(|found| found == line), "{line:?} is missing in\n{page}");
    }

    #[test]
    fn the_page_is_useful_before_any_traffic() {
        let page = Metrics::new(2).unwrap().render();
        has(&page, "cross_tenant_query_attempts_total 0");
        has(&page, concat!("tenantry_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"));
        assert!(page.contains("tenantry_process_start_time_seconds 1"), "{page}");
        if cfg!(target_os = "linux") {
            assert!(page.contains("\ntenantry_process_resident_memory_bytes "), "{page}");
        }
    }

    #[test]
    fn every_series_is_there_after_traffic() {
        let metrics = Metrics::new(2).unwrap();
        let id = tenant(1);
        let ms = Duration::from_millis;
        metrics.request_done(Some(id), "/v1/agents/{id}", &Method::GET, StatusCode::OK, ms(3));
        metrics.query_done(id, "get_agent", ms(1));
        metrics.query_failed(id, "42501");
        metrics.schema_switched(id, ms(1));
        metrics.pool_usage(id, 0.25);
        metrics.unauthorized(Some(id));
        metrics.unauthorized(None);
        metrics.cross_tenant();
        metrics.run_done("succeeded");
        metrics.provisioned(true, ms(7));
        metrics.warm_slots("ready", 16);
        metrics.audit(3, chrono::TimeDelta::milliseconds(250));
        let page = metrics.render();
        for line in [
            "tenant_api_requests_total{endpoint=\"/v1/agents/{id}\",status=\"200\",tenant_id=\"T\"} 1",
            "tenant_request_duration_seconds_bucket{endpoint=\"/v1/agents/{id}\",tenant_id=\"T\",le=\"0.005\"} 1",
            "tenant_request_duration_seconds_bucket{endpoint=\"/v1/agents/{id}\",tenant_id=\"T\",le=\"0.0025\"} 0",
            "tenant_db_query_duration_seconds_count{query_type=\"get_agent\",tenant_id=\"T\"} 1",
            "tenant_query_errors_total{error_type=\"42501\",tenant_id=\"T\"} 1",
            "tenant_connection_pool_usage{tenant_id=\"T\"} 0.25",
            "schema_switch_latency_seconds_count{tenant_id=\"T\"} 1",
            "tenant_unauthorized_access_attempts_total{tenant_id=\"T\"} 1",
            "tenant_unauthorized_access_attempts_total{tenant_id=\"unknown\"} 1",
            "cross_tenant_query_attempts_total 1",
            "tenantry_http_requests_total{endpoint=\"/v1/agents/{id}\",method=\"GET\",status=\"200\"} 1",
            "tenantry_http_request_duration_seconds_count{endpoint=\"/v1/agents/{id}\"} 1",
            "tenantry_provisioning_runs_total{status=\"succeeded\"} 1",
            "tenantry_provisioning_duration_seconds_count{path=\"warm\"} 1",
            "tenantry_warm_slots{state=\"ready\"} 16",
            "tenantry_audit_unsealed 3",
            "tenantry_audit_seal_lag_seconds 0.25",
        ] {
            has(&page, &line.replace("\"T\"", &format!("\"{id}\"")));
        }
    }

    #[test]
    fn tenants_beyond_the_cap_share_other() {
        let metrics = Metrics::new(2).unwrap();
        for n in 1..=500 {
            metrics.request_done(Some(tenant(n)), UNMATCHED, &Method::GET, StatusCode::OK, Duration::ZERO);
            metrics.schema_switched(tenant(n), Duration::ZERO);
        }
        let page = metrics.render();
        let own = page.lines().filter(|line| line.starts_with("tenant_api_requests_total{")).count();
        assert_eq!(own, 3);
        has(
            &page,
            "tenant_api_requests_total{endpoint=\"unmatched\",status=\"200\",tenant_id=\"other\"} 498",
        );
        assert_eq!(metrics.tenant_label(tenant(2)), tenant(2).to_string());
        assert_eq!(metrics.tenant_label(tenant(3)), "other");
        assert_eq!(Metrics::new(0).unwrap().tenant_label(tenant(1)), "other");
    }

    #[test]
    fn a_tenant_of_a_moment_takes_no_place() {
        let metrics = Metrics::new(1).unwrap();
        metrics.set_aside(tenant(1));
        metrics.schema_switched(tenant(1), Duration::ZERO);
        metrics.forget(tenant(1));
        assert_eq!(metrics.tenant_label(tenant(2)), tenant(2).to_string());
        metrics.set_aside(tenant(2));
        metrics.forget(tenant(2));
        assert_eq!(metrics.tenant_label(tenant(2)), tenant(2).to_string(), "it has its own, and keeps it");
        assert!(!metrics.render().contains(&tenant(1).to_string()));
    }

    #[test]
    fn unusual_methods_share_a_label() {
        let metrics = Metrics::new(0).unwrap();
        for name in ["BREW", "WHEN"] {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            metrics.request_done(None, UNMATCHED, &method, StatusCode::NOT_FOUND, Duration::ZERO);
        }
        let line = "tenantry_http_requests_total{endpoint=\"unmatched\",method=\"OTHER\",status=\"404\"} 2";
        has(&metrics.render(), line);
    }
}
