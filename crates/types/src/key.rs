//! API keys on the wire.
//!
//! Owns: nothing. Calls: nothing. Called by: identity, server, cli. After a crash: nothing is left.

use crate::{AccessGrantId, ApiKeyId, OperatorRole, Role, Slug, TenantId, Tier, UserId, WorkspaceId};
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
    /// When it stops to work, within ten years; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// What it is confined to, beside its role: `agents:read`, …; all that the role may when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub scopes: Vec<String>,
}

/// Asks for an API key of the caller's own workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOwnApiKey {
    /// For people; 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// viewer, member or admin, at most the caller's own; member when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub role: Option<String>,
    /// When it stops to work, within ten years; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, max_length = 40)]
    pub expires_at: Option<DateTime<Utc>>,
    /// What it is confined to, beside its role: `agents:read`, …; all that the role may when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub scopes: Vec<String>,
}

/// Asks for another key in place of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RerollApiKey {
    /// Minutes for which the old one still works, 0 to 1440; 0 when absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    pub overlap_minutes: u16,
}

/// An API key as it is listed: all but its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// `key_…`
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// The part of the key's text that may be shown: it tells which key was found somewhere.
    pub public_id: String,
    /// The workspace it is confined to.
    pub workspace_id: WorkspaceId,
    /// What it may do there.
    pub role: Role,
    /// What it is confined to, beside its role; empty: all that the role may.
    pub scopes: Vec<String>,
    /// The member who made it; `null`: an operator did, or it came with the tenant.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops to work.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to some minutes.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was taken out of use.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The key that took its place.
    pub replaced_by: Option<ApiKeyId>,
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
    /// What it is confined to, beside its role; empty: all that the role may.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When it stops to work.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A workspace that a person is a member of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Membership {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Its slug.
    pub tenant: Slug,
    /// Its name.
    pub tenant_name: String,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Its slug.
    pub workspace: String,
    /// The role there.
    pub role: Role,
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Me {
    /// A user of the platform itself.
    Operator {
        /// `usr_…`; absent for whoever holds the operator's token of the configuration.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<UserId>,
        /// Their address; absent likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// What they may do; absent likewise: everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<OperatorRole>,
    },
    /// A person who signed in, in no workspace.
    User {
        /// `usr_…`
        id: UserId,
        /// Their address.
        email: String,
        /// Their name.
        name: String,
        /// Whether they have proven to have the mailbox.
        email_verified: bool,
        /// Where they may go with `POST /v1/auth/switch-workspace`; the first hundred.
        memberships: Vec<Membership>,
    },
    /// A person in a workspace.
    Member {
        /// `usr_…`
        id: UserId,
        /// Their address.
        email: String,
        /// Their name.
        name: String,
        /// Whether they have proven to have the mailbox.
        email_verified: bool,
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
        /// Where they may go with `POST /v1/auth/switch-workspace`; the first hundred.
        memberships: Vec<Membership>,
    },
    /// An operator in a tenant's workspace, by a grant that ends.
    Granted {
        /// `grt_…`
        id: AccessGrantId,
        /// Who, as in audit events.
        operator: String,
        /// The tenant.
        tenant_id: TenantId,
        /// Its slug.
        tenant: Slug,
        /// The workspace.
        workspace_id: WorkspaceId,
        /// The role there.
        role: Role,
    },
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
