//! Typed ids: a UUID that knows what it names, written as a TypeID (`ten_01h455vb4pex5vsknk084sn02q`).
//!
//! Owns: nothing. Calls: nothing. Called by: every crate.
//! Invariants: text and UUID map one to one (`text_round_trips`); a wrong prefix never parses (`prefixes_do_not_mix`).
//! After a crash: nothing is left.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Why a text is not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form `{prefix}_` followed by 26 characters")]
pub struct IdError {
    /// The prefix that was expected, without the underscore.
    pub prefix: &'static str,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn encode(uuid: Uuid) -> String {
    let value = uuid.as_u128();
    (0..26).rev().map(|place| char::from(ALPHABET[(value >> (place * 5) & 31) as usize])).collect()
}

fn decode(text: &str) -> Option<Uuid> {
    // 26 characters of 5 bits hold 130 bits: the first may not exceed 7.
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes()
        .try_fold(0_u128, |value, byte| {
            let digit = ALPHABET.iter().position(|&known| known == byte)?;
            Some(value << 5 | digit as u128)
        })
        .map(Uuid::from_u128)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The prefix of the text form, without the underscore.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

id!(
    /// A tenant.
    TenantId, "ten");
id!(
    /// A workspace of a tenant.
    WorkspaceId, "wsp");
id!(
    /// A provisioning or migration run.
    RunId, "run");
id!(
    /// An API key (its row, not its secret).
    ApiKeyId, "key");
id!(
    /// A user.
    UserId, "usr");
id!(
    /// An invitation.
    InvitationId, "inv");
id!(
    /// A session: one sign-in.
    SessionId, "ses");
id!(
    /// An operator's access grant to a tenant.
    AccessGrantId, "grt");
id!(
    /// A proof of isolation.
    IsolationReportId, "iso");
id!(
    /// An agent.
    AgentId, "agt");
id!(
    /// A task.
    TaskId, "task");
id!(
    /// An audit or outbox event.
    EventId, "evt");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trips(bits: u128) {
            let id = TenantId(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<TenantId>(), Ok(id));
        }

        #[test]
        fn any_text_parses_to_itself_or_not_at_all(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<TenantId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn order_of_text_is_order_of_ids(a: u128, b: u128) {
            let (a, b) = (RunId(Uuid::from_u128(a)), RunId(Uuid::from_u128(b)));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn prefixes_do_not_mix() {
        let id = TenantId(Uuid::from_u128(7)).to_string();
        assert_eq!(id, "ten_00000000000000000000000007");
        assert_eq!(id.parse::<WorkspaceId>(), Err(IdError { prefix: "wsp" }));
        for wrong in [
            "",
            "ten_",
            "ten_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "TEN_00000000000000000000000007",
            "ten_0000000000000000000000000u",
        ] {
            assert!(wrong.parse::<TenantId>().is_err(), "{wrong}");
        }
    }
}
