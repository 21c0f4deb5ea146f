//! What is kept of a value: no secret, and no more than fits.
//!
//! Owns: the list of words that name a secret. Calls: nothing. Called by: audit, seal.
//! Invariants: whatever stands under a key that names a secret is gone, however deep (`no_secret_survives`); nothing else is touched
//! (`what_is_no_secret_stays`), but the mailbox of an address, which would outlive its person (`an_address_is_kept_without_the_mailbox`); what is kept is never larger than [`MAX_VALUE`] (`a_huge_value_is_left_out`). After a crash: nothing is left.

use serde_json::{Value, json};

/// Bytes of JSON that are kept of a value.
pub const MAX_VALUE: usize = 64 << 10;

/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// Parts of keys that name a secret, wherever they stand in the key.
const ANYWHERE: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "credential",
    "verifier",
    "authorization",
    "cookie",
    "privatekey",
    "apikey",
    "accesskey",
    "bearer",
];

/// Words of keys that name a secret, where they are the last of the key: `refresh_token`, but not `max_tokens`; `key`, but not `key_id`.
const AT_THE_END: &[&str] = &["token", "key", "hash", "salt", "pin", "otp", "jwt", "pwd"];

/// Takes the secrets out of a value, wherever they are nested.
pub fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if names_a_secret(key) && !value.is_null() {
                    *value = Value::from(REDACTED);
                } else if names_an_address(key) && value.is_string() {
                    mask(value);
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn names_a_secret(key: &str) -> bool {
    let plain: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if ANYWHERE.iter().any(|word| plain.contains(word)) {
        return true;
    }
    let words = words(key);
    words.last().is_some_and(|last| AT_THE_END.contains(&last.as_str()))
}

/// An e-mail address stands under it: it would outlive the person, since no row of the trail may change.
fn names_an_address(key: &str) -> bool {
    words(key).last().is_some_and(|last| last == "email" || last == "mail")
}

/// Leaves the domain of an address, which is the organisation's.
fn mask(value: &mut Value) {
    let domain = value.as_str().and_then(|text| text.rsplit_once('@')).map_or("", |(_, domain)| domain);
    *value =
        if domain.is_empty() { Value::from(REDACTED) } else { Value::from(format!("{REDACTED}@{domain}")) };
}

/// The words of `snake_case`, `kebab-case`, `camelCase` and `dotted.keys`, in lower case.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut low_before = false;
    for letter in key.chars() {
        let starts = !letter.is_ascii_alphanumeric() || letter.is_ascii_uppercase() && low_before;
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(letter.to_ascii_lowercase());
        }
        low_before = letter.is_ascii_lowercase() || letter.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What is kept of a value.
pub(super) fn kept(mut value: Value) -> Value {
    redact(&mut value);
    let bytes = value.to_string().len();
    if bytes > MAX_VALUE { json!({"left_out": "too large", "bytes": bytes}) } else { value }
}

/// What is kept of a value that somebody else wrote down, where that is not what stands there.
pub(super) fn amended(text: &str) -> Option<Value> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        // Deeper, or with a number larger, than JSON is read here.
        return Some(json!({"left_out": "cannot be read", "bytes": text.len()}));
    };
    if text.len() > MAX_VALUE {
        return Some(json!({"left_out": "too large", "bytes": text.len()}));
    }
    let kept = kept(value.clone());
    (kept != value).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRETS: &[&str] = &[
        "password",
        "adminPassword",
        "PASSWORD_HASH",
        "client_secret",
        "token",
        "refresh_token",
        "accessToken",
        "key",
        "api_key",
        "apiKey",
        "API-KEY",
        "private_key",
        "credentials",
        "verifier",
        "key_hash",
        "hash",
        "Authorization",
        "set-cookie",
        "stripe.secret.live",
        "jwt",
    ];
    const PLAIN: &[&str] = &[
        "name",
        "slug",
        "key_id",
        "max_tokens",
        "tokens_used",
        "monkey",
        "hashtag",
        "tokenizer",
        "id",
        "spin",
    ];

    #[test]
    fn keys_that_name_a_secret_are_known() {
        for key in SECRETS {
            assert!(names_a_secret(key), "{key}");
        }
        for key in PLAIN {
            assert!(!names_a_secret(key), "{key}");
        }
    }

    #[test]
    fn an_address_is_kept_without_the_mailbox() {
        let mut value = json!({"admin_email": "ada@acme.example", "email": "nobody", "owner": {"userEmail": "a@b@c.example"}, "emails": 3, "e_mail": null});
        redact(&mut value);
        let masked = json!({"admin_email": "[redacted]@acme.example", "email": "[redacted]", "owner": {"userEmail": "[redacted]@c.example"},
            "emails": 3, "e_mail": null});
        assert_eq!(value, masked);
        redact(&mut value);
        assert_eq!(value, masked, "what is masked stays as it is");
    }

    #[test]
    fn a_huge_value_is_left_out() {
        let huge = json!({"text": "x".repeat(MAX_VALUE)});
        assert_eq!(kept(huge.clone()), json!({"left_out": "too large", "bytes": huge.to_string().len()}));
        assert_eq!(amended(&huge.to_string()), Some(kept(huge)));
        let fits = json!({"text": "x".repeat(MAX_VALUE - 20)});
        assert_eq!(kept(fits.clone()), fits);
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(amended(&deep), Some(json!({"left_out": "cannot be read", "bytes": 1000})));
        assert_eq!(amended(r#"{"a": 1.10, "key": null}"#), None);
        assert_eq!(amended(r#"{"key": "x"}"#), Some(json!({"key": "[redacted]"})));
    }

    /// Values with a mark below every key that names a secret, and none elsewhere.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
            "[a-z ]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            let secret = (prop::sample::select(SECRETS), inner.clone())
                .prop_map(|(key, inside)| (key.to_owned(), json!(["s3cr3t-mark", inside])));
            let plain = (prop::sample::select(PLAIN), inner.clone())
                .prop_map(|(key, inside)| (key.to_owned(), inside));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                prop::collection::vec(prop_oneof![secret, plain], 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// The same without what stands below a key that names a secret.
    fn without_secrets(value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .filter(|(key, _)| !SECRETS.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), without_secrets(value)))
                .collect(),
            Value::Array(items) => items.iter().map(without_secrets).collect(),
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn no_secret_survives(value in value()) {
            let mut done = value.clone();
            redact(&mut done);
            prop_assert!(!done.to_string().contains("s3cr3t-mark"), "{}", done);
            let once = done.clone();
            redact(&mut done);
            prop_assert_eq!(done, once);
        }

        #[test]
        fn what_is_no_secret_stays(value in value()) {
            let mut done = value.clone();
            redact(&mut done);
            prop_assert_eq!(without_secrets(&done), without_secrets(&value));
        }
    }
}
