//! Members of workspaces, and who is invited.
//!
//! Owns: nothing. Calls: nothing. Called by: core's identity, server, cli. After a crash: nothing is left.

use super::Proof;
use crate::{InvitationId, Role, Slug, TenantId, UserId, WorkspaceId, tier::words};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A user in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// `usr_…`
    pub user_id: UserId,
    /// The user's address.
    pub email: String,
    /// The user's name.
    pub name: String,
    /// What they may do in the workspace.
    pub role: Role,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The external issuer that manages the membership; `null`: managed here.
    pub managed_by: Option<String>,
    /// Grows with every change; the `ETag`.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last change of the role.
    pub updated_at: DateTime<Utc>,
}

/// Where somebody has become a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewMembership {
    /// `usr_…`
    pub user_id: UserId,
    /// `ten_…`
    pub tenant_id: TenantId,
    /// The tenant's slug.
    pub tenant: Slug,
    /// For people.
    pub tenant_name: String,
    /// `wsp_…`
    pub workspace_id: WorkspaceId,
    /// The workspace's slug.
    pub workspace: String,
    /// What they may do there.
    pub role: Role,
}

/// What whoever is not signed in is told of a wish to join: the same whether or not an invitation is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JoinAsked {
    /// A sentence for people.
    pub detail: String,
}

/// Changes what a member may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    /// viewer, member, admin or owner; at most the caller's own.
    #[schema(max_length = 20)]
    pub role: String,
}

/// Invites somebody into the caller's workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// Whom.
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    /// As what; at most the caller's own role. member when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub role: Option<String>,
    /// Hours until it ends, 1 to 720; 168 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 720)]
    pub expires_in_hours: Option<u16>,
}

words! {
    /// Where an invitation is in its life.
    InvitationStatus {
        /// May be accepted.
        Open = "open",
        /// Was accepted.
        Accepted = "accepted",
        /// Was taken back.
        Revoked = "revoked",
        /// Its time is over.
        Expired = "expired",
    } "open, accepted, revoked, expired"
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// `inv_…`
    pub id: InvitationId,
    /// Whom.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Into which workspace.
    pub workspace_id: WorkspaceId,
    /// Where it is in its life.
    pub status: InvitationStatus,
    /// True where the link went by mail; else whoever invited passes it on.
    pub mailed: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it may be accepted.
    pub expires_at: DateTime<Utc>,
    /// The link, shown this once and only where it was not mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Proof>,
}

/// Makes a workspace in the caller's tenant; the caller owns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// Unique in the tenant: 1 to 63 of `a-z`, `0-9` and inner single hyphens.
    #[schema(min_length = 1, max_length = 63)]
    pub slug: String,
    /// For people; 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
}

/// Changes a workspace. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWorkspace {
    /// For people; 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// `true` makes it the default one; the one before is it no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// `true` archives it: its members and keys are refused, its rows stay. `false` brings it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}
