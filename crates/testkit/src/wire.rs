//! A caller over a real socket, with nothing of a client library between the clock and the server.
//!
//! Owns: nothing. Calls: nothing. Called by: the stress test, the load, benches.
//! Invariants: an answer is read to its end before the next request is sent; what is left over belongs to nobody, and the connection is closed with it
//! (`strangers_who_hang_up_see_nothing_of_others`). After a crash: its connection is closed.

use serde_json::Value;
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
};
use tenantry_core::ctx::{Ids, System};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A connection that is kept open between requests.
pub struct Wire {
    stream: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, where it is JSON; else null.
    pub json: Value,
    /// The body as it came.
    pub text: String,
}

/// A request as it goes over the wire. A POST has a fresh idempotency key.
pub fn request(method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Vec<u8> {
    let body = body.map(Value::to_string);
    let told = body
        .as_ref()
        .map(|body| format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    let lines = [
        Some(format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n")),
        token.map(|token| format!("authorization: Bearer {token}\r\n")),
        (method == "POST").then(|| format!("idempotency-key: {}\r\n", System.uuid())),
        told,
        Some("\r\n".to_owned()),
        body,
    ];
    lines.into_iter().flatten().collect::<String>().into_bytes()
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// One request, to the end of its answer.
    ///
    /// # Errors
    /// The server closed the connection, or did not answer in HTTP.
    pub async fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> io::Result<Answer> {
        self.send(&request(method, path, token, body)).await?;
        self.answer().await
    }

    /// Sends these bytes.
    ///
    /// # Errors
    /// The server closed the connection.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes).await
    }

    /// Reads so many bytes at the most, and says how many came.
    ///
    /// # Errors
    /// The server closed the connection.
    pub async fn read_some(&mut self, most: usize) -> io::Result<usize> {
        self.stream.read(&mut vec![0; most.max(1)]).await
    }

    /// Reads the next answer.
    ///
    /// # Errors
    /// The server closed the connection, or did not answer in HTTP.
    pub async fn answer(&mut self) -> io::Result<Answer> {
        let first = self.line().await?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| broken(&format!("no status line: {first}")))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line().await?.to_ascii_lowercase();
            match line.split_once(':') {
                Some(("content-length", value)) => {
                    length = value.trim().parse().map_err(|_| broken(&line))?;
                }
                Some(("transfer-encoding", value)) => chunked = value.trim() == "chunked",
                Some(_) => {}
                None => break,
            }
        }
        let bytes = if chunked { self.chunks().await? } else { self.exactly(length).await? };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer { status, json: serde_json::from_str(&text).unwrap_or_default(), text })
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let line = self.line().await?;
            let length = usize::from_str_radix(&line, 16).map_err(|_| broken(&line))?;
            whole.extend(self.exactly(length).await?);
            // Each chunk has its line's end, the last as well.
            self.line().await?;
            if length == 0 {
                return Ok(whole);
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

fn broken(line: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("this is no answer: {line}"))
}
