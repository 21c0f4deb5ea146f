//! Who the caller is, as it is told to them.
//!
//! Owns: nothing. Calls: users. Called by: server's `GET /v1/me`. After a crash: nothing is left.

use super::{SignIn, store};
use crate::{
    Error, Result,
    authz::{Actor, Person},
    ctx::Request,
    identity::{keys, users},
};
use tenantry_types::key::{Me, Membership};

impl SignIn {
    /// Who the caller is, and where they are a member.
    ///
    /// # Errors
    /// The database's.
    pub async fn me(&self, caller: &Request) -> Result<Me> {
        Ok(match &caller.actor {
            Actor::ApiKey(key) => keys::describe(key),
            Actor::Operator(operator) => Me::Operator {
                id: operator.person.as_ref().map(|person| person.id),
                email: operator.person.as_ref().map(|person| person.email.clone()),
                role: operator.person.as_ref().map(|_| operator.role),
            },
            Actor::Granted(granted) => Me::Granted {
                id: granted.grant,
                operator: granted.operator.clone(),
                tenant_id: granted.place.tenant.id,
                tenant: granted.place.tenant.slug.clone(),
                workspace_id: granted.place.workspace,
                role: granted.place.role,
            },
            Actor::User(person) => {
                let (email_verified, memberships) = self.about(person).await?;
                let Person { id, email, name, .. } = person.as_ref().clone();
                Me::User { id, email, name, email_verified, memberships }
            }
            Actor::Member(member) => {
                let (email_verified, memberships) = self.about(&member.person).await?;
                let (Person { id, email, name, .. }, place) = (member.person.clone(), &member.place);
                Me::Member {
                    id,
                    email,
                    name,
                    email_verified,
                    tenant_id: place.tenant.id,
                    tenant: place.tenant.slug.clone(),
                    plan_tier: place.tenant.tier,
                    workspace_id: place.workspace,
                    role: place.role,
                    memberships,
                }
            }
            Actor::System => Err(Error::Fault("the platform does not ask itself".to_owned()))?,
        })
    }

    async fn about(&self, person: &Person) -> Result<(bool, Vec<Membership>)> {
        self.platform
            .run("describe_person", person.id, |tx, id| {
                Box::pin(async move {
                    let user = users::store::by_id(tx, *id).await?;
                    let verified = user.is_some_and(|user| user.email_verified_at.is_some());
                    Ok((verified, store::memberships(tx, *id).await?))
                })
            })
            .await
    }
}
