//! The HTTP API as this crate sees it: requests with a token, answers with the text that came, failures with words.
//!
//! Owns: time limits, address building. Calls: ureq, session. Called by: commands, follow, session.
//! Invariants: whatever a user types stays one segment of the address (`segments_cannot_leave_their_place`); every way in
//! which a connection fails has its own words (`failures_of_the_wire_are_named`); redirects are never followed, so a token
//! goes to one server only (`a_redirect_is_reported_and_not_followed`).
//! After a crash: nothing is left; a POST carries an idempotency key of its own, so that the server does what it asks once.

mod transfer;

use crate::{
    clock::Clock,
    outcome::{Exit, Failure},
    session::Session,
    settings::Settings,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Write as _, io, io::Read, path::Path, time::Duration};
use ureq::{
    Agent, AsSendBody, Body, Timeout,
    http::{Request, Response, header, request::Builder},
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_mins(1);
/// Silence on an event stream after which it counts as broken; the server sends heartbeats well within it.
const SILENCE: Duration = Duration::from_mins(1);
const MAX_ANSWER: u64 = 64 << 20;
const JSON: &str = "application/json";

/// A client of one server.
pub(crate) struct Api<'a> {
    agent: Agent,
    settings: Settings,
    session: Option<Session<'a>>,
}

/// An answer, understood, and as it came.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    /// What this version understands of it.
    pub value: T,
    /// What the server sent.
    pub text: String,
}

impl<T: DeserializeOwned> Answer<T> {
    /// Reads `text`, which came from `path`.
    pub(crate) fn read(text: String, path: &str) -> Result<Self, Failure> {
        match serde_json::from_str(&text) {
            Ok(value) => Ok(Self { value, text }),
            Err(error) => {
                let detail = format!("the answer to {path} is not what this version understands: {error}");
                Err(Failure::local("not_understood", detail).next("compare the versions: `tenantry doctor`"))
            }
        }
    }
}

impl<'a> Api<'a> {
    /// A client for the server of `settings`. `proxy` is used for servers beyond this machine; `clock` tells when a sign-in has to be
    /// renewed.
    pub(crate) fn new(
        mut settings: Settings,
        proxy: Option<ureq::Proxy>,
        clock: &'a dyn Clock,
    ) -> Result<Self, Failure> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = &settings.ca_file {
            tls = tls.root_certs(authorities(path)?);
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy.filter(|_| !settings.loopback))
            .user_agent(concat!("tenantry-cli/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .tls_config(tls.build())
            .build()
            .new_agent();
        let session = settings.login.take().map(|login| Session::new(login.store, login.kept, clock));
        Ok(Self { agent, settings, session })
    }

    /// The server's address.
    pub(crate) fn base(&self) -> &str {
        &self.settings.url
    }

    /// Whether there is a token to send.
    pub(crate) fn has_token(&self) -> bool {
        self.settings.token.is_some() || self.session.is_some()
    }

    /// Whether the token is that of a sign-in.
    pub(crate) fn is_signed_in(&self) -> bool {
        self.session.is_some()
    }

    /// Whether what is sent can be read on its way.
    pub(crate) fn is_exposed(&self) -> bool {
        !self.settings.loopback && self.base().starts_with("http:")
    }

    /// Fails when there is no token, and says where one comes from.
    pub(crate) fn need_token(&self) -> Result<(), Failure> {
        if self.has_token() {
            return Ok(());
        }
        Err(Failure::local("no_token", format!("no token for {}", self.base()))
            .next("log in: `tenantry login`")
            .next("or start `tenantry dev` in this folder, which makes one and leaves it where this command finds it")
            .next("or set TENANTRY_TOKEN to the operator token of the server (its TENANTRY_OPERATOR_TOKEN)"))
    }

    /// GET.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Failure> {
        let (status, text) = self.get_any(path)?;
        self.accept(status, None, text, path)
    }

    /// GET, whatever the status: status and text of the answer.
    pub(crate) fn get_any(&self, path: &str) -> Result<(u16, String), Failure> {
        let answer = self.send_get(path, None, JSON, Some(WHOLE), None)?;
        let location = location(&answer);
        let (status, text) = self.text(answer)?;
        match location {
            Some(location) => Err(self.refusal(status, Some(&location), text)),
            None => Ok((status, text)),
        }
    }

    /// DELETE.
    pub(crate) fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Failure> {
        let request = Request::delete(self.address(path)).header(header::ACCEPT, JSON);
        self.send(path, self.authorized(request)?, ())
    }

    /// POST of something to be made.
    pub(crate) fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<Answer<T>, Failure> {
        let request = json(Request::post(self.address(path))).header("idempotency-key", idempotency_key()?);
        self.send(path, self.authorized(request)?, written(body)?.as_str())
    }

    /// POST of what needs no token: who sends it proves in its body who they are.
    pub(crate) fn post_open<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<Answer<T>, Failure> {
        self.send(path, json(Request::post(self.address(path))), written(body)?.as_str())
    }

    /// PATCH of something that is there.
    pub(crate) fn patch<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<Answer<T>, Failure> {
        let request = json(Request::patch(self.address(path)));
        self.send(path, self.authorized(request)?, written(body)?.as_str())
    }

    /// Opens an event stream behind `last_id`, for `within` at the most.
    pub(crate) fn events(
        &self,
        path: &str,
        last_id: Option<&str>,
        within: Option<Duration>,
    ) -> Result<impl Read + use<>, Failure> {
        let answer = self.send_get(path, last_id, "text/event-stream", within, Some(SILENCE))?;
        let location = location(&answer);
        if answer.status().is_success() {
            return Ok(answer.into_body().into_with_config().limit(u64::MAX).reader());
        }
        let (status, text) = self.text(answer)?;
        Err(self.refusal(status, location.as_deref(), text))
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base())
    }

    /// The request with the token that there is.
    fn authorized(&self, request: Builder) -> Result<Builder, Failure> {
        Ok(match self.bearer()? {
            Some(bearer) => request.header(header::AUTHORIZATION, bearer),
            None => request,
        })
    }

    fn bearer(&self) -> Result<Option<String>, Failure> {
        let bearer = |token: &str| format!("Bearer {token}");
        if let Some(token) = &self.settings.token {
            return Ok(Some(bearer(token.reveal())));
        }
        self.session.as_ref().map(|session| Ok(bearer(session.token(self)?.expose()))).transpose()
    }

    fn send<T: DeserializeOwned>(
        &self,
        path: &str,
        request: Builder,
        body: impl AsSendBody,
    ) -> Result<Answer<T>, Failure> {
        let request = request.body(body).map_err(|error| {
            Failure::local("bad_settings", format!("that cannot be sent: {error}")).exit(Exit::Usage)
        })?;
        let request = self.agent.configure_request(request).timeout_global(Some(WHOLE)).build();
        let answer = self.agent.run(request).map_err(|error| lost(self.broken(error)))?;
        let location = location(&answer);
        let (status, text) = self.text(answer).map_err(lost)?;
        self.accept(status, location.as_deref(), text, path)
    }

    fn send_get(
        &self,
        path: &str,
        last_id: Option<&str>,
        accept: &str,
        within: Option<Duration>,
        silence: Option<Duration>,
    ) -> Result<Response<Body>, Failure> {
        let mut request = self
            .agent
            .get(self.address(path))
            .config()
            .timeout_global(within)
            .timeout_per_read(silence)
            .build()
            .header(header::ACCEPT, accept);
        if let Some(bearer) = self.bearer()? {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        request.call().map_err(|error| self.broken(error))
    }

    fn text(&self, mut answer: Response<Body>) -> Result<(u16, String), Failure> {
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
        Ok((status, text.map_err(|error| self.broken(error))?))
    }

    fn accept<T: DeserializeOwned>(
        &self,
        status: u16,
        location: Option<&str>,
        text: String,
        path: &str,
    ) -> Result<Answer<T>, Failure> {
        match status {
            // Nothing is what `null` is read as.
            204 => Answer::read("null".to_owned(), path),
            200..300 => Answer::read(text, path),
            _ => Err(self.refusal(status, location, text)),
        }
    }

    fn refusal(&self, status: u16, location: Option<&str>, text: String) -> Failure {
        let failure = Failure::of_answer(self.base(), status, location, text);
        // What the server advises is about headers; who reads this has a variable, or a sign-in.
        match (status, failure.code.as_str()) {
            (401, "bad_credentials") => failure,
            (401, _) if self.session.is_some() => failure.next("log in again: `tenantry login`"),
            (401, _) if self.settings.token.is_some() => {
                failure.next("check TENANTRY_TOKEN: the server does not know this token")
            }
            _ => failure,
        }
    }

    fn broken(&self, error: ureq::Error) -> Failure {
        let base = self.base();
        let unreachable = |detail: String| {
            Failure::local("unreachable", detail)
                .next("start it with `tenantry dev`, or set TENANTRY_URL")
                .passing()
        };
        match error {
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                unreachable(format!("nothing answers at {base}"))
            }
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                unreachable(format!("nothing answers at {base} within {} s", CONNECT.as_secs()))
            }
            ureq::Error::HostNotFound => unreachable(format!("the host of {base} is not known")),
            ureq::Error::Io(error) if is_unreachable(&error) => {
                unreachable(format!("{base} cannot be reached: {error}"))
            }
            ureq::Error::Io(error)
                if error.kind() == io::ErrorKind::InvalidData && base.starts_with("https:") =>
            {
                Failure::local("unreachable", format!("no TLS connection to {base}: {error}"))
                    .next("name the authority that signed its certificate, a PEM file, in TENANTRY_CA_FILE")
            }
            error => Failure::local("connection_lost", format!("the connection to {base} broke: {error}"))
                .passing(),
        }
    }
}

fn is_unreachable(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable};
    // A failed look-up has no kind of its own in std, only this text.
    matches!(error.kind(), AddrNotAvailable | HostUnreachable | NetworkUnreachable)
        || error.to_string().starts_with("failed to lookup address")
}

/// An answer that got lost says nothing about the deed.
fn lost(failure: Failure) -> Failure {
    match failure.code.as_str() {
        "connection_lost" => failure.next("it may have been done all the same: look before you try again"),
        _ => failure,
    }
}

fn location(answer: &Response<Body>) -> Option<String> {
    let there = answer.headers().get(header::LOCATION).filter(|_| answer.status().is_redirection())?;
    Some(there.to_str().unwrap_or("another address").to_owned())
}

fn authorities(path: &Path) -> Result<RootCerts, Failure> {
    let refuse = |why: String| {
        Failure::local("bad_settings", format!("TENANTRY_CA_FILE, {}: {why}", path.display()))
            .next("name a PEM file with at least one certificate")
            .exit(Exit::Usage)
    };
    let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| refuse(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(refuse("no certificate in it".to_owned())) } else { Ok(found.into()) }
}

fn idempotency_key() -> Result<String, Failure> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| Failure::local("io", format!("no random numbers: {error}")))?;
    Ok(format!("cli-{:032x}", u128::from_be_bytes(bits)))
}

/// A request whose body is JSON.
fn json(request: Builder) -> Builder {
    request.header(header::ACCEPT, JSON).header(header::CONTENT_TYPE, JSON)
}

fn written<B: Serialize>(body: &B) -> Result<String, Failure> {
    Ok(serde_json::to_string(body).map_err(io::Error::from)?)
}

/// `text` as one segment of a path, or one value of a query.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => encoded.push(char::from(byte)),
            // A segment of dots alone would climb; nothing is lost by encoding every dot.
            // (Writing to a string cannot fail.)
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// `path` with the parameters that are there.
pub(crate) fn with_query(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name}={}", encode(value))))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests;
