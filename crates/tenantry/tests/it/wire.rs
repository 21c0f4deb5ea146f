//! Requests as bytes on a socket, for what no well-behaved client sends.

use serde_json::Value;
use std::net::SocketAddr;
use tenantry_pg::task;
use tenantry_server::run;
use tenantry_testkit::TestApp;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

/// An application that listens until this is dropped.
pub(crate) struct Served {
    pub(crate) addr: SocketAddr,
    _stop: watch::Sender<bool>,
}

/// Serves the application as the server's own command does.
pub(crate) fn serve(app: &TestApp) -> Served {
    let sockets = run::bind(&app.config).unwrap_or_else(|error| panic!("{error}"));
    let addr = sockets.addr();
    let (stop, stopped) = watch::channel(false);
    let (config, parts) = (app.config.clone(), app.app.clone());
    task::detached(async move { run::serve(&config, parts, sockets, stopped).await });
    Served { addr, _stop: stop }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Lines of the head after the first.
    pub(crate) head: Vec<String>,
    pub(crate) body: String,
}

impl Answer {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.iter().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The problem's code, or nothing.
    pub(crate) fn code(&self) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Served {
    /// Sends these bytes, with lines ended as given, on a connection of their own.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Answer {
        let stream = TcpStream::connect(self.addr).await.unwrap_or_else(|error| panic!("{error}"));
        exchange(stream, bytes).await
    }
}

/// Sends the bytes of one request that closes its connection, and reads to the end of it.
pub(crate) async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> Answer {
    stream.write_all(bytes).await.unwrap_or_else(|error| panic!("{error}"));
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await.unwrap_or_else(|error| panic!("{error}"));
    let text = String::from_utf8_lossy(&read).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.split("\r\n").map(str::to_owned);
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status: {head}"));
    Answer { status, head: lines.collect(), body: body.to_owned() }
}
