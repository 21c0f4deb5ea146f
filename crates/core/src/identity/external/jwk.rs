//! Key sets of issuers (RFC 7517): what of one can be used, and for which algorithms.
//!
//! Owns: nothing. Calls: nothing. Called by: keys.
//! Invariants: a key verifies the algorithms that fit its kind and no others (`a_key_fits_its_own_algorithms_alone`); keys for encryption, shared secrets and
//! weak keys are left out (`keys_that_do_not_fit_are_left_out`). After a crash: nothing is left.

use super::settings::Algorithm;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

/// Most characters of a key's id.
pub(super) const LONGEST_ID: usize = 200;

/// Most keys that are looked at.
const MOST_KEYS: usize = 100;

/// Bits of an RSA modulus: less is weak, more costs us too much for each token.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

struct Key {
    id: String,
    algorithms: Vec<Algorithm>,
    verifier: DecodingKey,
}

/// The usable keys of an issuer.
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a document. Keys that cannot be used are no error: issuers publish keys for other purposes beside ours.
    ///
    /// # Errors
    /// A text for the log where it is no key set.
    pub(super) fn read(bytes: &[u8], allowed: &[Algorithm]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| format!("no key set: {error}"))?;
        let read = |value: Value| usable(serde_json::from_value(value).ok()?, allowed);
        Ok(Self(document.keys.into_iter().take(MOST_KEYS).filter_map(read).collect()))
    }

    /// The key of that id for that algorithm.
    pub(super) fn find(&self, id: &str, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut keys = self.0.iter();
        keys.find(|key| key.id == id && key.algorithms.contains(&algorithm)).map(|key| &key.verifier)
    }

    /// Whether there is a key of that id, whatever it is for.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn usable(jwk: Jwk, allowed: &[Algorithm]) -> Option<Key> {
    let verifies = jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    let signs = jwk.usage.as_deref().is_none_or(|usage| usage == "sig");
    if !verifies || !signs || !(1..=LONGEST_ID).contains(&jwk.kid.len()) {
        return None;
    }
    let (fitting, key) = key_of(&jwk)?;
    let named: Option<Algorithm> = match &jwk.alg {
        Some(name) => Some(name.parse().ok()?),
        None => None,
    };
    let fits =
        |algorithm: &Algorithm| fitting.contains(algorithm) && named.is_none_or(|named| named == *algorithm);
    let algorithms: Vec<_> = allowed.iter().copied().filter(fits).collect();
    (!algorithms.is_empty()).then_some(Key { id: jwk.kid, algorithms, verifier: key })
}

/// The key, and the algorithms that its kind is made for.
fn key_of(jwk: &Jwk) -> Option<(&'static [Algorithm], DecodingKey)> {
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let part = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let (modulus, exponent) = (part(&jwk.n)?, part(&jwk.e)?);
            let bits = modulus.iter().skip_while(|byte| **byte == 0).count() * 8;
            let key = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
            RSA_BITS.contains(&bits).then_some((&[Rs256, Rs384, Rs512, Ps256, Ps384, Ps512], key))
        }
        ("EC", Some(curve @ ("P-256" | "P-384"))) => {
            let (width, fitting): (_, &[_]) = if curve == "P-256" { (32, &[Es256]) } else { (48, &[Es384]) };
            let whole = part(&jwk.x)?.len() == width && part(&jwk.y)?.len() == width;
            let key = DecodingKey::from_ec_components(jwk.x.as_deref()?, jwk.y.as_deref()?).ok()?;
            whole.then_some((fitting, key))
        }
        ("OKP", Some("Ed25519")) => {
            let key = DecodingKey::from_ed_components(jwk.x.as_deref()?).ok()?;
            (part(&jwk.x)?.len() == 32).then_some((&[EdDsa], key))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Rs256};
    use serde_json::json;

    const ALL: &[Algorithm] = &[Rs256, Ps256, Es256, Es384, EdDsa];

    fn bytes(length: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xa5; length])
    }

    fn read(keys: &Value, allowed: &[Algorithm]) -> KeySet {
        KeySet::read(json!({"keys": keys}).to_string().as_bytes(), allowed).unwrap()
    }

    #[test]
    fn a_key_fits_its_own_algorithms_alone() {
        let keys = json!([
            {"kid": "rsa", "kty": "RSA", "n": bytes(256), "e": "AQAB"},
            {"kid": "pinned", "kty": "RSA", "alg": "RS256", "use": "sig", "n": bytes(256), "e": "AQAB"},
            {"kid": "ec", "kty": "EC", "crv": "P-256", "x": bytes(32), "y": bytes(32)},
            {"kid": "ec3", "kty": "EC", "crv": "P-384", "x": bytes(48), "y": bytes(48)},
            {"kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": bytes(32)},
        ]);
        let set = read(&keys, ALL);
        let fitting = |id: &str| -> Vec<Algorithm> {
            ALL.iter().copied().filter(|algorithm| set.find(id, *algorithm).is_some()).collect()
        };
        assert_eq!(fitting("rsa"), [Rs256, Ps256]);
        assert_eq!(fitting("pinned"), [Rs256]);
        assert_eq!((fitting("ec"), fitting("ec3"), fitting("ed")), (vec![Es256], vec![Es384], vec![EdDsa]));
        assert_eq!(fitting("nobody"), []);
        assert_eq!(read(&keys, &[EdDsa]).len(), 1, "what the settings do not allow is left out");
    }

    #[test]
    fn keys_that_do_not_fit_are_left_out() {
        let rsa = |more: Value| {
            let mut key = json!({"kid": "k", "kty": "RSA", "n": bytes(256), "e": "AQAB"});
            for (name, value) in more.as_object().unwrap() {
                key[name] = value.clone();
            }
            key
        };
        assert_eq!(read(&json!([rsa(json!({}))]), ALL).len(), 1);
        for wrong in [
            rsa(json!({"use": "enc"})),
            rsa(json!({"key_ops": ["encrypt"]})),
            rsa(json!({"alg": "HS256"})),
            rsa(json!({"alg": "none"})),
            rsa(json!({"alg": "ES256"})),
            rsa(json!({"alg": "RSA-OAEP"})),
            rsa(json!({"n": bytes(128)})),
            rsa(json!({"n": bytes(1024)})),
            rsa(json!({"kid": ""})),
            rsa(json!({"kid": 7})),
            rsa(json!({"kid": "k".repeat(201)})),
            json!({"kty": "RSA", "n": bytes(256), "e": "AQAB"}),
            json!({"kid": "k", "kty": "oct", "k": bytes(32)}),
            json!({"kid": "k", "kty": "oct", "alg": "HS256", "k": bytes(32)}),
            json!({"kid": "k", "kty": "EC", "crv": "P-521", "x": bytes(66), "y": bytes(66)}),
            json!({"kid": "k", "kty": "EC", "crv": "P-256", "x": bytes(31), "y": bytes(32)}),
            json!({"kid": "k", "kty": "OKP", "crv": "X25519", "x": bytes(32)}),
            json!({"kid": "k", "kty": "OKP", "crv": "Ed25519", "x": bytes(33)}),
            json!("k"),
            json!(null),
        ] {
            assert_eq!(read(&json!([wrong]), ALL).len(), 0, "{wrong}");
        }
        for text in ["", "[]", "{}", "{\"keys\": {}}", "<html>"] {
            assert!(KeySet::read(text.as_bytes(), ALL).is_err(), "{text}");
        }
    }
}
