//! Tokens of external issuers (RFC 7519): who signed one, and whether that holds.
//!
//! Owns: nothing. Calls: keys, claims. Called by: external.
//! Invariants: nothing in a token says how it is verified: its algorithm must be one that its issuer is allowed and that its key is made for
//! (`no_token_chooses_its_algorithm`); a token of more than 8 KiB is not read (`a_huge_token_is_not_read`). After a crash: nothing is left.

use super::{
    Issuer,
    claims::{self, Claim},
    jwk,
    keys::Keys,
    settings::Algorithm,
};
use crate::{Error, Result, identity::look::refused};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Most bytes of a token.
pub(super) const LONGEST: usize = 8192;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: Option<String>,
    /// Things that a verifier must understand (RFC 7515): we understand none.
    crit: Option<IgnoredAny>,
}

/// Whose token it says it is. Reads only that, and proves nothing.
pub(super) fn issuer_of(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Peek {
        iss: String,
    }
    let (_, claims, _) = parts(token)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok().map(|peek: Peek| peek.iss)
}

/// What a token of this issuer says, once it is proven that the issuer said it.
///
/// # Errors
/// 401 for whatever is wrong with the token; 403 where it is right and lets nobody in; 503 without keys.
pub(super) async fn verify(
    issuer: &Issuer,
    keys: &Arc<Keys>,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Claim> {
    let refuse = |why: &str| {
        // For whoever configures an issuer: the caller learns nothing.
        tracing::debug!(issuer = %issuer.name, why, "a token is refused");
        refused()
    };
    let (header, claims, signature) = parts(token).ok_or_else(|| refuse("it is no token"))?;
    let signed = &token[..header.len() + 1 + claims.len()];
    let header = read_header(header).ok_or_else(|| refuse("its header cannot be used"))?;
    let algorithm: Algorithm = header.alg.parse().map_err(|_| refuse("its algorithm is not accepted"))?;
    if !issuer.algorithms.contains(&algorithm) {
        return Err(refuse("its algorithm is not among the issuer's"));
    }
    let key = keys.find(&header.kid, algorithm).await.map_err(|error| match error {
        Error::Refused { code: tenantry_types::ErrorCode::Unauthenticated, .. } => {
            refuse("its key is unknown")
        }
        other => other,
    })?;
    let right = jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm.to_library());
    if !right.is_ok_and(|right| right) {
        return Err(refuse("its signature is wrong"));
    }
    let claims = URL_SAFE_NO_PAD.decode(claims).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let claims: Map<String, Value> = claims.ok_or_else(|| refuse("its claims are no object"))?;
    claims::read(issuer, &claims, now).map_err(refuse)
}

/// Header, claims and signature, each still in base64url.
fn parts(token: &str) -> Option<(&str, &str, &str)> {
    if token.len() > LONGEST {
        return None;
    }
    let mut parts = token.split('.');
    let found = (parts.next()?, parts.next()?, parts.next()?);
    // Strictly: the library that verifies forgives what others would not, and one token should have one form.
    let strict = |part: &str| !part.is_empty() && URL_SAFE_NO_PAD.decode(part).is_ok();
    let whole = parts.next().is_none() && strict(found.0) && strict(found.1) && strict(found.2);
    whole.then_some(found)
}

fn read_header(text: &str) -> Option<Header> {
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let typed = header.typ.as_deref().is_none_or(|typ| {
        let typ = typ.to_ascii_lowercase();
        matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
    });
    let fits = typed && header.crit.is_none() && (1..=jwk::LONGEST_ID).contains(&header.kid.len());
    fits.then_some(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_says_whose_it_is() {
        let of = |claims: &str| issuer_of(&token("{}", claims));
        assert_eq!(of(r#"{"iss":"https://a.example"}"#).as_deref(), Some("https://a.example"));
        for none in [r#"{"iss":["https://a.example"]}"#, r#"{"iss":"a","iss":"b"}"#, "{}", "[]", "x"] {
            assert_eq!(of(none), None, "{none}");
        }
        for none in ["", "a.b", "a.b.c", "..", "a.b.c.d", "tnt_dev_x"] {
            assert_eq!(issuer_of(none), None, "{none}");
        }
    }

    #[test]
    fn a_huge_token_is_not_read() {
        let of = |padding: usize| {
            let claims = format!(r#"{{"iss":"a","pad":"{}"}}"#, "x".repeat(padding));
            issuer_of(&token("{}", &claims))
        };
        assert!(of(6000).is_some() && of(6200).is_none());
    }

    #[test]
    fn a_header_that_asks_for_more_is_refused() {
        let read = |text: &str| read_header(&URL_SAFE_NO_PAD.encode(text)).is_some();
        for fine in
            [r#"{"alg":"RS256","kid":"k"}"#, r#"{"alg":"RS256","kid":"k","typ":"JWT","x5u":"https://evil"}"#]
        {
            assert!(read(fine), "{fine}");
        }
        for wrong in [
            r#"{"alg":"RS256"}"#,
            r#"{"kid":"k"}"#,
            r#"{"alg":"RS256","kid":""}"#,
            r#"{"alg":"RS256","kid":7}"#,
            r#"{"alg":["RS256"],"kid":"k"}"#,
            r#"{"alg":"RS256","kid":"k","crit":["exp"]}"#,
            r#"{"alg":"RS256","kid":"k","crit":[]}"#,
            r#"{"alg":"RS256","kid":"k","typ":"logout+jwt"}"#,
            r#"{"alg":"none","alg":"RS256","kid":"k"}"#,
        ] {
            assert!(!read(wrong), "{wrong}");
        }
        assert!(!read(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(201))));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}", header in "\\PC{0,40}", claims in "\\PC{0,60}") {
            let _ = issuer_of(&text);
            let made = token(&header, &claims);
            let _ = (issuer_of(&made), parts(&made).and_then(|(header, ..)| read_header(header)).is_some());
        }
    }
}
