//! API keys: made by operators and by a tenant's admins, verified on every request.
//!
//! Owns: `api_keys`. Calls: registry, audit, idempotency, pg. Called by: identity's gate, server's key operations, provisioning.
//! Invariants: a key's secret is stored nowhere (`only_the_hash_is_stored`), and one asked
//! for with an idempotency key is derived again (`a_key_is_told_again_and_stored_nowhere`); a malformed key never reaches the database
//! (`malformed_keys_are_refused_offline`); an expired or revoked key is refused; a key is never more than its maker
//! (`a_key_is_no_owner`). After a crash: a key exists whole or not at all.

mod make;
mod own;
pub(crate) mod store;
mod text;
mod uses;

pub use make::create_api_key;
pub use own::Keys;
pub(crate) use text::checksum;
pub use text::{Environment, KeyText};
pub(crate) use uses::Uses;

use crate::authz::KeyActor;
use tenantry_types::{ApiKeyId, TenantId, WorkspaceId};

/// The key that a new tenant begins with, as far as it is remembered.
pub(crate) struct FirstKey<'a> {
    pub(crate) id: ApiKeyId,
    pub(crate) public_id: &'a str,
    /// Hexadecimal SHA-256 of the whole key.
    pub(crate) hash: &'a str,
    pub(crate) tenant: TenantId,
    pub(crate) workspace: WorkspaceId,
}

/// What a verified key is, for `GET /v1/me`.
pub fn describe(key: &KeyActor) -> tenantry_types::key::Me {
    tenantry_types::key::Me::ApiKey {
        id: key.id,
        name: key.name.clone(),
        tenant_id: key.place.tenant.id,
        tenant: key.place.tenant.slug.clone(),
        plan_tier: key.place.tenant.tier,
        workspace_id: key.place.workspace,
        role: key.place.role,
    }
}
