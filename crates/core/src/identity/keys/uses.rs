//! When keys were last used: noted beside requests, written down now and then.
//!
//! Owns: nothing. Calls: store. Called by: identity's gate.
//! Invariants: a request waits for no such write; a key is written down once in five minutes of each process at most
//! (`last_use_is_coarse`); what is remembered is bounded. After a crash: uses of the last moment are lost, and the next one is noted.

use super::store;
use crate::{Result, ctx::Ctx};
use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tenantry_pg::{Pool, task};
use tenantry_types::ApiKeyId;
use tokio::sync::Notify;
use uuid::Uuid;

/// What two uses must be apart for the second to be written down.
pub(super) const COARSE: TimeDelta = TimeDelta::minutes(5);

/// Keys whose last note is remembered; one that falls out is written down again, no more.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Takes notes. Cheap to clone; the task that writes them down ends with the last clone.
#[derive(Clone)]
pub(crate) struct Uses {
    platform: Pool,
    pending: Arc<Pending>,
    _task: Arc<AbortOnDrop>,
}

struct Pending {
    noted: Mutex<Noted>,
    wish: Notify,
    /// Whoever writes: one at a time, so that what was taken is written when the next one comes.
    turn: tokio::sync::Mutex<()>,
}

struct Noted {
    /// When each key was noted last.
    at: LruCache<Uuid, DateTime<Utc>>,
    /// Not written down yet: those of one statement under way and the next, each once.
    keys: BTreeSet<Uuid>,
    latest: DateTime<Utc>,
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Uses {
    /// Starts the task that writes them down, through the platform's login.
    pub(crate) fn start(platform: Pool, ctx: &Ctx) -> Self {
        let noted = Noted { at: LruCache::new(REMEMBERED), keys: BTreeSet::new(), latest: ctx.now() };
        let pending = Arc::new(Pending {
            noted: Mutex::new(noted),
            wish: Notify::new(),
            turn: tokio::sync::Mutex::default(),
        });
        let (waiting, pool) = (Arc::clone(&pending), platform.clone());
        let task = task::detached(async move {
            loop {
                waiting.wish.notified().await;
                if let Err(error) = waiting.write(&pool).await {
                    tracing::debug!(%error, "the last use of some keys is not written down");
                }
            }
        });
        Self { platform, pending, _task: Arc::new(AbortOnDrop(task)) }
    }

    /// The key was used just now.
    pub(crate) fn note(&self, key: ApiKeyId, now: DateTime<Utc>) {
        let mut noted = self.pending.noted();
        if noted.at.get(&key.0).is_some_and(|last| now < *last + COARSE) {
            return;
        }
        noted.at.put(key.0, now);
        noted.latest = now;
        // While the database does not answer there is no point in collecting without end.
        if noted.keys.len() < REMEMBERED.get() {
            noted.keys.insert(key.0);
        }
        drop(noted);
        self.pending.wish.notify_one();
    }

    /// Writes down at once what was noted so far; what is being written is written when this returns.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.pending.write(&self.platform).await
    }
}

impl Pending {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, platform: &Pool) -> Result<()> {
        let _turn = self.turn.lock().await;
        let (keys, at) = {
            let mut noted = self.noted();
            (std::mem::take(&mut noted.keys).into_iter().collect::<Vec<_>>(), noted.latest)
        };
        if keys.is_empty() {
            return Ok(());
        }
        platform
            .run("note_key_uses", (keys, at), |tx, (keys, at)| {
                Box::pin(store::note_uses(tx, keys, *at, *at - COARSE))
            })
            .await
    }
}
