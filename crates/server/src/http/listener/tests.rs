//! Promises of the socket, over real connections on loopback.

use super::*;
use axum::{extract::ConnectInfo, routing::get};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion, pki_types::ServerName,
};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};
use tokio::sync::{Notify, oneshot};

fn plain() -> ListenerConfig {
    ListenerConfig::new("127.0.0.1:0".parse().unwrap(), None)
}

fn hello() -> Router {
    Router::new()
        .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }))
}

/// Serves while `client` runs on a thread of its own, and gives back what it returns.
async fn with_server<T: Send + 'static>(
    config: ListenerConfig,
    router: Router,
    client: impl FnOnce(SocketAddr) -> T + Send + 'static,
) -> T {
    let bound = bind(&config).unwrap();
    let addr = bound.addr();
    let (result, finished) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let _ = result.send(client(addr));
    });
    let mut value = None;
    let shutdown = async { value = finished.await.ok() };
    bound.run(router, shutdown, Duration::from_secs(5)).await.unwrap();
    thread.join().unwrap();
    value.unwrap()
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    // A test that fails does so with an error instead of waiting for ever.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// What the server answers until it closes the connection.
fn exchange(stream: &mut (impl io::Read + io::Write), request: &str) -> io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn plain_http_is_served_with_the_peers_address() {
    let answer = with_server(plain(), hello(), |addr| exchange(&mut connect(addr), REQUEST).unwrap()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("127.0.0.1"), "{answer}");
}

#[test]
fn a_port_in_use_says_what_to_do() {
    let bound = bind(&plain()).unwrap();
    let error = bind(&ListenerConfig::new(bound.addr(), None)).unwrap_err();
    assert!(matches!(error, ListenError::InUse(..)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&bound.addr().to_string()) && text.contains("TENANTRY_LISTEN"), "{text}");
}

#[test]
fn an_address_of_another_machine_is_named() {
    let error = bind(&ListenerConfig::new("192.0.2.1:0".parse().unwrap(), None)).unwrap_err();
    assert!(matches!(error, ListenError::NoSuchAddress(_)), "{error:?}");
}

/// What the server says until it closes a connection on which no more than `begin` comes.
async fn closed_after(begin: &'static str) -> String {
    let config = ListenerConfig { header_timeout: Duration::from_millis(50), ..plain() };
    with_server(config, hello(), move |addr| {
        let mut stream = connect(addr);
        stream.write_all(begin.as_bytes()).unwrap();
        let mut said = String::new();
        match stream.read_to_string(&mut said) {
            // Closed with bytes unread: the kernel sends a reset.
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("not closed: {error}"),
            _ => said,
        }
    })
    .await
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    assert_eq!(closed_after("").await, "");
}

#[tokio::test]
async fn half_a_preface_is_closed() {
    assert_eq!(closed_after("PRI * HT").await, "");
}

#[tokio::test]
async fn half_a_head_is_closed() {
    let said = closed_after("GET / HTTP/1.1\r\nhost: lo").await;
    assert!(!said.contains(" 200 "), "{said}");
}

#[tokio::test]
async fn a_slow_handler_outlives_the_patience_for_heads() {
    // Shorter than the HTTP/2 preface, so that a count of bytes alone would take it for silence.
    let config = ListenerConfig { header_timeout: Duration::from_millis(50), ..plain() };
    let slow = Router::new().route(
        "/",
        get(|| async {
            tokio::time::timeout(Duration::from_millis(200), std::future::pending::<()>())
                .await
                .unwrap_err()
                .to_string()
        }),
    );
    let answer =
        with_server(config, slow, |addr| exchange(&mut connect(addr), "GET / HTTP/1.0\r\n\r\n").unwrap())
            .await;
    assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");
}

#[tokio::test]
async fn requests_are_drained() {
    let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let router = {
        let (arrived, release) = (Arc::clone(&arrived), Arc::clone(&release));
        Router::new().route(
            "/",
            get(|| async move {
                arrived.notify_one();
                release.notified().await;
                "drained"
            }),
        )
    };
    let bound = bind(&plain()).unwrap();
    let addr = bound.addr();
    let client = std::thread::spawn(move || exchange(&mut connect(addr), REQUEST).unwrap());
    // The shutdown comes while the handler waits; the handler goes on only after it.
    let shutdown = async {
        arrived.notified().await;
        release.notify_one();
    };
    bound.run(router, shutdown, Duration::from_secs(20)).await.unwrap();
    assert!(client.join().unwrap().ends_with("drained"));
    assert!(TcpStream::connect(addr).is_err(), "the socket is closed afterwards");
}

#[tokio::test]
async fn grace_has_an_end() {
    let arrived = Arc::new(Notify::new());
    let router = {
        let arrived = Arc::clone(&arrived);
        Router::new().route(
            "/",
            get(|| async move {
                arrived.notify_one();
                std::future::pending::<()>().await;
            }),
        )
    };
    let bound = bind(&plain()).unwrap();
    let addr = bound.addr();
    let client = tokio::task::spawn_blocking(move || exchange(&mut connect(addr), REQUEST));
    bound.run(router, async { arrived.notified().await }, Duration::from_millis(20)).await.unwrap();
    match client.await.unwrap() {
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        Ok(answer) => assert_eq!(answer, ""),
    }
}

/// A certificate for localhost in a folder of this test alone.
struct Certificate {
    folder: PathBuf,
    roots: RootCertStore,
}

impl Certificate {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tenantry-tls-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        Self { folder, roots }
    }

    fn listener(&self) -> ListenerConfig {
        ListenerConfig { tls: Some((self.folder.join("cert.pem"), self.folder.join("key.pem"))), ..plain() }
    }

    fn client(&self, version: &'static SupportedProtocolVersion) -> ClientConnection {
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(self.roots.clone())
                .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap()
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn tls_1_3_is_served_and_offers_http_2() {
    let certificate = Certificate::new("13");
    let mut client = certificate.client(&rustls::version::TLS13);
    let (version, protocol) = with_server(certificate.listener(), hello(), move |addr| {
        let mut socket = connect(addr);
        while client.is_handshaking() {
            client.complete_io(&mut socket).unwrap();
        }
        (client.protocol_version(), client.alpn_protocol().map(<[u8]>::to_vec))
    })
    .await;
    assert_eq!(version, Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(protocol.as_deref(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn requests_travel_over_tls() {
    let certificate = Certificate::new("get");
    let mut client = certificate.client(&rustls::version::TLS13);
    let answer = with_server(certificate.listener(), hello(), move |addr| {
        let mut socket = connect(addr);
        // The preface decides, not what was offered.
        exchange(&mut rustls::Stream::new(&mut client, &mut socket), REQUEST).unwrap_or_default()
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let certificate = Certificate::new("12");
    let mut client = certificate.client(&rustls::version::TLS12);
    let error = with_server(certificate.listener(), hello(), move |addr| {
        let mut socket = connect(addr);
        exchange(&mut rustls::Stream::new(&mut client, &mut socket), REQUEST).unwrap_err().to_string()
    })
    .await;
    assert!(error.contains("ProtocolVersion"), "{error}");
}

#[test]
fn files_that_are_no_certificate_are_named() {
    let certificate = Certificate::new("bad");
    std::fs::write(certificate.folder.join("key.pem"), "hunter2").unwrap();
    let text = bind(&certificate.listener()).unwrap_err().to_string();
    assert!(text.contains("key.pem") && !text.contains("hunter2"), "{text}");
}
