//! Invitations: somebody may become a member, by a link.
//!
//! Owns: `invitations`. Calls: pg. Called by: provisioning, for the owner of a new tenant.
//! Invariants: a link opens once and not for ever; its token is stored nowhere. After a crash: an invitation exists whole or not at all.

pub(crate) mod store;

use chrono::{DateTime, Utc};
use tenantry_types::{Role, TenantId, WorkspaceId};
use uuid::Uuid;

/// An invitation, as it is written.
pub(crate) struct NewInvitation<'a> {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) email: &'a str,
    pub(crate) role: Role,
    /// Hexadecimal SHA-256 of the token in the link.
    pub(crate) token_hash: &'a str,
    pub(crate) expires_at: DateTime<Utc>,
}
