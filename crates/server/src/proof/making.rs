//! A tenant of the proof: made like any other, with rows, people and identities in two workspaces.
//!
//! Owns: nothing. Calls: core's provisioning, registry, identity; the API as its owner. Called by: proof.
//! Invariants: its slug and its addresses tell what it is for, and no mail goes there, whether the installation mails or not (`a_proof_where_mail_goes_out_asks_the_same`).
//! After a crash: what was made is removed by a later proof.

use super::{
    HttpProof,
    talking::{Asked, Talk},
};
use axum::http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tenantry_core::{
    Error, Result,
    authz::{Action, Actor},
    ctx::{Request, random},
    idempotency::{Once, Sent},
    identity::{Credential, Visit, invitations, people::People},
    provisioning, registry,
};
use tenantry_pg::roles::hex;
use tenantry_types::{
    identity::{CreateAccessGrant, CreateInvitation, Invitation},
    run::RunStatus,
    tenant::{CreateTenant, Tenant, TenantAndRun},
};

/// How slugs of the proof begin.
pub(super) const PREFIX: &str = "isolation-probe";

/// For how long the proof holds a run that it drives itself.
const LEASE: Duration = Duration::from_secs(30);
/// Between two looks at a run that a worker drives.
const PAUSE: Duration = Duration::from_millis(50);
/// Looks until it is given up: a minute.
const LOOKS: usize = 1_200;

/// Who asks.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) name: &'static str,
    pub(super) token: String,
}

/// Ids by the collection that has them.
pub(super) type Ids = BTreeMap<&'static str, Vec<String>>;

/// A tenant of the proof.
pub(super) struct Probe {
    pub(super) tenant: Tenant,
    pub(super) email: String,
    /// Of the first workspace: a key, and the owner.
    pub(super) first: Vec<Identity>,
    /// Of the second workspace: a key.
    pub(super) second: Identity,
    /// Somebody who is a member of the second workspace alone, and sees all of it.
    pub(super) guest: Identity,
    /// What it has, in the first workspace or in none.
    pub(super) ids: Ids,
    /// What it has in the second.
    pub(super) ids_of_second: Ids,
}

impl Probe {
    /// Whatever tells of it.
    pub(super) fn markers(&self) -> Vec<String> {
        let Tenant { id, slug, schema_name, .. } = &self.tenant;
        let own = [id.to_string(), id.0.to_string(), slug.to_string(), schema_name.clone()];
        let rows = self.ids.values().chain(self.ids_of_second.values()).flatten().cloned();
        own.into_iter().chain(rows).collect()
    }

    /// The first id of a kind.
    pub(super) fn id(&self, kind: &str) -> &str {
        self.ids.get(kind).and_then(|ids| ids.first()).map_or("", String::as_str)
    }
}

/// Makes rows as one identity, and keeps their ids.
struct Hand<'a> {
    talk: &'a Talk,
    token: &'a str,
    ids: &'a mut Ids,
}

impl Hand<'_> {
    async fn make(&mut self, kind: &'static str, body: Value) -> Result<Value> {
        let asked = Asked::new(Method::POST, format!("/v1/{kind}")).body(Some(body));
        let made = self.talk.have(Some(self.token), &asked).await?;
        self.ids.entry(kind).or_default().push(word(&made, "id")?);
        Ok(made)
    }
}

/// Somebody with a password.
struct Person<'a> {
    email: String,
    password: String,
    tenant: &'a str,
}

impl<'a> Person<'a> {
    fn new(email: String, tenant: &'a str) -> Result<Self> {
        Ok(Self { email, password: hex(&random::<24>()?), tenant })
    }

    /// Accepts the invitation of a link; the user's id.
    async fn accept(&self, talk: &Talk, link: &str) -> Result<String> {
        let accepted =
            json!({"token": link.rsplit('=').next(), "password": self.password, "name": self.tenant});
        let asked = Asked::new(Method::POST, "/v1/auth/accept-invitation").body(Some(accepted));
        word(&talk.have(None, &asked).await?, "user_id")
    }

    /// Signs in to a workspace; the session goes among the ids.
    async fn sign_in(&self, talk: &Talk, workspace: Option<&str>, ids: &mut Ids) -> Result<String> {
        let body = json!({"email": self.email, "password": self.password, "tenant": self.tenant, "workspace": workspace});
        let asked = Asked::new(Method::POST, "/v1/auth/login").body(Some(body));
        let signed_in = talk.have(None, &asked).await?;
        ids.entry("sessions").or_default().push(word(&signed_in, "session_id")?);
        word(&signed_in, "access_token")
    }
}

fn word(answer: &Value, name: &str) -> Result<String> {
    let found = answer[name].as_str().map(str::to_owned);
    found.ok_or_else(|| Error::Fault(format!("an answer of the API has no {name}")))
}

impl HttpProof {
    pub(super) async fn make(&self, talk: &Talk, slug: &str) -> Result<Probe> {
        let email = address(slug);
        let made = self.tenant(slug, &email).await?;
        let (mut ids, mut ids_of_second) = (Ids::new(), Ids::new());
        let key = made.api_key.ok_or_else(|| Error::Fault("a new tenant has no key".to_owned()))?;
        let link = made.owner_invitation.map(|invitation| invitation.url).unwrap_or_default();
        let person = Person::new(email.clone(), slug)?;
        let user = person.accept(talk, &link).await?;
        let owner = person.sign_in(talk, None, &mut ids).await?;
        let second = second_of(slug);
        let mut hand = Hand { talk, token: &owner, ids: &mut ids };
        hand.make("workspaces", json!({"slug": second, "name": second})).await?;
        self.rows(&mut hand, slug).await?;
        let there = person.sign_in(talk, Some(&second), &mut ids).await?;
        let mut hand = Hand { talk, token: &there, ids: &mut ids_of_second };
        let key_of_second = self.rows(&mut hand, &second).await?;
        let guest = self.guest(&mut hand, slug).await?;
        let tenant = registry::show(&self.app.platform, &self.app.public_url, slug).await?;
        ids.insert("tenants", vec![slug.to_owned()]);
        ids.insert("slugs", vec![slug.to_owned()]);
        for kind in ["members", "users", "operators"] {
            ids.insert(kind, vec![user.clone()]);
        }
        ids.insert("provisioning-runs", vec![made.run.id.to_string()]);
        ids.insert("access-grants", vec![self.grant(slug).await?]);
        let asked = Asked::new(Method::GET, "/v1/audit-events?limit=1");
        let trail = talk.have(Some(&owner), &asked).await?;
        ids.insert("audit-events", vec![word(&trail["items"][0], "id")?]);
        // Of the platform, whoever asks; nobody in a tenant has one.
        ids.insert("isolation-reports", vec![tenantry_types::IsolationReportId(tenant.id.0).to_string()]);
        let first =
            vec![Identity { name: "a key", token: key }, Identity { name: "the owner", token: owner }];
        let second = Identity { name: "a key of the second workspace", token: key_of_second };
        Ok(Probe { tenant, email, first, second, guest, ids, ids_of_second })
    }

    /// Rows of the workspace that the hand is in; its new key.
    async fn rows(&self, hand: &mut Hand<'_>, name: &str) -> Result<String> {
        hand.make("agents", json!({"name": format!("agent of {name}"), "role": "probe"})).await?;
        let invited = self.invited(hand.token, format!("guest@{name}.invalid"), "member").await?;
        hand.ids.entry("invitations").or_default().push(invited.id.to_string());
        let key = json!({"name": format!("key of {name}"), "role": "admin"});
        word(&hand.make("api-keys", key).await?, "key")
    }

    /// Somebody else joins the workspace that the hand is in, and no other.
    async fn guest(&self, hand: &mut Hand<'_>, slug: &str) -> Result<Identity> {
        let second = second_of(slug);
        let person = Person::new(address(&second), slug)?;
        // As an admin, who sees its keys and invitations too.
        let invited = self.invited(hand.token, person.email.clone(), "admin").await?;
        let link = invited.link.ok_or_else(|| Error::Fault("an invitation has no link".to_owned()))?;
        let user = person.accept(hand.talk, link.expose()).await?;
        hand.ids.insert("members", vec![user]);
        let token = person.sign_in(hand.talk, Some(&second), hand.ids).await?;
        Ok(Identity { name: "a member of the second workspace", token })
    }

    /// Invites as whoever has the token. The link is told and not mailed, whatever the configuration: no mailbox is there.
    async fn invited(&self, token: &str, email: String, role: &str) -> Result<Invitation> {
        let credential = Credential::Bearer(token.to_owned());
        let actor = self.app.gate.verify(&credential, &Visit::default()).await?;
        let scope = actor.scope(Action::WriteInvitations)?;
        let request = Request { actor: (*actor).clone(), ..super::request(scope.tenant().slug.as_str()) };
        let people = People { sends_mail: false, ..self.app.people.clone() };
        let wish = CreateInvitation { email, role: Some(role.to_owned()), expires_in_hours: None };
        Ok(invitations::create(&people, &request, &scope, None, &wish).await?.value)
    }

    async fn tenant(&self, slug: &str, email: &str) -> Result<TenantAndRun> {
        let wish = CreateTenant {
            slug: slug.to_owned(),
            name: format!("Tenant of a proof: {slug}"),
            admin_email: email.to_owned(),
            plan_tier: Some("enterprise".to_owned()),
            ..CreateTenant::default()
        };
        let made = self.app.provisioning.create(&super::request(slug), None, wish).await?.value;
        self.app.metrics.set_aside(made.tenant.id);
        self.driven(slug).await?;
        Ok(made)
    }

    /// Waits for the last run of the tenant to succeed.
    pub(super) async fn driven(&self, slug: &str) -> Result<()> {
        match self.ended(slug).await? {
            RunStatus::Succeeded => Ok(()),
            ended => Err(Error::Fault(format!("the run of {slug} ended as {ended}"))),
        }
    }

    /// Waits for the last run of the tenant to end, and drives what nobody else drives meanwhile.
    pub(super) async fn ended(&self, slug: &str) -> Result<RunStatus> {
        for _ in 0..LOOKS {
            let status = provisioning::latest(&self.app.platform, slug).await?.status;
            if status.is_final() {
                return Ok(status);
            }
            // Whoever else's run is taken here, it may ask for demo data.
            let demo_data = Some(self.app.demo_data());
            if provisioning::work_with(&self.placement, demo_data, LEASE, None).await?.is_none() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Err(Error::Fault(format!("the run of {slug} did not end")))
    }

    /// Somebody is let in, by nobody's hand: the owner of another tenant must not see it, nor end it.
    async fn grant(&self, slug: &str) -> Result<String> {
        let key = self.app.ctx().uuid().to_string();
        let sent = Sent { method: "POST", route: "/v1/tenants/{slug}/access-grants", path: slug, body: b"" };
        let once = Once::new(&self.app.place.installation, &Actor::System, &key, sent)?;
        let wish = CreateAccessGrant {
            reason: "A proof of isolation.".to_owned(),
            workspace: None,
            role: None,
            minutes: Some(5),
        };
        let granted = self.app.grants.create(&super::request(slug), once, slug, wish).await?;
        Ok(granted.value.grant.id.to_string())
    }
}

/// An address that nobody has: the domain is reserved for that.
pub(super) fn address(name: &str) -> String {
    format!("owner@{name}.invalid")
}

/// The second workspace of the tenant of this slug. 63 characters at most, as the slug of a workspace, and as a label of an address.
pub(super) fn second_of(slug: &str) -> String {
    format!("second-of-{slug}")
}
