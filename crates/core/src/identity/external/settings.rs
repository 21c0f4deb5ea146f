//! What the operator says of an issuer.
//!
//! Owns: nothing. Calls: nothing. Called by: server's configuration, external.
//! Invariants: no algorithm with a shared secret, nor `none`, can be named (`only_signatures_can_be_named`); Debug shows no secret (`the_webhook_secret_is_hidden`).
//! After a crash: nothing is left.

use chrono::TimeDelta;
use std::{collections::BTreeMap, fmt, str::FromStr};
use tenantry_types::Role;

/// How a token may be signed: with a private key that the issuer alone has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of RFC 7518 and RFC 8037")]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    /// Every one, with its name in tokens.
    pub const ALL: [(&'static str, Self); 9] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("EdDSA", Self::EdDsa),
    ];

    pub(super) fn to_library(self) -> jsonwebtoken::Algorithm {
        use jsonwebtoken::Algorithm as Library;
        match self {
            Self::Rs256 => Library::RS256,
            Self::Rs384 => Library::RS384,
            Self::Rs512 => Library::RS512,
            Self::Ps256 => Library::PS256,
            Self::Ps384 => Library::PS384,
            Self::Ps512 => Library::PS512,
            Self::Es256 => Library::ES256,
            Self::Es384 => Library::ES384,
            Self::EdDsa => Library::EdDSA,
        }
    }
}

/// The text names no algorithm that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA")]
pub struct NotAnAlgorithm;

impl FromStr for Algorithm {
    type Err = NotAnAlgorithm;

    /// Exactly as RFC 7518 writes it.
    fn from_str(text: &str) -> Result<Self, NotAnAlgorithm> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, found)| *found).ok_or(NotAnAlgorithm)
    }
}

/// What the issuer is known to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// `OpenID` Connect; claims are named in the settings.
    Oidc,
    /// Clerk: session tokens of versions 1 and 2.
    Clerk,
}

/// Which claims say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// The slug of the tenant.
    pub tenant: String,
    /// The issuer's own id of the organisation, which stays when its slug changes.
    pub organisation: String,
    /// The role in it.
    pub role: String,
    /// The person's address; counts only beside `email_verified: true`.
    pub email: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            tenant: "org_slug".to_owned(),
            organisation: "org_id".to_owned(),
            role: "org_role".to_owned(),
            email: "email".to_owned(),
        }
    }
}

/// What the issuer's webhooks are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// Takes the bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(hidden)")
    }
}

/// An issuer, checked. See `docs/guides/external-issuers.md` for the meaning of each field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// For people and for `managed_by` of memberships; stays.
    pub name: String,
    /// The `iss` of its tokens, to the letter.
    pub issuer: String,
    /// What it is known to do.
    pub preset: Preset,
    /// Where its keys are; none: its discovery document says.
    pub jwks_url: Option<String>,
    /// What `aud` has to be or hold.
    pub audience: Option<String>,
    /// What `azp` has to be one of; empty: it is not asked for. One of this and `audience` is always set.
    pub authorized_parties: Vec<String>,
    /// How its tokens may be signed. Not empty.
    pub algorithms: Vec<Algorithm>,
    /// How far its clock may be off.
    pub leeway: TimeDelta,
    /// How old its keys may be while it can be asked for newer ones.
    pub max_age: TimeDelta,
    /// What its webhooks are signed with.
    pub webhook_secret: Option<WebhookSecret>,
    /// Which claims say what.
    pub claims: ClaimNames,
    /// Slug of the workspace that its people are members of; none: the tenant's default one.
    pub workspace: Option<String>,
    /// What its roles are here. Others let nobody in.
    pub roles: BTreeMap<String, Role>,
    /// What whoever has no role at all is.
    pub default_role: Option<Role>,
    /// Organisations whose tenant is said here, by the issuer's id: the tenant's slug.
    pub organisations: BTreeMap<String, String>,
    /// Whether an organisation that is not said may become the tenant of its slug, while nobody lives there.
    pub learn_by_slug: bool,
    /// Whether a user here with the same proven address is the same person.
    pub link_by_email: bool,
}

impl Issuer {
    /// What a role of the issuer is here.
    pub(super) fn role(&self, word: Option<&str>) -> Option<Role> {
        match word {
            Some(word) => self.roles.get(word).copied(),
            None => self.default_role,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signatures_can_be_named() {
        for (name, algorithm) in Algorithm::ALL {
            assert_eq!(name.parse(), Ok(algorithm));
            assert_eq!(format!("{:?}", algorithm.to_library()).to_lowercase(), name.to_lowercase());
        }
        for name in ["none", "None", "HS256", "HS384", "HS512", "rs256", "ES512", ""] {
            assert_eq!(name.parse::<Algorithm>(), Err(NotAnAlgorithm), "{name}");
        }
    }

    #[test]
    fn the_webhook_secret_is_hidden() {
        assert_eq!(format!("{:?}", WebhookSecret::new(b"hunter2".to_vec())), "WebhookSecret(hidden)");
    }
}
