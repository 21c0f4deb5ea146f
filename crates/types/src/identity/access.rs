//! Operators, and how one gets into a tenant in an emergency.
//!
//! Owns: nothing. Calls: nothing. Called by: core's identity, server, cli. After a crash: nothing is left.

use super::Proof;
use crate::{AccessGrantId, OperatorRole, Role, Slug, UserId, WorkspaceId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A user of the platform itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operator {
    /// `usr_…`
    pub user_id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: OperatorRole,
    /// Since when sign-in is refused after five failures in a row.
    pub locked_at: Option<DateTime<Utc>>,
    /// Grows with every change; the `ETag`.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Makes somebody an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOperator {
    /// The address they sign in with. A user who has it becomes an operator and keeps their password.
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    /// Their name; 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// auditor, support or admin.
    #[schema(max_length = 20)]
    pub role: String,
    /// Their first password, for a new user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Proof>,
}

/// Changes an operator. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateOperator {
    /// auditor, support or admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub role: Option<String>,
    /// `false` lets a locked one sign in again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
}

/// Asks for a way into a tenant's workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccessGrant {
    /// Why; the tenant's owner reads it. 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// Slug of the workspace; the default one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub workspace: Option<String>,
    /// viewer, member or admin; viewer when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub role: Option<String>,
    /// Minutes, 5 to 240; 60 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 5, maximum = 240)]
    pub minutes: Option<u16>,
}

/// An operator in a tenant's workspace, for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessGrant {
    /// `grt_…`
    pub id: AccessGrantId,
    /// Who.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// The tenant.
    pub tenant: Slug,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// When it was ended before that.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A grant with its token, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewAccessGrant {
    /// The grant.
    #[serde(flatten)]
    pub grant: AccessGrant,
    /// `Authorization: Bearer …`
    pub token: Proof,
}
