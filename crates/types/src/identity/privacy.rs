//! What is known of a user, for the user.
//!
//! Owns: nothing. Calls: nothing. Called by: core's identity, server, cli. After a crash: nothing is left.

use super::SessionKind;
use crate::{
    AccessGrantId, ApiKeyId, InvitationId, OperatorRole, Role, SessionId, Slug, TenantId, UserId,
    WorkspaceId, audit::AuditEvent, page::Page,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A user, as operators see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserProfile {
    /// `usr_…`
    pub id: UserId,
    /// The user's address.
    pub email: String,
    /// The user's name.
    pub name: String,
    /// When the user proved to have the mailbox.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// When the password was last set; `null`: there is none.
    pub password_set_at: Option<DateTime<Utc>>,
    /// From then on nothing of the user's works.
    pub disabled_at: Option<DateTime<Utc>>,
    /// What they may do as an operator of the platform; `null`: they are none.
    pub operator: Option<OperatorRole>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// A user as another issuer knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldIdentity {
    /// The issuer.
    pub issuer: String,
    /// The user's id there.
    pub subject: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A workspace that the user is a member of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldMembership {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Its slug.
    pub tenant: Slug,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Its slug.
    pub workspace: String,
    /// What the user may do there.
    pub role: Role,
    /// The external issuer that manages the membership; `null`: managed here.
    pub managed_by: Option<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last change of the role.
    pub updated_at: DateTime<Utc>,
}

/// A sign-in that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldSession {
    /// `ses_…`
    pub id: SessionId,
    /// How it is kept.
    pub kind: SessionKind,
    /// When the user signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to some minutes.
    pub seen_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was ended before that.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Where from, at sign-in.
    pub address: Option<String>,
    /// By which program, as it says of itself.
    pub user_agent: Option<String>,
}

/// An API key that the user made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldKey {
    /// `key_…`
    pub id: ApiKeyId,
    /// The tenant.
    pub tenant: Slug,
    /// For people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops to work.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// An invitation to the user's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldInvitation {
    /// `inv_…`
    pub id: InvitationId,
    /// The tenant.
    pub tenant: Slug,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// As what.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it may be accepted.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted.
    pub used_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A way into a tenant that the user had as an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldGrant {
    /// `grt_…`
    pub id: AccessGrantId,
    /// The tenant.
    pub tenant: Slug,
    /// Why.
    pub reason: String,
    /// As what.
    pub role: Role,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// When it was ended before that.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A mail to the user's address. Its text is not kept once it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldMail {
    /// Its subject.
    pub subject: String,
    /// pending, sent or failed.
    pub status: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// All that is known of a user. No secret is part of it: of passwords and tokens only hashes are kept, and they say nothing of the user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserData {
    /// Who.
    pub user: UserProfile,
    /// As other issuers know the user.
    pub identities: Vec<HeldIdentity>,
    /// Where the user is a member.
    pub memberships: Vec<HeldMembership>,
    /// Where the user signed in.
    pub sessions: Vec<HeldSession>,
    /// API keys that the user made.
    pub api_keys: Vec<HeldKey>,
    /// Invitations to the user's address.
    pub invitations: Vec<HeldInvitation>,
    /// Ways into tenants that the user had as an operator.
    pub access_grants: Vec<HeldGrant>,
    /// Mail to the user's address.
    pub mails: Vec<HeldMail>,
    /// What the user did, latest first: a page. `cursor` brings the next.
    pub audit_events: Page<AuditEvent>,
}

/// Confirms what cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseMe {
    /// The user's own address, again.
    #[schema(min_length = 3, max_length = 254)]
    pub confirm: String,
}
