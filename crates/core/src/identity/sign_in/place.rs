//! Where somebody works who signed in: a workspace that they are a member of at that moment.
//!
//! Owns: nothing. Calls: look. Called by: sign-in, invitations.
//! Invariants: a tenant that is unknown, suspended or somebody else's gives one answer (`a_foreign_tenant_is_like_an_unknown_one`). After a crash: nothing is left.

use super::store::{self, Belonging};
use crate::{
    Fields, Result,
    authz::{MemberActor, Person, ProvenBy, tenant_inactive},
    identity::{
        look::{self, Standing},
        tokens::Bearing,
    },
};
use chrono::{DateTime, Utc};
use tenantry_pg::ControlTx;
use tenantry_types::{SessionId, UserId, WorkspaceId};

/// Where somebody wants to work, by slugs that can be ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    tenant: Option<String>,
    workspace: Option<String>,
}

impl Asked {
    /// Notes what can be no slug.
    pub(crate) fn read(fields: &mut Fields, tenant: Option<&str>, workspace: Option<&str>) -> Self {
        let mut slug = |pointer: &str, text: Option<&str>| {
            let text = text?;
            let plain = (1..=63).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !plain {
                fields.wrong(pointer, "invalid", "must be 1 to 63 of `a-z`, `0-9` and hyphens");
            }
            Some(text.to_owned())
        };
        Self { tenant: slug("/tenant", tenant), workspace: slug("/workspace", workspace) }
    }

    /// Any workspace of this tenant. A text that is no slug is found nowhere.
    pub(super) fn tenant(slug: &str) -> Self {
        Self { tenant: Some(slug.to_owned()), workspace: None }
    }

    fn something(&self) -> bool {
        self.tenant.is_some() || self.workspace.is_some()
    }
}

/// The workspace that was asked for, or that goes without saying: the default one of the only tenant, or the only one of it.
///
/// # Errors
/// 403 where what was asked for is not the user's.
pub(super) async fn choose(tx: &ControlTx, user: UserId, asked: &Asked) -> Result<Option<WorkspaceId>> {
    let found = store::workspaces(tx, user, asked.tenant.as_deref(), asked.workspace.as_deref()).await?;
    if found.is_empty() && asked.something() {
        return Err(tenant_inactive());
    }
    Ok(pick(&found))
}

fn pick(found: &[Belonging]) -> Option<WorkspaceId> {
    let first = found.first()?;
    if found.iter().any(|other| other.tenant != first.tenant) {
        return None;
    }
    match found {
        [only] => Some(only.workspace),
        several => several.iter().find(|one| one.is_default).map(|one| one.workspace),
    }
}

/// The person as a member of the tenant that was asked for, if they are one.
pub(super) async fn member_of(
    tx: &ControlTx,
    person: &Person,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<Option<MemberActor>> {
    let standing = Standing { user: person.id, proven_by: person.proven_by.clone(), now };
    let found = store::workspaces(tx, person.id, asked.tenant.as_deref(), None).await?;
    match pick(&found) {
        Some(workspace) => look::member(tx, &standing, workspace).await,
        None => Ok(None),
    }
}

/// Who the user of a session is now, where they asked to be: what a token is made of. `None` where the user may not sign in any more.
///
/// # Errors
/// 403 where what was asked for is not the user's.
pub(crate) async fn bearing(
    tx: &ControlTx,
    (user, session): (UserId, SessionId),
    as_operator: bool,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<Option<Bearing>> {
    let standing = Standing { user, proven_by: ProvenBy::Session(session), now };
    if as_operator && !asked.something() {
        let found = look::operator(tx, &standing).await?;
        return Ok(found.and_then(|operator| {
            let (person, role) = (operator.person?, operator.role);
            Some(Bearing { person, session, place: None, operator: Some(role) })
        }));
    }
    if let Some(workspace) = choose(tx, user, asked).await? {
        let found = look::member(tx, &standing, workspace).await?;
        return Ok(found.map(|member| Bearing {
            person: member.person,
            session,
            place: Some(member.place),
            operator: None,
        }));
    }
    let person = look::person(tx, &standing).await?;
    Ok(person.map(|person| Bearing { person, session, place: None, operator: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantry_types::TenantId;
    use uuid::Uuid;

    fn of(tenant: u128, workspace: u128, is_default: bool) -> Belonging {
        Belonging {
            tenant: TenantId(Uuid::from_u128(tenant)),
            workspace: WorkspaceId(Uuid::from_u128(workspace)),
            is_default,
        }
    }

    #[test]
    fn what_goes_without_saying() {
        let picked = |found: &[Belonging]| pick(found).map(|workspace| workspace.0.as_u128());
        assert_eq!(picked(&[]), None);
        assert_eq!(picked(&[of(1, 7, false)]), Some(7));
        assert_eq!(picked(&[of(1, 7, false), of(1, 8, true)]), Some(8));
        assert_eq!(picked(&[of(1, 7, false), of(1, 8, false)]), None);
        assert_eq!(picked(&[of(1, 7, true), of(2, 8, true)]), None);
    }
}
