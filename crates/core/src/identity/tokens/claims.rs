//! What a token says.
//!
//! Owns: nothing. Calls: nothing. Called by: tokens.
//! Invariants: a token that says a workspace names its tenant too, and one for operators names neither (`no_claim_means_no_workspace`); times are numbers,
//! and all three must be there (`tokens_with_wrong_claims_are_refused`). After a crash: nothing is left.

use super::TokenSettings;
use crate::authz::{Person, Place, ProvenBy};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tenantry_types::{OperatorRole, Role, SessionId, TenantId, Tier, UserId, WorkspaceId};
use uuid::Uuid;

/// How far another server's clock may be ahead of ours.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// Who somebody is, and where and as what they come.
#[derive(Debug, Clone)]
pub(crate) struct Bearing {
    pub(crate) person: Person,
    /// The session that they signed in with.
    pub(crate) session: SessionId,
    /// Where they work; nowhere yet where there is none.
    pub(crate) place: Option<Place>,
    /// As an operator of the platform, in no tenant.
    pub(crate) operator: Option<OperatorRole>,
}

/// What a valid token proves: who, by which session, in which workspace. All else is read from the rows.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) user: UserId,
    pub(crate) proven_by: ProvenBy,
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) operator: bool,
    pub(crate) until: DateTime<Utc>,
}

/// The claims, as they travel.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    sub: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tid: Option<TenantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wid: Option<WorkspaceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<OperatorRole>,
    sid: SessionId,
    aud: String,
    iss: String,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Claims {
    pub(super) fn of(bearing: &Bearing, settings: &TokenSettings, id: Uuid, now: DateTime<Utc>) -> Self {
        let place = bearing.place.as_ref().filter(|_| bearing.operator.is_none());
        Self {
            sub: bearing.person.id,
            tid: place.map(|place| place.tenant.id),
            tenant: place.map(|place| place.tenant.slug.to_string()),
            wid: place.map(|place| place.workspace),
            role: place.map(|place| place.role),
            tier: place.map(|place| place.tenant.tier),
            op: bearing.operator,
            sid: bearing.session,
            aud: settings.audience.clone(),
            iss: settings.issuer.clone(),
            jti: id,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + settings.lifetime).timestamp(),
        }
    }

    /// What they prove now; nothing before their time, after it, or where they contradict themselves.
    pub(super) fn verified(self, now: DateTime<Utc>) -> Option<Verified> {
        let (from, until) = (DateTime::from_timestamp(self.nbf, 0)?, DateTime::from_timestamp(self.exp, 0)?);
        let whole = self.wid.is_some() == self.tid.is_some() && (self.op.is_none() || self.wid.is_none());
        (whole && from <= now + LEEWAY && now < until).then_some(Verified {
            user: self.sub,
            proven_by: ProvenBy::Session(self.sid),
            workspace: self.wid,
            operator: self.op.is_some(),
            until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(now: DateTime<Utc>) -> Claims {
        Claims {
            sub: UserId(Uuid::nil()),
            tid: Some(TenantId(Uuid::nil())),
            tenant: Some("acme".to_owned()),
            wid: Some(WorkspaceId(Uuid::nil())),
            role: Some(Role::Member),
            tier: Some(Tier::Free),
            op: None,
            sid: SessionId(Uuid::nil()),
            aud: "tenantry".to_owned(),
            iss: "http://localhost".to_owned(),
            jti: Uuid::nil(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: now.timestamp() + 900,
        }
    }

    #[test]
    fn no_claim_means_no_workspace() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
        assert!(claims(now).verified(now).is_some_and(|verified| verified.workspace.is_some()));
        let nowhere = Claims { tid: None, wid: None, ..claims(now) };
        assert!(nowhere.verified(now).is_some_and(|verified| verified.workspace.is_none()));
        assert!(Claims { tid: None, ..claims(now) }.verified(now).is_none());
        assert!(Claims { wid: None, ..claims(now) }.verified(now).is_none());
        assert!(Claims { op: Some(OperatorRole::Admin), ..claims(now) }.verified(now).is_none());
    }

    #[test]
    fn a_token_holds_for_its_time() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
        for (seconds, holds) in [(-31, false), (-30, true), (0, true), (899, true), (900, false)] {
            let at = now + TimeDelta::seconds(seconds);
            assert_eq!(claims(now).verified(at).is_some(), holds, "{seconds}");
        }
    }
}
