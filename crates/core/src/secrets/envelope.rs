//! A sealed secret's bytes: which key, the wrapped data key, the secret under it.
//!
//! Owns: nothing. Calls: key. Called by: the vault.
//! Invariants: two contexts never read alike (`contexts_do_not_run_into_each_other`); bytes of any shape are refused, never a panic
//! (`any_bytes_are_refused_quietly`). After a crash: nothing is left.

use super::{
    Closed, KeyId,
    key::{self, DataKey},
};
use tenantry_types::TenantId;

/// The first byte: what the rest looks like.
const FORMAT: u8 = 1;

/// `FORMAT`, the key's id, the length of the wrapped key.
const HEAD: usize = 1 + 8 + 2;

/// What a secret belongs to: bound to it and not told in it.
pub(super) struct Context {
    wrapping: Vec<u8>,
    sealing: Vec<u8>,
}

impl Context {
    pub(super) fn of(purpose: &str, tenant: Option<TenantId>, record: &str) -> Self {
        let tenant = tenant.map(|tenant| tenant.0.into_bytes());
        let parts = [purpose.as_bytes(), tenant.as_ref().map_or(&[], |bytes| bytes), record.as_bytes()];
        let mut bytes = Vec::new();
        for part in parts {
            // With its length before it: two lists of parts that read alike when joined are still two.
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        // A wrapped key can never pass for a secret, nor the other way round.
        let labelled = |label: &[u8]| [label, &[FORMAT], &bytes].concat();
        Self { wrapping: labelled(b"tenantry data key"), sealing: labelled(b"tenantry secret") }
    }

    /// For the data key.
    pub(super) fn wrapping(&self) -> &[u8] {
        &self.wrapping
    }
}

/// The parts of a sealed secret.
pub(super) struct Envelope {
    pub(super) key: KeyId,
    pub(super) wrapped: Vec<u8>,
    /// Nonce, text, tag.
    body: Vec<u8>,
}

impl Envelope {
    pub(super) fn seal(
        key: KeyId,
        wrapped: Vec<u8>,
        data_key: &DataKey,
        context: &Context,
        plain: &[u8],
    ) -> Result<Self, Closed> {
        // The length is told in two bytes.
        if u16::try_from(wrapped.len()).is_err() {
            return Err(Closed);
        }
        let body = key::lock(&key::cipher(data_key.expose()), &context.sealing, plain)?;
        Ok(Self { key, wrapped, body })
    }

    pub(super) fn open(&self, data_key: &DataKey, context: &Context) -> Result<Vec<u8>, Closed> {
        key::unlock(&key::cipher(data_key.expose()), &context.sealing, &self.body)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Closed> {
        let (head, rest) = bytes.split_at_checked(HEAD).ok_or(Closed)?;
        let [FORMAT, id @ .., high, low] = head else { return Err(Closed) };
        let key = KeyId(id.try_into().map_err(|_| Closed)?);
        let length = u16::from_be_bytes([*high, *low]);
        let (wrapped, body) = rest.split_at_checked(usize::from(length)).ok_or(Closed)?;
        Ok(Self { key, wrapped: wrapped.to_vec(), body: body.to_vec() })
    }

    /// The key that the bytes name, in hex; `unknown` where they name none.
    pub(super) fn key_of(bytes: &[u8]) -> String {
        Self::parse(bytes).map_or_else(|Closed| "unknown".to_owned(), |envelope| envelope.key.to_string())
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Checked when it was made; a re-wrapped key comes from the same kind of wrap.
        let length = u16::try_from(self.wrapped.len()).unwrap_or(u16::MAX);
        [&[FORMAT], &self.key.0[..], &length.to_be_bytes(), &self.wrapped, &self.body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_do_not_run_into_each_other() {
        let tenant = Some(TenantId(uuid::Uuid::from_u128(1)));
        let all = [
            Context::of("ab", None, "c"),
            Context::of("a", None, "bc"),
            Context::of("ab", tenant, "c"),
            Context::of("abc", None, ""),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_ne!(one.wrapping, one.sealing);
            assert!(all[at + 1..].iter().all(|other| other.sealing != one.sealing), "{at}");
        }
    }
}
