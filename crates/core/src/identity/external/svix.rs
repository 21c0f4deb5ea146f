//! The signature of a webhook, as Svix makes it for Clerk and others.
//!
//! Owns: nothing. Calls: nothing. Called by: webhooks.
//! Invariants: the signature is over the body byte for byte, compared in constant time (`only_the_exact_delivery_is_right`); one that is older or newer than
//! five minutes is refused (`an_old_delivery_is_refused`). After a crash: nothing is left.

use super::WebhookSecret;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac;

/// How far a delivery's time may be from ours.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Most bytes of a delivery's id.
const LONGEST_ID: usize = 200;

/// Signatures that are looked at: while a secret is being changed there are two.
const MOST_SIGNATURES: usize = 10;

/// A webhook's request, as it came.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `svix-id`
    pub id: String,
    /// `svix-timestamp`, seconds since 1970.
    pub timestamp: String,
    /// `svix-signature`
    pub signature: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Delivery {
    /// When it was sent, if it is of now.
    pub(super) fn sent_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let digits = !self.timestamp.is_empty() && self.timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = digits.then(|| self.timestamp.parse().ok()).flatten()?;
        let at = DateTime::from_timestamp(seconds, 0)?;
        ((now - at).abs() <= TOLERANCE).then_some(at)
    }

    /// Whether it was signed with that secret. Its time is judged apart.
    pub(super) fn is_signed_with(&self, secret: &WebhookSecret) -> bool {
        let plain =
            (1..=LONGEST_ID).contains(&self.id.len()) && self.id.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain {
            return false;
        }
        let signed = [self.id.as_bytes(), b".", self.timestamp.as_bytes(), b".", &self.body].concat();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        let signatures = self.signature.split(' ').take(MOST_SIGNATURES);
        signatures
            .filter_map(|text| STANDARD.decode(text.strip_prefix("v1,")?).ok())
            .any(|signature| hmac::verify(&key, &signed, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Svix's own documentation.
    fn example() -> (WebhookSecret, Delivery) {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let delivery = Delivery {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            timestamp: "1614265330".to_owned(),
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned(),
            body: br#"{"test": 2432232314}"#.to_vec(),
        };
        (WebhookSecret::new(secret), delivery)
    }

    #[test]
    fn only_the_exact_delivery_is_right() {
        let (secret, delivery) = example();
        assert!(delivery.is_signed_with(&secret));
        let two = format!("v1,AAAA v2,{0} {0}", delivery.signature);
        assert!(Delivery { signature: two, ..delivery.clone() }.is_signed_with(&secret));
        let bare = delivery.signature.trim_start_matches("v1,").to_owned();
        for wrong in [
            Delivery { id: "msg_other".to_owned(), ..delivery.clone() },
            Delivery { timestamp: "1614265331".to_owned(), ..delivery.clone() },
            Delivery { body: br#"{"test":2432232314}"#.to_vec(), ..delivery.clone() },
            Delivery { signature: format!("v2,{bare}"), ..delivery.clone() },
            Delivery { signature: bare, ..delivery.clone() },
            Delivery { signature: String::new(), ..delivery.clone() },
            Delivery { signature: "v1,".to_owned(), ..delivery.clone() },
            Delivery { id: "x".repeat(201), ..delivery.clone() },
            Delivery { id: String::new(), ..delivery.clone() },
        ] {
            assert!(!wrong.is_signed_with(&secret), "{wrong:?}");
        }
        assert!(!delivery.is_signed_with(&WebhookSecret::new(b"another".to_vec())));
    }

    #[test]
    fn an_old_delivery_is_refused() {
        let (_, delivery) = example();
        let at =
            |seconds: i64| delivery.sent_at(DateTime::from_timestamp(1_614_265_330 + seconds, 0).unwrap());
        assert!(at(0).is_some() && at(300).is_some() && at(-300).is_some());
        assert!(at(301).is_none() && at(-301).is_none());
        let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        for timestamp in ["", "+1614265330", "1614265330.0", "now", "99999999999999999999"] {
            let odd = Delivery { timestamp: timestamp.to_owned(), ..delivery.clone() };
            assert!(odd.sent_at(now).is_none(), "{timestamp}");
        }
    }
}
