//! The one table of configuration keys: names, defaults, reasons, parsers.
//!
//! Owns: the names, which do not change once shipped. Calls: `config::parse`. Called by: config, `config::reference`.
//! Invariants: names are unique and every default parses (`defaults_parse_and_names_are_unique`).
//! After a crash: nothing is left.

use super::{Config, error::Refusal, issuers, parse, secret::Secret};
use std::time::Duration;

/// What holds when nobody sets a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// This text, read by the key's parser.
    Text(&'static str),
    /// No value; the text says what happens then.
    Absent(&'static str),
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// The name in the environment. In a file it is written in lower case without `TENANTRY_`.
    pub name: &'static str,
    /// What holds when nobody sets it.
    pub default: Default,
    /// What it means.
    pub about: &'static str,
    /// Why it exists, or why the default is what it is.
    pub reason: &'static str,
    /// Whether the value is a secret; a secret may also come from a file named by `<name>_FILE`.
    pub secret: bool,
    pub(super) set: fn(&mut Config, &str) -> Result<(), Refusal>,
}

impl Key {
    /// The name in a TOML file.
    pub fn file_name(&self) -> String {
        self.name.trim_start_matches("TENANTRY_").to_ascii_lowercase()
    }
}

macro_rules! keys {
    ($($name:literal $([$secret:ident])?, $default:ident($text:literal), $about:literal, $reason:literal,
       |$config:ident, $value:ident| $set:expr;)+) => {
        /// Every key, in the order of the reference page.
        pub const KEYS: &[Key] = &[$(Key {
            name: $name,
            default: Default::$default($text),
            about: $about,
            reason: $reason,
            secret: keys!(@secret $($secret)?),
            set: |$config, $value| { $set; Ok(()) },
        }),+];
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

keys! {
    "DATABASE_URL" [secret], Absent("under `dev`: the private cluster"),
        "The owner's connection to the control database, as a URL.",
        "The worker and the commands that change schemas need an owner; `server` does not.",
        |config, text| config.database_url = Some(Secret::new(parse::database_url(text, true)?));
    "TENANTRY_SERVER_URL", Absent("derived from `DATABASE_URL`"),
        "Host, port, database and TLS options for `tenantry server`. No user, no password.",
        "A server process that never holds the owner's password cannot lose it.",
        |config, text| config.server_url = Some(parse::database_url(text, false)?);
    "TENANTRY_POOLER_URL", Absent("tenant traffic goes direct"),
        "The same through a transaction pooler, for tenant traffic. No user, no password.",
        "Notifications and schema changes stay direct: they need a session.",
        |config, text| config.pooler_url = Some(parse::database_url(text, false)?);
    "TENANTRY_MASTER_KEY" [secret], Absent("`dev` makes one in its data folder"),
        "32 bytes in base64 or hex: the root of derived login passwords and of envelope encryption.",
        "One secret to keep instead of one for each login.",
        |config, text| config.master_key = Some(parse::master_key(text)?);
    "TENANTRY_MASTER_KEY_PREVIOUS" [secret], Absent("nothing is being rotated"),
        "The key before the last rotation.",
        "What was encrypted under it stays readable until it has been encrypted anew.",
        |config, text| config.master_key_previous = Some(parse::master_key(text)?);
    "TENANTRY_OPERATOR_TOKEN" [secret], Absent("`dev` makes one and prints it"),
        "API token of the first operator, at least 32 characters.",
        "Somebody has to make the first tenant; a short token could be guessed.",
        |config, text| config.operator_token = Some(Secret::new(parse::token(text)?));
    "TENANTRY_LISTEN", Text("127.0.0.1:8080"),
        "Address of the API and the console.",
        "Loopback, so that nothing is open to a network before somebody decides it.",
        |config, text| config.listen = parse::socket(text)?;
    "TENANTRY_METRICS_LISTEN", Absent("127.0.0.1:9464; under `dev` the address of the API"),
        "Address of `/metrics`.",
        "Metrics name tenants, so they stay off the public address.",
        |config, text| config.metrics_listen = Some(parse::socket(text)?);
    "TENANTRY_TLS_CERT", Absent("plain HTTP, on loopback or behind a trusted proxy only"),
        "File with the certificate chain, PEM. Needs `TENANTRY_TLS_KEY`.",
        "TLS 1.3 without a proxy.",
        |config, text| config.tls_cert = Some(parse::file(text)?);
    "TENANTRY_TLS_KEY", Absent("as for `TENANTRY_TLS_CERT`"),
        "File with the private key of the certificate, PEM.",
        "Kept apart from the certificate, which is public.",
        |config, text| config.tls_key = Some(parse::file(text)?);
    "TENANTRY_TRUSTED_PROXIES", Text(""),
        "Ranges of addresses whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Original-Method` are believed, separated by commas: `10.0.0.0/8, 192.0.2.7`.",
        "Anybody can send these headers. Naming a proxy also says that it terminates TLS.",
        |config, text| config.trusted_proxies = parse::list(text, parse::cidr)?;
    "TENANTRY_ALLOWED_ORIGINS", Text(""),
        "Origins whose pages may call the API from a browser, separated by commas: `https://app.example.com`.",
        "None, because a browser needs CORS only for pages that live elsewhere. There is no wildcard.",
        |config, text| config.allowed_origins = parse::list(text, parse::origin)?;
    "TENANTRY_BASE_DOMAIN", Absent("no tenant is told from a host name"),
        "Domain whose subdomains are tenants: with `example.com`, `acme.example.com` is the tenant `acme`.",
        "A host name means something only when the operator owns the domain.",
        |config, text| config.base_domain = Some(parse::domain(text)?);
    "TENANTRY_PUBLIC_URL", Absent("`http://` or `https://` and `TENANTRY_LISTEN`"),
        "Base of the links that are handed out, such as a tenant's console URL.",
        "Behind a proxy the server cannot know the name it is reached by.",
        |config, text| config.public_url = parse::public_url(text)?;
    "TENANTRY_DATA_DIR", Text(".tenantry"),
        "Folder of the private cluster and of generated secrets under `dev`.",
        "Beside the project, so that two projects do not share data.",
        |config, text| config.data_dir = text.into();
    "TENANTRY_PG_BIN", Absent("`pg_config --bindir`, then the usual folders of distributions"),
        "Folder that holds `initdb` and `postgres`, for `dev`.",
        "Needed where several versions are installed, or one in an unusual place.",
        |config, text| config.pg_bin = Some(parse::folder(text)?);
    "TENANTRY_WARM_SLOTS", Text("16"),
        "Ready-made schemas kept for new tenants, 0 to 1000.",
        "With a slot a tenant is active in milliseconds; 16 covers a burst of sign-ups while more are made.",
        |config, text| config.warm_slots = parse::number(text, 0, 1000)?;
    "TENANTRY_TENANT_MIGRATIONS", Absent("the built-in tables of the agent platform"),
        "Folder of tenant migrations, named as Flyway names them.",
        "The tables of a tenant are the application's business.",
        |config, text| config.tenant_migrations = Some(parse::folder(text)?);
    "TENANTRY_DEFAULT_TIER", Text("free"),
        "Tier of a tenant made without one: free, starter, pro or enterprise.",
        "The smallest, so that nothing is given away by mistake. Who hosts for themselves sets `enterprise`: no limits.",
        |config, text| config.default_tier = text.parse().map_err(|error: tenantry_types::tier::UnknownWord| {
            Refusal::new("is not a tier", format!("It {error}"))
        })?;
    "TENANTRY_SMTP_URL" [secret], Absent("no mail is sent: whoever invites passes the link on"),
        "Mail server: `smtp://user:password@host:587`, or `smtps://` for port 465. `?tls=none` only for a server on this machine. The server and the worker both need it.",
        "Links that open a door reach the mailbox that they are for, and nobody else.",
        |config, text| config.smtp_url = Some(Secret::new(parse::smtp_url(text)?));
    "TENANTRY_MAIL_FROM", Absent("needed where `TENANTRY_SMTP_URL` is set"),
        "Sender of mails, like `Tenantry <no-reply@example.com>`.",
        "Mail servers take mail only from domains that they may send for.",
        |config, text| config.mail_from = Some(parse::mail_from(text)?);
    "TENANTRY_TOKEN_AUDIENCE", Text("tenantry"),
        "`aud` of access tokens, 1 to 100 visible characters. The issuer is `TENANTRY_PUBLIC_URL`.",
        "A token that was made for another service must not open this one.",
        |config, text| config.identity.token_audience = parse::word(text)?;
    "TENANTRY_ACCESS_TOKEN_MINUTES", Text("15"),
        "Minutes that an access token holds, 1 to 60.",
        "Others who verify tokens by the published keys hear of no revocation; here one takes effect at once.",
        |config, text| config.identity.access_token_minutes = parse::number(text, 1, 60)?;
    "TENANTRY_SESSION_IDLE_DAYS", Text("30"),
        "Days after which a session that is not refreshed ends, 1 to 365.",
        "A machine that nobody uses any more should not stay signed in.",
        |config, text| config.identity.session_idle_days = parse::number(text, 1, 365)?;
    "TENANTRY_SESSION_DAYS", Text("90"),
        "Days after which a session ends however often it is refreshed, 1 to 365.",
        "Now and then everybody proves again who they are.",
        |config, text| config.identity.session_days = parse::number(text, 1, 365)?;
    "TENANTRY_COOKIE_IDLE_HOURS", Text("12"),
        "Hours after which a browser's session that is not used ends, 1 to 720.",
        "Browsers stand on desks that others pass.",
        |config, text| config.identity.cookie_idle_hours = parse::number(text, 1, 720)?;
    "TENANTRY_COOKIE_DAYS", Text("30"),
        "Days after which a browser's session ends however much it is used, 1 to 365.",
        "A cookie does not rotate as a refresh token does, so it lasts shorter.",
        |config, text| config.identity.cookie_days = parse::number(text, 1, 365)?;
    "TENANTRY_ARGON2_MEMORY_KIB", Text("19456"),
        "Memory of a password's hash (argon2id) in KiB, 64 to 1048576.",
        "OWASP's first recommendation; as many hashes as cores are made at once. A password is hashed anew at its next sign-in after a change.",
        |config, text| config.identity.argon2_memory_kib = parse::number(text, 64, 1_048_576)?;
    "TENANTRY_ARGON2_ITERATIONS", Text("2"),
        "Passes of argon2id over its memory, 1 to 20.",
        "As `TENANTRY_ARGON2_MEMORY_KIB`.",
        |config, text| config.identity.argon2_iterations = parse::number(text, 1, 20)?;
    "TENANTRY_ARGON2_PARALLELISM", Text("1"),
        "Lanes of argon2id, 1 to 8.",
        "As `TENANTRY_ARGON2_MEMORY_KIB`.",
        |config, text| config.identity.argon2_parallelism = parse::number(text, 1, 8)?;
    "TENANTRY_REDIS_URL" [secret], Absent("rates are counted in process"),
        "Redis or Valkey server for rates shared by several server processes. Accepted now, used by a later release.",
        "Accepted early so that one configuration serves both releases.",
        |config, text| config.redis_url = Some(Secret::new(parse::redis_url(text)?));
    "TENANTRY_POOL_SIZE", Text("8"),
        "Connections in each pool: one pool for each cell of tenants, one for the control plane. 1 to 500.",
        "A small multiple of the database's cores; more connections wait inside PostgreSQL instead of here.",
        |config, text| config.pool_size = parse::number(text, 1, 500)?;
    "TENANTRY_MAX_TENANT_SERIES", Text("200"),
        "Tenants with metrics series of their own, 0 to 100000; the rest share the label `other`.",
        "Each tenant costs some hundred series, and a metrics server pays for every one.",
        |config, text| config.max_tenant_series = parse::number(text, 0, 100_000)?;
    "TENANTRY_REQUEST_TIMEOUT_SECONDS", Text("30"),
        "Seconds until a request that has no answer yet gets a 408, 1 to 3600.",
        "Longer than any honest request, shorter than the patience of proxies (60 in nginx).",
        |config, text| config.request_timeout = Duration::from_secs(parse::number(text, 1, 3600)?);
    "TENANTRY_MAX_BODY_BYTES", Text("1048576"),
        "Largest body of a request in bytes, 1024 to 1073741824.",
        "No operation needs a mebibyte; the limit bounds memory.",
        |config, text| config.max_body_bytes = parse::number(text, 1024, 1_073_741_824)?;
    "TENANTRY_IMPORT_MAX_MB", Text("1024"),
        "Largest archive that an import takes in, in MiB, 1 to 1048576.",
        "An archive waits in the control database until a worker has loaded it.",
        |config, text| config.import_max_bytes = parse::number::<u64>(text, 1, 1_048_576)? << 20;
    "TENANTRY_LOG", Text("info"),
        "Which log lines are written: a level, or levels by module, like `info,tenantry_pg=debug`.",
        "At `info` there is one line for each request and one for each change of state.",
        |config, text| config.log_filter = parse::log_filter(text)?;
    "TENANTRY_LOG_FORMAT", Text("auto"),
        "`text`, `json`, or `auto`: text on a terminal, JSON otherwise.",
        "People read terminals, log shippers read the rest.",
        |config, text| config.log_format = text.parse()?;
    "TENANTRY_SHUTDOWN_GRACE_SECONDS", Text("20"),
        "Seconds that requests in flight have to end after SIGTERM, 0 to 3600.",
        "Less than the 30 seconds after which Kubernetes kills.",
        |config, text| config.shutdown_grace = Duration::from_secs(parse::number(text, 0, 3600)?);
    "TENANTRY_LEASE_SECONDS", Text("30"),
        "Seconds for which a run belongs to a worker that says nothing, 1 to 3600.",
        "A worker that dies loses its runs at once, since its connection is gone; this bounds one that hangs.",
        |config, text| config.lease = Duration::from_secs(parse::number(text, 1, 3600)?);
    "TENANTRY_RETENTION_DAYS", Text("30"),
        "Days after which a deleted tenant is purged: 0 to 3650, or `never`.",
        "Long enough to notice a mistake, short enough for a promise to forget.",
        |config, text| config.retention = parse::retention(text)?;
    "TENANTRY_ISSUERS", Absent("people sign in here alone"),
        "TOML file with the external issuers whose tokens are accepted: `docs/guides/external-issuers.md`.",
        "An issuer has more to it than fits into one line.",
        |config, text| config.issuers = issuers::load(text)?;
}

/// Keys that belong to the command line client, or that say where the rest is. Known, and not read here.
pub const TOLERATED: &[(&str, &str)] = &[
    (
        "TENANTRY_CONFIG",
        "TOML file with any of these keys; `--config` wins over it. In the environment only.",
    ),
    ("TENANTRY_URL", "What the command line client talks to. Read by the client only."),
    ("TENANTRY_TOKEN", "As whom the client talks. Read by the client only."),
    (
        "TENANTRY_CA_FILE",
        "PEM file with the only authorities that the client trusts for HTTPS. Read by the client only.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_parse_and_names_are_unique() {
        let mut config = Config::blank();
        let mut names: Vec<_> =
            KEYS.iter().map(|key| key.name).chain(TOLERATED.iter().map(|key| key.0)).collect();
        for key in KEYS {
            if let Default::Text(text) = key.default {
                assert_eq!((key.set)(&mut config, text), Ok(()), "{}", key.name);
            }
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
