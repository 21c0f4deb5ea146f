//! The forms of a file: as it is, or compressed; and whether a browser reads or has one.
//!
//! Owns: nothing. Calls: nothing. Called by: `http::console`.
//! Invariants: a form that the browser refuses is never sent (`a_refused_form_is_not_sent`); each form has a tag of its own. After a crash: nothing is left.

use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// How the bytes of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Brotli,
    Gzip,
}

impl Form {
    /// HTTP's word for it.
    pub(super) fn coding(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
        }
    }

    /// The tag of a content in this form.
    pub(super) fn tag(self, plain: &[u8]) -> String {
        let mut tag = String::from("\"");
        for byte in Sha256::digest(plain).iter().take(12) {
            // Writing to a String does not fail.
            let _ = write!(tag, "{byte:02x}");
        }
        tag.push_str(self.coding().map_or("", |coding| if coding == "br" { "-br" } else { "-gz" }));
        tag.push('"');
        tag
    }
}

/// Whether the browser reads it: named, and not with a weight of nothing.
pub(super) fn wanted(form: Form, headers: &HeaderMap) -> bool {
    let Some(coding) = form.coding() else { return true };
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight =
            parts.find_map(|part| part.strip_prefix("q=")).map(|weight| weight.trim().parse::<f32>());
        named && weight.is_none_or(|weight| weight.is_ok_and(|weight| weight > 0.0))
    })
}

/// Whether the browser has what the tag is of.
pub(super) fn is_known(tag: &str, headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_refused_form_is_not_sent() {
        for (accepted, brotli, gzip) in [
            ("br", true, false),
            ("gzip, deflate, BR;q=0.5", true, true),
            ("br;q=0, gzip;q=1.0", false, true),
            ("br;q=none", false, false),
            ("brotli, xgzip", false, false),
            ("*", false, false),
        ] {
            let headers = headers(header::ACCEPT_ENCODING, accepted);
            assert_eq!(
                (wanted(Form::Brotli, &headers), wanted(Form::Gzip, &headers)),
                (brotli, gzip),
                "{accepted}"
            );
        }
        assert!(wanted(Form::Plain, &HeaderMap::new()) && !wanted(Form::Gzip, &HeaderMap::new()));
    }

    #[test]
    fn a_known_tag_is_recognised() {
        let tag = Form::Plain.tag(b"a");
        assert_ne!(tag, Form::Plain.tag(b"b"));
        assert_ne!(tag, Form::Brotli.tag(b"a"));
        for (sent, known) in [
            (tag.clone(), true),
            (format!("\"x\", W/{tag}"), true),
            ("*".to_owned(), true),
            ("\"x\"".to_owned(), false),
        ] {
            assert_eq!(is_known(&tag, &headers(header::IF_NONE_MATCH, &sent)), known, "{sent}");
        }
    }
}
