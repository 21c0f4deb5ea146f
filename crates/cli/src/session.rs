//! A sign-in at work: the access token of each request, renewed before it ends.
//!
//! Owns: nothing. Calls: credentials, POST /v1/auth/refresh. Called by: api.
//! Invariants: a token is renewed with less than a minute left, also in the middle of a long command (`a_token_is_renewed_before_it_ends`); of two
//! commands one renews and the other takes what came (`two_commands_renew_once`), because a refresh token that is used twice ends the session;
//! a refused one is forgotten (`a_refused_session_is_forgotten`), a server that is down is no reason to (`an_outage_keeps_the_session`).
//! After a crash: where the server answered and the answer was not kept, the session is over with the next refresh; log in again.

use crate::{
    api::Api,
    clock::Clock,
    credentials::{Kept, Store},
    outcome::Failure,
};
use chrono::TimeDelta;
use std::cell::RefCell;
use tenantry_types::identity::{Proof, Refresh, SignedIn};

const REFRESH: &str = "/v1/auth/refresh";
/// An access token with less than this left is renewed: the request that carries it may take as long.
const LEFT: TimeDelta = TimeDelta::seconds(60);

/// A sign-in, as found in the store.
pub(crate) struct Session<'a> {
    store: Store,
    clock: &'a dyn Clock,
    kept: RefCell<Kept>,
}

impl<'a> Session<'a> {
    /// Of what `store` keeps.
    pub(crate) fn new(store: Store, kept: Kept, clock: &'a dyn Clock) -> Self {
        Self { store, clock, kept: RefCell::new(kept) }
    }

    /// An access token with time left, renewed through `api` where needed.
    pub(crate) fn token(&self, api: &Api<'_>) -> Result<Proof, Failure> {
        let known = self.kept.borrow().clone();
        if self.has_time(&known) {
            return Ok(known.access_token);
        }
        let locked = self.store.locked()?;
        let Some(there) = locked.kept(api.base())? else { return Err(over(api.base())) };
        // Another command was quicker.
        if self.has_time(&there) {
            return Ok(self.remember(there));
        }
        let wish = Refresh {
            refresh_token: Some(there.refresh_token.clone()),
            tenant: there.tenant.clone(),
            workspace: there.workspace.clone(),
        };
        match api.post_open::<_, SignedIn>(REFRESH, &wish) {
            Ok(answer) => {
                let renewed = Kept::of(&answer.value, Some(&there), self.clock.now())?;
                locked.renew(api.base(), renewed.clone())?;
                Ok(self.remember(renewed))
            }
            Err(failure) if failure.status == Some(401) => {
                locked.forget(api.base())?;
                Err(over(api.base()))
            }
            // The session holds, but its place is gone, and without a token nobody can switch to another.
            Err(failure) if failure.status == Some(403) => {
                Err(failure.next("log in again to work elsewhere: `tenantry login`"))
            }
            Err(failure) => Err(failure),
        }
    }

    fn remember(&self, kept: Kept) -> Proof {
        let token = kept.access_token.clone();
        self.kept.replace(kept);
        token
    }

    fn has_time(&self, kept: &Kept) -> bool {
        kept.expires_at - self.clock.now() >= LEFT
    }
}

fn over(base: &str) -> Failure {
    Failure::local("session_over", format!("the session at {base} is over"))
        .next("log in again: `tenantry login`")
}

#[cfg(test)]
mod tests;
