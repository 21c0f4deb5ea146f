//! When sessions were last used: noted now and then, because a note with every request would be a write for every read.
//!
//! Owns: what this process remembers of notes. Calls: store. Called by: identity's gate, sign-in.
//! Invariants: a cookie's session goes on while the cookie or a token of its is used (`a_cookie_goes_on_with_its_tokens`), and ends idle
//! (`a_cookie_ends_idle`); what is remembered is bounded. After a crash: the next use is noted again.

use super::{Lasting, Open, store};
use crate::Result;
use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use std::{
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tenantry_pg::ControlTx;
use tenantry_types::{SessionId, identity::SessionKind};

/// How old a note may get.
const COARSE: TimeDelta = TimeDelta::minutes(5);

/// Sessions whose last note is remembered; one that falls out is looked at again, no more.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// The last notes that this process knows of.
pub(crate) struct Seen(Mutex<LruCache<SessionId, DateTime<Utc>>>);

impl Default for Seen {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Seen {
    /// Whether it is time to look at the session again.
    pub(crate) fn is_due(&self, session: SessionId, now: DateTime<Utc>) -> bool {
        self.lock().get(&session).is_none_or(|noted| is_old(*noted, now))
    }

    /// What [`used_by_token`] returned.
    pub(crate) fn keep(&self, session: SessionId, noted: DateTime<Utc>) {
        self.lock().put(session, noted);
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<SessionId, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_old(noted: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - noted >= COARSE
}

/// Notes that the session's cookie was used. Returns when the session ends by itself.
pub(crate) async fn used(
    tx: &ControlTx,
    open: &Open,
    lasting: &Lasting,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    if !is_old(open.seen_at, now) {
        return Ok(open.expires_at);
    }
    let until = lasting.until(open.kind, open.created_at, now);
    store::touch(tx, open.id, until, now).await?;
    Ok(until)
}

/// Notes that a token of the session was used, which counts as its cookie's use; a session without one goes on by refreshing alone. Returns the time of the
/// note.
pub(crate) async fn used_by_token(
    tx: &ControlTx,
    session: SessionId,
    lasting: &Lasting,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    match store::by_id(tx, session, now).await? {
        Some(open) if open.kind == SessionKind::Cookie => {
            used(tx, &open, lasting, now).await?;
            Ok(if is_old(open.seen_at, now) { now } else { open.seen_at })
        }
        _ => Ok(now),
    }
}
