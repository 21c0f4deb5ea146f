//! Secrets at rest: sealed before they reach a table, each under a data key of its own, that key under the key-encryption key.
//!
//! Owns: nothing (what is sealed lies in its owner's table). Calls: pg. Called by: identity's tokens, mail, ops, the worker.
//! Invariants: a sealed secret opens for its purpose, tenant and record alone (`a_secret_opens_where_it_belongs_and_nowhere_else`); one that
//! was changed anywhere does not open (`a_changed_byte_opens_nothing`); a previous key opens what it sealed, and a re-wrapped record needs
//! it no more (`a_previous_key_opens_until_the_record_is_wrapped_anew`); an error tells no secret (`an_error_names_the_record_and_no_more`).
//! After a crash: nothing is left; a record is sealed under one key or the other.

mod envelope;
mod key;

pub use key::{DataKey, KeyEncryption, KeyId, LocalKey};

use crate::{Error, Result, ctx};
use envelope::{Context, Envelope};
use std::{fmt, sync::Arc};
use tenantry_pg::roles::{Installation, MasterKey};
use tenantry_types::TenantId;

/// Purpose of `signing_keys.private_key`. No tenant; the record is the key's `id`.
pub const SIGNING_KEY: &str = "signing_keys.private_key";

/// Purpose of `mails.body`. No tenant; the record is the mail's `id`, in the usual text of a UUID.
pub const MAIL_BODY: &str = "mails.body";

/// Seals and opens secrets. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    current: Arc<dyn KeyEncryption>,
    previous: Arc<[Arc<dyn KeyEncryption>]>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("current", &self.current.id()).finish_non_exhaustive()
    }
}

impl Vault {
    /// With keys derived from the master key; what the previous one sealed still opens.
    pub fn new(master: &MasterKey, previous: Option<&MasterKey>) -> Self {
        let local = |key: &MasterKey| Arc::new(LocalKey::derive(key)) as Arc<dyn KeyEncryption>;
        Self::with(local(master), previous.map(local).into_iter().collect())
    }

    /// With the keys of an installation.
    pub fn of(installation: &Installation) -> Self {
        let (current, previous) = installation.master_keys();
        Self::new(current, previous)
    }

    /// With keys that are held elsewhere: seals under `current`, opens what is under any.
    pub fn with(current: Arc<dyn KeyEncryption>, previous: Vec<Arc<dyn KeyEncryption>>) -> Self {
        Self { current, previous: previous.into() }
    }

    /// The key that secrets are sealed under now.
    pub fn key(&self) -> KeyId {
        self.current.id()
    }

    /// Seals `plain` for `purpose`, `tenant` and `record`: it opens for these alone.
    ///
    /// # Errors
    /// [`Error::Fault`] when there is no randomness, or the key-encryption key does not answer.
    pub fn seal(
        &self,
        purpose: &'static str,
        tenant: Option<TenantId>,
        record: &str,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        let context = Context::of(purpose, tenant, record);
        let key = DataKey::new(ctx::random()?);
        let sealed = || {
            let wrapped = self.current.wrap(&key, context.wrapping())?;
            Envelope::seal(self.current.id(), wrapped, &key, &context, plain)
        };
        Ok(sealed().map_err(|Closed| refused("sealed", purpose, record, self.current.id()))?.to_bytes())
    }

    /// What was sealed for `purpose`, `tenant` and `record`.
    ///
    /// # Errors
    /// [`Error::Fault`] that names the purpose, the record and the key, and says no more: it was sealed for something else, has been
    /// changed, or is under a key that is not configured.
    pub fn open(
        &self,
        purpose: &'static str,
        tenant: Option<TenantId>,
        record: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>> {
        let context = Context::of(purpose, tenant, record);
        let open = || {
            let envelope = Envelope::parse(sealed)?;
            envelope.open(&self.data_key(&envelope, &context)?, &context)
        };
        open().map_err(|Closed| refused("opened", purpose, record, Envelope::key_of(sealed)))
    }

    /// The same secret under the current key; `None` where it is already. The secret itself is not sealed again, but is opened, so that
    /// what cannot be read is not passed off as new.
    ///
    /// # Errors
    /// As [`Self::open`] and [`Self::seal`].
    pub fn rewrap(
        &self,
        purpose: &'static str,
        tenant: Option<TenantId>,
        record: &str,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        let context = Context::of(purpose, tenant, record);
        let rewrap = || {
            let mut envelope = Envelope::parse(sealed)?;
            let key = self.data_key(&envelope, &context)?;
            envelope.open(&key, &context)?;
            if envelope.key == self.current.id() {
                return Ok(None);
            }
            envelope.wrapped = self.current.wrap(&key, context.wrapping())?;
            envelope.key = self.current.id();
            Ok(Some(envelope.to_bytes()))
        };
        rewrap().map_err(|Closed| refused("opened", purpose, record, Envelope::key_of(sealed)))
    }

    fn data_key(&self, envelope: &Envelope, context: &Context) -> std::result::Result<DataKey, Closed> {
        let keys = std::iter::once(&self.current).chain(self.previous.iter());
        // Ids are eight bytes of a digest: two that are alike are not likely, and then one of them opens.
        keys.filter(|key| key.id() == envelope.key)
            .find_map(|key| key.unwrap(&envelope.wrapped, context.wrapping()).ok())
            .ok_or(Closed)
    }
}

/// It did not open, or did not close. Why would help only whoever tries doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

fn refused(done: &str, purpose: &str, record: &str, key: impl fmt::Display) -> Error {
    Error::Fault(format!("cannot be {done}: {purpose} {record}, key {key}"))
}

#[cfg(test)]
mod tests;
