//! What whoever asks for a tenant gets in hand, once: its first API key and the owner's invitation.
//!
//! Owns: nothing. Calls: identity's keys. Called by: provisioning.
//! Invariants: the secrets are in the answer alone; the run remembers their hashes, and the seed step makes the rows
//! (`the_first_key_is_shown_once_and_works`). After a crash: the tenant is made with the same hashes, or not at all.

use super::{Provisioning, model::First};
use crate::{Result, ctx, identity::KeyText};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use std::fmt;
use tenantry_pg::roles::hex;
use tenantry_types::{ApiKeyId, WorkspaceId};
use uuid::Uuid;

/// Days for which the owner's invitation is good.
const INVITATION_DAYS: i64 = 7;

/// The first API key of a tenant, and the link by which its owner becomes a member.
#[derive(Clone)]
pub struct FirstAccess {
    key_id: ApiKeyId,
    key: KeyText,
    workspace: WorkspaceId,
    invitation: Uuid,
    token: String,
    /// Until when the link is good.
    pub expires_at: DateTime<Utc>,
    public_url: String,
}

impl fmt::Debug for FirstAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FirstAccess({:?}, …)", self.key)
    }
}

impl FirstAccess {
    pub(super) fn new(provisioning: &Provisioning) -> Result<Self> {
        let ctx = &provisioning.runs.ctx;
        Ok(Self {
            key_id: ApiKeyId(ctx.uuid()),
            key: KeyText::generate(provisioning.environment)?,
            workspace: WorkspaceId(ctx.uuid()),
            invitation: ctx.uuid(),
            token: hex(&ctx::random::<32>()?),
            expires_at: ctx.now() + TimeDelta::days(INVITATION_DAYS),
            public_url: provisioning.public_url.clone(),
        })
    }

    /// What the run remembers of it.
    pub(super) fn remembered(&self) -> First {
        First {
            workspace: self.workspace,
            key: self.key_id,
            key_public_id: self.key.public_id().to_owned(),
            key_hash: hex(&self.key.hash()),
            invitation: self.invitation,
            invitation_hash: hex(&Sha256::digest(self.token.as_bytes())),
            invitation_expires_at: self.expires_at,
        }
    }

    /// The key itself.
    pub fn api_key(&self) -> String {
        self.key.expose()
    }

    /// The owner's link.
    pub fn invitation_url(&self) -> String {
        format!("{}/accept-invitation#token={}", self.public_url.trim_end_matches('/'), self.token)
    }
}
