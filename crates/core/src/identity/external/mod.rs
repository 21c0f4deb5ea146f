//! External issuers: people whom somebody else vouches for, by tokens that they sign.
//!
//! Owns: `external_identities`, `external_organisations`, `external_memberships`, `webhook_deliveries`; writes memberships that an issuer manages. Calls: users,
//! registry, audit, access, pg, and the issuer's keys through [`Fetch`]. Called by: identity's gate, server's webhook operation.
//! Invariants: a token counts for what its issuer's settings say and nothing else (`a_token_is_refused_for_each_thing_that_is_wrong`); no
//! organisation in it means no workspace (`no_claim_means_no_workspace`); what is managed here stays as it is
//! (`a_membership_that_is_managed_here_stays`); a request that tells nothing new writes nothing (`a_known_person_costs_no_write`).
//! After a crash: each person, organisation and membership is written whole with its event, or not at all; the next token goes on.

mod claims;
mod enter;
mod jwk;
mod keys;
mod settings;
mod store;
mod svix;
mod token;
mod webhooks;

pub use keys::is_fit_to_ask;
pub use settings::{Algorithm, ClaimNames, Issuer, Preset, WebhookSecret};
pub use svix::Delivery;
pub use webhooks::receive;

use crate::{
    Result,
    access::Access,
    ctx::Ctx,
    identity::{Visit, gate::LetIn},
};
use keys::Keys;
use std::sync::Arc;
use tenantry_pg::{BoxFuture, Pool};

/// Gets documents of issuers. The server does; a test may count.
pub trait Fetch: Send + Sync + 'static {
    /// The body of a successful answer of that URL, at most 256 KiB of it, without following it elsewhere.
    ///
    /// # Errors
    /// A text for the log.
    fn get(&self, url: String) -> BoxFuture<'static, std::result::Result<Vec<u8>, String>>;
}

/// An issuer at work: its settings and its keys.
struct Known {
    settings: Issuer,
    keys: Arc<Keys>,
}

/// The issuers of this process. Cheap to clone.
#[derive(Clone)]
pub struct Issuers(Arc<Vec<Known>>);

impl Issuers {
    /// Fetches nothing yet.
    pub fn new(settings: Vec<Issuer>, fetch: &Arc<dyn Fetch>, ctx: &Ctx) -> Self {
        let known = settings.into_iter().map(|settings| {
            let keys = Arc::new(Keys::new(&settings, Arc::clone(fetch), ctx.clone()));
            Known { settings, keys }
        });
        Self(Arc::new(known.collect()))
    }

    /// Whether a token says that it comes from one of them. Nothing is proven by that.
    pub(crate) fn are_asked(&self, token: &str) -> bool {
        self.of(token).is_some()
    }

    /// Who that is, made known here where they were not.
    ///
    /// # Errors
    /// 401 for a token that proves nothing; 403 for an organisation that is no tenant here, or a person who may not come in; 402 where
    /// the tenant has no room for one more member; 503 where the issuer's keys cannot be had.
    pub(crate) async fn let_in(
        &self,
        platform: &Pool,
        ctx: &Ctx,
        access: &Access,
        visit: &Visit,
        token: &str,
    ) -> Result<LetIn> {
        let known = self.of(token).ok_or_else(super::look::refused)?;
        let claim = token::verify(&known.settings, &known.keys, token, ctx.now()).await?;
        enter::let_in(&known.settings, platform, ctx, access, visit, claim).await
    }

    fn of(&self, token: &str) -> Option<&Known> {
        if self.0.is_empty() {
            return None;
        }
        let issuer = token::issuer_of(token)?;
        self.0.iter().find(|known| known.settings.issuer == issuer)
    }

    fn with_webhooks(&self) -> impl Iterator<Item = (&Issuer, &WebhookSecret)> {
        self.0.iter().filter_map(|known| Some((&known.settings, known.settings.webhook_secret.as_ref()?)))
    }
}
