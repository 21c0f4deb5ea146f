//! API keys on the wire.
//!
//! Owns: nothing. Calls: nothing. Called by: identity, server, cli. After a crash: nothing is left.

use crate::{ApiKeyId, Role, Slug, TenantId, Tier, WorkspaceId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod shape;

pub use shape::KeyShape;

/// Asks for an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// For people; 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Slug of the workspace it is confined to; the default one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// viewer, member or admin; member when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// When it stops to work; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A new API key with its secret, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewApiKey {
    /// `key_…`
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// The key itself: `tnt_<env>_<public id>_<secret>_<checksum>`. Only its hash is stored.
    pub key: String,
    /// The tenant it belongs to.
    pub tenant: Slug,
    /// The workspace it is confined to.
    pub workspace_id: WorkspaceId,
    /// What it may do there.
    pub role: Role,
    /// When it stops to work.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Me {
    /// A user of the platform itself.
    Operator,
    /// A key of one workspace.
    ApiKey {
        /// `key_…`
        id: ApiKeyId,
        /// For people.
        name: String,
        /// The tenant.
        tenant_id: TenantId,
        /// Its slug.
        tenant: Slug,
        /// Its plan.
        plan_tier: Tier,
        /// The workspace.
        workspace_id: WorkspaceId,
        /// The role there.
        role: Role,
    },
}
