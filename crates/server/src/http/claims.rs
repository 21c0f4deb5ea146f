//! Which tenant a request names: in its hosts, in `X-Tenant-Slug`.
//!
//! Owns: nothing. Calls: nothing. Called by: `http::authenticate`.
//! Invariants: a host that cannot be one names nobody, and so agrees with no identity (`tests::odd_hosts_name_nobody`); what a proxy says of the host counts
//! only from one that is trusted (`a_forwarded_host_counts_from_a_trusted_proxy_alone`); nothing here is looked up: names are compared with the identity's
//! (`a_foreign_header_is_refused`). After a crash: nothing is left.

use axum::http::{HeaderMap, Uri, header, uri::Authority};
use std::net::Ipv6Addr;

/// Labels before the base domain that are the platform's own.
const OURS: [&str; 4] = ["www", "api", "app", "console"];

/// The tenants that a request names, in this order: subdomain, header. Empty text names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claims(Vec<String>);

impl Claims {
    /// Those of a request. Without a base domain no host names a tenant; what a proxy says of the host counts `via_proxy`, from one that is trusted.
    pub(super) fn of(base: Option<&str>, via_proxy: bool, uri: &Uri, headers: &HeaderMap) -> Self {
        let mut named: Vec<String> = Vec::new();
        if let Some(base) = base {
            let forwarded = via_proxy.then(|| headers.get_all("x-forwarded-host").iter());
            // Each proxy on the way may have added one.
            let forwarded =
                forwarded.into_iter().flatten().flat_map(|value| value.to_str().unwrap_or("").split(','));
            let own = headers.get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or(""));
            // HTTP/1 has the host in a header, HTTP/2 and requests to a proxy in the address.
            let hosts = uri.authority().map(Authority::as_str).into_iter().chain(own);
            named.extend(hosts.chain(forwarded.map(str::trim)).filter_map(|host| slug_of(host, base)));
        }
        named.extend(header_slug(headers));
        Self(named)
    }

    /// Nothing names a tenant.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them name this tenant.
    pub(super) fn agree_with(&self, slug: &str) -> bool {
        self.0.iter().all(|claim| claim == slug)
    }

    /// The one tenant that all of them name; `None` where they differ, or name nobody.
    pub(super) fn one(&self) -> Option<&str> {
        let first = self.0.first()?;
        (self.agree_with(first) && !first.is_empty()).then_some(first)
    }

    /// The first that is not this tenant.
    pub(super) fn other_than(&self, slug: &str) -> Option<&str> {
        self.0.iter().find(|claim| *claim != slug).map(String::as_str)
    }
}

/// `X-Tenant-Slug`. An unreadable or doubled one names nobody.
fn header_slug(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all("x-tenant-slug").iter();
    let first = values.next()?;
    Some(if values.next().is_some() { String::new() } else { first.to_str().unwrap_or("").to_owned() })
}

/// The label before the base domain. A host outside of it names no tenant, and text that is no host names nobody.
fn slug_of(host: &str, base: &str) -> Option<String> {
    let Some(name) = name_of(host) else { return Some(String::new()) };
    let label = name.strip_suffix(base)?;
    match label.strip_suffix('.') {
        Some(label) => (!OURS.contains(&label)).then(|| label.to_owned()),
        // The base domain itself, or one that ends alike.
        None => None,
    }
}

/// A host in lower case, without port and root; empty for an address. `None` for what is no host.
fn name_of(host: &str) -> Option<String> {
    let port_is_one = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = host.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let port = rest.strip_prefix(':').or_else(|| rest.is_empty().then_some(""))?;
        return (address.parse::<Ipv6Addr>().is_ok() && port_is_one(port)).then(String::new);
    }
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let plain = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(allowed)
    };
    (port_is_one(port) && name.len() <= 253 && name.split('.').all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn claim(host: &str) -> Option<String> {
        slug_of(host, "example.com")
    }

    #[test]
    fn a_host_names_its_label() {
        for (host, slug) in [
            ("acme.example.com", Some("acme")),
            ("acme.example.com:443", Some("acme")),
            ("acme.example.com:", Some("acme")),
            ("ACME.Example.COM.", Some("acme")),
            ("ACME.Example.COM.:8080", Some("acme")),
            ("a.b.example.com", Some("a.b")),
            ("x.acme.example.com", Some("x.acme")),
            // Punycode is a label like any other, and no slug has two hyphens in a row.
            ("xn--acme-2ve.example.com", Some("xn--acme-2ve")),
            ("example.com", None),
            ("example.com.", None),
            ("api.example.com", None),
            ("localhost:8080", None),
            ("evilexample.com", None),
            ("acme.example.com.evil.com", None),
            ("acme.example.org", None),
            ("127.0.0.1", None),
            ("127.0.0.1:8080", None),
            ("[::1]", None),
            ("[::1]:8080", None),
            ("my_service:8080", None),
        ] {
            assert_eq!(claim(host).as_deref(), slug, "{host}");
        }
    }

    #[test]
    fn odd_hosts_name_nobody() {
        for host in [
            "",
            ".",
            ".example.com",
            "acme..example.com",
            "acme.example.com..",
            "acme.example.com:443:80",
            "acme.example.com:https",
            "acme.example.com:999999",
            "acme.example.com,rival.example.com",
            "acme.example.com rival.example.com",
            "acme.example.com/",
            "acme.example.com#",
            "acme%2eexample.com",
            "rival@acme.example.com",
            "\u{430}cme.example.com",
            "a\u{212a}.example.com",
            "[::1",
            "[acme.example.com]",
            "[::1]acme.example.com",
            "::1",
        ] {
            assert_eq!(claim(host).as_deref(), Some(""), "{host}");
        }
    }

    #[test]
    fn hosts_and_headers_are_claims() {
        let named = |uri: &'static str, via_proxy: bool, pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, HeaderValue::from_str(value).unwrap());
            }
            Claims::of(Some("example.com"), via_proxy, &Uri::from_static(uri), &headers).0
        };
        let (host, slug, forwarded) = ("host", "x-tenant-slug", "x-forwarded-host");
        // HTTP/2 has no such header, and a request that names two hosts claims both.
        let there = "https://rival.example.com/v1/me";
        assert_eq!(named(there, false, &[(host, "acme.example.com")]), ["rival", "acme"]);
        assert_eq!(named("/", false, &[(host, "a.example.com"), (host, "b.example.com")]), ["a", "b"]);
        assert_eq!(named("/", false, &[(slug, "acme"), (host, "b.example.com")]), ["b", "acme"]);
        assert_eq!(named("/", false, &[(slug, "a"), (slug, "b")]), [""]);
        let through = [(host, "backend:8080"), (forwarded, "acme.example.com, rival.example.com")];
        assert_eq!(named("/", true, &through), ["acme", "rival"]);
        assert!(named("/", false, &through).is_empty());
    }

    #[test]
    fn all_that_is_named_is_compared() {
        let claims = |named: &[&str]| Claims(named.iter().map(|slug| (*slug).to_owned()).collect());
        assert!(claims(&[]).agree_with("acme") && claims(&[]).one().is_none());
        assert!(claims(&["acme", "acme"]).agree_with("acme"));
        assert_eq!(claims(&["acme", "acme"]).one(), Some("acme"));
        assert_eq!(claims(&["acme", "rival"]).one(), None);
        assert_eq!(claims(&["acme", "rival"]).other_than("acme"), Some("rival"));
        assert_eq!(claims(&[""]).one(), None);
        assert!(!claims(&[""]).agree_with("acme"));
    }
}
