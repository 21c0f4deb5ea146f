//! Requests by hand: one connection each, so that a test sees what becomes of connections.

use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// A request on its way.
pub struct Call(TcpStream);

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends a request to `http://host:port`; `head` holds further header lines.
pub fn send(url: &str, method: &str, path: &str, head: &[&str], body: Option<&Value>) -> Call {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap_or_else(|error| panic!("{url}: {error}"));
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap_or_else(|error| panic!("{error}"));
    let body = body.map(Value::to_string).unwrap_or_default();
    let head: String = head.iter().flat_map(|line| [*line, "\r\n"]).collect();
    let length = body.len();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    Call(stream)
}

impl Call {
    /// Reads until this text has come.
    pub fn read_until(&mut self, text: &str) -> String {
        let (mut read, mut bytes) = (String::new(), [0; 1024]);
        while !read.contains(text) {
            let count = self.0.read(&mut bytes).unwrap_or_else(|error| panic!("{error}: {read}"));
            assert!(count > 0, "ended before {text}: {read}");
            read.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        read
    }

    /// Reads to the end of the connection.
    pub fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap_or_else(|error| panic!("{error}: {rest}"));
        rest
    }

    /// The whole answer.
    pub fn reply(self) -> Reply {
        let text = self.rest();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        Reply { status: status.unwrap_or_else(|| panic!("{head}")), body: body.to_owned() }
    }
}

/// GET with a token.
pub fn get(url: &str, path: &str, token: &str) -> Reply {
    send(url, "GET", path, &[&format!("Authorization: Bearer {token}")], None).reply()
}

/// POST with a token and further header lines, not waited for.
pub fn post(url: &str, path: &str, token: &str, head: &[&str], body: &Value) -> Call {
    let authorization = format!("Authorization: Bearer {token}");
    let head: Vec<&str> = head.iter().copied().chain([authorization.as_str()]).collect();
    send(url, "POST", path, &head, Some(body))
}
