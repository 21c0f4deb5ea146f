//! Tests of the client, against real sockets.

use super::*;
use crate::testing::{Folder, Hands, Server, api, closed_port, json, tenant_json, with};
use proptest::prelude::*;
use std::{io::Write as _, net::TcpListener, sync::Arc};

proptest! {
    #[test]
    fn segments_cannot_leave_their_place(text in "\\PC{0,40}") {
        let encoded = encode(&text);
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~%".contains(&byte)));
        let mut bytes = Vec::new();
        let mut rest = encoded.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'%' {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        prop_assert_eq!(bytes, text.as_bytes());
    }
}

fn refusal(result: Result<Answer<serde_json::Value>, Failure>, base: &str) -> (String, String) {
    let failure = result.unwrap_err();
    (failure.code.clone(), failure.detail.replace(base, "http://server"))
}

#[test]
fn failures_of_the_wire_are_named() {
    let url = closed_port();
    let (code, detail) = refusal(api(&url).get("/v1/me"), &url);
    assert_eq!((code.as_str(), detail.as_str()), ("unreachable", "nothing answers at http://server"));

    let server = Server::start(vec![
        with(|_| ()),
        with(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{").unwrap()),
    ]);
    for _ in 0..2 {
        let (code, detail) = refusal(api(server.url()).get("/v1/me"), server.url());
        assert_eq!(code, "connection_lost");
        assert!(detail.starts_with("the connection to http://server broke: "), "{detail}");
    }

    let client = api("http://far.example");
    for (error, code) in [
        (ureq::Error::HostNotFound, "unreachable"),
        (ureq::Error::Timeout(Timeout::Connect), "unreachable"),
        (io::Error::other("failed to lookup address information: unknown").into(), "unreachable"),
        (io::Error::from(io::ErrorKind::NetworkUnreachable).into(), "unreachable"),
        (ureq::Error::Timeout(Timeout::Global), "connection_lost"),
        (io::Error::from(io::ErrorKind::ConnectionReset).into(), "connection_lost"),
    ] {
        let failure = client.broken(error);
        assert!(failure.code == code && failure.passing, "{failure:?}");
    }
}

#[test]
fn connection_refused_says_what_to_do() {
    let url = closed_port();
    let ran = Hands::new().var("TENANTRY_URL", &url).var("TENANTRY_TOKEN", "t").run("tenant list");
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.err.replace(&url, "http://server"), @r"
    error: nothing answers at http://server
    next: start it with `tenantry dev`, or set TENANTRY_URL
    ");
}

#[test]
fn a_lost_post_says_that_it_may_have_been_done() {
    let server = Server::start(vec![with(|_| ())]);
    let failure = api(server.url()).post::<_, serde_json::Value>("/v1/tenants", &1).unwrap_err();
    assert_eq!(failure.next_steps, ["it may have been done all the same: look before you try again"]);
}

#[test]
fn a_redirect_is_reported_and_not_followed() {
    let moved = || {
        with(|stream| {
            stream
                .write_all(b"HTTP/1.1 307 T\r\nlocation: http://evil.example/\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        })
    };
    let server = Server::start(vec![moved(), moved(), moved()]);
    let client = api(server.url());
    let failures = [
        client.get::<serde_json::Value>("/v1/me").unwrap_err(),
        client.post::<_, serde_json::Value>("/v1/tenants", &1).unwrap_err(),
        client.events("/v1/x", None, None).err().unwrap(),
    ];
    for failure in failures {
        assert!(failure.detail.ends_with("redirects to http://evil.example/"), "{failure}");
    }
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn every_post_has_a_key_of_its_own() {
    let server = Server::start(vec![json(200, "1"), json(200, "1")]);
    for _ in 0..2 {
        api(server.url()).post::<_, u8>("/v1/tenants", &1).unwrap();
    }
    let keys: Vec<String> =
        server.seen().iter().map(|seen| seen.header("idempotency-key").unwrap().to_owned()).collect();
    assert_ne!(keys[0], keys[1]);
}

/// Serves one answer over TLS with a certificate of its own authority; gives address and certificate.
fn tls_server(body: String) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            // A client that does not trust the certificate hangs up here.
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok() {
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (url, made.cert.pem())
}

#[test]
fn an_own_authority_is_trusted_when_it_is_named() {
    let (url, pem) = tls_server(tenant_json("acme", "active"));
    let folder = Folder::new();
    folder.write("ca.pem", &pem);
    folder.write("none.pem", "nothing");
    let ca = |name: &str| {
        let file = folder.path().join(name).display().to_string();
        Hands::new()
            .var("TENANTRY_URL", &url)
            .var("TENANTRY_TOKEN", "t")
            .var("TENANTRY_CA_FILE", &file)
            .run("tenant show acme")
    };
    assert_eq!(ca("ca.pem").code, 0);
    let ran = ca("none.pem");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no certificate in it"), "{}", ran.err);
    let ran = Hands::new().var("TENANTRY_URL", &url).var("TENANTRY_TOKEN", "t").run("tenant show acme");
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.starts_with("error: no TLS connection to") && ran.err.contains("TENANTRY_CA_FILE"),
        "{}",
        ran.err
    );
}
