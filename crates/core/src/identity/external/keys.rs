//! Keys of an issuer, as they are known here: fetched when they are wanted, and not oftener than is decent.
//!
//! Owns: nothing in the database. Calls: the issuer, through `Fetch`. Called by: token.
//! Invariants: unknown ids cost one request in each cool-down, however many come (`unknown_keys_cost_one_request`); a key that the issuer has taken
//! back dies at the greatest age (`a_removed_key_dies`); while the issuer is away its last keys serve, for a day at most (`an_outage_is_bridged`).
//! After a crash: nothing is left; the first token fetches again.

use super::{Fetch, Issuer, Preset, jwk::KeySet, settings::Algorithm};
use crate::{Error, Result, ctx::Ctx, identity::look::refused};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use lru::LruCache;
use serde::Deserialize;
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};
use tenantry_pg::task;
use tenantry_types::ErrorCode;

/// Between two requests to an issuer.
const COOL_DOWN: TimeDelta = TimeDelta::seconds(30);

/// The same while none of its keys is known: nobody can come in meanwhile.
const IMPATIENT: TimeDelta = TimeDelta::seconds(5);

/// How long an id that the issuer did not have is taken for unknown without another request.
const UNKNOWN_FOR: TimeDelta = TimeDelta::seconds(60);

/// Unknown ids that are remembered.
const UNKNOWN: NonZeroUsize = NonZeroUsize::new(1000).expect("not zero");

/// How old keys may be while the issuer cannot be reached.
const STALE: TimeDelta = TimeDelta::hours(24);

/// Whether a URL may be asked: over TLS, or on this machine.
pub fn is_fit_to_ask(url: &str) -> bool {
    let after = |scheme: &str| url.strip_prefix(scheme).filter(|rest| !rest.is_empty());
    let plain = !url.contains(['@', '#', '\\']) && url.bytes().all(|byte| byte.is_ascii_graphic());
    let loopback = |rest: &str| {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map_or("", |(host, _)| host),
            None => authority.split(':').next().unwrap_or_default(),
        };
        matches!(host, "localhost" | "127.0.0.1" | "::1")
    };
    plain && (after("https://").is_some() || after("http://").is_some_and(loopback))
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Default)]
struct State {
    set: Option<KeySet>,
    fetched_at: Option<DateTime<Utc>>,
    tried_at: Option<DateTime<Utc>>,
    found_at: Option<String>,
}

/// The keys of one issuer.
pub(super) struct Keys {
    name: String,
    issuer: String,
    url: Option<String>,
    allowed: Vec<Algorithm>,
    max_age: TimeDelta,
    fetch: Arc<dyn Fetch>,
    ctx: Ctx,
    state: Mutex<State>,
    unknown: Mutex<LruCache<String, DateTime<Utc>>>,
    /// Held by the one request that is under way.
    flight: tokio::sync::Mutex<()>,
}

/// When the issuer was last asked, if it ever was.
#[derive(Clone, Copy)]
struct Tried(Option<DateTime<Utc>>);

/// What is known of a key without asking.
struct Seen {
    key: Option<DecodingKey>,
    /// Keys are known that may still be used, whichever they are.
    any: bool,
    /// The issuer should be asked, and was last asked then.
    ask: Option<Tried>,
}

impl Keys {
    pub(super) fn new(settings: &Issuer, fetch: Arc<dyn Fetch>, ctx: Ctx) -> Self {
        let clerks = || format!("{}/.well-known/jwks.json", settings.issuer.trim_end_matches('/'));
        let url = settings.jwks_url.clone().or_else(|| (settings.preset == Preset::Clerk).then(clerks));
        Self {
            name: settings.name.clone(),
            issuer: settings.issuer.clone(),
            url,
            allowed: settings.algorithms.clone(),
            max_age: settings.max_age,
            fetch,
            ctx,
            state: Mutex::default(),
            unknown: Mutex::new(LruCache::new(UNKNOWN)),
            flight: tokio::sync::Mutex::default(),
        }
    }

    /// The key that a token names.
    ///
    /// # Errors
    /// 401 where the issuer has no such key for that algorithm; 503 where none of its keys can be had.
    pub(super) async fn find(self: &Arc<Self>, id: &str, algorithm: Algorithm) -> Result<DecodingKey> {
        let mut seen = self.look(id, algorithm);
        let mut told = false;
        if let Some(Tried(tried)) = seen.ask {
            // Whoever holds a key that was good until a moment ago need not wait for what somebody else has asked already.
            let busy = self.flight.try_lock().is_err();
            if seen.key.is_none() || !busy {
                let this = Arc::clone(self);
                // Detached: what one caller has begun to ask serves the next, even when that one goes away.
                told = task::detached(async move { this.refresh(tried).await }).await.unwrap_or(false);
                seen = self.look(id, algorithm);
            }
        }
        match seen {
            Seen { key: Some(key), .. } => Ok(key),
            Seen { any: true, .. } => {
                // Not while the issuer cools down: it was not asked for this one.
                if told {
                    self.note_unknown(id);
                }
                Err(refused())
            }
            Seen { .. } => {
                Err(Error::refused(ErrorCode::Unavailable, "The issuer's keys cannot be had just now."))
            }
        }
    }

    fn look(&self, id: &str, algorithm: Algorithm) -> Seen {
        let now = self.ctx.now();
        let within = |at: Option<DateTime<Utc>>, span: TimeDelta| at.is_some_and(|at| now - at < span);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = state.set.as_ref().filter(|_| within(state.fetched_at, STALE.max(self.max_age)));
        let key = usable.and_then(|set| set.find(id, algorithm)).cloned();
        let answered = usable.is_some_and(|set| set.holds(id)) || self.is_unknown(id, now);
        let fresh = within(state.fetched_at, self.max_age);
        let cooling = within(state.tried_at, if usable.is_some() { COOL_DOWN } else { IMPATIENT });
        let rests = cooling || (fresh && answered);
        let ask = (!rests).then_some(Tried(state.tried_at));
        Seen { key, any: usable.is_some(), ask }
    }

    /// Asks the issuer, unless somebody has since `tried`. Returns whether it has answered since.
    async fn refresh(&self, tried: Option<DateTime<Utc>>) -> bool {
        let _flight = self.flight.lock().await;
        let known = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.tried_at != tried {
                return state.fetched_at > tried;
            }
            state.found_at.clone()
        };
        let at = self.ctx.now();
        let loaded = self.load(known).await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tried_at = Some(self.ctx.now());
        let answered = loaded.is_ok();
        match loaded {
            Ok((url, set)) => {
                tracing::info!(issuer = %self.name, keys = set.len(), "an issuer's keys were fetched");
                *state = State { set: Some(set), fetched_at: Some(at), found_at: url, ..*state };
                self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
            Err(why) => {
                // It may have moved its keys.
                state.found_at = None;
                tracing::warn!(issuer = %self.name, why, "an issuer's keys cannot be fetched; the last ones serve while they may");
            }
        }
        answered
    }

    async fn load(&self, found: Option<String>) -> std::result::Result<(Option<String>, KeySet), String> {
        let found = match (&self.url, found) {
            (Some(_), _) => None,
            (None, Some(url)) => Some(url),
            (None, None) => Some(self.discover().await?),
        };
        let url = self.url.clone().or_else(|| found.clone()).unwrap_or_default();
        let body = self.fetch.get(url).await?;
        Ok((found, KeySet::read(&body, &self.allowed)?))
    }

    async fn discover(&self) -> std::result::Result<String, String> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let body = self.fetch.get(url).await?;
        let told: Discovery =
            serde_json::from_slice(&body).map_err(|error| format!("no discovery document: {error}"))?;
        if told.issuer != self.issuer {
            return Err("the discovery document is another issuer's".to_owned());
        }
        if !is_fit_to_ask(&told.jwks_uri) {
            return Err("the discovery document names a place for keys that is not https".to_owned());
        }
        Ok(told.jwks_uri)
    }

    fn is_unknown(&self, id: &str, now: DateTime<Utc>) -> bool {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.get(id).is_some_and(|at| now - *at < UNKNOWN_FOR)
    }

    fn note_unknown(&self, id: &str) {
        let now = self.ctx.now();
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        // The first time counts: whoever keeps asking does not keep a new key out.
        if unknown.get(id).is_none_or(|at| now - *at >= UNKNOWN_FOR) {
            unknown.put(id.to_owned(), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_asked_for_over_tls_or_on_this_machine() {
        for fine in
            ["https://a.example/keys", "http://127.0.0.1:81/k", "http://localhost/", "http://[::1]:8/k"]
        {
            assert!(is_fit_to_ask(fine), "{fine}");
        }
        for wrong in [
            "",
            "https://",
            "http://a.example/",
            "http://localhost.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://evil.example/?127.0.0.1",
            "file:///etc/passwd",
            "ftp://localhost/",
            "HTTP://a.example/",
            "https://a.example/ b",
        ] {
            assert!(!is_fit_to_ask(wrong), "{wrong}");
        }
    }
}
