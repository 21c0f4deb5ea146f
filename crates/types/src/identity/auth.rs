//! Signing in and staying so.
//!
//! Owns: nothing. Calls: nothing. Called by: core's identity, server, cli. After a crash: nothing is left.

use super::Proof;
use crate::{Role, SessionId, Slug, TenantId, UserId, WorkspaceId, tier::words};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// E-mail address and password, and where to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The user's address; upper and lower case are the same.
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    /// The password.
    pub password: Proof,
    /// Slug of the tenant to work in. Absent: the only one where there is one, else none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub tenant: Option<String>,
    /// Slug of the workspace in it. Absent: the default one where the user is a member of it, else the only one, else none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub workspace: Option<String>,
    /// As an operator of the platform, in no tenant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operator: bool,
    /// `true`: the session is kept in a cookie, for pages of this origin, and there is no refresh token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cookie: bool,
}

/// Who signed in, where to, and the tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// `Authorization: Bearer …`; a JWT signed with `EdDSA`.
    pub access_token: Proof,
    /// `Bearer`
    pub token_type: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
    /// Opaque, good once, for `POST /v1/auth/refresh`. Absent where the session is in a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Proof>,
    /// To be sent as `X-CSRF-Token` with requests that the cookie authenticates. Present only with a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<Proof>,
    /// `ses_…`
    pub session_id: SessionId,
    /// `usr_…`
    pub user_id: UserId,
    /// The tenant that the access token is for; `null`: none, switch to one.
    pub tenant_id: Option<TenantId>,
    /// Its slug.
    pub tenant: Option<Slug>,
    /// The workspace that the access token is for.
    pub workspace_id: Option<WorkspaceId>,
}

/// A refresh token for new tokens. Without one, the cookie's session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The last one that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Proof>,
    /// Slug of the tenant that the new access token is for, with `workspace`. Absent: chosen anew, as by a sign-in that names none; whoever wants to stay
    /// where they are says where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub tenant: Option<String>,
    /// Slug of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub workspace: Option<String>,
}

/// Another workspace for the same session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchWorkspace {
    /// Slug of the tenant.
    #[schema(min_length = 1, max_length = 63)]
    pub tenant: String,
    /// Slug of the workspace; the default one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub workspace: Option<String>,
}

/// Asks for a link to set a new password, or sets it with the link's token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// Asks: the user's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Sets: the token of the link, with `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Proof>,
    /// The new password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Proof>,
}

/// Proves that the user has the mailbox; without a token it asks for another link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    /// The token of the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Proof>,
}

/// Another password for who is signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The one until now.
    pub current_password: Proof,
    /// The one from now on.
    pub password: Proof,
}

/// Ends a session: the refresh token's. Without one, the session of the token or cookie that the request carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogOut {
    /// A refresh token of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Proof>,
}

/// The public keys that access tokens verify with (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwks {
    /// Those that sign, will sign, or have signed a token that may still be valid.
    pub keys: Vec<Jwk>,
}

/// A public key of Ed25519 (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// `OKP`
    pub kty: String,
    /// `Ed25519`
    pub crv: String,
    /// As in the header of the tokens that it signed.
    pub kid: String,
    /// `EdDSA`
    pub alg: String,
    /// `sig`
    #[serde(rename = "use")]
    pub usage: String,
    /// The key, base64url.
    pub x: String,
}

/// Accepts an invitation. Who has no account gets one; who has one signs in first, or says its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The token of the link.
    pub token: Proof,
    /// The account's password, new or known. Not needed by who is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Proof>,
    /// For a new account: the user's name. 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub name: Option<String>,
}

/// How many sessions were ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndedSessions {
    /// 0 where there was no other.
    pub ended: usize,
}

/// Looks at an invitation before it is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewInvitation {
    /// The token of the link.
    pub token: Proof,
}

/// What the link of an invitation opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationPreview {
    /// Slug of the tenant.
    pub tenant: String,
    /// The tenant, for people.
    pub tenant_name: String,
    /// Slug of the workspace.
    pub workspace: String,
    /// The workspace, for people.
    pub workspace_name: String,
    /// What whoever accepts becomes there.
    pub role: Role,
    /// The address that was invited.
    pub email: String,
    /// The name of whoever invited; absent where nobody did by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<String>,
    /// Until when the link opens.
    pub expires_at: DateTime<Utc>,
}

/// Joins a tenant that lets people of one's e-mail domain in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// Slug of the tenant.
    #[schema(min_length = 1, max_length = 63)]
    pub tenant: String,
    /// Who is not signed in: the address that the invitation goes to, if its domain may join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 254)]
    pub email: Option<String>,
}

words! {
    /// How a session is kept.
    SessionKind {
        /// By refresh tokens.
        Token = "token",
        /// By a browser's cookie.
        Cookie = "cookie",
    } "token, cookie"
}

/// A sign-in that still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// `ses_…`
    pub id: SessionId,
    /// How it is kept.
    pub kind: SessionKind,
    /// True for the one that asks.
    pub current: bool,
    /// When the user signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to some minutes.
    pub seen_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Where from, at sign-in.
    pub address: Option<String>,
    /// By which program, as it says of itself.
    pub user_agent: Option<String>,
}
