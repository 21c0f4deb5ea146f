//! Who is at the other end, seen through the proxies that are trusted.
//!
//! Owns: nothing. Calls: `config::Cidr`. Called by: `middleware::request`.
//! Invariants: a header counts only from a trusted proxy, read from its right end (`a_client_cannot_forge_its_address`).
//! After a crash: nothing is left.

use crate::config::Cidr;
use axum::http::{HeaderMap, HeaderName};
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client: the peer, or the rightmost address in `X-Forwarded-For` that is not a trusted proxy.
///
/// What stands left of that address was written by the client itself and is not read.
pub fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    let texts: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut hops = texts.iter().rev().flat_map(|text| text.rsplit(','));
    while is_trusted(nearest, trusted) {
        // An entry that cannot be read ends the chain: what is left of it cannot be vouched for.
        let Some(next) = hops.next().and_then(parse) else { break };
        nearest = next;
    }
    nearest
}

/// Whether whoever is at the other end is a proxy whose word counts.
pub fn is_trusted(peer: IpAddr, trusted: &[Cidr]) -> bool {
    let peer = peer.to_canonical();
    trusted.iter().any(|range| range.contains(peer))
}

/// An address, perhaps with a port, as some proxies write it.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<Cidr> = ["10.0.0.0/8", "::1"].iter().map(|range| range.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_client_cannot_forge_its_address() {
        // Not through a proxy: the header is the client's own.
        assert_eq!(seen("203.0.113.9", &["1.1.1.1"]), "203.0.113.9");
        // Through one: what the proxy appended counts, not what the client wrote before it.
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9, nonsense"]), "10.0.0.1");
    }

    #[test]
    fn chains_of_trusted_proxies_are_followed() {
        assert_eq!(seen("::1", &["203.0.113.9, 10.9.9.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
    }
}
