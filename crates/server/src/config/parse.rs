//! From the text of a key to its value.
//!
//! Owns: nothing. Calls: mail (checks). Called by: `config::keys`.
//! Invariants: a refusal repeats no part of the text (`super::tests::no_error_and_no_debug_shows_a_value`).
//! After a crash: nothing is left.

use super::{
    cidr::Cidr,
    error::Refusal,
    secret::{MasterKey, Secret},
};
use crate::mail;
use axum::http::Uri;
use base64::Engine as _;
use std::{net::SocketAddr, path::PathBuf, str::FromStr};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line, with ECS field names.
    Json,
}

impl FromStr for LogFormat {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Refusal::new("is not a known format", "Use auto, text or json")),
        }
    }
}

/// A whole number within bounds.
pub fn word(text: &str) -> Result<String, Refusal> {
    if (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(
        "is not a word of 1 to 100 visible characters",
        "Use letters, digits, and marks such as - and :",
    ))
}

/// A whole number in a range.
pub fn number<T: FromStr + Copy + PartialOrd + std::fmt::Display>(
    text: &str,
    least: T,
    most: T,
) -> Result<T, Refusal> {
    text.parse().ok().filter(|number| *number >= least && *number <= most).ok_or_else(|| {
        Refusal::new(
            format!("is not a whole number from {least} to {most}"),
            "Choose a number in that range, without a unit",
        )
    })
}

/// Whole days, or `never`.
pub fn retention(text: &str) -> Result<Option<chrono::TimeDelta>, Refusal> {
    if text.eq_ignore_ascii_case("never") {
        return Ok(None);
    }
    let days = number::<i64>(text, 0, 3650).map_err(|_| {
        Refusal::new(
            "is neither `never` nor a whole number from 0 to 3650",
            "Choose days in that range, without a unit, or never",
        )
    })?;
    Ok(Some(chrono::TimeDelta::days(days)))
}

/// An address and a port.
pub fn socket(text: &str) -> Result<SocketAddr, Refusal> {
    text.parse().map_err(|_| {
        Refusal::new("is not an address with a port", "Write it like 127.0.0.1:8080 or [::1]:8080")
    })
}

/// The location of a database as a URL; with `credentials` false, a URL that holds none.
pub fn database_url(text: &str, credentials: bool) -> Result<String, Refusal> {
    let rest = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
        return Err(Refusal::new(
            "is not the URL of a PostgreSQL database",
            "Write it like postgresql://host:5432/database?sslmode=verify-full",
        ));
    };
    let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
    let named = query.split('&').any(|pair| pair.starts_with("user=") || pair.starts_with("password="));
    if !credentials && (location.contains('@') || named) {
        return Err(Refusal::new(
            "holds a user or a password",
            "Leave both out: the server derives its logins from TENANTRY_MASTER_KEY",
        ));
    }
    Ok(text.to_owned())
}

/// The location of a Redis or Valkey server.
pub fn redis_url(text: &str) -> Result<String, Refusal> {
    if text.starts_with("redis://") || text.starts_with("rediss://") {
        return Ok(text.to_owned());
    }
    Err(Refusal::new("is not the URL of a Redis server", "Write it like rediss://host:6379"))
}

/// Entries between commas; blanks around them do not count.
pub fn list<T>(text: &str, one: impl Fn(&str) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(one).collect()
}

/// A range of addresses.
pub fn cidr(text: &str) -> Result<Cidr, Refusal> {
    text.parse().map_err(|_| {
        Refusal::new(
            "has an entry that is not a range of addresses",
            "Separate ranges by commas, each like 10.0.0.0/8 or 192.0.2.7",
        )
    })
}

/// An origin exactly as browsers send it: scheme, host, port where it is not the usual one.
pub fn origin(text: &str) -> Result<String, Refusal> {
    let refusal = || {
        Refusal::new(
            "has an entry that is not an origin",
            "Separate origins by commas, each like https://app.example.com, without a path; `*` is not accepted",
        )
    };
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(refusal)?;
    let plain = rest.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    if rest.is_empty() || !plain || rest.parse::<axum::http::uri::Authority>().is_err() {
        return Err(refusal());
    }
    Ok(text.to_ascii_lowercase())
}

/// The base of links, without a slash at its end.
pub fn public_url(text: &str) -> Result<String, Refusal> {
    let uri: Option<Uri> = text.parse().ok();
    let usable = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.query().is_none()
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    });
    if !usable {
        return Err(Refusal::new("is not a web address", "Write it like https://tenantry.example.com"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A domain name, in lower case.
pub fn domain(text: &str) -> Result<String, Refusal> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let text = text.to_ascii_lowercase();
    if text.len() > 253 || !text.split('.').all(label) {
        return Err(Refusal::new(
            "is not a domain name",
            "Write it like example.com, without a scheme, port or leading dot",
        ));
    }
    Ok(text)
}

/// A mail server's URL, as the transport wants it: TLS is required unless the server is on this machine and the URL says so.
pub fn smtp_url(text: &str) -> Result<String, Refusal> {
    let refusal = || {
        Refusal::new(
            "is not a mail server's URL",
            "Write it like smtp://user:password@mail.example.com:587, or smtps:// for port 465, with special characters of the password percent-encoded",
        )
    };
    let uri: Uri = text.parse().map_err(|_| refusal())?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(refusal)?.trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let base = text.split('?').next().unwrap_or(text).trim_end_matches('/');
    let url = match (uri.scheme_str(), uri.query()) {
        (Some("smtps"), None | Some("tls=required")) => base.to_owned(),
        (Some("smtp"), None | Some("tls=required")) => format!("{base}?tls=required"),
        (Some("smtp"), Some("tls=none")) if here => base.to_owned(),
        (Some("smtp"), Some("tls=none")) => {
            return Err(Refusal::new(
                "would send mail without TLS to another machine",
                "Leave `?tls=none` out; it is for a server on 127.0.0.1 alone",
            ));
        }
        _ => return Err(refusal()),
    };
    match mail::transport(&Secret::new(&url)) {
        Ok(_) if uri.path().len() <= 1 => Ok(url),
        _ => Err(refusal()),
    }
}

/// The sender of mails.
pub fn mail_from(text: &str) -> Result<String, Refusal> {
    if mail::is_sender(text) {
        Ok(text.to_owned())
    } else {
        Err(Refusal::new("is not a sender", "Write it like `Tenantry <no-reply@example.com>`"))
    }
}

/// Thirty-two bytes in hex or base64.
pub fn master_key(text: &str) -> Result<MasterKey, Refusal> {
    let bytes = if text.len() == 64 { hex(text) } else { base64_any(text) };
    bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).map(MasterKey::new).ok_or_else(|| {
        Refusal::new(
            "is not 32 bytes in base64 or hex",
            "Make one with `openssl rand -base64 32` and keep it: what is encrypted under it cannot be read without it",
        )
    })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

fn base64_any(text: &str) -> Option<Vec<u8>> {
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let text = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()
}

/// A token that travels in a header and cannot be guessed.
pub fn token(text: &str) -> Result<String, Refusal> {
    if text.len() < 32 {
        return Err(Refusal::new(
            "is shorter than 32 characters",
            "Make one with `openssl rand -hex 32`; it opens every door of the platform",
        ));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Refusal::new(
            "has blanks or characters outside ASCII",
            "Make one with `openssl rand -hex 32`: it travels in an HTTP header",
        ));
    }
    Ok(text.to_owned())
}

/// A file that can be read.
pub fn file(text: &str) -> Result<PathBuf, Refusal> {
    let path = PathBuf::from(text);
    match std::fs::File::open(&path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => Ok(path),
        Ok(_) => Err(Refusal::new("is not a file", "Name a file in PEM format")),
        Err(error) => Err(Refusal::new(
            format!("names a file that cannot be read ({})", error.kind()),
            "Check the path and that the user of this process may read it",
        )),
    }
}

/// A folder that exists.
pub fn folder(text: &str) -> Result<PathBuf, Refusal> {
    let path = PathBuf::from(text);
    if path.is_dir() {
        return Ok(path);
    }
    Err(Refusal::new(
        "names a folder that is not there",
        "Check the path and that the user of this process may enter it",
    ))
}

/// Which log lines are written.
pub fn log_filter(text: &str) -> Result<String, Refusal> {
    tracing_subscriber::EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|_| {
        Refusal::new(
            "is not a log filter",
            "Use a level (error, warn, info, debug, trace) or levels by module, like info,tenantry_pg=debug",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn master_keys_come_in_hex_and_base64() {
        let key = MasterKey::new([0xab; 32]);
        assert!(
            master_key(&"ab".repeat(32)) == Ok(key.clone())
                && master_key(&"AB".repeat(32)) == Ok(key.clone())
        );
        for text in
            ["q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"]
        {
            assert_eq!(master_key(text), Ok(key.clone()));
        }
        for text in ["", "short", &"ab".repeat(31), &"zz".repeat(32), &"é".repeat(32)] {
            assert!(master_key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_are_exact() {
        assert_eq!(origin("https://App.example.com:8443").unwrap(), "https://app.example.com:8443");
        for text in ["*", "null", "https://", "app.example.com", "https://a.example/", "https://u@a.example"]
        {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn locations_without_credentials_hold_none() {
        for text in ["postgresql://db:5432/app?sslmode=verify-full", "postgres:///app?host=/run/postgresql"] {
            assert!(database_url(text, false).is_ok(), "{text}");
        }
        for text in ["postgresql://u:p@db/app", "postgresql://db/app?sslmode=disable&password=p", "host=db"] {
            assert!(database_url(text, false).is_err(), "{text}");
        }
        assert!(database_url("postgresql://u:p@db/app", true).is_ok());
    }

    #[test]
    fn domains_are_names_only() {
        assert_eq!(domain("App.Example.com").unwrap(), "app.example.com");
        for text in ["", ".example.com", "https://example.com", "example.com:80", "a..b", "-a.com"] {
            assert!(domain(text).is_err(), "{text}");
        }
    }
}
