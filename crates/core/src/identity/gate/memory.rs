//! What the gate remembers: whom a credential let in, that one let nobody in, and which are being looked up just now.
//!
//! Owns: nothing. Calls: access. Called by: gate.
//! Invariants: found by the digest of the whole credential, and so of one tenant at most; half a second old at most, and forgotten with every change of access that
//! this process hears of (`a_removal_reaches_every_server`, `what_was_refused_is_let_in_once_it_may`); of requests that come at once with the same credential one looks,
//! and whoever hangs up holds up nobody (`one_unknown_token_costs_one_look`, `who_hangs_up_holds_up_nobody`); what is remembered is bounded.
//! After a crash: nothing is left; it is learned again.

use super::LetIn;
use crate::{
    Error, Result,
    access::{Access, Mark},
    authz::Actor,
    ctx::Ctx,
    identity::look::refused,
};
use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use std::{
    collections::HashMap,
    future::Future,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tenantry_types::ErrorCode;

/// How old a remembered answer may be: half of the second in which a change has to reach every server.
const FRESH: Duration = Duration::from_millis(500);

/// Identities that are remembered, of about 2 kB each; and as many credentials that let nobody in, of about 100 bytes.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Of a whole credential and its kind.
pub(super) type Digest = [u8; 32];

/// Where this process stood before a look: a change that happens meanwhile must not be covered by what was read before it.
#[derive(Clone, Copy)]
struct Stood {
    mark: Mark,
    at: Instant,
    now: DateTime<Utc>,
}

struct Known {
    actor: Arc<Actor>,
    until: Option<DateTime<Utc>>,
    stood: Stood,
}

/// One credential that is being looked up. Whoever holds the lock looks.
type Flight = tokio::sync::Mutex<Landed>;

/// What has come of a look.
#[derive(Default)]
enum Landed {
    /// It has not ended, or nobody has looked yet.
    #[default]
    NotYet,
    /// It ended at this time with whom it let in, or that it let nobody in.
    With(Option<Arc<Actor>>, Mark, Instant),
    /// It ended without an answer that holds for others.
    Without,
}

pub(super) struct Memory {
    ctx: Ctx,
    access: Access,
    known: Mutex<LruCache<Digest, Known>>,
    /// Apart, so that guesses push out nobody who was let in.
    nobody: Mutex<LruCache<Digest, Stood>>,
    flights: Mutex<HashMap<Digest, Arc<Flight>>>,
}

impl Memory {
    pub(super) fn new(ctx: Ctx, access: Access) -> Self {
        let (known, nobody) = (Mutex::new(LruCache::new(REMEMBERED)), Mutex::new(LruCache::new(REMEMBERED)));
        Self { ctx, access, known, nobody, flights: Mutex::default() }
    }

    /// Whom the credential lets in: as remembered, or as one look tells all who ask at the same time.
    ///
    /// # Errors
    /// 401 for a credential that lets nobody in; what kept the look from its end.
    pub(super) async fn recall_or(
        &self,
        digest: Digest,
        look: impl Future<Output = Result<LetIn>>,
    ) -> Result<Arc<Actor>> {
        if let Some(known) = self.recall(&digest) {
            return known;
        }
        let joined = self.join(digest);
        let mut landed = joined.flight.lock().await;
        match &*landed {
            // Not by its age: who waited for the look hears what whoever looked hears, however long it took.
            Landed::With(actor, mark, ended) if *ended >= joined.at && *mark == self.access.mark() => {
                return actor.clone().ok_or_else(refused);
            }
            Landed::Without => {
                drop(landed);
                return self.keep(digest, self.stand(), look.await);
            }
            Landed::With(..) | Landed::NotYet => {}
        }
        if let Some(known) = self.recall(&digest) {
            return known;
        }
        let stood = self.stand();
        let found = self.keep(digest, stood, look.await);
        *landed = match &found {
            Ok(actor) => Landed::With(Some(Arc::clone(actor)), stood.mark, Instant::now()),
            Err(error) if is_nobody(error) => Landed::With(None, stood.mark, Instant::now()),
            Err(_) => Landed::Without,
        };
        found
    }

    /// Whom the credential lets in, or that it lets nobody in, where that is known.
    fn recall(&self, digest: &Digest) -> Option<Result<Arc<Actor>>> {
        if let Some(actor) = self.recall_actor(digest) {
            return Some(Ok(actor));
        }
        let mut nobody = lock(&self.nobody);
        let stood = *nobody.get(digest)?;
        if self.holds(stood) {
            return Some(Err(refused()));
        }
        nobody.pop(digest);
        None
    }

    fn recall_actor(&self, digest: &Digest) -> Option<Arc<Actor>> {
        let mut known = lock(&self.known);
        let found = known.get(digest)?;
        let lasts = found.until.is_none_or(|until| until > self.ctx.now());
        let actor = (lasts && self.holds(found.stood)).then(|| Arc::clone(&found.actor));
        if actor.is_none() {
            known.pop(digest);
        }
        actor
    }

    fn holds(&self, stood: Stood) -> bool {
        let young = stood.at.elapsed() < FRESH && stood.mark == self.access.mark();
        // By the wall clock too: what is refused for its time is let in by that clock.
        young && (self.ctx.now() - stood.now).abs() < TimeDelta::seconds(1)
    }

    fn stand(&self) -> Stood {
        Stood { mark: self.access.mark(), at: Instant::now(), now: self.ctx.now() }
    }

    fn keep(&self, digest: Digest, stood: Stood, found: Result<LetIn>) -> Result<Arc<Actor>> {
        match found {
            Ok(LetIn { actor, until }) => {
                let actor = Arc::new(actor);
                lock(&self.known).put(digest, Known { actor: Arc::clone(&actor), until, stood });
                Ok(actor)
            }
            Err(error) => {
                if is_nobody(&error) {
                    lock(&self.nobody).put(digest, stood);
                }
                Err(error)
            }
        }
    }

    fn join(&self, digest: Digest) -> Joined<'_> {
        let flight = Arc::clone(lock(&self.flights).entry(digest).or_default());
        Joined { memory: self, digest, flight, at: Instant::now() }
    }
}

/// Whether the answer is that the credential lets nobody in.
fn is_nobody(error: &Error) -> bool {
    error.code() == ErrorCode::Unauthenticated
}

/// A place among those who wait for one look; the last one to leave takes the flight away, also one who hangs up.
struct Joined<'a> {
    memory: &'a Memory,
    digest: Digest,
    flight: Arc<Flight>,
    at: Instant,
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        let mut flights = lock(&self.memory.flights);
        // One in the map, one here: nobody else can join while the map is locked.
        if Arc::strong_count(&self.flight) <= 2 {
            flights.remove(&self.digest);
        }
    }
}

/// A lock is poisoned only by a panic between two map operations, which leaves the map whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
