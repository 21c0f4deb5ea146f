//! Configuration of the server, worker and dev commands: defaults, then a TOML file, then the environment.
//!
//! Owns: the keys in `keys` and the page made from them. Calls: nothing. Called by: wiring of the commands, tests.
//! Invariants: unknown keys are refused and all errors come at once (`tests::all_errors_come_at_once`); the environment
//! wins (`tests::the_environment_wins`); no error and no `Debug` shows a secret
//! (`tests::no_error_and_no_debug_shows_a_value`).
//! After a crash: nothing is left; the next start reads again.

pub mod cidr;
pub mod error;
pub mod identity;
pub mod keys;
mod parse;
pub mod reference;
pub mod secret;
mod source;
#[cfg(test)]
mod tests;

pub use cidr::Cidr;
pub use error::{ConfigErrors, KeyError};
pub use parse::LogFormat;
pub use reference::reference_markdown;
pub use secret::{MasterKey, Secret};

use chrono::TimeDelta;
use error::Refusal;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};
use tenantry_types::Tier;

/// Which command the configuration is for; each needs other keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `tenantry server`.
    Server,
    /// `tenantry worker`.
    Worker,
    /// `tenantry dev`: everything in one process, with a private cluster unless `DATABASE_URL` is set.
    Dev,
}

/// A configuration that was checked. The meaning of each field is that of its key in `docs/configuration.md`.
#[derive(Debug, Clone)]
pub struct Config {
    /// `DATABASE_URL`; always set for the worker.
    pub database_url: Option<Secret>,
    /// `TENANTRY_SERVER_URL`: no credentials.
    pub server_url: Option<String>,
    /// `TENANTRY_POOLER_URL`: no credentials.
    pub pooler_url: Option<String>,
    /// `TENANTRY_MASTER_KEY`; always set except under `dev`.
    pub master_key: Option<MasterKey>,
    /// `TENANTRY_MASTER_KEY_PREVIOUS`.
    pub master_key_previous: Option<MasterKey>,
    /// `TENANTRY_OPERATOR_TOKEN`; always set for the server. At least 32 characters of visible ASCII.
    pub operator_token: Option<Secret>,
    /// `TENANTRY_LISTEN`.
    pub listen: SocketAddr,
    /// `TENANTRY_METRICS_LISTEN`. `None` under `dev` alone: `/metrics` is served beside the API.
    pub metrics_listen: Option<SocketAddr>,
    /// `TENANTRY_TLS_CERT`; set together with `tls_key`.
    pub tls_cert: Option<PathBuf>,
    /// `TENANTRY_TLS_KEY`; set together with `tls_cert`.
    pub tls_key: Option<PathBuf>,
    /// `TENANTRY_TRUSTED_PROXIES`.
    pub trusted_proxies: Vec<Cidr>,
    /// `TENANTRY_ALLOWED_ORIGINS`, in lower case.
    pub allowed_origins: Vec<String>,
    /// `TENANTRY_BASE_DOMAIN`, in lower case.
    pub base_domain: Option<String>,
    /// `TENANTRY_PUBLIC_URL`, without a slash at its end.
    pub public_url: String,
    /// `TENANTRY_DATA_DIR`; need not exist.
    pub data_dir: PathBuf,
    /// `TENANTRY_PG_BIN`; a folder that exists.
    pub pg_bin: Option<PathBuf>,
    /// `TENANTRY_WARM_SLOTS`, 0 to 1000.
    pub warm_slots: u32,
    /// `TENANTRY_TENANT_MIGRATIONS`; a folder that exists.
    pub tenant_migrations: Option<PathBuf>,
    /// `TENANTRY_DEFAULT_TIER`.
    pub default_tier: Tier,
    /// `TENANTRY_SMTP_URL`, in the form that the mail transport reads.
    pub smtp_url: Option<Secret>,
    /// `TENANTRY_MAIL_FROM`; set together with `smtp_url`.
    pub mail_from: Option<String>,
    /// `TENANTRY_TOKEN_AUDIENCE` to `TENANTRY_ARGON2_PARALLELISM`.
    pub identity: identity::IdentityConfig,
    /// `TENANTRY_REDIS_URL`; not used by this release.
    pub redis_url: Option<Secret>,
    /// `TENANTRY_POOL_SIZE`, connections in each pool, 1 to 500.
    pub pool_size: usize,
    /// `TENANTRY_MAX_TENANT_SERIES`, 0 to 100,000.
    pub max_tenant_series: usize,
    /// `TENANTRY_REQUEST_TIMEOUT_SECONDS`.
    pub request_timeout: Duration,
    /// `TENANTRY_MAX_BODY_BYTES`.
    pub max_body_bytes: usize,
    /// `TENANTRY_IMPORT_MAX_MB`, in bytes.
    pub import_max_bytes: u64,
    /// `TENANTRY_LOG`: a filter that parses.
    pub log_filter: String,
    /// `TENANTRY_LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `TENANTRY_SHUTDOWN_GRACE_SECONDS`.
    pub shutdown_grace: Duration,
    /// `TENANTRY_LEASE_SECONDS`.
    pub lease: Duration,
    /// `TENANTRY_RETENTION_DAYS`; none: for ever.
    pub retention: Option<TimeDelta>,
}

/// The variables of this process, as `Config::load` takes them. A command puts its flags (`--listen`, `--data-dir`)
/// into the map under the names of their keys. Variables that are not Unicode are left out: none of ours may be.
pub fn process_environment() -> BTreeMap<String, String> {
    let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    // Not `vars`, which panics when any variable of the process, ours or not, is not Unicode.
    std::env::vars_os().filter_map(unicode).collect()
}

impl Config {
    /// Reads and checks everything. `file` is what `--config` names; without it `TENANTRY_CONFIG` counts.
    /// Reads the file, the files that `*_FILE` keys name, and whether named files and folders exist; changes nothing.
    ///
    /// # Errors
    /// Every error of every source, at once.
    pub fn load(
        mode: Mode,
        environment: &BTreeMap<String, String>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let named = environment.get("TENANTRY_CONFIG").filter(|path| !path.is_empty()).map(Path::new);
        let values = source::gather(environment, file.or(named), &mut errors);
        let mut config = Self::blank();
        for key in keys::KEYS {
            let (origin, text) = match (values.get(key.name), key.default) {
                (Some(found), _) => (found.origin.as_str(), found.text.as_deref()),
                (None, keys::Default::Text(text)) => (key.name, Some(text)),
                (None, keys::Default::Absent(_)) => (key.name, None),
            };
            if let Some(Err(refusal)) = text.map(|text| (key.set)(&mut config, text)) {
                errors.push(origin, refusal);
            }
        }
        // A key that was given and refused is reported once, not also as missing.
        config.complete(mode, &|key| values.contains_key(key), &mut errors);
        if errors.0.is_empty() { Ok(config) } else { Err(errors) }
    }

    /// Whether the API is served over TLS by this process.
    pub fn tls(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// Values that stand until the table of keys has been gone through.
    fn blank() -> Self {
        Self {
            database_url: None,
            server_url: None,
            pooler_url: None,
            master_key: None,
            master_key_previous: None,
            operator_token: None,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            metrics_listen: None,
            tls_cert: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
            base_domain: None,
            public_url: String::new(),
            data_dir: PathBuf::new(),
            pg_bin: None,
            warm_slots: 0,
            tenant_migrations: None,
            default_tier: Tier::Free,
            smtp_url: None,
            mail_from: None,
            identity: identity::IdentityConfig::default(),
            redis_url: None,
            pool_size: 0,
            max_tenant_series: 0,
            request_timeout: Duration::ZERO,
            max_body_bytes: 0,
            import_max_bytes: 0,
            log_filter: String::new(),
            log_format: LogFormat::Auto,
            shutdown_grace: Duration::ZERO,
            lease: Duration::ZERO,
            retention: None,
        }
    }

    /// Rules that look at several keys, and defaults that depend on others.
    fn complete(&mut self, mode: Mode, given: &dyn Fn(&str) -> bool, errors: &mut ConfigErrors) {
        let mut need = |missing: bool, key: &str, fix: &str| {
            if missing && !given(key) {
                errors.push(key, Refusal::new("is not set", fix));
            }
        };
        let database = "Set it to the owner's connection, like postgresql://owner:…@host/database, or set DATABASE_URL_FILE";
        let key = "Make one with `openssl rand -base64 32`, keep it safe, and give every process the same";
        need(mode == Mode::Worker && self.database_url.is_none(), "DATABASE_URL", database);
        need(
            mode == Mode::Server && self.server_url.is_none() && !given("DATABASE_URL"),
            "TENANTRY_SERVER_URL",
            "Set it to the database, like postgresql://host/database?sslmode=verify-full",
        );
        need(mode != Mode::Dev && self.master_key.is_none(), "TENANTRY_MASTER_KEY", key);
        need(
            mode == Mode::Server && self.operator_token.is_none(),
            "TENANTRY_OPERATOR_TOKEN",
            "Make one with `openssl rand -hex 32`: without it nobody could make the first tenant",
        );
        need(
            self.tls_key.is_some() && self.tls_cert.is_none(),
            "TENANTRY_TLS_CERT",
            "Name the certificate of TENANTRY_TLS_KEY",
        );
        need(
            self.tls_cert.is_some() && self.tls_key.is_none(),
            "TENANTRY_TLS_KEY",
            "Name the key of TENANTRY_TLS_CERT",
        );
        need(
            self.smtp_url.is_some() && self.mail_from.is_none(),
            "TENANTRY_MAIL_FROM",
            "Name the sender of mails, like `Tenantry <no-reply@example.com>`",
        );
        let tls_given = given("TENANTRY_TLS_CERT");
        let loopback = self.listen.ip().to_canonical().is_loopback();
        let guarded = tls_given || !self.trusted_proxies.is_empty() || loopback;
        if mode != Mode::Worker && !guarded {
            errors.push(
                "TENANTRY_LISTEN",
                Refusal::new(
                    "reaches beyond this machine, and nothing encrypts what it carries",
                    "Set TENANTRY_TLS_CERT and TENANTRY_TLS_KEY, or name in TENANTRY_TRUSTED_PROXIES the proxy that \
                     terminates TLS, or listen on 127.0.0.1",
                ),
            );
        }
        if mode != Mode::Dev && self.metrics_listen.is_none() {
            self.metrics_listen = Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464));
        }
        if self.public_url.is_empty() {
            self.public_url = format!("{}://{}", if self.tls() { "https" } else { "http" }, self.listen);
        }
    }
}
