//! The socket: plain HTTP or TLS 1.3, HTTP/1.1 and HTTP/2, drained on shutdown.
//!
//! Owns: a listening socket. Calls: axum-server. Called by: wiring.
//! Invariants: nothing older than TLS 1.3 is spoken (`tests::tls_1_2_is_refused`); a connection that says nothing is
//! closed (`tests::a_silent_connection_is_closed`); requests in flight are answered (`tests::requests_are_drained`).
//! After a crash: the kernel closes the socket; clients retry.

mod patience;
#[cfg(test)]
mod tests;

use axum::Router;
use axum_server::{
    Handle,
    accept::DefaultAcceptor,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use hyper_util::rt::TokioTimer;
use patience::Patience;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Where and how to listen.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// The address; port 0 lets the system choose.
    pub addr: SocketAddr,
    /// Files with the certificate chain and its private key, PEM. `None` is plain HTTP.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// How long a client may take for the head of a request.
    pub header_timeout: Duration,
    /// What an operator changes to listen elsewhere; named in errors.
    pub setting: &'static str,
}

impl ListenerConfig {
    /// The listener of the API: ten seconds for the head of a request, moved by `TENANTRY_LISTEN`.
    pub fn new(addr: SocketAddr, tls: Option<(PathBuf, PathBuf)>) -> Self {
        Self { addr, tls, header_timeout: Duration::from_secs(10), setting: "TENANTRY_LISTEN (--listen)" }
    }
}

/// Why a listener cannot be had, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has the port. The text is the setting that moves the listener.
    #[error("{0} is in use by another process; stop that one, or set {1} to another address")]
    InUse(SocketAddr, &'static str),
    /// The system does not let this user listen there.
    #[error("this user may not listen on {0}; choose a port of 1024 or more, or grant CAP_NET_BIND_SERVICE")]
    Forbidden(SocketAddr),
    /// The machine does not have the address.
    #[error("{0} is not an address of this machine; use 127.0.0.1, 0.0.0.0 or one that `ip addr` shows")]
    NoSuchAddress(SocketAddr),
    /// A file of the certificate cannot be used.
    #[error("the TLS file {} cannot be used: {reason}; TENANTRY_TLS_CERT and TENANTRY_TLS_KEY name PEM files", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key are readable, but do not make a TLS configuration.
    #[error("the certificate and the key cannot be used together: {0}")]
    Tls(#[from] rustls::Error),
    /// Anything else that the system reports.
    #[error("cannot listen on {addr}: {source}")]
    Io {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// A socket that is bound and not served yet. Connections wait in its queue.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    header_timeout: Duration,
}

/// Binds the address and reads the certificate.
///
/// # Errors
/// The address or the certificate cannot be used.
pub fn bind(config: &ListenerConfig) -> Result<Bound, ListenError> {
    let tls = config.tls.as_ref().map(|(certificate, key)| tls_config(certificate, key)).transpose()?;
    let wanted = config.addr;
    let refused = |source: io::Error| match source.kind() {
        ErrorKind::AddrInUse => ListenError::InUse(wanted, config.setting),
        ErrorKind::PermissionDenied => ListenError::Forbidden(wanted),
        ErrorKind::AddrNotAvailable => ListenError::NoSuchAddress(wanted),
        _ => ListenError::Io { addr: wanted, source },
    };
    let listener = TcpListener::bind(wanted).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    Ok(Bound { listener, addr, tls, header_timeout: config.header_timeout })
}

impl Bound {
    /// The address, with the port that the system chose.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` ends; then takes no more connections, and gives requests in flight `grace` to end.
    /// Handlers find the peer in `ConnectInfo<SocketAddr>`.
    ///
    /// # Errors
    /// The system closed the socket.
    pub async fn run(
        self,
        router: Router,
        shutdown: impl Future<Output = ()>,
        grace: Duration,
    ) -> Result<(), ListenError> {
        let addr = self.addr;
        let failed = |source| ListenError::Io { addr, source };
        let handle = Handle::new();
        let server = axum_server::from_tcp(self.listener).map_err(failed)?.handle(handle.clone());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let patience = self.header_timeout;
        let serving: std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send>> = if let Some(tls) =
            self.tls
        {
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls)).handshake_timeout(patience);
            let mut server = server.acceptor(Patience::new(acceptor, patience));
            tune(server.http_builder(), patience);
            Box::pin(server.serve(service))
        } else {
            let mut server = server.acceptor(Patience::new(DefaultAcceptor::new(), patience));
            tune(server.http_builder(), patience);
            Box::pin(server.serve(service))
        };
        let mut serving = serving;
        tokio::select! {
            ended = &mut serving => return ended.map_err(failed),
            () = shutdown => handle.graceful_shutdown(Some(grace)),
        }
        serving.await.map_err(failed)
    }
}

type Builder = hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>;

/// Bounds on what a connection may cost.
fn tune(builder: &mut Builder, header_timeout: Duration) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(32 * 1024)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
}

fn tls_config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, ListenError> {
    let bad = |path: &Path, reason: String| ListenError::Pem { path: path.to_owned(), reason };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(bad(certificate, "it holds no certificate".to_owned()));
    }
    // The parser's words could quote the key; they are not passed on.
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|_| bad(key, "it holds no private key".to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
