//! An event, its place in a chain, and the hash that binds one to the other.
//!
//! Owns: the encoding that `docs/guides/audit.md` tells outsiders. Calls: nothing. Called by: seal, verify, export, store.
//! Invariants: two different rows never have one encoding (`no_two_rows_have_one_encoding`); the encoding never changes, since exports that are
//! kept elsewhere are verified by it (`the_encoding_is_what_the_guide_says`). After a crash: nothing is left.

use sha2::{Digest, Sha256};
use tenantry_pg::roles::hex;
use uuid::Uuid;

/// Names the encoding; another one would have another name.
const ENCODING: &str = "tenantry-audit-1";

/// The hash before the first event of a chain.
pub(super) const BEGINNING: [u8; 32] = [0; 32];

/// The chain of a tenant's events, or of those that concern the platform alone.
pub(super) fn chain_of(tenant: Option<Uuid>) -> Uuid {
    tenant.unwrap_or(Uuid::nil())
}

/// What an event says, as texts: times, addresses and JSON as PostgreSQL prints them, so that reading a row changes nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) arrived: i64,
    pub(super) id: Uuid,
    pub(super) occurred_at: String,
    pub(super) tenant_id: Option<Uuid>,
    pub(super) workspace_id: Option<Uuid>,
    pub(super) actor_kind: String,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) target_kind: Option<String>,
    pub(super) target: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) address: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) position: i64,
    pub(super) chain: Uuid,
    pub(super) seq: i64,
    pub(super) sealed_at: String,
}

/// A sealed event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) event: Event,
    pub(super) place: Place,
    pub(super) prev_hash: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

/// The columns that are hashed, by name and in order, after the name of the encoding.
pub(super) fn fields(event: &Event, place: &Place, prev_hash: &[u8]) -> [(&'static str, Option<String>); 19] {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string());
    [
        ("prev_hash", Some(hex(prev_hash))),
        ("position", Some(place.position.to_string())),
        ("chain", Some(place.chain.to_string())),
        ("seq", Some(place.seq.to_string())),
        ("sealed_at", Some(place.sealed_at.clone())),
        ("arrived", Some(event.arrived.to_string())),
        ("id", id(Some(event.id))),
        ("occurred_at", Some(event.occurred_at.clone())),
        ("tenant_id", id(event.tenant_id)),
        ("workspace_id", id(event.workspace_id)),
        ("actor_kind", Some(event.actor_kind.clone())),
        ("actor", Some(event.actor.clone())),
        ("action", Some(event.action.clone())),
        ("target_kind", event.target_kind.clone()),
        ("target", event.target.clone()),
        ("request_id", event.request_id.clone()),
        ("address", event.address.clone()),
        ("before", event.before.clone()),
        ("after", event.after.clone()),
    ]
}

/// The hash of an event at its place.
pub(super) fn digest(event: &Event, place: &Place, prev_hash: &[u8]) -> [u8; 32] {
    Sha256::digest(encode(event, place, prev_hash)).into()
}

/// Each field as its length in bytes, a colon, its bytes and a comma; `-,` for NULL.
fn encode(event: &Event, place: &Place, prev_hash: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(512);
    let mut put = |text: Option<&str>| match text {
        Some(text) => {
            encoded.extend_from_slice(format!("{}:", text.len()).as_bytes());
            encoded.extend_from_slice(text.as_bytes());
            encoded.push(b',');
        }
        None => encoded.extend_from_slice(b"-,"),
    };
    put(Some(ENCODING));
    for (_, text) in &fields(event, place, prev_hash) {
        put(text.as_deref());
    }
    encoded
}

impl Sealed {
    /// Whether its hash is the one of what it says.
    pub(super) fn is_whole(&self) -> bool {
        self.hash == digest(&self.event, &self.place, &self.prev_hash)
    }

    /// Whether it was sealed under this other number.
    pub(super) fn was_sealed_as(&self, seq: i64) -> bool {
        let place = Place { seq, ..self.place.clone() };
        self.hash == digest(&self.event, &place, &self.prev_hash)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An event with nothing special about it.
    pub(in crate::audit) fn event(id: u128) -> Event {
        Event {
            arrived: 7,
            id: Uuid::from_u128(id),
            occurred_at: "2026-03-04T12:00:00.000000Z".to_owned(),
            tenant_id: Some(Uuid::from_u128(2)),
            workspace_id: None,
            actor_kind: "operator".to_owned(),
            actor: "operator".to_owned(),
            action: "tenant.create".to_owned(),
            target_kind: Some("tenant".to_owned()),
            target: Some("é".to_owned()),
            request_id: None,
            address: Some("192.0.2.7/32".to_owned()),
            before: None,
            after: Some("{\"a\": 1}".to_owned()),
        }
    }

    pub(in crate::audit) fn place(seq: i64) -> Place {
        Place {
            position: seq + 100,
            chain: Uuid::from_u128(2),
            seq,
            sealed_at: "2026-03-04T12:00:01.000000Z".to_owned(),
        }
    }

    #[test]
    fn the_encoding_is_what_the_guide_says() {
        let encoded = String::from_utf8(encode(&event(1), &place(1), &BEGINNING)).unwrap();
        insta::assert_snapshot!(encoded, @r#"16:tenantry-audit-1,64:0000000000000000000000000000000000000000000000000000000000000000,3:101,36:00000000-0000-0000-0000-000000000002,1:1,27:2026-03-04T12:00:01.000000Z,1:7,36:00000000-0000-0000-0000-000000000001,27:2026-03-04T12:00:00.000000Z,36:00000000-0000-0000-0000-000000000002,-,8:operator,8:operator,13:tenant.create,6:tenant,2:é,-,12:192.0.2.7/32,-,8:{"a": 1},"#);
    }

    proptest! {
        #[test]
        fn no_two_rows_have_one_encoding(
            one in prop::collection::vec(prop::option::of("[a:,0-9-]{0,4}"), 4),
            other in prop::collection::vec(prop::option::of("[a:,0-9-]{0,4}"), 4),
        ) {
            let made = |texts: &[Option<String>]| {
                let [target_kind, target, before, after] = texts else { panic!("four") };
                let (target_kind, target) = (target_kind.clone(), target.clone());
                Event { target_kind, target, before: before.clone(), after: after.clone(), ..event(1) }
            };
            let encoded = |texts: &[Option<String>]| encode(&made(texts), &place(1), &BEGINNING);
            prop_assert_eq!(encoded(&one) == encoded(&other), one == other);
        }
    }
}
