//! What whoever asks for a tenant gets in hand, once: its first API key and the owner's invitation.
//!
//! Owns: nothing. Calls: identity's keys, idempotency's seeds. Called by: provisioning.
//! Invariants: the secrets are in the answer alone; the run remembers their hashes, and the seed step makes the rows
//! (`the_first_key_is_shown_once_and_works`). After a crash: the tenant is made with the same hashes, or not at all.

use super::{Provisioning, Runs, model::First};
use crate::{Result, ctx, idempotency::Once, identity::KeyText};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use std::fmt;
use tenantry_pg::roles::hex;
use tenantry_types::{ApiKeyId, WorkspaceId};

/// Days for which the owner's invitation is good.
const INVITATION_DAYS: i64 = 7;

/// The first API key of a tenant, and the link by which its owner becomes a member.
#[derive(Clone)]
pub(super) struct FirstAccess {
    seed: [u8; 32],
    key: KeyText,
    token: String,
    remembered: First,
    public_url: String,
}

impl fmt::Debug for FirstAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FirstAccess({:?}, …)", self.key)
    }
}

impl FirstAccess {
    /// What the seed is for, in its derivation.
    pub(super) const PURPOSE: &str = "first access";

    /// For a new tenant. With an idempotency key its secrets follow from that key, and can be told again to the same request.
    pub(super) fn new(provisioning: &Provisioning, once: Option<&Once>) -> Result<Self> {
        let ctx = &provisioning.runs.ctx;
        let invitation = ctx.uuid();
        let seed = match once {
            Some(once) => once.seed(Self::PURPOSE, invitation),
            None => ctx::random::<32>()?,
        };
        let named = First {
            workspace: WorkspaceId(ctx.uuid()),
            key: ApiKeyId(ctx.uuid()),
            key_public_id: String::new(),
            key_hash: String::new(),
            invitation,
            invitation_hash: String::new(),
            invitation_expires_at: ctx.now() + TimeDelta::days(INVITATION_DAYS),
        };
        Self::again(&provisioning.runs, seed, &named)
    }

    /// The same again, by its seed.
    pub(super) fn again(runs: &Runs, seed: [u8; 32], named: &First) -> Result<Self> {
        let part = |label: &str| -> [u8; 32] {
            Sha256::new().chain_update(label).chain_update(seed).finalize().into()
        };
        let key = KeyText::from_seed(runs.environment, part("first access key v1:"))?;
        let token = hex(&part("first access invitation v1:"));
        let remembered = First {
            key_public_id: key.public_id().to_owned(),
            key_hash: hex(&key.hash()),
            invitation_hash: hex(&Sha256::digest(token.as_bytes())),
            ..named.clone()
        };
        Ok(Self { seed, key, token, remembered, public_url: runs.public_url.clone() })
    }

    /// What the run remembers of it: hashes, and no secret.
    pub(super) fn remembered(&self) -> First {
        self.remembered.clone()
    }

    /// What it is derived from.
    pub(super) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Until when the owner's link is good.
    pub(super) fn expires_at(&self) -> DateTime<Utc> {
        self.remembered.invitation_expires_at
    }

    /// The key itself.
    pub(super) fn api_key(&self) -> String {
        self.key.expose()
    }

    /// The owner's link. Its token stands behind `#`, which browsers send to nobody.
    pub(super) fn invitation_url(&self) -> String {
        format!("{}/accept-invitation#token={}", self.public_url.trim_end_matches('/'), self.token)
    }
}
