//! Where PostgreSQL is and who we are there: URLs, TLS, logins.
//!
//! Owns: nothing. Calls: the driver, rustls. Called by: pool, listen, roles, server wiring.
//! Invariants: passwords never show in Debug (`debug_hides_passwords`); `verify-full` checks chain and host name (`verify_full_checks_chain_and_host_name`).
//! After a crash: nothing is left.

use crate::Error;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};
use tokio_postgres::{
    config::{Host, SslMode as DriverSslMode},
    error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How a connection uses TLS, with libpq's words and meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Never.
    Disable,
    /// Where the server offers it; the certificate is not checked.
    Prefer,
    /// Always; the certificate is not checked.
    Require,
    /// Always; chain and host name of the certificate are checked.
    VerifyFull,
}

impl SslMode {
    /// libpq's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A URL that is no PostgreSQL server.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not a URL that the driver reads.
    #[error("not a PostgreSQL URL (postgresql://user:password@host:5432/database): {0}")]
    Url(String),
    /// The URL lacks a part.
    #[error("the PostgreSQL URL names no {0}")]
    Missing(&'static str),
    /// `sslmode` is none of ours.
    #[error("sslmode={0} is not known; use disable, prefer, require or verify-full")]
    SslMode(String),
    /// The CA file cannot be used.
    #[error("sslrootcert {path}: {reason}")]
    RootCert {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A login and the passwords it may have: the present one first, then the one from before a rotation.
#[derive(Clone)]
pub struct Login {
    /// The role's name.
    pub user: String,
    /// Tried in order.
    pub passwords: Vec<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A server and a database on it, without a login.
#[derive(Clone)]
pub struct Target {
    config: tokio_postgres::Config,
    ssl: SslMode,
    tls: MakeRustlsConnect,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("host", &self.host())
            .field("database", &self.database())
            .finish_non_exhaustive()
    }
}

impl Target {
    /// Reads a URL; a login in it is returned beside the target.
    ///
    /// # Errors
    /// [`TargetError`] names what is wrong, never the password.
    pub fn parse(url: &str) -> Result<(Self, Option<Login>), TargetError> {
        let (plain, ssl, root) = split_tls_options(url)?;
        let mut config: tokio_postgres::Config =
            plain.parse().map_err(|error: tokio_postgres::Error| TargetError::Url(error.to_string()))?;
        if config.get_hosts().is_empty() {
            return Err(TargetError::Missing("host"));
        }
        if config.get_dbname().is_none() {
            return Err(TargetError::Missing("database"));
        }
        let login = config.get_user().map(|user| Login {
            user: user.to_owned(),
            passwords: config
                .get_password()
                .map(|p| String::from_utf8_lossy(p).into_owned())
                .into_iter()
                .collect(),
        });
        // A socket needs no TLS; a single TCP host among several does.
        let local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let ssl = if local { SslMode::Disable } else { ssl };
        config.ssl_mode(match ssl {
            SslMode::Disable => DriverSslMode::Disable,
            SslMode::Prefer => DriverSslMode::Prefer,
            SslMode::Require | SslMode::VerifyFull => DriverSslMode::Require,
        });
        config
            .connect_timeout(Duration::from_secs(5))
            .keepalives(true)
            // A network that goes silent is noticed in seconds; the kernel's own patience would empty every pool for a quarter of an hour.
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(10))
            .application_name("tenantry");
        Ok((Self { config, ssl, tls: MakeRustlsConnect::new(tls_config(ssl, root)?) }, login))
    }

    /// The database.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// The first host: a name, an address, or the folder of a Unix socket.
    pub fn host(&self) -> String {
        match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
    }

    /// How TLS is used.
    pub fn ssl_mode(&self) -> SslMode {
        self.ssl
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(mut self, database: &str) -> Self {
        self.config.dbname(database);
        self
    }

    /// The same server, with a fixed search path for control-plane connections: whatever the login's own default is,
    /// an unqualified name means `public`.
    #[must_use]
    pub fn with_public_path(mut self) -> Self {
        let options = self.config.get_options().map_or_else(String::new, |given| format!("{given} "));
        self.config.options(format!("{options}-c search_path=public -c lock_timeout=30s"));
        self
    }

    pub(crate) async fn connect(
        &self,
        login: &Login,
    ) -> Result<
        (
            tokio_postgres::Client,
            tokio_postgres::Connection<
                tokio_postgres::Socket,
                <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>>::Stream,
            >,
        ),
        Error,
    > {
        let mut refusal = None;
        // A second password exists only while the master key is being rotated.
        for password in login.passwords.iter().map(Some).chain(login.passwords.is_empty().then_some(None)) {
            let mut config = self.config.clone();
            config.user(&login.user);
            if let Some(password) = password {
                config.password(password);
            }
            match config.connect(self.tls.clone()).await {
                Ok(connected) => return Ok(connected),
                Err(source) => {
                    // PgBouncer calls a wrong password a violation of the protocol.
                    let wrong_password = matches!(
                        source.code(),
                        Some(&SqlState::INVALID_PASSWORD | &SqlState::PROTOCOL_VIOLATION)
                    );
                    refusal = Some(Error::Connect { user: login.user.clone(), source });
                    if !wrong_password {
                        break;
                    }
                }
            }
        }
        Err(refusal.unwrap_or(Error::Lost("connect")))
    }
}

/// Takes `sslmode` and `sslrootcert` out of a URL: the driver knows neither `verify-full` nor CA files.
fn split_tls_options(url: &str) -> Result<(String, SslMode, Option<PathBuf>), TargetError> {
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), SslMode::Prefer, None));
    };
    let (mut ssl, mut root, mut rest) = (SslMode::Prefer, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => {
                ssl = match mode {
                    "disable" => SslMode::Disable,
                    "prefer" | "allow" => SslMode::Prefer,
                    "require" => SslMode::Require,
                    "verify-full" => SslMode::VerifyFull,
                    other => return Err(TargetError::SslMode(other.to_owned())),
                };
            }
            Some(("sslrootcert", path)) => {
                root = Some(PathBuf::from(path.replace("%2F", "/").replace("%2f", "/")));
            }
            _ => rest.push(pair),
        }
    }
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    Ok((format!("{base}{query}"), ssl, root))
}

fn tls_config(ssl: SslMode, root: Option<PathBuf>) -> Result<ClientConfig, TargetError> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    if ssl != SslMode::VerifyFull {
        let verifier = Arc::new(Unverified(provider));
        return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
    }
    let mut store = RootCertStore::empty();
    match root {
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let refuse = |reason: String| TargetError::RootCert { path: path.clone(), reason };
            for certificate in
                CertificateDer::pem_file_iter(&path).map_err(|error| refuse(error.to_string()))?
            {
                let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
                store.add(certificate).map_err(|error| refuse(error.to_string()))?;
            }
            if store.is_empty() {
                return Err(refuse("no certificate in it".to_owned()));
            }
        }
    }
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

/// libpq's `require`: encrypted, not authenticated by certificate. Who sits in the middle can pretend to be the server and ask for the
/// password in clear; `verify-full` alone keeps him out.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_urls_and_says_what_is_missing() {
        let (target, login) =
            Target::parse("postgresql://me:pw@db.example:6432/app?sslmode=verify-full").unwrap();
        assert_eq!((target.host().as_str(), target.port(), target.database()), ("db.example", 6432, "app"));
        assert_eq!(
            (target.ssl_mode(), login.unwrap().passwords),
            (SslMode::VerifyFull, vec!["pw".to_owned()])
        );
        let socket = Target::parse("postgresql://me@%2Frun%2Fpg/app").unwrap().0;
        assert_eq!((socket.host().as_str(), socket.ssl_mode()), ("/run/pg", SslMode::Disable));
        let mixed = Target::parse("postgresql://me@%2Frun%2Fpg,db.example/app?sslmode=require").unwrap().0;
        assert_eq!(mixed.ssl_mode(), SslMode::Require, "a socket first takes no TLS from the others");
        for (url, says) in [
            ("postgresql://me@host", "no database"),
            ("postgresql:///app", "no host"),
            ("mysql://x/y", "not a PostgreSQL URL"),
            ("postgresql://h/app?sslmode=maybe", "sslmode=maybe"),
            ("postgresql://h/app?sslmode=verify-full&sslrootcert=/nowhere.pem", "/nowhere.pem"),
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.contains(says), "{url}: {error}");
        }
    }

    #[test]
    fn debug_hides_passwords() {
        let (target, login) = Target::parse("postgresql://me:hush@h/app").unwrap();
        assert!(!format!("{target:?}{login:?}").contains("hush"));
    }
}
